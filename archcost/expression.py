"""Arithmetic written in a specification: parsed by Python, evaluated here from a short list of what is allowed."""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache, reduce
from typing import Any

from archcost.dims import Disagreement, greater, is_symbolic, lesser, settled, symbols_in
from archcost.errors import ArchcostError, Position, SpecError, did_you_mean, instead
from archcost.kinds import LARGEST, TOO_LARGE, is_number, is_too_large, shown

LENGTH = 500  # characters of one expression


def floor(x: Any) -> Any:
    """The largest whole number not above x, also of a symbol or an array."""
    if isinstance(x, int | float):
        return math.floor(x)
    if is_symbolic(x):
        return _exact(x) // 1
    whole = x // 1
    if (abs(whole) >= LARGEST).any():
        raise OverflowError
    return whole.astype("int64")


def _exact(x: Any) -> Any:
    """A symbolic value with fractions for its decimals."""
    import sympy

    return sympy.nsimplify(x, rational=True)


def ceil(x: Any) -> Any:
    """The smallest whole number not below x, also of a symbol or an array."""
    return -floor(-x)


def round_to(x: float, divisor: int) -> int:
    """The multiple of the divisor nearest to x, at least one, and the next if that loses more than a tenth of x.

    Source: the rule by which the authors' code of MobileNet v1 to v3 and EfficientNet rounds channels.
    """
    if isinstance(x, int | float):
        nearest = max(divisor, int(x + divisor / 2) // divisor * divisor)
        return nearest if nearest >= 0.9 * x else nearest + divisor
    if is_symbolic(x):
        if _exact(x) % divisor != 0:
            names = ", ".join(symbols_in(x))
            raise ArchcostError(f"{x} is rounded to a multiple of {divisor}, up or down: take multiples of {names}")
        return x
    nearest = greater(divisor, floor(x + divisor / 2) // divisor * divisor)
    return nearest + divisor * (nearest < 0.9 * x)


def _fold(choose: Callable[[Any, Any], Any], plain: Callable[[Any], Any]) -> Callable[..., Any]:
    """A function of several values, or of one list of them, from a function of two; on plain numbers Python's own."""

    def fold(*values: Any) -> Any:
        items = values[0] if isinstance(values[0], tuple) else values
        return plain(items) if {*map(type, items)} <= {int, float} else reduce(choose, items)

    return fold


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "floor": floor,
    "ceil": ceil,
    "round": lambda x: floor(x + 0.5),
    "round_to": round_to,
    "abs": abs,
    "min": _fold(lesser, min),
    "max": _fold(greater, max),
    "sum": sum,
    "len": len,
}

CONSTANTS = {"true": True, "false": False}

BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def equal(a: Any, b: Any) -> Any:
    """Whether two values are the same: with symbols the condition that they are, unless it is known."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        answers = [equal(x, y) for x, y in zip(a, b, strict=False)]
        return len(a) == len(b) and reduce(_both, answers, True)
    if is_symbolic(a, b) and is_number(a) and is_number(b):
        import sympy

        return settled(sympy.Eq(a, b))
    return a == b


def unequal(a: Any, b: Any) -> Any:
    """Whether two values differ."""
    same = equal(a, b)
    return not same if isinstance(same, bool) else ~same


def _both(a: Any, b: Any) -> Any:
    return a and b if isinstance(a, bool) else a & b


COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: equal,
    ast.NotEq: unequal,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def is_word(text: str) -> bool:
    """Whether the text is a single name: it may stand for a word, not only for a number."""
    return text.isidentifier()


def undecided(text: str, value: Any) -> str:
    """What is wrong with a condition that a symbol or an array leaves open, and what would settle it."""
    names = ", ".join(symbols_in(value))
    if not names:
        return f"whether {shown(text)} holds differs between the points of an array"
    return f"whether {shown(text)} holds depends on {names}: take a number, or a multiple of one"


def evaluate(
    text: str,
    names: Mapping[str, Any],
    at: Position,
    functions: Mapping[str, Any] = FUNCTIONS,
    walk: type[Evaluation] | None = None,
) -> Any:
    """The value of an expression over the names in scope; a mistake is reported at its own column."""
    if len(text) > LENGTH:
        raise SpecError(f"an expression of more than {LENGTH} characters", at)
    try:
        return (walk or Evaluation)(names, functions, at, text).value(parse(text, at))
    except RecursionError as error:
        raise SpecError("an expression that is nested too deeply", at) from error


def parse(text: str, at: Position) -> ast.expr:
    """The syntax tree of an expression."""
    tree = _tree(text)
    if isinstance(tree, SyntaxError):
        place = _inside(text, at, (tree.offset or 1) - 1 if tree.lineno == 1 else 0)
        cut = text.count("(") > text.count(")") and _inside(text, at, 0) == at  # not quoted, so it ended at a comma
        hint = "; quote an expression with a comma" if cut else ""
        raise SpecError(f"cannot read the expression {shown(text)}: {tree.msg}{hint}", place)
    return tree


@lru_cache(maxsize=4096)
def _tree(text: str) -> ast.expr | SyntaxError:
    """The tree, or why there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # `1or 2` and its like, of which Python only warns, are refused
            return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError):
        return SyntaxError("nested too deeply, or a strange character")


def _inside(text: str, at: Position, offset: int) -> Position:
    """The place of a character of an expression, if it stands on its line as it is: quotes may be around it."""
    start = at.source.line(at.line).find(text.strip(), at.column - 1)
    return at._replace(column=start + offset + 1) if start >= 0 else at


class Evaluation:
    """One walk over a syntax tree."""

    def __init__(self, names: Mapping[str, Any], functions: Mapping[str, Any], at: Position, text: str) -> None:
        self.names, self.functions, self.at, self.text = names, functions, at, text

    def error(self, node: ast.AST, message: str) -> SpecError:
        before = self.text.strip().encode()[: getattr(node, "col_offset", 0)]  # Python counts bytes
        return SpecError(message, _inside(self.text, self.at, len(before.decode())))

    def value(self, node: ast.expr) -> Any:
        """The value of any node that is allowed; each kind has its method below."""
        method: Callable[[Any], Any] | None = getattr(self, type(node).__name__, None)
        if method is None:
            raise self.error(node, f"{shown(ast.unparse(node))} is not allowed in an expression")
        return method(node)

    def number(self, node: ast.expr) -> Any:
        """The value of a node that must be a number."""
        value = self.value(node)
        if isinstance(value, bool) or is_number(value):
            return value
        text = ast.unparse(node)
        found = did_you_mean(text, self.names) if value == text else f" but {shown(value)}"
        raise self.error(node, f"{shown(text)} is not a number{found}")

    def Constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, bool | int | float | str):
            return self.bounded(node, node.value)
        raise self.error(node, f"{shown(ast.unparse(node))} is not allowed in an expression")

    def Name(self, node: ast.Name) -> Any:
        for known in (self.names, CONSTANTS):
            if node.id in known:
                return known[node.id]
        if node.id in self.functions:
            raise self.error(node, f"{node.id} is a function: write {node.id}(...)")
        near = did_you_mean(node.id, self.names) or did_you_mean(node.id, self.functions)
        raise self.error(node, f"there is no name {node.id!r} here{near or instead(node.id, self.names)}")

    def List(self, node: ast.List) -> tuple[Any, ...]:
        values = tuple(map(self.value, node.elts))
        if is_too_large(values):
            raise self.error(node, TOO_LARGE)
        return values

    def BinOp(self, node: ast.BinOp) -> Any:
        left, right = self.number(node.left), self.number(node.right)
        try:
            if isinstance(node.op, ast.Pow):
                result = self.power(node, left, right)
            elif isinstance(node.op, ast.Div):
                exact = isinstance(left, int) and isinstance(right, int) and left % right == 0
                result = left // right if exact else left / right
            elif type(node.op) in BINARY:
                result = BINARY[type(node.op)](left, right)
            else:
                raise self.error(node, f"{shown(ast.unparse(node))} is not allowed in an expression")
        except ZeroDivisionError as error:
            raise self.error(node, f"division by zero in {shown(ast.unparse(node))}") from error
        except OverflowError as error:
            raise self.error(node, f"{shown(ast.unparse(node))} is too large") from error
        return self.bounded(node, result)

    def power(self, node: ast.expr, base: Any, exponent: Any) -> Any:
        bits = max(1, abs(base).bit_length() - 1) if isinstance(base, int) else 8 if is_symbolic(base) else 1
        if isinstance(exponent, int) and not isinstance(base, float) and exponent * bits > 64:
            raise self.error(node, f"{shown(ast.unparse(node))} is too large")
        return base**exponent

    def bounded(self, node: ast.expr, value: Any) -> Any:
        if isinstance(value, complex):
            raise self.error(node, f"{shown(ast.unparse(node))} is not a real number")
        if isinstance(value, int | float) and not abs(value) <= LARGEST:
            raise self.error(node, f"{shown(ast.unparse(node))} is too large")
        return value

    def UnaryOp(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return not self.truth(node.operand)
        if isinstance(node.op, ast.Invert):
            raise self.error(node, "~ is not allowed in an expression")
        value = self.number(node.operand)
        return -value if isinstance(node.op, ast.USub) else value

    def truth(self, node: ast.expr) -> bool:
        value = self.value(node)
        try:
            return bool(settled(value))
        except (TypeError, ValueError, Disagreement) as error:
            raise self.error(node, undecided(ast.unparse(node), value)) from error

    def BoolOp(self, node: ast.BoolOp) -> bool:
        return (all if isinstance(node.op, ast.And) else any)(map(self.truth, node.values))

    def IfExp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.truth(node.test) else node.orelse)

    def Compare(self, node: ast.Compare) -> Any:
        left, result = self.value(node.left), True
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node)
            if type(op) not in COMPARE:
                raise self.error(node, f"{shown(ast.unparse(node))} is not allowed in an expression")
            try:
                result = COMPARE[type(op)](left, right)
            except TypeError as error:
                raise self.error(node, f"cannot compare {shown(left)} with {shown(right)}") from error
            if len(node.ops) == 1:
                return result
            if not result:
                return False
            left = right
        return result

    def Subscript(self, node: ast.Subscript) -> Any:
        values, index = self.value(node.value), self.value(node.slice)
        if not isinstance(values, tuple) or not isinstance(index, int):
            raise self.error(node, f"{shown(ast.unparse(node))}: only a list has numbered items")
        if not -len(values) <= index < len(values):
            raise self.error(node, f"there is no item {index} in a list of {len(values)}")
        return values[index]

    def Call(self, node: ast.Call) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name not in self.functions:
            raise self.error(node, f"there is no function {shown(name)}{instead(name, self.functions)}")
        if any(k.arg is None for k in node.keywords):
            raise self.error(node, "** is not allowed in an expression")
        arguments = [self.value(argument) for argument in node.args]
        named = {str(k.arg): self.value(k.value) for k in node.keywords}
        try:
            return self.bounded(node, self.functions[name](*arguments, **named))
        except SpecError:
            raise
        except ArchcostError as error:
            raise self.error(node, str(error)) from error
        except (TypeError, ValueError, ArithmeticError, IndexError, AttributeError) as error:
            raise self.error(node, f"{shown(ast.unparse(node))}: {name} cannot take these values") from error
