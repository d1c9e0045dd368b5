"""Random networks, drawn as plain data, that PyTorch and archcost both build: do they agree on every layer?

    python tests/networks.py 10000 SEED    how often each layer type was drawn, and every failure as JSON

A network is its inputs and a list of entries. An entry is a layer, `{"op", "attributes", "from"}`, with `branches`
if it joins lists of entries, or a `block` of entries that stands there `repeat` times. `from` holds numbers: inputs are
counted first, then the entries of the list with those of its branches before them; a block counts anew from its input.
PyTorch works on its meta device with a batch of two; shapes while drawing are its own, so most of what is drawn fits.
A network ends with the first layer that PyTorch refuses; archcost must refuse the same one.
"""
# ruff: noqa: D103  (a function `draw_...` or `build_...` is explained by the row of the table in which it stands)

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from math import prod
from random import Random
from typing import Any, NamedTuple, TypeAlias

import torch
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from archcost.cost import layer_type
from archcost.errors import ArchcostError, Source
from archcost.expand import expand
from archcost.net import Net, propagate
from archcost.source import parse
from archcost.spec import read_spec

torch.backends.opt_einsum.enabled = False  # type: ignore[assignment]  # products in the order in which they are written

Shape: TypeAlias = tuple[int, ...]
Attributes: TypeAlias = dict[str, Any]
Entry: TypeAlias = dict[str, Any]
Network: TypeAlias = dict[str, Any]
Tensor: TypeAlias = torch.Tensor
Function: TypeAlias = Callable[..., Tensor]

META = torch.device("meta")
BATCH = 2
REFUSALS = (RuntimeError, ValueError, IndexError, AssertionError)


class Facts(NamedTuple):
    """What both sides say of a layer."""

    out: Shape
    params: int = 0
    buffers: int = 0
    macs: float = 0


# ---------------------------------------------------------------- drawing


class Refused(Exception):
    """PyTorch refuses the layer that was drawn last: the network ends with it."""


class Drawing:
    """A network as far as it is drawn, with what PyTorch makes of it."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.torch = Torch()
        self.inputs: list[Entry] = []
        self.entries: list[Entry] = []  # of the list that is being drawn
        self.scope: list[int] = []  # the result of PyTorch for each number that `from` can hold
        self.visible: list[int] = []  # the numbers of which `from` can name
        self.depth = 0

    def whole(self, least: int, most: int) -> int:
        """A whole number."""
        return self.random.randint(least, max(least, most))

    def chance(self, one: int, of: int) -> bool:
        """True so often; shrinks to False."""
        return self.whole(0, of - 1) >= of - one

    def one_of(self, values: Sequence[Any]) -> Any:
        """One of some values; shrinks to the first."""
        return values[self.whole(0, len(values) - 1)]

    def divisor(self, n: int) -> int:
        """A number that divides another."""
        return int(self.one_of([d for d in range(1, min(n, 12) + 1) if n % d == 0]))

    def some(self, least: int, most: int, rank: int) -> list[int]:
        """A number for each axis, often the same."""
        if self.chance(1, 2):
            return [self.whole(least, most) for _ in range(rank)]
        return [self.whole(least, most)] * rank

    def axes(self, x: Shape) -> list[int]:
        """Some axes of a sample, counted from the first or the last."""
        axes = [axis for axis in range(len(x)) if self.chance(1, 2)] or [self.whole(0, len(x) - 1)]
        return [axis - len(x) if self.chance(1, 4) else axis for axis in axes]

    def written(self, **attributes: Any) -> Attributes:
        """Attributes as people write them: one number where all axes have the same, mostly no defaults."""
        found = {}
        for name, value in attributes.items():
            if isinstance(value, list) and len({*map(str, value)}) == 1 and not isinstance(value[0], list):
                value = value[0] if self.chance(3, 4) else value
            if not (value in DEFAULTS.get(name, ()) and self.chance(3, 4)):
                found[name] = value
        return found

    def shape(self, number: int) -> Shape:
        """The shape of a result, of one sample."""
        return tuple(self.tensor(number).shape[1:])

    def tensor(self, number: int) -> Tensor:
        """A result of PyTorch."""
        return self.torch.tensors[self.scope[number]]

    def input(self, shape: Shape, words: bool) -> None:
        """An input, of numbers or of numbers of words."""
        self.inputs.append({"shape": [*shape], "words": True} if words else {"shape": [*shape]})
        self.scope.append(self.torch.input(shape, words))
        self.visible.append(len(self.scope) - 1)

    def place(self, op: str, attributes: Attributes, reads: Sequence[int]) -> int:
        """One layer more, and its number."""
        self.entries.append({"op": op, "attributes": attributes, "from": [*reads]})
        return self.result(op, attributes, [self.scope[i] for i in reads])

    def result(self, op: str, attributes: Attributes, reads: Sequence[int]) -> int:
        """The number of what PyTorch makes of a layer."""
        self.scope.append(self.torch.run(op, attributes, reads))
        self.visible.append(len(self.scope) - 1)
        return self.visible[-1]

    def partner(self, shape: Sequence[int]) -> int:
        """A result of that shape, or a stored tensor; now and then one that does not fit."""
        wanted = tuple(shape)
        found = [i for i in self.visible if self.shape(i) == wanted and self.tensor(i).is_floating_point()]
        if found and self.chance(3, 4):
            return int(self.one_of(found))
        if self.chance(1, 40):
            wanted = (*wanted[:-1], wanted[-1] + 1)
        stored = {"shape": [*wanted]}
        if self.chance(1, 4):
            return self.place("constant", stored, [])
        return self.place("parameter", stored if self.chance(3, 4) else {**stored, "trained": False}, [])

    def fitted(self, x: int, wanted: Shape) -> int:
        """Layers that bring a result to a shape."""
        have = self.shape(x)
        if have == wanted:
            return x
        if len(have) == len(wanted) and 2 <= len(have) <= 4 and self.chance(2, 3):
            if have[1:] != wanted[1:]:
                pool = self.one_of(["adaptive_avgpool", "adaptive_maxpool"])
                x = self.place(pool, self.written(out=[*wanted[1:]]), [x])
            return x if have[0] == wanted[0] else self.place("conv", {"out": wanted[0], "kernel": 1}, [x])
        if have[:-1] == wanted[:-1]:
            return self.place("linear", {"out": wanted[-1], "over": "last"}, [x])
        if len(have) > 1:
            x = self.place("flatten", {}, [x])
        if prod(have) != prod(wanted):
            x = self.place("linear", {"out": prod(wanted)}, [x])
        return x if len(wanted) == 1 else self.place("reshape", {"out": [*wanted]}, [x])


DEFAULTS: dict[str, tuple[Any, ...]] = {
    "stride": (1, [1, 1], [1, 1, 1]),
    "pad": (0, [0, 0], [0, 0, 0]),
    "output_pad": (0,),
    "dilation": (1,),
    "groups": (1,),
    "heads": (1,),
    "layers": (1,),
    "multiplier": (1,),
    "channels": ([0, 0],),
    "rounding": ("floor",),
    "bidirectional": (False,),
    "bias": (True,),
    "keep": (False,),
    "mode": ("nearest",),
    "causal": (False,),
    "scaled": (True,),
    "trained": (True,),
    "per_channel": (True,),
    "tracked": (False,),
}


def each(value: Any, rank: int) -> list[Any]:
    """One value for each axis."""
    if isinstance(value, list) and len(value) != rank:
        raise ValueError(f"{len(value)} values for {rank} axes")
    return list(value) if isinstance(value, list) else [value] * rank


def ends(value: Any, rank: int) -> list[tuple[int, int]]:
    """Padding before and after each axis."""
    return [tuple(v) if isinstance(v, list) else (v, v) for v in each(value, rank)]  # type: ignore[misc]


def around(pads: Sequence[tuple[int, int]]) -> list[int]:
    """Padding in the order of PyTorch, which begins at the last axis."""
    return [end for pair in reversed(pads) for end in pair]


def padding(d: Drawing, rank: int, most: int) -> list[Any]:
    """Padding for each axis, now and then another before than after."""
    if d.chance(1, 4):
        return [[d.whole(0, most), d.whole(0, most)] for _ in range(rank)]
    return d.some(0, most, rank)


def sliding(d: Drawing, space: Shape) -> Attributes:
    """Kernel, stride, padding and dilation that fit into a map."""
    rank = len(space)
    pad, dilation, kernel = padding(d, rank, 3), [1] * rank, d.some(1, 5, rank)
    if d.chance(1, 4):
        dilation = d.some(1, 3, rank)
    room = [n + sum(pair) for n, pair in zip(space, ends(pad, rank), strict=True)]
    kernel = [min(k, (n - 1) // gap + 1) for k, n, gap in zip(kernel, room, dilation, strict=True)]
    stride = d.some(1, 4, rank) if d.chance(1, 2) else [1] * rank
    word = d.one_of([None] * 8 + ["same", "valid"])
    if word == "same":
        stride = [1] * rank
    if word == "valid":
        kernel = [min(k, (n - 1) // gap + 1) for k, n, gap in zip(kernel, space, dilation, strict=True)]
    return {"kernel": kernel, "stride": stride, "pad": word or pad, "dilation": dilation}


def draw_conv(d: Drawing, x: Shape) -> Attributes:
    groups = d.divisor(x[0]) if d.chance(1, 3) else 1
    out = groups * d.whole(1, 6)
    return d.written(out=out, groups=groups, bias=d.chance(1, 2), **sliding(d, x[1:]))


def draw_depthwise(d: Drawing, x: Shape) -> Attributes:
    return d.written(multiplier=d.one_of([1, 1, 2, 3]), bias=d.chance(1, 2), **sliding(d, x[1:]))


def draw_transposed(d: Drawing, x: Shape) -> Attributes:
    groups, rank = d.divisor(x[0]) if d.chance(1, 3) else 1, len(x) - 1
    found = {**sliding(d, x[1:]), "pad": padding(d, rank, 2), "kernel": d.some(1, 5, rank)}
    gaps = zip(found["stride"], found["dilation"], strict=True)
    extra = [d.whole(0, max(gap) - 1) for gap in gaps] if d.chance(1, 3) else 0
    return d.written(out=groups * d.whole(1, 6), groups=groups, output_pad=extra, bias=d.chance(1, 2), **found)


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


def nn_of(name: str, rank: int) -> Callable[..., nn.Module]:
    """The class of PyTorch for maps of so many axes: Conv1d, Conv2d, Conv3d."""
    if not 1 <= rank <= 3:
        raise ValueError(f"there is no {name}{rank}d")
    found: Callable[..., nn.Module] = getattr(nn, f"{name}{rank}d")
    return found


def conv(name: str, x: Shape, a: Attributes, **other: Any) -> nn.Module:
    """A convolution of PyTorch. It pads both ends alike; where they differ, the map is padded before."""
    rank, pad = len(x) - 1, a.get("pad", 0)
    uneven = isinstance(pad, list) and isinstance(pad[0], list)
    given = {
        "out_channels": a.get("out"),
        "kernel_size": each(a["kernel"], rank),
        "stride": each(a.get("stride", 1), rank),
        "padding": 0 if uneven else tuple(pad) if isinstance(pad, list) else pad,
        "dilation": each(a.get("dilation", 1), rank),
        "groups": a.get("groups", 1),
        "bias": a.get("bias", True),
        **other,
    }
    made = nn_of(name, rank)(x[0], **given)
    return nn.Sequential(Applied(lambda t: functional.pad(t, around(ends(pad, rank)))), made) if uneven else made


def build_conv(a: Attributes, x: Shape) -> nn.Module:
    return conv("Conv", x, a)


def build_depthwise(a: Attributes, x: Shape) -> nn.Module:
    return conv("Conv", x, a, groups=x[0], out_channels=x[0] * a.get("multiplier", 1))


def build_transposed(a: Attributes, x: Shape) -> nn.Module:
    """Padding takes away from a transposed convolution; where the ends differ, it is cut behind."""
    rank, extra = len(x) - 1, each(a.get("output_pad", 0), len(x) - 1)
    pads = ends(a.get("pad", 0), rank)
    if all(b == a for b, a in pads):
        return conv("ConvTranspose", x, {**a, "pad": [b for b, _ in pads]}, output_padding=tuple(extra))
    cut = around([(-b, more - a) for (b, a), more in zip(pads, extra, strict=True)])
    whole = conv("ConvTranspose", x, {**a, "pad": 0})
    return nn.Sequential(whole, Applied(lambda t: functional.pad(t, cut)))


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


class Applied(nn.Module):
    """A plain function as a module."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.forward = function


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


class Subsampling(nn.Module):
    """The mean of a window, times a coefficient of the map, plus its bias."""

    def __init__(self, a: Attributes, x: Shape) -> None:
        super().__init__()
        self.mean = pool("Avg", a, x, 0.0)
        self.scale = nn.Parameter(torch.empty(x[0], *[1] * (len(x) - 1)))
        self.bias = nn.Parameter(torch.empty(x[0], *[1] * (len(x) - 1)))

    def forward(self, t: Tensor) -> Tensor:
        return self.mean(t) * self.scale + self.bias


def draw_cells(d: Drawing, x: Shape) -> Attributes:
    return {"out": d.written(out=d.some(1, 9, len(x) - 1))["out"]}


def build_adaptive(name: str) -> Callable[[Attributes, Shape], nn.Module]:
    return lambda a, x: nn_of(f"Adaptive{name}Pool", len(x) - 1)(tuple(each(a.get("out", 1), len(x) - 1)))


def draw_trained(d: Drawing, x: Shape) -> Attributes:
    return d.one_of([{}, {}, {"scale": False, "shift": False}])


def affine(a: Attributes, default: bool = True) -> bool:
    """Whether both scale and shift are trained: PyTorch trains both or none."""
    return bool(a.get("scale", default) and a.get("shift", default))


def build_instancenorm(a: Attributes, x: Shape) -> nn.Module:
    return nn_of("InstanceNorm", len(x) - 1)(x[0], affine=affine(a, False), track_running_stats=a.get("tracked", False))


def draw_instancenorm(d: Drawing, x: Shape) -> Attributes:
    trained = d.one_of([{}, {"scale": True, "shift": True}])
    return {**trained, **d.written(tracked=d.chance(1, 2))}


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


def build_rmsnorm(a: Attributes, x: Shape) -> nn.Module:
    if a.get("axes", 1) > len(x):
        raise ValueError("there are no such axes")
    return nn.RMSNorm(x[len(x) - a.get("axes", 1) :], elementwise_affine=a.get("scale", True))


def draw_rmsnorm(d: Drawing, x: Shape) -> Attributes:
    return {**d.one_of([{}, {"axes": d.whole(1, len(x))}]), **d.one_of([{}, {"scale": False}])}


def draw_linear(d: Drawing, x: Shape, weight: Shape = ()) -> Attributes:
    over = {"over": "last"} if len(x) > 2 and d.chance(24, 25) else {}
    return {"out": weight[0] if weight else d.whole(1, 12), **d.written(bias=d.chance(1, 2)), **over}


class Linear(nn.Module):
    """A linear layer whose weight is given, the same for all samples."""

    def __init__(self, a: Attributes, x: Shape) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.empty(a["out"])) if a.get("bias", True) else None
        self.size = a["out"], x[-1]

    def forward(self, t: Tensor, weight: Tensor) -> Tensor:
        return functional.linear(t, weight[0].reshape(self.size), self.bias)


def build_linear(a: Attributes, x: Shape, weight: Shape = ()) -> nn.Module:
    if len(x) > 2 and "over" not in a:
        raise ValueError("refused by the specification: a map is no row of features")
    return Linear(a, x) if weight else nn.Linear(x[-1], a["out"], a.get("bias", True))


def draw_axes(d: Drawing, x: Shape) -> Attributes:
    return {"axes": d.axes(x), **d.written(keep=d.chance(1, 3))}


def in_batch(axes: Sequence[int], x: Shape) -> list[int]:
    """The axes of a sample as those of a batch. PyTorch would take the batch for one of them."""
    if any(not -len(x) <= axis < len(x) for axis in axes):
        raise ValueError("there are no such axes")
    return [axis + 1 if axis >= 0 else axis for axis in axes]


def reduced(function: Function) -> Callable[[Attributes, Shape], Function]:
    """A reduction of PyTorch over axes of a sample."""

    def build(a: Attributes, x: Shape) -> Function:
        axes = in_batch(a["axes"], x)
        return lambda t: function(t, axes, a.get("keep", False))

    return build


def one_by_one(function: Function) -> Function:
    """A reduction of PyTorch that takes one axis only, over several: the last first."""

    def over(t: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
        if len({axis % t.ndim for axis in axes}) < len(axes):
            raise ValueError("an axis is named twice")
        for axis in sorted((axis % t.ndim for axis in axes), reverse=True):
            t = function(t, axis, keep)
        return t

    return over


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


def draw_crop(d: Drawing, x: Shape) -> Attributes:
    return {"out": d.written(out=[d.whole(1, n) for n in x[1:]])["out"]}


def build_crop(a: Attributes, x: Shape) -> Function:
    kept = each(a["out"], len(x) - 1)
    if any(m > n for n, m in zip(x[1:], kept, strict=True)):
        raise ValueError("refused by the specification: PyTorch has no such layer")
    centre = tuple(slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(x[1:], kept, strict=True))
    return lambda t: t[(slice(None), slice(None), *centre)]


def draw_pad(d: Drawing, x: Shape) -> Attributes:
    return d.written(pad=padding(d, len(x) - 1, 3), channels=[d.whole(0, 2), d.whole(0, 2)])


def build_pad(a: Attributes, x: Shape) -> Function:
    zeros = around([tuple(each(a.get("channels", 0), 2)), *ends(a.get("pad", 0), len(x) - 1)])  # type: ignore[list-item]
    return lambda t: functional.pad(t, zeros)


LINEAR = ("linear", "bilinear", "trilinear")


def draw_upsample(d: Drawing, x: Shape) -> Attributes:
    return d.written(scale=d.some(1, 3, len(x) - 1), mode=d.one_of(["nearest", "linear"]))


def build_upsample(a: Attributes, x: Shape) -> nn.Module:
    scale = tuple(map(float, each(a["scale"], len(x) - 1)))
    return nn.Upsample(scale_factor=scale, mode=mode_of(a, x))


def mode_of(a: Attributes, x: Shape) -> str:
    """The word of PyTorch for nearest or linear in so many dimensions, or for another one."""
    mode = str(a.get("mode", "nearest"))
    return LINEAR[len(x) - 2] if mode == "linear" else {"cubic": "bicubic"}.get(mode, mode)


def none(d: Drawing, *shapes: Shape) -> Attributes:
    return {}


# ---------------------------------------------------------------- layers of several inputs


def broadcast_with(d: Drawing, x: int) -> list[int]:
    """A partner of the same shape, or with axes of 1, such as a gate; or this shape as the smaller one."""
    return [d.partner([n if d.chance(3, 4) else 1 for n in d.shape(x)])]


def two_more(d: Drawing, x: int) -> list[int]:
    return [*broadcast_with(d, x), *broadcast_with(d, x)]


def one_or_two(d: Drawing, x: int) -> list[int]:
    return broadcast_with(d, x) if d.chance(2, 3) else two_more(d, x)


def folded(function: Function) -> Callable[..., Function]:
    """A function of two, over several."""

    def over(first: Tensor, *others: Tensor) -> Tensor:
        for other in others:
            first = function(first, other)
        return first

    return lambda a, *shapes: same_rank(over)


def same_rank(function: Function) -> Function:
    """A function that broadcasts only axes that are there, as the specification has it."""

    def checked(*tensors: Tensor) -> Tensor:
        if len({t.ndim for t in tensors}) > 1:
            raise ValueError("refused by the specification: as many axes each")
        return function(*tensors)

    return checked


def besides(d: Drawing, x: int) -> list[int]:
    """Results that are equal to this one but along some axis, for a concat."""
    shape = [*d.shape(x)]
    axis = d.one_of([0, 0, 0, len(shape) - 1])
    return [d.partner([*shape[:axis], d.whole(1, 4), *shape[axis + 1 :]]) for _ in range(d.whole(1, 2))]


def draw_concat(d: Drawing, x: Shape, *others: Shape) -> Attributes:
    differing = [axis for axis, sizes in enumerate(zip(x, *others, strict=False)) if len({*sizes}) > 1]
    axis = differing[0] if differing else d.whole(0, len(x) - 1)
    return {"axis": axis - len(x) if d.chance(1, 4) else axis} if axis or d.chance(1, 3) else {}


def along(function: Function, extra: int) -> Callable[..., Function]:
    """Concatenation or stacking along an axis of a sample."""

    def build(a: Attributes, *shapes: Shape) -> Function:
        axis, rank = a.get("axis", 0), len(shapes[0]) + extra
        if not -rank <= axis < rank:
            raise ValueError("there is no such axis")
        return lambda *ts: function(ts, axis % rank + 1)

    return build


def alike(d: Drawing, x: int) -> list[int]:
    return [d.partner(d.shape(x)) for _ in range(d.whole(1, 2))]


def draw_stack(d: Drawing, x: Shape, *others: Shape) -> Attributes:
    return {"axis": d.whole(-len(x) - 1, len(x))} if d.chance(1, 2) else {}


def factor(d: Drawing, x: int) -> list[int]:
    """The second matrix of a product."""
    *outer, _, inner = (1, *d.shape(x))
    outer = [n if d.chance(2, 3) else 1 for n in outer[1:]]
    outer = outer[d.whole(0, len(outer)) :] if d.chance(1, 3) else outer
    if d.chance(1, 8):
        return [d.partner([inner])]
    return [d.partner([*outer, inner, d.whole(1, 6)])]


def build_matmul(a: Attributes, x: Shape, y: Shape) -> Function:
    """Axes that are left out stand behind the batch; a vector is a row or a column."""

    def product(s: Tensor, t: Tensor) -> Tensor:
        s = s if len(x) > 1 else s.unsqueeze(-2)
        t = t if len(y) > 1 else t.unsqueeze(-1)
        rank = max(s.ndim, t.ndim)
        s, t = (u.reshape(u.shape[0], *[1] * (rank - u.ndim), *u.shape[1:]) for u in (s, t))
        out = s @ t
        out = out if len(x) > 1 else out.squeeze(-2)
        return out if len(y) > 1 else out.squeeze(-1)

    return product


LETTERS = "abcdefghijklmnopq"


def draw_letters(d: Drawing, shape: Shape, known: dict[str, int]) -> str:
    """A letter for each axis: one that has this size, or a new one."""
    term = ""
    for n in shape:
        fits = [letter for letter, size in known.items() if size == n and (letter not in term or d.chance(1, 8))]
        letter = d.one_of(fits) if fits and d.chance(4, 5) else LETTERS[len(known)]
        known[letter] = n
        term += letter
    return term


def draw_einsum(d: Drawing, *shapes: Shape) -> Attributes:
    known: dict[str, int] = {}
    terms = [draw_letters(d, shape, known) for shape in shapes]
    if d.chance(1, 4):
        return {"equation": ",".join(terms)}
    left = [letter for letter in known if d.chance(2, 3)]
    result = "".join(left.pop(d.whole(0, len(left) - 1)) for _ in [*left])
    return {"equation": f"{','.join(terms)}->{result}"}


def build_einsum(a: Attributes, *shapes: Shape) -> Function:
    """The equation with the batch before each term."""
    terms, arrow, result = a["equation"].partition("->")
    if not arrow:
        once = Counter(letter for letter in terms if letter.isalpha())
        result = "".join(sorted(letter for letter, times in once.items() if times == 1))
    equation = ",".join("Z" + term for term in terms.split(",")) + "->Z" + result
    return lambda *ts: torch.einsum(equation, *ts)


def einsum_with(d: Drawing, x: int) -> list[int]:
    """One or two operands that share axes with the first."""
    found = []
    for _ in range(d.one_of([1, 1, 1, 2])):
        shared = [n for n in d.shape(x) if d.chance(2, 3)]
        new = [d.whole(1, 5) for _ in range(d.whole(0 if shared else 1, 1))]
        found.append(d.partner([*shared, *new] if d.chance(1, 2) else [*new, *shared]))
    return found


def keys_and_values(d: Drawing, x: int) -> list[int]:
    """Keys, values and a mask for queries `... x heads x tokens x features`."""
    *outer, heads, tokens, features = d.shape(x)
    keys, shared = d.one_of([tokens, d.whole(1, 7)]), d.divisor(heads) if d.chance(1, 3) else heads
    key = d.partner([*outer, shared, keys, features])
    value = key if d.chance(1, 4) else d.partner([*outer, shared, keys, d.one_of([features, d.whole(1, 6)])])
    if not d.chance(1, 3):
        return [key, value]
    mask = [tokens, keys] if d.chance(1, 2) else [*outer, d.one_of([1, heads]), tokens, keys]
    return [key, value, d.partner(mask)]


def draw_attention(d: Drawing, *shapes: Shape) -> Attributes:
    return d.written(causal=len(shapes) == 3 and d.chance(1, 4), scaled=d.chance(7, 8))


def build_attention(a: Attributes, *shapes: Shape) -> Function:
    """PyTorch's own, with heads of keys that are shared."""
    query, key, value = shapes[:3]
    if query[:-3] != key[:-3] or key[:-1] != value[:-1]:
        raise ValueError("refused by the specification: only heads are shared")

    def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is not None:
            mask = mask.reshape(BATCH, *[1] * (q.ndim - mask.ndim), *mask.shape[1:])
        return functional.scaled_dot_product_attention(
            q, k, v, mask, is_causal=a.get("causal", False), enable_gqa=query[-3] != key[-3]
        )

    return attend


def dealt_out(t: Tensor, heads: int) -> Tensor:
    """The features of `... x tokens x features` dealt out to the heads: `... x heads x tokens x features`."""
    return t.view(*t.shape[:-1], heads, t.shape[-1] // heads).transpose(-2, -3)


def other_tokens(d: Drawing, x: int) -> list[int]:
    """As many features of as many tokens, or of more or fewer."""
    *outer, tokens, features = d.shape(x)
    return [d.partner([*outer, d.one_of([tokens, d.whole(1, 7)]), features])]


def draw_scores(d: Drawing, query: Shape, key: Shape) -> Attributes:
    return d.written(heads=d.divisor(query[-1]), scaled=d.chance(3, 4))


def build_scores(a: Attributes, query: Shape, key: Shape) -> Function:
    heads = a.get("heads", 1)
    if query[:-2] != key[:-2]:
        raise ValueError("the axes before the tokens differ")
    return lambda q, k: dealt_out(q, heads) @ dealt_out(k, heads).transpose(-1, -2)


def values(d: Drawing, x: int) -> list[int]:
    """Values for weights of `... x heads x tokens x tokens`."""
    *outer, heads, _, keys = d.shape(x)
    return [d.partner([*outer, keys, heads * d.whole(1, 4)])]


def build_weighted(a: Attributes, weights: Shape, value: Shape) -> Function:
    if weights[:-3] != value[:-2]:
        raise ValueError("the axes before the tokens differ")
    return lambda w, v: (w @ dealt_out(v, weights[-3])).transpose(-2, -3).flatten(-2)


def draw_window(d: Drawing, x: Shape) -> Attributes:
    """A window that fits the table, where there is one."""
    fits = [[m, n] for m in range(1, 5) for n in range(1, 5) if (2 * m - 1) * (2 * n - 1) == x[0]]
    return {"window": d.one_of(fits or [[2, 2]])}


class RelativePositions(nn.Module):
    """Rows of a table for each pair of positions of a window."""

    def __init__(self, a: Attributes, x: Shape) -> None:
        super().__init__()
        sides = each(a["window"], 2)
        if len(x) != 2 or prod(2 * n - 1 for n in sides) != x[0]:
            raise ValueError("the table has other axes or distances")
        self.positions = prod(sides)
        self.register_buffer("index", torch.empty(self.positions**2, dtype=torch.long))

    def forward(self, t: Tensor) -> Tensor:
        rows = t[:, self.index].view(BATCH, self.positions, self.positions, -1)
        return rows.permute(0, 3, 1, 2).unsqueeze(1)


class Stored(nn.Module):
    """A tensor of the module itself, trained or not; for all samples the same."""

    def __init__(self, a: Attributes) -> None:
        super().__init__()
        tensor = torch.empty(*a["shape"])
        if a.get("trained", True):
            self.tensor = nn.Parameter(tensor)
        else:
            self.register_buffer("tensor", tensor)

    def forward(self) -> Tensor:
        return self.tensor.expand(BATCH, *self.tensor.shape)


def draw_recurrent(d: Drawing, x: Shape) -> Attributes:
    return {
        "out": d.whole(1, 6),
        **d.written(layers=d.whole(1, 2), bidirectional=d.chance(1, 2), bias=d.chance(3, 4)),
    }


def draw_lstm(d: Drawing, x: Shape) -> Attributes:
    found = draw_recurrent(d, x)
    return {**found, "projection": d.whole(1, found["out"] - 1)} if d.chance(1, 4) and found["out"] > 1 else found


class Recurrent(nn.Module):
    """The outputs of a recurrent layer, without its states."""

    def __init__(self, kind: Callable[..., nn.Module], a: Attributes, x: Shape) -> None:
        super().__init__()
        names = {"layers": "num_layers", "projection": "proj_size"}
        given = {names.get(key, key): value for key, value in a.items() if key != "out"}
        self.layers = kind(x[-1], a["out"], batch_first=True, **given)

    def forward(self, t: Tensor) -> Tensor:
        out: Tensor = self.layers(t)[0]
        return out


def recurrent(kind: Callable[..., nn.Module]) -> Callable[[Attributes, Shape], nn.Module]:
    def build(a: Attributes, x: Shape) -> nn.Module:
        if len(x) != 2:
            raise ValueError("PyTorch would take the batch for the tokens")
        return Recurrent(kind, a, x)

    return build


def build_maxpool(a: Attributes, x: Shape) -> nn.Module:
    return pool("Max", a, x, float("-inf"), dilation=each(a.get("dilation", 1), len(x) - 1))


def build_avgpool(a: Attributes, x: Shape) -> nn.Module:
    return pool("Avg", a, x, 0.0)


def draw_subsample(d: Drawing, x: Shape) -> Attributes:
    return {key: value for key, value in draw_pool(d, x).items() if key in ("kernel", "stride")}


def build_batchnorm(a: Attributes, x: Shape) -> nn.Module:
    return nn_of("BatchNorm", max(1, len(x) - 1))(x[0], affine=affine(a))


def draw_groups(d: Drawing, x: Shape) -> Attributes:
    return {"groups": d.divisor(x[0])}


def draw_groupnorm(d: Drawing, x: Shape) -> Attributes:
    return {**draw_groups(d, x), **draw_trained(d, x)}


def build_groupnorm(a: Attributes, x: Shape) -> nn.Module:
    return nn.GroupNorm(a["groups"], x[0], affine=affine(a))


def draw_prelu(d: Drawing, x: Shape) -> Attributes:
    return d.written(per_channel=d.chance(1, 2))


def draw_affine(d: Drawing, x: Shape) -> Attributes:
    return d.one_of([{}, {"scale": False}, {"shift": False}])


def draw_axis(d: Drawing, x: Shape) -> Attributes:
    return {"axis": d.whole(-len(x), len(x) - 1)}


def build_cumsum(a: Attributes, x: Shape) -> Function:
    return lambda t: torch.cumsum(t, in_batch([a["axis"]], x)[0])


def draw_one_of_axes(d: Drawing, x: Shape) -> Attributes:
    return {"axes": [d.whole(-len(x), len(x) - 1)], **d.written(keep=d.chance(1, 2))}


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


def is_table(x: Shape) -> bool:
    """Whether there is a window with as many distances as there are rows."""
    return len(x) == 2 and x[0] in (1, 3, 5, 7, 9, 15, 21, 25, 35, 49)


def draw_embedding(d: Drawing, tokens: Shape, rows: Shape = ()) -> Attributes:
    return {"count": rows[0], "features": rows[1]} if rows else {"count": d.whole(1, 20), "features": d.whole(1, 8)}


def build_embedding(a: Attributes, tokens: Shape, rows: Shape = ()) -> Function:
    if not rows:
        return nn.Embedding(a["count"], a["features"])
    return lambda t, w: functional.embedding(t, w[0].reshape(a["count"], a["features"]))


def rows_of_embedding(d: Drawing, x: int) -> list[int]:
    """Mostly none: they are stored."""
    return [d.partner([d.whole(1, 20), d.whole(1, 8)])] if d.chance(1, 6) else []


def build_one_hot(a: Attributes, x: Shape) -> Function:
    return lambda t: t.unsqueeze(-1).expand(*t.shape, a["count"]).float()


def weights_of_linear(d: Drawing, x: int) -> list[int]:
    """Mostly none: they are stored."""
    return [d.partner([d.whole(1, 6), d.shape(x)[-1]])] if d.chance(1, 8) else []


# ---------------------------------------------------------------- the table


def is_map(x: Shape) -> bool:
    return 2 <= len(x) <= 4


def anything(x: Shape) -> bool:
    return len(x) > 0


def of_rank(*ranks: int) -> Callable[[Shape], bool]:
    return lambda x: len(x) in ranks


class Row(NamedTuple):
    """How a layer type is drawn for a shape, and how PyTorch builds it."""

    reads: Callable[[Shape], bool]
    draw: Callable[..., Attributes]  # for the shapes that it reads
    build: Callable[..., Function]  # with attributes and shapes: a module or a function of tensors
    others: Callable[[Drawing, int], list[int]] = lambda d, x: []  # what it reads beside the first
    of: str = "float"  # what its first input holds: float, int, bool


def plain(function: Function, reads: Callable[[Shape], bool] = anything) -> Row:
    """A function of each element, without attributes."""
    return Row(reads, none, lambda a, *shapes: function)


def of_two(function: Function) -> Row:
    return Row(anything, none, folded(function), broadcast_with)


def reduction(function: Function) -> Row:
    return Row(anything, draw_axes, reduced(function))


# How often each group of layer types is drawn, and its types. Left out are `rbf`, `deform_conv` and `uncounted`:
# PyTorch has no such layers.
# fmt: off
GROUPS: dict[str, tuple[int, dict[str, Row]]] = {
    "convolution": (5, {
        "conv": Row(is_map, draw_conv, build_conv),
        "depthwise": Row(is_map, draw_depthwise, build_depthwise),
        "transposed_conv": Row(is_map, draw_transposed, build_transposed),
        "partial_conv": Row(is_map, draw_partial, Partial),
    }),
    "pooling": (4, {
        "maxpool": Row(is_map, draw_maxpool, build_maxpool),
        "avgpool": Row(is_map, draw_pool, build_avgpool),
        "subsample": Row(is_map, draw_subsample, Subsampling),
        "adaptive_maxpool": Row(is_map, draw_cells, build_adaptive("Max")),
        "adaptive_avgpool": Row(is_map, draw_cells, build_adaptive("Avg")),
        "global_maxpool": Row(is_map, none, build_adaptive("Max")),
        "global_avgpool": Row(is_map, none, build_adaptive("Avg")),
    }),
    "normalisation": (4, {
        "batchnorm": Row(of_rank(1, 2, 3, 4), draw_trained, build_batchnorm),
        "groupnorm": Row(is_map, draw_groupnorm, build_groupnorm),
        "instancenorm": Row(is_map, draw_instancenorm, build_instancenorm),
        "layernorm": Row(anything, draw_layernorm, build_layernorm),
        "rmsnorm": Row(anything, draw_rmsnorm, build_rmsnorm),
        "unit_norm": plain(lambda t: functional.normalize(t, dim=-1)),
        "lrn": Row(is_map, lambda d, x: {"size": d.whole(1, 7)}, lambda a, x: nn.LocalResponseNorm(a["size"])),
    }),
    "activation": (4, {
        "relu": plain(functional.relu),
        "relu6": plain(functional.relu6),
        "leaky_relu": plain(functional.leaky_relu),
        "prelu": Row(anything, draw_prelu, lambda a, x: nn.PReLU(x[0] if a.get("per_channel", True) else 1)),
        "elu": plain(functional.elu),
        "selu": plain(functional.selu),
        "sigmoid": plain(torch.sigmoid),
        "tanh": plain(torch.tanh),
        "scaled_tanh": plain(lambda t: 1.7159 * torch.tanh(t * 2 / 3)),
        "softplus": plain(functional.softplus),
        "gelu": plain(functional.gelu),
        "silu": plain(functional.silu),
        "mish": plain(functional.mish),
        "hardsigmoid": plain(functional.hardsigmoid),
        "hardswish": plain(functional.hardswish),
        "softmax": plain(lambda t: torch.softmax(t, -1)),
        "dropout": Row(anything, lambda d, x: d.one_of([{}, {"rate": 0.1}]), lambda a, x: nn.Dropout()),
    }),
    "arithmetic": (3, {
        "exp": plain(torch.exp),
        "log": plain(torch.log),
        "sqrt": plain(torch.sqrt),
        "rsqrt": plain(torch.rsqrt),
        "sin": plain(torch.sin),
        "cos": plain(torch.cos),
        "erf": plain(torch.erf),
        "pow": plain(lambda t: t**1.5),
        "square": plain(torch.square),
        "reciprocal": plain(torch.reciprocal),
        "abs": plain(torch.abs),
        "sign": plain(torch.sign),
        "round": plain(torch.round),
        "neg": plain(torch.neg),
        "clamp": plain(lambda t: torch.clamp(t, -1, 1)),
        "logical_not": plain(torch.logical_not),
        "affine": Row(anything, draw_affine, lambda a, x: lambda t: t * 2 + 1),
        "cumsum": Row(anything, draw_axis, build_cumsum),
    }),
    "arithmetic of two": (2, {
        "subtract": of_two(torch.sub),
        "divide": of_two(torch.div),
        "maximum": of_two(torch.maximum),
        "minimum": of_two(torch.minimum),
        "compare": of_two(torch.lt),
        "power": of_two(torch.pow),
    }),
    "joining": (3, {
        "add": Row(anything, none, folded(torch.add), one_or_two),
        "multiply": Row(anything, none, folded(torch.mul), one_or_two),
        "concat": Row(anything, draw_concat, along(torch.cat, 0), besides),
        "stack": Row(of_rank(1, 2, 3), draw_stack, along(torch.stack, 1), alike),
    }),
    "linear": (3, {
        "linear": Row(anything, draw_linear, build_linear, weights_of_linear),
    }),
    "reduction": (2, {
        "mean": reduction(torch.mean),
        "sum": reduction(torch.sum),
        "max": reduction(torch.amax),
        "min": reduction(torch.amin),
        "norm": reduction(lambda t, axes, keep: torch.linalg.vector_norm(t, dim=axes, keepdim=keep)),
        "variance": reduction(lambda t, axes, keep: torch.var(t, axes, keepdim=keep)),
        "product": reduction(one_by_one(torch.prod)),
        "argmax": Row(anything, draw_one_of_axes, reduced(one_by_one(torch.argmax))),
    }),
    "moving": (5, {
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
    }),
    "moving in space": (4, {
        "crop": Row(is_map, draw_crop, build_crop),
        "pad": Row(is_map, draw_pad, build_pad),
        "upsample": Row(is_map, draw_upsample, build_upsample),
        "resize": Row(is_map, draw_resize, build_resize),
        "grid_sample": Row(of_rank(3, 4), none, lambda a, *shapes: sampled, places),
        "pixel_shuffle": Row(of_rank(3), draw_shuffled, of_axes(lambda a: nn.PixelShuffle(a["scale"]))),
        "pixel_unshuffle": Row(of_rank(3), draw_unshuffled, of_axes(lambda a: nn.PixelUnshuffle(a["scale"]))),
        "unfold": Row(of_rank(3), draw_unfold, of_axes(lambda a: nn.Unfold(**columns(a)))),
        "fold": Row(of_rank(2), draw_fold, of_axes(lambda a: nn.Fold(tuple(each(a["out"], 2)), **columns(a)), 2)),
        "channel_shuffle": Row(is_map, draw_groups, lambda a, x: nn.ChannelShuffle(a["groups"])),
    }),
    "product": (6, {
        "matmul": Row(of_rank(1, 2, 3, 4), none, build_matmul, factor),
        "einsum": Row(of_rank(1, 2, 3, 4), draw_einsum, build_einsum, einsum_with),
        "dot_product_attention": Row(of_rank(3, 4), draw_attention, build_attention, keys_and_values),
        "attention_scores": Row(of_rank(2, 3, 4), draw_scores, build_scores, other_tokens),
        "weighted_values": Row(of_rank(3, 4), none, build_weighted, values),
        "relative_position_bias": Row(is_table, draw_window, RelativePositions),
    }),
    "recurrent": (1, {
        "rnn": Row(of_rank(2), draw_recurrent, recurrent(nn.RNN)),
        "lstm": Row(of_rank(2), draw_lstm, recurrent(nn.LSTM)),
        "gru": Row(of_rank(2), draw_recurrent, recurrent(nn.GRU)),
    }),
    "words": (1, {
        "embed": Row(anything, draw_embedding, build_embedding, rows_of_embedding, of="int"),
        "one_hot": Row(anything, lambda d, x: {"count": d.whole(1, 9)}, build_one_hot, of="int"),
    }),
    "truths": (1, {
        "where": Row(anything, none, lambda a, *shapes: same_rank(torch.where), two_more, of="bool"),
        "any": Row(anything, draw_axes, reduced(one_by_one(torch.any)), of="bool"),
    }),
    "stored": (0, {  # drawn as what others read
        "parameter": Row(anything, none, Stored),
        "constant": Row(anything, none, lambda a: lambda: torch.empty(BATCH, *a["shape"], device=META)),
    }),
}
# fmt: on
LEFT_OUT = {"rbf", "deform_conv", "uncounted"}
ROWS = {op: row for _, rows in GROUPS.values() for op, row in rows.items()}


# ---------------------------------------------------------------- PyTorch


class Torch:
    """Results of PyTorch, layer after layer."""

    def __init__(self) -> None:
        self.counter = FlopCounterMode(display=False)
        self.tensors: list[Tensor] = []
        self.facts: list[Facts | None] = []
        self.layers: list[tuple[str, Attributes, list[Shape]]] = []

    def input(self, shape: Sequence[int], words: bool = False) -> int:
        """An input of the network."""
        kind = torch.long if words else torch.float
        return self.keep("input", {}, [], torch.empty(BATCH, *shape, device=META, dtype=kind), Facts(tuple(shape)))

    def keep(self, op: str, a: Attributes, shapes: list[Shape], tensor: Tensor, facts: Facts | None) -> int:
        self.layers.append((op, a, shapes))
        self.tensors.append(tensor)
        self.facts.append(facts)
        return len(self.tensors) - 1

    def run(self, op: str, attributes: Attributes, reads: Sequence[int]) -> int:
        """One layer more. What it leaves empty is refused."""
        given = [self.tensors[i] for i in reads]
        shapes = [tuple(t.shape[1:]) for t in given]
        try:
            with META:
                function = ROWS[op].build(attributes, *shapes)
            if isinstance(function, nn.Module):
                function.eval().requires_grad_(False)
            with torch.no_grad(), self.counter:
                out = function(*given)
            if out.ndim == 1:
                out = out.unsqueeze(1)  # one number for each sample is a vector of one
            if not out.numel():
                raise ValueError("empty")
        except REFUSALS as error:
            self.keep(op, attributes, shapes, torch.empty(0), None)
            raise Refused(op) from error
        params = buffers = 0
        if isinstance(function, nn.Module):
            params = sum(p.numel() for p in function.parameters())
            buffers = sum(b.numel() for n, b in function.named_buffers() if not n.endswith("num_batches_tracked"))
        macs = self.counter.get_total_flops() / 2 / BATCH
        out = out.contiguous()  # some modules of PyTorch refuse the strides that others leave
        return self.keep(op, attributes, shapes, out, Facts(tuple(out.shape[1:]), params, buffers, macs))

    def walk(self, entries: Sequence[Entry], scope: list[int]) -> None:
        """All layers of a list."""
        for entry in entries:
            reads = [scope[i] for i in entry["from"]]
            if "block" in entry:
                for _ in range(entry["repeat"]):
                    inside = [*reads]
                    self.walk(entry["block"], inside)
                    reads = [inside[-1]]
                scope.append(reads[0])
                continue
            if "branches" in entry:
                first, reads = reads[0], []
                for branch in entry["branches"]:
                    self.walk(branch, scope)
                    reads.append(scope[-1] if branch else first)
            scope.append(self.run(entry["op"], entry["attributes"], reads))


def theirs(network: Network) -> Torch:
    """What PyTorch says of each layer, up to the first that it refuses."""
    found = Torch()
    scope = [found.input(each["shape"], each.get("words", False)) for each in network["inputs"]]
    with suppress(Refused):
        found.walk(network["layers"], scope)
    return found


# ---------------------------------------------------------------- archcost


class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """YAML without aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class Writer:
    """A network as a specification that a person might have written."""

    def __init__(self, network: Network) -> None:
        self.blocks: dict[str, Any] = {}
        self.names: dict[int, str]  # of the numbers that `from` can hold where something is written
        self.items: dict[int, dict[str, Any]]
        inputs = [each["shape"] for each in network["inputs"]]
        names = [f"in{i}" for i in range(len(inputs))] if len(inputs) > 1 else ["input"]
        self.names, self.items = dict(enumerate(names)), {}
        layers = self.written(network["layers"], [len(names)], None, 0)
        self.spec = {
            "input": inputs[0] if len(inputs) == 1 else dict(zip(names, inputs, strict=True)),
            **({"blocks": self.blocks} if self.blocks else {}),
            "layers": layers,
        }

    @property
    def text(self) -> str:
        return yaml.dump(self.spec, Dumper=Dumper, sort_keys=False, default_flow_style=None, width=110)

    def written(
        self, entries: Sequence[Entry], count: list[int], params: dict[str, Any] | None, latest: int
    ) -> list[Any]:
        """The items of a list that begins with a result; only what `from` has to name gets a name."""
        items = []
        for entry in entries:
            reads = entry["from"]
            item: dict[str, Any] = {}
            if "block" in entry:
                self.block(entry, item)
            else:
                attributes = self.arguments(entry, params)
                if "branches" in entry:
                    branches = [self.written(branch, count, params, reads[0]) for branch in entry["branches"]]
                    labels = (f"branch{i}" for i in range(len(branches)))
                    attributes = {**attributes, **dict(zip(labels, branches, strict=True))} if attributes else branches
                item[entry["op"]] = None if attributes in ({}, []) else attributes
            if reads and reads != [latest]:
                for number in reads:
                    if number not in self.names:
                        self.items[number]["as"] = self.names[number] = f"n{number}_"
                item["from"] = [self.names[i] for i in reads] if len(reads) > 1 else self.names[reads[0]]
            latest = count[0]
            items.append(item)
            self.items[latest] = item
            count[0] += 1
        return [next(iter(item)) if [*item.values()] == [None] else item for item in items]

    def arguments(self, entry: Entry, params: dict[str, Any] | None) -> Any:
        """The attributes of a layer: in a block its width is a parameter; a single one needs no name."""
        attributes = dict(entry["attributes"])
        if params is not None and isinstance(attributes.get("out"), int):
            name = f"out{len(params)}"
            params[name], attributes["out"] = attributes["out"], name
        first = next(iter(layer_type(entry["op"]).attributes), None)
        if [*attributes] == [first] and not layer_type(entry["op"]).joins:
            return attributes[first] if attributes[first] is not False else attributes
        return attributes

    def block(self, entry: Entry, item: dict[str, Any]) -> None:
        """A block, or a single layer that is repeated."""
        layers = entry["block"]
        if len(layers) == 1 and layers[0]["from"] == [0] and layers[0].keys() == {"op", "attributes", "from"}:
            attributes = self.arguments(layers[0], None)
            item[layers[0]["op"]] = None if attributes == {} else attributes
        else:
            name, params = f"block{len(self.blocks) + 1}", {}
            self.blocks[name] = None  # keeps its place before those inside
            outer = self.names, self.items
            self.names, self.items = {0: "input"}, {}
            inside = self.written(layers, [1], params, 0)
            self.names, self.items = outer
            self.blocks[name] = {**({"params": dict.fromkeys(params)} if params else {}), "layers": inside}
            item[name] = params or None
        item["repeat"] = entry["repeat"]


def ours(network: Network) -> tuple[list[Facts | None], str]:
    """What archcost says of each layer, up to the first that it refuses, and why it does."""
    try:
        spec = read_spec(parse(Source("network", Writer(network).text)), "network")
        net = expand(spec)
    except ArchcostError as error:
        return [None], str(error)
    try:
        return facts(net), ""
    except ArchcostError as error:
        found: list[Facts | None] = []
        for many in range(1, len(net.nodes)):
            try:
                found = [*facts(Net(net.name, net.nodes[:many]))]
            except ArchcostError:
                break
        return [*found, None], str(error)


def facts(net: Net) -> list[Facts | None]:
    """Of each node."""
    costs = [step.cost for step in propagate(net)]
    return [Facts(c.out, sum(c.params.values()), sum(c.buffers.values()), c.ops.get("mac", 0)) for c in costs]


# ---------------------------------------------------------------- what differs


def pads_too_much(a: Attributes, shapes: Sequence[Shape]) -> bool:
    rank = len(shapes[0]) - 1
    return any(max(pad) > k // 2 for pad, k in zip(ends(a.get("pad", 0), rank), each(a["kernel"], rank), strict=True))


def not_in_two(a: Attributes, shapes: Sequence[Shape]) -> bool:
    return len(shapes[0]) != 3


def same_with_stride(a: Attributes, shapes: Sequence[Shape]) -> bool:
    return a.get("pad") == "same" and any(n > 1 for n in each(a.get("stride", 1), len(shapes[0]) - 1))


def mean_larger_than_map(a: Attributes, shapes: Sequence[Shape]) -> bool:
    _, *space = shapes[0]
    return len(space) == 3 and any(k > n for n, k in zip(space, each(a["kernel"], 3), strict=True))


# Where PyTorch refuses what archcost takes, and why that is so.
STRICTER: dict[str, tuple[Callable[[Attributes, Sequence[Shape]], bool], str]] = {
    "maxpool": (pads_too_much, "PyTorch limits the padding of pooling to half the kernel"),
    "avgpool": (
        lambda a, shapes: pads_too_much(a, shapes) or mean_larger_than_map(a, shapes),
        "as maxpool, and in three dimensions it takes no mean over more than the map",
    ),
    "pixel_shuffle": (not_in_two, "PyTorch has it in two dimensions only"),
    "pixel_unshuffle": (not_in_two, "PyTorch has it in two dimensions only"),
    "unfold": (not_in_two, "PyTorch has it in two dimensions only"),
    "conv": (same_with_stride, "PyTorch knows `same` without a stride only"),
    "depthwise": (same_with_stride, "PyTorch knows `same` without a stride only"),
    "partial_conv": (same_with_stride, "PyTorch knows `same` without a stride only"),
    "lstm": (
        lambda a, shapes: a.get("projection", 0) >= a["out"],
        "PyTorch projects to fewer features only",
    ),
    "pad_axes": (
        lambda a, shapes: any(n + min(b, 0) + min(e, 0) < 1 for n, (b, e) in zip(shapes[0], a["ends"], strict=False)),
        "PyTorch cuts before it pads, and then nothing may be left",
    ),
    "resize": (
        lambda a, shapes: a.get("mode") == "cubic" and len(shapes[0]) != 3,
        "PyTorch has cubic interpolation in two dimensions only",
    ),
    "instancenorm": (
        lambda a, shapes: prod(shapes[0][1:]) == 1 and not a.get("tracked"),
        "PyTorch refuses to normalise one element",
    ),
}


def sums_over_one(op: str, a: Attributes, shapes: Sequence[Shape]) -> bool:
    """Whether an einsum sums over an axis of 1: PyTorch multiplies without adding then, and its counter omits that."""
    if op != "einsum":
        return False
    terms, arrow, result = a["equation"].partition("->")
    letters = [*zip(terms.replace(",", ""), (n for shape in shapes for n in shape), strict=True)]
    kept = result if arrow else [letter for letter, _ in letters if terms.count(letter) == 1]
    return any(n == 1 and letter not in kept for letter, n in letters)


def difference(network: Network, found: Torch | None = None) -> str | None:
    """The first layer on which the two do not agree, in words."""
    found = found or theirs(network)
    expected = found.facts
    got, why = ours(network)
    for i, (a, b) in enumerate(zip(expected, got, strict=False)):
        op, attributes, shapes = found.layers[i]
        if a is None and b is not None and op in STRICTER and STRICTER[op][0](attributes, shapes):
            return None
        if a and b and sums_over_one(op, attributes, shapes):
            a, b = a._replace(macs=0), b._replace(macs=0)
        if a != b:
            return f"{op} {json.dumps(attributes)} of {shapes}: PyTorch {a}, archcost {b} {why}"
    missing = len(expected) - len(got)
    return None if missing == 0 or expected[-1] is None else f"{missing} layers are missing {why}"


# ---------------------------------------------------------------- networks


def draw_input(d: Drawing) -> None:
    """Maps mostly, tokens, vectors, words, and heads x tokens x features."""
    kind = d.one_of(["map", "map", "map", "map", "tokens", "tokens", "vector", "words", "heads"])
    if kind == "map":
        rank = d.one_of([2, 2, 1, 3])
        d.input((d.whole(1, 8), *d.some(1, (40, 20, 9)[rank - 1], rank)), False)
    else:
        many = {"tokens": 2, "vector": 1, "words": d.whole(1, 2) if kind == "words" else 0, "heads": 3}[kind]
        d.input(tuple(d.whole(1, 12) for _ in range(many)), kind == "words")


def kind_of(tensor: Tensor) -> str:
    """What a tensor holds."""
    return "float" if tensor.is_floating_point() else "bool" if tensor.dtype == torch.bool else "int"


def single(d: Drawing, x: int) -> int:
    """Any layer that reads a result of this shape; now and then with an attribute that does not fit."""
    shape, holds = d.shape(x), kind_of(d.tensor(x))
    fits = {
        name: [op for op, row in rows.items() if row.of == holds and row.reads(shape)]
        for name, (_, rows) in GROUPS.items()
    }
    group = d.one_of([name for name, (often, _) in GROUPS.items() if fits[name] for _ in range(often)])
    op = d.one_of(fits[group])
    reads = [x, *ROWS[op].others(d, x)]
    attributes = ROWS[op].draw(d, *(d.shape(i) for i in reads))
    return d.place(op, spoiled(d, op, attributes) if d.chance(1, 40) else attributes, reads)


def spoiled(d: Drawing, op: str, attributes: Attributes) -> Attributes:
    """The attributes with one number larger."""
    numbers = [(key, value) for key, value in attributes.items() if type(value) in (int, list) and key != "output_pad"]
    if not numbers:
        return attributes
    key, value = d.one_of(numbers)
    more = d.whole(1, 9)
    if isinstance(value, int):
        return {**attributes, key: value + more}
    place = d.whole(0, len(value) - 1)
    if isinstance(value[place], list):
        return attributes
    return {**attributes, key: [*value[:place], value[place] + more, *value[place + 1 :]]}


def chain(d: Drawing, x: int, most: int) -> int:
    """Some layers one after the other, mostly each of the one before."""
    for _ in range(d.whole(1, most)):
        x = step(d, x)
    return x


def step(d: Drawing, x: int) -> int:
    """A layer, a join of branches, a block, or attention from tokens."""
    if prod(d.shape(x)) > 20_000 and d.tensor(x).is_floating_point():
        return d.fitted(x, (d.whole(1, 8),))
    if not d.tensor(x).is_floating_point() or not d.shape(x):
        return single(d, x) if d.shape(x) else x
    structure = d.one_of(["layer"] * 13 + (["join", "join", "block", "attention"] if d.depth < 2 else []))
    if structure == "join":
        return join(d, x)
    if structure == "block" and d.depth == 0:
        return block(d, x)
    if structure == "attention" and len(d.shape(x)) == 2:
        return attention(d, x)
    return single(d, x)


def join(d: Drawing, x: int) -> int:
    """Branches from one result: a residual, a gate, or an inception."""
    op = d.one_of(["add", "multiply", "concat"])
    shape = d.shape(x)
    entry: Entry = {"op": op, "attributes": {}, "branches": [], "from": [x]}
    d.entries.append(entry)
    outer, visible, d.depth = d.entries, d.visible, d.depth + 1
    ends: list[int] = []
    wanted = list(shape)
    for i in range(d.whole(2, 3) if op != "concat" else d.whole(2, 4)):
        d.entries, d.visible = [], [*visible]
        entry["branches"].append(d.entries)
        end = x
        if i == 0 or d.chance(1, 2):
            end = chain(d, x, 2)
            if not d.tensor(end).is_floating_point() or not d.chance(29, 30):
                end = (
                    d.place("affine", {}, [end])
                    if d.tensor(end).is_floating_point()
                    else d.place("constant", {"shape": [*wanted]}, [])
                )
            gate = [1 if j and d.chance(1, 3) else n for j, n in enumerate(wanted)] if op == "multiply" else wanted
            goal = (d.whole(1, 5), *wanted[1:]) if op == "concat" else tuple(gate)
            if d.chance(29, 30):
                end = d.fitted(end, goal)
        ends.append(d.scope[end])
    d.entries, d.visible, d.depth = outer, visible, d.depth - 1
    if op == "concat" and d.chance(1, 6):
        entry["attributes"]["axis"] = 0
    return d.result(op, entry["attributes"], ends)


def block(d: Drawing, x: int) -> int:
    """Layers that stand there once or more; they know nothing but their input."""
    entry: Entry = {"block": [], "repeat": d.whole(1, 3), "from": [x]}
    d.entries.append(entry)
    outer = d.entries, d.scope, d.visible
    d.entries, d.scope, d.visible, d.depth = entry["block"], [d.scope[x]], [0], d.depth + 1
    shape = d.shape(0)
    end = chain(d, 0, 3)
    if d.tensor(end).is_floating_point() and d.chance(9, 10):
        end = d.fitted(end, shape)
    last = d.scope[-1]
    d.depth -= 1
    if not d.tensor(end).is_floating_point():
        entry["repeat"] = 1  # a layer need not read truths or numbers of words
    for _ in range(entry["repeat"] - 1):
        inside = [last]
        d.torch.walk(entry["block"], inside)
        last = inside[-1]
    d.entries, d.scope, d.visible = outer
    d.scope.append(last)
    d.visible.append(len(d.scope) - 1)
    return d.visible[-1]


def attention(d: Drawing, x: int) -> int:
    """Queries, keys and values from tokens, as transformers make them."""
    heads, features, shared = d.whole(1, 4), d.whole(1, 5), 1
    shared = d.divisor(heads) if d.chance(1, 3) else heads
    tokens = [i for i in d.visible if len(d.shape(i)) == 2 and d.tensor(i).is_floating_point()]
    memory = d.one_of(tokens) if d.chance(1, 3) else x
    made = []
    for of, many in ((x, heads), (memory, shared), (memory, shared)):
        rows = d.place("linear", {"out": many * features, "bias": d.chance(1, 2)}, [of])
        rows = d.place("reshape", {"out": [d.shape(of)[0], many, features]}, [rows])
        made.append(d.place("permute", {"axes": [1, 0, 2]}, [rows]))
    out = d.place("dot_product_attention", {"causal": True} if d.chance(1, 3) else {}, made)
    out = d.place("permute", {"axes": [1, 0, 2]}, [out])
    out = d.place("reshape", {"out": [d.shape(out)[0], heads * features]}, [out])
    return d.place("linear", {"out": d.shape(x)[1]}, [out])


class Drawn(NamedTuple):
    """A network, and what PyTorch said of it while it was drawn."""

    network: Network
    torch: Torch

    def __repr__(self) -> str:
        return json.dumps(self.network)


@st.composite
def networks(draw: st.DrawFn, most: int = 7) -> Drawn:
    """A network of a few layers, blocks and branches."""
    d = Drawing(draw(st.randoms(use_true_random=False)))  # hypothesis draws each number, but keeps no parts to mutate
    for _ in range(1 if d.chance(4, 5) else 2):
        draw_input(d)
    entries = d.entries
    try:
        x = d.one_of([len(d.inputs) - 1, 0])
        for _ in range(d.whole(1, most)):
            found = [i for i in d.visible if kind_of(d.tensor(i)) == "float" and d.shape(i)]
            x = step(d, d.one_of(found) if found and (d.chance(1, 5) or not d.shape(x)) else x)
    except Refused:
        pass
    return Drawn({"inputs": d.inputs, "layers": entries}, d.torch)


def counted(network: Network) -> Iterator[str]:
    """The structures of a network."""

    def inside(entries: Sequence[Entry]) -> Iterator[str]:
        for entry in entries:
            yield "blocks" if "block" in entry else "branches" if "branches" in entry else ""
            for nested in [entry["block"]] if "block" in entry else entry.get("branches", []):
                yield from inside(nested)

    return (name for name in inside(network["layers"]) if name)


class Enough(Exception):
    """As many networks as wanted; some that are drawn are drawn twice."""


ALL = [*HealthCheck]


def main() -> None:
    """So many networks from a seed: counts for each layer type, and every failure."""
    many, number = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    drawn: Counter[str] = Counter()
    structures: Counter[str] = Counter()
    failures: dict[str, Network] = {}
    seen: set[str] = set()
    start = time.perf_counter()

    @seed(number)
    @settings(max_examples=4 * many, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=ALL)
    @given(networks())
    def run(case: Drawn) -> None:
        if len(seen) >= many:
            raise Enough
        if repr(case) in seen:
            return
        seen.add(repr(case))
        drawn.update(op for op, _, _ in case.torch.layers)
        structures.update(["networks", *counted(case.network)])
        structures["refused by PyTorch"] += case.torch.facts[-1] is None
        try:
            found = difference(case.network, case.torch)
        except Exception as error:  # a crash is a failure like any other
            found = f"{type(error).__name__}: {error}"
        if found:
            failures.setdefault(found, case.network)
            structures["failures"] += 1

    with suppress(Enough):
        run()
    print(f"{structures['networks']} networks, seed {number}, {time.perf_counter() - start:.1f} s")
    print(f"{drawn.total() - drawn['input']} layers")
    print(", ".join(f"{name} {times}" for name, times in structures.items()))
    print(", ".join(f"{op} {times}" for op, times in drawn.most_common()))
    print("never drawn:", ", ".join(op for op in ROWS if not drawn[op]) or "none")
    for found, network in islice(sorted(failures.items(), key=lambda pair: len(repr(pair[1]))), 40):
        print(f"\n{found}\n{json.dumps(network)}")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
