"""Are ONNX files read as what they are, without their weights, and are broken ones refused in words?

The files in data/onnx are what PyTorch's exporters made, without weights; figures.json has what PyTorch counts.
"""

from __future__ import annotations

import json
import random
import time
import tracemalloc
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import Any

import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper  # noqa: E402  (only where onnx is installed)

from archcost.errors import ArchcostError  # noqa: E402
from archcost.importers.onnx import net_of  # noqa: E402
from archcost.net import Net, propagate  # noqa: E402

DATA = Path(__file__).parent / "data" / "onnx"
FIGURES = json.loads((DATA / "figures.json").read_text("utf-8"))
FILES = sorted(DATA.glob("*.onnx"))
FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64


def weight(name: str, *dims: int, kind: int = FLOAT) -> Any:
    """A stored tensor whose elements lie in a file that does not exist."""
    tensor = TensorProto(name=name, dims=dims, data_type=kind, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../../nowhere.data")
    return tensor


def numbers(name: str, values: Sequence[float], kind: int = INT, dims: Sequence[int] | None = None) -> Any:
    """A stored tensor with its elements."""
    return helper.make_tensor(name, kind, [len(values)] if dims is None else dims, values)


def model(
    nodes: Sequence[Any], shape: Sequence[Any] = (1, 3, 8, 8), stored: Sequence[Any] = (), opset: int = 18, **more: Any
) -> Any:
    """A model that reads x; the last node makes its output."""
    kind = more.pop("kind", FLOAT)
    x = helper.make_tensor_value_info("x", kind, list(shape))
    y = helper.make_tensor_value_info(nodes[-1].output[0], FLOAT, None)
    graph = helper.make_graph(list(nodes), "g", [x, *more.pop("inputs", [])], [y], list(stored))
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("local", 1), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, **more)


def node(op: str, inputs: str, outputs: str = "y", **attributes: Any) -> Any:
    """A node by the names of its inputs and outputs; a dot is an input that is left out."""
    names = ["" if name == "." else name for name in inputs.split()]
    return helper.make_node(op, names, outputs.split(), **attributes)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Net]:
    """The net of a model or of some bytes, by way of a file."""

    def reader(made: Any, **more: Any) -> Net:
        file = tmp_path / "model.onnx"
        file.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
        return net_of(str(file), "model", "model.onnx", **more)

    return reader


def ops(net: Net) -> list[str]:
    """The layers, inputs left out."""
    return [one.op for one in net.nodes if one.op != "input"]


def counts(net: Net) -> tuple[int, int, int]:
    """Multiply-accumulates, parameters and buffers."""
    costs = [step.cost for step in propagate(net)]
    return (
        sum(cost.ops.get("mac", 0) for cost in costs),
        sum(sum(cost.params.values()) for cost in costs),
        sum(sum(cost.buffers.values()) for cost in costs),
    )


def out(net: Net) -> tuple[int, ...]:
    """The shape of the output."""
    return propagate(net)[-1].cost.out


# Files of real exporters.


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_pytorch_counts(file: Path) -> None:
    """Multiply-accumulates are those of PyTorch; parameters are, but for what an exporter changes."""
    figures = FIGURES[file.stem.split(".")[0]]
    macs, params, buffers = counts(net_of(str(file), "net", file.name))
    changed = {
        "resnet": (-figures["buffers"] // 2, -figures["buffers"]),  # a scale and a shift become one bias
        "words": (50 * 12, 0),  # the head has a turned copy of the embedding
    }.get(file.stem.split(".")[0], (0, 0))
    assert (macs, params - figures["params"], buffers - figures["buffers"]) == (figures["macs"], *changed)


def test_what_exporters_changed_is_said() -> None:
    """Batch norms that became convolutions are counted in words."""
    for exporter in ("dynamo", "script"):
        net = net_of(str(DATA / f"resnet.{exporter}.onnx"), "net", "net")
        assert net.source.startswith("batch norms folded into 17 convolutions")


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
    assert made.source == "2 vectors that are stored once are counted in each layer that has one"


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


def test_quantised(read: Callable[..., Net]) -> None:
    """Whole numbers are multiplied and accumulated like others."""
    stored = [
        weight("w", 4, 3, 3, 3, kind=TensorProto.INT8),
        numbers("s", [0.1], FLOAT, []),
        numbers("z", [0], TensorProto.INT8, []),
    ]
    qdq = [
        node("QuantizeLinear", "x s z", "1"),
        node("DequantizeLinear", "1 s z", "2"),
        node("DequantizeLinear", "w s z", "v"),
        node("Conv", "2 v"),
    ]
    made = read(model(qdq, stored=stored))
    assert (ops(made), counts(made)[:2]) == (["affine", "round", "affine", "conv"], (36 * 4 * 27, 4 * 27))
    direct = read(model([node("QuantizeLinear", "x s z", "1"), node("QLinearConv", "1 s z w s z s z")], stored=stored))
    assert counts(direct)[:2] == (36 * 4 * 27, 4 * 27)


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
    with pytest.raises(ArchcostError, match=r"--unknown skip(.|\n)*local.Fancy: 1 times, in here"):
        read(made)
    assert ops(read(made, skip_unknown=True)) == ["uncounted", "relu"]


# Sizes that the file leaves open.


def test_sizes_that_are_left_open(read: Callable[..., Net]) -> None:
    """The batch is one sample; all others are asked for in one message, and only those can be given."""
    made = model([node("Relu", "x")], ("batch", 3, "height", "width"))
    with pytest.raises(ArchcostError, match="height, width; give --set height=224 --set width=224"):
        read(made)
    assert out(read(made, dims={"height": 5, "width": 7})) == (3, 5, 7)
    with pytest.raises(ArchcostError, match="no size 'hight' to set, did you mean 'height'"):
        read(made, dims={"height": 5, "width": 7, "hight": 5})


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


# Files that are large, broken or hostile.


def test_two_gigabytes_elsewhere(read: Callable[..., Net]) -> None:
    """External data is not read, not even looked for, wherever it is said to lie."""
    stored = [weight(f"w{i}", 4096, 4096) for i in range(32)]
    nodes = [node("MatMul", f"{'x' if i == 0 else i} w{i}", str(i + 1)) for i in range(32)]
    made = model(nodes, (1, 4096), stored)
    tracemalloc.start()
    start = time.perf_counter()
    net = read(made)
    seconds, (_, peak) = time.perf_counter() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counts(net)[1] == 32 * 4096**2
    assert seconds < 2 and peak < 20e6


def looping(many: int) -> Any:
    """A loop of billions of rounds."""
    body = helper.make_graph([node("Identity", "c", "d")], "body", [], [])
    return model([node("Loop", "n . x", "y", body=body)], stored=[numbers("n", [many], INT, [])])


def functions(calls: int) -> Any:
    """A function that calls itself, so many times each."""
    inside = [helper.make_node("Again", ["a"], [f"b{i}"], domain="local") for i in range(calls)]
    again = helper.make_function("local", "Again", ["a"], ["b0"], inside, [helper.make_opsetid("local", 1)])
    return model([helper.make_node("Again", ["x"], ["y"], domain="local")], functions=[again])


def doubling() -> Any:
    """Functions of which each calls the next many times."""
    made = []
    for i in range(15):
        inside = [helper.make_node(f"F{i + 1}", ["a"], [f"b{j}"], domain="local") for j in range(9)]
        made.append(
            helper.make_function("local", f"F{i}", ["a"], ["b0"], inside or [], [helper.make_opsetid("local", 1)])
        )
    made.append(
        helper.make_function("local", "F15", ["a"], ["b"], [node("Relu", "a", "b")], [helper.make_opsetid("", 18)])
    )
    return model([helper.make_node("F0", ["x"], ["y"], domain="local")], functions=made)


HOSTILE: dict[str, tuple[Any, str]] = {
    "empty": (b"", "it has no graph"),
    "no protobuf": (b"\x00garbage" * 100, "is no ONNX model"),
    "cut off": (FILES[0].read_bytes()[:5000], "is no ONNX model"),
    "cycle": (model([node("Relu", "2", "1"), node("Relu", "1", "2")]), "Relu that makes 1 reads '2', which is neither"),
    "missing input": (model([node("Add", "x nothing")]), "reads 'nothing'"),
    "made twice": (model([node("Relu", "x", "1"), node("Relu", "x", "1")]), "makes '1' twice"),
    "negative size": (model([node("Conv", "x w")], stored=[weight("w", -4, 3, 1, 1)]), "impossible shape of -4 x"),
    "huge size": (model([node("MatMul", "x w")], (1, 8), [weight("w", 8, 2**62)]), "impossible shape"),
    "too few inputs": (model([node("Conv", "x")]), "Conv that makes y: lacks input 2"),
    "stride of zero": (model([node("MaxPool", "x", kernel_shape=[2, 2], strides=[0, 1])]), "strides"),
    "no kernel": (model([node("MaxPool", "x")]), "lacks kernel_shape"),
    "huge padding": (model([node("Pad", "x p")], stored=[numbers("p", [0] * 4 + [2**62] * 4)]), "impossible shape"),
    "huge range": (
        model(
            [node("Range", "a b c", "1"), node("Add", "x 1")],
            stored=[numbers(n, [v], INT, []) for n, v in zip("abc", (0, 2**62, 1), strict=True)],
        ),
        "cannot broadcast",
    ),
    "huge fill": (
        model([node("ConstantOfShape", "s", "1"), node("Add", "x 1")], stored=[numbers("s", [2**40] * 3)]),
        "no shape",
    ),
    "wrong type": (model([node("Flatten", "x", axis="one")]), "axis must be a whole number"),
    "other shape": (model([node("Reshape", "x s")], stored=[numbers("s", [7, -1])]), "cannot shape"),
    "self call": (functions(1), "nested more than 20 deep"),
    "many self calls": (functions(50), "nested more than 20 deep"),
    "doubling": (doubling(), "more than 50000 nodes"),
    "loop": (looping(2**62), "Loop that makes y: the shape that it makes is not known"),
    "long names": (model([node("Relu", "x", "y", name="a/" * 200_000), node("Relu", "z" * 10**6)]), "reads 'zzz"),
    "old": (model([node("Relu", "x")], opset=5), "the first that can be read is 7"),
    "same name inside": (
        model([node("Add", "x w", "1"), node("Relu", "1")], stored=[weight("w", 5, 5)]),
        "cannot broadcast",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files(read: Callable[..., Net], case: str) -> None:
    """One message, of a readable length, in a short time."""
    made, said = HOSTILE[case]
    start = time.perf_counter()
    with pytest.raises(ArchcostError) as error:
        read(made)
    assert said in str(error.value)
    assert len(str(error.value)) < 1000
    assert time.perf_counter() - start < 10


def test_a_file_that_says_another_shape(read: Callable[..., Net]) -> None:
    """What the file says of its tensors is compared."""
    made = model([node("Conv", "x w", name="c1")], stored=[weight("w", 4, 3, 1, 1)])
    made.graph.value_info.append(helper.make_tensor_value_info("y", FLOAT, [1, 4, 9, 8]))
    del made.graph.output[0].type.tensor_type.shape.dim[:]
    made.graph.output[0].CopyFrom(made.graph.value_info[0])
    with pytest.raises(ArchcostError, match="Conv c1 makes 1 x 4 x 8 x 8, the model says 1 x 4 x 9 x 8"):
        read(made)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A file with some bytes or some of its fields changed."""
    if rng.random() < 0.4:
        changed = bytearray(data)
        for _ in range(rng.choice([1, 1, 3, 20])):
            place = rng.randrange(len(changed))
            action = rng.random()
            if action < 0.6:
                changed[place] = rng.randrange(256)
            elif action < 0.8:
                del changed[place : place + rng.randrange(1, 50)]
            else:
                changed[place:place] = rng.randbytes(rng.randrange(1, 50))
        return bytes(changed[: rng.randrange(len(changed))] if rng.random() < 0.1 else changed)
    made = onnx.ModelProto.FromString(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        change(made, rng)
    return bytes(made.SerializeToString())


def change(made: Any, rng: random.Random) -> None:
    """One change of a node, an attribute, a stored tensor or an input."""
    nodes, sizes = made.graph.node, [-1, 0, 1, 2, 3, 7, 64, 1000, 2**31, 2**62, -(2**63)]
    one, other = rng.choice(nodes), rng.choice(nodes)
    kind = rng.randrange(12)
    if kind == 0 and one.input:
        one.input[rng.randrange(len(one.input))] = rng.choice([*other.output, *other.input, "", "nothing"])
    elif kind == 1:
        one.op_type = rng.choice(
            [other.op_type, "Conv", "MatMul", "Reshape", "Loop", "Einsum", "Nothing", "LSTM", "Resize"]
        )
    elif kind == 2 and len(nodes) > 1:
        nodes.remove(one)
    elif kind == 3:
        nodes.insert(rng.randrange(len(nodes)), other)
    elif kind == 4 and one.attribute:
        attribute = rng.choice(one.attribute)
        for place in range(len(attribute.ints)):
            attribute.ints[place] = rng.choice([attribute.ints[place], *sizes])
        attribute.i = rng.choice(sizes)
    elif kind == 5 and one.attribute:
        rng.choice(one.attribute).type = rng.randrange(15)
    elif kind == 6 and made.graph.initializer:
        tensor = rng.choice(made.graph.initializer)
        if tensor.dims:
            tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(sizes)
    elif kind == 7 and made.graph.initializer:
        tensor = rng.choice(made.graph.initializer)
        tensor.data_type = rng.randrange(25)
        tensor.raw_data = rng.randbytes(rng.choice([0, 8, 64, 4096]))
        tensor.data_location = TensorProto.DEFAULT
    elif kind == 8:
        axes = rng.choice([*made.graph.input, *made.graph.value_info, *made.graph.output]).type.tensor_type.shape.dim
        if axes:
            rng.choice(axes).dim_value = rng.choice(sizes)
    elif kind == 9 and one.output:
        one.output[0] = rng.choice([*other.output, *other.input, ""])
    elif kind == 10 and made.opset_import:
        made.opset_import[0].version = rng.choice([6, 7, 9, 11, 13, 18, 25, 2**40])
    elif kind == 11 and one.input:
        del one.input[rng.randrange(len(one.input)) :]


def seeds() -> list[bytes]:
    """Files to change: those of real exporters, and small ones with other operators."""
    stored = [
        weight("w", 4, 3, 3, 3),
        weight("e", 4, 2, 2, 2),
        weight("b", 4),
        numbers("s", [1, -1, 4]),
        numbers("p", [0, 0, 1, 0, 0, 1]),
    ]
    stored += [
        weight("l", 1, 16, 4),
        weight("r", 1, 16, 4),
        numbers("z", [0]),
        numbers("t", [1, 1, 2]),
        numbers("k", [3]),
    ]
    nodes = [
        node("Conv", "x w b", "1", pads=[1, 1, 1, 1]), node("BatchNormalization", "1 b b b b", "2"),
        node("ConvTranspose", "2 e", "3", strides=[2, 2], group=2),
        node("MaxPool", "3", "4", kernel_shape=[2, 2], strides=[2, 2]),
        node("Reshape", "4 s", "5"), node("Pad", "5 p", "6"), node("Einsum", "6 5", "7", equation="bij,bkj->bki"),
        node("Softmax", "6", "8", axis=1), node("LSTM", "8 l r", "9 10 11", hidden_size=4),
        node("Squeeze", "9 z1", "12"),
        node("Transpose", "12", "13", perm=[1, 0, 2]), node("Tile", "13 t", "14"), node("Slice", "14 z k", "15"),
        node("ReduceMean", "15", "16", axes=[1]), node("Expand", "16 t3", "17"), node("TopK", "17 k1", "18 19"),
        node("Gather", "18 z", "20", axis=2), node("Concat", "20 20", "21", axis=1),
        node("Split", "21 z2", "22 23", axis=1),
        node("LayerNormalization", "22 b1", "24"), node("Gelu", "24", "25"), node("CumSum", "25 z0", "y"),
    ]  # fmt: skip
    other = model(
        nodes,
        stored=[
            *stored,
            numbers("z1", [1]),
            numbers("t3", [1, 4, 8]),
            numbers("k1", [3]),
            numbers("z2", [1, 7]),
            numbers("z0", [0]),
        ],
        opset=17,
    )
    again = functions(1)
    again.functions[0].node[0].op_type, again.functions[0].node[0].domain = "Relu", ""
    return [*(file.read_bytes() for file in FILES), bytes(other.SerializeToString()), bytes(again.SerializeToString())]


def outcome(data: bytes, file: Path) -> str:
    """What becomes of a file: a net whose layers can be worked out, or a mistake in words. Nothing else may."""
    file.write_bytes(data)
    try:
        propagate(net_of(str(file), "net", "net", skip_unknown=True))
    except ArchcostError as error:
        assert len(str(error)) < 5000
        return "refused"
    return "read"


def test_changed_files(tmp_path: Path) -> None:
    """Files with changed bytes and fields are read or refused, each in a moment."""
    rng = random.Random(0)
    files, found = seeds(), []
    for _ in range(400):
        start = time.perf_counter()
        found.append(outcome(mutated(rng.choice(files), rng), tmp_path / "model.onnx"))
        assert time.perf_counter() - start < 5
    assert {*found} == {"read", "refused"}


def test_speed(tmp_path: Path) -> None:
    """A network of 200 convolutions is read in less than half a second."""
    stored = [weight(f"w{i}", 64, 64, 3, 3) for i in range(200)]
    nodes = [node("Conv", f"{'x' if i == 0 else i} w{i}", str(i + 1), pads=[1, 1, 1, 1]) for i in range(200)]
    file = tmp_path / "model.onnx"
    file.write_bytes(model(nodes, (1, 64, 56, 56), stored).SerializeToString())
    start = time.perf_counter()
    net = net_of(str(file), "net", "net")
    assert time.perf_counter() - start < 0.5
    assert counts(net)[1] == 200 * prod((64, 64, 3, 3))
