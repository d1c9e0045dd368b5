"""How are layers of each element, of elements side by side and over axes drawn, and how does PyTorch build them?"""
# ruff: noqa: D103  (a function `draw_...` or `build_...` is explained by the row of the table in which it stands)

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from network_data import Attributes, Function, Shape, Tensor
from network_drawing import Drawing
from network_row import Row, anything, in_batch, none, of_rank, plain
from torch import nn
from torch.nn import functional


def draw_prelu(d: Drawing, x: Shape) -> Attributes:
    return d.written(per_channel=d.chance(1, 2))


ACTIVATION = {
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
}


def draw_affine(d: Drawing, x: Shape) -> Attributes:
    return d.one_of([{}, {"scale": False}, {"shift": False}])


def draw_axis(d: Drawing, x: Shape) -> Attributes:
    return {"axis": d.whole(-len(x), len(x) - 1)}


def build_cumsum(a: Attributes, x: Shape) -> Function:
    return lambda t: torch.cumsum(t, in_batch([a["axis"]], x)[0])


ARITHMETIC = {
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
}


def broadcast_with(d: Drawing, x: int) -> list[int]:
    """A partner of the same shape, or with axes of 1, such as a gate; or this shape as the smaller one."""
    return [d.partner([n if d.chance(3, 4) else 1 for n in d.shape(x)])]


def two_more(d: Drawing, x: int) -> list[int]:
    return [*broadcast_with(d, x), *broadcast_with(d, x)]


def one_or_two(d: Drawing, x: int) -> list[int]:
    return broadcast_with(d, x) if d.chance(2, 3) else two_more(d, x)


def same_rank(function: Function) -> Function:
    """A function that broadcasts only axes that are there, as the specification has it."""

    def checked(*tensors: Tensor) -> Tensor:
        if len({t.ndim for t in tensors}) > 1:
            raise ValueError("refused by the specification: as many axes each")
        return function(*tensors)

    return checked


def folded(function: Function) -> Callable[..., Function]:
    """A function of two, over several."""

    def over(first: Tensor, *others: Tensor) -> Tensor:
        for other in others:
            first = function(first, other)
        return first

    return lambda a, *shapes: same_rank(over)


def of_two(function: Function) -> Row:
    return Row(anything, none, folded(function), broadcast_with)


ARITHMETIC_OF_TWO = {
    "subtract": of_two(torch.sub),
    "divide": of_two(torch.div),
    "maximum": of_two(torch.maximum),
    "minimum": of_two(torch.minimum),
    "compare": of_two(torch.lt),
    "power": of_two(torch.pow),
}


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


JOINING = {
    "add": Row(anything, none, folded(torch.add), one_or_two),
    "multiply": Row(anything, none, folded(torch.mul), one_or_two),
    "concat": Row(anything, draw_concat, along(torch.cat, 0), besides),
    "stack": Row(of_rank(1, 2, 3), draw_stack, along(torch.stack, 1), alike),
}


def draw_axes(d: Drawing, x: Shape) -> Attributes:
    return {"axes": d.axes(x), **d.written(keep=d.chance(1, 3))}


def draw_one_of_axes(d: Drawing, x: Shape) -> Attributes:
    return {"axes": [d.whole(-len(x), len(x) - 1)], **d.written(keep=d.chance(1, 2))}


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


def reduction(function: Function) -> Row:
    return Row(anything, draw_axes, reduced(function))


REDUCTION = {
    "mean": reduction(torch.mean),
    "sum": reduction(torch.sum),
    "max": reduction(torch.amax),
    "min": reduction(torch.amin),
    "norm": reduction(lambda t, axes, keep: torch.linalg.vector_norm(t, dim=axes, keepdim=keep)),
    "variance": reduction(lambda t, axes, keep: torch.var(t, axes, keepdim=keep)),
    "product": reduction(one_by_one(torch.prod)),
    "argmax": Row(anything, draw_one_of_axes, reduced(one_by_one(torch.argmax))),
}

TRUTHS = {
    "where": Row(anything, none, lambda a, *shapes: same_rank(torch.where), two_more, of="bool"),
    "any": Row(anything, draw_axes, reduced(one_by_one(torch.any)), of="bool"),
}
