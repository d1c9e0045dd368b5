"""A network under many conventions, as tables and as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archcost.dims import Dim
from archcost.reconcile import Account, Bridge, Said
from archcost.render.grid import FOLDED, Column, Grid
from archcost.render.units import short

MB = 10**6  # conventions differ in their KB, so one unit stands for all


def _count(value: Dim | None) -> str:
    return "–" if value is None else f"{value:,}"


def _megabytes(value: Dim | None) -> str:
    return "–" if value is None else f"{value / MB:,.2f}"


COLUMNS = (
    Column("convention", "convention", left=True),
    Column("flops", "FLOPs", _count),
    Column("params", "params", _count),
    Column("memory", "memory\nMB", _megabytes),
    Column("parts", "FLOPs are made of", left=True, folds=2 * FOLDED, spare=1),
)


def grid(network: str, macs: Dim | None, found: Sequence[Account], verdicts: Sequence[Said]) -> Grid:
    """A row for each convention, and below what is thought of the numbers that were given."""
    rows = [
        {
            "convention": each.convention.name,
            "flops": _count(each.flops),
            "params": _count(each.params),
            "memory": _megabytes(each.memory),
            "parts": made_of(each.parts),
        }
        for each in found
    ]
    columns = [column._replace(text=str) for column in COLUMNS]
    remarks = [
        f"the network has {macs:,} multiply-accumulates; MB = 10**6 bytes; – is what a tool does not print",
        "archcost conventions NAME explains one and lists the known errors of the tool",
    ]
    return Grid(f"{network}, counted in {len(found)} ways", columns, rows, remarks=[*map(_verdict, verdicts), *remarks])


def _verdict(found: Said) -> str:
    what = f"{found.convention}, {found.quantity} {found.printed}"
    if found.holds:
        return f"{what}: yes, {_count(found.computed)}"
    computed = "it prints none" if found.computed is None else f"it should be {found.computed:,}"
    others = f"; it is what {', '.join(found.others)} would say" if found.others else "; no convention here gives it"
    return f"{what}: no, {computed}{others}"


def made_of(parts: Mapping[str, Dim], most: int = 6) -> str:
    """The largest parts of a sum, and what is left of it."""
    texts = [f"{name} {short(flops)}" for name, flops in [*parts.items()][:most]]
    rest = sum([*parts.values()][most:])
    return " + ".join([*texts, f"{len(parts) - most} more {short(rest)}"] if rest else texts)


def of_bridge(found: Bridge) -> Grid:
    """The differences between two conventions, a row for each, and their sum in one line."""
    start, end = found.start.convention.name, found.end.convention.name
    columns = [
        Column("part", "operations", left=True),
        Column("start", start, _count),
        Column("end", end, _count),
        Column("difference", "difference", lambda value: f"{value:+,}"),
    ]
    rows = [
        {
            "part": part,
            "start": found.start.parts.get(part, 0),
            "end": found.end.parts.get(part, 0),
            "difference": change,
        }
        for part, change in found.differences.items()
    ]
    totals = {"part": "total", "start": found.start.flops, "end": found.end.flops}
    totals["difference"] = (found.end.flops or 0) - (found.start.flops or 0)
    return Grid(f"from {start} to {end}", columns, rows, totals, remarks=[sentence(found)])


def sentence(found: Bridge) -> str:
    """The bridge as one sum."""
    signs = (f"{'-' if change < 0 else '+'} {name} {abs(change):,}" for name, change in found.differences.items())
    start, end = found.start, found.end
    return " ".join(
        [f"{start.convention.name} {start.flops or 0:,}", *signs, f"= {end.convention.name} {end.flops or 0:,}"]
    )


def as_json(
    network: str, macs: Dim | None, found: Sequence[Account], bridges: Sequence[Bridge], verdicts: Sequence[Said]
) -> dict[str, Any]:
    """All of it as data."""
    return {
        "network": network,
        "macs": macs,
        "conventions": [
            {
                "name": each.convention.name,
                "flops": each.flops,
                "params": each.params,
                "memory_bytes": each.memory,
                "parts": each.parts,
            }
            for each in found
        ],
        "bridges": [
            {"from": b.start.convention.name, "to": b.end.convention.name, "differences": b.differences}
            for b in bridges
        ],
        "against": [verdict._asdict() for verdict in verdicts],
    }
