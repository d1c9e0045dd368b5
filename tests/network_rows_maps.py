"""How are convolution, pooling and normalisation drawn, and how does PyTorch build them?"""
# ruff: noqa: D103  (a function `draw_...` or `build_...` is explained by the row of the table in which it stands)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from network_data import Attributes, Function, Shape, Tensor, around, each, ends
from network_drawing import Drawing
from network_row import Row, anything, draw_cells, draw_groups, is_map, none, of_rank, padding, plain, sliding
from torch import nn
from torch.nn import functional


def nn_of(name: str, rank: int) -> Callable[..., nn.Module]:
    """The class of PyTorch for maps of so many axes: Conv1d, Conv2d, Conv3d."""
    if not 1 <= rank <= 3:
        raise ValueError(f"there is no {name}{rank}d")
    found: Callable[..., nn.Module] = getattr(nn, f"{name}{rank}d")
    return found


class Applied(nn.Module):
    """A plain function as a module."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.forward = function


def conv(name: str, x: Shape, a: Attributes, **other: Any) -> nn.Module:
    """A convolution of PyTorch. It pads both ends alike; where they differ, the map is padded before."""
    rank, pad = len(x) - 1, a.get("pad", 0)
    uneven = isinstance(pad, list) and isinstance(pad[0], list)
    given = {
        "out_channels": a.get("out"),
        "kernel_size": each(a["kernel"], rank),
        "stride": each(a.get("stride", 1), rank),
        "padding": 0 if uneven else tuple(each(pad, rank)) if isinstance(pad, list) else pad,
        "dilation": each(a.get("dilation", 1), rank),
        "groups": a.get("groups", 1),
        "bias": a.get("bias", True),
        **other,
    }
    made = nn_of(name, rank)(x[0], **given)
    return nn.Sequential(Applied(lambda t: functional.pad(t, around(ends(pad, rank)))), made) if uneven else made


def draw_conv(d: Drawing, x: Shape) -> Attributes:
    groups = d.divisor(x[0]) if d.chance(1, 3) else 1
    out = groups * d.whole(1, 6)
    return d.written(out=out, groups=groups, bias=d.chance(1, 2), **sliding(d, x[1:]))


def build_conv(a: Attributes, x: Shape) -> nn.Module:
    return conv("Conv", x, a)


def draw_depthwise(d: Drawing, x: Shape) -> Attributes:
    return d.written(multiplier=d.one_of([1, 1, 2, 3]), bias=d.chance(1, 2), **sliding(d, x[1:]))


def build_depthwise(a: Attributes, x: Shape) -> nn.Module:
    return conv("Conv", x, a, groups=x[0], out_channels=x[0] * a.get("multiplier", 1))


def draw_transposed(d: Drawing, x: Shape) -> Attributes:
    groups, rank = d.divisor(x[0]) if d.chance(1, 3) else 1, len(x) - 1
    found = {**sliding(d, x[1:]), "pad": padding(d, rank, 2), "kernel": d.some(1, 5, rank)}
    gaps = zip(found["stride"], found["dilation"], strict=True)
    extra = [d.whole(0, max(gap) - 1) for gap in gaps] if d.chance(1, 3) else 0
    return d.written(out=groups * d.whole(1, 6), groups=groups, output_pad=extra, bias=d.chance(1, 2), **found)


def build_transposed(a: Attributes, x: Shape) -> nn.Module:
    """Padding takes away from a transposed convolution; where the ends differ, it is cut behind."""
    rank, extra = len(x) - 1, each(a.get("output_pad", 0), len(x) - 1)
    pads = ends(a.get("pad", 0), rank)
    if all(b == a for b, a in pads):
        return conv("ConvTranspose", x, {**a, "pad": [b for b, _ in pads]}, output_padding=tuple(extra))
    cut = around([(-b, more - a) for (b, a), more in zip(pads, extra, strict=True)])
    whole = conv("ConvTranspose", x, {**a, "pad": 0})
    return nn.Sequential(whole, Applied(lambda t: functional.pad(t, cut)))


def draw_partial(d: Drawing, x: Shape) -> Attributes:
    inputs = [d.whole(1, x[0]) for _ in range(d.whole(1, 4))]
    found = sliding(d, x[1:])
    del found["dilation"]
    room = (
        [n + sum(pair) for n, pair in zip(x[1:], ends(found["pad"], len(x) - 1), strict=True)]
        if not isinstance(found["pad"], str)
        else x[1:]
    )
    found["kernel"] = [min(k, n) for k, n in zip(found["kernel"], room, strict=True)]
    return {"inputs": inputs, **d.written(bias=d.chance(1, 2), **found)}


class Partial(nn.Module):
    """Each output map is a convolution of the first so many input maps."""

    def __init__(self, a: Attributes, x: Shape) -> None:
        super().__init__()
        self.maps = nn.ModuleList(conv("Conv", (n, *x[1:]), {**a, "out": 1}) for n in a["inputs"])
        self.inputs = a["inputs"]

    def forward(self, t: Tensor) -> Tensor:
        if max(self.inputs) > t.shape[1]:
            raise ValueError("there are no such input maps")
        return torch.cat([one(t[:, :n]) for one, n in zip(self.maps, self.inputs, strict=True)], 1)


CONVOLUTION = {
    "conv": Row(is_map, draw_conv, build_conv),
    "depthwise": Row(is_map, draw_depthwise, build_depthwise),
    "transposed_conv": Row(is_map, draw_transposed, build_transposed),
    "partial_conv": Row(is_map, draw_partial, Partial),
}


def draw_pool(d: Drawing, x: Shape) -> Attributes:
    rank = len(x) - 1
    kernel = [min(k, n) for k, n in zip(d.some(1, 5, rank), x[1:], strict=True)]
    pad: list[Any] = [d.whole(0, k // 2) for k in kernel] if d.chance(1, 2) else [0] * rank
    rounding = d.one_of(["floor", "ceil"])
    if rounding == "floor" and d.chance(1, 5):
        pad = [[d.whole(0, k - 1), d.whole(0, k - 1)] for k in kernel]
    found = {"kernel": kernel, "pad": pad, "rounding": rounding}
    if d.chance(2, 3):
        found["stride"] = d.some(1, 6, rank)
    written = d.written(**found)
    if "stride" in found:
        written["stride"] = found["stride"]  # the default is the kernel
    return written


def draw_maxpool(d: Drawing, x: Shape) -> Attributes:
    found = draw_pool(d, x)
    rank = len(x) - 1
    room = [n + sum(p) for n, p in zip(x[1:], ends(found.get("pad", 0), rank), strict=True)]
    kernel = each(found["kernel"], rank)
    most = min((n - 1) // (k - 1) if k > 1 else 3 for n, k in zip(room, kernel, strict=True))
    return {**found, "dilation": d.whole(1, min(3, most))} if d.chance(1, 4) else found


def draw_subsample(d: Drawing, x: Shape) -> Attributes:
    return {key: value for key, value in draw_pool(d, x).items() if key in ("kernel", "stride")}


def pool(name: str, a: Attributes, x: Shape, fill: float, **other: Any) -> nn.Module:
    """A pooling of PyTorch. Where the ends are padded differently, the map is padded before."""
    rank = len(x) - 1
    kernel, pads = each(a["kernel"], rank), ends(a.get("pad", 0), rank)
    stride = each(a.get("stride", kernel), rank)
    uneven = any(b != a for b, a in pads)
    inside = [0 if uneven else b for b, _ in pads]
    ceil = a.get("rounding") == "ceil"
    pooled = nn_of(f"{name}Pool", rank)(kernel, stride, inside, ceil_mode=ceil, **other)
    return nn.Sequential(Applied(lambda t: functional.pad(t, around(pads), value=fill)), pooled) if uneven else pooled


def build_maxpool(a: Attributes, x: Shape) -> nn.Module:
    return pool("Max", a, x, float("-inf"), dilation=each(a.get("dilation", 1), len(x) - 1))


def build_avgpool(a: Attributes, x: Shape) -> nn.Module:
    return pool("Avg", a, x, 0.0)


class Subsampling(nn.Module):
    """The mean of a window, times a coefficient of the map, plus its bias."""

    def __init__(self, a: Attributes, x: Shape) -> None:
        super().__init__()
        self.mean = pool("Avg", a, x, 0.0)
        self.scale = nn.Parameter(torch.empty(x[0], *[1] * (len(x) - 1)))
        self.bias = nn.Parameter(torch.empty(x[0], *[1] * (len(x) - 1)))

    def forward(self, t: Tensor) -> Tensor:
        return self.mean(t) * self.scale + self.bias


def build_adaptive(name: str) -> Callable[[Attributes, Shape], nn.Module]:
    return lambda a, x: nn_of(f"Adaptive{name}Pool", len(x) - 1)(tuple(each(a.get("out", 1), len(x) - 1)))


POOLING = {
    "maxpool": Row(is_map, draw_maxpool, build_maxpool),
    "avgpool": Row(is_map, draw_pool, build_avgpool),
    "subsample": Row(is_map, draw_subsample, Subsampling),
    "adaptive_maxpool": Row(is_map, draw_cells, build_adaptive("Max")),
    "adaptive_avgpool": Row(is_map, draw_cells, build_adaptive("Avg")),
    "global_maxpool": Row(is_map, none, build_adaptive("Max")),
    "global_avgpool": Row(is_map, none, build_adaptive("Avg")),
}


def draw_trained(d: Drawing, x: Shape) -> Attributes:
    return d.one_of([{}, {}, {"scale": False, "shift": False}])


def affine(a: Attributes, default: bool = True) -> bool:
    """Whether both scale and shift are trained: PyTorch trains both or none."""
    return bool(a.get("scale", default) and a.get("shift", default))


def build_batchnorm(a: Attributes, x: Shape) -> nn.Module:
    return nn_of("BatchNorm", max(1, len(x) - 1))(x[0], affine=affine(a))


def draw_groupnorm(d: Drawing, x: Shape) -> Attributes:
    return {**draw_groups(d, x), **draw_trained(d, x)}


def build_groupnorm(a: Attributes, x: Shape) -> nn.Module:
    return nn.GroupNorm(a["groups"], x[0], affine=affine(a))


def draw_instancenorm(d: Drawing, x: Shape) -> Attributes:
    trained = d.one_of([{}, {"scale": True, "shift": True}])
    return {**trained, **d.written(tracked=d.chance(1, 2))}


def build_instancenorm(a: Attributes, x: Shape) -> nn.Module:
    return nn_of("InstanceNorm", len(x) - 1)(x[0], affine=affine(a, False), track_running_stats=a.get("tracked", False))


def draw_layernorm(d: Drawing, x: Shape) -> Attributes:
    over: Attributes = d.one_of([{}, {"over": "last"}, {"over": "channels"}, {"over": "all"}])
    if over.get("over", "last") == "last" and len(x) > 1 and d.chance(1, 3):
        over = {**over, "axes": d.whole(1, len(x))}
    return {**over, **d.one_of([{}, {"shift": False}, {"scale": False, "shift": False}])}


def build_layernorm(a: Attributes, x: Shape) -> nn.Module:
    over, axes = a.get("over", "last"), a.get("axes", 1)
    size: Shape = {"last": x[len(x) - axes :], "channels": x[:1], "all": x}[over]
    if axes > len(x):
        raise ValueError("there are no such axes")
    norm = nn.LayerNorm(size, elementwise_affine=a.get("scale", True), bias=a.get("shift", True))
    if over != "channels":
        return norm
    return nn.Sequential(Applied(lambda t: t.movedim(1, -1)), norm, Applied(lambda t: t.movedim(-1, 1)))


def draw_rmsnorm(d: Drawing, x: Shape) -> Attributes:
    return {**d.one_of([{}, {"axes": d.whole(1, len(x))}]), **d.one_of([{}, {"scale": False}])}


def build_rmsnorm(a: Attributes, x: Shape) -> nn.Module:
    if a.get("axes", 1) > len(x):
        raise ValueError("there are no such axes")
    return nn.RMSNorm(x[len(x) - a.get("axes", 1) :], elementwise_affine=a.get("scale", True))


NORMALISATION = {
    "batchnorm": Row(of_rank(1, 2, 3, 4), draw_trained, build_batchnorm),
    "groupnorm": Row(is_map, draw_groupnorm, build_groupnorm),
    "instancenorm": Row(is_map, draw_instancenorm, build_instancenorm),
    "layernorm": Row(anything, draw_layernorm, build_layernorm),
    "rmsnorm": Row(anything, draw_rmsnorm, build_rmsnorm),
    "unit_norm": plain(lambda t: functional.normalize(t, dim=-1)),
    "lrn": Row(is_map, lambda d, x: {"size": d.whole(1, 7)}, lambda a, x: nn.LocalResponseNorm(a["size"])),
}
