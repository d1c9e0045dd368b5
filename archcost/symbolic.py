"""What a network costs as a formula of its symbols. The one module that imports SymPy at the top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import sympy
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pycode import PythonCodePrinter
from sympy.printing.str import StrPrinter

from archcost.convention import Convention
from archcost.errors import ArchcostError
from archcost.expression import CONSTANTS, FUNCTIONS
from archcost.net import Step

QUANTITIES = ("macs", "flops", "params", "memory", "elements")
MULTIPLES = (
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    14,
    16,
    28,
    32,
    56,
    64,
    112,
    128,
    224,
    256,
)  # a size that is a multiple of one of these often divides evenly
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def symbol(name: str) -> Any:
    """A size that stands for any whole number from 1."""
    return sympy.Symbol(name, integer=True, positive=True)


class Symbols(Mapping[str, Any]):
    """Every name that is no function: a symbol."""

    def __getitem__(self, name: str) -> Any:
        return symbol(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name not in FUNCTIONS and name not in CONSTANTS

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass(frozen=True)
class Formula:
    """A quantity as an expression of SymPy; with values for its symbols, whole numbers or arrays of them, a number.

    >>> import archcost
    >>> formula = archcost.load("vit_b_16", width=64 * archcost.symbol("n")).formula("params")
    >>> str(formula), formula(n=12)
    ('589824·n² + 136000·n + 1000', 86567656)
    """

    expression: Any

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """The names of its symbols, in order."""
        return tuple(sorted(map(str, self.expression.free_symbols)))

    def __str__(self) -> str:
        return str(Text().doprint(self.expression)).replace("*", "·")

    @property
    def latex(self) -> str:
        """The formula as LaTeX writes it."""
        return str(sympy.latex(self.expression))

    def python(self, name: str = "cost") -> str:
        """A function of Python that works on whole numbers, exactly, and on NumPy arrays of them within 64 bits."""
        code = Code().doprint(self.expression)
        imported = "import numpy\n\n\n" if "numpy." in code else ""
        return f"{imported}def {name}({', '.join(self.symbols)}):\n    return {code}\n"

    @cached_property
    def _function(self) -> Any:
        made: dict[str, Any] = {}
        exec(self.python(), made)
        return made["cost"]

    def __call__(self, **values: Any) -> Any:
        if any(hasattr(value, "dtype") for value in values.values()):
            from archcost.guarded import guarded

            values = {name: guarded(v) if hasattr(v, "dtype") and v.ndim else v for name, v in values.items()}
        return self._function(**values)

    def over(self, other: Formula) -> Formula:
        """How many times another formula."""
        if other.expression == 0:
            raise ArchcostError("the second of the two networks costs nothing")
        return Formula(sympy.factor(sympy.cancel(self.expression / other.expression)))

    def multiples(self) -> dict[str, int] | None:
        """Multiples of which numbers its symbols must be, for no rounding to be left; None where none is found."""
        if not self.expression.has(sympy.floor, sympy.ceiling):
            return {}
        for many in MULTIPLES:
            evenly = {s: many * s for s in self.expression.free_symbols}
            if not tidied(self.expression.subs(evenly, simultaneous=True)).has(sympy.floor, sympy.ceiling):
                return dict.fromkeys(self.symbols, many)
        return None


def exact(value: Any) -> Any:
    """A value with fractions for its decimals, if it has symbols."""
    return sympy.nsimplify(value, rational=True) if hasattr(value, "free_symbols") else value


def total(steps: Sequence[Step], quantity: str, convention: Convention) -> Formula:
    """A quantity of some steps together, multiplied out."""
    return Formula(tidied(sum(_part(step, quantity, convention) for step in steps)))


def sizes(step: Step) -> tuple[Formula, ...]:
    """The shape that a step makes."""
    return tuple(Formula(tidied(n)) for n in step.cost.out)


def _part(step: Step, quantity: str, convention: Convention) -> Any:
    """What one step adds to a quantity."""
    if quantity == "macs":
        return step.cost.ops.get("mac", 0)
    if quantity == "flops":
        return convention.flops_of(step)
    if quantity == "params":
        return convention.params_of(step)
    held = convention.held(step) * prod(step.cost.out)
    return held if quantity == "elements" else held * convention.output_bytes(step)


def tidied(expression: Any) -> Any:
    """Multiplied out, with roundings of roundings as one: `(n // 2) // 2` is `n // 4`, and `(n - 1) // 2 + 1` is n / 2
    rounded up."""
    merged = sympy.sympify(expression).replace(sympy.floor, _down).replace(sympy.ceiling, _up)
    return sympy.expand(merged)


def _down(inside: Any) -> Any:
    """An expression rounded down: its opposite rounded up where it is negative, and x / m up for `(x - 1) / m`."""
    if inside.could_extract_minus_sign():
        return -_up(sympy.expand(-inside))
    constant, term = inside.as_coeff_Add()
    merged = _inner(sympy.floor, constant, term)
    if merged is not None:
        return _down(merged)
    whole = sympy.ceiling(constant)  # so that what is left lies between -1 and 0
    if constant.is_Rational and (constant - whole).p == -1 and constant.q > 1 and (term * constant.q).is_integer:
        return _up(term) - 1 + whole
    return sympy.floor(inside - whole) + whole


def _up(inside: Any) -> Any:
    """An expression rounded up."""
    if inside.could_extract_minus_sign():
        return -_down(sympy.expand(-inside))
    constant, term = inside.as_coeff_Add()
    merged = _inner(sympy.ceiling, constant, term)
    if merged is not None:
        return _up(merged)
    whole = sympy.ceiling(constant)
    return sympy.ceiling(inside - whole) + whole


def _inner(rounded: Any, constant: Any, term: Any) -> Any:
    """Rounding `(round(x) + k) / m` is rounding `(x + k) / m`, in the same direction, for whole k and m: the latter."""
    factor, inner = term.as_coeff_Mul()
    if isinstance(inner, rounded) and factor.is_Rational and factor.p == 1 and (constant * factor.q).is_integer:
        return sympy.expand((inner.args[0] + constant * factor.q) / factor.q)
    return None


class Text(StrPrinter):  # type: ignore[misc]
    """As people write it: `25·C²`, `⌈n/32⌉`."""

    def _print_Pow(self, power: Any, rational: bool = False) -> str:
        base = str(self.parenthesize(power.base, PRECEDENCE["Pow"]))
        if power.exp.is_Integer and power.exp > 1:
            return base + str(power.exp).translate(SUPERSCRIPTS)
        if power.exp.is_positive:
            return f"{base}^{self.parenthesize(power.exp, PRECEDENCE['Pow'])}"
        return str(super()._print_Pow(power, rational))

    def _print_floor(self, floor: Any) -> str:
        return f"⌊{self._print(sympy.together(floor.args[0]))}⌋"

    def _print_ceiling(self, ceiling: Any) -> str:
        return f"⌈{self._print(sympy.together(ceiling.args[0]))}⌉"

    def _print_Mod(self, remainder: Any) -> str:
        number, divisor = (self.parenthesize(part, PRECEDENCE["Mul"]) for part in remainder.args)
        return f"({number} mod {divisor})"


class Code(PythonCodePrinter):  # type: ignore[misc]
    """As Python computes it: with whole numbers only, element by element on arrays."""

    def _print_floor(self, floor: Any) -> str:
        above, below = sympy.fraction(sympy.together(floor.args[0]))
        return f"(({self._print(above)}) // {self._print(below)})"

    def _print_ceiling(self, ceiling: Any) -> str:
        above, below = sympy.fraction(sympy.together(ceiling.args[0]))
        return f"(-(-({self._print(above)}) // {self._print(below)}))"

    def _print_Mod(self, remainder: Any) -> str:
        number, divisor = map(self._print, remainder.args)
        return f"(({number}) % ({divisor}))"

    def _print_Min(self, least: Any) -> str:
        return self._folded("numpy.minimum", least.args)

    def _print_Max(self, most: Any) -> str:
        return self._folded("numpy.maximum", most.args)

    def _print_gcd(self, divisor: Any) -> str:
        return self._folded("numpy.gcd", divisor.args)

    def _folded(self, function: str, values: Sequence[Any]) -> str:
        first, *others = map(self._print, values)
        for other in others:
            first = f"{function}({first}, {other})"
        return str(first)
