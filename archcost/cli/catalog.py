"""`archcost list`, `archcost show` and `archcost validate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from archcost.cli.options import Network, chosen_format, draw, emit, knobs, load, output, parsed_limits, setting
from archcost.errors import ArchcostError
from archcost.foreign import is_foreign

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
    from archcost.overview import overview
    from archcost.render import overview as render

    form = chosen_format(options["form"], options["output"], LISTED)
    found = list(overview(text or ""))
    if form == "json":
        from archcost.render import json

        emit(json.text(render.as_json(found)), options["output"])
        return
    emit(draw(form, [render.grid(found, once=form != "csv")], options["output"]), options["output"])


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
    from archcost.zoo import find

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
@knobs
def validate_command(files: tuple[str, ...], settings: tuple[str, ...], limits: tuple[str, ...]) -> None:
    """Check specification files, or models: every variant is expanded and every shape worked out.

    Exit code 2 if one is bad; all are looked at.

    \b
    archcost validate specs/*.yaml
    archcost validate net.yaml --set resolution=160
    """
    bad = 0
    for file in files:
        try:
            click.echo(f"{file}: {_checked(file, settings, limits)}")
        except ArchcostError as error:
            bad += 1
            click.echo(str(error), err=True)
    if bad:
        raise click.exceptions.Exit(2)


def _checked(file: str, settings: tuple[str, ...], limits: tuple[str, ...]) -> str:
    from archcost.claims import claims_of
    from archcost.expand import expand
    from archcost.net import INPUT, propagate
    from archcost.presets import one_of, read_convention
    from archcost.source import read
    from archcost.zoo import CONVENTIONS, SOURCES, check_source, find, load_spec, sources

    path = Path(file)
    if path.resolve() == SOURCES.resolve():
        return f"ok, {len(sources())} sources"
    if path.resolve() == CONVENTIONS.resolve():
        entries = read(path).data.items()
        return f"ok, {len([read_convention(name, entry) for name, entry in entries])} conventions"
    allowed = parsed_limits(limits)
    spec = find(file, allowed)[0] if is_foreign(file) else load_spec(path, allowed)
    given = {} if is_foreign(file) else dict(map(setting, settings))
    nets = [expand(spec, variant, given, allowed) for variant in spec.variants or (None,)]
    layers = sum(step.node.op != INPUT for net in nets for step in propagate(net))
    claims = claims_of(spec)
    for claim in claims:
        check_source(claim.source, claim.place)
    for name in spec.conventions:
        one_of(spec.conventions, name, spec.parts)
    for accuracy in spec.accuracy.values():
        check_source(accuracy.source, accuracy.at)
    variants = f"{len(nets)} variants, " if spec.variants else ""
    return f"ok, {variants}{layers:,} layers" + (f", {len(claims)} claims" if claims else "")
