"""`archcost layers` and `archcost schema`."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from archcost.cli.options import chosen_format, draw, emit, output
from archcost.cost import LayerType, layer_names, layer_type
from archcost.kinds import kind, shown

FORMATS = ("rich", "json", "markdown")


class Layer(click.ParamType[str]):
    """The name of a layer type."""

    name = "layer"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in layer_names() if name.startswith(incomplete)]


@click.command("layers")
@click.argument("name", type=Layer(), required=False)
@output(*FORMATS)
def layers_command(name: str | None, **options: Any) -> None:
    """Explain the layer types: what they take, compute and count, and where the formula comes from.

    \b
    archcost layers
    archcost layers conv
    """
    form = chosen_format(options["form"], options["output"], FORMATS)
    found = [layer_type(name)] if name else list(map(layer_type, layer_names()))
    if form == "json":
        from archcost.render import json

        emit(json.text({"layers": [_as_data(item) for item in found]}), options["output"])
    elif name:
        emit(draw(form, [_one(found[0])], options["output"]), options["output"])
    else:
        emit(draw(form, [_all(found)], options["output"]), options["output"])


def _as_data(item: LayerType) -> dict[str, Any]:
    return {
        "name": item.name,
        "kind": item.kind,
        "inputs": "any number" if item.joins else len(item.inputs),
        "optional_inputs": len(item.optional),
        "attributes": {
            a.name: {"takes": kind(a.kind).wanted, "required": a.required, "default": a.default}
            for a in item.attributes.values()
        },
        "text": _paragraphs(item.doc),
    }


def _paragraphs(doc: str) -> str:
    """A docstring with each paragraph on one line; the source begins a line of its own."""
    blocks = [" ".join(line.strip() for line in block.splitlines()) for block in doc.strip().split("\n\n")]
    return "\n".join(blocks).replace(" Source: ", "\nSource: ")


def _all(found: list[LayerType]) -> Any:
    from archcost.render.grid import FOLDED, Column, Grid

    columns = [
        Column("kind", "kind", left=True),
        Column("name", "layer", left=True),
        Column("takes", "takes", left=True, folds=FOLDED),
        Column("text", "", left=True, folds=FOLDED),
    ]
    rows = [
        {
            "kind": item.kind,
            "name": item.name,
            "takes": ", ".join(a.name if a.required else f"[{a.name}]" for a in item.attributes.values()),
            "text": _paragraphs(item.doc).splitlines()[0],
        }
        for item in found
    ]
    remark = "what stands in [ ] has a default; archcost layers NAME explains one"
    return Grid("layer types", columns, rows, remarks=[remark])


def _one(item: LayerType) -> Any:
    from archcost.render.grid import FOLDED, Column, Grid

    columns = [
        Column("name", "attribute", left=True),
        Column("default", "default", left=True),
        Column("takes", "takes", left=True, folds=FOLDED),
    ]
    rows = [
        {
            "name": a.name,
            "default": "required" if a.required else "as needed" if a.default is None else shown(a.default).strip("'"),
            "takes": kind(a.kind).wanted,
        }
        for a in item.attributes.values()
    ]
    reads = ", ".join([*item.inputs, *(f"[{name}]" for name in item.optional)]) or "nothing"
    title = f"{item.name} ({item.kind}), {'any number of inputs' if item.joins else f'reads {reads}'}"
    return Grid(title, columns, rows, remarks=_paragraphs(item.doc).splitlines())


@click.command("schema")
@click.option("--output", type=click.Path(dir_okay=False), metavar="FILE", help="Write to a file.")
def schema_command(output: str | None) -> None:
    """Print the JSON Schema of specifications, with which an editor completes and checks them.

    \b
    archcost schema --output archcost.schema.json
    """
    from archcost.render import json
    from archcost.schema import schema

    emit(json.text(schema()), output)
