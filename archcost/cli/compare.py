"""`archcost compare`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from archcost.claims import claims_of
from archcost.cli.options import (
    Network,
    check_used,
    chosen_format,
    counted,
    counting,
    draw,
    emit,
    knobs,
    load,
    output,
    parsed_limits,
    setting,
)
from archcost.errors import ArchcostError, did_you_mean
from archcost.foreign import is_foreign
from archcost.judge import Judge, Verdict
from archcost.report import report, since, until
from archcost.source import Limits
from archcost.zoo import find

FORMATS = ("rich", "json", "markdown")


@click.command("compare")
@click.argument("names", type=Network(), nargs=-1, required=True)
@knobs
@counting
@click.option("--until", "last", type=click.IntRange(1), metavar="SIZE", help="Only up to the first SIZE x SIZE map.")
@click.option("--from", "first", type=click.IntRange(1), metavar="SIZE", help="Only behind the first SIZE x SIZE map.")
@output(*FORMATS)
def compare_command(names: tuple[str, ...], settings: tuple[str, ...], limits: tuple[str, ...], **options: Any) -> None:
    """Set networks side by side: totals with ratios, and costs stage by stage.

    Ratios are to the first network; in JSON `ratios` is that of the last, and each network has its own. What was
    published about them is recomputed and judged below.

    \b
    archcost compare alexnet vgg16
    archcost compare googlenet vgg16 --until 28
    archcost compare resnet18 resnet34 resnet50 --format markdown
    """
    if len(names) < 2:
        raise ArchcostError("compare takes two networks or more")
    first, last = options["first"], options["last"]
    if first and last:
        raise ArchcostError("--until and --from exclude each other")
    form = chosen_format(options["form"], options["output"], FORMATS)
    convention = counted(options["convention_name"], names, limits)
    part = until(last) if last else since(first) if first else None
    check_used(names)
    knobs_set = _of_specifications(names, settings, limits)
    nets = [load(name, knobs_set, limits) for name in names]
    reports = [report(net, convention, options["batch"], options["dtype"], part) for net in nets]
    verdicts = [] if settings or first else _published(names, last, parsed_limits(limits))
    from archcost.render import comparison

    if form == "json":
        from archcost.render import json

        emit(json.text(comparison.as_json(reports, verdicts)), options["output"])
        return
    words = f", up to {last} x {last}" if last else f", behind {first} x {first}" if first else ""
    emit(draw(form, comparison.grids(reports, words, verdicts), options["output"]), options["output"])


def _of_specifications(names: tuple[str, ...], settings: Sequence[str], limits: Sequence[str]) -> list[str]:
    """The settings for specifications: all but the sizes that only a file of ONNX leaves open, which it has itself."""
    from archcost.importers import open_sizes

    foreign = [name for name in names if is_foreign(name)]
    if not settings or not foreign:
        return list(settings)
    own = [find(name, parsed_limits(limits))[0] for name in names if name not in foreign]
    params = {param for spec in own for param in spec.params}
    sizes = {size for name in foreign for size in open_sizes(name)} - params
    given = dict(map(setting, settings))
    for knob in given:
        if knob not in params | sizes:
            near = did_you_mean(knob, params | sizes)
            raise ArchcostError(f"none of {', '.join(names)} has {knob!r} to set{near}")
    return [text for text in settings if setting(text)[0] not in sizes]


def _published(names: tuple[str, ...], last: int | None, limits: Limits) -> list[Verdict]:
    """The claims of each network that name another of them, about the same part."""
    judge = Judge()
    found = []
    for name in dict.fromkeys(names):
        spec, variant = find(name, limits)
        for claim in claims_of(spec, variant or spec.first):
            until_there = claim.reading["until"].data if "until" in claim.reading else None
            if until_there == last and any(claim.compares_with(other) for other in names if other != name):
                found.append(judge.judge(claim))
    return found
