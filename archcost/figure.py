"""A printed number: what it says, how precisely, and whether a computed value rounds to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from archcost.dims import sizes
from archcost.errors import ArchcostError, did_you_mean

PRINTED = re.compile(r"~?\s*((?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?|\.[0-9]+)\s*([A-Za-z%]*)$")
COUNTED = re.compile(r"(?i)\s*(flops?|macs?|ops|params)$")  # what tools write behind the prefix: 4.1 GMac
LONGEST = 40
SHAPE = re.compile(r"[0-9]+( ?x ?[0-9]+)+$")
BYTES = ("memory", "peak_memory")  # quantities in bytes
RATIOS: Mapping[str, Fraction] = {"x": Fraction(1), "X": Fraction(1), "%": Fraction(1, 100)}
COUNTS: Mapping[str, Fraction] = {
    **{letter: Fraction(1000) ** power for power, letter in enumerate(("", "K", "M", "G", "T"))},
    **{"k": Fraction(10**3), "B": Fraction(10**9), "Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30)},
    **RATIOS,
}


def byte_units(kilo: int) -> Mapping[str, Fraction]:
    """Units of memory; KB, MB and GB are what a convention says."""
    decimal = {f"{letter}B": Fraction(kilo) ** power for power, letter in enumerate(("", "K", "M", "G"))}
    binary = {f"{letter}iB": Fraction(1024) ** power for power, letter in enumerate(("K", "M", "G"), 1)}
    return {**decimal, **binary, "bits": Fraction(1, 8), **RATIOS}


class Figure(NamedTuple):
    """A number, the worth of its last printed digit, and which way it was rounded."""

    value: Fraction
    last: Fraction
    rounded: str = "nearest"

    @property
    def interval(self) -> tuple[Fraction, Fraction, bool, bool]:
        """From where to where values are printed like this, and whether each end still is."""
        value, last = self.value, self.last
        return {
            "nearest": (value - last / 2, value + last / 2, True, True),
            "down": (value, value + last, True, False),
            "up": (value - last, value, False, True),
            "twice": (value - last * Fraction(11, 20), value - last / 2, True, False),  # 1.449 as 1.45, that as 1.5
        }[self.rounded]

    @property
    def bounds(self) -> tuple[int, int]:
        """The smallest and the largest whole number that is printed like this."""
        low, high, with_low, with_high = self.interval
        return (ceil(low) if with_low else floor(low) + 1), (floor(high) if with_high else ceil(high) - 1)

    def holds(self, computed: Any) -> bool:
        """Whether the computed value, rounded, is the figure."""
        value = Fraction(computed)
        low, high, with_low, with_high = self.interval
        return low < value < high or (with_low and value == low) or (with_high and value == high)

    def holds_transposed(self, computed: Any) -> bool:
        """Whether the computed value, rounded, is the figure but for two neighbouring digits exchanged."""
        digits = str(round(Fraction(computed) / self.last))
        swapped = (digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :] for i in range(len(digits) - 1))
        return any(int(text) * self.last == self.value for text in swapped)


def read_figure(text: str, units: Mapping[str, Fraction], digits: int | None, rounded: str) -> Figure:
    """The figure that a text prints, with so many significant digits if zeros at its end are none."""
    found = PRINTED.match(text.strip())
    if not found:
        raise ArchcostError(f"{text!r} is not a figure: write digits and a unit")
    number, unit = found[1].replace(",", ""), found[2]
    if unit not in units:
        known = ", ".join(filter(None, units))
        raise ArchcostError(f"there is no unit {unit!r}{did_you_mean(unit, units)} (known: {known})")
    if len(number) > LONGEST or (digits or 0) > LONGEST:
        raise ArchcostError(f"a figure has {LONGEST} digits at most")
    whole, _, decimals = number.partition(".")
    places = len(decimals) if digits is None else digits - len(whole.lstrip("0"))
    return Figure(Fraction(number) * units[unit], units[unit] / Fraction(10) ** places, rounded)


def given_figure(
    quantity: str, text: str, kilo: int = 1000, rounded: str = "nearest", digits: int | None = None
) -> Figure:
    """The figure of a quantity that someone has read somewhere: in bytes, or a count; ratios are none."""
    units = byte_units(kilo) if quantity in BYTES else COUNTS
    number = COUNTED.sub("", text.strip())
    if number[-1:].isdigit() and (quantity in BYTES or "." in number):
        wanted = "B, KB, MB, GB, KiB, MiB or GiB" if quantity in BYTES else "K, M, G or T"
        raise ArchcostError(f"{quantity} {text} has no unit: add {wanted}")
    return read_figure(number, {unit: worth for unit, worth in units.items() if unit not in RATIOS}, digits, rounded)


def shape_holds(computed: tuple[Any, ...], axes: tuple[Any, ...], printed: str) -> bool:
    """Whether a printed shape is the computed one, or a printed size the length of each of its axes."""
    if SHAPE.match(printed):
        return sizes(computed) == printed.replace(" ", "").replace("x", " x ")
    return all(str(n) == printed.replace(",", "") for n in axes)


def plain(value: Any) -> str:
    """A computed value as text: exact, with separators; an identity as it is printed."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return sizes(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"
