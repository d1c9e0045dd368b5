"""Arithmetic as exporters write it: functions of each element, and of two shapes element by element."""

from __future__ import annotations

from math import prod

from archcost.cost import Cost, layer
from archcost.dims import Shape
from archcost.layers.activation import elementwise
from archcost.layers.shapes import broadcast


@layer
def exp(x: Shape) -> Cost:
    """`exp(x)` of each element. Source: torch.exp."""
    return elementwise(x, exp=1)


@layer
def log(x: Shape) -> Cost:
    """The logarithm of each element, to whatever base. Source: torch.log."""
    return elementwise(x, exp=1)


@layer
def sqrt(x: Shape) -> Cost:
    """The square root of each element. Source: torch.sqrt."""
    return elementwise(x, exp=1)


@layer
def rsqrt(x: Shape) -> Cost:
    """`1 / sqrt(x)` of each element: a root and a division. Source: torch.rsqrt."""
    return elementwise(x, exp=1, div=1)


@layer
def sin(x: Shape) -> Cost:
    """`sin(x)` of each element; it counts as an exponential. Source: torch.sin."""
    return elementwise(x, exp=1)


@layer
def cos(x: Shape) -> Cost:
    """`cos(x)` of each element; it counts as an exponential. Source: torch.cos."""
    return elementwise(x, exp=1)


@layer
def erf(x: Shape) -> Cost:
    """The error function of each element. Source: torch.erf."""
    return elementwise(x, exp=1)


@layer
def pow_(x: Shape) -> Cost:
    """Each element to a fixed power, whole or not; for its square there is `square`. Source: torch.pow."""
    return elementwise(x, exp=1)


@layer
def square(x: Shape) -> Cost:
    """`x * x` of each element. Source: torch.square."""
    return elementwise(x, mul=1)


@layer
def reciprocal(x: Shape) -> Cost:
    """`1 / x` of each element. Source: torch.reciprocal."""
    return elementwise(x, div=1)


@layer
def abs_(x: Shape) -> Cost:
    """The absolute value of each element, a comparison. Source: torch.abs."""
    return elementwise(x, cmp=1)


@layer
def sign(x: Shape) -> Cost:
    """-1, 0 or 1 for each element, a comparison. Source: torch.sign."""
    return elementwise(x, cmp=1)


@layer
def round_(x: Shape) -> Cost:
    """Each element as a whole number, up, down or to the nearest; it counts as a comparison. Source: torch.round."""
    return elementwise(x, cmp=1)


@layer
def neg(x: Shape) -> Cost:
    """`-x` of each element, a subtraction. Source: torch.neg."""
    return elementwise(x, add=1)


@layer
def clamp(x: Shape) -> Cost:
    """`min(max(x, low), high)` of each element: two comparisons. Source: torch.clamp."""
    return elementwise(x, cmp=2)


@layer
def logical_not(x: Shape) -> Cost:
    """True where an element is zero, a comparison. Source: torch.logical_not."""
    return elementwise(x, cmp=1)


@layer
def affine(x: Shape, *, scale: bool = True, shift: bool = True) -> Cost:
    """Each element times a number, plus a number, or only one of both; neither is trained or stored.

    Source: ONNX operators Mul and Add with an initializer of one element.
    """
    return elementwise(x, mul=1 if scale else 0, add=1 if shift else 0)


def _of_two(verb: str, a: Shape, b: Shape, kind: str) -> Cost:
    """One operation for each element of what two shapes make together."""
    out = broadcast(verb, (a, b))
    return Cost(out=out, ops={kind: prod(out)}, storage="inplace")


@layer
def subtract(a: Shape, b: Shape) -> Cost:
    """`a - b`, element by element, for shapes that are equal, or 1 where the other is larger.

    Source: torch.sub.
    """
    return _of_two("subtract", a, b, "add")


@layer
def divide(a: Shape, b: Shape) -> Cost:
    """`a / b`, element by element, for shapes that are equal, or 1 where the other is larger.

    Source: torch.div.
    """
    return _of_two("divide", a, b, "div")


@layer
def maximum(a: Shape, b: Shape) -> Cost:
    """The larger of `a` and `b`, element by element, for shapes that are equal, or 1 where the other is larger.

    Source: torch.maximum.
    """
    return _of_two("compare", a, b, "cmp")


@layer
def minimum(a: Shape, b: Shape) -> Cost:
    """The smaller of `a` and `b`, element by element, for shapes that are equal, or 1 where the other is larger.

    Source: torch.minimum.
    """
    return _of_two("compare", a, b, "cmp")


@layer
def compare(a: Shape, b: Shape) -> Cost:
    """Whether `a` is below, above, equal to or different from `b`, or whether both or either are true.

    Element by element, for shapes that are equal, or 1 where the other is larger.
    Source: torch.lt, torch.eq, torch.logical_and.
    """
    return _of_two("compare", a, b, "cmp")


@layer
def power(a: Shape, b: Shape) -> Cost:
    """`a` to the power of `b`, element by element, for shapes that are equal, or 1 where the other is larger.

    Source: torch.pow.
    """
    return _of_two("raise", a, b, "exp")


@layer
def where(condition: Shape, a: Shape, b: Shape) -> Cost:
    """`a` where the condition is true, else `b`, for shapes that are equal, or 1 where another is larger.

    Source: torch.where.
    """
    out = broadcast("choose from", (condition, a, b))
    return Cost(out=out, ops={"cmp": prod(out)}, storage="inplace")
