"""What is a size of a tensor as a formula of the sizes of the input?

Sizes are worked out by the formulas of the layers, on numbers that remember how they were made; what they remember is
brought into one form, so that equal formulas are equal values: `times * atom + more`.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd
from typing import Any, NamedTuple

from archcost.trace import Traced


class Size(NamedTuple):
    """`times * atom + more`. An atom is a name, or a sign with two sizes: a product, a sum, a quotient rounded down."""

    atom: Any
    times: int = 1
    more: int = 0

    def at(self, sizes: Mapping[str, int]) -> int:
        """Its value where the names have these."""
        if self.atom is None:
            return self.more
        return self.times * _atom_at(self.atom, sizes) + self.more

    def __str__(self) -> str:
        """As a specification writes it."""
        if self.atom is None:
            return str(self.more)
        atom = _text(self.atom)
        multiple = f"{self.times}*{atom}" if self.times != 1 else atom
        return f"{multiple} {'+' if self.more > 0 else '-'} {abs(self.more)}" if self.more else multiple


def number(value: int) -> Size:
    """A size that does not depend on the input."""
    return Size(None, 0, value)


def formula(value: int, known: Mapping[str, Size]) -> Size:
    """What a number remembers; `known` are the sizes that the names in it stand for."""
    if not isinstance(value, Traced):
        return number(int(value))
    if not value.sign:
        return known[value.name]
    a, *rest = (formula(part, known) for part in value.parts)
    if value.sign == "neg":
        return scaled(a, -1)
    (b,) = rest
    if value.sign == "ceil":
        return divided(added(added(a, b), number(-1)), b)
    return {"+": added, "-": lambda a, b: added(a, scaled(b, -1)), "*": multiplied, "//": divided}[value.sign](a, b)


def added(a: Size, b: Size) -> Size:
    """The sum."""
    if a.atom == b.atom or a.atom is None or b.atom is None:
        times = a.times + b.times
        return Size(b.atom if a.atom is None else a.atom, times, a.more + b.more) if times else number(a.more + b.more)
    return Size(("+", *sorted((a, b), key=repr)))


def scaled(a: Size, by: int) -> Size:
    """So many times a size."""
    return Size(a.atom, a.times * by, a.more * by) if by else number(0)


def multiplied(a: Size, b: Size) -> Size:
    """The product."""
    if a.atom is None or b.atom is None:
        return scaled(b, a.more) if a.atom is None else scaled(a, b.more)
    return Size(("*", *sorted((a, b), key=repr)))


def divided(a: Size, b: Size) -> Size:
    """The quotient, rounded down; roundings of roundings are one."""
    if b.atom is not None or b.more < 1:
        return Size(("//", a, b))
    by = b.more
    common = gcd(a.times, by)
    if a.atom is None or common == by:
        return Size(a.atom, a.times // by, a.more // by)
    if common > 1:
        return divided(Size(a.atom, a.times // common, a.more // common), number(by // common))
    if a.times == 1 and a.atom[0] == "//" and a.atom[2].atom is None:
        _, inner, earlier = a.atom
        return divided(added(inner, number(a.more * earlier.more)), number(earlier.more * by))
    return Size(("//", a._replace(more=a.more % by), b), 1, a.more // by)


def _atom_at(atom: Any, sizes: Mapping[str, int]) -> int:
    if isinstance(atom, str):
        return sizes[atom]
    sign, a, b = atom
    x: int = a.at(sizes)
    y: int = b.at(sizes)
    return x * y if sign == "*" else x + y if sign == "+" else x // y


def _text(atom: Any) -> str:
    """An atom that holds together beside a factor."""
    if isinstance(atom, str):
        return atom
    sign, a, b = atom
    return f"({_within(a)}{sign}{_within(b)})" if sign != "+" else f"({a} + {b})"


def _within(size: Size) -> str:
    return str(size) if size.atom is None or (size.times, size.more) == (1, 0) else f"({size})"
