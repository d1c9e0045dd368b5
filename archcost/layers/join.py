"""Layers that join several inputs."""

from __future__ import annotations

from math import prod

from archcost.cost import Cost, layer
from archcost.dims import Shape, require
from archcost.layers.shapes import alike, axis_of, broadcast


@layer
def add(*xs: Shape) -> Cost:
    """Element by element sum of shapes that are equal, or 1 where another is larger (a gate per channel).

    Source: He et al. 2015, arXiv:1512.03385, section 3.2.
    """
    out = broadcast("add", xs)
    return Cost(out=out, ops={"add": (len(xs) - 1) * prod(out)}, storage="inplace")


@layer
def multiply(*xs: Shape) -> Cost:
    """Element by element product of shapes that are equal, or 1 where another is larger (a gate per channel).

    Source: Hu et al. 2017, arXiv:1709.01507, equation 4.
    """
    out = broadcast("multiply", xs)
    return Cost(out=out, ops={"mul": (len(xs) - 1) * prod(out)}, storage="inplace")


@layer
def concat(*xs: Shape, axis: int = 0) -> Cost:
    """Inputs laid side by side along an axis (0, the channels, unless given); all other axes must be equal.

    Source: Szegedy et al. 2014, arXiv:1409.4842, section 4.
    """
    first = xs[0]
    axis = axis_of(first, axis)
    for x in xs[1:]:
        fits = len(x) == len(first) and alike(x[:axis], first[:axis]) and alike(x[axis + 1 :], first[axis + 1 :])
        require(fits, "cannot concatenate {} and {}", first, x)
    total = sum(x[axis] for x in xs)
    return Cost(out=(*first[:axis], total, *first[axis + 1 :]))


@layer
def stack(x: Shape, *others: Shape, axis: int = 0) -> Cost:
    """Inputs of one shape laid side by side along a new axis, which is the first unless given. Refuses other shapes.

    Source: torch.stack.
    """
    for other in others:
        require(alike(x, other), "cannot stack {} and {}", x, other)
    many = 1 + len(others)
    place = axis_of((many, *x), axis)
    return Cost(out=(*x[:place], many, *x[place:]), windows="mixed")
