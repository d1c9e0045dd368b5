"""`archcost formula`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from archcost.cli.options import (
    Network,
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
from archcost.errors import ArchcostError
from archcost.expression import evaluate
from archcost.net import INPUT, Step
from archcost.zoo import find, load_net

if TYPE_CHECKING:
    from archcost.render.formulas import Named
    from archcost.source import Limits
    from archcost.spec import Spec

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

    subjects = list(_subjects(terms))
    if len(subjects) > 2 or (len(subjects) == 2 and (options["per_layer"] or options["quantity"] == "shape")):
        raise ArchcostError("a ratio is that of one quantity of two networks")
    found, remarks = [], []
    for name, settings in subjects:
        steps = _steps(name, settings, limits)
        found += _formulas(name, steps, options, limits)
    if len(subjects) == 2:
        found.append(_ratio(*found))
        if found[-1].formula.expression == 1:
            remarks.append("the same, whatever the symbols stand for")
    for each in found:
        remarks += [text for text in _advice(each.formula) if text not in remarks]
    text = {"latex": render.latex, "markdown": render.markdown, "python": render.python}
    if form == "json":
        from archcost.render import json

        emit(json.text(render.as_json(found, remarks)), options["output"])
    elif form in text:
        emit(text[form](found), options["output"])
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
    from archcost.symbolic import Symbols

    rest = list(terms)
    while rest:
        stop = rest.index("/") if "/" in rest else len(rest)
        part, rest = rest[:stop], rest[stop + 1 :]
        if not part or "=" in part[0] or (stop == len(terms) - 1 and not rest):
            raise ArchcostError("formula takes NAME K=EXPR ..., or two of these with / between them")
        given: Mapping[str, Any] = dict(map(setting, part[1:]))
        yield part[0], {k: evaluate(v.data, Symbols(), v.at) if v.is_text else v for k, v in given.items()}


def _steps(name: str, settings: dict[str, Any], limits: Sequence[str]) -> tuple[Step, ...]:
    """The steps of a network with these settings or, without any, with the sizes of its input as symbols."""
    from archcost.net import propagate
    from archcost.symbolic import MULTIPLES

    allowed = parsed_limits(limits)
    spec, variant = find(name, allowed)
    axes = _axes(spec, variant or spec.first)
    for knob, value in settings.items():
        if knob in axes and getattr(value, "is_integer", True) is not True:
            raise ArchcostError(f"{knob}={value} is not whole for every value: take multiples, such as 2*n for n")
    given = settings or axes
    try:
        return propagate(load_net(name, given, allowed))
    except ArchcostError as error:
        for many in MULTIPLES:
            evenly = {knob: _times(many, value) for knob, value in given.items()}
            if evenly != given and _works(name, evenly, allowed):
                would = " ".join(f"{knob}={evenly[knob]}" for knob in given if evenly[knob] != given[knob])
                raise ArchcostError(f"{error}\n{would} would do") from error
        raise


def _times(many: int, value: Any) -> Any:
    """A setting with multiples of its symbols in their place."""
    names = getattr(value, "free_symbols", ())
    return value.subs({name: many * name for name in names}, simultaneous=True) if names else value


def _works(name: str, given: dict[str, Any], limits: Limits) -> bool:
    from archcost.net import propagate

    try:
        propagate(load_net(name, given, limits))
    except ArchcostError:
        return False
    return True


def _axes(spec: Spec, variant: str | None) -> dict[str, Any]:
    """The knobs that stand for the sizes of the input, as symbols: C, H and W, one knob for each size."""
    from archcost.symbolic import symbol

    fixed = spec.variants[variant] if variant else {}
    (shape, *_) = spec.inputs.values()
    found: dict[str, Any] = {}
    for letter, size in zip(AXES, shape.data, strict=False):
        words = re.findall(r"[A-Za-z_]\w*", size.data) if size.is_text else []
        knob = next((knob for knob in spec.params if knob in words and knob not in fixed), None)
        if knob:
            found.setdefault(knob, symbol(letter))
    return found


def _formulas(name: str, steps: Sequence[Step], options: Mapping[str, Any], limits: Sequence[str]) -> list[Named]:
    from archcost.explain import chosen
    from archcost.render.formulas import Named
    from archcost.symbolic import sizes, total

    picked = [steps[i] for i in chosen(steps, options["at"])]
    if options["quantity"] == "shape":
        shown = picked if options["per_layer"] else picked[-1:]
        letters = [f"{step.node.name} {axis}" for step in shown for axis in range(len(step.cost.out))]
        return list(map(Named, letters, (size for step in shown for size in sizes(step))))
    convention = counted(options["convention_name"], [name], limits)
    if options["per_layer"]:
        each = [Named(step.node.name, total([step], options["quantity"], convention)) for step in picked]
        return [one for one in each if one.formula.expression != 0]
    whole = picked if options["at"] else [*steps[:1], *picked] if steps[0].node.op == INPUT else picked
    return [Named(name, total(whole, options["quantity"], convention))]


def _ratio(first: Named, second: Named) -> Named:
    from archcost.render.formulas import Named

    return Named(f"{first.name} / {second.name}", first.formula.over(second.formula))


def _advice(formula: Any) -> Iterator[str]:
    """What would take the roundings out of a formula."""
    multiples = formula.multiples()
    if multiples:
        evenly = ", ".join(f"{many}*{name} for {name}" for name, many in multiples.items())
        yield f"no rounding is left with {evenly}"
