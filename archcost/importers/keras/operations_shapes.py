"""Operations of keras.ops that move elements, or cut and join them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from archcost.dims import sizes
from archcost.errors import ArchcostError
from archcost.importers.keras.arguments import argument, axes_of, listed, value_of
from archcost.importers.keras.config import Layer, is_size, is_whole
from archcost.importers.keras.layers_joins import concatenated
from archcost.importers.keras.layers_shapes import MODES, renamed, resized, target_shape
from archcost.importers.keras.reading import Reading
from archcost.importers.keras.registry import operation
from archcost.importers.keras.values import ALONG_BATCH, Value


@operation("Reshape")
def reshape_operation(r: Reading, c: Layer, x: Any, newshape: Any = None) -> Value:
    """Another shape, in which the first size is the batch."""
    x, shape = value_of(x), argument(c, newshape, "newshape")
    if not isinstance(shape, list | tuple) or not shape or shape[0] not in (-1, None, 1):
        raise ArchcostError(f"the batch must stay the first axis, the shape is {str(shape)[:60]}")
    return r.reshaped(x, target_shape(x, list(shape[1:])))


@operation("Transpose")
def transpose(r: Reading, c: Layer, x: Any, axes: Any = None) -> Value:
    """The axes in another order."""
    x, order = value_of(x), argument(c, axes, "axes")
    if not isinstance(order, list | tuple) or not order or order[0] != 0:
        raise ArchcostError(f"the batch must stay the first axis, the order is {str(order)[:60]}")
    return renamed(x, [x.own(axis) for axis in order[1:]])


@operation("Swapaxes")
def swapaxes(r: Reading, c: Layer, x: Any, axis1: Any = None, axis2: Any = None) -> Value:
    """Two axes exchanged."""
    x = value_of(x)
    first, second = x.own(argument(c, axis1, "axis1")), x.own(argument(c, axis2, "axis2"))
    order = [*range(len(x.axes))]
    order[first], order[second] = second, first
    return renamed(x, order)


@operation("Moveaxis")
def moveaxis(r: Reading, c: Layer, x: Any, source: Any = None, destination: Any = None) -> Value:
    """An axis put elsewhere."""
    x = value_of(x)
    first, second = x.own(argument(c, source, "source")), x.own(argument(c, destination, "destination"))
    order = [axis for axis in range(len(x.axes)) if axis != first]
    order.insert(second, first)
    return renamed(x, order)


@operation("ExpandDims")
def expand_dims(r: Reading, c: Layer, x: Any, axis: Any = None) -> Value:
    """An axis of size 1 that comes."""
    x, place = value_of(x), argument(c, axis, "axis")
    rank = len(x.axes) + 2
    place = place[0] if isinstance(place, list) and len(place) == 1 else place
    if not is_whole(place) or not -rank < place < rank or place == 0:
        raise ArchcostError(f"cannot add the axis {str(place)[:20]}")
    return _widened(r, x, (place + rank if place < 0 else place) - 1)


def _widened(r: Reading, x: Value, place: int) -> Value:
    """The same with an axis of size 1, which is that one of Keras, counted without the batch."""
    return r.reshaped(x, (*x.shape[:place], 1, *x.shape[place:]))


@operation("Squeeze")
def squeeze(r: Reading, c: Layer, x: Any, axis: Any = None) -> Value:
    """Axes of size 1 that go."""
    x = value_of(x)
    axes = axes_of(c, axis)
    gone = [place for place, n in enumerate(x.shape) if n == 1] if axes is None else [x.own(one) for one in axes]
    if any(x.shape[place] != 1 for place in gone):
        raise ArchcostError(f"cannot squeeze {sizes(x.shape)}")
    return r.dropped(x, gone)


@operation("GetItem")
def get_item(r: Reading, c: Layer, x: Any, key: Any) -> Value:
    """A part along each axis; a number takes the axis away."""
    x = value_of(x)
    keys = list(key) if isinstance(key, list | tuple) else [key]
    asked = sum(part is not None and part is not Ellipsis for part in keys)
    if keys.count(Ellipsis) > 1 or asked > len(x.axes) + 1:
        raise ArchcostError(f"cannot take {len(keys)} places of {sizes(x.shape)}")
    if Ellipsis in keys:
        place = keys.index(Ellipsis)
        keys[place : place + 1] = [slice(None)] * (len(x.axes) + 1 - asked)
    if not keys or keys[0] not in (slice(None), slice(None, None, 1), slice(0, None)):
        raise ArchcostError("takes a part of the batch, which is not supported")
    axis, gone, new, now = 0, [], [], 0
    for part in keys[1:]:
        if part is None:
            new.append(now)
            now += 1
            continue
        size = x.shape[axis]
        if is_whole(part) and -size <= part < size:
            x = r.cut(x, axis, part % size, part % size + 1)
            gone.append(axis)
        elif isinstance(part, slice) and all(n is None or is_whole(n) for n in (part.start, part.stop, part.step)):
            places = range(size)[part]
            if not places or places.step < 1:
                raise ArchcostError(f"cannot take {part.start}:{part.stop}:{part.step} of {size} places")
            x = r.cut(x, axis, places.start, places[-1] + 1, places.step)
            now += 1
        else:
            raise ArchcostError(f"cannot take the places {str(part)[:40]} of {size}")
        axis += 1
    made: Value = r.dropped(x, gone) if gone else x
    for place in new:
        made = _widened(r, made, place)
    return made


@operation("Concatenate")
def concatenate_operation(r: Reading, c: Layer, xs: Any, axis: Any = None) -> Value:
    """Side by side along an axis."""
    return concatenated(r, listed([xs]), argument(c, axis, "axis", 0))


@operation("Stack")
def stack(r: Reading, c: Layer, xs: Any, axis: Any = None) -> Value:
    """Side by side along a new axis."""
    some, place = [value_of(x) for x in listed([xs])], argument(c, axis, "axis", 0)
    return concatenated(r, [expand_dims(r, c, x, place) for x in some], place)


@operation("Split")
def split(r: Reading, c: Layer, x: Any, *_: Any, **__: Any) -> list[Value]:
    """Parts along an axis."""
    x, cuts = value_of(x), c.config.get("indices_or_sections")
    axis = x.own(c.config.get("axis", 0))
    size = x.shape[axis]
    if is_size(cuts) and size % cuts == 0:
        r.count(cuts)
        places = [0, *range(size // cuts, size + 1, size // cuts)]
    elif isinstance(cuts, list):
        r.count(len(cuts))
        places = [0, *cuts, size]
    else:
        raise ArchcostError(f"cannot split {size} at {str(cuts)[:40]}")
    return [r.cut(x, axis, start, stop) for start, stop in pairwise(places)]


@operation("Pad")
def pad(r: Reading, c: Layer, x: Any, *_: Any, **__: Any) -> Value:
    """Elements around."""
    x = value_of(x)
    ends = c.ends("pad_width", len(x.axes) + 1)
    if ends[0] != (0, 0):
        raise ArchcostError(ALONG_BATCH)
    ours = tuple(ends[axis + 1] for axis in x.axes)
    if ours[0] == (0, 0) and 2 <= len(ours) <= 4:
        return r.each("pad", x, pad=ours[1:])
    return r.each("pad_axes", x, ends=ours)


@operation("Tile")
def tile(r: Reading, c: Layer, x: Any, *_: Any, **__: Any) -> Value:
    """Copies side by side."""
    x = value_of(x)
    times = c.counts("repeats", len(x.axes) + 1)
    if times[0] != 1:
        raise ArchcostError(ALONG_BATCH)
    ours = tuple(times[axis + 1] for axis in x.axes)
    return x if {*ours} == {1} else r.each("tile", x, times=ours)


@operation("Repeat")
def repeat(r: Reading, c: Layer, x: Any, *_: Any, **__: Any) -> Value:
    """Copies of elements beside each."""
    x, times = value_of(x), c.count("repeats")
    axis = c.config.get("axis")
    if not is_whole(axis):
        raise c.wrong("axis", "one axis")
    place, sample = x.at(axis), x.tensor.sample
    return r.each("gather", x, out=(*sample[:place], sample[place] * times, *sample[place + 1 :]))


@operation("Flip")
def flip(r: Reading, c: Layer, x: Any, axis: Any = None) -> Value:
    """Elements in the opposite order along axes."""
    x = value_of(x)
    axes = axes_of(c, axis) or []
    return r.each("flip", x, axes=tuple(x.at(one) for one in axes))


@operation("Roll")
def roll(r: Reading, c: Layer, x: Any, *_: Any, **__: Any) -> Value:
    """Elements moved along axes, around the end."""
    x = value_of(x)
    shifts, axes = c.axes("shift") or [], c.axes("axis")
    if axes is None or len(axes) != len(shifts):
        raise c.wrong("axis", "one axis for each shift")
    return r.each("roll", x, shifts=tuple(shifts), axes=tuple(x.at(one) for one in axes))


@operation("Resize")
def resize_operation(r: Reading, c: Layer, x: Any) -> Value:
    """A map of another size."""
    x = r.mapped(value_of(x), c)
    out = c.counts("size", len(x.axes) - 1)
    mode = c.word("interpolation", "bilinear", *MODES)
    return resized(r, x, out, mode, c.flag("antialias", False))


@operation("DepthToSpace", "SpaceToDepth")
def pixel_shuffle(r: Reading, c: Layer, x: Any) -> Value:
    """Channels dealt out to positions, or the other way."""
    x = r.mapped(value_of(x), c)
    return r.each("pixel_shuffle" if c.kind == "DepthToSpace" else "pixel_unshuffle", x, scale=c.count("block_size"))
