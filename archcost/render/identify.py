"""Where numbers come from, as a table with a sentence for each reading, and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from archcost.figure import BYTES
from archcost.identify import Miss, Outcome, Printed, Reading
from archcost.render.grid import FOLDED, Column, Grid

COLUMNS = (
    Column("distance", "distance", lambda distance: f"{distance:.1f}"),
    Column("reading", "reading", left=True, folds=3 * FOLDED),
)


def grids(
    network: str, numbers: Sequence[Printed], outcome: Outcome, top: int, further: Sequence[str] = ()
) -> list[Grid]:
    """A row for each reading that is shown."""
    asked = ", ".join(f"{number.quantity} {number.text}" for number in numbers)
    shown = shown_of(outcome, len(numbers), top)
    remarks = [*_remarks(numbers, outcome, len(shown)), *further]
    return [Grid(f"where {asked} of {network} may come from", COLUMNS, list(map(_row, shown)), remarks=remarks)]


def shown_of(outcome: Outcome, numbers: int, top: int) -> list[Reading]:
    """The nearest readings that explain all numbers; and of each number those that explain it alone, if these are
    nearer, taken together, or if nothing explains all."""
    together = [reading for reading in outcome.readings if len(reading.found) == numbers]
    alone: dict[str, list[Reading]] = {}
    for reading in outcome.readings:
        if len(reading.found) < numbers:
            alone.setdefault(", ".join(reading.found), []).append(reading)
    one_by_one = sum(readings[0].distance for readings in alone.values())
    if together and (len(alone) < numbers or one_by_one > together[0].distance):
        return together[:top]
    return [*together[:top], *(reading for readings in alone.values() for reading in readings[:top])]


def _row(reading: Reading) -> dict[str, Any]:
    return {"distance": reading.distance, "reading": sentence(reading)}


def sentence(reading: Reading) -> str:
    """A reading in one sentence: the network, and for each number its value and how it was counted."""
    values = (
        f"{quantity} {found.value:,}{' bytes' if quantity in BYTES else ''}{f', {found.text}' if found.text else ''}"
        for quantity, found in reading.found.items()
    )
    return f"{reading.text}: {'; '.join(values)}"


def _remarks(numbers: Sequence[Printed], outcome: Outcome, shown: int) -> Iterator[str]:
    texts = {number.quantity: number.text for number in numbers}
    for quantity, miss in outcome.misses.items():
        yield f"nothing that was tried gives {quantity} {texts[quantity]}{_nearest(quantity, miss) if miss else ''}"
    more = len(outcome.readings) - shown
    if more:
        yield f"{more:,} more {'reading' if more == 1 else 'readings'}, which explain less or are more far-fetched"
    if outcome.stopped:
        yield "stopped before the end, as the time was up; --seconds N searches longer"
    if outcome.readings:
        yield "distance: how far-fetched a reading is; 0 is the network as it is, by the lectures' convention"
        yield "the more far-fetched, and the fewer digits, the more likely it fits by chance"


def _nearest(quantity: str, miss: Miss) -> str:
    unit = " bytes" if quantity in BYTES else ""
    off = f"{100 * miss.off:.2g} % off" if miss.off < 1 else f"{miss.off + 1:,.0f} times as much"
    return f"; nearest is {miss.value:,}{unit}, {miss.text} ({off})"


def as_json(network: str, numbers: Sequence[Printed], outcome: Outcome, top: int) -> dict[str, Any]:
    """What the table shows, as data."""
    return {
        "network": network,
        "readings": [
            {
                "text": reading.text,
                "distance": reading.distance,
                "found": {quantity: found._asdict() for quantity, found in reading.found.items()},
            }
            for reading in shown_of(outcome, len(numbers), top)
        ],
        "misses": {quantity: miss and miss._asdict() for quantity, miss in outcome.misses.items()},
        "stopped": outcome.stopped,
    }
