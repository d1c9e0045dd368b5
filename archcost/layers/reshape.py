"""Layers that move, repeat, cut or reorder elements without computing with them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal

from archcost.cost import Cost, layer
from archcost.dims import Count, Dim, Shape, at_least, divides, each, require, same
from archcost.layers.shapes import channels_and_space
from archcost.window import Counts, Padding, Spatial, Window, pads


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
    neighbours = 2**rank
    mixing = {"mul": neighbours * prod(out), "add": (neighbours - 1) * prod(out)} if mode == "linear" else {}
    reach = 2 if mode == "linear" else 1
    return Cost(out=out, ops=mixing, windows=tuple(Window(reach * s, s) for s in scales), grows=True)


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
    require(-len(x) <= axis < len(x), "has no axis {} in {}", axis, x)
    axis %= len(x)
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
