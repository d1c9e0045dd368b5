"""`archcost table`."""

from __future__ import annotations

from typing import Any

import click

from archcost.cli.options import (
    Network,
    chosen_format,
    counted,
    counting,
    draw,
    emit,
    knobs,
    load,
    output,
    parsed_limits,
)
from archcost.errors import ArchcostError
from archcost.report import report
from archcost.source import Limits

FORMATS = ("rich", "json", "csv", "markdown")
PUBLISHED = {"batch": (1,), "dtype": (None, "float32"), "convention_name": ("lecture",)}  # how tables are printed


@click.command("table")
@click.argument("name", type=Network())
@knobs
@counting
@click.option("--all", "every", is_flag=True, help="A row of its own for each ReLU, batch norm and dropout.")
@click.option(
    "--depth", type=click.IntRange(1), metavar="N", help="Sum layers that share the first N parts of their path."
)
@click.option("--columns", metavar="A,B,…", help="Columns to show, in this order.")
@click.option("--sort", metavar="COLUMN", help="Largest first.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="The first N rows only.")
@click.option("--unit", type=click.Choice(["auto", "exact", "K", "M", "G"]), default="auto", help="Unit of all counts.")
@click.option("--bars", is_flag=True, help="Shares of memory, parameters and FLOPs as bars.")
@click.option("--published", is_flag=True, help="The printed figure beside ours, marked ok or erratum.")
@click.option("--receptive-field", is_flag=True, help="What one output position sees of the input.")
@output(*FORMATS)
def table_command(name: str, settings: tuple[str, ...], limits: tuple[str, ...], **options: Any) -> None:
    """Show what each layer of a network costs: sizes, memory, parameters, FLOPs.

    NAME is a built-in network (see archcost list) or the path of a specification.

    \b
    archcost table alexnet --published
    archcost table resnet50 --depth 1 --bars
    archcost table vgg16 --sort params --top 3
    archcost table net.yaml --set resolution=192 --format csv > net.csv
    """
    form = chosen_format(options["form"], options["output"], FORMATS)
    net = load(name, settings, limits)
    found = report(net, counted(options["convention_name"], [name], limits), options["batch"], options["dtype"])
    changed = settings or any(options[key] not in values for key, values in PUBLISHED.items())
    verdicts = _published(name, bool(changed), parsed_limits(limits)) if options["published"] else None
    if form == "json":
        from archcost.render import json

        data = json.of_report(found)
        if verdicts is not None:
            data["published"] = list(map(json.of_verdict, verdicts))
        emit(json.text(data), options["output"])
        return
    from archcost.render.table import DEFAULT, View, table

    columns = tuple(filter(None, (options["columns"] or "").replace(" ", "").split(",")))
    if form == "csv" and found.uncounted:  # which has no place for remarks
        columns = (*(columns or DEFAULT), "uncounted")
    shown = {key: options[key] for key in ("every", "depth", "sort", "top", "unit", "bars", "receptive_field")}
    emit(draw(form, [table(found, View(columns=columns, **shown), verdicts)], options["output"]), options["output"])


def _published(name: str, changed: bool, limits: Limits) -> list[Any]:
    from archcost.claims import claims_of
    from archcost.judge import Judge
    from archcost.zoo import find

    if changed:
        raise ArchcostError("--published shows the network as it was published: leave --set and other counting out")
    spec, variant = find(name, limits)
    judge = Judge()
    return [judge.judge(claim) for claim in claims_of(spec, variant or spec.first)]
