"""Does a net have all that the outputs of a foreign graph follow from, for as long as it is needed?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from come_back import comes_back

pytest.importorskip("onnx")
from onnx import TensorProto, helper
from onnx_models import FLOAT, also_gives, counts, model, node, numbers, ops, out, weight

from archcost.errors import ArchcostError
from archcost.importers import graph
from archcost.importers.graph import Graph, Tensor
from archcost.importers.onnx.registry import operator
from archcost.net import Net, propagate
from archcost.presets import convention
from archcost.report import report

MAP = (1, 3, 4, 4)


def compared(net: Net) -> int:
    """Comparisons."""
    return sum(step.cost.ops.get("cmp", 0) for step in propagate(net))


# Outputs.


@pytest.mark.parametrize("nodes", [["Conv x w y", "Relu y r"], ["Relu y r", "Conv x w y"]])
def test_an_output_that_a_layer_reads(read: Callable[..., Net], nodes: Sequence[str]) -> None:
    """It lives to the end, whichever of the outputs comes first: the activation does not overwrite it."""
    made = [node(op, " ".join(names), out) for op, *names, out in map(str.split, sorted(nodes))]
    first, second = nodes[0].split()[-1], nodes[1].split()[-1]
    net = read(also_gives(model(made, (1, 1, 8, 8), [weight("w", 4, 1, 3, 3)]), first, second))
    assert report(net, convention("lecture")).totals.peak_memory_bytes == 4 * (144 + 144)
    assert net.nodes[-1].op == ("relu" if first == "r" else "reshape"), "the first output is the last node"
    comes_back(net)


def test_an_output_that_is_an_input(read: Callable[..., Net]) -> None:
    """It is seen once more, like one that a layer reads."""
    net = read(also_gives(model([node("Relu", "x")], MAP), "y", "x"))
    assert [(one.name, one.op) for one in net.nodes] == [("x", "input"), ("output2", "reshape"), ("relu1", "relu")]


def test_the_first_output_has_the_weights_of_the_second(read: Callable[..., Net]) -> None:
    """They stand before the layer that shares them."""
    nodes = [node("MatMul", "x w", "a"), node("Relu", "x", "r"), node("MatMul", "r w", "b")]
    net = read(also_gives(model(nodes, (1, 5), [weight("w", 5, 6)]), "a", "b"))
    assert counts(net)[:2] == (2 * 5 * 6, 5 * 6)
    comes_back(net)


# Inputs that are computed.


@pytest.mark.parametrize(
    ("gathered", "shape"),
    [
        (node("Gather", "x i", axis=1), (1, 5, 6)),
        (node("GatherElements", "x k", axis=2), (5, 1)),
        (node("GatherND", "x k"), (5, 5, 6)),
        (node("Gather", "one i"), (5,)),
        (node("Gather", "t i", axis=1), (2, 5, 4)),
    ],
)
def test_places_that_are_computed(read: Callable[..., Net], gathered: Any, shape: tuple[int, ...]) -> None:
    """What is looked up follows from the product that says where, and from a table of any rank."""
    nodes = [
        node("Transpose", "x", "xt", perm=[0, 2, 1]), node("MatMul", "x xt", "p"),
        node("ArgMax", "p", "k", axis=-1), node("Squeeze", "k two", "i"), gathered,
    ]  # fmt: skip
    stored = [numbers("two", [2]), weight("t", 2, 7, 4), numbers("one", [1] * 7)]
    used = [one for one in stored if any(one.name in each.input for each in nodes)]
    net = read(model(nodes, (1, 5, 6), used))
    assert (counts(net)[:2], out(net)) == ((5 * 6 * 5, 2 * 7 * 4 * ("t" in gathered.input)), shape)
    comes_back(net)


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (node("InstanceNormalization", "x s s"), "InstanceNormalization that makes y: does not follow from input 2"),
        (node("ScatterElements", "x k z", axis=1), "does not follow from input 2, which is computed"),
        (node("LSTM", "t w w . . h", "y", hidden_size=3), "an initial state that is computed is not supported"),
    ],
)
def test_inputs_that_no_layer_would_read(read: Callable[..., Net], last: Any, said: str) -> None:
    """They are refused, for what leads to them would not be counted."""
    nodes = [
        node("ReduceMean", "x axes", "s", keepdims=0), node("ArgMax", "x", "k", axis=1),
        node("Reshape", "x tokens", "t"), node("Reshape", "s one", "h"), last,
    ]  # fmt: skip
    stored = [
        numbers("axes", [0, 2, 3]), numbers("tokens", [16, 1, 3]), numbers("one", [1, 1, 3]), weight("w", 1, 12, 3),
        numbers("z", [0.0] * 16, FLOAT, [1, 1, 4, 4]),
    ]  # fmt: skip
    with pytest.raises(ArchcostError, match=said):
        read(model(nodes, MAP, stored))


def test_initial_states_that_are_given(read: Callable[..., Net]) -> None:
    """A part of an input is no computation."""
    states = [helper.make_tensor_value_info("h", FLOAT, [1, 2, 3])]
    nodes = [
        node("Slice", "h zero one two", "first"), node("Transpose", "first", "1", perm=[1, 0, 2]),
        node("Transpose", "x", "t", perm=[1, 0, 2]), node("GRU", "t w r . . 1", hidden_size=3),
    ]  # fmt: skip
    stored = [
        numbers("zero", [0]),
        numbers("one", [1]),
        numbers("two", [1]),
        weight("w", 1, 9, 4),
        weight("r", 1, 9, 3),
    ]
    assert counts(read(model(nodes, (1, 5, 4), stored, inputs=states)))[0] == 5 * (9 * 4 + 9 * 3)


# Comparisons.


@pytest.mark.parametrize(
    ("last", "each"),
    [
        ("Greater x c", 1), ("Equal c x", 1), ("Max x c", 1), ("Min c x", 1), ("Clip x c", 1), ("Clip x . c", 1),
        ("Clip x c c", 2), ("Clip x r", 2), ("Greater x x", 1),
    ],
)  # fmt: skip
def test_comparisons_with_a_number(read: Callable[..., Net], last: str, each: int) -> None:
    """They cost what they cost with a tensor: one for each element, two between two ends."""
    op, *names = last.split()
    nodes = [node("Relu", "x", "r")] * ("r" in names) + [node(op, " ".join(names))]
    net = read(model(nodes, MAP, [numbers("c", [0.5], FLOAT, [])]))
    assert compared(net) == each * 3 * 4 * 4
    comes_back(net)


def test_rows_divided_by_their_absolute_sum(read: Callable[..., Net]) -> None:
    """Absolute values come before the sum."""
    assert ops(read(model([node("LpNormalization", "x", axis=1, p=1)], MAP))) == ["abs", "sum", "divide"]
    assert ops(read(model([node("LpNormalization", "x", axis=1)], MAP))) == ["norm", "divide"]


# Sequences.


@pytest.mark.parametrize(
    ("shape", "made"),
    [
        (("seq", 1, 8), (7, 5)), (("time_steps", "batch", 8), (7, 5)), (("tokens", 8), (7, 5)),
        (("seq", 3, 8), (7, 3, 5)),
    ],
)  # fmt: skip
def test_steps_before_the_batch(read: Callable[..., Net], shape: Sequence[Any], made: tuple[int, ...]) -> None:
    """An axis that is named like a sequence is an open size, one behind it that is named like a batch is the batch."""
    file = model([node("MatMul", "x w")], shape, [weight("w", 8, 5)])
    net = read(file, dims={shape[0]: 7})
    assert (out(net), counts(net)[0]) == (made, 8 * 5 * made[0] * (3 if 3 in made else 1))
    assert read(file).nodes[0].attributes["shape"] == (shape[0], *made[1:-1], 8), "without a size it stays a name"


@pytest.mark.parametrize("shape", [("batch", 8), ("batch_of_sequences", 8), ("n", 8), ("", 8)])
def test_other_names_of_a_first_axis(read: Callable[..., Net], shape: Sequence[Any]) -> None:
    """They stand for the batch."""
    assert out(read(model([node("MatMul", "x w")], shape, [weight("w", 8, 5)]))) == (5,)


# The graph itself.


def test_statistics_that_a_constant_was_normalised_by() -> None:
    """They are the own ones of the first layer that has data to normalise; a second one shares them."""
    made = Graph()
    own = [made.weight(name, (3,), False) for name in ("mean", "variance")]
    plain = {"scale": False, "shift": False}
    x = made.input("x", MAP)
    assert made.add("batchnorm", [Tensor(MAP)], MAP, 0, own, **plain).constant
    for _ in range(2):
        x = made.add("batchnorm", [x], MAP, 0, own, **plain)
    net = made.net("net", "net", [x], False)
    assert [one.shares for one in net.nodes] == [None, None, 1]
    assert counts(net) == (0, 0, 6)


def test_a_batch_that_grows() -> None:
    """It is refused, as the sample alone would hide it."""
    made = Graph()
    with pytest.raises(ArchcostError, match="the model: relu makes a batch of 2, which is not supported"):
        made.add("relu", [made.input("x", MAP)], (2, *MAP[1:]), 0)


def test_too_many_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file cannot make as many as it likes."""
    monkeypatch.setattr(graph, "NODES", 3)
    made = Graph()
    x = made.input("x", MAP)
    with pytest.raises(ArchcostError, match="more than 3 layers"):
        for _ in range(3):
            x = made.add("relu", [x], MAP, 0)


def test_two_handlers_of_an_operator() -> None:
    """The second would silently take the place of the first."""
    with pytest.raises(RuntimeError, match="two handlers of Conv"):
        operator("Conv", "Convolution")(lambda m, c: c[0])


def test_types_of_weights(read: Callable[..., Net]) -> None:
    """Two matrices are one kind, a bias is another; a kind of several types is refused."""
    half = TensorProto.FLOAT16

    def lstm(kind: int) -> Net:
        stored = [weight("w", 1, 16, 3, kind=half), weight("r", 1, 16, 4, kind=kind), weight("b", 1, 32)]
        return read(model([node("LSTM", "x w r b", hidden_size=4)], (1, 1, 3), stored))

    said = next(dict(one.dtypes) for one in lstm(half).nodes if one.op == "lstm")
    assert said == {"output": "float16", "weight": "float16"}
    with pytest.raises(ArchcostError, match="lstm has weights of one kind but several types"):
        lstm(FLOAT)
