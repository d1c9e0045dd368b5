"""Operators that move, repeat, cut or look up elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcost.importers.aten.registry import Handler, operator, pair
from archcost.importers.attributes import given, one
from archcost.importers.axes import with_batch
from archcost.importers.graph import Graph, Tensor


@operator("contiguous", "alias", "detach", "to", "type_as", "lift_fresh_copy", "_to_copy", "tril", "triu")
def identity(g: Graph, shape: Any, /, input: Tensor, **_: Any) -> Tensor:
    """What changes no shape and computes nothing, be it that zeros take the place of some elements."""
    return input


@operator("clone")
def clone(g: Graph, shape: Any, /, input: Tensor, **_: Any) -> Tensor:
    """A copy, which may be changed: of a weight it is no weight any more."""
    return input if input.weight is None else g.read(input)


@operator("copy_", "fill_", "zero_")
def overwrite(g: Graph, shape: Any, /, input: Tensor, src: Tensor | None = None, **_: Any) -> Tensor:
    """Values written over all others: what was there before does not matter."""
    if src is None or src.constant:
        return Tensor(shape)
    return expand(g, shape, src)


@operator("slice_scatter", "select_scatter", "scatter", "index_put", "index_copy", "masked_scatter")
def scatter(g: Graph, shape: Any, /, input: Tensor, **a: Any) -> Tensor:
    """Values written over some others, of which the rest stays."""
    part = next((a[key] for key in ("src", "values", "source") if isinstance(a.get(key), Tensor)), Tensor(()))
    return written_over(g, input, part)


def written_over(g: Graph, x: Tensor, part: Tensor) -> Tensor:
    """A tensor some of whose values are those of another; constants change nothing that costs."""
    if part.constant:
        return x
    made = Tensor(x.shape, batch=x.batch) if x.constant else x
    return g.add("scatter", [made, g.whole(part)], x.shape, x.batch)


@operator("view", "reshape", "flatten", "unflatten", "view_as", "reshape_as", "_unsafe_view", "_reshape_alias")
def reshape(g: Graph, shape: Any, /, input: Tensor, **_: Any) -> Tensor:
    """Another shape."""
    return g.reshape(input, shape)


@operator("squeeze", "unsqueeze")
def squeeze(g: Graph, shape: Any, /, input: Tensor, dim: Any = None, **_: Any) -> Tensor:
    """Axes of size 1 that go or come; the batch moves along."""
    batch = input.batch
    rank = max(len(shape), len(input.shape))
    gone = [axis % rank for axis in ([dim] if isinstance(dim, int) else dim or [])]
    if batch is not None and len(shape) > len(input.shape):
        batch += gone[0] <= batch
    elif batch is not None:
        gone = gone or [axis for axis, size in enumerate(input.shape) if size == 1]
        gone = [axis for axis in gone if input.shape[axis] == 1]
        batch = None if batch in gone else batch - sum(axis < batch for axis in gone)
    return g.seen_as(input, shape, batch)


@operator("numpy_T")
def reversed_axes(g: Graph, shape: Any, /, input: Tensor, **_: Any) -> Tensor:
    """All axes in the other order."""
    return g.permute(input, range(len(input.shape))[::-1])


@operator("mT", "adjoint")
def turned(g: Graph, shape: Any, /, input: Tensor, **_: Any) -> Tensor:
    """The last two axes exchanged."""
    rank = len(input.shape)
    return g.permute(input, (*range(rank - 2), rank - 1, rank - 2))


@operator("permute")
def permute(g: Graph, shape: Any, /, input: Tensor, dims: Sequence[int], **_: Any) -> Tensor:
    """The axes in another order."""
    return g.permute(input, dims)


@operator("transpose", "swapaxes", "t")
def transpose(g: Graph, shape: Any, /, input: Tensor, **a: Any) -> Tensor:
    """Two axes exchanged; a vector has but one."""
    if len(input.shape) == 1:
        return input
    first, second = a.get("dim0", a.get("axis0", 0)), a.get("dim1", a.get("axis1", 1))
    axes = list(range(len(input.shape)))
    axes[first], axes[second] = axes[second], axes[first]
    return g.permute(input, axes)


@operator("movedim", "moveaxis")
def movedim(g: Graph, shape: Any, /, input: Tensor, source: Any, destination: Any, **_: Any) -> Tensor:
    """An axis put elsewhere."""
    rank = len(input.shape)
    moved = [axis % rank for axis in pair(source, 1)]
    axes = [axis for axis in range(rank) if axis not in moved]
    for axis, place in sorted(zip(moved, pair(destination, 1), strict=True), key=lambda pair: pair[1] % rank):
        axes.insert(place % rank, axis)
    return g.permute(input, axes)


@operator("expand", "expand_as", "broadcast_to")
def expand(g: Graph, shape: Any, /, input: Tensor, **_: Any) -> Tensor:
    """Axes of size 1 repeated."""
    if shape == input.shape or input.constant:
        return input if shape == input.shape else Tensor(shape)
    lead = len(shape) - len(input.shape)
    batch = None if input.batch is None else input.batch + lead
    if batch is not None and shape[batch] != 1:
        input, batch = g.whole(input), None
    if batch is None and input.weight is None and lead == 0 and shape[0] == 1:
        return g.add("expand", [input], shape, None, out=shape)
    made = Tensor(shape, None, batch).sample
    if made == input.sample:
        return g.seen_as(input, shape, batch)
    return g.add("expand", [input], shape, batch, out=made)


@operator("repeat", "tile")
def repeat(g: Graph, shape: Any, /, input: Tensor, **a: Any) -> Tensor:
    """Copies side by side."""
    times = list(a.get("repeats", a.get("dims", ())))
    rank = max(len(times), len(input.shape))
    times = [1] * (rank - len(times)) + times
    x = g.reshape(input, (*[1] * (rank - len(input.shape)), *input.shape)) if rank > len(input.shape) else input
    if x.constant:
        return Tensor(shape)
    if x.batch is not None and times[x.batch] != 1:
        x = g.whole(x)
    kept = tuple(n for axis, n in enumerate(times) if axis != x.batch)
    return x if {*kept} <= {1} else g.add("tile", [x], shape, x.batch, times=kept)


@operator("repeat_interleave")
def repeat_interleave(g: Graph, shape: Any, /, input: Tensor, **_: Any) -> Tensor:
    """Copies of elements beside each."""
    return _looked_up(g, shape, input)


def _looked_up(g: Graph, shape: Any, /, x: Tensor, places: Sequence[Tensor] = ()) -> Tensor:
    """Elements found by places, which are read where they are computed."""
    read = [x, *(place for place in places if not place.constant)]
    batch = 0 if len(shape) > 1 and shape[0] == 1 and any(one.batch is not None for one in read) else None
    return g.add("gather", read, shape, batch, out=Tensor(shape, None, batch).sample)


@operator("index", "index_select", "gather", "take", "take_along_dim", "_unsafe_index")
def index(g: Graph, shape: Any, /, input: Tensor, index: Any = None, indices: Any = None, **_: Any) -> Tensor:
    """Elements looked up."""
    places = indices if isinstance(indices, list) else [index, indices]
    return _looked_up(g, shape, input, [place for place in places if isinstance(place, Tensor)])


@operator("one_hot")
def one_hot(g: Graph, shape: Any, /, input: Tensor, **_: Any) -> Tensor:
    """A one at the place of each number."""
    return Tensor(shape) if input.constant else g.add("one_hot", [input], shape, input.batch, count=shape[-1])


@operator("slice")
def slice_(
    g: Graph, shape: Any, /, input: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1, **_: Any
) -> Tensor:
    """A part along an axis."""
    dim %= len(input.shape)
    size = input.shape[dim]
    if shape == input.shape or dim == input.batch:
        return input
    if input.constant:
        return Tensor(shape)
    start = min(max((start or 0) + (size if (start or 0) < 0 else 0), 0), size)
    stop = start + (shape[dim] - 1) * step + 1
    attributes = _sliced(axis=input.axis(dim), start=start, stop=stop, step=step, size=size)
    return g.add("slice", [input], shape, input.batch, **attributes)


def _sliced(axis: int, start: int, stop: int, step: int, size: int) -> dict[str, int]:
    """The attributes of a slice that are not the default."""
    usual = {"axis": 0, "start": 0, "stop": size, "step": 1}
    given = {"axis": axis, "start": start, "stop": stop, "step": step}
    return {key: value for key, value in given.items() if value != usual[key]}


@operator("select")
def select(g: Graph, shape: Any, /, input: Tensor, dim: int, index: int, **_: Any) -> Tensor:
    """One place of an axis, which goes."""
    dim %= len(input.shape)
    if input.constant:
        return Tensor(shape)
    kept = (*input.shape[:dim], 1, *input.shape[dim + 1 :])
    index %= input.shape[dim]
    part = slice_(g, kept, input, dim, index)
    batch = part.batch
    if batch is not None:
        batch = None if batch == dim else batch - (dim < batch)
    return g.seen_as(part, shape, batch)


def _parts(g: Graph, made: Sequence[Any], x: Tensor, dim: int) -> list[Tensor]:
    """Slices one after the other that fill an axis."""
    start, parts = 0, []
    for tensor in made:
        shape = tuple(tensor.shape)
        parts.append(slice_(g, shape, x, dim, start))
        start += shape[dim]
    return parts


@operator("split", "split_with_sizes", "chunk", "tensor_split", "unsafe_split", "unsafe_chunk")
def split(g: Graph, made: Any, /, input: Any = None, dim: int = 0, **a: Any) -> list[Tensor]:
    """Parts along an axis."""
    return _parts(g, made, a.get("tensor", input), dim)


@operator("unbind")
def unbind(g: Graph, made: Any, /, input: Tensor, dim: int = 0, **_: Any) -> list[Tensor]:
    """Each place of an axis by itself."""
    return [select(g, tuple(one.shape), input, dim, place) for place, one in enumerate(made)]


@operator("cat", "concat")
def cat(g: Graph, shape: Any, /, tensors: Sequence[Tensor], dim: int = 0, **_: Any) -> Tensor:
    """Side by side along an axis."""
    dim %= len(shape)
    tensors = [x for x in tensors if len(x.shape) == len(shape)]
    if all(x.constant for x in tensors):
        return Tensor(shape)
    batches = {x.batch for x in tensors if x.batch is not None}
    batch = batches.pop() if len(batches) == 1 else None
    if batch == dim or (batch is not None and any(x.shape[batch] != 1 for x in tensors)):
        batch = None
    xs = [with_batch(g, x, batch) for x in tensors]
    axis = Tensor(shape, None, batch).axis(dim)
    return xs[0] if len(xs) == 1 else g.add("concat", xs, shape, batch, **({"axis": axis} if axis else {}))


@operator("stack")
def stack(g: Graph, shape: Any, /, tensors: Sequence[Tensor], dim: int = 0, **_: Any) -> Tensor:
    """Side by side along a new axis."""
    dim %= len(shape)
    wide = tuple(1 if axis == dim else size for axis, size in enumerate(shape))
    return cat(g, shape, [squeeze(g, wide, x, dim) for x in tensors], dim)


@operator("roll")
def roll(g: Graph, shape: Any, /, input: Tensor, shifts: Any, dims: Any = (), **_: Any) -> Tensor:
    """Elements moved along axes, around the end."""
    if input.constant:
        return input
    x = behind(g, input, pair(dims, 1)) if dims else input
    axes = tuple(x.axis(axis) for axis in pair(dims, 1)) if dims else (0,)
    return g.add("roll", [x], shape, x.batch, shifts=pair(shifts, 1), axes=axes)


@operator("flip")
def flip(g: Graph, shape: Any, /, input: Tensor, dims: Sequence[int], **_: Any) -> Tensor:
    """Elements in the opposite order along axes."""
    if input.constant:
        return input
    x = behind(g, input, dims)
    return g.add("flip", [x], shape, x.batch, axes=tuple(x.axis(axis) for axis in dims))


def behind(g: Graph, x: Tensor, axes: Sequence[int]) -> Tensor:
    """A tensor whose batch is none of some axes: where it is, it becomes an axis like any other."""
    return g.whole(x) if x.batch in [axis % len(x.shape) for axis in axes] else x


@operator("pad", "constant_pad_nd", "reflection_pad2d", "replication_pad2d")
def pad(g: Graph, shape: Any, /, input: Tensor, pad: Sequence[int] = (), **a: Any) -> Tensor:
    """Elements around; the last axis comes first in `pad`."""
    pad = pad or a.get("padding", ())
    if not any(pad) or input.constant:
        return input if shape == input.shape else Tensor(shape)
    ends = [(0, 0)] * len(input.shape)
    for place in range(len(pad) // 2):
        ends[-1 - place] = (pad[2 * place], pad[2 * place + 1])
    x = behind(g, input, [axis for axis, pair in enumerate(ends) if any(pair)])
    kept = [pair for axis, pair in enumerate(ends) if axis != x.batch]
    if 2 <= len(kept) <= 4 and kept[0] == (0, 0) and min(map(min, kept)) >= 0:
        return g.add("pad", [x], shape, x.batch, pad=tuple(kept[1:]))
    return g.add("pad_axes", [x], shape, x.batch, ends=tuple(kept))


@operator("pixel_shuffle", "pixel_unshuffle")
def pixel_shuffle(g: Graph, shape: Any, /, input: Tensor, **a: Any) -> Tensor:
    """Channels dealt out to positions, or the other way."""
    kind = "pixel_shuffle" if "upscale_factor" in a else "pixel_unshuffle"
    scale = a.get("upscale_factor", a.get("downscale_factor"))
    return g.add(kind, [g.batched(input)], shape, 0, scale=scale)


@operator("channel_shuffle")
def channel_shuffle(g: Graph, shape: Any, /, input: Tensor, groups: int, **_: Any) -> Tensor:
    """Channels dealt out to groups."""
    return g.add("channel_shuffle", [g.batched(input)], shape, 0, groups=groups)


@operator("im2col")
def im2col(g: Graph, shape: Any, /, input: Tensor, kernel_size: Any, **a: Any) -> Tensor:
    """Windows as columns."""
    attributes = given(
        kernel=one(kernel_size), stride=one(a["stride"]), pad=one(a["padding"]), dilation=one(a["dilation"])
    )
    return g.add("unfold", [g.batched(input)], shape, 0, **attributes)


@operator("col2im")
def col2im(g: Graph, shape: Any, /, input: Tensor, kernel_size: Any, output_size: Any, **a: Any) -> Tensor:
    """Columns added up where their windows lie."""
    attributes = given(
        kernel=one(kernel_size), stride=one(a["stride"]), pad=one(a["padding"]), dilation=one(a["dilation"])
    )
    return g.add("fold", [g.batched(input)], shape, 0, out=one(output_size), **attributes)


@operator("unfold")
def unfold(g: Graph, shape: Any, /, input: Tensor, **_: Any) -> Tensor:
    """Windows along one axis as a new axis."""
    return _looked_up(g, shape, input)


def _resized(mode: str, antialias: bool) -> Handler:
    def handler(g: Graph, shape: Any, /, input: Tensor, **_: Any) -> Tensor:
        if shape == input.shape:
            return input
        attributes = {"out": one(shape[2:]), **({"mode": mode} if mode != "nearest" else {})}
        return g.add("resize", [g.batched(input)], shape, 0, **attributes, **({"antialias": True} if antialias else {}))

    return handler


for _rank, _linear in enumerate(("linear", "bilinear", "trilinear"), start=1):
    operator(f"upsample_nearest{_rank}d")(_resized("nearest", antialias=False))
    operator(f"upsample_{_linear}{_rank}d")(_resized("linear", antialias=False))
operator("upsample_bicubic2d")(_resized("cubic", antialias=False))
operator("_upsample_bilinear2d_aa")(_resized("linear", antialias=True))
operator("_upsample_bicubic2d_aa")(_resized("cubic", antialias=True))


@operator("grid_sampler", "grid_sampler_2d")
def grid_sampler(g: Graph, shape: Any, /, input: Tensor, grid: Tensor, **_: Any) -> Tensor:
    """Elements between positions, at places that are computed."""
    return g.add("grid_sample", [g.batched(input), with_batch(g, grid, 0)], shape, 0)
