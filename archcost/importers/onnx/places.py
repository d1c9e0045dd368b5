"""Which layers do operators become that move, repeat, cut or join elements?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import floor, prod
from typing import Any

import numpy as np
from onnx import TensorProto

from archcost.dims import Shape, sizes
from archcost.errors import ArchcostError
from archcost.importers.attributes import one
from archcost.importers.axes import with_batch
from archcost.importers.graph import Tensor
from archcost.importers.onnx.file import FLOATING, type_of
from archcost.importers.onnx.making import Maker
from archcost.importers.onnx.registry import Call, Made, operator
from archcost.importers.onnx.values import (
    RANK,
    SMALL,
    Value,
    axis_of,
    blank,
    broadcast,
    check,
    chosen,
    folds,
    known_as,
    replaced,
)
from archcost.importers.onnx.windows import windows
from archcost.kinds import LARGEST


@operator("Identity", "CastLike", "StopGradient")
def identity(m: Maker, c: Call) -> Value:
    """What changes no element and no shape."""
    return c[0]


@operator("Cast")
def cast(m: Maker, c: Call) -> Value:
    """Another type costs nothing; whole numbers matter where shapes are worked out."""
    x: Value = c[0]
    kind = c.number("to", 1)
    if x.known is None:
        return x._replace(tensor=x.tensor._replace(dtype=type_of(kind) if kind in FLOATING else ""))
    whole = kind not in FLOATING and kind != TensorProto.STRING
    with np.errstate(all="ignore"):
        known = x.known.astype(np.bool_ if kind == TensorProto.BOOL else np.int64 if whole else np.float64)
    return x._replace(known=known)


def reshaped(m: Maker, x: Value, shape: Shape) -> Value:
    """The same elements in the same order."""
    if prod(shape) != prod(x.shape):
        raise ArchcostError(f"cannot shape {sizes(x.shape)} into {sizes(shape)}")
    return m.viewed(x, shape, lambda tensor: m.graph.reshape(tensor, shape or (1,)))


@operator("Reshape")
def reshape(m: Maker, c: Call) -> Value:
    """Another shape: 0 stays as it is, -1 is what is left."""
    x, given = c[0], c.given(1)
    follows = given is not None and given.known is None and c.declared[:1] != [None] and len(c.declared)
    target = list(c.declared[0] or ()) if follows else list(c.numbers("shape", 1, usual=()))
    for place, size in enumerate(target):
        if size == 0 and not c.number("allowzero", 0):
            target[place] = x.shape[place]
    if target.count(-1) > 1 or min(target, default=0) < -1 or len(target) > RANK:
        raise ArchcostError(f"there is no shape {target[:RANK]}")
    if -1 in target:
        rest = prod(n for n in target if n != -1)
        target[target.index(-1)] = prod(x.shape) // rest if rest else 0
    return reshaped(m, x, tuple(target))


@operator("Flatten")
def flatten(m: Maker, c: Call) -> Value:
    """A matrix: the axes before one and those from it."""
    shape, axis = c[0].shape, c.number("axis", 1)
    if not -len(shape) <= axis <= len(shape):
        raise ArchcostError(f"there is no axis {axis} in {sizes(shape)}")
    axis += len(shape) if axis < 0 else 0
    return reshaped(m, c[0], (prod(shape[:axis]), prod(shape[axis:])))


@operator("Squeeze")
def squeeze(m: Maker, c: Call) -> Value:
    """Axes of size 1 that go."""
    axes = c.numbers("axes", 1, usual=[axis for axis, size in enumerate(c[0].shape) if size == 1])
    return squeezed(m, c[0], sorted({axis_of(axis, len(c[0].shape)) for axis in axes}))


def squeezed(m: Maker, x: Value, gone: Sequence[int]) -> Value:
    """Without some axes of size 1."""
    if any(x.shape[axis] != 1 for axis in gone):
        raise ArchcostError(f"cannot squeeze the axes {gone} of {sizes(x.shape)}")
    shape = tuple(n for axis, n in enumerate(x.shape) if axis not in gone)
    batch = x.tensor.batch
    if batch is not None:
        batch = None if batch in gone else batch - sum(axis < batch for axis in gone)
    return m.viewed(x, shape, lambda tensor: m.graph.seen_as(tensor, shape or (1,), batch))


@operator("Unsqueeze")
def unsqueeze(m: Maker, c: Call) -> Value:
    """Axes of size 1 that come."""
    x, axes = c[0], c.numbers("axes", 1, usual=())
    rank = len(x.shape) + len(axes)
    new = sorted({axis_of(axis, rank) for axis in axes})
    if len(new) < len(axes) or rank > RANK:
        raise ArchcostError(f"cannot add the axes {list(axes)[:RANK]} to {sizes(x.shape)}")
    old, batch = iter(enumerate(x.shape)), None
    shape: list[int] = []
    for axis in range(rank):
        if axis in new:
            shape.append(1)
            continue
        place, size = next(old)
        batch = axis if place == x.tensor.batch else batch
        shape.append(size)
    made = tuple(shape)
    return m.viewed(x, made, lambda tensor: m.graph.seen_as(tensor, made, batch))


@operator("Col2Im")
def col2im(m: Maker, c: Call) -> Value:
    """Columns added up where their windows lie."""
    space, kernel = c.numbers("image_shape", 1) or (), c.numbers("block_shape", 2) or ()
    if len(c[0].shape) != 3 or not kernel:
        raise ArchcostError(f"cannot add up the columns of {sizes(c[0].shape)}")
    return m.on_map("fold", c[0], out=space, kernel=one(kernel), **windows(c, space, kernel))


@operator("Transpose")
def transpose(m: Maker, c: Call) -> Value:
    """The axes in another order."""
    x = c[0]
    rank = len(x.shape)
    order = c.numbers("perm", usual=[*range(rank)][::-1])
    if sorted(order) != [*range(rank)]:
        raise ArchcostError(f"the axes of {sizes(x.shape)} have no order {list(order)[:RANK]}")
    return m.transposed(x, order)


@operator("Concat")
def concat(m: Maker, c: Call) -> Value:
    """Side by side along an axis."""
    values = [value for value in c.inputs if value is not None and 0 not in value.shape]
    if not values:
        return c[0]
    axis = axis_of(c.number("axis", 1), len(values[0].shape))
    first = values[0].shape
    for value in values:
        same = value.shape[:axis] == first[:axis] and value.shape[axis + 1 :] == first[axis + 1 :]
        if not same or len(value.shape) != len(first):
            raise ArchcostError(f"cannot concatenate {sizes(first)} and {sizes(value.shape)}")
    total = sum(value.shape[axis] for value in values)
    shape = replaced(first, axis, total)
    if folds(values) and prod(shape) <= SMALL:
        return known_as(np.concatenate([value.known for value in values], axis))
    if all(value.constant for value in values):
        return blank(shape)
    if len(values) == 1:
        return values[0]
    xs = [m.read(value) for value in values]
    batches = {x.batch for x in xs if x.batch is not None}
    batch = batches.pop() if len(batches) == 1 else None
    if batch == axis or (batch is not None and any(x.shape[batch] != 1 for x in xs)):
        batch = None
    xs = [with_batch(m.graph, x, batch) for x in xs]
    place = Tensor(shape, None, batch).axis(axis)
    return Value(m.layer("concat", xs, batch, **({"axis": place} if place else {})), shape)


def cut(m: Maker, x: Value, axis: int, start: int, stop: int, step: int = 1) -> Value:
    """Every so manieth element along an axis."""
    size = x.shape[axis]
    many = max(-(-(stop - start) // step), 0)
    if many == size and step == 1:
        return x
    shape = replaced(x.shape, axis, many)
    if folds([x]):
        return chosen(x, axis, slice(start, stop, step))
    if x.constant:
        return blank(shape)
    if not many:
        raise ArchcostError(f"nothing is left from {start} to {stop} of {size}")
    tensor = m.read(x)
    if axis == tensor.batch:
        return x
    usual = {"axis": 0, "start": 0, "stop": size, "step": 1}
    given = {"axis": tensor.axis(axis), "start": start, "stop": start + (many - 1) * step + 1, "step": step}
    attributes = {key: value for key, value in given.items() if value != usual[key]}
    return Value(m.layer("slice", [tensor], tensor.batch, **attributes), shape)


@operator("Slice")
def slice_(m: Maker, c: Call) -> Value:
    """A part along some axes."""
    x: Value = c[0]
    starts, ends = c.numbers("starts", 1, usual=()), c.numbers("ends", 2, usual=())
    axes = c.numbers("axes", 3, usual=range(len(starts)))
    steps = c.numbers("steps", 4, usual=[1] * len(starts))
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise ArchcostError("starts, ends, axes and steps do not fit")
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis = axis_of(axis, len(x.shape))
        first, last, stride = slice(start, end, step).indices(x.shape[axis])
        if step > 0:
            x = cut(m, x, axis, first, max(last, first), stride)
            continue
        if folds([x]):
            x = chosen(x, axis, slice(start, end, step))
            continue
        many = len(range(first, last, stride))
        x = cut(m, x, axis, first + (many - 1) * stride if many else 0, first + 1 if many else 0, -stride)
        tensor = m.read(x)
        if not x.constant and axis != tensor.batch:
            x = Value(m.layer("flip", [tensor], tensor.batch, axes=(tensor.axis(axis),)), x.shape)
    return x


@operator("Split")
def split(m: Maker, c: Call) -> Made:
    """Parts along an axis."""
    x: Value = c[0]
    axis = axis_of(c.number("axis", 0), len(x.shape))
    many, size = len(c.declared), x.shape[axis]
    parts = c.numbers("split", 1)
    if parts is None:
        each = -(-size // max(many, 1))
        parts = tuple(min(each, size - each * place) for place in range(many))
    if sum(parts) != size or len(parts) != many or min(parts) < 0:
        raise ArchcostError(f"cannot split {size} into {list(parts)[:RANK]}")
    ends = [*accumulate(parts)]
    return [cut(m, x, axis, end - part, end) for part, end in zip(parts, ends, strict=True)]


@operator("Expand")
def expand(m: Maker, c: Call) -> Value:
    """Axes of size 1 repeated."""
    x, given = c[0], c.given(1)
    follows = given is not None and given.known is None and len(c.declared) and c.declared[0] is not None
    wanted = c.declared[0] if follows else c.numbers("shape", 1)
    shape = broadcast([x.shape, tuple(wanted or ())])
    if len(shape) > RANK or prod(shape) > LARGEST or min(shape, default=1) < 0:
        raise ArchcostError(f"cannot expand {sizes(x.shape)} to {sizes(shape[:RANK])}")
    if shape == x.shape:
        return x
    if folds([x]) and prod(shape) <= SMALL:
        return known_as(np.broadcast_to(x.known, shape))
    if x.constant:
        return blank(shape)
    tensor = m.read(x)
    lead = len(shape) - len(tensor.shape)
    batch = None if tensor.batch is None else tensor.batch + lead
    if batch is not None and shape[batch] != 1:
        tensor, batch = m.graph.whole(tensor), None
    out = Tensor(shape, None, batch).sample
    if out == tensor.sample:
        return Value(m.graph.seen_as(tensor, shape, batch), shape)
    return Value(m.layer("expand", [tensor], batch, out=out), shape)


@operator("Tile")
def tile(m: Maker, c: Call) -> Value:
    """Copies side by side."""
    x, times = c[0], c.numbers("repeats", 1, usual=())
    if len(times) != len(x.shape) or min(times, default=1) < 0:
        raise ArchcostError(f"cannot repeat {sizes(x.shape)} {list(times)[:RANK]} times")
    shape = tuple(n * many for n, many in zip(x.shape, times, strict=True))
    if folds([x]) and prod(shape) <= SMALL:
        return known_as(np.tile(x.known, times))
    if x.constant or {*times} <= {1}:
        return x if {*times} <= {1} else blank(shape)
    tensor = m.read(x)
    if tensor.batch is not None and times[tensor.batch] != 1:
        tensor = m.graph.whole(tensor)
    kept = tuple(many for axis, many in enumerate(times) if axis != tensor.batch)
    return Value(m.layer("tile", [tensor], tensor.batch, times=kept), shape)


@operator("Pad")
def pad(m: Maker, c: Call) -> Value:
    """Elements around; fewer where a number is negative."""
    x: Value = c[0]
    rank = len(x.shape)
    given = c.numbers("pads", 1) or c.numbers("paddings", usual=[])
    axes = [axis_of(axis, rank) for axis in (c.numbers("axes", 3) or range(rank))]
    if len(given) != 2 * len(axes):
        raise ArchcostError(f"pads {list(given)[:RANK]} do not fit {sizes(x.shape)}")
    ends = [(0, 0)] * rank
    for place, axis in enumerate(axes):
        ends[axis] = (given[place], given[place + len(axes)])
    for axis, (before, after) in enumerate(ends):
        if min(before, after) < 0:
            x = cut(m, x, axis, max(-before, 0), x.shape[axis] - max(-after, 0))
    ends = [(max(before, 0), max(after, 0)) for before, after in ends]
    shape = tuple(n + before + after for n, (before, after) in zip(x.shape, ends, strict=True))
    if {*ends} <= {(0, 0)}:
        return x
    if x.constant:
        return blank(shape)
    tensor = m.read(x)
    if tensor.batch is not None and ends[tensor.batch] != (0, 0):
        tensor = m.graph.whole(tensor)
    kept = [pair for axis, pair in enumerate(ends) if axis != tensor.batch]
    if 2 <= len(kept) <= 4 and kept[0] == (0, 0):
        return Value(m.layer("pad", [tensor], tensor.batch, pad=tuple(kept[1:])), shape)
    return Value(m.layer("pad_axes", [tensor], tensor.batch, ends=tuple(kept)), shape)


@operator("DepthToSpace", "SpaceToDepth")
def pixel_shuffle(m: Maker, c: Call) -> Value:
    """Channels dealt out to positions, or the other way."""
    kind = "pixel_shuffle" if c.op == "DepthToSpace" else "pixel_unshuffle"
    scale = c.number("blocksize", 0)
    if scale < 1:
        raise ArchcostError(f"there is no block of {scale}")
    return m.on_map(kind, c[0], scale=scale)


@operator("Resize", "Upsample")
def resize(m: Maker, c: Call) -> Made:
    """A map of another size."""
    x: Value = c[0]
    rank = len(x.shape)
    later = c.op == "Resize" and c.version >= 11
    wanted = c.numbers("sizes", 3) if later else None
    scales = c.attributes.get("scales") or c.known(2 if later else 1)
    axes = [axis_of(axis, rank) for axis in c.numbers("axes", usual=range(rank))]
    shape = list(x.shape)
    if wanted is None and not scales:
        raise ArchcostError("has neither scales nor sizes")
    given: Sequence[Any] = wanted if wanted is not None else list(scales or ())
    if len(given) != len(axes):
        raise ArchcostError(f"{len(given)} sizes do not fit {len(axes)} axes")
    policy = c.text("keep_aspect_ratio_policy", "stretch")
    if wanted is not None and policy != "stretch":
        ratios = [n / x.shape[axis] for n, axis in zip(wanted, axes, strict=True)]
        ratio = min(ratios) if policy == "not_larger" else max(ratios)
        given = [floor(ratio * x.shape[axis] + 0.5) for axis in axes]
    for n, axis in zip(given, axes, strict=True):
        shape[axis] = floor(n * x.shape[axis] + 1e-6) if wanted is None else n
    check(tuple(shape), "resize")
    made = tuple(shape)
    if made == x.shape:
        return x
    if x.constant:
        return blank(made)
    if made[:2] != x.shape[:2] or not 3 <= rank <= 5:
        return m.uncounted(c.op, [m.read(x)], made)
    mode = c.text("mode", "nearest")
    attributes: dict[str, Any] = {"out": one(made[2:])}
    if mode != "nearest":
        attributes["mode"] = mode
    return m.on_map("resize", x, **attributes, **({"antialias": True} if c.number("antialias", 0) else {}))
