"""What does the table say of a layer type, and what do its rows share?"""
# ruff: noqa: D103  (functions without one are named after what they say of a shape, or draw)

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from network_data import Attributes, Function, Shape, ends
from network_drawing import Drawing


def is_map(x: Shape) -> bool:
    return 2 <= len(x) <= 4


def anything(x: Shape) -> bool:
    return len(x) > 0


def of_rank(*ranks: int) -> Callable[[Shape], bool]:
    return lambda x: len(x) in ranks


def none(d: Drawing, *shapes: Shape) -> Attributes:
    return {}


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


def in_batch(axes: Sequence[int], x: Shape) -> list[int]:
    """The axes of a sample as those of a batch. PyTorch would take the batch for one of them."""
    if any(not -len(x) <= axis < len(x) for axis in axes):
        raise ValueError("there are no such axes")
    return [axis + 1 if axis >= 0 else axis for axis in axes]


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


def draw_cells(d: Drawing, x: Shape) -> Attributes:
    return {"out": d.written(out=d.some(1, 9, len(x) - 1))["out"]}


def draw_groups(d: Drawing, x: Shape) -> Attributes:
    return {"groups": d.divisor(x[0])}
