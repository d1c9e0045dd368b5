"""`archcost identify`."""

from __future__ import annotations

import sys
from typing import Any

import click

from archcost.cli.options import Network, chosen_format, draw, emit, knobs, output, parsed_limits, setting
from archcost.errors import ArchcostError
from archcost.foreign import is_foreign
from archcost.identify import Printed, Search, printed
from archcost.net import propagate, uncounted
from archcost.variations import variations
from archcost.zoo import find

FORMATS = ("rich", "json", "markdown")
QUICK = 2.0  # seconds; who allows more sees how far the search is


@click.command("identify")
@click.argument("name", type=Network())
@click.argument("figures", nargs=-1, required=True, metavar="QUANTITY=NUMBER...")
@knobs
@click.option("--top", default=10, show_default=True, type=click.IntRange(1), metavar="N", help="Readings to show.")
@click.option(
    "--seconds", default=QUICK, show_default=True, type=click.FloatRange(0.1, 3600), metavar="N", help="Time to search."
)
@output(*FORMATS)
def identify_command(
    name: str, figures: tuple[str, ...], settings: tuple[str, ...], limits: tuple[str, ...], **options: Any
) -> None:
    """Search for the readings of a network that give a published number; exit 1 if one of the numbers has none.

    Tried are the built-in conventions (but onnx-tool's, which changes the network), units and ways to round, layers
    left out (the classifier, all but convolutions), one other setting of a knob, relatives of the network, and slips: a
    layer or block missing or counted twice. What explains all numbers comes first. MB may be 10**6 or 2**20 bytes, MiB
    is 2**20.

    QUANTITY is one of params, buffers, macs, flops, memory, elements, peak_memory, depth.

    \b
    archcost identify vgg16 flops=13.6G memory=48.6MB
    archcost identify googlenet params=6M
    """
    form = chosen_format(options["form"], options["output"], FORMATS)
    numbers = list(map(_figure, figures))
    if len({number.quantity for number in numbers}) < len(numbers):
        raise ArchcostError("each quantity may be given once")
    allowed = parsed_limits(limits)
    spec, variant = find(name, allowed)
    given = {} if is_foreign(name) else dict(map(setting, settings))
    candidates = variations(spec, variant or spec.first, given, allowed)
    net = candidates[0].net()
    propagate(net)  # what is wrong with the network itself is no reading that fails
    search = Search(numbers, options["seconds"])
    if options["seconds"] > QUICK and sys.stderr.isatty():
        with click.progressbar(candidates, label="searching", file=sys.stderr) as shown:
            outcome = search.through(shown)
    else:
        outcome = search.through(candidates)
    from archcost.render import identify as render
    from archcost.render.units import incomplete

    left_out = uncounted(net.nodes)
    if form == "json":
        from archcost.render import json

        data = render.as_json(name, numbers, outcome, options["top"])
        emit(json.text({**data, **({"incomplete": dict(left_out)} if left_out else {})}), options["output"])
    else:
        grids = render.grids(name, numbers, outcome, options["top"], incomplete(name, left_out))
        emit(draw(form, grids, options["output"]), options["output"])
    if outcome.misses:
        raise click.exceptions.Exit(1)


def _figure(text: str) -> Printed:
    quantity, equals, number = text.partition("=")
    if not quantity or not equals or not number.strip():
        raise ArchcostError(f"a number is given as QUANTITY=NUMBER, such as flops=13.6G, not {text!r}")
    return printed(quantity, number)
