"""The largest or smallest setting of a knob at which a condition on the cost of a network holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal, localcontext
from typing import Any, Literal, NamedTuple

import numpy as np

from archcost.axes import RANGE, Values
from archcost.errors import ArchcostError
from archcost.kinds import LARGEST
from archcost.sweep import QUANTITIES, Subject, evaluate, holds, why

PARTS = 50_000  # into which a range is cut, whose points run as one array
FEW = 30  # parts, where each point is a network of its own,
EACH = 2000  # unless there are no more settings than that
MOST = 10**15  # values of a range with a step: beyond, neighbours are the same to a computer
DIGITS = Context(prec=12, Emin=-30)  # of what is searched without a step
EXACT = Context(prec=60)

Goal = Literal["maximize", "minimize"]


class Range(NamedTuple):
    """The settings among which is searched: from low to high by a step, or all with 12 significant digits."""

    low: Decimal
    high: Decimal
    step: Decimal | None = None
    whole: bool = False

    def inside(self, low: Decimal, high: Decimal, parts: int = PARTS) -> list[Decimal]:
        """Settings between two others, evenly and in order: all where they are few, none where there is none."""
        with localcontext(EXACT):
            if self.step:
                steps = int((high - low) / self.step)
                found = {low + steps * part // parts * self.step for part in range(1, parts)}
            else:
                found = {DIGITS.plus(low + (high - low) * part / parts) for part in range(1, parts)}
                found.add(DIGITS.next_plus(low))
        return sorted(value for value in found if low < value < high)

    def setting(self, value: Decimal) -> int | float:
        """A value as a knob takes it."""
        return int(value) if self.whole else float(value)


class Tried(NamedTuple):
    """A setting and what the network costs there, unless it is impossible."""

    value: int | float
    at: Mapping[str, int] | None


class Found(NamedTuple):
    """The best setting, and the one next to it, at which the condition fails."""

    knob: str
    best: Tried | None  # None: the condition holds nowhere
    beyond: Tried | None  # None: there is none in the range
    points: int  # that were tried
    every: bool  # whether these were all of the range
    why: str = ""  # what makes the network impossible, at that next setting or, where nothing is found, everywhere

    @property
    def limited_by(self) -> Literal["condition", "bound"] | None:
        """What keeps the setting from being better."""
        return None if self.best is None else "condition" if self.beyond else "bound"


def span(knob: str, text: str) -> Range:
    """The range that `LOW:HIGH` or `LOW:HIGH:STEP` describes."""
    matched = RANGE.match(text)
    if not matched:
        raise ArchcostError(f"{knob}={text}: a range is LOW:HIGH or LOW:HIGH:STEP, in numbers")
    low, high = Decimal(matched[1]), Decimal(matched[2])
    step = Decimal(matched[3]) if matched[3] else None
    if low > high or (step is not None and step <= 0):
        raise ArchcostError(f"{knob}={text} is empty: the lower bound comes first, and a step is above 0")
    if max(abs(low), abs(high)) >= LARGEST:
        raise ArchcostError(f"{knob}={text}: a number too large for any size or count")
    whole = not any(part and ("." in part or Decimal(part) % 1) for part in matched.groups())
    if whole and step is None:
        step = Decimal(1)
    if step is None:
        return Range(low, high)
    with localcontext(EXACT):
        if (high - low) / step > MOST:
            raise ArchcostError(f"{knob}={text} has more than 10**15 values")
        return Range(low, low + int((high - low) / step) * step, step, whole)


def search(
    subject: Subject, fixed: Mapping[str, Values], knob: str, among: Range, where: str, goal: Goal = "maximize"
) -> Found:
    """The setting: all are tried where they are few, else many, then many between the two where the condition changes.

    Where not all are tried, the condition must hold in one stretch of them. Where the network is impossible it does
    not hold. `fixed` has one value for each of the other knobs that are set.
    """
    settings = (among.high - among.low) / among.step if among.step else math.inf
    parts = PARTS if _takes_arrays(subject, fixed, knob, among) else EACH if settings < EACH else FEW
    ends = [among.low, among.high][: 1 + (among.low < among.high)]
    values, count = [ends[0], *among.inside(among.low, among.high, parts), *ends[1:]], 0
    every = settings < len(values)
    while True:
        tried = _costs(subject, fixed, knob, [among.setting(value) for value in values])
        if among.step is None:
            _require_fractions(knob, tried)
        held = _held(where, subject, fixed, knob, tried)
        if not every:
            _require_one_stretch(held, knob, tried, where)
        count += len(tried)
        if not any(held):
            nowhere = not any(point.at for point in tried)
            complaint = why(subject, {**_plain(fixed), knob: tried[0].value}) if nowhere else ""
            return Found(knob, None, None, count, every, complaint)
        best = len(held) - 1 - held[::-1].index(True) if goal == "maximize" else held.index(True)
        beyond = best + 1 if goal == "maximize" else best - 1
        if not 0 <= beyond < len(values):
            return Found(knob, tried[best], None, count, every)
        low, high = sorted((values[best], values[beyond]))
        inside = among.inside(low, high, parts)
        if not inside:
            complaint = "" if tried[beyond].at else why(subject, {**_plain(fixed), knob: tried[beyond].value})
            return Found(knob, tried[best], tried[beyond], count, every, complaint)
        values = [low, *inside, high]


def _costs(subject: Subject, fixed: Mapping[str, Values], knob: str, settings: Sequence[int | float]) -> list[Tried]:
    """What the network costs at each setting."""
    points = {name: one[np.zeros(len(settings), dtype=int)] for name, one in fixed.items()} | {knob: np.array(settings)}
    found, possible = evaluate(subject, points)
    columns = {name: column.tolist() for name, column in found.items()}
    return [
        Tried(setting, {name: column[place] for name, column in columns.items()} if possible[place] else None)
        for place, setting in enumerate(settings)
    ]


def _require_fractions(knob: str, tried: Sequence[Tried]) -> None:
    """Refuse a range of fractions of a knob that takes whole numbers only."""
    possible = [point.value for point in tried if point.at]
    if len(tried) > len(possible) > 0 and all(float(value).is_integer() for value in possible):
        low, high = math.ceil(tried[0].value), math.floor(tried[-1].value)
        raise ArchcostError(f"{knob} takes whole numbers only, as it seems: write {knob}={low}:{high}")


def _held(where: str, subject: Subject, fixed: Mapping[str, Values], knob: str, tried: Sequence[Tried]) -> list[bool]:
    """At which settings the network is possible and the condition holds."""
    possible = [place for place, point in enumerate(tried) if point.at]
    held = [False] * len(tried)
    if possible:
        columns = {"network": np.full(len(possible), subject.name, dtype=object)}
        columns |= {name: one[np.zeros(len(possible), dtype=int)] for name, one in fixed.items()}
        columns[knob] = np.array([tried[place].value for place in possible])
        columns |= {name: np.array([(tried[place].at or {})[name] for place in possible]) for name in QUANTITIES}
        for place, answer in zip(possible, holds(where, columns).tolist(), strict=True):
            held[place] = answer
    return held


def _require_one_stretch(held: Sequence[bool], knob: str, tried: Sequence[Tried], where: str) -> None:
    """Refuse a condition that holds, fails and holds again."""
    fails = next((place for place in range(1, len(held)) if held[place - 1] and not held[place]), len(held))
    if True in held[fails:]:
        first, last, again = (tried[place] for place in (fails - 1, fails, held.index(True, fails)))
        fault = "fails" if last.at else "the network is impossible"
        raise ArchcostError(
            f"{where!r} holds at {knob}={first.value}, {fault} at {last.value} and it holds again at {again.value}: "
            "a search among so many needs one stretch where it holds; narrow the range, or give a STEP"
        )


def _takes_arrays(subject: Subject, fixed: Mapping[str, Values], knob: str, among: Range) -> bool:
    """Whether a knob may be an array: not where it says which layers there are."""
    for value in (among.low, among.high):
        pair = np.array([among.setting(value)] * 2)
        if not why(subject, {**_plain(fixed), knob: pair}):
            return True
    return False


def _plain(one: Mapping[str, Values]) -> dict[str, Any]:
    """Knobs with one value each, as Python has it."""
    return {name: values.tolist()[0] for name, values in one.items()}
