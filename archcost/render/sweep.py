"""Points of a sweep as a table, as CSV and as data."""

from __future__ import annotations

import csv as writer
import io
from collections.abc import Mapping, Sequence
from typing import Any

from archcost.kinds import shown as spelled
from archcost.render.grid import Column, Grid

Columns = Mapping[str, Any]


def rows(columns: Columns, names: Sequence[str], most: int | None = None) -> list[dict[str, Any]]:
    """The points as rows of plain values."""
    lists = [columns[name][:most].tolist() for name in names if columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]


def grid(columns: Columns, names: Sequence[str], most: int, remarks: Sequence[str], several: bool) -> Grid:
    """A table of the first points; counts with thousands parted. The network stands only where there are several."""
    names = [name for name in names if name != "network" or several]
    drawn = [Column(name, name, _text, left=columns[name].dtype == object) for name in names]
    shown = rows(columns, names, most)
    more = ["--format csv has all points"] if columns and len(columns["network"]) > most else []
    return Grid("sweep", drawn or [Column("none", "")], shown, remarks=[*remarks, *more])


def _text(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else _plain(value)


def _plain(value: Any) -> str:
    return spelled(value) if isinstance(value, tuple | bool) else str(value)


def csv(columns: Columns, names: Sequence[str], first: bool) -> str:
    """A line for each point, whole numbers exact; before the first that of the names."""
    text = io.StringIO()
    lines = writer.writer(text, lineterminator="\n")
    if first:
        lines.writerow(names)
    for row in rows(columns, names):
        lines.writerow(value if isinstance(value, int | float) else _plain(value) for value in row.values())
    return text.getvalue()
