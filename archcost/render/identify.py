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
ALONE = 3  # readings of a number that are shown beside those that explain all


def grids(network: str, numbers: Sequence[Printed], outcome: Outcome, top: int) -> list[Grid]:
    """The readings that explain the most numbers, then the nearest of each number by itself."""
    asked = ", ".join(f"{number.quantity} {number.text}" for number in numbers)
    title = f"where {asked} of {network} may come from"
    shown = _shown(outcome.readings, len(numbers), top)
    return [Grid(title, COLUMNS, list(map(_row, shown)), remarks=list(_remarks(numbers, outcome, len(shown))))]


def _shown(readings: Sequence[Reading], numbers: int, top: int) -> list[Reading]:
    most = len(readings[0].found) if readings else 0
    shown = [reading for reading in readings if len(reading.found) == most][:top]
    if numbers > 1:
        for quantity in dict.fromkeys(quantity for reading in readings for quantity in reading.found):
            alone = [reading for reading in readings if [*reading.found] == [quantity]]
            shown += [reading for reading in alone[:ALONE] if reading not in shown]
    return shown


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
        yield f"nothing that was tried gives {quantity} {texts[quantity]}; {_nearest(quantity, miss)}"
    if len(outcome.readings) > shown:
        yield f"{len(outcome.readings) - shown:,} more readings that are no better; --top N shows more"
    if outcome.stopped:
        yield "stopped before the end, as the time was up; --seconds N searches longer"
    if outcome.readings:
        yield "distance: how far-fetched a reading is; 0 is the network as it is, by the lectures' convention"


def _nearest(quantity: str, miss: Miss) -> str:
    unit = " bytes" if quantity in BYTES else ""
    return f"nearest is {miss.value:,}{unit}, {miss.text} ({100 * miss.off:.2g} % off)"


def as_json(network: str, outcome: Outcome) -> dict[str, Any]:
    """All readings, best first, as data."""
    return {
        "network": network,
        "readings": [
            {
                "text": reading.text,
                "distance": reading.distance,
                "found": {quantity: found._asdict() for quantity, found in reading.found.items()},
            }
            for reading in outcome.readings
        ],
        "misses": {quantity: miss._asdict() for quantity, miss in outcome.misses.items()},
        "stopped": outcome.stopped,
    }
