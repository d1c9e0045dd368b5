"""A network under many conventions, as tables and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcost.dims import Dim
from archcost.figure import BYTES
from archcost.reconcile import Account, Bridge, Parts, Said
from archcost.render.grid import FOLDED, Column, Grid
from archcost.render.units import short

MB = 10**6  # conventions differ in their KB, so one unit stands for all
LARGEST = 4  # parts of a sum that are named
NAMED = 6  # conventions that are named in a sentence

COLUMNS = (
    Column("convention", "convention", left=True),
    Column("flops", "FLOPs"),
    Column("params", "params"),
    Column("memory", "memory\nMB"),
    Column("parts", "FLOPs are made of", left=True, folds=2 * FOLDED, spare=1),
)


def grid(
    network: str, macs: Dim, found: Sequence[Account], verdicts: Sequence[Said], further: Sequence[str] = ()
) -> Grid:
    """A row for each convention, and below what is thought of the numbers that were given."""
    remarks = [
        *map(_verdict, verdicts),
        f"the network has {macs:,} multiply-accumulates; MB = 10**6 bytes; – is what a tool does not print",
        "archcost conventions NAME explains one and lists the known errors of the tool",
        *further,
    ]
    return Grid(f"{network}, counted in {len(found)} ways", COLUMNS, list(map(_row, found)), remarks=remarks)


def _row(found: Account) -> dict[str, str]:
    memory = found.total("memory")
    return {
        "convention": found.convention.name,
        "flops": _count(found.total("flops")),
        "params": _count(found.total("params")),
        "memory": "–" if memory is None else f"{memory / MB:,.2f}",
        "parts": made_of(found.flops or {}),
    }


def _count(value: Dim | None) -> str:
    return "–" if value is None else f"{value:,}"


def made_of(parts: Parts) -> str:
    """The largest parts of a sum, and what is left of it."""
    texts = [f"{name} {short(n)}" for name, n in [*parts.items()][:LARGEST]]
    rest = sum([*parts.values()][LARGEST:])
    return " + ".join([*texts, f"{len(parts) - LARGEST} more {short(rest)}"] if rest else texts)


def _verdict(found: Said) -> str:
    what = f"{found.account.convention.name}, {found.quantity} {found.printed}"
    total, unit = found.account.total(found.quantity), " bytes" if found.quantity in BYTES else ""
    if found.holds:
        return f"{what}: yes, {total:,}{unit}"
    computed = "it prints none" if total is None else f"it should be {total:,}{unit}"
    more = f" and {len(found.others) - NAMED} more" if len(found.others) > NAMED else ""
    others = f"; it is what {', '.join(found.others[:NAMED])}{more} would say"
    return f"{what}: no, {computed}{others if found.others else '; no convention here gives it'}"


def of_bridge(found: Bridge) -> Grid:
    """The differences between two conventions, a row for each, and their sum in one line."""
    start, end = found.start.convention.name, found.end.convention.name
    first, second = getattr(found.start, found.quantity), getattr(found.end, found.quantity)
    columns = [
        Column("part", "of", left=True),
        Column("start", start, _count),
        Column("end", end, _count),
        Column("difference", "difference", lambda value: f"{value:+,}"),
    ]
    rows = [
        {"part": part, "start": first.get(part, 0), "end": second.get(part, 0), "difference": change}
        for part, change in found.differences.items()
    ]
    totals = {"part": "total", "start": sum(first.values()), "end": sum(second.values())}
    totals["difference"] = totals["end"] - totals["start"]
    return Grid(f"{found.quantity} from {start} to {end}", columns, rows, totals, remarks=[sentence(found)])


def sentence(found: Bridge) -> str:
    """The bridge as one sum."""
    signs = [f"{'-' if change < 0 else '+'} {name} {abs(change):,}" for name, change in found.differences.items()]
    start, end = (f"{each.convention.name} {each.total(found.quantity):,}" for each in (found.start, found.end))
    return " ".join([start, *signs, "=", end])


def as_json(
    network: str, macs: Dim, found: Sequence[Account], bridges: Sequence[Bridge], verdicts: Sequence[Said]
) -> dict[str, Any]:
    """All of it as data."""
    return {
        "network": network,
        "macs": macs,
        "conventions": list(map(_as_data, found)),
        "bridges": [
            {
                "quantity": bridge.quantity,
                "from": bridge.start.convention.name,
                "to": bridge.end.convention.name,
                "differences": bridge.differences,
            }
            for bridge in bridges
        ],
        "against": [
            {
                "convention": verdict.account.convention.name,
                "quantity": verdict.quantity,
                "printed": verdict.printed,
                "computed": verdict.account.total(verdict.quantity),
                "holds": verdict.holds,
                "others": verdict.others,
            }
            for verdict in verdicts
        ],
    }


def _as_data(found: Account) -> dict[str, Any]:
    return {
        "name": found.convention.name,
        "flops": found.total("flops"),
        "params": found.total("params"),
        "memory_bytes": found.total("memory"),
        "parts": {"flops": found.flops, "params": found.params, "memory_bytes": found.memory},
    }
