"""`archcost search`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from archcost.cli.options import (
    Network,
    check_used,
    chosen_format,
    convention_option,
    counted,
    emit,
    left_out,
    limited,
    output,
    parsed_limits,
)
from archcost.errors import ArchcostError, did_you_mean
from archcost.figure import BYTES
from archcost.zoo import find

if TYPE_CHECKING:
    from archcost.axes import Values
    from archcost.search import Found, Goal, Tried
    from archcost.source import Value

FORMATS = ("rich", "json")
TERMS = "search takes one network, a range and values of other knobs: NAME KNOB=LOW:HIGH[:STEP] [K=VALUE ...]"


@click.command("search")
@click.argument("name", type=Network())
@click.argument("terms", nargs=-1, metavar="KNOB=LOW:HIGH[:STEP] [K=VALUE]...")
@click.option("--maximize", metavar="KNOB", help="Find its largest setting.")
@click.option("--minimize", metavar="KNOB", help="Find its smallest setting.")
@click.option("--where", metavar="CONDITION", help="What must hold: 'macs < 300e6 and params <= 3.5e6'.")
@limited
@convention_option
@output(*FORMATS)
def search_command(name: str, terms: tuple[str, ...], limits: tuple[str, ...], **options: Any) -> None:
    """Find the largest or smallest setting of a knob at which a condition holds; exit 1 if there is none.

    Between whole bounds the answer is a whole number, with a STEP it is LOW plus so many steps, else (0.0:2) it has 12
    significant digits. The setting next to it, at which the condition fails, stands below. The condition may name the
    knobs and params, macs, flops, memory and peak_memory (in bytes). Where the network is impossible it fails.

    \b
    archcost search mobilenet_v1 alpha=0.1:2 resolution=192 --maximize alpha --where 'macs < 300e6'
    archcost search resnet50 resolution=32:1024:32 --maximize resolution --where 'peak_memory <= 32 * 2**20'
    archcost search mobilenet_v2 alpha=0.25:2:0.05 --minimize alpha --where 'params > 3e6'
    """
    form = chosen_format(options["form"], options["output"], FORMATS)
    if find_spec("numpy") is None:
        raise ArchcostError("searches need NumPy: pip install 'archcost[arrays]'")
    from archcost.search import search, span
    from archcost.sweep import Subject

    allowed = parsed_limits(limits)
    check_used([name])
    spec, variant = find(name, allowed)
    variant = variant or spec.first
    defaults = {**spec.params, **(spec.variants[variant] if variant else {})}
    texts = _texts(name, terms, defaults)
    knob, goal = _goal(name, texts, defaults, options["maximize"], options["minimize"])
    where = options["where"]
    if not where:
        raise ArchcostError("search takes a condition: --where 'macs < 300e6'")
    among = span(knob, texts.pop(knob))
    fixed = {key: _one(key, text, defaults[key]) for key, text in texts.items()}
    subject = Subject(spec, variant, counted(options["convention_name"], [name], limits), limits=allowed)
    found = search(subject, fixed, knob, among, where, goal)
    incomplete = left_out(name, spec)
    if form == "json":
        from archcost.render import json

        data = {**_as_json(found), **({"remarks": incomplete} if incomplete else {})}
        emit(json.text(data), options["output"])
    else:
        emit("\n".join([*_lines(found, where), *incomplete]), options["output"])
    if found.best is None:
        raise click.exceptions.Exit(1)


def _texts(name: str, terms: Sequence[str], known: Mapping[str, Value]) -> dict[str, str]:
    """What is given for each knob."""
    texts: dict[str, str] = {}
    for term in terms:
        knob, equals, text = term.partition("=")
        if not knob or not equals or not text:
            raise ArchcostError(f"{TERMS}, not {term!r}")
        if knob in texts:
            raise ArchcostError(f"{knob} is given twice")
        _require_known(name, knob, known)
        texts[knob] = text.replace(" ", "")
    return texts


def _require_known(name: str, knob: str, known: Iterable[str]) -> None:
    if knob not in known:
        raise ArchcostError(f"{name} has no parameter {knob!r}{did_you_mean(knob, known)}")


def _goal(
    name: str, texts: Mapping[str, str], known: Mapping[str, Value], maximize: str | None, minimize: str | None
) -> tuple[str, Goal]:
    """The knob that is searched for, which is the one with a range, and which way."""
    ranges = [knob for knob, text in texts.items() if ":" in text]
    if not ranges:
        raise ArchcostError(f"no knob has a range: {TERMS}")
    if len(ranges) > 1:
        raise ArchcostError(f"one knob has a range, not {' and '.join(ranges)}: give the others one value each")
    if (maximize is None) == (minimize is None):
        raise ArchcostError(f"say what is searched for: either --maximize {ranges[0]} or --minimize {ranges[0]}")
    goal: Goal = "minimize" if maximize is None else "maximize"
    asked = str(minimize if maximize is None else maximize)
    if asked != ranges[0]:
        _require_known(name, asked, known)
        raise ArchcostError(f"--{goal} {asked}: the knob with the range is {ranges[0]}")
    default = known[asked].data
    if isinstance(default, bool | list):
        raise ArchcostError(f"{asked} is {'true or false' if isinstance(default, bool) else 'a list'}: it has no range")
    return asked, goal


def _one(knob: str, text: str, default: Value) -> Values:
    """The one value of a knob that stands still."""
    from archcost.axes import axes

    values: Values = axes([f"{knob}={text}"], zipped=False, seed=0).values(knob)
    if len(values) > 1:
        raise ArchcostError(f"{knob} takes one value here, not {len(values):,}; archcost sweep takes several")
    number = isinstance(default.data, int | float) and not isinstance(default.data, bool)
    if number and isinstance(values[0], str):
        raise ArchcostError(f"{knob} takes numbers, not {values[0]!r}")
    return values


def _lines(found: Found, where: str) -> list[str]:
    """The answer and the setting that fails, what the condition speaks of first."""
    knob, best, beyond = found.knob, found.best, found.beyond
    named = re.findall(r"\w+", where)
    if best is None:
        tried = f"any of the {found.points:,} settings of {knob}" + (
            "" if found.every else " that were tried: narrow the range"
        )
        impossible = f"the network is not possible at {tried}: {found.why}"
        return [impossible if found.why else f"{where!r} does not hold at {tried}"]
    costs = best.at or {}
    answer = _line(knob, best, sorted(costs, key=lambda quantity: quantity not in named))
    if beyond is None:
        return [answer, f"it holds there still: the bound {best.value} is what limits"]
    if beyond.at is None:
        return [answer, f"{knob} = {beyond.value}: the network is impossible: {found.why}"]
    return [answer, f"{_line(knob, beyond, [name for name in costs if name in named])} (fails)"]


def _line(knob: str, tried: Tried, quantities: Sequence[str]) -> str:
    costs = tried.at or {}
    texts = (f"{name} {costs[name]:,}{' bytes' if name in BYTES else ''}" for name in quantities)
    return f"{knob} = {tried.value}{': ' if quantities else ''}{', '.join(texts)}"


def _as_json(found: Found) -> dict[str, Any]:
    """What the lines say, as data; the quantities of an impossible network are null."""
    best, beyond = found.best, found.beyond
    names = best.at or {} if best else {}
    return {
        "knob": found.knob,
        "value": best and best.value,
        "at": best and best.at,
        "next": beyond and {"value": beyond.value, **(beyond.at or dict.fromkeys(names))},
        "limited_by": found.limited_by,
    }
