"""Are ONNX files that are large, broken or hostile refused in words, in little time and memory?"""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnx")
import onnx
from onnx import TensorProto, helper
from onnx_models import FLOAT, INT, counts, model, node, numbers, ops, weight

from archcost.errors import ArchcostError
from archcost.importers.onnx import net_of
from archcost.net import Net, propagate

DATA = Path(__file__).parent / "data" / "onnx"
FILES = sorted(DATA.glob("*.onnx"))


def test_two_gigabytes_elsewhere(read: Callable[..., Net]) -> None:
    """External data is not read, not even looked for, wherever it is said to lie."""
    stored = [weight(f"w{i}", 4096, 4096) for i in range(32)]
    nodes = [node("MatMul", f"{'x' if i == 0 else i} w{i}", str(i + 1)) for i in range(32)]
    made = model(nodes, (1, 4096), stored)
    tracemalloc.start()
    net = read(made)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counts(net)[1] == 32 * 4096**2
    assert peak < 20e6


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
    "cycle": (model([node("Relu", "2", "1"), node("Relu", "1", "2")]), "Relu that makes 1 follows from itself"),
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
    """One message, of a readable length."""
    made, said = HOSTILE[case]
    with pytest.raises(ArchcostError) as error:
        read(made)
    assert said in str(error.value)
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize("place", ["../../etc/passwd", "/etc/passwd", "data/../../x", "..\\x"])
def test_data_outside_of_the_folder(read: Callable[..., Net], place: str) -> None:
    """They are not read, nor is the file that says so taken."""
    tensor = weight("w", 4, 3, 1, 1)
    tensor.external_data[0].value = place
    with pytest.raises(ArchcostError, match="'w' is said to lie outside of the model's folder"):
        read(model([node("Conv", "x w")], stored=[tensor]))


def test_nodes_in_any_order(read: Callable[..., Net]) -> None:
    """Some converters put a node before those that it reads; a circle is a mistake."""
    nodes = [node("Relu", "1", "2"), node("Conv", "x w", "1"), node("Sigmoid", "2")]
    assert ops(read(model(nodes, stored=[weight("w", 4, 3, 1, 1)]))) == ["conv", "relu", "sigmoid"]
    with pytest.raises(ArchcostError, match=r"Add that makes . follows from itself"):
        read(model([node("Add", "x 2", "1"), node("Add", "x 1", "2"), node("Relu", "2")]))


def test_all_unknown_operators_of_a_file(read: Callable[..., Net]) -> None:
    """Also those behind one whose shape nobody knows; one that makes several tensors is one."""
    fancy = [helper.make_node(f"Fancy{i % 2}", [str(i)], [str(i + 1)], domain="local") for i in range(3)]
    with pytest.raises(ArchcostError, match=r"not known either(.|\n)*local.Fancy0: 2 times(.|\n)*local.Fancy1: once"):
        read(model([node("Relu", "x", "0"), *fancy, node("Relu", "3")]), skip_unknown=True)
    net = read(model([node("TopK", "x k", "a b"), node("Cast", "b", "c", to=FLOAT), node("Add", "a c")],
                     stored=[numbers("k", [2])]), skip_unknown=True)  # fmt: skip
    assert ops(net) == ["uncounted", "gather", "add"]


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
        net = net_of(str(file), "net", "net", skip_unknown=True)
        if any(isinstance(size, str) for node in net.nodes if node.op == "input" for size in node.attributes["shape"]):
            return "left open"
        propagate(net)
    except ArchcostError as error:
        assert len(str(error)) < 5000
        return "refused"
    return "read"


def test_changed_files(tmp_path: Path) -> None:
    """Files with changed bytes and fields are read or refused."""
    rng = random.Random(0)
    files = seeds()
    found = {outcome(mutated(rng.choice(files), rng), tmp_path / "model.onnx") for _ in range(400)}
    assert {"read", "refused"} <= found
