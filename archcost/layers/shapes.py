"""Readings of input shapes that several formulas share."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from archcost.dims import Dim, Shape, require, same, sizes, surely
from archcost.errors import ShapeError


def channels_and_space(x: Shape) -> tuple[Dim, Shape]:
    """The channels and the one to three spatial axes of a map."""
    require(2 <= len(x) <= 4, "needs a map of channels and one to three spatial axes, gets {}", x)
    return x[0], x[1:]


def or_number(out: Shape) -> Shape:
    """The shape, or that of a single number, which is a vector of one."""
    return out or (1,)


def axis_of(x: Shape, axis: int) -> int:
    """The axis counted from the first, where it may be counted from the end. Refuses one that does not exist."""
    require(-len(x) <= axis < len(x), "has no axis {} in {}", axis, x)
    return axis % len(x)


def axes_of(x: Shape, axes: Sequence[int]) -> tuple[int, ...]:
    """Several axes, as `axis_of` has them. Refuses one that is named twice."""
    found = tuple(axis_of(x, axis) for axis in axes)
    require(len({*found}) == len(found), "the axes {} of {} name one twice", list(axes), x)
    return found


def broadcast(verb: str, xs: Sequence[Shape]) -> Shape:
    """What shapes make together, element by element: they are equal, or 1 where another is larger."""
    out = xs[0]
    for x in xs[1:]:
        both = wider(out, x)
        if both is None:
            raise ShapeError(f"cannot {verb} {sizes(out)} and {sizes(x)}")
        out = both
    return out


def aligned(x: Shape, rank: int) -> Shape:
    """The shape with axes of 1 before it, so that it has as many as another."""
    return (1,) * (rank - len(x)) + x


def wider(a: Shape, b: Shape) -> Shape | None:
    """What two shapes of as many axes make together; None where they do not fit."""
    if len(a) != len(b):
        return None
    sides = [wider_side(n, m) for n, m in zip(a, b, strict=True)]
    fits = tuple(side for side in sides if side is not None)
    return fits if len(fits) == len(sides) else None


def wider_side(n: Dim, m: Dim) -> Dim | None:
    """What two sizes make together: one that is 1 is repeated; None where they do not fit.

    Symbols that may be equal are taken to be equal: else there would be no such network, but where one of them is 1.
    """
    if surely(same, m, 1):
        return n
    if surely(same, n, 1):
        return m
    if same(n, m) is not False:
        return n
    return m if same(n, 1) else n if same(m, 1) else None


def alike(a: Shape, b: Shape) -> bool:
    """Whether two shapes are, or may be, the same."""
    return len(a) == len(b) and all(same(n, m) is not False for n, m in zip(a, b, strict=True))


def stored(needed: Dim, weight: Shape | None) -> Dim:
    """How many weights a layer keeps: those that it needs, or none where they are an input, which must be as many."""
    if weight is None:
        return needed
    require(same(prod(weight), needed), "a weight of {} has {} elements, {} are needed", weight, prod(weight), needed)
    return 0


def interpolated(outputs: Dim, neighbours: int) -> dict[str, Dim]:
    """The operations of so many outputs, each a weighted sum of its neighbours; of one neighbour it is a copy."""
    if not neighbours - 1:
        return {}
    return {"mul": neighbours * outputs, "add": (neighbours - 1) * outputs}
