"""Reductions: many elements along some axes to one, such as a mean.

Axes are counted from 0, or from the end: -1. Without any axis left, the result is a vector of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal

from archcost.cost import Cost, layer
from archcost.dims import Shape
from archcost.layers.shapes import axes_of, axis_of, or_number
from archcost.window import Window

Windows = tuple[Window, ...] | Literal["mixed"] | None


def _reduced(x: Shape, axes: Sequence[int], keep: bool) -> tuple[Shape, Windows]:
    """The shape without some axes, or with one position in their place, and what an output position reads."""
    gone = axes_of(x, axes)
    if keep:
        read = tuple(Window(n, n) if axis in gone else Window(1) for axis, n in enumerate(x) if axis)
        return tuple(1 if axis in gone else n for axis, n in enumerate(x)), read
    out = tuple(n for axis, n in enumerate(x) if axis not in gone)
    positions_stay = {*range(1, len(x))} - {*gone}
    return or_number(out), "mixed" if positions_stay else None


@layer
def mean(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Mean over some axes of any shape: an addition for each element and a division for each output.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.mean.
    """
    out, windows = _reduced(x, axes, keep)
    return Cost(out=out, ops={"add": prod(x), "div": prod(out)}, windows=windows)


@layer
def sum_(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Sum over some axes of any shape: an addition for each element.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.sum.
    """
    out, windows = _reduced(x, axes, keep)
    return Cost(out=out, ops={"add": prod(x)}, windows=windows)


@layer
def max_(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Maximum over some axes of any shape: a comparison for each element.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.amax.
    """
    out, windows = _reduced(x, axes, keep)
    return Cost(out=out, ops={"cmp": prod(x)}, windows=windows)


@layer
def min_(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Minimum over some axes of any shape: a comparison for each element.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.amin.
    """
    out, windows = _reduced(x, axes, keep)
    return Cost(out=out, ops={"cmp": prod(x)}, windows=windows)


@layer
def argmax(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Where the maximum stands over some axes of any shape: a comparison for each element.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.argmax.
    """
    out, windows = _reduced(x, axes, keep)
    return Cost(out=out, ops={"cmp": prod(x)}, windows=windows)


@layer
def product(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Product over some axes of any shape: a multiplication for each element.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.prod.
    """
    out, windows = _reduced(x, axes, keep)
    return Cost(out=out, ops={"mul": prod(x)}, windows=windows)


@layer
def any_(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Whether any element is true over some axes of any shape: a comparison for each element.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.any.
    """
    out, windows = _reduced(x, axes, keep)
    return Cost(out=out, ops={"cmp": prod(x)}, windows=windows)


@layer
def norm(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Euclidean length over some axes of any shape: a square and an addition for each element, a root for each output.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.linalg.vector_norm.
    """
    out, windows = _reduced(x, axes, keep)
    return Cost(out=out, ops={"mul": prod(x), "add": prod(x), "exp": prod(out)}, windows=windows)


@layer
def variance(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Variance over some axes of any shape, in two passes as `layernorm` takes it.

    First the mean: an addition for each element, a division. Then for each element the difference, its square and an
    addition, and a division. The axes vanish, or `keep` one position each. Refusals are those of `mean`.
    Source: torch.var.
    """
    out, windows = _reduced(x, axes, keep)
    n = prod(x)
    return Cost(out=out, ops={"add": 3 * n, "mul": n, "div": 2 * prod(out)}, windows=windows)


@layer
def cumsum(x: Shape, *, axis: int) -> Cost:
    """The sum of all elements up to each, along one axis of any shape: an addition for each element.

    Refuses an axis that does not exist.
    Source: torch.cumsum.
    """
    return Cost(out=x, ops={"add": prod(x)}, windows="mixed" if axis_of(x, axis) else ())
