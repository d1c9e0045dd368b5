"""Published numbers with what was computed for them."""

from __future__ import annotations

from collections.abc import Sequence

from archcost.figure import plain
from archcost.judge import Verdict
from archcost.render.grid import FOLDED, Column, Grid
from archcost.render.json import of_verdict

COLUMNS = (
    Column("architecture", "network", left=True, folds=FOLDED),
    Column("at", "at", left=True, folds=FOLDED),
    Column("quantity", "quantity", left=True),
    Column("published", "published"),
    Column("computed", "computed", plain),
    Column("verdict", "verdict", left=True),
    Column("source", "source", left=True, folds=FOLDED, spare=1),
    Column("explanation", "why", left=True, folds=FOLDED),
)
STYLES = {"reproduced": "green", "erratum": "yellow", "mismatch": "bold red"}


def verdicts(title: str, judged: Sequence[Verdict], remarks: Sequence[str] = ()) -> Grid:
    """The grid of some verdicts."""
    return Grid(title, COLUMNS, list(map(of_verdict, judged)), remarks=remarks, styles=STYLES)
