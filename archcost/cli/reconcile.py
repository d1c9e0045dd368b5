"""`archcost reconcile`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from archcost.cli.options import Network, chosen_format, counted, draw, emit, knobs, load, output, parsed_limits
from archcost.convention import Convention
from archcost.errors import ArchcostError, did_you_mean
from archcost.net import uncounted
from archcost.reconcile import QUANTITIES, accounts, bridge, said

FORMATS = ("rich", "json", "markdown")


@click.command("reconcile")
@click.argument("name", type=Network())
@knobs
@click.option("--against", multiple=True, metavar="TOOL=NUMBER", help="A number that someone has from a tool.")
@click.option("--between", nargs=2, multiple=True, metavar="A B", help="Which operations make the difference of two.")
@output(*FORMATS)
def reconcile_command(name: str, settings: tuple[str, ...], limits: tuple[str, ...], **options: Any) -> None:
    """Show what a network costs under every convention, and which layers make the difference.

    --against fvcore=4.11G checks a number of FLOPs, --against torchinfo.params=25.6M or .memory another one; exit 1 if
    it is not what the tool should print. A and B are conventions: built-in ones, FILE:NAME, or the network's own.

    \b
    archcost reconcile resnet50
    archcost reconcile resnet50 --between macs fvcore
    archcost reconcile vit_b_16 --against thop=11.3G
    """
    form = chosen_format(options["form"], options["output"], FORMATS)
    figures = list(map(_figure, options["against"]))
    pairs = [(quantity, *pair) for pair in options["between"] for quantity in QUANTITIES]
    pairs += [(quantity, "macs", tool) for tool, quantity, _ in figures]
    net = load(name, settings, limits)
    conventions = _conventions(name, limits, [each for _, *pair in pairs for each in pair])
    found = dict(zip(conventions, accounts(net, [*conventions.values()]), strict=True))
    bridges = [bridge(quantity, found[a], found[b]) for quantity, a, b in dict.fromkeys(pairs)]
    real = [each for each in bridges if each and each.differences]
    verdicts = [said([*found.values()], found[tool], quantity, number) for tool, quantity, number in figures]
    macs = found["macs"].total("flops") or 0
    from archcost.render import reconcile as render
    from archcost.render.units import incomplete

    if form == "json":
        from archcost.render import json

        data = render.as_json(net.name, macs, [*found.values()], real, verdicts)
        left_out = uncounted(net.nodes)
        emit(json.text({**data, **({"incomplete": dict(left_out)} if left_out else {})}), options["output"])
    else:
        remarks = incomplete(net.name, uncounted(net.nodes))
        grids = [render.grid(net.name, macs, [*found.values()], verdicts, remarks), *map(render.of_bridge, real)]
        emit(draw(form, grids, options["output"]), options["output"])
    if not all(verdict.holds for verdict in verdicts):
        raise click.exceptions.Exit(1)


def _conventions(name: str, limits: Sequence[str], wanted: Sequence[str]) -> dict[str, Convention]:
    """All built-in conventions, those of the network, and those that are asked for."""
    from archcost.presets import names, one_of
    from archcost.zoo import find

    spec, _ = find(name, parsed_limits(limits))
    known = {each: one_of(spec.conventions, each, spec.parts) for each in (*names(), *spec.conventions)}
    return {**known, **{each: counted(each, [name], limits) for each in wanted if each not in known}}


def _figure(text: str) -> tuple[str, str, str]:
    """The convention, the quantity and the number of `fvcore=4.11G` or `fvcore.params=25.6M`."""
    tool, equals, number = text.partition("=")
    if not tool or not equals or not number:
        raise ArchcostError(f"--against takes TOOL=NUMBER, such as fvcore=4.11G, not {text!r}")
    base, dot, quantity = tool.rpartition(".")
    if not dot or quantity.partition(":")[0] in ("yaml", "yml"):
        return tool, "flops", number
    if quantity not in QUANTITIES:
        near = did_you_mean(quantity, QUANTITIES)
        raise ArchcostError(f"there is no quantity {quantity!r}{near} (known: {', '.join(QUANTITIES)})")
    return base, quantity, number
