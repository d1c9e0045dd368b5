"""`archcost list`, `archcost show` and `archcost validate`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from archcost.cli.options import Network, chosen_format, draw, emit, knobs, limited, load, output, parsed_limits
from archcost.errors import ArchcostError

LISTED = ("rich", "json", "csv", "markdown")


@click.command("list")
@click.argument("text", required=False)
@output(*LISTED)
def list_command(text: str | None, **options: Any) -> None:
    """List the built-in networks by year: input, parameters, FLOPs, published accuracy, source.

    TEXT keeps those that have it in their name, title or source.

    \b
    archcost list
    archcost list resnet
    archcost list --format json
    """
    form = chosen_format(options["form"], options["output"], LISTED)
    found = list(_architectures(text.lower() if text else ""))
    if form == "json":
        from archcost.render import json

        emit(json.text({"architectures": found}), options["output"])
        return
    from archcost.dims import sizes
    from archcost.render.grid import Column, Grid
    from archcost.render.units import short

    columns = [
        Column("name", "name", left=True),
        Column("year", "year"),
        Column("input", "input", sizes, left=True),
        Column("params", "params", short),
        Column("flops", "FLOPs", short),
        Column("top1", "top-1", _percent),
        Column("top5", "top-5", _percent, spare=2),
        Column("source", "source", left=True, folds=40, spare=1),
    ]
    first = {item["family"]: item["name"] for item in reversed(found)}
    rows = [{**item, **(item["accuracy"] or {}), "source": item["source"]} for item in found]
    for row in rows if form != "csv" else ():
        if row["name"] != first[row["family"]]:
            row["source"] = ""  # a family is read as one
    remarks = [
        f"{len(found)} networks; FLOPs by the lectures' convention, a multiply-accumulate is one",
        "accuracy as published, in percent; --format json says by whom and on what data",
    ]
    emit(draw(form, [Grid("networks", columns, rows, remarks=remarks)], options["output"]), options["output"])


def _percent(accuracy: float) -> str:
    return f"{accuracy:.1f}"


def _architectures(text: str) -> Iterator[dict[str, Any]]:
    """What `list` says of each network that has the text in its name, title or source."""
    from archcost.expand import expand
    from archcost.library import specs
    from archcost.render.json import of_accuracy
    from archcost.report import counts

    for spec in sorted(specs(), key=lambda spec: (spec.year or 0, spec.name)):
        for name in spec.names:
            if text not in f"{name} {spec.title} {spec.source}".lower():
                continue
            net = expand(spec, name if spec.variants else None)
            yield {
                "name": name,
                "title": net.title,
                "family": spec.name,
                "year": spec.year,
                "input": list(net.nodes[0].attributes["shape"]),
                **counts(net)._asdict(),
                "accuracy": of_accuracy(net.accuracy),
                "source": spec.source,
            }


@click.command("show")
@click.argument("name", type=Network())
@knobs
@click.option("--expanded", is_flag=True, help="The flat net: a layer a line, every number worked out.")
@click.option("--output", type=click.Path(dir_okay=False), metavar="FILE", help="Write to a file.")
def show_command(name: str, settings: tuple[str, ...], limits: tuple[str, ...], **options: Any) -> None:
    """Print the specification of a network.

    \b
    archcost show googlenet
    archcost show resnet18 --expanded --set resolution=64
    """
    from archcost.library import find

    if options["expanded"]:
        from archcost.dump import dump

        text = dump(load(name, settings, limits))
    elif settings:
        raise ArchcostError("--set changes nothing in the text of a specification: add --expanded")
    else:
        text = find(name, parsed_limits(limits))[0].at.source.text
    if options["output"] or not sys.stdout.isatty():
        emit(text, options["output"])
        return
    from rich.console import Console
    from rich.syntax import Syntax

    Console().print(Syntax(text, "yaml", background_color="default", word_wrap=True))


@click.command("validate")
@click.argument("files", nargs=-1, required=True, type=click.Path())
@limited
def validate_command(files: tuple[str, ...], limits: tuple[str, ...]) -> None:
    """Check specification files: every variant is expanded and every shape worked out.

    Exit code 2 if one is bad; all are looked at.

    \b
    archcost validate specs/*.yaml
    """
    bad = 0
    for file in files:
        try:
            click.echo(f"{file}: {_checked(Path(file), limits)}")
        except ArchcostError as error:
            bad += 1
            click.echo(str(error), err=True)
    if bad:
        raise click.exceptions.Exit(2)


def _checked(path: Path, limits: tuple[str, ...]) -> str:
    from archcost.claims import claims_of
    from archcost.expand import expand
    from archcost.library import SOURCES, check_source, load_spec, sources
    from archcost.net import INPUT, propagate

    if path.resolve() == SOURCES.resolve():
        return f"ok, {len(sources())} sources"
    allowed = parsed_limits(limits)
    spec = load_spec(path, allowed)
    nets = [expand(spec, variant, limits=allowed) for variant in spec.variants or (None,)]
    layers = sum(step.node.op != INPUT for net in nets for step in propagate(net))
    claims = claims_of(spec)
    for claim in claims:
        check_source(claim.source, claim.place)
    for accuracy in spec.accuracy.values():
        check_source(accuracy.source, accuracy.at)
    variants = f"{len(nets)} variants, " if spec.variants else ""
    return f"ok, {variants}{layers:,} layers" + (f", {len(claims)} claims" if claims else "")
