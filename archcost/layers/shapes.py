"""Readings of an input shape that several formulas share."""

from __future__ import annotations

from archcost.dims import Dim, Shape, require


def channels_and_space(x: Shape) -> tuple[Dim, Shape]:
    """The channels and the one to three spatial axes of a map."""
    require(2 <= len(x) <= 4, "needs a map of channels and one to three spatial axes, gets {}", x)
    return x[0], x[1:]
