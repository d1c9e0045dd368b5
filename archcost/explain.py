"""How the numbers of a layer come about: its formula run once more, on integers that remember how they were made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from math import prod
from typing import Any, NamedTuple

from archcost.convention import Convention
from archcost.cost import layer_type
from archcost.dims import Shape
from archcost.errors import ArchcostError, did_you_mean
from archcost.kinds import element_bytes
from archcost.net import INPUT, Step, apply
from archcost.receptive import NOTHING, Field, field_of, fields_of, whole
from archcost.trace import Traced, traced


class Line(NamedTuple):
    """One number: what it is a part of, what it is called, and the value that knows how it was made."""

    part: str
    name: str
    value: Any
    known: Mapping[int, str]  # names of values that earlier lines explain, by their ids


class Explanation(NamedTuple):
    """A layer, the lines that explain it, and the layers of which all but the receptive field is the same."""

    step: Step  # as it was traced: the lines refer to its values
    lines: tuple[Line, ...]
    alike: tuple[str, ...]

    @property
    def text(self) -> tuple[str, str]:
        """What the layer type does, and from which source its formula is."""
        doc = " ".join(layer_type(self.step.node.op).doc.split())
        text, _, source = doc.partition("Source: ")
        return text.strip(), source.strip()


def explanations(
    steps: Sequence[Step], pattern: str | None, convention: Convention, dtype: str
) -> Iterator[Explanation]:
    """An explanation of each layer that is meant, equal ones together."""
    fields = fields_of(steps)
    groups: dict[Any, list[int]] = {}
    for index in chosen(steps, pattern):
        step = steps[index]
        alike = (step.node.op, step.inputs, repr(step.node.attributes), step.dtype, convention.names(step))
        groups.setdefault(alike, []).append(index)
    for first, *others in groups.values():
        step = steps[first]
        seen = _traced(step)
        lines = _lines(seen, [fields[i] for i in step.node.inputs], convention, dtype)
        yield Explanation(seen, tuple(lines), tuple(steps[i].node.name for i in others))


def chosen(steps: Sequence[Step], pattern: str | None) -> list[int]:
    """The layers that a path, the path of a block, a pattern with * or a number from 1 means; all without one."""
    names = {step.node.name: i for i, step in enumerate(steps) if step.node.op != INPUT}
    if pattern is None:
        return [*names.values()]
    pattern = pattern.rstrip("/")
    if pattern in names:
        return [names[pattern]]
    number = int(pattern) if pattern.isdecimal() and len(pattern) < DIGITS else 0
    if 1 <= number <= len(names):
        return [[*names.values()][number - 1]]
    found = [i for name, i in names.items() if name.startswith(f"{pattern}/") or fnmatchcase(name, pattern)]
    if not found:
        counted = f" (they are numbered from 1 to {len(names)})" if pattern.isdecimal() else ""
        blocks = {name[:i]: None for name in names for i, sign in enumerate(name) if sign == "/"}
        raise ArchcostError(
            f"there is no layer or block {pattern!r}{counted}{did_you_mean(pattern, [*names, *blocks])}"
        )
    return found


MEMORY = {"new": "bytes", "inplace": "bytes, in place", "view": "bytes, of its input"}
DIGITS = 9  # a number of more is no layer's
AXES: Mapping[int, str] = {1: "L", 2: "HW", 3: "DHW"}


def _letters(shape: Shape, slides: bool) -> Sequence[str]:
    """The letters that people give the axes of a shape: channels and space of a map, else tokens and channels."""
    if len(shape) == 1:
        return "C"
    if len(shape) == 2 and not slides:
        return "NC"
    return f"C{AXES[len(shape) - 1]}" if len(shape) - 1 in AXES else [f"n_{i}" for i in range(1, len(shape) + 1)]


def _named(shape: Shape, letters: Sequence[str], suffix: str = "") -> Shape:
    return tuple(Traced(n, f"{letter}{suffix}") for n, letter in zip(shape, letters, strict=True))


def _slides(step: Step) -> bool:
    """Whether a layer has windows along axes of space."""
    return isinstance(step.cost.windows, tuple) and len(step.cost.windows) > 0


def _traced(step: Step) -> Step:
    """The same step with numbers that remember how they were made."""
    many = len(step.inputs) > 1
    inputs = tuple(
        _named(shape, _letters(shape, _slides(step)), f"_{i}" if many else "") for i, shape in enumerate(step.inputs, 1)
    )
    attributes = {name: traced(value, name) for name, value in _told(step).items()}
    return Step(step.node, inputs, apply(step.node.op, inputs, attributes))


def _told(step: Step) -> dict[str, Any]:
    """The attributes of a layer, defaults too; but for stride 1, padding 0 and their like, which would say nothing."""
    kinds = layer_type(step.node.op).attributes
    full = {name: step.node.attributes.get(name, attribute.default) for name, attribute in kinds.items()}
    return {name: v for name, v in full.items() if v is not None and not (v in (0, 1) and v == kinds[name].default)}


def _lines(step: Step, fields: list[Field], convention: Convention, dtype: str) -> Iterator[Line]:
    cost = step.cost
    known: dict[int, str] = {}
    made = cost.out  # what only passes through keeps its letters
    if not (step.inputs and cost.out is step.inputs[0]):
        made = _named(cost.out, [_primed(letter) for letter in _letters(cost.out, _slides(step))])
        for leaf, n in zip(made, cost.out, strict=True):
            yield Line("output", _name(leaf), n, dict(known))
        known |= {id(n): _name(leaf) for leaf, n in zip(made, cost.out, strict=True) if _is_computed(n)}
    for part, counted in (("parameters", cost.params), ("buffers", cost.buffers), ("operations", cost.ops)):
        for kind, n in counted.items():
            if n:
                yield Line(part, kind, n, known)
    named = cost._replace(params=_leaves(cost.params), ops=_leaves(cost.ops), buffers=_leaves(cost.buffers))
    yield Line("FLOPs", convention.name, convention.flops_of(step._replace(cost=named)), known)
    yield Line("memory", MEMORY[cost.storage], prod(made) * element_bytes(step.dtype or dtype), known)
    yield from _receptive(step, fields)


def _primed(letter: str) -> str:
    base, _, index = letter.partition("_")
    return f"{base}'_{index}" if index else f"{base}'"


def _name(leaf: Any) -> str:
    return leaf.name if isinstance(leaf, Traced) else ""


def _is_computed(n: Any) -> bool:
    return isinstance(n, Traced) and bool(n.sign)


def _leaves(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Counts as numbers with their names alone."""
    return {kind: Traced(n, kind) for kind, n in counts.items()}


def _receptive(step: Step, fields: list[Field]) -> Iterator[Line]:
    """The receptive field and the step between neighbours; along each axis, where they differ.

    Of several inputs it is what any of them sees, a number without a formula.
    """
    (first, *others) = fields or [None]
    if not first or first is NOTHING:
        return
    if not others:
        first = tuple(r._replace(size=traced(r.size, "r"), jump=traced(r.jump, "j")) for r in first)
    after = field_of(step, [first, *others]) or ()
    differ = len({(whole(r.size), r.jump) for r in after}) > 1
    for axis, reach in zip(AXES.get(len(after), ""), after, strict=False):
        index = f"_{axis}" if differ else ""
        yield Line("receptive field", f"r'{index}", whole(reach.size), {})
        yield Line("receptive field", f"j'{index}", reach.jump, {})
        if not differ:
            return
