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
    """List the built-in networks: year, input, parameters, FLOPs, source.

    TEXT keeps those that have it in their name, title or source.

    \b
    archcost list
    archcost list resnet
    archcost list --format json
    """
    form = chosen_format(options["form"], options["output"], LISTED)
    found = [item for item in _architectures() if not text or text.lower() in _words(item)]
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
        Column("source", "source", left=True, folds=True),
    ]
    remarks = [f"{len(found)} networks; FLOPs by the lectures' convention, a multiply-accumulate is one"]
    emit(draw(form, [Grid("networks", columns, found, remarks=remarks)], options["output"]), options["output"])


def _words(item: dict[str, Any]) -> str:
    return f"{item['name']} {item['title']} {item['source']}".lower()


def _architectures() -> Iterator[dict[str, Any]]:
    """What `list` says of each network."""
    from archcost.expand import expand
    from archcost.library import specs
    from archcost.report import report

    for spec in specs():
        for name in spec.names:
            found = report(expand(spec, name if spec.variants else None))
            yield {
                "name": name,
                "title": found.net.title,
                "family": spec.name,
                "year": spec.year,
                "input": list(next(iter(found.inputs.values()))),
                "params": found.totals.params,
                "macs": found.totals.macs,
                "flops": found.totals.flops,
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
    from archcost.library import SOURCES, load_spec, sources
    from archcost.net import INPUT, propagate

    if path.resolve() == SOURCES.resolve():
        return f"ok, {len(sources())} sources"
    allowed = parsed_limits(limits)
    spec = load_spec(path, allowed)
    nets = [expand(spec, variant, limits=allowed) for variant in spec.variants or (None,)]
    layers = sum(step.node.op != INPUT for net in nets for step in propagate(net))
    claims = claims_of(spec)
    for claim in claims:
        claim.check_source()
    variants = f"{len(nets)} variants, " if spec.variants else ""
    return f"ok, {variants}{layers:,} layers" + (f", {len(claims)} claims" if claims else "")
