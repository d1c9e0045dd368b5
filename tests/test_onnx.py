"""Are ONNX files read as what they are?

The files in data/onnx are what PyTorch's exporters made, without weights; figures.json has what PyTorch counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from come_back import comes_back

pytest.importorskip("onnx")
from onnx import TensorProto, helper
from onnx_models import FLOAT, INT, counts, model, node, numbers, ops, out, weight

from archcost.errors import ArchcostError
from archcost.importers.onnx import net_of
from archcost.net import Net, propagate

DATA = Path(__file__).parent / "data" / "onnx"
FIGURES = json.loads((DATA / "figures.json").read_text("utf-8"))
FILES = sorted(DATA.glob("*.onnx"))


# Files of real exporters.


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_pytorch_counts(file: Path) -> None:
    """Multiply-accumulates are those of PyTorch; parameters are, but for what an exporter changes."""
    figures = FIGURES[file.stem.split(".")[0]]
    net = net_of(str(file), "net", file.name)
    macs, params, buffers = counts(net)
    comes_back(net)
    changed = {
        "resnet": (-figures["buffers"] // 2, -figures["buffers"]),  # a scale and a shift become one bias
        "words": (50 * 12, 0),  # the head has a turned copy of the embedding
    }.get(file.stem.split(".")[0], (0, 0))
    assert (macs, params - figures["params"], buffers - figures["buffers"]) == (figures["macs"], *changed)


def test_what_exporters_changed_is_said() -> None:
    """Batch norms that became convolutions are counted in words."""
    for exporter in ("dynamo", "script"):
        net = net_of(str(DATA / f"resnet.{exporter}.onnx"), "net", "net")
        assert net.notes.startswith("batch norms folded into 17 convolutions")


def test_both_exporters_name_the_modules() -> None:
    """Layers have the names of modules, as the importer of PyTorch has them."""
    for exporter in ("dynamo", "script"):
        names = [one.name for one in net_of(str(DATA / f"vit.{exporter}.onnx"), "net", "net").nodes]
        assert "encoder/layers/encoder_layer_0/ln_1" in names
        assert "encoder/layers/encoder_layer_1/mlp/3" in names


# Layers.


def test_convolutions(read: Callable[..., Net]) -> None:
    """Plain, depthwise, grouped and transposed ones, with each way of padding."""
    stored = [
        weight("a", 4, 3, 3, 3),
        weight("b", 4),
        weight("c", 8, 1, 3, 3),
        weight("d", 6, 4, 3, 3),
        weight("e", 6, 2, 2, 2),
    ]
    made = read(
        model(
            [
                node("Conv", "x a b", "1", auto_pad="SAME_UPPER", strides=[2, 2]),
                node("Conv", "1 c", "2", group=4, auto_pad="SAME_LOWER", strides=[2, 2]),
                node(
                    "Conv",
                    "2 d",
                    "3",
                    group=2,
                    pads=[1, 0, 2, 1],
                    strides=[2, 1],
                    kernel_shape=[3, 3],
                    auto_pad="NOTSET",
                ),
                node("ConvTranspose", "3 e", strides=[2, 2], group=3),
            ],
            (1, 3, 16, 16),
            stored,
        )
    )
    assert ops(made) == ["conv", "depthwise", "conv", "transposed_conv"]
    assert [dict(one.attributes).get("pad", 0) for one in made.nodes[1:]] == [
        "same",
        ((1, 0),) * 2,
        ((1, 2), (0, 1)),
        0,
    ]
    assert out(made) == (6, 6, 6)
    assert counts(made)[1] == 4 * 3 * 9 + 4 + 8 * 9 + 6 * 4 * 9 + 6 * 2 * 4


def test_products_with_stored_matrices_are_linear(read: Callable[..., Net]) -> None:
    """A bias that the next node adds belongs to the layer; a product of two computed matrices is none."""
    nodes = [
        node("MatMul", "x w", "1"), node("Add", "b 1", "2"), node("Transpose", "2", "3", perm=[0, 2, 1]),
        node("MatMul", "2 3", "4"), node("MatMul", "4 v", "5"), node("Add", "5 4", "y"),
    ]  # fmt: skip
    made = read(model(nodes, (1, 7, 5), [weight("w", 5, 6), weight("b", 6), weight("v", 7, 7)]))
    assert ops(made) == ["linear", "permute", "matmul", "linear", "add"]
    assert counts(made)[:2] == (7 * 5 * 6 + 7 * 7 * 6 + 7 * 7 * 7, 5 * 6 + 6 + 7 * 7)


def test_gemm(read: Callable[..., Net]) -> None:
    """A fully connected layer, with its matrix either way."""
    made = read(
        model(
            [node("Flatten", "x", "1"), node("Gemm", "1 w b", transB=1)], stored=[weight("w", 5, 192), weight("b", 5)]
        )
    )
    assert (ops(made), counts(made)[:2]) == (["flatten", "linear"], (5 * 192, 5 * 192 + 5))


def test_norms(read: Callable[..., Net]) -> None:
    """Means and variances are buffers."""
    nodes = [
        node("BatchNormalization", "x a b c d", "1"), node("InstanceNormalization", "1 a b", "2"),
        node("GroupNormalization", "2 a b", "3", num_groups=3), node("LayerNormalization", "3 e", axis=-1),
    ]  # fmt: skip
    made = read(model(nodes, stored=[weight(name, 3) for name in "abcd"] + [weight("e", 8)], opset=21))
    assert ops(made) == ["batchnorm", "instancenorm", "groupnorm", "layernorm"]
    assert counts(made) == (0, 3 * 2 * 3 + 8, 6)
    assert made.notes == "2 vectors that are stored once are counted in each layer that has one"


def test_activations(read: Callable[..., Net]) -> None:
    """A clip between 0 and 6 is a ReLU6, whether its ends are attributes or inputs."""
    later = read(
        model(
            [node("Clip", "x a b", "1"), node("HardSwish", "1")],
            stored=[numbers("a", [0], FLOAT, []), numbers("b", [6], FLOAT, [])],
        )
    )
    assert ops(later) == ["relu6", "hardswish"]
    assert ops(read(model([node("Clip", "x", min=0.0, max=6.0)], opset=8))) == ["relu6"]


def test_arithmetic_with_numbers(read: Callable[..., Net]) -> None:
    """A number is no parameter, a vector is one."""
    nodes = [node("Mul", "x a", "1"), node("Pow", "1 b", "2"), node("Mul", "2 c", "3"), node("Div", "b 3", "y")]
    made = read(
        model(nodes, stored=[numbers("a", [0.125], FLOAT, []), numbers("b", [2], FLOAT, []), weight("c", 3, 1, 1)])
    )
    assert [op for op in ops(made) if op != "reshape"] == ["affine", "square", "parameter", "multiply", "reciprocal"]
    assert counts(made)[1] == 3


def test_pools(read: Callable[..., Net]) -> None:
    """The stride is 1 unless given."""
    nodes = [
        node("MaxPool", "x", "1", kernel_shape=[2, 2]),
        node("MaxPool", "1", "2", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        node("AveragePool", "2", "3", kernel_shape=[3, 3], pads=[1, 1, 1, 1]), node("GlobalAveragePool", "3", "y"),
    ]  # fmt: skip
    made = read(model(nodes))
    assert ops(made) == ["maxpool", "maxpool", "avgpool", "global_avgpool"]
    assert [step.cost.out for step in propagate(made)] == [(3, 8, 8), (3, 7, 7), (3, 4, 4), (3, 4, 4), (3, 1, 1)]


def test_shapes_that_the_file_works_out(read: Callable[..., Net]) -> None:
    """The older exporter writes a flatten as arithmetic on shapes."""
    nodes = [
        node("Shape", "x", "1"), node("Gather", "1 zero", "2"), node("Unsqueeze", "2 axes", "3"),
        node("Cast", "3", "4", to=INT), node("Concat", "4 rest", "5", axis=0), node("Reshape", "x 5", "y"),
    ]  # fmt: skip
    stored = [numbers("zero", [0], INT, []), numbers("axes", [0]), numbers("rest", [-1])]
    assert out(read(model(nodes, stored=stored))) == (3 * 8 * 8,)


@pytest.mark.parametrize("opset", [7, 11, 13, 18])
def test_attributes_became_inputs(read: Callable[..., Net], opset: int) -> None:
    """Axes, sizes and ends stood in attributes once."""
    stored = [
        numbers("axes", [2, 3]),
        numbers("one", [1]),
        numbers("zero", [0]),
        numbers("halves", [4, 4]),
        numbers("four", [4]),
    ]
    late, reduced = opset >= 13, opset >= 18
    nodes = [
        node("Slice", "x zero four one", "1") if opset > 9 else node("Slice", "x", "1", starts=[0], ends=[4], axes=[2]),
        node("Unsqueeze", "1 one", "2") if late else node("Unsqueeze", "1", "2", axes=[1]),
        node("Squeeze", "2 one", "3") if late else node("Squeeze", "2", "3", axes=[1]),
        node("Split", "x halves", "4 5", axis=3) if late else node("Split", "x", "4 5", axis=3, split=[4, 4]),
        node("ReduceMean", "5 axes", "y", keepdims=0) if reduced else node("ReduceMean", "5", axes=[2, 3], keepdims=0),
    ]  # fmt: skip
    assert (ops(made := read(model(nodes, stored=stored, opset=opset))), out(made)) == (["slice", "mean"], (3,))


def test_embeddings_and_shared_weights(read: Callable[..., Net]) -> None:
    """A table that is also the head's matrix is stored once."""
    nodes = [
        node("Gather", "table x", "1"), node("LSTM", "1t w r b", "2 3 4", hidden_size=4),
        node("Squeeze", "3 zero", "5"),
        node("Transpose", "table", "6", perm=[1, 0]), node("MatMul", "5 6"),
    ]  # fmt: skip
    nodes.insert(1, node("Transpose", "1", "1t", perm=[1, 0, 2]))
    stored = [
        weight("table", 50, 4),
        weight("w", 1, 16, 4),
        weight("r", 1, 16, 4),
        weight("b", 1, 32),
        numbers("zero", [0]),
    ]
    made = read(model(nodes, (1, 7), stored, kind=INT))
    assert {"embed", "lstm", "linear"} <= {*ops(made)}
    assert counts(made)[1] == 50 * 4 + 2 * 16 * 4 + 32
    assert out(made) == (50,)


def test_functions_and_branches(read: Callable[..., Net]) -> None:
    """Local functions stand where they are called; a branch is taken if its condition is known."""
    inner = helper.make_function(
        "local",
        "Twice",
        ["a"],
        ["b"],
        [node("Relu", "a", "c"), node("Sigmoid", "c", "b")],
        [helper.make_opsetid("", 18)],
    )
    arms = [
        helper.make_graph([node(op, "x", name)], name, [], [helper.make_tensor_value_info(name, FLOAT, None)])
        for op, name in (("Tanh", "t"), ("Exp", "e"))
    ]
    nodes = [
        helper.make_node("Twice", ["x"], ["1"], domain="local"),
        node("If", "yes", "2", then_branch=arms[0], else_branch=arms[1]), node("Add", "1 2"),
    ]  # fmt: skip
    made = read(model(nodes, stored=[numbers("yes", [1], TensorProto.BOOL, [])], functions=[inner]))
    assert ops(made) == ["relu", "sigmoid", "tanh", "add"]


def test_unknown_operators(read: Callable[..., Net]) -> None:
    """They are named with their places, or let through without being counted."""
    made = model([helper.make_node("Fancy", ["x"], ["1"], domain="local", name="here"), node("Relu", "1")])
    made.graph.value_info.append(helper.make_tensor_value_info("1", FLOAT, [1, 5]))
    with pytest.raises(ArchcostError, match=r"--unknown skip(.|\n)*local.Fancy: once, in here"):
        read(made)
    assert ops(read(made, skip_unknown=True)) == ["uncounted", "relu"]


# Inputs.


def test_a_fixed_batch_is_refused(read: Callable[..., Net]) -> None:
    """It says what to do."""
    with pytest.raises(
        ArchcostError, match="'x' of 8 x 3 x 4 x 4 has a batch of 8; export the model with a batch of 1"
    ):
        read(model([node("Relu", "x")], (8, 3, 4, 4)))


def test_old_files_list_weights_as_inputs(read: Callable[..., Net]) -> None:
    """They are weights all the same."""
    extra = [helper.make_tensor_value_info("w", FLOAT, [4, 3, 1, 1])]
    made = read(model([node("Conv", "x w")], stored=[weight("w", 4, 3, 1, 1)], inputs=extra, opset=7))
    assert [one.op for one in made.nodes] == ["input", "conv"]
