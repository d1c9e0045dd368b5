"""Are the types of an ONNX file's tensors kept: bytes where it is quantised, halves where it is in half precision?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from come_back import comes_back

pytest.importorskip("onnx")
from onnx import TensorProto
from onnx_models import FLOAT, HALF, INT, also_gives, counts, model, node, numbers, ops, weight

from archcost.net import Net
from archcost.presets import convention
from archcost.report import Totals, report

INT8, UINT8, INT32 = TensorProto.INT8, TensorProto.UINT8, TensorProto.INT32
SCALE = [numbers("s", [0.1], FLOAT, []), numbers("z", [0], INT8, []), numbers("u", [0], UINT8, [])]
CONV = [weight("w", 4, 3, 3, 3, kind=INT8), weight("b", 4, kind=INT32)]
WEIGHTS = [node("DequantizeLinear", "w s z", "wf"), node("DequantizeLinear", "b s", "bf")]
WEIGHED = {"weight": "int8", "bias": "int32"}


def totals(net: Net) -> Totals:
    """What it takes in the lectures' convention: each buffer once."""
    return report(net, convention("lecture")).totals


def types(net: Net) -> list[tuple[str, dict[str, str]]]:
    """The layers with their types, inputs left out."""
    return [(one.op, dict(one.dtypes)) for one in net.nodes if one.op != "input"]


def test_quantised_layers(read: Callable[..., Net]) -> None:
    """Quantised around each layer or in the layers: the same numbers, each tensor a byte an element."""
    around = [
        node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "f"), *WEIGHTS,
        node("Conv", "f wf bf", "c"), node("Relu", "c", "r"), node("QuantizeLinear", "r s z", "rq"),
        node("DequantizeLinear", "rq s z", "rf"), node("Add", "f2 rf", "a"),
        node("QuantizeLinear", "a s z", "aq"), node("DequantizeLinear", "aq s z", "y"),
    ]  # fmt: skip
    around.insert(8, node("MaxPool", "rf", "p", kernel_shape=[1, 1]))
    around.insert(9, node("QuantizeLinear", "p s z", "pq"))
    around.insert(10, node("DequantizeLinear", "pq s z", "f2"))
    inside = [
        node("QuantizeLinear", "x s z", "q"), node("QLinearConv", "q s z w s z s z b", "c"), node("Relu", "c", "r"),
        node("MaxPool", "r", "p", kernel_shape=[1, 1]),
        node("QLinearAdd", "p s z r s z s z", "a", domain="com.microsoft"), node("DequantizeLinear", "a s z"),
    ]  # fmt: skip
    said = [
        ("affine", {"output": "int8"}),
        ("round", {}),
        ("conv", {"output": "int8", **WEIGHED}),
        ("relu", {}),
        ("maxpool", {"output": "int8"}),
        ("add", {}),
        ("affine", {"output": "float32"}),
    ]
    for nodes in (around, inside):
        net = read(model(nodes, stored=[*SCALE, *CONV]))
        assert types(net) == said
        found = totals(net)
        assert (found.macs, found.params, found.params_bytes) == (36 * 4 * 27, 4 * 27 + 4, 4 * 27 + 4 * 4)
        assert found.memory_bytes == (4 + 4) * 36, "the convolution's bytes and the pool's; the rest works in place"
        assert found.peak_memory_bytes == 3 * 8 * 8 * (4 + 1), "the input and its bytes"
        comes_back(net)


def test_what_is_read_in_floating_point(read: Callable[..., Net]) -> None:
    """Where something else reads the numbers before they are quantised, or after, they are there as such."""
    stored = [*SCALE, *CONV]
    conv = [*WEIGHTS, node("Conv", "x wf bf", "c")]
    net = read(model([*conv, node("QuantizeLinear", "c s u", "q"), node("Tanh", "c", "t"),
                      node("DequantizeLinear", "q s u", "f"), node("Mul", "f t")], stored=stored))  # fmt: skip
    assert types(net) == [
        ("conv", WEIGHED),
        ("affine", {"output": "uint8"}),
        ("round", {}),
        ("tanh", {}),
        ("affine", {"output": "float32"}),
        ("multiply", {}),
    ]
    comes_back(net)


def test_what_is_read_under_another_name(read: Callable[..., Net]) -> None:
    """The same numbers, activated elsewhere, are there in floating point, whatever they are called."""
    nodes = [
        *WEIGHTS, node("Conv", "x wf bf", "c"), node("Identity", "c", "i"), node("QuantizeLinear", "i s z", "q"),
        node("DequantizeLinear", "q s z", "f"), node("DequantizeLinear", "v s z", "vf"), node("Conv", "f vf", "d"),
        node("Relu", "c", "r"), node("Add", "d r"),
    ]  # fmt: skip
    net = read(model(nodes, stored=[*SCALE, *CONV, weight("v", 4, 4, 1, 1, kind=INT8)]))
    assert types(net) == [
        ("conv", WEIGHED),
        ("affine", {"output": "int8"}),
        ("round", {}),
        ("conv", {"weight": "int8"}),
        ("relu", {}),
        ("add", {}),
    ]
    comes_back(net)


@pytest.mark.parametrize("axis", [0, 4])
@pytest.mark.parametrize("given", [True, False])
def test_an_output_that_is_quantised_as_well(read: Callable[..., Net], axis: int, given: bool) -> None:
    """It stays in floating point, also seen in another shape; what is no output is quantised as it is made."""
    nodes = [*WEIGHTS, node("Conv", "x wf bf", "c"), node("Unsqueeze", "c a", "v"), node("QuantizeLinear", "v s z")]
    made = model(nodes, stored=[*SCALE, *CONV, numbers("a", [axis])])
    net = read(also_gives(made, "y", "c") if given else made)
    found = dict(types(net))
    assert found["conv"] == (WEIGHED if given else {"output": "int8", **WEIGHED})
    assert ("round" in found) is given
    assert report(net, convention("lecture")).rows[-1].dtype == "int8"
    comes_back(net)


def test_sums_of_whole_numbers(read: Callable[..., Net]) -> None:
    """Products that are not quantised again are whole numbers of four bytes, until they are scaled."""
    nodes = [
        node("DynamicQuantizeLinear", "x", "q qs qz"), node("ConvInteger", "q w qz z", "c"),
        node("Cast", "c", "f", to=FLOAT), node("Mul", "f s"),
    ]  # fmt: skip
    net = read(model(nodes, stored=[*SCALE, *CONV[:1]]))
    assert types(net)[-3:] == [
        ("round", {}),
        ("conv", {"output": "int32", "weight": "int8"}),
        ("affine", {"output": "float32"}),
    ]
    assert counts(net)[:2] == (36 * 4 * 27, 4 * 27)


@pytest.mark.parametrize(
    ("nodes", "stored", "params"),
    [
        ([node("QGemm", "1 s z m s z v s z", transB=1)], [weight("m", 5, 48, kind=INT8), weight("v", 5, kind=INT32)],
         5 * 48 + 4 * 5),
        ([node("QLinearMatMul", "1 s z m s z s z")], [weight("m", 48, 5, kind=INT8)], 48 * 5),
        ([node("QLinearAdd", "1 s z m s z s z")], [weight("m", 48, kind=INT8)], 48),
        ([node("QLinearConcat", "s z 1 s z 1 s z", axis=1)], [], 0),
        ([node("QLinearSoftmax", "1 s z s z", axis=1, opset=18)], [], 0),
        ([node("QLinearSigmoid", "1 s z s z")], [], 0),
    ],
)  # fmt: skip
def test_other_quantised_operators(
    read: Callable[..., Net], nodes: Sequence[Any], stored: Sequence[Any], params: int
) -> None:
    """What they make is quantised as well."""
    begin = [node("QuantizeLinear", "x s z", "0"), node("Flatten", "0", "1")]
    net = read(model([*begin, *nodes], (1, 3, 4, 4), [*SCALE, *stored]))
    rows = report(net, convention("lecture")).rows
    assert rows[-1].dtype == "int8"
    assert totals(net).params_bytes == params
    comes_back(net)


def test_half_precision(read: Callable[..., Net]) -> None:
    """A model in halves is weighed in halves, up to what is said to be something else."""
    nodes = [
        node("Gather", "e x", "1"), node("MatMul", "1 m", "2"), node("Cast", "2", "3", to=FLOAT), node("Exp", "3", "4"),
        node("Cast", "4", "5", to=HALF), node("Relu", "5"),
    ]  # fmt: skip
    stored = [weight("e", 50, 6, kind=HALF), weight("m", 6, 5, kind=HALF)]
    net = read(model(nodes, (1, 7), stored, kind=INT))
    assert types(net) == [
        ("embed", {"output": "float16", "embedding": "float16"}),
        ("linear", {"output": "float16", "weight": "float16"}),
        ("exp", {"output": "float32"}),
        ("relu", {"output": "float16"}),
    ]
    assert ops(net) == ["embed", "linear", "exp", "relu"]
    assert totals(net).params_bytes == 2 * (50 * 6 + 6 * 5)
