"""Networks beside each other: ratios of their totals, and their costs by the scale of their maps. Numbers only."""

from __future__ import annotations

from math import log2
from typing import NamedTuple

from archcost.dims import Shape
from archcost.report import Report, Row

# The totals that are compared.
COMPARED = ("params", "flops", "macs", "memory_bytes", "peak_memory_bytes", "depth")


class Stage(NamedTuple):
    """The layers of a net whose outputs lie on one scale: their input divided by so many powers of two."""

    scale: int | None  # None: behind the maps
    maps: tuple[Shape, ...]  # sizes of its maps
    layers: int
    memory_bytes: int
    params: int
    macs: int
    flops: int


def stages(report: Report) -> list[Stage]:
    """A net cut by the scale of its maps, from the finest on."""
    first = next(iter(report.inputs.values()))
    by_scale: dict[int | None, list[Row]] = {}
    for row in report.rows:
        space = row.output[1:]
        mapped = len(space) and len(first) > 1 and any(n != 1 for n in space)
        by_scale.setdefault(round(log2(first[1] / space[0])) if mapped else None, []).append(row)
    found = [
        Stage(
            scale,
            tuple(dict.fromkeys(row.output[1:] for row in rows)) if scale is not None else (),
            len(rows),
            sum(row.memory_bytes * row.held for row in rows),
            sum(row.params for row in rows),
            sum(row.macs for row in rows),
            sum(row.flops for row in rows),
        )
        for scale, rows in by_scale.items()
    ]
    return sorted(found, key=lambda stage: (stage.scale is None, stage.scale))


def ratios(report: Report, base: Report) -> dict[str, float | None]:
    """How many times those of another net."""
    pairs = ((name, getattr(report.totals, name), getattr(base.totals, name)) for name in COMPARED)
    return {name: mine / other if other else None for name, mine, other in pairs}
