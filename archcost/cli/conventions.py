"""`archcost conventions`."""

from __future__ import annotations

from typing import Any

import click

from archcost.cli.options import ConventionName, chosen_format, counted, draw, emit, limited, output
from archcost.presets import convention, names

FORMATS = ("rich", "json", "markdown")


@click.command("conventions")
@click.argument("name", type=ConventionName(), required=False)
@limited
@output(*FORMATS)
def conventions_command(name: str | None, limits: tuple[str, ...], **options: Any) -> None:
    """Explain the conventions: what counts as a FLOP, a parameter and a byte of activations.

    NAME is a built-in one or a file of your own, FILE.yaml or FILE.yaml:NAME, which is checked.

    \b
    archcost conventions
    archcost conventions fvcore
    archcost conventions mine.yaml
    """
    from archcost.render import conventions as render

    form = chosen_format(options["form"], options["output"], FORMATS)
    found = [counted(name, (), limits)] if name else list(map(convention, names()))
    if form == "json":
        from archcost.render import json

        emit(json.text({"conventions": list(map(render.as_json, found))}), options["output"])
        return
    drawn = render.explained(found[0]) if name else render.grid(found)
    emit(draw(form, [drawn], options["output"]), options["output"])
