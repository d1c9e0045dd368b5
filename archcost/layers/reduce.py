"""Reductions: many elements along some axes to one, such as a mean.

Axes are counted from 0, or from the end: -1. Without any axis left, the result is a vector of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Literal

from archcost.cost import NOTHING, Cost, layer
from archcost.dims import Shape
from archcost.layers.shapes import axes_of, axis_of, or_number
from archcost.window import Window

Windows = tuple[Window, ...] | Literal["mixed"] | None


def _reduced(x: Shape, axes: Sequence[int], keep: bool, ends: Mapping[str, int] = NOTHING, **each: int) -> Cost:
    """So many operations of each kind on each element, and those with which each output ends.

    The shape is that without some axes, or with one position in their place.
    """
    gone = axes_of(x, axes)
    if keep:
        windows: Windows = tuple(Window(n, n) if axis in gone else Window(1) for axis, n in enumerate(x) if axis)
        out = tuple(1 if axis in gone else n for axis, n in enumerate(x))
    else:
        windows = "mixed" if {*range(1, len(x))} - {*gone} else None
        out = or_number(tuple(n for axis, n in enumerate(x) if axis not in gone))
    ops = {kind: count * prod(x) for kind, count in each.items()}
    return Cost(out=out, ops=ops | {kind: count * prod(out) for kind, count in ends.items()}, windows=windows)


@layer
def mean(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Mean over some axes of any shape: an addition for each element and a division for each output.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.mean.
    """
    return _reduced(x, axes, keep, add=1, ends={"div": 1})


@layer
def sum_(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Sum over some axes of any shape: an addition for each element.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.sum.
    """
    return _reduced(x, axes, keep, add=1)


@layer
def max_(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Maximum over some axes of any shape: a comparison for each element.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.amax.
    """
    return _reduced(x, axes, keep, cmp=1)


@layer
def min_(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Minimum over some axes of any shape: a comparison for each element.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.amin.
    """
    return _reduced(x, axes, keep, cmp=1)


@layer
def argmax(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Where the maximum stands over some axes of any shape: a comparison for each element.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.argmax.
    """
    return _reduced(x, axes, keep, cmp=1)


@layer
def product(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Product over some axes of any shape: a multiplication for each element.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.prod.
    """
    return _reduced(x, axes, keep, mul=1)


@layer
def any_(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Whether any element is true over some axes of any shape: a comparison for each element.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.any.
    """
    return _reduced(x, axes, keep, cmp=1)


@layer
def norm(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Euclidean length over some axes of any shape: a square and an addition for each element, a root for each output.

    The axes vanish, or `keep` one position each. Refuses axes that do not exist or are named twice.
    Source: torch.linalg.vector_norm.
    """
    return _reduced(x, axes, keep, mul=1, add=1, ends={"exp": 1})


@layer
def variance(x: Shape, *, axes: Sequence[int], keep: bool = False) -> Cost:
    """Variance over some axes of any shape, in two passes as `layernorm` takes it.

    First the mean: an addition for each element, a division. Then for each element the difference, its square and an
    addition, and a division. The axes vanish, or `keep` one position each. Refusals are those of `mean`.
    Source: torch.var.
    """
    return _reduced(x, axes, keep, add=3, mul=1, ends={"div": 2})


@layer
def cumsum(x: Shape, *, axis: int) -> Cost:
    """The sum of all elements up to each, along one axis of any shape: an addition for each element.

    Refuses an axis that does not exist.
    Source: torch.cumsum.
    """
    return Cost(out=x, ops={"add": prod(x)}, windows="mixed" if axis_of(x, axis) else ())
