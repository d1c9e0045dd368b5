"""Layers that join several inputs."""

from __future__ import annotations

from math import prod

from archcost.cost import Cost, layer
from archcost.dims import Dim, Shape, require, same, surely


@layer
def add(*xs: Shape) -> Cost:
    """Element by element sum of shapes that are equal, or 1 where another is larger (a gate per channel).

    Source: He et al. 2015, arXiv:1512.03385, section 3.2.
    """
    out = _broadcast("add", xs)
    return Cost(out=out, ops={"add": (len(xs) - 1) * prod(out)}, storage="inplace")


@layer
def multiply(*xs: Shape) -> Cost:
    """Element by element product of shapes that are equal, or 1 where another is larger (a gate per channel).

    Source: Hu et al. 2017, arXiv:1709.01507, equation 4.
    """
    out = _broadcast("multiply", xs)
    return Cost(out=out, ops={"mul": (len(xs) - 1) * prod(out)}, storage="inplace")


def _broadcast(verb: str, xs: tuple[Shape, ...]) -> Shape:
    out = xs[0]
    for x in xs[1:]:
        require(len(x) == len(out), f"cannot {verb} {{}} and {{}}", out, x)
        sizes = [_wider(n, m) for n, m in zip(out, x, strict=True)]
        fits = tuple(size for size in sizes if size is not None)
        require(len(fits) == len(out), f"cannot {verb} {{}} and {{}}", out, x)
        out = fits
    return out


def _wider(n: Dim, m: Dim) -> Dim | None:
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


@layer
def concat(*xs: Shape, axis: int = 0) -> Cost:
    """Inputs laid side by side along an axis (0, the channels, unless given); all other axes must be equal.

    Source: Szegedy et al. 2014, arXiv:1409.4842, section 4.
    """
    first = xs[0]
    require(-len(first) <= axis < len(first), "has no axis {} in {}", axis, first)
    axis %= len(first)
    for x in xs[1:]:
        alike = len(x) == len(first) and all(
            same(n, m) is not False for i, (n, m) in enumerate(zip(x, first, strict=True)) if i != axis
        )
        require(alike, "cannot concatenate {} and {}", first, x)
    total = sum(x[axis] for x in xs)
    return Cost(out=(*first[:axis], total, *first[axis + 1 :]))
