"""Is the receptive field what one finds by tracing which inputs reach an output?"""

from __future__ import annotations

from typing import Any

import pytest

from archcost.expand import expand
from archcost.net import propagate
from archcost.receptive import receptive_fields
from archcost.source import Source, parse
from archcost.spec import read_spec

CASES = {
    # 1 + (3 - 1) + (3 - 1) * 1, and after a stride of 2 a step counts double.
    "two 3x3": ("[conv: {out: 1, kernel: 3}, conv: {out: 1, kernel: 3}]", 5),
    "stride": ("[conv: {out: 1, kernel: 3, stride: 2}, conv: {out: 1, kernel: 3}]", 3 + 2 * 2),
    "dilation": ("[conv: {out: 1, kernel: 3, dilation: 4}]", 2 * 4 + 1),
    # The union of 5 and 1 around the same centre.
    "branches": ("[concat: [[conv: {out: 1, kernel: 5, pad: 2}], []]]", 5),
    # Even and odd positions, side by side: two neighbours.
    "offsets": ("[concat: [[slice: {axis: 1, stop: 16, step: 2}], [slice: {axis: 1, start: 1, step: 2}]]]", 2),
    # An 11-long crop of a 17-long map begins at 3, where a valid 7-long kernel has its centre.
    "crop": ("[concat: [[conv: {out: 1, kernel: 7}], [crop: 11]]]", 7),
    # A gate sees the whole map, and so does what it is multiplied with.
    "gate": ("[multiply: [[], [global_avgpool, conv: {out: 1, kernel: 1}]], conv: {out: 1, kernel: 3}]", 17 + 2),
    # What becomes of such a tensor sees nothing either.
    "made of its own": ("[conv: {out: 4, kernel: 3}, add: [[], [parameter: {shape: [15, 4]}, permute: [1, 0]]]]", 3),
    # An enlarged position is read by two outputs; three outputs reach over two inputs.
    "upsample": ("[upsample: 2, conv: {out: 1, kernel: 3, pad: 1}]", 2),
    "everything": ("[flatten, linear: 3]", 17),
    # A tensor of the network's own sees nothing, on whichever side of a join it stands.
    "position embedding": ("[conv: {out: 4, kernel: 3}, add: [[], [parameter: {shape: [4, 15]}]]]", 3),
    "gate of its own": ("[conv: {out: 4, kernel: 3}, multiply: [[parameter: {shape: [4, 1]}], []]]", 3),
    "channels of its own": (
        "[conv: {out: 4, kernel: 3}, concat: [[parameter: {shape: [2, 15]}], [], [parameter: {shape: [1, 15]}]],"
        " conv: {out: 1, kernel: 5}]",
        3 + 4,
    ),
}
# Once elements stand in another order, a position of the output is none of the input any more.
UNKNOWN = {
    "reshape": "[conv: {out: 4, kernel: 3}, reshape: [15, 4], relu]",
    "permute": "[conv: {out: 4, kernel: 3}, permute: [1, 0], relu]",
    "attention": "[{relu: , as: x}, {attention_scores: 1, from: [x, x], as: w}, {weighted_values: , from: [w, x]}]",
    "join": "[concat: [[], [permute: [1, 0], permute: [1, 0]]]]",
}


def fields(layers: str, shape: str = "[1, 17]") -> list[Any]:
    """The receptive field of each step, along the one axis of a map of 17 positions unless the input is another."""
    return receptive_fields(
        propagate(expand(read_spec(parse(Source("here", f"input: {shape}\nlayers: {layers}")), "here")))
    )


@pytest.mark.parametrize("name", CASES)
def test_by_hand(name: str) -> None:
    """Along one axis."""
    layers, expected = CASES[name]
    assert fields(layers)[-1] == (expected,)


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown(name: str) -> None:
    """It is not said, rather than said wrongly."""
    assert fields(UNKNOWN[name])[-1] is None


def test_tensor_of_the_network_sees_nothing() -> None:
    """It has no field along any axis, whatever its shape."""
    assert fields("[parameter: {shape: [4, 5, 6]}, relu]")[1:] == [(), ()]


def test_vector_beside_a_map() -> None:
    """Two inputs of different rank have no common positions."""
    spec = "input: {x: [1, 17], y: [5]}\nlayers: [{flatten: , from: x, as: flat}, {concat: , from: [flat, y]}]"
    assert receptive_fields(propagate(expand(read_spec(parse(Source("here", spec)), "here"))))[-1] is None


def test_linear_over_the_last_axis_of_a_map() -> None:
    """It reads along a whole axis, which is one of space unless the axes were exchanged: nothing is said of it."""
    assert fields("[linear: {out: 5, over: last}]", "[3, 8, 9]")[-1] is None
    assert fields("[linear: {out: 5, over: last}]", "[8, 9]")[-1] == (1,), "tokens x features: each token by itself"
