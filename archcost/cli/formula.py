"""`archcost formula`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import mul
from typing import TYPE_CHECKING, Any

import click

from archcost.cli.options import (
    Network,
    check_used,
    chosen_format,
    convention_option,
    counted,
    draw,
    emit,
    limited,
    output,
    parsed_limits,
    setting,
)
from archcost.errors import ArchcostError, SpecError
from archcost.expression import evaluate
from archcost.net import Step, uncounted
from archcost.source import Value
from archcost.zoo import find, load_net

if TYPE_CHECKING:
    from archcost.convention import Convention
    from archcost.render.formulas import Named
    from archcost.source import Limits

FORMATS = ("text", "json", "markdown", "latex", "python")
QUANTITIES = ("macs", "flops", "params", "memory", "elements", "shape")
AXES = "CHWD"  # symbols of the sizes of an input, if none are given


@click.command("formula")
@click.argument("terms", type=Network(), nargs=-1, required=True, metavar="NAME [K=EXPR]... [/ NAME [K=EXPR]...]")
@limited
@convention_option
@click.option("--quantity", default="macs", show_default=True, type=click.Choice(QUANTITIES), help="What to show.")
@click.option("--at", metavar="LAYER", help="A layer or block instead of the whole network.")
@click.option("--per-layer", is_flag=True, help="A formula for each layer.")
@output(*FORMATS)
def formula_command(terms: tuple[str, ...], limits: tuple[str, ...], **options: Any) -> None:
    """Show what a network costs as a formula of its symbols.

    Names in K=EXPR that are no numbers are symbols: any whole number from 1. Without any, the sizes of the input are
    C, H and W. Two networks with / between them give a ratio.

    \b
    archcost formula conv5x5
    archcost formula resnet50 resolution=32*n
    archcost formula densenet121 growth=k --quantity params
    archcost formula conv5x5 / conv3x3_twice
    """
    form = chosen_format(options["form"], options["output"], FORMATS)
    _need_sympy()
    from archcost.render import formulas as render
    from archcost.render.units import incomplete

    subjects = list(_subjects(terms))
    if len(subjects) > 2 or (len(subjects) == 2 and (options["per_layer"] or options["quantity"] == "shape")):
        raise ArchcostError("a ratio is that of one quantity of two networks")
    check_used([name for name, _ in subjects])
    found: list[Named] = []
    remarks: list[str] = []
    left_out: list[str] = []
    for name, settings in subjects:
        convention = counted(options["convention_name"], [name], limits)
        given = settings or _axes(name, limits)
        steps = _steps(name, given, limits, convention)
        shown = name
        if len(subjects) > 1 and {other for other, _ in subjects} == {name}:
            name = " ".join(
                [
                    name,
                    *(
                        f"{knob}={value.data if isinstance(value, Value) else value}"
                        for knob, value in settings.items()
                    ),
                ]
            )
        found += _formulas(shown, steps, options, convention)
        left_out += incomplete(shown, uncounted(step.node for step in steps))
        if any(each.formula.symbols for each in found):
            remarks += _where_impossible(name, given, limits)
    if len(subjects) == 2:
        found.append(_ratio(*found))
        if found[-1].formula.expression == 1:
            remarks.append("the same, whatever the symbols stand for")
    for each in found:
        remarks += [text for text in _advice(each.formula) if text not in remarks]
    remarks += left_out
    written = {"latex": (render.latex, "% "), "markdown": (render.markdown, ""), "python": (render.python, "# ")}
    if form == "json":
        from archcost.render import json

        emit(json.text(render.as_json(found, remarks)), options["output"])
    elif form in written:
        write, comment = written[form]
        emit("".join(f"{comment}{text}\n" for text in left_out) + write(found), options["output"])
    elif len(found) == 1 and not remarks:
        emit(str(found[0].formula), options["output"])
    else:
        emit(draw("rich", [render.grid(options["quantity"], found, remarks)], options["output"]), options["output"])


def _need_sympy() -> None:
    from importlib.util import find_spec

    if find_spec("sympy") is None:
        raise ArchcostError("formulas need SymPy: pip install 'archcost[formula]'")


def _subjects(terms: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The networks with their settings, as `NAME K=EXPR ... / NAME K=EXPR ...` gives them."""
    rest = list(terms)
    while rest:
        stop = rest.index("/") if "/" in rest else len(rest)
        part, rest = rest[:stop], rest[stop + 1 :]
        if not part or "=" in part[0] or (stop == len(terms) - 1 and not rest):
            raise ArchcostError("formula takes NAME K=EXPR ..., or two of these with / between them")
        given = [setting(text) for text in part[1:]]
        if len(dict(given)) < len(given):
            raise ArchcostError(f"a parameter is given twice: {' '.join(part)}")
        yield part[0], {knob: _symbolic(knob, value) for knob, value in given}


def _symbolic(knob: str, value: Value) -> Any:
    """A setting with symbols for its names, exact: 0.1*k is k/10."""
    from archcost.symbolic import Symbols, exact

    if not value.is_text:
        return value
    found = evaluate(value.data, Symbols(), value.at)
    if isinstance(found, bool) or getattr(found, "is_Boolean", False):
        raise ArchcostError(f"{knob}={value.data} is a condition, not a number")
    return exact(found)


def _steps(name: str, given: Mapping[str, Any], limits: Sequence[str], convention: Convention) -> tuple[Step, ...]:
    """The steps of a network with these settings; where a symbol leaves open what it is, multiples may settle it."""
    from archcost.fold import steps_under
    from archcost.symbolic import MULTIPLES

    allowed = parsed_limits(limits)
    for knob, value in given.items():
        if knob in _axes(name, limits) and getattr(value, "is_integer", True) is not True:
            raise ArchcostError(f"{knob}={value} is not whole for every value: take multiples, such as 2*n for n")
    try:
        return steps_under(convention, load_net(name, given, allowed))
    except ArchcostError as error:
        for many in MULTIPLES:
            evenly = {knob: _with(partial(mul, many), value) for knob, value in given.items()}
            if evenly != given and not _fault(name, evenly, allowed):
                would = " ".join(f"{knob}={evenly[knob]}" for knob in given if evenly[knob] != given[knob])
                raise ArchcostError(f"{error}\n{would} would do") from error
        raise


def _where_impossible(name: str, given: Mapping[str, Any], limits: Sequence[str]) -> Iterator[str]:
    """A remark where the network is impossible with the smallest value of its symbols."""
    symbols = sorted({str(symbol) for value in given.values() for symbol in getattr(value, "free_symbols", ())})
    smallest = {knob: _with(lambda _: 1, value) for knob, value in given.items()}
    fault = _fault(name, smallest, parsed_limits(limits)) if symbols else ""
    if fault:
        yield f"{name} is impossible with {' = '.join(symbols)} = 1: {fault}"


def _with(other: Callable[[Any], Any], value: Any) -> Any:
    """A setting with something else for each of its symbols; a number as Python has it."""
    names = getattr(value, "free_symbols", ())
    if not names:
        return value
    found = value.subs({name: other(name) for name in names}, simultaneous=True)
    return found if found.free_symbols else int(found) if found.is_integer else float(found)


def _fault(name: str, given: Mapping[str, Any], limits: Limits) -> str:
    """What is wrong with a network with these settings, if anything is."""
    from archcost.net import propagate

    try:
        propagate(load_net(name, given, limits))
    except SpecError as error:
        return error.message
    except ArchcostError as error:
        return str(error)
    return ""


def _axes(name: str, limits: Sequence[str]) -> dict[str, Any]:
    """The knobs that stand for the sizes of the input, as symbols: C, H and W, one knob for each size."""
    from archcost.symbolic import symbol

    spec, variant = find(name, parsed_limits(limits))
    fixed = spec.variants[variant] if variant else spec.variants[spec.first] if spec.first else {}
    (shape, *_) = spec.inputs.values()
    found: dict[str, Any] = {}
    for letter, size in zip(AXES, shape.data, strict=False):
        words = re.findall(r"[A-Za-z_]\w*", size.data) if size.is_text else []
        knob = next((knob for knob in spec.params if knob in words and knob not in fixed), None)
        if knob:
            found.setdefault(knob, symbol(letter))
    return found


def _formulas(name: str, steps: Sequence[Step], options: Mapping[str, Any], convention: Convention) -> list[Named]:
    from archcost.explain import chosen
    from archcost.render.formulas import Named
    from archcost.symbolic import sizes, total

    picked = [steps[i] for i in chosen(steps, options["at"])]
    if options["quantity"] == "shape":
        shown = picked if options["per_layer"] else picked[-1:]
        letters = [f"{step.node.name} {axis}" for step in shown for axis in range(len(step.cost.out))]
        return list(map(Named, letters, (size for step in shown for size in sizes(step))))
    if options["per_layer"]:
        each = [Named(step.node.name, total([step], options["quantity"], convention)) for step in picked]
        return [one for one in each if one.formula.expression != 0]
    return [Named(name, total(picked if options["at"] else steps, options["quantity"], convention))]


def _ratio(first: Named, second: Named) -> Named:
    from archcost.render.formulas import Named

    return Named(f"{first.name} / {second.name}", first.formula.over(second.formula))


def _advice(formula: Any) -> Iterator[str]:
    """What would take the roundings out of a formula."""
    multiples = formula.multiples()
    if multiples:
        evenly = ", ".join(f"{many}*{name} for {name}" for name, many in multiples.items())
        yield f"no rounding is left with {evenly}"
