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
    """A net cut by the scale of its maps, from the finest on. Tokens belong to the map before them."""
    first = next(iter(report.inputs.values()))
    by_scale: dict[int | None, list[Row]] = {}
    latest = 0
    for row in report.rows:
        scale = _scale(row, first)
        latest = latest if scale is None else scale
        vector = all(n == 1 for n in row.output[1:])
        by_scale.setdefault(None if vector else latest, []).append(row)
    found = [
        Stage(
            scale,
            tuple(dict.fromkeys(row.output[1:] for row in rows if _scale(row, first) is not None)),
            len(rows),
            sum(row.memory_bytes * row.held for row in rows),
            sum(row.params for row in rows),
            sum(row.macs for row in rows),
            sum(row.flops for row in rows),
        )
        for scale, rows in by_scale.items()
    ]
    return sorted(found, key=lambda stage: (stage.scale is None, stage.scale))


def _scale(row: Row, first: Shape) -> int | None:
    """By how many powers of two a map is smaller than the input, the same along each axis; None for what is no map.

    Where positions were mixed, as with windows and tokens, only what has very nearly the sides of a map is one again.
    """
    if len(row.output) != len(first) or all(n == 1 for n in row.output[1:]):
        return None
    halvings = [log2(n / m) for m, n in zip(row.output[1:], first[1:], strict=True)]
    mixed = not row.receptive_field and any(abs(times - round(times)) > 0.1 for times in halvings)
    return round(halvings[0]) if len({*map(round, halvings)}) == 1 and not mixed else None


def ratios(report: Report, base: Report) -> dict[str, float | None]:
    """How many times those of another net."""
    pairs = ((name, getattr(report.totals, name), getattr(base.totals, name)) for name in COMPARED)
    return {name: mine / other if other else None for name, mine, other in pairs}
