"""The points of a sweep: values of knobs, crossed or side by side, any part of them made by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm, prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from archcost.errors import ArchcostError, Source
from archcost.kinds import LARGEST
from archcost.source import parse, plain_data

Values: TypeAlias = "np.ndarray[Any, Any]"
MOST = 10**7  # values of an axis: 80 MB
MOST_POINTS = 10**15
NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
RANGE = re.compile(rf"({NUMBER}):({NUMBER})(?::({NUMBER}))?$")
DRAWN = re.compile(rf"(random|log)\(({NUMBER}),({NUMBER}),n=([0-9]{{1,12}})\)$")


class Axes(NamedTuple):
    """Groups of knobs: within a group the values stand side by side, the groups are crossed, the last one fastest."""

    groups: tuple[Mapping[str, Values], ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        return tuple(len(next(iter(group.values()))) for group in self.groups)

    @property
    def points(self) -> int:
        """How many points there are."""
        return prod(self.lengths)

    @property
    def knobs(self) -> tuple[str, ...]:
        return tuple(name for group in self.groups for name in group)

    def values(self, knob: str) -> Any:
        """The values of a knob, each once if it stands by itself."""
        return next(group[knob] for group in self.groups if knob in group)

    def part(self, first: int, stop: int) -> dict[str, Values]:
        """The points from `first` to before `stop`, an array for each knob."""
        places = np.unravel_index(np.arange(first, min(stop, self.points)), self.lengths)
        return {
            name: values[place]
            for group, place in zip(self.groups, places, strict=True)
            for name, values in group.items()
        }

    def parts(self, size: int) -> Iterator[dict[str, Values]]:
        """All points, so many at a time."""
        for first in range(0, self.points, size):
            yield self.part(first, first + size)


def axes(texts: Sequence[str], zipped: bool, seed: int) -> Axes:
    """The points that texts `K=VALUES` describe: crossed, or side by side. What is random is drawn together."""
    drawn: dict[str, Values] = {}
    listed: dict[str, Values] = {}
    random = np.random.default_rng(seed)
    for text in texts:
        name, equals, values = text.partition("=")
        if not name or not equals or not values:
            raise ArchcostError(
                f"a sweep takes K=V1,V2,... or K=START:STOP:STEP, such as resolution=160:256:32, not {text!r}"
            )
        if name in drawn or name in listed:
            raise ArchcostError(f"{name} is given twice")
        (drawn if values.lstrip().startswith("random") else listed)[name] = _values(name, values, random)
    groups = [{**listed, **drawn}] if zipped else [*({name: values} for name, values in listed.items()), drawn]
    for group in groups:
        lengths = {name: len(values) for name, values in group.items()}
        if len({*lengths.values()}) > 1:
            raise ArchcostError(f"side by side, knobs need as many values each, not {lengths}")
    found = Axes(tuple(group for group in groups if group))
    if found.points > MOST_POINTS:
        raise ArchcostError(f"that makes {found.points:,} points, more than {MOST_POINTS:,}")
    return found


def _values(name: str, text: str, random: np.random.Generator) -> Values:
    dense = text.replace(" ", "")
    ranged, drawn = RANGE.match(dense), DRAWN.match(dense)
    if ranged:
        return _range(name, *(part or "1" for part in ranged.groups()))
    if drawn:
        kind, low, high, many = drawn[1], _number(drawn[2]), _number(drawn[3]), int(drawn[4])
        if not low < high or not 0 < many <= MOST or (kind == "log" and (low <= 0 or many < 2)):
            least = "2" if kind == "log" else "1"
            raise ArchcostError(
                f"{name}={text}: the first bound must be below the second, and n from {least} to {MOST:,}"
            )
        return _random(low, high, many, random) if kind == "random" else _log(low, high, many)
    if dense.startswith(("random(", "log(")):
        raise ArchcostError(f"{name}={text}: write random(LOW,HIGH,n=COUNT) or log(LOW,HIGH,n=COUNT)")
    listed = plain_data(parse(Source(f"{name}=", f"[{text}]")))
    if not listed or any(value is None or isinstance(value, dict) for value in listed):
        raise ArchcostError(f"{name}={text}: a value is empty, or no number, word, truth or list")
    return _array([tuple(value) if isinstance(value, list) else value for value in listed])


def _number(text: str) -> Any:
    """The number that a text writes, whole if it is."""
    number = _fraction(text)
    return int(number) if number.denominator == 1 and "." not in text else float(number)


def _fraction(text: str) -> Fraction:
    """The number that a text writes, exactly."""
    if abs(int(re.split("[eE]", text)[1]) if re.search("[eE]", text) else 0) > 30:
        raise ArchcostError(f"{text} is too large or too small for any size")
    number = Fraction(text)
    if not abs(number) < LARGEST:
        raise ArchcostError(f"{text} is too large for any size")
    return number


def _range(name: str, *texts: str) -> Values:
    """From start to stop, which is included when a step lands on it: exactly, as the decimals are written."""
    start, stop, step = map(_fraction, texts)
    if not step or (stop - start) / step < 0:
        raise ArchcostError(f"{name}={':'.join(texts)} is empty")
    many = (stop - start) // step + 1
    parts = lcm(start.denominator, step.denominator)
    if many > MOST or max(abs(start), abs(stop)) * parts >= LARGEST:
        raise ArchcostError(f"{name}={':'.join(texts)} has more than {MOST:,} values, or too large ones")
    values = int(start * parts) + np.arange(many) * int(step * parts)
    return np.asarray(values if not any("." in text for text in texts) and parts == 1 else values / parts)


def _random(low: Any, high: Any, many: int, random: np.random.Generator) -> Values:
    whole = isinstance(low, int) and isinstance(high, int)
    return random.integers(low, high, many, endpoint=True) if whole else random.uniform(low, high, many)


def _log(low: Any, high: Any, many: int) -> Values:
    """Values at equal ratios, ends included; whole ones, each once, between whole bounds."""
    values = np.geomspace(low, high, many)
    if not isinstance(low, int) or not isinstance(high, int):
        return values
    return np.unique([low, *map(round, values.tolist()[1:-1]), high])


def _array(values: Sequence[Any]) -> Values:
    """Whole numbers or numbers as such; anything else as objects."""
    if all(type(value) is int for value in values):
        return np.array(values, dtype=np.int64)
    if all(type(value) in (int, float) for value in values):
        return np.array(values, dtype=np.float64)
    found = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        found[index] = value
    return found
