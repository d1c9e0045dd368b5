"""Grids as CSV: column keys and exact values."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from archcost.dims import sizes
from archcost.render.grid import Grid


def draw(grids: Sequence[Grid]) -> str:
    """The rows of the one grid that a file holds, without total and remarks."""
    (grid,) = grids
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.key for column in grid.columns)
    writer.writerows([_exact(row.get(column.key)) for column in grid.columns] for row in grid.rows)
    return text.getvalue()


def _exact(value: Any) -> Any:
    return sizes(value).replace(" ", "") if isinstance(value, tuple | list) else value
