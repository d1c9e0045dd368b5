"""What foreign graphs do along axes, in terms of layers that know no batch axis."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from archcost.dims import Shape
from archcost.importers.graph import Graph, Tensor


def with_batch(g: Graph, x: Tensor, batch: int | None) -> Tensor:
    """A tensor with the batch axis that others have."""
    if batch is None or x.batch == batch:
        return x if batch is not None else g.whole(x)
    return Tensor(x.shape, batch=batch) if x.constant else g.seen_as(x, x.shape, batch)


def reduced(g: Graph, op: str, x: Tensor, axes: Sequence[int], shape: Shape, keep: bool) -> Tensor:
    """One value for all along some axes, counted from the first; the batch has one already."""
    if x.constant:
        return Tensor(shape)
    kept = [axis for axis in axes if axis != x.batch]
    batch = x.batch
    if batch is not None and not keep:
        batch = None if batch in axes else batch - sum(axis < batch for axis in axes)
    if not kept:
        return g.seen_as(x, shape, batch)
    if len(kept) == len(x.sample) and not keep:  # everything: one number, which is a vector of one
        made = g.add(op, [g.seen_as(x, (prod(x.shape),), None)], (1,), None, axes=(0,), keep=True)
        return g.seen_as(made, shape, batch)
    attributes = {"axes": tuple(x.axis(axis) for axis in kept), **({"keep": True} if keep else {})}
    return g.add(op, [x], shape, batch, **attributes)
