"""`archcost verify`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from archcost.claims import Claim, claims_of
from archcost.cli.options import Network, chosen_format, draw, emit, output
from archcost.judge import Judge
from archcost.render import verdicts as render
from archcost.zoo import check_source, find, specs

FORMATS = ("rich", "json", "csv", "markdown")
COUNTED = ("reproduced", "erratum", "mismatch")


@click.command("verify")
@click.argument("names", type=Network(), nargs=-1)
@click.option("--only", type=click.Choice(COUNTED), help="Show claims with this verdict only.")
@output(*FORMATS)
def verify_command(names: tuple[str, ...], only: str | None, **options: Any) -> None:
    """Recompute every published number and judge it; exit 1 if one does not come out.

    A figure is reproduced, or an erratum (with the reading that gives the printed digits, recomputed), or a mismatch.

    \b
    archcost verify
    archcost verify alexnet vgg16 --only erratum
    archcost verify --format json
    """
    form = chosen_format(options["form"], options["output"], FORMATS)
    judge = Judge()
    verdicts = []
    for claim in _claims(names):
        check_source(claim.source, claim.place)
        verdicts.append(judge.judge(claim))
    counts = {kind: sum(v.verdict == kind for v in verdicts) for kind in COUNTED}
    shown = [v for v in verdicts if only in (None, v.verdict)]
    if form == "json":
        from archcost.render import json

        emit(json.text({"claims": list(map(json.of_verdict, shown)), "summary": counts}), options["output"])
    else:
        open_ones = sum(v.verdict == "erratum" and v.claim.reproduced_by is None for v in verdicts)
        summary = ", ".join(f"{n} {kind}" for kind, n in counts.items())
        summary += f"; no reading gives the digits of {open_ones} errata" if open_ones else ""
        emit(
            draw(form, [render.verdicts("published numbers, recomputed", shown, [summary])], options["output"]),
            options["output"],
        )
    if counts["mismatch"]:
        raise click.exceptions.Exit(1)


def _claims(names: Sequence[str]) -> Iterator[Claim]:
    for spec, variant in map(find, dict.fromkeys(names)) if names else ((spec, None) for spec in specs()):
        yield from claims_of(spec, variant)
