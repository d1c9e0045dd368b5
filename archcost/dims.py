"""Arithmetic that means the same on ints, SymPy symbols and NumPy arrays.

Formulas use `+ - * // %`, `math.prod` and what stands here. Symbols are declared `integer=True, positive=True`.
The questions `same`, `divides` and `at_least` answer True, False, or None where it depends on a symbol.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias, cast

from archcost.errors import ArchcostError, ShapeError

# To the type checker a dim is an int; at run time a SymPy expression or an integer array behaves like one.
Dim: TypeAlias = int
Count: TypeAlias = int  # as a dim, but may be 0
Shape: TypeAlias = tuple[Dim, ...]
Answer: TypeAlias = bool | None


class Disagreement(ArchcostError):
    """The points of an array answer a question differently; `answers` has one truth value a point."""

    def __init__(self, answers: Any) -> None:
        super().__init__("the points of an array answer this question differently")
        self.answers = answers


def is_symbolic(*dims: Any) -> bool:
    """Whether any of the dims is a SymPy expression."""
    return any(hasattr(dim, "free_symbols") for dim in dims)


def ceil_div(number: Dim, divisor: Dim) -> Dim:
    """The quotient rounded up."""
    return -(-number // divisor)


def lesser(a: Dim, b: Dim) -> Dim:
    """The smaller of two, element by element on arrays."""
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    if is_symbolic(a, b):
        import sympy

        return cast(Dim, sympy.Min(a, b))
    if hasattr(a, "dtype") or hasattr(b, "dtype"):
        import numpy

        return cast(Dim, numpy.minimum(a, b))
    return min(a, b)


def greater(a: Dim, b: Dim) -> Dim:
    """The larger of two, element by element on arrays."""
    if isinstance(a, int) and isinstance(b, int):
        return max(a, b)
    if not is_symbolic(a, b) and (hasattr(a, "dtype") or hasattr(b, "dtype")):
        import numpy

        return cast(Dim, numpy.maximum(a, b))
    return -lesser(-a, -b)


def gcd(a: Dim, b: Dim) -> Dim:
    """The greatest common divisor."""
    if isinstance(a, int) and isinstance(b, int):
        return math.gcd(a, b)
    if is_symbolic(a, b):
        return cast(Dim, _symbolic_gcd()(a, b))
    import numpy

    return cast(Dim, numpy.gcd(a, b))


@cache
def _symbolic_gcd() -> Any:
    """SymPy's own gcd is that of polynomials: to it gcd(n, 6) is 1. This one waits until both are numbers."""
    import sympy

    class gcd(sympy.Function):  # type: ignore[misc]
        is_integer = True
        is_positive = True

        @classmethod
        def eval(cls, a: Any, b: Any) -> Any:
            if a.is_Integer and b.is_Integer:
                return sympy.Integer(math.gcd(int(a), int(b)))
            if a == 1 or b == 1:
                return sympy.Integer(1)
            return a if a == b else None

    return gcd


def same(a: Dim, b: Dim) -> Answer:
    """Whether two dims are equal."""
    return True if a is b else _is_zero(a - b)


def divides(divisor: Dim, number: Dim) -> Answer:
    """Whether the division leaves no remainder."""
    return _is_zero(number % divisor)


def at_least(number: Dim, least: Dim) -> Answer:
    """Whether the number is not below `least`."""
    if isinstance(number, int) and isinstance(least, int):
        return number >= least
    if hasattr(number, "dtype") and isinstance(least, int) and number.min() >= least:
        return True
    difference: Any = number - least
    return difference.is_nonnegative if is_symbolic(difference) else _agreed(difference >= 0)


def _is_zero(difference: Any) -> Answer:
    if isinstance(difference, int):
        return difference == 0
    return difference.expand().is_zero if is_symbolic(difference) else _agreed(difference == 0)


def _agreed(answers: Any) -> bool:
    if isinstance(answers, bool):
        return answers
    if answers.all():
        return True
    if answers.any():
        raise Disagreement(answers)
    return False


def symbols_in(*values: Any) -> list[str]:
    """The names of the symbols in some values."""
    return sorted({str(name) for value in values for name in getattr(value, "free_symbols", ())})


def settled(answer: Any) -> Any:
    """A comparison of arrays or symbols as one truth value, where all points agree and no symbol is left open."""
    if is_symbolic(answer):
        return bool(answer) if answer in (True, False) else answer
    return _agreed(answer) if hasattr(answer, "dtype") and answer.dtype.kind == "b" else answer


def surely(question: Callable[[Dim, Dim], Answer], a: Dim, b: Dim) -> bool:
    """Whether the answer is True for every symbol and at every point: for what may also be left unsaid."""
    try:
        return question(a, b) is True
    except Disagreement:
        return False


def require(answer: Answer, complaint: str, *values: object) -> None:
    """Refuse on False. The complaint is formatted with the values only then: shapes read `64 x 56 x 56`."""
    if answer is False:
        raise ShapeError(complaint.format(*(sizes(v) if isinstance(v, tuple) else v for v in values)))


def each(value: Dim | Sequence[Dim], rank: int) -> Shape:
    """One value per axis: `3` is `(3, 3)` at rank 2."""
    if not isinstance(value, list | tuple):
        return (value,) * rank  # type: ignore[return-value]
    require(len(value) == rank, "{} values are given for {} axes", len(value), rank)
    return tuple(value)


def sizes(shape: Sequence[object]) -> str:
    """A shape as people write it: `64 x 56 x 56`."""
    return " x ".join(map(str, shape))
