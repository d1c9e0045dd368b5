"""Which layers do operators become that look elements up by their places?"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from archcost.dims import Shape, sizes
from archcost.errors import ArchcostError
from archcost.importers.axes import with_batch
from archcost.importers.graph import Tensor
from archcost.importers.onnx.making import Maker
from archcost.importers.onnx.places import cut, reshaped, squeezed
from archcost.importers.onnx.registry import Call, Made, operator
from archcost.importers.onnx.values import RANK, SMALL, Value, axis_of, blank, check, folds, known_as, replaced


@operator("Gather")
def gather(m: Maker, c: Call) -> Value:
    """Elements looked up along an axis: rows of a stored table by numbers from the data are an embedding."""
    x, where_ = c[0], c[1]
    axis = axis_of(c.number("axis", 0), len(x.shape))
    shape = replaced(x.shape, axis, *where_.shape)
    if len(shape) > RANK:
        raise ArchcostError(f"cannot look up {sizes(shape[:RANK])}")
    if folds([x, where_]):
        return known_as(np.take(x.known, where_.known, axis))
    if x.constant and where_.constant:
        return blank(shape)
    if x.stored and not where_.constant:
        return _embedding(m, x, where_, axis, shape)
    if where_.known is not None and where_.constant and where_.known.size == 1 and where_.known.dtype.kind in "iu":
        place = int(where_.known.reshape(-1)[0])
        if not -x.shape[axis] <= place < x.shape[axis]:
            raise ArchcostError(f"there is no element {place} of {x.shape[axis]}")
        part = cut(m, x, axis, place % x.shape[axis], place % x.shape[axis] + 1)
        if not len(where_.shape):
            return squeezed(m, part, [axis])
        return part if len(where_.shape) == 1 else reshaped(m, part, shape)
    tensor = m.read(x)
    if tensor.constant:
        batch = where_.tensor.batch
        batch = None if batch is None else batch + axis
    elif tensor.batch == axis:
        tensor, batch = m.graph.whole(tensor), None
    else:
        batch = tensor.batch
        batch = batch if batch is None or batch < axis else batch - 1 + len(where_.shape)
    return _looked_up(m, [tensor, m.read(where_)], batch, shape)


def _looked_up(m: Maker, read: Sequence[Tensor], batch: int | None, shape: Shape) -> Value:
    """Elements by their places; those of the two that are known are none of the layer's inputs."""
    out = Tensor(shape or (1,), None, batch).sample
    return Value(m.layer("gather", [x for x in read if not x.constant], batch, out=out or (1,)), shape)


def _embedding(m: Maker, table: Value, places: Value, axis: int, shape: Shape) -> Value:
    """Rows of a table by their numbers."""
    index, batch = places.tensor, places.tensor.batch
    if axis or len(table.shape) != 2:
        return _looked_up(m, [m.read(table), index], None if batch is None else batch + axis, shape)
    count, features = table.shape
    if m.owns(table):
        made = m.layer("embed", [index], batch, m.own(table), count=count, features=features)
    else:
        made = m.layer("embed", [index, m.read(table)], batch, count=count, features=features)
    return Value(made, shape if len(shape) == len(made.shape) else made.shape)


@operator("GatherElements", "GatherND")
def picked(m: Maker, c: Call) -> Value:
    """Elements looked up by places of their own."""
    x, where_ = c[0], c[1]
    shape = where_.shape
    if c.op == "GatherND":
        outer = c.number("batch_dims", 0)
        depth = where_.shape[-1] if len(where_.shape) else 0
        shape = (*where_.shape[:-1], *x.shape[outer + depth :])
    if x.constant and where_.constant:
        return blank(shape)
    tensor = m.read(where_) if x.constant else m.read(x)
    batch = 0 if tensor.batch == 0 and len(shape) > 1 and shape[0] == 1 else None
    return _looked_up(m, [m.read(x), m.read(where_)], batch, shape)


@operator("ScatterND", "ScatterElements", "Scatter", "TensorScatter")
def scattered(m: Maker, c: Call) -> Value:
    """Some elements replaced by others: of constants there is nothing to do, and stored ones stay what they are."""
    if m.is_weight(c[0]) and all(value.constant for value in c.inputs[1:] if value is not None):
        return c[0]._replace(known=None)
    x, places, updates = c[0], c[1], c[2]
    if not updates.constant or not x.constant:
        parts = [m.read(x), m.graph.whole(m.read(updates))]
        return x if updates.constant else Value(m.layer("scatter", parts, parts[0].batch), x.shape)
    few = prod((*x.shape, *places.shape)) <= SMALL and c.op == "ScatterND" and len(places.shape)
    if not few or not folds([x, places, updates]):
        return blank(x.shape)
    made = x.known.copy()
    for place in np.ndindex(places.shape[:-1]):
        made[tuple(places.known[place])] = updates.known[place]
    return known_as(made)


@operator("OneHot")
def one_hot(m: Maker, c: Call) -> Value:
    """A one at the place of each number."""
    x = c[0]
    count = int((c.known(1) or [0])[0])
    axis = axis_of(c.number("axis", -1), len(x.shape) + 1)
    shape = (*x.shape[:axis], count, *x.shape[axis:])
    if x.constant:
        check(shape, "OneHot")
        return blank(shape)
    made = m.layer("one_hot", [x.tensor], x.tensor.batch, count=count)
    order = [place if place < axis else len(x.shape) if place == axis else place - 1 for place in range(len(shape))]
    return Value(m.graph.permute(made, order), shape)


@operator("TopK")
def top(m: Maker, c: Call) -> Made:
    """The largest elements and their places."""
    x = c[0]
    (many,) = c.numbers("k", 1) or (1,)
    axis = axis_of(c.number("axis", -1), len(x.shape))
    shape = replaced(x.shape, axis, many)
    return m.uncounted("TopK", [m.read(x)], shape, shape)


@operator("GridSample")
def grid_sample(m: Maker, c: Call) -> Value:
    """Elements between positions, at places that are computed."""
    x, grid = m.graph.batched(m.read(c[0])), with_batch(m.graph, m.read(c[1]), 0)
    made = m.layer("grid_sample", [x, grid], 0)
    return Value(made, made.shape)
