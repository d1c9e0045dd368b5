"""Explanations as tables, as data, and as LaTeX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archcost.dims import sizes
from archcost.explain import Explanation, Line
from archcost.render.grid import FOLDED, Column, Grid
from archcost.render.units import short
from archcost.trace import LATEX, TEXT, Notation, Writing

SOME = 5  # layers that are named; more are counted
COLUMNS = (
    Column("part", "", left=True),
    Column("name", "", left=True),
    Column("formula", "formula", left=True, folds=FOLDED),
    Column("numbers", "with the numbers", left=True, folds=FOLDED),
)


def grids(found: Sequence[Explanation], kilo: int, remarks: Sequence[str] = ()) -> list[Grid]:
    """A grid for each layer."""
    return [_grid(each, kilo, remarks) for each in found]


def _grid(found: Explanation, kilo: int, remarks: Sequence[str]) -> Grid:
    text, source = found.text
    alike = [f"the same but for its receptive field: {_some(found.alike)}"] if found.alike else []
    rows: list[dict[str, Any]] = []
    part = ""
    for row in _rows(found.lines, kilo):
        rows.append({**row, "part": row["part"] if row["part"] != part else None})
        part = row["part"]
    return Grid(
        _title(found), COLUMNS, rows, remarks=[text, f"Source: {source}", f"KB = {kilo} bytes", *alike, *remarks]
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SOME} more" if len(names) > SOME else ""
    return ", ".join(names[:SOME]) + more


def _title(found: Explanation) -> str:
    node = found.step.node
    reads = " and ".join(map(sizes, found.step.inputs)) or "nothing"
    return f"{node.name}: {node.op}, {reads} → {sizes(found.step.cost.out)}"


def _rows(lines: Sequence[Line], kilo: int) -> Iterator[dict[str, Any]]:
    """What is shown of the lines; axes of which all is equal share one."""
    shown: dict[tuple[str, str], dict[str, Any]] = {}
    for line in lines:
        formula, numbers, value = *_texts(line, TEXT), _value(line)
        result = f"{value} bytes = {short(int(line.value), kilo, 'B')}" if line.part == "memory" else value
        # The height and width of an output are mostly the same sum of the same numbers.
        key = (line.part, numbers) if line.part == "output" and numbers != value else (line.part, line.name)
        if key in shown:
            shown[key]["name"] += f", {TEXT.name(line.name)}"
            continue
        shown[key] = {
            "part": line.part,
            "name": TEXT.name(line.name),
            "formula": "" if formula == numbers else formula,
            "numbers": result if numbers == value else f"{numbers} = {result}",
        }
    yield from shown.values()


def _texts(line: Line, notation: Notation) -> tuple[str, str]:
    """How a value was computed, with names and with numbers; what is no whole number is only itself."""
    if not isinstance(line.value, int):
        return str(line.value), str(line.value)
    named, numbers = (Writing(notation, named, line.known).text(line.value) for named in (True, False))
    return named, numbers


def _value(line: Line) -> str:
    return f"{int(line.value):,}" if isinstance(line.value, int) else str(line.value)


def latex(found: Sequence[Explanation], remarks: Sequence[str] = ()) -> str:
    """A paragraph with aligned equations for each layer."""
    return "\n".join(["% needs \\usepackage{amsmath}", *(f"% {text}" for text in remarks), *map(_latex, found)])


def _latex(found: Explanation) -> str:
    lines = [rf"  {_symbol(line)} &= {' = '.join(_steps(line))}" for line in found.lines]
    equations = [r"\begin{align*}", " \\\\\n".join(lines), r"\end{align*}"]
    source = rf"\noindent Source: {_escaped(found.text[1])}"
    return "\n".join([rf"\paragraph{{{_escaped(_title(found))}}}", *equations, source, ""])


def _symbol(line: Line) -> str:
    if line.part in ("output", "receptive field"):
        return LATEX.name(line.name)
    return rf"\text{{{_escaped(line.part)}, {_escaped(line.name)}}}"


def _steps(line: Line) -> list[str]:
    """The formula, the same with numbers, and the result, each once; commas between thousands without a gap."""
    return [text.replace(",", "{,}") for text in dict.fromkeys((*_texts(line, LATEX), _value(line)))]


SPECIAL = str.maketrans({"_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$", "→": r"$\to$"})


def _escaped(text: str) -> str:
    return text.translate(SPECIAL).replace(" x ", r" $\times$ ")


def as_json(found: Explanation) -> Mapping[str, Any]:
    """An explanation as data."""
    node, (text, source) = found.step.node, found.text
    return {
        "name": node.name,
        "op": node.op,
        "inputs": [list(map(int, shape)) for shape in found.step.inputs],
        "output": list(map(int, found.step.cost.out)),
        "alike": list(found.alike),
        "text": text,
        "source": source,
        "lines": list(map(_as_data, found.lines)),
    }


def _as_data(line: Line) -> Mapping[str, Any]:
    formula, numbers = _texts(line, TEXT)
    value = int(line.value) if isinstance(line.value, int) else str(line.value)
    return {"part": line.part, "name": line.name, "formula": formula, "numbers": numbers, "value": value}
