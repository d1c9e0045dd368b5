"""Where does a published number come from? A search for the readings of a network that give its printed digits.

A reading says which network was counted, what slip was made in drawing or adding up, and for each number which layers
were counted, by which rule, in which unit, and how it was rounded. Each of these has a distance from the default, and
the readings with the smallest sums come first.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, product
from time import monotonic
from typing import Any, NamedTuple

from archcost.convention import around
from archcost.countings import SCOPES, Counted, Rule, countings, grouped, one_by_one
from archcost.errors import ArchcostError, did_you_mean
from archcost.figure import BYTES, given_figure
from archcost.memory import peak
from archcost.net import Step, propagate
from archcost.report import depth
from archcost.variations import Variation

WHOLE: Mapping[str, Callable[[Sequence[Step]], int]] = {  # quantities that are no sums over layers
    "peak_memory": lambda steps: 4 * peak(steps),
    "depth": depth,
}
SEARCHED = ("params", "buffers", "macs", "flops", "memory", "elements", *WHOLE)
BINARY = re.compile("[kKMG]$")
ZEROS = re.compile(r"[1-9][0-9]*[1-9]0+(?=[^0-9.]*$)")  # zeros at the end, which may be digits or not
COARSEST = 1 / 4  # of a number: what is rounded by more is no rounding
ADDED_UP = ("elements", "memory")
ROUNDINGS = {
    "nearest": ("", 0.0),
    "down": ("cut off, not rounded", 0.5),
    "twice": ("rounded twice", 0.4),
    "up": ("rounded up", 1.0),
}
FAR = {"": 0.0, "missing": 2.0, "twice": 2.0, "thousands": 2.5}  # how far-fetched slips are
SLIPS, RULES = 0.8, 2.0  # a net and a rule that are more far-fetched are not searched for slips besides
NEAR, SAID = 0.5, 2  # so much more far-fetched, and so many, are said in one breath
WAYS = 3  # of one network and slip to explain a number


class Interval(NamedTuple):
    """The whole numbers that a printed number may stand for, read in one way."""

    low: int
    high: int
    text: str
    distance: float


class Printed(NamedTuple):
    """A published number, with the ways to read it, the nearest first."""

    quantity: str
    text: str
    intervals: tuple[Interval, ...]

    @property
    def middle(self) -> float:
        """The number itself, or nearly: not 0."""
        return (self.intervals[0].low + self.intervals[0].high) / 2 or 0.5

    def reads(self, value: int) -> Interval | None:
        """The nearest way in which a value is printed like this."""
        return next((each for each in self.intervals if each.low <= value <= each.high), None)


class Found(NamedTuple):
    """A number explained: the value that rounds to it, and how it was counted."""

    value: int
    text: str
    distance: float


class Reading(NamedTuple):
    """One explanation: the network and the slip in it, and what it says of each number that it explains."""

    text: str
    distance: float
    found: Mapping[str, Found]


class Miss(NamedTuple):
    """The nearest value to a number that nothing explains."""

    value: int
    text: str
    off: float  # relative to the number


class Outcome(NamedTuple):
    """What a search found: the readings, best first, the nearest miss of each number, and whether time was up."""

    readings: tuple[Reading, ...]
    misses: Mapping[str, Miss | None]  # None where there was nothing to count
    stopped: bool


def printed(quantity: str, text: str) -> Printed:
    """A number of some quantity as it is printed: `13.6G`, `48.6MB`, `61,100,840`."""
    if quantity not in SEARCHED:
        near = did_you_mean(quantity, SEARCHED)
        raise ArchcostError(f"there is no quantity {quantity!r} to identify{near} (known: {', '.join(SEARCHED)})")
    intervals = sorted(_intervals(quantity, text), key=lambda each: each.distance)
    return Printed(quantity, text, tuple(intervals))


def _intervals(quantity: str, text: str) -> Iterator[Interval]:
    """What the number may stand for: KB and K may be 1000 or 1024, and it may be rounded in several ways."""
    text = text.strip()
    kilos = [("", 1000, 0.0), ("K = 1024", 1024, 2.0)]
    if quantity in BYTES:
        says = re.search("[KMG]B$", text)  # KiB and bytes leave nothing open
        kilos = [("KB = 1000 bytes", 1000, 0.0), ("KB = 1024 bytes", 1024, 0.25)] if says else [("", 1000, 0.0)]
    zeros = ZEROS.match(text.replace(",", ""))
    digits = [(None, 0.0), *([(len(zeros[0].rstrip("0")), 0.25)] if zeros else [])]
    seen: set[tuple[int, int]] = set()
    for (unit, kilo, far), (exact, farther), rounding in product(kilos, digits, ROUNDINGS):
        read = text if kilo == 1000 or quantity in BYTES else BINARY.sub(lambda unit: f"{unit[0].upper()}i", text)
        figure = given_figure(quantity, read, kilo, rounding, exact)
        coarse = float(figure.last / figure.value) if figure.value else 1.0
        words, distance = ROUNDINGS[rounding]
        if figure.bounds in seen or (words and coarse > COARSEST):
            continue
        seen.add(figure.bounds)
        blurred = min(1.0, 10 * coarse) if rounding in ("down", "up") else 0  # 6.9 as 6 is worse than 48.69 as 48.6
        yield Interval(*figure.bounds, _joined(unit, words), far + farther + distance + blurred)


class Sum(NamedTuple):
    """A rule applied to the steps of a net: running totals, so that what a part of it adds is one subtraction."""

    text: str
    distance: float
    totals: tuple[int, ...]

    @property
    def value(self) -> int:
        return self.totals[-1]

    def part(self, first: int, stop: int) -> int:
        return self.totals[stop] - self.totals[first]


class Unit(NamedTuple):
    """Neighbouring layers that may have been drawn once too often or not at all."""

    name: str
    first: int
    stop: int
    removable: bool  # what it makes is as large as what it reads


Slip = tuple[str, str]  # missing, twice, thousands or nothing; and the name of the unit


class Search:
    """Goes through networks that may be meant, and keeps what explains the numbers, until the time is up."""

    def __init__(self, numbers: Sequence[Printed], seconds: float) -> None:
        self.numbers = numbers
        self.deadline = monotonic() + seconds
        self.rules = {n.quantity: list(countings(n.quantity)) for n in numbers if n.quantity not in WHOLE}
        self.readings: list[Reading] = []
        self.misses: dict[str, Miss] = {}
        self.seen: set[Any] = set()
        self.stopped = False

    def late(self) -> bool:
        self.stopped = self.stopped or monotonic() > self.deadline
        return self.stopped

    def through(self, variations: Iterable[Variation]) -> Outcome:
        """The readings that give the numbers, those that explain more of them first."""
        for variation in variations:
            if self.late():
                break
            try:
                steps = propagate(variation.net())
            except ArchcostError:
                continue  # not every turn of a knob makes a network
            alike = tuple(map(_facts, steps))
            if alike not in self.seen:
                self.seen.add(alike)
                self.readings += self.of_network(variation, steps)
        best = sorted(_merged(self.readings), key=lambda each: (-len(each.found), each.distance))
        explained = {quantity for reading in best for quantity in reading.found}
        misses = {n.quantity: self.misses.get(n.quantity) for n in self.numbers if n.quantity not in explained}
        return Outcome(tuple(best), misses, self.stopped)

    def of_network(self, variation: Variation, steps: Sequence[Step]) -> Iterator[Reading]:
        """What a network explains as it is, and with one slip; slips that come to the same are one reading."""
        units = _units(steps) if variation.distance <= SLIPS else []
        by_slip: dict[Slip, dict[str, list[Found]]] = {}
        for number in self.numbers:
            for slip, found in self.explained(number, steps, units, variation.text):
                ways = by_slip.setdefault(slip, {}).setdefault(number.quantity, [])
                if len(ways) < WAYS:
                    ways.append(found)
        merged: dict[Any, list[str]] = {}
        for (kind, name), ways_of in by_slip.items():
            for chosen in product(*ways_of.values()):
                merged.setdefault((kind, tuple(zip(ways_of, chosen, strict=True))), []).append(name)
        for (kind, explained), names in merged.items():
            distance = variation.distance + FAR[kind] + sum(found.distance for _, found in explained)
            yield Reading(_words(variation.text, kind, names), distance, dict(explained))

    def explained(
        self, number: Printed, steps: Sequence[Step], units: Sequence[Unit], network: str
    ) -> Iterator[tuple[Slip, Found]]:
        """The slips, none among them, with which a number comes out, and how; the nearest rules first."""
        if number.quantity in WHOLE:
            total = Sum("", 0.0, (0, WHOLE[number.quantity](steps)))
            yield from self.plainly(number, total, network)
            return
        counted = one_by_one(steps) if units else grouped(steps)
        for total in self.sums(counted, self.rules[number.quantity]):
            yield from self.plainly(number, total, network)
            if units and total.distance <= RULES:
                yield from _slips(number, total, units)
                if number.quantity in ADDED_UP:
                    yield from _thousands(number, total, steps)

    def plainly(self, number: Printed, total: Sum, network: str) -> Iterator[tuple[Slip, Found]]:
        """The sum as it is, if it is printed like the number; if not, it may be the nearest miss."""
        interval = number.reads(total.value)
        if interval:
            yield ("", ""), _found(total.value, total, interval)
        off = abs(total.value / number.middle - 1)
        if number.quantity not in self.misses or off < self.misses[number.quantity].off:
            self.misses[number.quantity] = Miss(total.value, _joined(network, total.text) or "as it is", off)

    def sums(self, steps: Sequence[Counted], rules: Sequence[Rule]) -> Iterator[Sum]:
        """Every rule in every scope, the nearest first; what adds the same for every layer comes once."""
        columns: dict[int, list[int]] = {}
        seen: set[tuple[int, ...]] = set()
        for rule, scope in sorted(product(rules, SCOPES), key=lambda pair: pair[0].distance + pair[1].distance):
            if self.late():
                return
            if id(rule) not in columns:
                columns[id(rule)] = _column(rule, steps)
            kept = (n if n and scope.keeps(each) else 0 for n, each in zip(columns[id(rule)], steps, strict=True))
            totals = tuple(accumulate(kept, initial=0))
            if totals[-1] and totals not in seen:
                seen.add(totals)
                yield Sum(_joined(rule.text, scope.text), rule.distance + scope.distance, totals)


def _facts(step: Step) -> Any:
    """All that a count may depend on: networks with the same facts at every step are one."""
    cost = step.cost
    counted = (*cost.params.items(), *cost.ops.items(), *cost.buffers.items())
    return step.node.op, step.node.inputs, step.inputs, cost.out, cost.storage, counted, around(step.node)


def _merged(readings: Iterable[Reading]) -> Iterator[Reading]:
    """Readings that give the same values in the same ways as one, in the words of the nearest."""
    alike: dict[Any, list[Reading]] = {}
    for reading in sorted(readings, key=lambda each: each.distance):
        alike.setdefault(tuple(reading.found.items()), []).append(reading)
    for first, *others in alike.values():
        near = [each.text for each in others if each.distance <= first.distance + NEAR]
        more = [f"{len(near) - SAID} others"] if len(near) > SAID else []
        yield first._replace(text=", or ".join([first.text, *near[:SAID], *more]))


def _joined(*texts: str) -> str:
    return ", ".join(filter(None, texts))


def _found(value: int, total: Sum, interval: Interval) -> Found:
    return Found(value, _joined(total.text, interval.text), total.distance + interval.distance)


def _words(network: str, kind: str, units: Sequence[str]) -> str:
    """A network and a slip in words; `units` are those that come to the same."""
    some = ", ".join(units[:3]) + (f" or {len(units) - 3} more" if len(units) > 3 else "")
    which = f"one of {some}" if len(units) > 1 else some
    slip = {
        "": "",
        "missing": f"with {which} missing",
        "twice": f"with {which} counted twice",
        "thousands": "with the sizes of vectors added up as thousands",
    }[kind]
    return _joined(network, slip) or "as it is"


def _slips(number: Printed, total: Sum, units: Sequence[Unit]) -> Iterator[tuple[Slip, Found]]:
    """The units that, left out or counted twice, make the sum come out."""
    parts = sorted((total.part(unit.first, unit.stop), i) for i, unit in enumerate(units))
    sizes = [size for size, _ in parts]
    for interval in number.intervals:
        for kind, sign, low, high in (
            ("missing", -1, total.value - interval.high, total.value - interval.low),
            ("twice", 1, interval.low - total.value, interval.high - total.value),
        ):
            for size, i in parts[bisect_left(sizes, max(low, 1)) : bisect_right(sizes, high)]:
                value = total.value + sign * size
                if (sign > 0 or units[i].removable) and number.reads(value) is interval:
                    yield (kind, units[i].name), _found(value, total, interval)


def _thousands(number: Printed, total: Sum, steps: Sequence[Step]) -> Iterator[tuple[Slip, Found]]:
    """The sum with the sizes of vectors, printed as they are beside maps in thousands, added up as thousands too."""
    vectors = sum(total.part(i, i + 1) for i, step in enumerate(steps) if len(step.cost.out) == 1)
    value = total.value + 999 * vectors
    interval = number.reads(value)
    if interval and vectors:
        yield ("thousands", ""), _found(value, total, interval)


def _column(rule: Rule, steps: Sequence[Counted]) -> list[int]:
    """What each step adds; those that share their cost and the use of a block are asked once."""
    known: dict[Any, int] = {}
    for each in steps:
        key = (id(each.step.cost), id(each.step.node.via))
        if key not in known:
            known[key] = rule.of(each.step)
    return [each.times * known[id(each.step.cost), id(each.step.node.via)] for each in steps]


def _units(steps: Sequence[Step]) -> list[Unit]:
    """Every layer with weights and what follows it in place, and every block; of those with the same weights one."""
    spans: dict[str, tuple[int, int]] = {}
    for index, step in enumerate(steps):
        path = step.node.name.split("/")
        for prefix in ("/".join(path[:length]) for length in range(1, len(path))):
            spans[prefix] = spans.get(prefix, (index, index))[0], index + 1
        if "weight" in step.cost.params:
            stop = index + 1
            while stop < len(steps) and steps[stop].cost.storage == "inplace" and len(steps[stop].inputs) == 1:
                stop += 1
            spans[step.node.name] = index, stop
    weights = [*accumulate(("weight" in step.cost.params for step in steps), initial=0)]
    units: dict[tuple[int, int], Unit] = {}
    for name, (first, stop) in sorted(spans.items(), key=lambda item: item[0].count("/")):
        if weights[stop] > weights[first]:
            reads = steps[first].inputs[0] if steps[first].inputs else None
            unit = Unit(name, first, stop, removable=reads == steps[stop - 1].cost.out)
            units.setdefault((weights[first], weights[stop]), unit)
    return [*units.values()]
