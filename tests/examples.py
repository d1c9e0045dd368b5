"""What is each layer type applied to in the tests, and what does it cost there, found by hand from the definition?

Every size within one input differs where it can, so that a formula which takes one for another is found out. A count
that an example does not name is zero. A layer type that joins names its inputs one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from archcost.dims import Shape
from archcost.window import Window


@dataclass(frozen=True, slots=True)
class Example:
    """A layer on input shapes, and what it must give and cost there."""

    shapes: tuple[Shape, ...]
    attributes: Mapping[str, Any]
    gives: Shape
    params: Mapping[str, int] = field(default_factory=dict)
    ops: Mapping[str, int] = field(default_factory=dict)
    buffers: Mapping[str, int] = field(default_factory=dict)
    windows: tuple[Window, ...] | str = ()  # not compared where empty
    also: tuple[tuple[int, ...], ...] = ()  # other sizes, attributes first, where none can change by itself


def elementwise(*shape: int, **work: int) -> list[Example]:
    """A layer that does so much work of each kind on every element, on a map of this shape and on a vector."""
    n = 1
    for size in shape:
        n *= size
    return [
        Example((shape,), {}, gives=shape, ops={kind: count * n for kind, count in work.items()}),
        Example(((10,),), {}, gives=(10,), ops={kind: count * 10 for kind, count in work.items()}),
    ]


def of_two(kind: str) -> list[Example]:
    """A layer that does one operation for each element of what two shapes make together."""
    return [
        Example(((64, 7, 9), (64, 7, 9)), {}, gives=(64, 7, 9), ops={kind: 64 * 7 * 9}),
        Example(((1, 12), (10, 12)), {}, gives=(10, 12), ops={kind: 10 * 12}),
        Example(((8, 5, 6), (8, 1, 1)), {}, gives=(8, 5, 6), ops={kind: 8 * 5 * 6}),
    ]


def reduction(kind: str) -> list[Example]:
    """A layer that does one operation for each element that it reads, and leaves one along some axes."""
    ops = {kind: 5 * 7 * 9}
    one = (Window(7, 7), Window(1))
    return [
        Example(((5, 7, 9),), {"axes": (-1,)}, gives=(5, 7), ops=ops, windows="mixed"),
        Example(((5, 7, 9),), {"axes": (1, 0), "keep": True}, gives=(1, 1, 9), ops=ops, windows=one),
        Example(((10,),), {"axes": (0,), "keep": True}, gives=(1,), ops={kind: 10}),
    ]


EXAMPLES: dict[str, list[Example]] = {
    "relu": elementwise(64, 28, 30, cmp=1),  # is x below 0?
    "relu6": elementwise(32, 14, 15, cmp=2),  # is x below 0, is it above 6?
    "leaky_relu": elementwise(16, 9, cmp=1, mul=1),
    "elu": elementwise(8, 7, 6, cmp=1, exp=1, add=1, mul=1),
    "selu": elementwise(8, 7, 6, cmp=1, exp=1, add=1, mul=2),
    "sigmoid": elementwise(8, 3, 4, 5, exp=1, add=1, div=1),
    "tanh": elementwise(6, 28, 27, mul=1, exp=1, add=2, div=1),  # 2x, its exponential, both sums, the quotient
    "scaled_tanh": elementwise(6, 28, 27, mul=1 + 2, exp=1, add=2, div=1),  # A and S beside tanh
    "softplus": elementwise(5, 4, exp=2, add=1),  # exponential and logarithm
    "gelu": elementwise(197, 768, mul=3, exp=1, add=1),
    "silu": elementwise(24, 19, 18, exp=1, add=1, div=1, mul=1),
    "mish": elementwise(24, 19, 18, exp=2 + 1, add=1 + 2, mul=1 + 1, div=1),  # softplus, tanh of it, times x
    "hardsigmoid": elementwise(72, 1, 1, add=1, cmp=2, mul=1),
    "hardswish": elementwise(72, 28, 27, add=1, cmp=2, mul=2),
    "prelu": [
        Example(((64, 28, 30),), {}, (64, 28, 30), {"scale": 64}, {"cmp": 64 * 28 * 30, "mul": 64 * 28 * 30}),
        Example(((5, 7),), {"per_channel": False}, (5, 7), {"scale": 1}, {"cmp": 5 * 7, "mul": 5 * 7}),
    ],
    "softmax": [
        Example(
            ((12, 49, 50),),
            {},
            gives=(12, 49, 50),
            ops={"cmp": 12 * 49 * 50, "add": 2 * 12 * 49 * 50, "exp": 12 * 49 * 50, "div": 12 * 49 * 50},
        ),
        Example(
            ((21, 8, 9),),
            {},
            gives=(21, 8, 9),
            ops={"cmp": 21 * 8 * 9, "add": 2 * 21 * 8 * 9, "exp": 21 * 8 * 9, "div": 21 * 8 * 9},
        ),
    ],
    "dropout": [Example(((4096,),), {"rate": 0.2}, gives=(4096,)), Example(((16, 5, 6),), {}, gives=(16, 5, 6))],
    "conv": [
        Example(
            ((3, 32, 34),),
            {"out": 16, "kernel": 3, "stride": 1, "pad": 0},
            gives=(16, 30, 32),
            params={"weight": 16 * 3 * 3 * 3, "bias": 16},
            ops={"mac": 16 * 30 * 32 * 3 * 3 * 3, "bias": 16 * 30 * 32},
        ),
        Example(  # the first layer of ResNet: the last window would begin at 222 of 224 + 3
            ((3, 224, 226),),
            {"out": 64, "kernel": 7, "stride": 2, "pad": 3, "bias": False},
            gives=(64, 112, 113),
            params={"weight": 64 * 3 * 7 * 7},
            ops={"mac": 64 * 112 * 113 * 3 * 7 * 7},
        ),
        Example(  # three input channels in each of four groups; a kernel of 3 spans 5 at dilation 2
            ((12, 20, 30),),
            {"out": 24, "kernel": (3, 5), "dilation": (2, 1), "groups": 4},
            gives=(24, 16, 26),
            params={"weight": 24 * 3 * 3 * 5, "bias": 24},
            ops={"mac": 24 * 16 * 26 * 3 * 3 * 5, "bias": 24 * 16 * 26},
        ),
        Example(  # windows at 0 2 4 6 of 0 + 9 + 1 and at 0 2 4 6 8 10 of 1 + 10 + 2
            ((3, 9, 10),),
            {"out": 4, "kernel": 3, "stride": 2, "pad": ((0, 1), (1, 2))},
            gives=(4, 4, 6),
            params={"weight": 4 * 3 * 3 * 3, "bias": 4},
            ops={"mac": 4 * 4 * 6 * 3 * 3 * 3, "bias": 4 * 4 * 6},
            windows=(Window(3, 2, (0, 1), 1), Window(3, 2, (1, 2), 1)),
        ),
        Example(
            ((3, 15, 16),),
            {"out": 8, "kernel": 3, "stride": 2, "pad": "same"},
            gives=(8, 8, 8),
            params={"weight": 8 * 3 * 3 * 3, "bias": 8},
            ops={"mac": 8 * 8 * 8 * 3 * 3 * 3, "bias": 8 * 8 * 8},
            windows=(Window(3, 2, (1, 1), 1), Window(3, 2, (0, 1), 1)),
        ),
        Example(
            ((3, 15, 17),),
            {"out": 8, "kernel": 3, "stride": 2, "pad": "valid"},
            gives=(8, 7, 8),
            params={"weight": 8 * 3 * 3 * 3, "bias": 8},
            ops={"mac": 8 * 7 * 8 * 3 * 3 * 3, "bias": 8 * 7 * 8},
        ),
        Example(
            ((4, 16),),
            {"out": 8, "kernel": 5, "pad": 2},
            gives=(8, 16),
            params={"weight": 8 * 4 * 5, "bias": 8},
            ops={"mac": 8 * 16 * 4 * 5, "bias": 8 * 16},
        ),
        Example(
            ((2, 5, 6, 7),),
            {"out": 3, "kernel": (1, 2, 3), "stride": (2, 1, 1)},
            gives=(3, 3, 5, 5),
            params={"weight": 3 * 2 * 1 * 2 * 3, "bias": 3},
            ops={"mac": 3 * 3 * 5 * 5 * 2 * 1 * 2 * 3, "bias": 3 * 3 * 5 * 5},
        ),
        Example(  # weights that are computed
            ((4, 16), (8, 4, 5)),
            {"out": 8, "kernel": 5},
            gives=(8, 12),
            params={"bias": 8},
            ops={"mac": 8 * 12 * 4 * 5, "bias": 8 * 12},
        ),
    ],
    "depthwise": [
        Example(  # weights that are computed
            ((6, 20), (12, 5)),
            {"kernel": 5, "multiplier": 2, "bias": False},
            gives=(12, 16),
            ops={"mac": 12 * 16 * 5},
            also=((3, 3, 5, 9, 15, 3),),
        ),
        Example(
            ((32, 112, 114),),
            {"kernel": 3, "stride": 2, "pad": 1, "bias": False},
            gives=(32, 56, 57),
            params={"weight": 32 * 3 * 3},
            ops={"mac": 32 * 56 * 57 * 3 * 3},
        ),
        Example(
            ((6, 20),),
            {"kernel": 5, "multiplier": 2, "dilation": 3},
            gives=(12, 8),
            params={"weight": 12 * 5, "bias": 12},
            ops={"mac": 12 * 8 * 5, "bias": 12 * 8},
        ),
        Example(
            ((5, 6, 7, 8),),
            {"kernel": (2, 3, 4), "pad": "same"},
            gives=(5, 6, 7, 8),
            params={"weight": 5 * 2 * 3 * 4, "bias": 5},
            ops={"mac": 5 * 6 * 7 * 8 * 2 * 3 * 4, "bias": 5 * 6 * 7 * 8},
        ),
    ],
    "transposed_conv": [
        Example(  # (7 - 1) * 2 - 2 + 3 + 1 and (8 - 1) * 2 - 2 + 3 + 1
            ((6, 7, 8),),
            {"out": 4, "kernel": 3, "stride": 2, "pad": 1, "output_pad": 1},
            gives=(4, 14, 16),
            params={"weight": 6 * 4 * 3 * 3, "bias": 4},
            ops={"mac": 7 * 8 * 6 * 4 * 3 * 3, "bias": 4 * 14 * 16},
        ),
        Example(  # each of two groups makes four maps of two; (9 - 1) * 3 + 2 * (4 - 1) + 1 - 1 - 2
            ((4, 9),),
            {"out": 8, "kernel": 4, "stride": 3, "pad": ((1, 2),), "dilation": 2, "groups": 2},
            gives=(8, 28),
            params={"weight": 2 * 2 * 4 * 4, "bias": 8},
            ops={"mac": 9 * 2 * 2 * 4 * 4, "bias": 8 * 28},
        ),
        Example(
            ((5, 6, 7),),
            {"out": 2, "kernel": 3, "stride": 3, "pad": "same", "bias": False},
            gives=(2, 18, 21),
            params={"weight": 5 * 2 * 3 * 3},
            ops={"mac": 6 * 7 * 5 * 2 * 3 * 3},
            windows=(Window(3, 3, (0, 0), 1), Window(3, 3, (0, 0), 1)),
        ),
        Example(  # the smallest there is
            ((3, 1),), {"out": 1, "kernel": 1}, gives=(1, 1), params={"weight": 3, "bias": 1}, ops={"mac": 3, "bias": 1}
        ),
        Example(
            ((3, 4),),
            {"out": 2, "kernel": 3},
            gives=(2, 6),
            params={"weight": 3 * 2 * 3, "bias": 2},
            ops={"mac": 4 * 3 * 2 * 3, "bias": 2 * 6},
            windows=(Window(3, 1, (0, 0), 1),),
        ),
        Example(
            ((3, 4, 5, 6),),
            {"out": 2, "kernel": (1, 2, 3), "stride": (1, 2, 2)},
            gives=(2, 4, 10, 13),
            params={"weight": 3 * 2 * 1 * 2 * 3, "bias": 2},
            ops={"mac": 4 * 5 * 6 * 3 * 2 * 1 * 2 * 3, "bias": 2 * 4 * 10 * 13},
        ),
        Example(  # weights that are computed
            ((4, 16), (4, 8, 5)),
            {"out": 8, "kernel": 5, "bias": False},
            gives=(8, 20),
            ops={"mac": 16 * 8 * 4 * 5},
        ),
    ],
    "partial_conv": [
        Example(  # C3 of LeNet-5: 1,516 trainable parameters
            ((6, 14, 15),),
            {"inputs": (3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6), "kernel": 5},
            gives=(16, 10, 11),
            params={"weight": (6 * 3 + 9 * 4 + 6) * 5 * 5, "bias": 16},
            ops={"mac": (6 * 3 + 9 * 4 + 6) * 5 * 5 * 10 * 11, "bias": 16 * 10 * 11},
        ),
        Example(
            ((4, 12),),
            {"inputs": (1, 2), "kernel": 3, "stride": 2, "pad": 1, "bias": False},
            gives=(2, 6),
            params={"weight": (1 + 2) * 3},
            ops={"mac": (1 + 2) * 3 * 6},
        ),
    ],
    "add": [
        Example(((64, 56, 48), (64, 56, 48)), {}, gives=(64, 56, 48), ops={"add": 64 * 56 * 48}),
        Example(((5, 6), (5, 6), (5, 6)), {}, gives=(5, 6), ops={"add": 2 * 5 * 6}),
        Example(((197, 768), (1, 768)), {}, gives=(197, 768), ops={"add": 197 * 768}),
    ],
    "multiply": [
        Example(((16, 7, 9), (16, 1, 1)), {}, gives=(16, 7, 9), ops={"mul": 16 * 7 * 9}),
        Example(((16, 1, 1), (16, 7, 9)), {}, gives=(16, 7, 9), ops={"mul": 16 * 7 * 9}),
        Example(((3, 4, 5, 6), (3, 4, 5, 6)), {}, gives=(3, 4, 5, 6), ops={"mul": 3 * 4 * 5 * 6}),
    ],
    "concat": [
        Example(((64, 28, 30), (128, 28, 30), (32, 28, 30)), {}, gives=(64 + 128 + 32, 28, 30)),
        Example(((4, 5, 6), (4, 7, 6)), {"axis": 1}, gives=(4, 5 + 7, 6)),
        Example(((4, 5), (4, 8)), {"axis": -1}, gives=(4, 5 + 8)),
    ],
    "linear": [
        Example(
            ((4096,),),
            {"out": 1000},
            gives=(1000,),
            params={"weight": 4096 * 1000, "bias": 1000},
            ops={"mac": 4096 * 1000, "bias": 1000},
        ),
        Example(
            ((197, 768),),
            {"out": 3072, "bias": False},
            gives=(197, 3072),
            params={"weight": 768 * 3072},
            ops={"mac": 197 * 768 * 3072},
        ),
        Example(
            ((50, 64),),
            {"out": 32},
            gives=(50, 32),
            params={"weight": 64 * 32, "bias": 32},
            ops={"mac": 50 * 64 * 32, "bias": 50 * 32},
        ),
        Example(  # the MLP of a map whose channels are its last axis
            ((7, 9, 96),),
            {"out": 384, "over": "last"},
            gives=(7, 9, 384),
            params={"weight": 96 * 384, "bias": 384},
            ops={"mac": 7 * 9 * 96 * 384, "bias": 7 * 9 * 384},
            windows="mixed",
        ),
        Example(
            ((5, 4, 3, 6),),
            {"out": 8, "bias": False, "over": "last"},
            gives=(5, 4, 3, 8),
            params={"weight": 6 * 8},
            ops={"mac": 5 * 4 * 3 * 6 * 8},
        ),
        Example(
            ((40,),),
            {"out": 15, "over": "last"},
            gives=(15,),
            params={"weight": 40 * 15, "bias": 15},
            ops={"mac": 40 * 15, "bias": 15},
        ),
        Example(  # weights that are computed
            ((7, 40), (15, 40)),
            {"out": 15},
            gives=(7, 15),
            params={"bias": 15},
            ops={"mac": 7 * 40 * 15, "bias": 7 * 15},
        ),
    ],
    "parameter": [
        Example((), {"shape": (1, 768)}, gives=(1, 768), params={"embedding": 768}),
        Example((), {"shape": (24, 3, 5), "trained": True}, gives=(24, 3, 5), params={"embedding": 24 * 3 * 5}),
        Example((), {"shape": (49, 48), "trained": False}, gives=(49, 48), buffers={"embedding": 49 * 48}),
    ],
    # Each of the heads compares its share of the features; together they multiply all of them, for every pair.
    "attention_scores": [
        Example(
            ((17, 24), (11, 24)),
            {"heads": 3},
            gives=(3, 17, 11),
            ops={"mac": 17 * 11 * 24, "mul": 17 * 24},
            windows="mixed",
        ),
        Example(  # ten windows of two by five
            ((2, 5, 7, 32), (2, 5, 9, 32)),
            {"heads": 4},
            gives=(2, 5, 4, 7, 9),
            ops={"mac": 2 * 5 * 7 * 9 * 32, "mul": 2 * 5 * 7 * 32},
        ),
        Example(((6, 10), (13, 10)), {}, gives=(1, 6, 13), ops={"mac": 6 * 13 * 10, "mul": 6 * 10}),
    ],
    "weighted_values": [
        Example(((3, 17, 11), (11, 24)), {}, gives=(17, 24), ops={"mac": 17 * 11 * 24}, windows="mixed"),
        Example(  # ten windows of two by five
            ((2, 5, 4, 7, 9), (2, 5, 9, 32)), {}, gives=(2, 5, 7, 32), ops={"mac": 2 * 5 * 7 * 9 * 32}
        ),
    ],
    "relative_position_bias": [
        Example(  # distances from -6 to 6 along both axes
            ((13 * 13, 3),),
            {"window": 7},
            gives=(1, 3, 49, 49),
            buffers={"index": 49 * 49},
            windows="mixed",
            also=((7, 169, 6), (4, 49, 3), (1, 1, 2)),
        ),
        Example(  # distances from -3 to 3 and from -4 to 4
            ((7 * 9, 2),),
            {"window": (4, 5)},
            gives=(1, 2, 4 * 5, 4 * 5),
            buffers={"index": 20 * 20},
            also=((4, 8, 7 * 15, 2), (3, 5, 5 * 9, 6)),
        ),
    ],
    "rbf": [
        Example(
            ((84,),),
            {"out": 10},
            gives=(10,),
            ops={"add": 84 * 10, "mac": 84 * 10},
            buffers={"codewords": 84 * 10},
        )
    ],
    "batchnorm": [
        Example(
            ((64, 28, 30),),
            {},
            gives=(64, 28, 30),
            params={"scale": 64, "shift": 64},
            ops={"mul": 64 * 28 * 30, "add": 64 * 28 * 30},
            buffers={"mean": 64, "variance": 64},
        ),
        Example(
            ((100,),),
            {"scale": False},
            gives=(100,),
            params={"shift": 100},
            ops={"mul": 100, "add": 100},  # the deviation is divided by, whatever is trained
            buffers={"mean": 100, "variance": 100},
        ),
        Example(
            ((6, 9),),
            {"shift": False},
            gives=(6, 9),
            params={"scale": 6},
            ops={"mul": 6 * 9, "add": 6 * 9},
            buffers={"mean": 6, "variance": 6},
        ),
    ],
    # Sum, difference, sum of squares; square, product with the reciprocal root; then scale and shift.
    "layernorm": [
        Example(
            ((197, 768),),
            {},
            gives=(197, 768),
            params={"scale": 768, "shift": 768},
            ops={"add": (3 + 1) * 197 * 768, "mul": (2 + 1) * 197 * 768, "div": 2 * 197, "exp": 197},
        ),
        Example(
            ((96, 56, 58),),
            {"over": "channels"},
            gives=(96, 56, 58),
            params={"scale": 96, "shift": 96},
            ops={"add": 4 * 96 * 56 * 58, "mul": 3 * 96 * 56 * 58, "div": 2 * 56 * 58, "exp": 56 * 58},
        ),
        Example(
            ((8, 5, 6),),
            {"over": "all", "scale": True},
            gives=(8, 5, 6),
            params={"scale": 8 * 5 * 6, "shift": 8 * 5 * 6},
            ops={"add": 4 * 8 * 5 * 6, "mul": 3 * 8 * 5 * 6, "div": 2, "exp": 1},
        ),
        Example(
            ((8, 5, 6),),
            {"over": "last", "scale": False, "shift": False},
            gives=(8, 5, 6),
            ops={"add": 3 * 8 * 5 * 6, "mul": 2 * 8 * 5 * 6, "div": 2 * 8 * 5, "exp": 8 * 5},
        ),
        Example(
            ((17, 12),),
            {"shift": False},
            gives=(17, 12),
            params={"scale": 12},
            ops={"add": 3 * 17 * 12, "mul": (2 + 1) * 17 * 12, "div": 2 * 17, "exp": 17},
        ),
        Example(
            ((4, 5, 6),),
            {"axes": 2},
            gives=(4, 5, 6),
            params={"scale": 5 * 6, "shift": 5 * 6},
            ops={"add": (3 + 1) * 4 * 5 * 6, "mul": (2 + 1) * 4 * 5 * 6, "div": 2 * 4, "exp": 4},
        ),
    ],
    "groupnorm": [
        Example(
            ((64, 28, 30),),
            {},
            gives=(64, 28, 30),
            params={"scale": 64, "shift": 64},
            ops={"add": 4 * 64 * 28 * 30, "mul": 3 * 64 * 28 * 30, "div": 2 * 32, "exp": 32},
        ),
        Example(
            ((24, 10),),
            {"groups": 4, "scale": False, "shift": False},
            gives=(24, 10),
            ops={"add": 3 * 24 * 10, "mul": 2 * 24 * 10, "div": 2 * 4, "exp": 4},
        ),
        Example(
            ((12, 7, 8),),
            {"groups": 3, "scale": False},
            gives=(12, 7, 8),
            params={"shift": 12},
            ops={"add": (3 + 1) * 12 * 7 * 8, "mul": 2 * 12 * 7 * 8, "div": 2 * 3, "exp": 3},
        ),
    ],
    # Square and sum; the quotient by the root, or by the least length if that is larger.
    "unit_norm": [
        Example(
            ((5, 7, 9),),
            {},
            gives=(5, 7, 9),
            ops={"mul": 5 * 7 * 9, "add": 5 * 7 * 9, "div": 5 * 7 * 9, "exp": 5 * 7, "cmp": 5 * 7},
        ),
        Example(((10,),), {}, gives=(10,), ops={"mul": 10, "add": 10, "div": 10, "exp": 1, "cmp": 1}),
    ],
    "lrn": [
        Example(  # a square and alpha; five neighbours and k
            ((96, 55, 54),),
            {},
            gives=(96, 55, 54),
            ops={"mul": 2 * 96 * 55 * 54, "add": (5 + 1) * 96 * 55 * 54, "exp": 96 * 55 * 54, "div": 96 * 55 * 54},
        ),
        Example(
            ((8, 6),),
            {"size": 3},
            gives=(8, 6),
            ops={"mul": 2 * 8 * 6, "add": (3 + 1) * 8 * 6, "exp": 8 * 6, "div": 8 * 6},
        ),
    ],
    "maxpool": [
        Example(((96, 55, 57),), {"kernel": 3, "stride": 2}, gives=(96, 27, 28), ops={"cmp": 96 * 27 * 28 * 3 * 3}),
        Example(((6, 28, 30),), {"kernel": 2}, gives=(6, 14, 15), ops={"cmp": 6 * 14 * 15 * 2 * 2}),
        Example(  # the last windows begin at 110 of 112 and at 112 of 114, one element short
            ((64, 112, 114),),
            {"kernel": 3, "stride": 2, "rounding": "ceil"},
            gives=(64, 56, 57),
            ops={"cmp": 64 * 56 * 57 * 3 * 3},
        ),
        Example(  # windows at 0 3 of 1 + 5 + 1 and 0 3 6 of 1 + 8 + 1; the next would begin in the padding behind
            ((8, 5, 8),),
            {"kernel": 3, "stride": 3, "pad": 1, "rounding": "caffe"},
            gives=(8, 2, 3),
            ops={"cmp": 8 * 2 * 3 * 3 * 3},
        ),
        Example(  # without padding Caffe does not look where the last window begins: at 0 and at 8, past the end
            ((2, 8),), {"kernel": 1, "stride": 8, "rounding": "caffe"}, gives=(2, 2), ops={"cmp": 2 * 2 * 1}
        ),
        Example(((2, 8),), {"kernel": 1, "stride": 8, "rounding": "ceil"}, gives=(2, 1), ops={"cmp": 2 * 1 * 1}),
        Example(  # the one window reaches past the end of both axes, by less than a stride
            ((4, 3, 4),), {"kernel": 5, "stride": 4, "rounding": "ceil"}, gives=(4, 1, 1), ops={"cmp": 4 * 5 * 5}
        ),
        Example(
            ((5, 13, 14),),
            {"kernel": (3, 2), "stride": (2, 3), "pad": "same"},
            gives=(5, 7, 5),
            ops={"cmp": 5 * 7 * 5 * 3 * 2},
        ),
        Example(
            ((3, 12, 13, 14),),
            {"kernel": 2, "stride": (2, 3, 4), "pad": "valid", "dilation": (1, 2, 3)},
            gives=(3, 6, 4, 3),
            ops={"cmp": 3 * 6 * 4 * 3 * 2 * 2 * 2},
        ),
    ],
    "avgpool": [
        Example(((6, 10),), {"kernel": 4}, gives=(6, 2), ops={"add": 6 * 2 * 4, "div": 6 * 2}),
        Example(
            ((192, 35, 36),),
            {"kernel": 3, "stride": 1, "pad": 1},
            gives=(192, 35, 36),
            ops={"add": 192 * 35 * 36 * 3 * 3, "div": 192 * 35 * 36},
        ),
        Example(
            ((4, 7, 8, 9),),
            {"kernel": (3, 3, 4), "stride": 2, "pad": ((0, 1), (1, 0), (2, 1)), "rounding": "ceil"},
            gives=(4, 4, 4, 5),
            ops={"add": 4 * 4 * 4 * 5 * 3 * 3 * 4, "div": 4 * 4 * 4 * 5},
        ),
    ],
    "subsample": [
        Example(
            ((6, 28, 30),),
            {"kernel": 2},
            gives=(6, 14, 15),
            params={"scale": 6, "bias": 6},
            ops={"add": 6 * 14 * 15 * 2 * 2, "mul": 6 * 14 * 15, "bias": 6 * 14 * 15},
        ),
        Example(
            ((4, 11),),
            {"kernel": 3, "stride": 2},
            gives=(4, 5),
            params={"scale": 4, "bias": 4},
            ops={"add": 4 * 5 * 3, "mul": 4 * 5, "bias": 4 * 5},
        ),
    ],
    "adaptive_maxpool": [
        # Six cells cover 13: from 0 2 4 6 8 10 to 3 5 7 9 11 13, three elements each; seven cover 14, two each.
        Example(((256, 13, 14),), {"out": (6, 7)}, gives=(256, 6, 7), ops={"cmp": 256 * (6 * 3) * (7 * 2)}),
        Example(
            ((8, 12, 14),),
            {"out": (6, 7)},
            gives=(8, 6, 7),
            ops={"cmp": 8 * 12 * 14},
            windows=(Window(2, 2, (0, 0), 1), Window(2, 2, (0, 0), 1)),
        ),
        # Four cells cover 10: 0-3 2-5 5-8 7-10.
        Example(((5, 10),), {"out": 4}, gives=(5, 4), ops={"cmp": 5 * (4 * 3)}),
    ],
    "adaptive_avgpool": [
        Example(((512, 7, 9),), {"out": 1}, gives=(512, 1, 1), ops={"add": 512 * 7 * 9, "div": 512}),
        # Three cells enlarge 2: 0-1 0-2 1-2.
        Example(
            ((4, 2, 6, 8),),
            {"out": (3, 2, 4)},
            gives=(4, 3, 2, 4),
            ops={"add": 4 * (1 + 2 + 1) * 6 * 8, "div": 4 * 3 * 2 * 4},
        ),
    ],
    "global_maxpool": [
        Example(((512, 7, 9),), {}, gives=(512, 1, 1), ops={"cmp": 512 * 7 * 9}, windows=(Window(7, 7), Window(9, 9))),
        Example(((4, 5, 6, 7),), {}, gives=(4, 1, 1, 1), ops={"cmp": 4 * 5 * 6 * 7}),
    ],
    "global_avgpool": [
        Example(((512, 7, 9),), {}, gives=(512, 1, 1), ops={"add": 512 * 7 * 9, "div": 512}),
        Example(((3, 100),), {}, gives=(3, 1), ops={"add": 3 * 100, "div": 3}, windows=(Window(100, 100),)),
    ],
    "flatten": [
        Example(((512, 7, 9),), {}, gives=(512 * 7 * 9,)),
        Example(((10,),), {}, gives=(10,)),
    ],
    "reshape": [
        Example(  # the patches of a map as rows
            ((96, 4, 6),),
            {"out": (96, 24)},
            gives=(96, 24),
            windows="mixed",
            also=((5, 24, 5, 3, 8), (96, 20, 96, 5, 4)),
        ),
        Example(((30,),), {"out": (2, 3, 5)}, gives=(2, 3, 5), also=((7, 3, 4, 84), (2, 8, 6, 96))),
    ],
    "permute": [
        Example(((8, 5, 6),), {"axes": (1, 2, 0)}, gives=(5, 6, 8), windows="mixed"),
        Example(((2, 3, 4, 5),), {"axes": (3, 0, 1, 2)}, gives=(5, 2, 3, 4)),
        Example(((7, 9),), {"axes": (0, 1)}, gives=(7, 9)),
    ],
    "upsample": [
        Example(((16, 7, 9),), {"scale": 2}, gives=(16, 14, 18), windows=(Window(2, 2), Window(2, 2))),
        Example(
            ((16, 7, 9),),
            {"scale": (2, 3), "mode": "linear"},
            gives=(16, 14, 27),
            ops={"mul": 4 * 16 * 14 * 27, "add": 3 * 16 * 14 * 27},
            windows=(Window(2 * 2, 2), Window(2 * 3, 3)),
        ),
        Example(((4, 5),), {"scale": 4, "mode": "linear"}, gives=(4, 20), ops={"mul": 2 * 4 * 20, "add": 1 * 4 * 20}),
        Example(
            ((2, 3, 4, 5),),
            {"scale": 2, "mode": "linear"},
            gives=(2, 6, 8, 10),
            ops={"mul": 8 * 2 * 6 * 8 * 10, "add": 7 * 2 * 6 * 8 * 10},
        ),
    ],
    "pad": [
        Example(((3, 32, 34),), {"pad": 4}, gives=(3, 40, 42), windows=(Window(1, 1, (4, 4)), Window(1, 1, (4, 4)))),
        Example(((16, 8, 9),), {"channels": 8}, gives=(32, 8, 9), windows=(Window(1), Window(1))),
        Example(((4, 5, 6, 7),), {"pad": ((1, 2), 3, (0, 1)), "channels": (1, 2)}, gives=(7, 8, 12, 8)),
    ],
    "crop": [
        Example(
            ((64, 64, 66),), {"out": 56}, gives=(64, 56, 56), windows=(Window(1, 1, (-4, 0)), Window(1, 1, (-5, 0)))
        ),
        Example(((3, 20),), {"out": (7,)}, gives=(3, 7)),
    ],
    "slice": [
        Example(((58, 28, 30),), {"start": 29}, gives=(29, 28, 30)),
        Example(
            ((4, 10, 12),),
            {"axis": -1, "start": 1, "stop": 11, "step": 3},
            gives=(4, 10, 4),
            windows=(Window(1), Window(1, 3, (-1, 0))),
        ),  # 1 4 7 10
        Example(((197, 768),), {"stop": 1}, gives=(1, 768)),
    ],
    "channel_shuffle": [Example(((240, 28, 30),), {"groups": 3}, gives=(240, 28, 30))],
    "exp": elementwise(6, 5, 4, exp=1),
    "log": elementwise(6, 5, 4, exp=1),
    "sqrt": elementwise(6, 5, 4, exp=1),
    "rsqrt": elementwise(6, 5, 4, exp=1, div=1),
    "sin": elementwise(7, 8, exp=1),
    "cos": elementwise(7, 8, exp=1),
    "erf": elementwise(197, 768, exp=1),
    "pow": elementwise(5, 9, exp=1),
    "square": elementwise(5, 9, mul=1),
    "reciprocal": elementwise(5, 9, div=1),
    "abs": elementwise(3, 4, 6, cmp=1),
    "sign": elementwise(3, 4, 6, cmp=1),
    "round": elementwise(3, 4, 6, cmp=1),
    "neg": elementwise(3, 4, 6, add=1),
    "clamp": elementwise(3, 4, 6, cmp=2),  # is it too low, is it too high?
    "logical_not": elementwise(12, 9, cmp=1),
    "affine": [
        *elementwise(3, 224, 226, mul=1, add=1),
        Example(((5, 6),), {"shift": False}, gives=(5, 6), ops={"mul": 5 * 6}),
        Example(((5, 6),), {"scale": False}, gives=(5, 6), ops={"add": 5 * 6}),
        Example(((5, 6),), {"scale": False, "shift": False}, gives=(5, 6)),
    ],
    "subtract": of_two("add"),
    "divide": of_two("div"),
    "maximum": of_two("cmp"),
    "minimum": of_two("cmp"),
    "compare": of_two("cmp"),
    "power": of_two("exp"),
    "where": [
        Example(((7, 9), (7, 9), (7, 9)), {}, gives=(7, 9), ops={"cmp": 7 * 9}),
        Example(((1, 6, 5), (8, 6, 5), (1, 1, 1)), {}, gives=(8, 6, 5), ops={"cmp": 8 * 6 * 5}),
    ],
    "mean": [
        Example(  # what global pooling does
            ((32, 7, 9),),
            {"axes": (1, 2), "keep": True},
            gives=(32, 1, 1),
            ops={"add": 32 * 7 * 9, "div": 32},
            windows=(Window(7, 7), Window(9, 9)),
        ),
        Example(((32, 7, 9),), {"axes": (-1, -2)}, gives=(32,), ops={"add": 32 * 7 * 9, "div": 32}),
        Example(((7, 12),), {"axes": (0,)}, gives=(12,), ops={"add": 7 * 12, "div": 12}, windows="mixed"),
        Example(((7, 12),), {"axes": (0, 1)}, gives=(1,), ops={"add": 7 * 12, "div": 1}),
    ],
    "sum": reduction("add"),
    "max": reduction("cmp"),
    "min": reduction("cmp"),
    "argmax": reduction("cmp"),
    "product": reduction("mul"),
    "any": reduction("cmp"),
    "norm": [  # squares, their sums, and a root of each
        Example(((5, 7, 9),), {"axes": (2,)}, gives=(5, 7), ops={"mul": 5 * 7 * 9, "add": 5 * 7 * 9, "exp": 5 * 7}),
        Example(
            ((5, 7, 9),),
            {"axes": (0,), "keep": True},
            gives=(1, 7, 9),
            ops={"mul": 5 * 7 * 9, "add": 5 * 7 * 9, "exp": 7 * 9},
            windows=(Window(1), Window(1)),
        ),
    ],
    "variance": [  # sum, difference, sum of squares; the mean of the elements and of the squares
        Example(((5, 7, 9),), {"axes": (-1,)}, (5, 7), {}, {"add": 3 * 5 * 7 * 9, "mul": 5 * 7 * 9, "div": 2 * 5 * 7}),
        Example(((8, 6),), {"axes": (1,), "keep": True}, (8, 1), {}, {"add": 3 * 8 * 6, "mul": 8 * 6, "div": 2 * 8}),
    ],
    "cumsum": [
        Example(((5, 7),), {"axis": 0}, gives=(5, 7), ops={"add": 5 * 7}),
        Example(((5, 7, 9),), {"axis": -1}, gives=(5, 7, 9), ops={"add": 5 * 7 * 9}, windows="mixed"),
    ],
    "matmul": [
        Example(((5, 7), (7, 9)), {}, gives=(5, 9), ops={"mac": 5 * 7 * 9}, windows="mixed"),
        Example(((4, 5, 7), (7, 9)), {}, gives=(4, 5, 9), ops={"mac": 4 * 5 * 7 * 9}),
        Example(((3, 1, 5, 7), (4, 7, 9)), {}, gives=(3, 4, 5, 9), ops={"mac": 3 * 4 * 5 * 7 * 9}),
        Example(((7,), (7, 9)), {}, gives=(9,), ops={"mac": 7 * 9}),
        Example(((4, 5, 7), (7,)), {}, gives=(4, 5), ops={"mac": 4 * 5 * 7}),
        Example(((7,), (7,)), {}, gives=(1,), ops={"mac": 7}),
    ],
    "einsum": [
        Example(  # the products of all rows, head by head
            ((4, 5, 7), (4, 6, 7)),
            {"equation": "hnk, hmk -> hnm"},
            gives=(4, 5, 6),
            ops={"mac": 4 * 5 * 6 * 7},
            windows="mixed",
        ),
        Example(((5, 7), (7, 9)), {"equation": "ij,jk"}, gives=(5, 9), ops={"mac": 5 * 7 * 9}),
        Example(((5, 7), (9, 5)), {"equation": "zb,az"}, gives=(9, 7), ops={"mac": 5 * 7 * 9}),  # in order: a, b
        Example(((5, 7),), {"equation": "ij->ji"}, gives=(7, 5)),
        Example(((5, 7),), {"equation": "ij->j"}, gives=(7,), ops={"add": 5 * 7}),
        Example(((7, 7),), {"equation": "ii"}, gives=(1,), ops={"add": 7}),  # the sum of the diagonal
        Example(((5,), (7,)), {"equation": "i,j->ij"}, gives=(5, 7), ops={"mul": 5 * 7}),
        Example(  # i is in the first only: a sum; then j is summed over products
            ((5, 7), (7, 9)), {"equation": "ij,jk->k"}, gives=(9,), ops={"add": 5 * 7, "mac": 7 * 9}
        ),
        Example(  # j first, then k
            ((4, 5), (5, 6), (6, 7)), {"equation": "ij,jk,kl->il"}, gives=(4, 7), ops={"mac": 4 * 5 * 6 + 4 * 6 * 7}
        ),
        Example(  # nothing is summed by the first two
            ((4,), (5,), (4, 5)), {"equation": "i,j,ij->"}, gives=(1,), ops={"mul": 4 * 5, "mac": 4 * 5}
        ),
        Example(
            ((3, 4, 5, 7), (4, 7, 9)), {"equation": "...ij,...jk->...ik"}, (3, 4, 5, 9), {}, {"mac": 3 * 4 * 5 * 7 * 9}
        ),
        Example(((8, 6, 7), (7, 9)), {"equation": "...j,jk"}, gives=(8, 6, 9), ops={"mac": 8 * 6 * 7 * 9}),
        Example(  # the first has one j for all: the second is summed over j before
            ((4, 1), (5, 6)), {"equation": "ij,jk->ik"}, gives=(4, 6), ops={"add": 5 * 6, "mul": 4 * 6}
        ),
    ],
    # Scores and weighted values for every pair; queries scaled; a maximum, differences and their sum, a quotient.
    "dot_product_attention": [
        Example(
            ((3, 17, 8), (3, 11, 8), (3, 11, 5)),
            {},
            gives=(3, 17, 5),
            ops={
                "mac": 3 * 17 * 11 * (8 + 5),
                "mul": 3 * 17 * 8,
                "cmp": 3 * 17 * 11,
                "add": 2 * 3 * 17 * 11,
                "exp": 3 * 17 * 11,
                "div": 3 * 17 * 11,
            },
            windows="mixed",
        ),
        Example(  # two heads of keys for six of queries, and one mask for all
            ((4, 6, 9, 8), (4, 2, 7, 8), (4, 2, 7, 8), (9, 7)),
            {"scaled": False},
            gives=(4, 6, 9, 8),
            ops={
                "mac": 4 * 6 * 9 * 7 * (8 + 8),
                "cmp": 4 * 6 * 9 * 7,
                "add": (2 + 1) * 4 * 6 * 9 * 7,
                "exp": 4 * 6 * 9 * 7,
                "div": 4 * 6 * 9 * 7,
            },
        ),
        Example(
            ((13, 10), (13, 10), (13, 10)),
            {"causal": True},
            gives=(13, 10),
            ops={
                "mac": 13 * 13 * (10 + 10),
                "mul": 13 * 10,
                "cmp": 13 * 13,
                "add": (2 + 1) * 13 * 13,
                "exp": 13 * 13,
                "div": 13 * 13,
            },
        ),
    ],
    # Square and sum; product with the reciprocal root, and scale.
    "rmsnorm": [
        Example(
            ((9, 64),), {}, (9, 64), {"scale": 64}, {"add": 9 * 64, "mul": (2 + 1) * 9 * 64, "div": 2 * 9, "exp": 9}
        ),
        Example(
            ((4, 5, 6),),
            {"axes": 2, "scale": False},
            gives=(4, 5, 6),
            ops={"add": 4 * 5 * 6, "mul": 2 * 4 * 5 * 6, "div": 2 * 4, "exp": 4},
        ),
    ],
    "instancenorm": [
        Example(  # each channel is a group
            ((64, 28, 30),),
            {},
            gives=(64, 28, 30),
            ops={"add": 3 * 64 * 28 * 30, "mul": 2 * 64 * 28 * 30, "div": 2 * 64, "exp": 64},
        ),
        Example(
            ((24, 10),),
            {"scale": True, "shift": True},
            gives=(24, 10),
            params={"scale": 24, "shift": 24},
            ops={"add": (3 + 1) * 24 * 10, "mul": (2 + 1) * 24 * 10, "div": 2 * 24, "exp": 24},
        ),
        Example(  # mean and variance are known
            ((24, 10),),
            {"scale": True, "tracked": True},
            gives=(24, 10),
            params={"scale": 24},
            ops={"add": 24 * 10, "mul": 24 * 10},
            buffers={"mean": 24, "variance": 24},
        ),
    ],
    "embed": [
        Example(((17,),), {"count": 1000, "features": 64}, gives=(17, 64), params={"embedding": 1000 * 64}),
        Example(((5, 17), (100, 12)), {"count": 100, "features": 12}, gives=(5, 17, 12), windows="mixed"),
    ],
    "gather": [
        Example(((100, 12),), {"out": (7, 9, 12)}, gives=(7, 9, 12), windows="mixed"),
        Example(((100, 12), (7,), (7,)), {"out": (7, 12)}, gives=(7, 12), windows="mixed"),
    ],
    "scatter": [Example(((8, 6, 6), (8, 3)), {}, gives=(8, 6, 6), windows="mixed")],
    "one_hot": [
        Example(((17,),), {"count": 10}, gives=(17, 10)),
        Example(((5, 6),), {"count": 8}, gives=(5, 6, 8), windows="mixed"),
    ],
    # Sum of both products; tanh: 2x, its exponential, both sums, the quotient.
    "rnn": [
        Example(
            ((7, 10),),
            {"out": 16},
            gives=(7, 16),
            params={"weight": 16 * 10 + 16 * 16, "bias": 2 * 16},
            ops={
                "mac": 7 * (16 * 10 + 16 * 16),
                "bias": 7 * 2 * 16,
                "add": 7 * 16 * (1 + 2),
                "mul": 7 * 16,
                "exp": 7 * 16,
                "div": 7 * 16,
            },
        ),
        Example(  # the second and third layer read 2 * 6 features
            ((7, 10),),
            {"out": 6, "layers": 3, "bidirectional": True, "bias": False},
            gives=(7, 2 * 6),
            params={"weight": 2 * 6 * (10 + 6 + 12 + 6 + 12 + 6)},
            ops={
                "mac": 7 * 2 * 6 * (10 + 6 + 12 + 6 + 12 + 6),
                "add": 7 * 3 * 2 * 6 * (1 + 2),
                "mul": 7 * 3 * 2 * 6,
                "exp": 7 * 3 * 2 * 6,
                "div": 7 * 3 * 2 * 6,
            },
        ),
    ],
    # Four sums; three sigmoids and two tanh; three products and a sum.
    "lstm": [
        Example(
            ((7, 10),),
            {"out": 16},
            gives=(7, 16),
            params={"weight": 4 * 16 * (10 + 16), "bias": 2 * 4 * 16},
            ops={
                "mac": 7 * 4 * 16 * (10 + 16),
                "bias": 7 * 2 * 4 * 16,
                "add": 7 * 16 * (4 + 3 * 1 + 2 * 2 + 1),
                "mul": 7 * 16 * (2 * 1 + 3),
                "exp": 7 * 16 * (3 + 2),
                "div": 7 * 16 * (3 + 2),
            },
        ),
        Example(  # outputs and states of 3; the second layer reads 2 * 3 of them
            ((8, 10),),
            {"out": 5, "layers": 2, "bidirectional": True, "projection": 3},
            gives=(8, 2 * 3),
            params={"weight": 2 * (4 * 5 * (10 + 3) + 5 * 3 + 4 * 5 * (6 + 3) + 5 * 3), "bias": 2 * 2 * 2 * 4 * 5},
            ops={
                "mac": 8 * 2 * (4 * 5 * (10 + 3) + 5 * 3 + 4 * 5 * (6 + 3) + 5 * 3),
                "bias": 8 * 2 * 2 * 2 * 4 * 5,
                "add": 8 * 2 * 2 * 5 * (4 + 3 * 1 + 2 * 2 + 1),
                "mul": 8 * 2 * 2 * 5 * (2 * 1 + 3),
                "exp": 8 * 2 * 2 * 5 * (3 + 2),
                "div": 8 * 2 * 2 * 5 * (3 + 2),
            },
        ),
    ],
    # Three sums; two sigmoids and a tanh; the reset, and both parts of the new state.
    "gru": [
        Example(
            ((7, 10),),
            {"out": 16, "bias": False},
            gives=(7, 16),
            params={"weight": 3 * 16 * (10 + 16)},
            ops={
                "mac": 7 * 3 * 16 * (10 + 16),
                "add": 7 * 16 * (3 + 2 * 1 + 2 + 2),
                "mul": 7 * 16 * (1 + 1 + 2),
                "exp": 7 * 16 * (2 + 1),
                "div": 7 * 16 * (2 + 1),
            },
        ),
        Example(
            ((7, 10),),
            {"out": 6, "layers": 2},
            gives=(7, 6),
            params={"weight": 3 * 6 * (10 + 6) + 3 * 6 * (6 + 6), "bias": 2 * 2 * 3 * 6},
            ops={
                "mac": 7 * (3 * 6 * (10 + 6) + 3 * 6 * (6 + 6)),
                "bias": 7 * 2 * 2 * 3 * 6,
                "add": 7 * 2 * 6 * (3 + 2 * 1 + 2 + 2),
                "mul": 7 * 2 * 6 * (1 + 1 + 2),
                "exp": 7 * 2 * 6 * (2 + 1),
                "div": 7 * 2 * 6 * (2 + 1),
            },
        ),
    ],
    "constant": [Example((), {"shape": (24, 3, 5)}, gives=(24, 3, 5)), Example((), {"shape": (7,)}, gives=(7,))],
    "uncounted": [
        Example(((5, 6), (7,)), {"operator": "nms", "out": (4, 3)}, gives=(4, 3), windows="mixed"),
        Example(((5, 6),), {"operator": "sort", "out": (5, 6)}, gives=(5, 6)),
    ],
    "stack": [
        Example(((4, 5), (4, 5), (4, 5)), {}, gives=(3, 4, 5), windows="mixed"),
        Example(((4, 5), (4, 5)), {"axis": -1}, gives=(4, 5, 2)),
        Example(((4, 5), (4, 5)), {"axis": 1}, gives=(4, 2, 5)),
    ],
    "expand": [
        Example(((1, 5, 6),), {"out": (7, 5, 6)}, gives=(7, 5, 6), windows="mixed"),
        Example(((5, 1),), {"out": (3, 5, 9)}, gives=(3, 5, 9)),
    ],
    "tile": [
        Example(((4, 5),), {"times": (2, 3)}, gives=(8, 15), windows="mixed"),
        Example(((5,),), {"times": (2, 3)}, gives=(2, 15)),
    ],
    "roll": [Example(((8, 9, 10),), {"shifts": (3, -4), "axes": (1, 2)}, gives=(8, 9, 10), windows="mixed")],
    "flip": [
        Example(((8, 9, 10),), {"axes": (-1,)}, gives=(8, 9, 10), windows="mixed"),
        Example(((8, 9),), {"axes": (0,)}, gives=(8, 9)),
    ],
    "resize": [
        Example(((16, 7, 9),), {"out": (13, 20)}, gives=(16, 13, 20), windows="mixed"),
        Example(  # twice as wide, three times as high
            ((16, 7, 9),),
            {"out": (14, 27), "mode": "linear"},
            gives=(16, 14, 27),
            ops={"mul": 4 * 16 * 14 * 27, "add": 3 * 16 * 14 * 27},
            windows=(Window(2 * 2, 2), Window(2 * 3, 3)),
        ),
        Example(
            ((3, 40, 30),),
            {"out": 14, "mode": "cubic", "antialias": True},
            gives=(3, 14, 14),
            ops={"mul": 4 * 4 * 3 * 14 * 14, "add": (4 * 4 - 1) * 3 * 14 * 14},
        ),
        Example(((4, 5),), {"out": 7, "mode": "linear"}, gives=(4, 7), ops={"mul": 2 * 4 * 7, "add": 4 * 7}),
    ],
    "grid_sample": [
        Example(
            ((16, 7, 9), (11, 13, 2)),
            {},
            gives=(16, 11, 13),
            ops={"mul": 4 * 16 * 11 * 13, "add": 3 * 16 * 11 * 13},
            windows="mixed",
        ),
        Example(
            ((4, 7, 8, 9), (5, 6, 10, 3)),
            {},
            gives=(4, 5, 6, 10),
            ops={"mul": 8 * 4 * 5 * 6 * 10, "add": 7 * 4 * 5 * 6 * 10},
        ),
    ],
    "pixel_shuffle": [
        Example(
            ((36, 7, 9),),
            {"scale": 2},
            gives=(9, 14, 18),
            windows=(Window(2, 2), Window(2, 2)),
        ),
        Example(((60, 7),), {"scale": 4}, gives=(15, 28)),
    ],
    "pixel_unshuffle": [
        Example(((5, 12, 18),), {"scale": 2}, gives=(20, 6, 9), windows=(Window(2, 2), Window(2, 2))),
        Example(((5, 12),), {"scale": 3}, gives=(15, 4)),
    ],
    "unfold": [
        Example(((4, 9, 10),), {"kernel": 3}, gives=(4 * 3 * 3, 7 * 8), windows="mixed"),
        Example(  # windows at 0 2 4 6 of 1 + 9 + 1 and from 0 to 8 of 12, five wide
            ((4, 9, 12),),
            {"kernel": (3, 2), "stride": (2, 1), "pad": (1, 0), "dilation": (1, 4)},
            gives=(4 * 3 * 2, 5 * 8),
        ),
    ],
    "fold": [
        Example(  # as many windows as the first example of unfold
            ((36, 56),),
            {"out": (9, 10), "kernel": 3},
            gives=(4, 9, 10),
            ops={"add": 36 * 56},
            windows="mixed",
            also=((10, 12, 2, 20, 9 * 11), (12, 11, 4, 48, 9 * 8)),
        ),
        Example(
            ((12, 11),),
            {"out": (24,), "kernel": 4, "stride": 2},
            gives=(3, 24),
            ops={"add": 12 * 11},
            also=((30, 5, 3, 20, 9), (10, 2, 4, 6, 3)),
        ),
    ],
    "pad_axes": [
        Example(
            ((3, 8, 9),),
            {"ends": ((0, 2), (1, 3), (4, -5))},
            gives=(5, 12, 8),
            windows=(Window(1, 1, (1, 3)), Window(1, 1, (4, -5))),
        ),
        Example(((7,),), {"ends": ((-2, 1),)}, gives=(6,)),
    ],
    # What convolution costs; each of the elements read is mixed of four, and masked.
    "deform_conv": [
        Example(
            ((6, 9, 10), (2 * 9, 7, 8)),
            {"out": 5, "kernel": 3},
            gives=(5, 7, 8),
            params={"weight": 5 * 6 * 3 * 3, "bias": 5},
            ops={
                "mac": 5 * 7 * 8 * 6 * 3 * 3,
                "bias": 5 * 7 * 8,
                "mul": 4 * 6 * 9 * 7 * 8,
                "add": 3 * 6 * 9 * 7 * 8,
            },
            windows="mixed",
            also=((4, 2, 12, 13, 14, 2 * 4, 12, 13), (3, 1, 8, 5, 6, 2 * 2, 5, 6)),
        ),
        Example(  # offsets and masks of their own for each half of the channels
            ((6, 9, 10), (2 * 2 * 9, 5, 5), (2 * 9, 5, 5)),
            {"out": 4, "kernel": 3, "stride": 2, "pad": 1, "groups": 2, "bias": False},
            gives=(4, 5, 5),
            params={"weight": 4 * 3 * 3 * 3},
            ops={
                "mac": 4 * 5 * 5 * 3 * 3 * 3,
                "mul": (4 + 1) * 6 * 9 * 5 * 5,
                "add": 3 * 6 * 9 * 5 * 5,
            },
            also=((6, 2, 1, 2, 3, 9, 10, 12, 2 * 4, 13, 15, 4, 13, 15),),
        ),
    ],
}
