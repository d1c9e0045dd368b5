"""`archcost explain`."""

from __future__ import annotations

from typing import Any

import click

from archcost.cli.options import (
    Network,
    chosen_format,
    convention_option,
    counted,
    draw,
    dtype_option,
    emit,
    knobs,
    load,
    output,
)
from archcost.net import uncounted

FORMATS = ("rich", "json", "markdown", "latex")


@click.command("explain")
@click.argument("name", type=Network())
@click.argument("layer", required=False)
@knobs
@convention_option
@dtype_option
@output(*FORMATS)
def explain_command(
    name: str, layer: str | None, settings: tuple[str, ...], limits: tuple[str, ...], **options: Any
) -> None:
    """Show how the numbers of a layer come about: each formula, with the layer's own numbers, and its result.

    LAYER is its path, the path of a block, a pattern such as 'conv*', or its number from 1 on; without it all layers
    are explained. H' is the height of the output, C the channels of the input, r and j the receptive field of the input
    and the step between its neighbours.

    \b
    archcost explain alexnet conv1
    archcost explain resnet50 'stage1/*/conv1'
    archcost explain vgg16 fc6 --format latex
    """
    from archcost.explain import explanations
    from archcost.fold import steps_under

    form = chosen_format(options["form"], options["output"], FORMATS)
    net = load(name, settings, limits)
    convention = counted(options["convention_name"], [name], limits)
    found = list(explanations(steps_under(convention, net), layer, convention, options["dtype"] or convention.dtype))
    from archcost.render import explanation as render
    from archcost.render.units import incomplete

    left_out = uncounted(net.nodes)
    remarks = incomplete(net.name, left_out)
    if form == "json":
        from archcost.render import json

        data = {"network": net.name, "layers": list(map(render.as_json, found))}
        emit(json.text({**data, **({"incomplete": dict(left_out)} if left_out else {})}), options["output"])
    elif form == "latex":
        emit(render.latex(found, remarks), options["output"])
    else:
        emit(draw(form, render.grids(found, convention.kilo, remarks), options["output"]), options["output"])
