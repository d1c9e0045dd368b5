"""What does each layer type say of inputs and attributes with which it is impossible?"""

from __future__ import annotations

from typing import Any

import pytest

from archcost.dims import Shape
from archcost.errors import ShapeError
from archcost.net import INPUT, Net, Node, apply, propagate

IMPOSSIBLE: list[tuple[str, tuple[Shape, ...], dict[str, Any], str]] = [
    # A window larger than the padded map.
    ("conv", ((3, 5, 5),), {"out": 8, "kernel": 7}, "a window of 7 does not fit into 5 positions"),
    ("conv", ((3, 5),), {"out": 8, "kernel": 8, "pad": 1}, "a window of 8 does not fit into 7 positions"),
    ("conv", ((3, 9, 5),), {"out": 8, "kernel": 3, "dilation": 3}, "a window of 7 does not fit into 5 positions"),
    ("conv", ((3, 5, 2),), {"out": 8, "kernel": 3, "pad": (0, (0, 0))}, "a window of 3 does not fit into 2 positions"),
    ("conv", ((3, 2, 9),), {"out": 8, "kernel": 3, "pad": "valid"}, "a window of 3 does not fit into 2 positions"),
    ("depthwise", ((3, 2, 2),), {"kernel": 3}, "a window of 3 does not fit into 2 positions"),
    ("partial_conv", ((3, 2, 2),), {"inputs": (2,), "kernel": 3}, "a window of 3 does not fit into 2 positions"),
    ("maxpool", ((3, 1, 1),), {"kernel": 2}, "a window of 2 does not fit into 1 positions"),
    ("maxpool", ((3, 2, 2),), {"kernel": 2, "dilation": 2}, "a window of 3 does not fit into 2 positions"),
    ("avgpool", ((3, 4, 4),), {"kernel": 7}, "a window of 7 does not fit into 4 positions"),
    ("subsample", ((3, 4, 1),), {"kernel": 2}, "a window of 2 does not fit into 1 positions"),
    # Rounding up keeps a window that lacks less than a stride, not one that lacks a stride.
    (
        "maxpool",
        ((3, 4),),
        {"kernel": 6, "stride": 2, "rounding": "ceil"},
        "a window of 6 does not fit into 4 positions",
    ),
    (
        "avgpool",
        ((3, 4),),
        {"kernel": 6, "stride": 2, "rounding": "caffe"},
        "a window of 6 does not fit into 4 positions",
    ),
    # Padding in which whole windows would lie.
    ("maxpool", ((3, 9, 9),), {"kernel": 2, "pad": 2}, "padding of 2 hides whole windows"),
    ("maxpool", ((3, 9),), {"kernel": 2, "dilation": 3, "pad": 4}, "padding of 4 hides whole windows"),
    ("maxpool", ((3, 9),), {"kernel": 2, "pad": ((2, 0),)}, "padding of 2 hides whole windows"),
    ("avgpool", ((3, 9, 9),), {"kernel": 2, "pad": (0, (1, 3))}, "padding of 3 hides whole windows"),
    # Channels and groups.
    ("conv", ((3, 5, 5),), {"out": 8, "kernel": 3, "groups": 2}, "3 input channels do not divide into 2 groups"),
    ("conv", ((4, 5, 5),), {"out": 7, "kernel": 3, "groups": 2}, "7 output channels do not divide into 2 groups"),
    ("conv", ((4, 5),), {"out": 8, "kernel": 3, "groups": 8}, "4 input channels do not divide into 8 groups"),
    (
        "transposed_conv",
        ((3, 5),),
        {"out": 8, "kernel": 3, "groups": 2},
        "3 input channels do not divide into 2 groups",
    ),
    (
        "transposed_conv",
        ((4, 5),),
        {"out": 7, "kernel": 3, "groups": 2},
        "7 output channels do not divide into 2 groups",
    ),
    ("groupnorm", ((48, 5, 5),), {}, "48 channels do not divide into 32 groups"),
    ("channel_shuffle", ((58, 28, 28),), {"groups": 3}, "58 channels do not divide into 3 groups"),
    ("partial_conv", ((6, 14, 14),), {"inputs": (3, 7), "kernel": 5}, "an output map cannot read 7 of 6 input maps"),
    # Transposed convolution: more padding than map, and words and lists it cannot take.
    ("transposed_conv", ((3, 1, 1),), {"out": 8, "kernel": 2, "pad": 1}, "padding of 2 leaves nothing of 2 positions"),
    (
        "transposed_conv",
        ((3, 4),),
        {"out": 8, "kernel": 1, "stride": 2, "pad": ((3, 5),)},
        "padding of 8 leaves nothing of 7 positions",
    ),
    ("transposed_conv", ((3, 4),), {"out": 8, "kernel": 3, "pad": "valid"}, "pad takes numbers or 'same'"),
    ("transposed_conv", ((3, 4),), {"out": 8, "kernel": 3, "output_pad": (1, 1)}, "2 values are given for 1 axes"),
    # Inputs that do not fit together.
    ("add", ((128, 56, 56), (256, 56, 56)), {}, "cannot add 128 x 56 x 56 and 256 x 56 x 56"),
    ("add", ((64, 7), (64, 7, 7)), {}, "cannot add 64 x 7 and 64 x 7 x 7"),
    ("add", ((1, 7), (64, 7), (32, 7)), {}, "cannot add 64 x 7 and 32 x 7"),
    ("multiply", ((64, 7, 7), (64, 2, 2)), {}, "cannot multiply 64 x 7 x 7 and 64 x 2 x 2"),
    ("concat", ((64, 28, 28), (32, 28, 14)), {}, "cannot concatenate 64 x 28 x 28 and 32 x 28 x 14"),
    ("concat", ((64, 28, 28), (32, 28, 28)), {"axis": 1}, "cannot concatenate 64 x 28 x 28 and 32 x 28 x 28"),
    ("concat", ((64, 28), (64, 28, 28)), {}, "cannot concatenate 64 x 28 and 64 x 28 x 28"),
    ("concat", ((64, 28), (64, 28)), {"axis": 2}, "has no axis 2 in 64 x 28"),
    ("concat", ((64, 28), (64, 28)), {"axis": -3}, "has no axis -3 in 64 x 28"),
    # Attention between tokens of different features, windows, heads or numbers.
    ("attention_scores", ((17, 24), (17, 32)), {}, "cannot compare 17 x 24 with 17 x 32"),
    ("attention_scores", ((4, 17, 24), (5, 17, 24)), {}, "cannot compare 4 x 17 x 24 with 5 x 17 x 24"),
    ("attention_scores", ((4, 17, 24), (17, 24)), {}, "cannot compare 4 x 17 x 24 with 17 x 24"),
    ("attention_scores", ((17, 24), (17, 24)), {"heads": 5}, "24 features do not divide into 5 heads"),
    ("weighted_values", ((3, 17, 11), (12, 24)), {}, "cannot weigh 12 x 24 with 3 x 17 x 11"),
    ("weighted_values", ((2, 3, 17, 11), (11, 24)), {}, "cannot weigh 11 x 24 with 2 x 3 x 17 x 11"),
    ("weighted_values", ((5, 17, 11), (11, 24)), {}, "24 features do not divide into 5 heads"),
    ("relative_position_bias", ((49, 3),), {"window": 7}, "a window of 7 x 7 needs another table than 49 distances"),
    (
        "relative_position_bias",
        ((7 * 7, 3),),
        {"window": (4, 5)},
        "a window of 4 x 5 needs another table than 49 distances",
    ),
    # Elements that are too many or too few, and axes that are not all.
    ("reshape", ((96, 4, 6),), {"out": (96, 25)}, "cannot shape 96 x 4 x 6 into 96 x 25"),
    ("permute", ((3, 5, 6),), {"axes": (1, 0)}, "the axes of 3 x 5 x 6 have no order [1, 0]"),
    ("permute", ((3, 5, 6),), {"axes": (1, 2, 3)}, "the axes of 3 x 5 x 6 have no order [1, 2, 3]"),
    ("permute", ((3, 5, 6),), {"axes": (1, 1, 0)}, "the axes of 3 x 5 x 6 have no order [1, 1, 0]"),
    ("permute", ((3, 5, 6),), {"axes": (0, 1, 2, 2)}, "the axes of 3 x 5 x 6 have no order [0, 1, 2, 2]"),
    ("permute", ((3, 5, 6),), {"axes": (-1, 0, 1)}, "the axes of 3 x 5 x 6 have no order [-1, 0, 1]"),
    # Cuts that leave nothing or want more than there is.
    ("crop", ((64, 56, 56),), {"out": 57}, "cannot crop 56 x 56 to 57 x 57"),
    ("crop", ((64, 56, 28),), {"out": (28, 56)}, "cannot crop 56 x 28 to 28 x 56"),
    ("slice", ((58, 28),), {"stop": 59}, "cannot slice to 59 of 58"),
    ("slice", ((58, 28),), {"axis": 1, "start": 28}, "nothing is left from 28 to 28"),
    ("slice", ((58, 28),), {"start": 5, "stop": 3}, "nothing is left from 5 to 3"),
    ("slice", ((58, 28),), {"axis": 2}, "has no axis 2 in 58 x 28"),
    ("pad", ((3, 4, 4),), {"pad": "same"}, "takes numbers, not 'same' or 'valid'"),
    ("pad", ((3, 4, 4),), {"channels": (1, 2, 3)}, "3 values are given for 2 axes"),
    # A rank that the layer cannot have.
    (
        "linear",
        ((256, 6, 6),),
        {"out": 10},
        "needs a vector or tokens x features, gets the map 256 x 6 x 6: put flatten before it",
    ),
    (
        "linear",
        ((256, 6, 6),),
        {"out": 10, "over": "tokens"},
        "needs a vector or tokens x features, gets the map 256 x 6 x 6: put flatten before it",
    ),
    ("attention_scores", ((24,), (24,)), {}, "needs tokens x features, gets 24"),
    ("attention_scores", ((17, 24), (24,)), {}, "needs tokens x features, gets 24"),
    ("weighted_values", ((17, 11), (11, 24)), {}, "needs weights of heads x tokens x tokens, gets 17 x 11"),
    ("weighted_values", ((3, 17, 11), (24,)), {}, "needs tokens x features, gets 24"),
    (
        "relative_position_bias",
        ((1, 169, 3),),
        {"window": 7},
        "needs a table of distances x heads, gets 1 x 169 x 3",
    ),
    ("relative_position_bias", ((169, 3),), {"window": (7, 7, 7)}, "3 values are given for 2 axes"),
    ("rbf", ((10, 84),), {"out": 10}, "needs a vector, gets 10 x 84: put flatten before it"),
    ("conv", ((3, 5, 5),), {"out": 8, "kernel": (3, 3, 3)}, "3 values are given for 2 axes"),
    ("conv", ((3, 5, 5, 5),), {"out": 8, "kernel": 3, "pad": (1, 1)}, "2 values are given for 3 axes"),
    ("adaptive_avgpool", ((3, 5),), {"out": (1, 1)}, "2 values are given for 1 axes"),
    # Sizes that do not fit together, axes that do not exist or are named twice.
    ("subtract", ((64, 7), (64, 8)), {}, "cannot subtract 64 x 7 and 64 x 8"),
    ("divide", ((64, 7), (7,)), {}, "cannot divide 64 x 7 and 7"),
    ("compare", ((64, 7), (32, 7)), {}, "cannot compare 64 x 7 and 32 x 7"),
    ("maximum", ((64, 7), (32, 7)), {}, "cannot compare 64 x 7 and 32 x 7"),
    ("power", ((64, 7), (32, 7)), {}, "cannot raise 64 x 7 and 32 x 7"),
    ("where", ((7,), (7,), (8,)), {}, "cannot choose from 7 and 8"),
    ("mean", ((3, 5, 6),), {"axes": (3,)}, "has no axis 3 in 3 x 5 x 6"),
    ("variance", ((3, 5, 6),), {"axes": (0, -3)}, "the axes [0, -3] of 3 x 5 x 6 name one twice"),
    ("cumsum", ((3, 5),), {"axis": -3}, "has no axis -3 in 3 x 5"),
    ("flip", ((3, 5),), {"axes": (1, 1)}, "the axes [1, 1] of 3 x 5 name one twice"),
    ("roll", ((3, 5),), {"shifts": (1, 1), "axes": (1,)}, "2 shifts are given for 1 axes"),
    ("stack", ((3, 5), (3, 6)), {}, "cannot stack 3 x 5 and 3 x 6"),
    ("stack", ((3, 5), (3, 5)), {"axis": 3}, "has no axis 3 in 2 x 3 x 5"),
    ("matmul", ((5, 7), (8, 9)), {}, "cannot multiply 5 x 7 with 8 x 9"),
    ("matmul", ((3, 5, 7), (4, 7, 9)), {}, "cannot multiply 3 x 5 x 7 with 4 x 7 x 9"),
    ("einsum", ((5, 7), (7, 9)), {"equation": "ij,jk->iz"}, "ij,jk->iz has a result that its inputs do not make"),
    ("einsum", ((5, 7), (7, 9)), {"equation": "ij,jk->ii"}, "ij,jk->ii has a result that its inputs do not make"),
    ("einsum", ((5, 7), (8, 9)), {"equation": "ij,jk->ik"}, "ij,jk->ik has 7 and 8 of the same axis"),
    ("einsum", ((5, 7),), {"equation": "ij,jk->ik"}, "ij,jk->ik has 2 inputs, is given 1"),
    ("einsum", ((5, 7),), {"equation": "i+j"}, "is no equation: i+j"),
    ("einsum", ((5, 7),), {"equation": "i"}, "i does not name the axes of 5 x 7"),
    ("einsum", ((5, 7),), {"equation": "...ijk"}, "...ijk does not name the axes of 5 x 7"),
    ("einsum", ((5, 7),), {"equation": "ii"}, "5 x 7 has no diagonal of i"),
    # Attention in one layer, norms of the last axes, weights that are computed.
    ("dot_product_attention", ((6, 9, 8), (2, 7, 5), (2, 7, 5)), {}, "cannot compare 6 x 9 x 8 with 2 x 7 x 5"),
    ("dot_product_attention", ((6, 9, 8), (7, 8), (7, 8)), {}, "cannot compare 6 x 9 x 8 with 7 x 8"),
    (
        "dot_product_attention",
        ((6, 9, 8), (4, 7, 8), (4, 7, 8)),
        {},
        "4 heads of keys do not divide into 6 of queries",
    ),
    ("dot_product_attention", ((9, 8), (7, 8), (6, 8)), {}, "cannot weigh 6 x 8 by keys 7 x 8"),
    ("dot_product_attention", ((9, 8), (7, 8), (7, 8), (9, 8)), {}, "cannot mask 9 x 7 with 9 x 8"),
    ("dot_product_attention", ((9, 8), (7, 8), (7, 8), (2, 9, 7)), {}, "cannot mask 9 x 7 with 2 x 9 x 7"),
    ("dot_product_attention", ((8,), (7, 8), (7, 8)), {}, "needs tokens x features, gets 8"),
    ("rmsnorm", ((3, 5),), {"axes": 3}, "cannot take the last 3 axes of 3 x 5"),
    ("layernorm", ((3, 5),), {"axes": 0}, "cannot take the last 0 axes of 3 x 5"),
    ("layernorm", ((3, 5),), {"axes": 2, "over": "all"}, "takes axes with over: last only, not with all"),
    ("conv", ((3, 5), (8, 3, 4)), {"out": 8, "kernel": 3}, "a weight of 8 x 3 x 4 has 96 elements, 72 are needed"),
    ("linear", ((7,), (8, 6)), {"out": 8}, "a weight of 8 x 6 has 48 elements, 56 are needed"),
    ("embed", ((7,), (8, 6)), {"count": 8, "features": 5}, "a weight of 8 x 6 has 48 elements, 40 are needed"),
    ("lstm", ((7, 8, 9),), {"out": 5}, "needs tokens x features, gets 7 x 8 x 9"),
    # Elements that are moved.
    ("expand", ((3, 5),), {"out": (3, 6)}, "cannot expand 3 x 5 to 3 x 6"),
    ("expand", ((3, 5),), {"out": (3, 1)}, "cannot expand 3 x 5 to 3 x 1"),
    ("expand", ((3, 5),), {"out": (5,)}, "cannot expand 3 x 5 to 5"),
    ("tile", ((3, 5),), {"times": (2,)}, "3 x 5 has more axes than [2]"),
    ("pad_axes", ((3, 5),), {"ends": ((0, 0),)}, "1 pairs are given for 3 x 5"),
    ("pad_axes", ((3, 5),), {"ends": ((0, 0), (-2, -3))}, "nothing is left of 5"),
    ("grid_sample", ((3, 5, 6), (7, 8, 3)), {}, "cannot sample 3 x 5 x 6 at 7 x 8 x 3"),
    ("pixel_shuffle", ((6, 5, 5),), {"scale": 2}, "6 channels do not divide into 4 positions"),
    ("pixel_unshuffle", ((6, 5, 5),), {"scale": 2}, "5 positions do not divide into squares of 2"),
    ("unfold", ((6, 5, 5),), {"kernel": 6}, "a window of 6 does not fit into 5 positions"),
    ("fold", ((36, 57),), {"out": (9, 10), "kernel": 3}, "a map of 9 x 10 has 56 windows, gets 57"),
    ("fold", ((35, 56),), {"out": (9, 10), "kernel": 3}, "a column of 35 does not divide into windows of 9"),
    ("fold", ((4, 36, 56),), {"out": (9, 10), "kernel": 3}, "needs columns x positions, gets 4 x 36 x 56"),
    (
        "deform_conv",
        ((6, 9, 9), (18, 9, 9)),
        {"out": 4, "kernel": 3},
        "offsets of 18 x 9 x 9 do not fit 7 x 7 positions",
    ),
    ("deform_conv", ((6, 9, 9), (16, 7, 7)), {"out": 4, "kernel": 3}, "16 offsets do not fit 9 elements"),
    (
        "deform_conv",
        ((6, 9, 9), (18, 7, 7), (18, 7, 7)),
        {"out": 4, "kernel": 3},
        "a mask of 18 x 7 x 7 does not fit offsets of 18 x 7 x 7",
    ),
]
MAPS_ONLY = {
    "conv": {"out": 8, "kernel": 1},
    "depthwise": {"kernel": 1},
    "transposed_conv": {"out": 8, "kernel": 1},
    "partial_conv": {"inputs": (1,), "kernel": 1},
    "maxpool": {"kernel": 1},
    "avgpool": {"kernel": 1},
    "subsample": {"kernel": 1},
    "adaptive_maxpool": {"out": 1},
    "adaptive_avgpool": {"out": 1},
    "global_maxpool": {},
    "global_avgpool": {},
    "upsample": {"scale": 2},
    "pad": {"pad": 1},
    "crop": {"out": 1},
    "channel_shuffle": {"groups": 1},
}


@pytest.mark.parametrize(("op", "shapes", "attributes", "message"), IMPOSSIBLE)
def test_impossible_layer(op: str, shapes: tuple[Shape, ...], attributes: dict[str, Any], message: str) -> None:
    """An impossible layer is refused, and the message names the sizes that do not fit."""
    with pytest.raises(ShapeError) as error:
        apply(op, shapes, attributes)
    assert str(error.value) == message


@pytest.mark.parametrize("op", MAPS_ONLY)
@pytest.mark.parametrize(("shape", "shown"), [((100,), "100"), ((3, 4, 5, 6, 7), "3 x 4 x 5 x 6 x 7")])
def test_needs_a_map(op: str, shape: Shape, shown: str) -> None:
    """A layer of windows takes neither a vector nor a map of more than three axes."""
    with pytest.raises(ShapeError) as error:
        apply(op, (shape,), MAPS_ONLY[op])
    assert str(error.value) == f"needs a map of channels and one to three spatial axes, gets {shown}"


def test_empty_output_is_refused_in_a_net() -> None:
    """Whatever a layer makes of an empty input, a network does not go on with it."""
    nodes = (Node("data", INPUT, attributes={"shape": (3, 4)}), Node("none", INPUT, attributes={"shape": (3, 0)}))
    with pytest.raises(ValueError, match=r"^none: gives an empty output: 3 x 0$"):
        propagate(Net("empty", nodes))
