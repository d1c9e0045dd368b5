"""Layers that move, repeat, cut or reorder elements without computing with them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal, TypeAlias

from archcost.cost import Cost, layer
from archcost.dims import Count, Dim, Shape, at_least, divides, each, require, same, surely
from archcost.layers.shapes import aligned, alike, axes_of, axis_of, channels_and_space, interpolated, wider
from archcost.window import Counts, Padding, Spatial, Window, pads, slide

Ends: TypeAlias = Sequence[tuple[int, int]]


@layer
def flatten(x: Shape) -> Cost:
    """All elements of any shape as one vector; a view.

    Source: torch.nn.Flatten.
    """
    return Cost(out=(prod(x),), storage="view", windows=None)


@layer
def reshape(x: Shape, *, out: Sequence[Dim]) -> Cost:
    """The elements of any shape, in their order, as another shape; a view. Refuses as many as do not fit.

    Source: torch.Tensor.view.
    """
    require(same(prod(x), prod(out)), "cannot shape {} into {}", x, tuple(out))
    return Cost(out=tuple(out), storage="view", windows="mixed")


@layer
def permute(x: Shape, *, axes: Sequence[int]) -> Cost:
    """The axes of any shape in another order: output axis i is input axis `axes[i]`, counted from 0; a view.

    `[1, 2, 0]` puts the channels of a map last. Refuses what is no order of all axes.
    Source: torch.permute.
    """
    each_once = len(axes) == len({*axes} & {*range(len(x))}) == len(x)
    require(each_once, "the axes of {} have no order {}", x, list(axes))
    return Cost(out=tuple(x[axis] for axis in axes), storage="view", windows="mixed")


# How many neighbours along each axis make an element between them.
REACH = {"nearest": 1, "linear": 2, "cubic": 4}


@layer
def upsample(x: Shape, *, scale: Spatial, mode: Literal["nearest", "linear"] = "nearest") -> Cost:
    """A map `channels x space` enlarged `scale` times along each axis.

    `nearest` repeats elements; `linear` (bilinear over two axes, trilinear over three) mixes `2**axes` neighbours:
    as many products and one addition fewer for each output.
    Source: torch.nn.Upsample.
    """
    channels, space = channels_and_space(x)
    rank = len(space)
    scales = each(scale, rank)
    out = (channels, *(n * s for n, s in zip(space, scales, strict=True)))
    reach = REACH[mode]
    windows = tuple(Window(reach * s, s) for s in scales)
    return Cost(out=out, ops=interpolated(prod(out), reach**rank), windows=windows, grows=True)


@layer
def resize(
    x: Shape, *, out: Spatial, mode: Literal["nearest", "linear", "cubic"] = "nearest", antialias: bool = False
) -> Cost:
    """A map `channels x space` brought to a size of `out` positions, larger or smaller.

    `nearest` repeats or leaves out elements; `linear` mixes `2**axes` neighbours, `cubic` `4**axes`: as many products
    and one addition fewer for each output. With `antialias` a reduction mixes more of them, which is not counted.
    Source: torch.nn.functional.interpolate; cubic: Keys 1981, "Cubic convolution interpolation".
    """
    channels, space = channels_and_space(x)
    sides = each(out, len(space))
    made = (channels, *sides)
    ops = interpolated(prod(made), REACH[mode] ** len(space))
    if not all(surely(divides, n, side) for n, side in zip(space, sides, strict=True)):
        return Cost(out=made, ops=ops, windows="mixed")
    scales = [side // n for n, side in zip(space, sides, strict=True)]
    return Cost(out=made, ops=ops, windows=tuple(Window(REACH[mode] * s, s) for s in scales), grows=True)


@layer
def grid_sample(x: Shape, grid: Shape) -> Cost:
    """Elements of a map `channels x space` at any places: `grid` is `positions x axes`, a place for each position.

    Each is mixed of `2**axes` neighbours, in all channels alike: as many products and one addition fewer.
    Refuses a grid whose last axis does not have as many coordinates as the map has spatial axes.
    Source: Jaderberg et al. 2015, arXiv:1506.02025, equation 5; torch.nn.functional.grid_sample.
    """
    channels, space = channels_and_space(x)
    fits = len(grid) == len(x) and same(grid[-1], len(space)) is not False
    require(fits, "cannot sample {} at {}", x, grid)
    out = (channels, *grid[:-1])
    return Cost(out=out, ops=interpolated(prod(out), 2 ** len(space)), windows="mixed")


@layer
def pixel_shuffle(x: Shape, *, scale: Dim) -> Cost:
    """The channels of a map `channels x space` dealt out in space, which becomes `scale` times as large; a copy.

    Refuses channels that `scale**axes` does not divide.
    Source: Shi et al. 2016, arXiv:1609.05158, equation 4.
    """
    channels, space = channels_and_space(x)
    area = prod((scale,) * len(space))
    require(divides(area, channels), "{} channels do not divide into {} positions", channels, area)
    windows = (Window(scale, scale),) * len(space)
    return Cost(out=(channels // area, *(n * scale for n in space)), windows=windows, grows=True)


@layer
def pixel_unshuffle(x: Shape, *, scale: Dim) -> Cost:
    """Squares of a map `channels x space`, `scale` wide along each axis, stacked as channels; a copy.

    Refuses sides that `scale` does not divide.
    Source: torch.nn.PixelUnshuffle, the reverse of Shi et al. 2016, arXiv:1609.05158, equation 4.
    """
    channels, space = channels_and_space(x)
    for n in space:
        require(divides(scale, n), "{} positions do not divide into squares of {}", n, scale)
    area = prod((scale,) * len(space))
    return Cost(out=(channels * area, *(n // scale for n in space)), windows=(Window(scale, scale),) * len(space))


@layer
def unfold(x: Shape, *, kernel: Spatial, stride: Spatial = 1, pad: Padding = 0, dilation: Spatial = 1) -> Cost:
    """The windows of a map `channels x space` as columns: `channels * prod(kernel) x positions`; a copy.

    Refuses a kernel larger than the padded map.
    Source: torch.nn.Unfold; Chellapilla et al. 2006, "High performance convolutional neural networks" (im2col).
    """
    channels, space = channels_and_space(x)
    positions, _ = slide(space, kernel, stride, pad, dilation)
    return Cost(out=(channels * prod(each(kernel, len(space))), prod(positions)), windows="mixed")


@layer
def fold(
    x: Shape,
    *,
    out: Spatial,
    kernel: Spatial,
    stride: Spatial = 1,
    pad: Padding = 0,
    dilation: Spatial = 1,
) -> Cost:
    """Columns `channels * prod(kernel) x positions` added into a map of `out` positions, the reverse of `unfold`.

    The map has as many spatial axes as `out` has values; one number stands for two axes. An addition for each element
    of a column. Refuses columns of another length or number than such a map has windows.
    Source: torch.nn.Fold.
    """
    require(len(x) == 2, "needs columns x positions, gets {}", x)
    column, many = x
    space = each(out, len(out) if isinstance(out, Sequence) else 2)
    positions, _ = slide(space, kernel, stride, pad, dilation)
    require(same(prod(positions), many), "a map of {} has {} windows, gets {}", space, prod(positions), many)
    size = prod(each(kernel, len(space)))
    require(divides(size, column), "a column of {} does not divide into windows of {}", column, size)
    return Cost(out=(column // size, *space), ops={"add": prod(x)}, windows="mixed")


@layer
def pad(x: Shape, *, pad: Padding = 0, channels: Counts = 0) -> Cost:
    """Zeros around a map `channels x space`: `pad` as in `conv`, `channels` before and after the channels.

    Source: torch.nn.functional.pad; zero channels: He et al. 2015, arXiv:1512.03385, section 3.3 (option A).
    """
    depth, space = channels_and_space(x)
    require(not isinstance(pad, str), "takes numbers, not 'same' or 'valid'")
    around = [ends or (0, 0) for ends in pads(pad, len(space))]
    before, after = each(channels, 2)
    return Cost(
        out=(before + depth + after, *(n + b + a for n, (b, a) in zip(space, around, strict=True))),
        windows=tuple(Window(1, 1, ends) for ends in around),
    )


@layer
def crop(x: Shape, *, out: Spatial) -> Cost:
    """The central `out` positions of a map `channels x space`; a view. Refuses to enlarge.

    Source: Ronneberger et al. 2015, arXiv:1505.04597, section 2.
    """
    channels, space = channels_and_space(x)
    kept = each(out, len(space))
    for n, m in zip(space, kept, strict=True):
        require(at_least(n, m), "cannot crop {} to {}", space, kept)
    cut = (Window(1, 1, (-((n - m) // 2), 0)) for n, m in zip(space, kept, strict=True))
    return Cost(out=(channels, *kept), storage="view", windows=tuple(cut))


@layer
def slice_(x: Shape, *, axis: int = 0, start: Count = 0, stop: Count | None = None, step: Dim = 1) -> Cost:
    """Every `step`-th element from `start` to before `stop` along one axis of any shape; a view.

    Axis 0 are the channels. Refuses an empty slice and a stop beyond the end.
    Source: numpy basic slicing.
    """
    axis = axis_of(x, axis)
    end = x[axis] if stop is None else stop
    require(at_least(x[axis], end), "cannot slice to {} of {}", end, x[axis])
    require(at_least(end, start + 1), "nothing is left from {} to {}", start, end)
    read = Window(1, step, (-start, 0))  # what is skipped at the start is padding taken away
    return Cost(
        out=(*x[:axis], (end - start - 1) // step + 1, *x[axis + 1 :]),
        storage="view",
        windows=tuple(read if i == axis else Window(1) for i in range(1, len(x))),
    )


@layer
def channel_shuffle(x: Shape, *, groups: Dim) -> Cost:
    """The channels of a map `channels x space` dealt out so that each group gets some of every group; a copy.

    Refuses channels that do not divide into the groups.
    Source: Zhang et al. 2017, arXiv:1707.01083, section 3.1.
    """
    channels, _ = channels_and_space(x)
    require(divides(groups, channels), "{} channels do not divide into {} groups", channels, groups)
    return Cost(out=x)


@layer
def pad_axes(x: Shape, *, ends: Ends) -> Cost:
    """Zeros before and after any axes of any shape, `[before, after]` for each of them; numbers below 0 cut instead.

    Refuses to leave nothing.
    Source: torch.nn.functional.pad; ONNX operator Pad.
    """
    require(len(ends) == len(x), "{} pairs are given for {}", len(ends), x)
    out = tuple(before + n + after for n, (before, after) in zip(x, ends, strict=True))
    for n, side in zip(x, out, strict=True):
        require(at_least(side, 1), "nothing is left of {}", n)
    return Cost(out=out, windows=tuple(Window(1, 1, (before, after)) for before, after in ends[1:]))


@layer
def expand(x: Shape, *, out: Sequence[Dim]) -> Cost:
    """Axes of 1 repeated, and new axes before all others, so that any shape becomes `out`; a view.

    Refuses other sizes than 1 that differ.
    Source: torch.Tensor.expand.
    """
    both = wider(aligned(x, len(out)), tuple(out))
    require(both is not None and alike(both, tuple(out)), "cannot expand {} to {}", x, tuple(out))
    return Cost(out=tuple(out), storage="view", windows="mixed")


@layer
def tile(x: Shape, *, times: Sequence[Dim]) -> Cost:
    """Any shape laid side by side with itself, so many `times` along each axis; more of them are new axes before.

    Refuses fewer numbers than axes.
    Source: torch.Tensor.repeat; numpy.tile.
    """
    require(len(times) >= len(x), "{} has more axes than {}", x, list(times))
    tiled = zip(aligned(x, len(times)), times, strict=True)
    return Cost(out=tuple(n * many for n, many in tiled), windows="mixed")


@layer
def roll(x: Shape, *, shifts: Sequence[int], axes: Sequence[int]) -> Cost:
    """Elements moved along some axes of any shape, those past the end to the beginning; a copy.

    Refuses axes that do not exist or are named twice, and another number of shifts.
    Source: torch.roll; Liu et al. 2021, arXiv:2103.14030, section 3.2.
    """
    require(len(shifts) == len(axes_of(x, axes)), "{} shifts are given for {} axes", len(shifts), len(axes))
    return Cost(out=x, windows="mixed")


@layer
def flip(x: Shape, *, axes: Sequence[int]) -> Cost:
    """Elements in reverse order along some axes of any shape; a copy.

    Refuses axes that do not exist or are named twice.
    Source: torch.flip.
    """
    return Cost(out=x, windows="mixed" if any(axes_of(x, axes)) else ())
