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
