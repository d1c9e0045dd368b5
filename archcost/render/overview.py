"""The built-in networks as a table and as data."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from archcost.dims import sizes
from archcost.overview import Entry
from archcost.render.grid import Column, Grid
from archcost.render.json import of_accuracy
from archcost.render.units import short


def _percent(accuracy: float) -> str:
    """With one digit behind the point, halves rounded up as they are written: 99.05 is 99.1."""
    tenths = int(Fraction(str(accuracy)) * 10 + Fraction(1, 2))
    return f"{tenths // 10}.{tenths % 10}"


COLUMNS = (
    Column("name", "name", left=True),
    Column("year", "year"),
    Column("input", "input", sizes, left=True, spare=3),
    Column("params", "params", short),
    Column("flops", "FLOPs", short),
    Column("top1", "top-1", _percent),
    Column("top5", "top-5", _percent, spare=2),
    Column("source", "source", left=True, folds=40, spare=1),
)


def grid(found: Sequence[Entry], once: bool) -> Grid:
    """A row for each network; the source of a family `once`, at the first of it, or in every row."""
    first = {entry.family: entry.name for entry in reversed(found)}
    rows = [_row(entry, with_source=not once or entry.name == first[entry.family]) for entry in found]
    remarks = [
        f"{len(found)} networks; FLOPs by the lectures' convention, a multiply-accumulate is one",
        "accuracy as published, in percent; --format json says by whom and on what data",
    ]
    return Grid("networks", COLUMNS, rows, remarks=remarks)


def _row(entry: Entry, with_source: bool) -> dict[str, Any]:
    top1, top5 = (entry.accuracy.top1, entry.accuracy.top5) if entry.accuracy else (None, None)
    source = entry.source if with_source else None
    return {**entry._asdict(), **entry.counts._asdict(), "top1": top1, "top5": top5, "source": source}


def as_json(found: Sequence[Entry]) -> dict[str, Any]:
    """Everything that is known of each."""
    return {
        "architectures": [
            {
                "name": entry.name,
                "title": entry.title,
                "family": entry.family,
                "year": entry.year,
                "input": list(entry.input),
                **entry.counts._asdict(),
                "accuracy": of_accuracy(entry.accuracy),
                "source": entry.source,
            }
            for entry in found
        ]
    }
