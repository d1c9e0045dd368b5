"""Numbers as people read them: one unit for a column, thousands separated, halves rounded up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from archcost.report import Report

LETTERS = ("", "K", "M", "G", "T")
ENOUGH = 100  # a column's total shows at least three digits in its unit


class Unit(NamedTuple):
    """What a column's numbers are divided by, and how that is called."""

    name: str
    factor: int = 1

    def text(self, value: Any) -> str:
        """The value in this unit: exact where the unit is one, else rounded to a whole number."""
        if not isinstance(value, int):
            return str(value)
        return f"{value if self.factor == 1 else int(Fraction(value, self.factor) + Fraction(1, 2)):,}"


EXACT = Unit("")


def unit(quantity: str, wanted: str, total: Any, kilo: int) -> Unit:
    """The unit of a column: as wanted, else the lectures' (KB, K parameters, M FLOPs) or smaller for a small net."""
    base = kilo if quantity == "memory" else 1000
    suffix = "B" if quantity == "memory" else ""
    if wanted != "auto":
        power = 0 if wanted == "exact" else LETTERS.index(wanted)
        return Unit(LETTERS[power] + suffix, base**power)
    power = {"memory": 1, "params": 1, "buffers": 1}.get(quantity, 2)
    while power and isinstance(total, int) and total < ENOUGH * base**power:
        power -= 1
    return Unit(LETTERS[power] + suffix, base**power)


def short(value: Any, base: int = 1000, suffix: str = "") -> str:
    """One number with three or four digits and a letter: `61.10 M`, `2.25 MB`."""
    if not isinstance(value, int | float | Fraction):
        return str(value)
    power = 0
    while power + 1 < len(LETTERS) and abs(value) >= base ** (power + 1):
        power += 1
    if power == 0:
        return f"{value:,} {suffix}".rstrip() if isinstance(value, int) else f"{float(value):.2f} {suffix}".rstrip()
    if round(abs(value) / base**power, 2) >= base and power + 1 < len(LETTERS):
        power += 1
    return f"{value / base**power:.2f} {LETTERS[power]}{suffix}"


def ratio(value: float) -> str:
    """How many times: `25.4x`."""
    return f"{value:,.0f}x" if value >= 999.5 else f"{value:.3g}x"


def bar(share: float, width: int = 10) -> str:
    """A share of one as a bar in eighths of a column."""
    eighths = round(share * width * 8)
    full, part = divmod(eighths, 8)
    return "█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")


def caption(report: Report) -> str:
    """How a report was counted, and in which units."""
    convention = report.convention
    counted = ": ".join(filter(None, (f"convention {convention.name}", convention.text)))
    return f"{counted}; batch {report.batch}, {report.dtype}, KB = {convention.kilo} bytes"


def incomplete(network: str, uncounted: Mapping[str, int]) -> list[str]:
    """A remark where operators are left out."""
    listed = ", ".join(f"{name} ({count})" for name, count in uncounted.items())
    return [f"{network} is INCOMPLETE: not counted are {listed}"] if listed else []


def axes(values: Sequence[Any] | Any) -> str:
    """A value per axis, once where all are the same: `3`, `1x7`; uneven padding as `0/1`."""
    if not isinstance(values, list | tuple):
        return "" if values is None else str(values)
    texts = ["/".join(map(str, v)) if isinstance(v, list | tuple) else str(v) for v in values]
    return texts[0] if len(set(texts)) == 1 else "x".join(texts)
