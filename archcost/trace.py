"""A fourth arithmetic: integers that remember how they were made, so that a formula can be shown with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Traced(int):
    """An integer with its name, or with the sign and the numbers it was made from.

    It computes like the integer it is. What says nothing is left out: `+ 0`, `* 1` and `// 1` of numbers without a
    name, and what is taken away again. A negated quotient of a negated number is a quotient rounded up.
    """

    name: str
    sign: str
    parts: tuple[int, ...]

    def __new__(cls, value: int, name: str = "", sign: str = "", parts: tuple[int, ...] = ()) -> Traced:
        made = super().__new__(cls, value)
        made.name, made.sign, made.parts = name, sign, parts
        return made

    def __add__(self, other: Any) -> Any:
        return _sum(self, other) if isinstance(other, int) else NotImplemented

    def __radd__(self, other: Any) -> Any:
        return _sum(other, self) if isinstance(other, int) else NotImplemented

    def __sub__(self, other: Any) -> Any:
        return _difference(self, other) if isinstance(other, int) else NotImplemented

    def __rsub__(self, other: Any) -> Any:
        return _difference(other, self) if isinstance(other, int) else NotImplemented

    def __mul__(self, other: Any) -> Any:
        return _product(self, other) if isinstance(other, int) else NotImplemented

    def __rmul__(self, other: Any) -> Any:
        return _product(other, self) if isinstance(other, int) else NotImplemented

    def __floordiv__(self, other: Any) -> Any:
        return _quotient(self, other) if isinstance(other, int) else NotImplemented

    def __rfloordiv__(self, other: Any) -> Any:
        return _quotient(other, self) if isinstance(other, int) else NotImplemented

    def __neg__(self) -> Any:
        if self.sign == "//" and _sign(self.parts[0]) == "neg":
            above, below = _parts(self.parts[0])[0], self.parts[1]
            return Traced(-int(self), sign="ceil", parts=(above, below))
        return self.parts[0] if self.sign == "neg" else Traced(-int(self), sign="neg", parts=(self,))


def _sign(value: int) -> str:
    return value.sign if isinstance(value, Traced) else ""


def _parts(value: int) -> tuple[int, ...]:
    return value.parts if isinstance(value, Traced) else ()


def _says(value: int, number: int) -> bool:
    """Whether a value is this number and nothing else: without a name, and not computed."""
    return not isinstance(value, Traced) and value == number


def _sum(a: int, b: int) -> int:
    if _says(a, 0) or _says(b, 0):
        return b if _says(a, 0) else a
    if _sign(a) == "-" and _same(_parts(a)[1], b):
        return _parts(a)[0]
    if _sign(a) == "+" and _parts(a)[1] is b:  # padding at both ends
        return _sum(_parts(a)[0], _product(2, b))
    return Traced(int(a) + int(b), sign="+", parts=(a, b))


def _difference(a: int, b: int) -> int:
    if _says(b, 0):
        return a
    if _sign(a) == "+" and _same(_parts(a)[1], b):
        return _parts(a)[0]
    return Traced(int(a) - int(b), sign="-", parts=(a, b))


def _same(a: int, b: int) -> bool:
    return a is b or (not isinstance(a, Traced) and not isinstance(b, Traced) and a == b)


def _product(a: int, b: int) -> int:
    if _says(a, 0) or _says(b, 0):
        return 0
    if _says(a, 1) or _says(b, 1):
        return b if _says(a, 1) else a
    return Traced(int(a) * int(b), sign="*", parts=(a, b))


def _quotient(a: int, b: int) -> int:
    if a is b:
        return 1
    return a if _says(b, 1) else Traced(int(a) // int(b), sign="//", parts=(a, b))


def traced(value: Any, name: str) -> Any:
    """A number with a name; in a list each by that name, numbered where they differ. Anything else stays as it is."""
    if isinstance(value, tuple | list):
        alike = len({*map(repr, value)}) == 1
        numbered = name + ("" if _parted(name)[1] else "_")
        return tuple(traced(part, name if alike else f"{numbered}{i}") for i, part in enumerate(value, 1))
    return Traced(value, name) if isinstance(value, int) and not isinstance(value, bool) else value


class Notation(NamedTuple):
    """How sums, products and quotients are written."""

    name: Callable[[str], str]
    minus: str
    dot: str
    wide_dot: str  # between two products
    quotient: Callable[[str, str], str]
    floor: Callable[[str], str]
    ceil: Callable[[str], str]
    fenced: bool  # whether a quotient needs parentheses around sums in it


SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _parted(name: str) -> tuple[str, str]:
    """A name and its index, a number or a letter: `C_1`, `r'_H`; words such as output_pad have none."""
    base, _, index = name.rpartition("_")
    return (base, index) if base and (index.isdigit() or (len(index) == 1 and index.isupper())) else (name, "")


def _plain_name(name: str) -> str:
    base, index = _parted(name)
    return base + index.translate(SUBSCRIPTS)


def _latex_name(name: str) -> str:
    base, index = _parted(name)
    if index:
        return f"{_latex_name(base)}_{{{index}}}"
    word, primes = name.rstrip("'"), "'" * name.count("'")
    escaped = word.replace("_", r"\_")
    return (word if len(word) == 1 else rf"\mathit{{{escaped}}}") + primes


TEXT = Notation(
    name=_plain_name,
    minus=" − ",
    dot="·",
    wide_dot=" · ",
    quotient=lambda above, below: f"{above} / {below}",
    floor=lambda inner: f"⌊{inner}⌋",
    ceil=lambda inner: f"⌈{inner}⌉",
    fenced=True,
)
LATEX = Notation(
    name=_latex_name,
    minus=" - ",
    dot=r" \cdot ",
    wide_dot=r" \;\cdot\; ",
    quotient=lambda above, below: rf"\frac{{{above}}}{{{below}}}",
    floor=lambda inner: rf"\left\lfloor {inner} \right\rfloor",
    ceil=lambda inner: rf"\left\lceil {inner} \right\rceil",
    fenced=False,
)

SUM, PRODUCT, ATOM = 1, 2, 3  # how tightly what is written holds together
Known = Mapping[int, str]  # names of values that have been explained before, by their ids


class Writing(NamedTuple):
    """A way to write how a value was computed: with the names or with the numbers of what it was computed from."""

    notation: Notation
    named: bool
    known: Known

    def text(self, value: int) -> str:
        """How a value was computed; of a product of products it shows which these are."""
        if not isinstance(value, Traced) or value.sign != "*":
            return self.of(value)[0]
        left, right = map(self.factors, value.parts)
        dot = self.notation.wide_dot if len(right) > 1 else self.notation.dot
        return dot.join(map(self.notation.dot.join, (left, right)))

    def factors(self, value: int) -> list[str]:
        """The factors of a product; anything else is its only factor."""
        if isinstance(value, Traced) and value.sign == "*" and id(value) not in self.known:
            return [text for part in value.parts for text in self.factors(part)]
        return [self.within(value, PRODUCT + self.notation.fenced)]

    def within(self, value: int, least: int) -> str:
        """A value that stands in another, in parentheses unless it holds together by itself."""
        text, strength = (self.leaf(value, self.known[id(value)]), ATOM) if id(value) in self.known else self.of(value)
        return text if strength >= least else f"({text})"

    def leaf(self, value: int, name: str) -> str:
        return self.notation.name(name) if self.named and name else f"{int(value):,}"

    def of(self, value: int) -> tuple[str, int]:
        """A value in full, and how tightly that holds together."""
        if not isinstance(value, Traced) or not value.sign:
            return self.leaf(value, getattr(value, "name", "")), ATOM
        notation, parts = self.notation, value.parts
        if value.sign == "neg":
            return f"{notation.minus.strip()}{self.within(parts[0], PRODUCT)}", SUM
        if value.sign in "+-":
            sign, least = (" + ", SUM) if value.sign == "+" else (notation.minus, PRODUCT)
            return f"{self.within(parts[0], SUM)}{sign}{self.within(parts[1], least)}", SUM
        if value.sign == "*":
            return notation.dot.join(self.factors(value)), PRODUCT
        above, below = (self.within(part, ATOM if notation.fenced else SUM) for part in parts)
        quotient = notation.quotient(above, below)
        if parts[0] % parts[1] == 0:
            return quotient, PRODUCT
        return (notation.ceil if value.sign == "ceil" else notation.floor)(quotient), ATOM
