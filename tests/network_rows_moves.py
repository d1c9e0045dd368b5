"""How are layers that move elements drawn, along any axes or in space, and how does PyTorch build them?"""
# ruff: noqa: D103  (a function `draw_...` or `build_...` is explained by the row of the table in which it stands)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from network_data import META, Attributes, Function, Shape, Tensor, around, each, ends
from network_drawing import Drawing
from network_row import Row, anything, draw_cells, draw_groups, in_batch, is_map, none, of_rank, padding, sliding
from torch import nn
from torch.nn import functional


def draw_reshape(d: Drawing, x: Shape) -> Attributes:
    """Some axes joined, one split, or all in another order."""
    out = [*x]
    if len(out) > 1 and d.chance(1, 2):
        cut = d.whole(0, len(out) - 2)
        out[cut : cut + 2] = [out[cut] * out[cut + 1]]
    place = d.whole(0, len(out) - 1)
    if len(out) < 5 and d.chance(1, 2):
        part = d.divisor(out[place])
        out[place : place + 1] = d.one_of([[part, out[place] // part], [out[place] // part, part]])
    return {"out": out}


def draw_permute(d: Drawing, x: Shape) -> Attributes:
    left = [*range(len(x))]
    axes = [left.pop(d.whole(0, len(left) - 1)) for _ in x]
    return {"axes": axes}


def draw_slice(d: Drawing, x: Shape) -> Attributes:
    axis = d.whole(0, len(x) - 1)
    stop = d.whole(1, x[axis])
    found: Attributes = {"start": d.whole(0, stop - 1)} if d.chance(2, 3) else {}
    if d.chance(2, 3):
        found["stop"] = stop
    if axis or d.chance(1, 4):
        found["axis"] = axis - len(x) if d.chance(1, 4) else axis
    return {**found, "step": d.whole(2, 4)} if d.chance(1, 3) else found


def build_slice(a: Attributes, x: Shape) -> Function:
    axis = a.get("axis", 0)
    cut = slice(a.get("start", 0), a.get("stop"), a.get("step", 1))
    if not -len(x) <= axis < len(x) or (cut.stop or 0) > x[axis]:
        raise ValueError("refused by the specification: PyTorch stops at the end")
    return lambda t: t[(slice(None),) * (axis % len(x) + 1) + (cut,)]


def draw_ends(d: Drawing, x: Shape) -> Attributes:
    """What is cut leaves one element at least."""
    pairs = []
    for n in x:
        before = d.whole(-min(2, n - 1), 3)
        pairs.append([before, d.whole(-min(2, n - 1 + min(before, 0)), 3)])
    return {"ends": pairs}


def draw_expand(d: Drawing, x: Shape) -> Attributes:
    return {"out": [*(d.whole(1, 3) for _ in range(d.whole(0, 1))), *(d.whole(1, 5) if n == 1 else n for n in x)]}


def build_expand(a: Attributes, x: Shape) -> Function:
    return lambda t: t.reshape(len(t), *[1] * (len(a["out"]) - len(x)), *x).expand(-1, *a["out"])


def draw_repeat(d: Drawing, x: Shape) -> Attributes:
    return {"times": [d.whole(1, 3) for _ in range(len(x) + d.one_of([0, 0, 1]))]}


def build_repeat(a: Attributes, x: Shape) -> Function:
    new = len(a["times"]) - len(x)
    return lambda t: t.reshape(len(t), *[1] * new, *x).repeat(1, *a["times"])


def draw_roll(d: Drawing, x: Shape) -> Attributes:
    axes = d.axes(x)
    return {"shifts": [d.whole(-3, 3) for _ in axes], "axes": axes}


def build_roll(a: Attributes, x: Shape) -> Function:
    axes = in_batch(a["axes"], x)
    if len({axis % (len(x) + 1) for axis in axes}) < len(axes):
        raise ValueError("refused by the specification: PyTorch rolls an axis twice")
    return lambda t: torch.roll(t, a["shifts"], axes)


def build_flip(a: Attributes, x: Shape) -> Function:
    axes = in_batch(a["axes"], x)
    return lambda t: torch.flip(t, axes)


def draw_gather(d: Drawing, x: Shape) -> Attributes:
    return {"out": [d.whole(1, 8) for _ in range(d.whole(1, 3))]}


def build_gather(a: Attributes, x: Shape) -> Function:
    return lambda t: t.flatten(1)[:, torch.empty(*a["out"], dtype=torch.long, device=META)]


def some_of_any(d: Drawing, x: int) -> list[int]:
    """Elements that are written over others."""
    return [d.partner(d.shape(x)[: d.whole(1, 3)])]


def build_scatter(a: Attributes, *shapes: Shape) -> Function:
    def over(t: Tensor, part: Tensor) -> Tensor:
        rows = part.flatten(1)
        index = torch.empty(rows.shape, dtype=torch.long, device=META)
        return t.flatten(1).scatter(1, index, rows).reshape(t.shape)

    return over


MOVING = {
    "flatten": Row(anything, none, lambda a, x: nn.Flatten()),
    "reshape": Row(anything, draw_reshape, lambda a, x: lambda t: t.reshape(len(t), *a["out"])),
    "permute": Row(anything, draw_permute, lambda a, x: lambda t: t.permute(0, *(i + 1 for i in a["axes"]))),
    "slice": Row(anything, draw_slice, build_slice),
    "pad_axes": Row(anything, draw_ends, lambda a, x: lambda t: functional.pad(t, around(a["ends"]))),
    "expand": Row(of_rank(1, 2, 3), draw_expand, build_expand),
    "tile": Row(of_rank(1, 2, 3), draw_repeat, build_repeat),
    "roll": Row(anything, draw_roll, build_roll),
    "flip": Row(anything, lambda d, x: {"axes": d.axes(x)}, build_flip),
    "gather": Row(anything, draw_gather, build_gather),
    "scatter": Row(anything, none, build_scatter, some_of_any),
}


def draw_crop(d: Drawing, x: Shape) -> Attributes:
    return {"out": d.written(out=[d.whole(1, n) for n in x[1:]])["out"]}


def build_crop(a: Attributes, x: Shape) -> Function:
    a_map(x)
    kept = each(a["out"], len(x) - 1)
    if any(m > n for n, m in zip(x[1:], kept, strict=True)):
        raise ValueError("refused by the specification: PyTorch has no such layer")
    centre = tuple(slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(x[1:], kept, strict=True))
    return lambda t: t[(slice(None), slice(None), *centre)]


def draw_pad(d: Drawing, x: Shape) -> Attributes:
    return d.written(pad=padding(d, len(x) - 1, 3), channels=[d.whole(0, 2), d.whole(0, 2)])


def a_map(x: Shape) -> None:
    """PyTorch's functions take anything that has the axes they work on."""
    if not is_map(x):
        raise ValueError("refused by the specification: this is no map")


def build_channel_shuffle(a: Attributes, x: Shape) -> Function:
    a_map(x)
    return nn.ChannelShuffle(a["groups"])


def build_pad(a: Attributes, x: Shape) -> Function:
    a_map(x)
    zeros = around([tuple(each(a.get("channels", 0), 2)), *ends(a.get("pad", 0), len(x) - 1)])  # type: ignore[list-item]
    return lambda t: functional.pad(t, zeros)


LINEAR = ("linear", "bilinear", "trilinear")


def mode_of(a: Attributes, x: Shape) -> str:
    """The word of PyTorch for nearest or linear in so many dimensions, or for another one."""
    mode = str(a.get("mode", "nearest"))
    return LINEAR[len(x) - 2] if mode == "linear" else {"cubic": "bicubic"}.get(mode, mode)


def draw_upsample(d: Drawing, x: Shape) -> Attributes:
    return d.written(scale=d.some(1, 3, len(x) - 1), mode=d.one_of(["nearest", "linear"]))


def build_upsample(a: Attributes, x: Shape) -> nn.Module:
    scale = tuple(map(float, each(a["scale"], len(x) - 1)))
    return nn.Upsample(scale_factor=scale, mode=mode_of(a, x))


def draw_resize(d: Drawing, x: Shape) -> Attributes:
    modes = ["nearest", "linear", "cubic"] if len(x) == 3 else ["nearest", "linear"]
    return {"out": draw_cells(d, x)["out"], **d.written(mode=d.one_of(modes))}


def build_resize(a: Attributes, x: Shape) -> nn.Module:
    return nn.Upsample(size=tuple(each(a["out"], len(x) - 1)), mode=mode_of(a, x))


def places(d: Drawing, x: int) -> list[int]:
    """Any positions, with a coordinate for each axis."""
    rank = len(d.shape(x)) - 1
    return [d.partner([*(d.whole(1, 6) for _ in range(rank)), rank])]


def sampled(t: Tensor, grid: Tensor) -> Tensor:
    return functional.grid_sample(t, grid, align_corners=False)


def draw_shuffled(d: Drawing, x: Shape) -> Attributes:
    return {"scale": d.one_of([n for n in (1, 2, 3, 4) if x[0] % n**2 == 0])}


def draw_unshuffled(d: Drawing, x: Shape) -> Attributes:
    return {"scale": d.one_of([n for n in (1, 2, 3, 4, 5) if x[1] % n == x[2] % n == 0])}


def draw_unfold(d: Drawing, x: Shape) -> Attributes:
    found = sliding(d, x[1:])
    if isinstance(found["pad"], str) or isinstance(found["pad"][0], list):
        found["pad"] = [0, 0]
    room = [n + 2 * pad for n, pad in zip(x[1:], found["pad"], strict=True)]
    gaps = zip(found["kernel"], room, found["dilation"], strict=True)
    found["kernel"] = [min(k, (n - 1) // gap + 1) for k, n, gap in gaps]
    return d.written(**found)


def draw_fold(d: Drawing, x: Shape) -> Attributes:
    """A map whose windows are these columns: as many of them along one axis, or as two factors; any length divides."""
    column, many = x
    rows = d.divisor(many)
    wide = d.one_of([k for k in (1, 2, 3) if column % k == 0])
    high = d.one_of([k for k in (1, 2, 3) if column // wide % k == 0])
    stride = [d.whole(1, 3), d.whole(1, 3)]
    sides = [(rows - 1) * stride[0] + high, (many // rows - 1) * stride[1] + wide]
    return {"out": sides, "kernel": [high, wide], **({} if stride == [1, 1] else {"stride": stride})}


def of_axes(build: Callable[[Attributes], nn.Module], rank: int = 3) -> Callable[[Attributes, Shape], nn.Module]:
    """What PyTorch has for one rank only; of another it would take the batch for an axis."""

    def checked(a: Attributes, x: Shape) -> nn.Module:
        if len(x) != rank:
            raise ValueError(f"needs {rank} axes")
        return build(a)

    return checked


def columns(a: Attributes) -> dict[str, Any]:
    names = {"kernel": "kernel_size", "pad": "padding"}
    return {names.get(key, key): tuple(each(value, 2)) for key, value in a.items() if key != "out"}


MOVING_IN_SPACE = {
    "crop": Row(is_map, draw_crop, build_crop),
    "pad": Row(is_map, draw_pad, build_pad),
    "upsample": Row(is_map, draw_upsample, build_upsample),
    "resize": Row(is_map, draw_resize, build_resize),
    "grid_sample": Row(of_rank(3, 4), none, lambda a, *shapes: sampled, places),
    "pixel_shuffle": Row(of_rank(3), draw_shuffled, of_axes(lambda a: nn.PixelShuffle(a["scale"]))),
    "pixel_unshuffle": Row(of_rank(3), draw_unshuffled, of_axes(lambda a: nn.PixelUnshuffle(a["scale"]))),
    "unfold": Row(of_rank(3), draw_unfold, of_axes(lambda a: nn.Unfold(**columns(a)))),
    "fold": Row(of_rank(2), draw_fold, of_axes(lambda a: nn.Fold(tuple(each(a["out"], 2)), **columns(a)), 2)),
    "channel_shuffle": Row(is_map, draw_groups, build_channel_shuffle),
}
