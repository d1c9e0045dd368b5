"""Are stored tensors of an ONNX file counted as what they are: once, as parameters, buffers or mere numbers?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from come_back import comes_back

pytest.importorskip("onnx")
from onnx import helper
from onnx_models import FLOAT, HALF, counts, model, node, numbers, out, weight

from archcost.errors import ArchcostError
from archcost.net import Net

MAP = (1, 8, 8, 8)
MATRIX = weight("w", 8, 8)


def constant(name: str, *dims: int) -> Any:
    """A node that holds a tensor."""
    return node("Constant", "", name, value=weight("", *dims))


def shaped(name: str, x: str, *dims: int) -> list[Any]:
    """A tensor in another shape."""
    held = helper.make_tensor("", 7, [len(dims)], dims)
    return [node("Constant", "", f"{name}_shape", value=held), node("Reshape", f"{x} {name}_shape", name)]


@pytest.mark.parametrize(
    ("nodes", "params"),
    [
        ("MatMul w b | Relu | MatMul w b", 64 + 8),
        ("MatMul w | Relu | MatMul w", 64),
        ("MatMul w b | Relu | MatMul w", 64 + 8),
        ("MatMul w b | Relu | MatMul w c", 64 + 8 + 8),
        ("MatMul w b | Relu | MatMul v b", 64 + 8 + 64 + 8),  # vectors that are equal are stored once
    ],
)
def test_a_matrix_that_is_used_twice(read: Callable[..., Net], nodes: str, params: int) -> None:
    """It is stored once and multiplied each time, whatever is added to the product."""
    made, x = [], "x"
    for place, step in enumerate(nodes.split(" | ")):
        op, *names = step.split()
        made.append(node(op, " ".join([x, *names[:1]]), f"{place}"))
        if names[1:]:
            made.append(node("Add", f"{place} {names[1]}", f"{place}_sum"))
        x = made[-1].output[0]
    stored = [MATRIX, weight("v", 8, 8), weight("b", 8), weight("c", 8)]
    used = [one for one in stored if one.name in nodes.split()]
    net = read(model(made, MAP, used))
    assert counts(net)[:2] == (2 * 64 * 64, params)
    comes_back(net)


@pytest.mark.parametrize(
    ("nodes", "stored", "found"),
    [
        (["Conv p w b"], [weight("w", 8, 8, 1, 1), weight("b", 8)], (64 * 64, 72, 0)),
        (["ConvTranspose p w"], [weight("w", 8, 8, 1, 1)], (64 * 64, 64, 0)),
        (["MatMul p w"], [MATRIX], (64 * 64, 64, 0)),
        (["BatchNormalization p s b m v"], [weight(name, 8) for name in "sbmv"], (0, 16, 16)),
    ],
)
def test_layers_on_a_constant_map(
    read: Callable[..., Net], nodes: Sequence[str], stored: Sequence[Any], found: tuple[int, int, int]
) -> None:
    """Of numbers that are known beforehand the cost is that of others; PyTorch counts them as well."""
    op, *names = nodes[0].split()
    made = [constant("p", *MAP), node(op, " ".join(names), "e"), node("Add", "x e")]
    net = read(model(made, MAP, stored))
    assert (counts(net), out(net)) == (found, (8, 8, 8))
    comes_back(net)


@pytest.mark.parametrize(
    ("layer", "stored", "found"),
    [
        (node("Conv", "r w", "c", kernel_shape=[3, 3], pads=[1] * 4, group=8), [weight("w", 8, 1, 3, 3)],
         (4 * 8 * 16 * 9, 72)),
        (node("Conv", "r w", "c", kernel_shape=[3, 3], pads=[1] * 4, group=2), [weight("w", 8, 4, 3, 3)],
         (4 * 8 * 16 * 36, 288)),
        (node("Conv", "r w", "c", kernel_shape=[3, 3], pads=[1] * 4), [weight("w", 8, 8, 3, 3)],
         (4 * 8 * 16 * 72, 576)),
        (node("MaxPool", "r", "c", kernel_shape=[3, 3], pads=[1] * 4), [MATRIX], (64 * 64, 64)),
    ],
)  # fmt: skip
def test_several_maps_at_once(
    read: Callable[..., Net], layer: Any, stored: Sequence[Any], found: tuple[int, int]
) -> None:
    """Windows of attention are maps of their own, each filtered as any other."""
    nodes = [*shaped("r", "x", 4, 8, 4, 4), layer, *shaped("y", "c", *MAP)]
    if layer.op_type == "MaxPool":
        nodes = [node("MatMul", "x w", "m"), *shaped("r", "m", 4, 8, 4, 4), *nodes[2:]]
    net = read(model(nodes, MAP, stored))
    assert counts(net)[:2] == found
    comes_back(net)


def test_numbers_in_nodes_are_no_weights(read: Callable[..., Net]) -> None:
    """A norm without a shift gets one of zeros, a blur has filters that are not trained; multiplied are they all."""
    norm = [constant("z", 8), node("LayerNormalization", "x s z", "1"), node("MatMul", "1 w")]
    assert counts(read(model(norm, MAP, [weight("s", 8), MATRIX])))[1] == 8 + 64
    blur = [constant("f", 8, 1, 3, 3), node("Conv", "x f", "1", kernel_shape=[3, 3], group=8), node("Conv", "1 w")]
    net = read(model(blur, MAP, [weight("w", 4, 8, 1, 1)]))
    assert counts(net)[:2] == (8 * 36 * 9 + 4 * 36 * 8, 32)
    comes_back(net)


def test_all_weights_in_nodes(read: Callable[..., Net]) -> None:
    """Some exporters have no other place for them."""
    net = read(model([constant("w", 4, 8, 1, 1), node("Conv", "x w")], MAP))
    assert counts(net)[:2] == (4 * 64 * 8, 32)


def test_what_the_exporter_worked_out(read: Callable[..., Net]) -> None:
    """Scales that it reshaped are parameters, tables that follow from no parameter are not; the file says of what."""
    nodes = [
        node("Mul", "x val_1", "1"), node("Add", "1 val_2", "2"), node("Add", "2 div_5", "3"),
        node("Add", "3 table", "4"), node("MatMul", "4 w"),
    ]  # fmt: skip
    sizes = {"val_1": (8, 1, 1), "val_2": (8, 1, 1), "div_5": MAP, "table": (8, 8)}
    stored = [weight(name, *dims, kind=HALF if name == "table" else FLOAT) for name, dims in sizes.items()]
    made = model(nodes, MAP, [MATRIX, *stored], ir_version=10)
    said = [f"p_{name}: {kind} target='{name}'" for name, kind in
            (("scale", "PARAMETER"), ("shift", "PARAMETER"), ("w", "PARAMETER"), ("table", "BUFFER"))]  # fmt: skip
    key = "pkg.torch.export.ExportedProgram.graph_signature"
    made.graph.metadata_props.add(key=key, value="\n".join(said))
    for name, sources in (("val_1", ["val_0", "scale"]), ("val_2", ["shift"]), ("div_5", ["arange", "val_3"])):
        info = helper.make_tensor_value_info(name, FLOAT, sizes[name])
        info.metadata_props.add(key="pkg.onnxscript.optimizer.folded_from", value=str(sources))
        made.graph.value_info.append(info)
    assert counts(read(made)) == (64 * 64, 64 + 8 + 8, 64)


def test_weights_that_are_standardised(read: Callable[..., Net]) -> None:
    """A batch norm by the statistics of what it reads is a norm of groups; here of filters, before they are used."""
    nodes = [
        constant("z", 8), node("ReduceMean", "v", "mean", axes=[0, 2], keepdims=0),
        node("BatchNormalization", "v g z mean mean", "s 1 2", training_mode=1),
        *shaped("w", "s", 8, 8, 3, 3), node("Conv", "x w", kernel_shape=[3, 3], pads=[1] * 4),
    ]  # fmt: skip
    net = read(model(nodes, MAP, [weight("v", 1, 8, 72), weight("g", 8)], opset=17))
    assert counts(net) == (64 * 8 * 72, 576 + 8, 0)
    comes_back(net)


def test_statistics_and_scales_that_are_computed(read: Callable[..., Net]) -> None:
    """What a batch norm reads that is computed is read by a layer, and what it has stored is stored once."""
    mean = node("ReduceMean", "x", "mean", axes=[0, 2, 3], keepdims=0)
    gains = [node("Mul", "g h", "gain"), node("BatchNormalization", "x gain b m v", "1"), node("Conv", "1 w")]
    stored = [weight(name, 8) for name in "ghbmv"]
    net = read(model(gains, MAP, [*stored, weight("w", 4, 8, 1, 1)], opset=17))
    assert counts(net) == (64 * 32, 3 * 8 + 32, 16)
    assert [one.op for one in net.nodes].count("multiply") == 2
    own = [mean, node("BatchNormalization", "x g b mean v", "1"), node("Conv", "1 w")]
    net = read(model(own, MAP, [weight("g", 8), weight("b", 8), weight("v", 8), weight("w", 4, 8, 1, 1)], opset=17))
    assert counts(net)[:2] == (64 * 32, 3 * 8 + 32)
    assert {"mean", "subtract", "rsqrt"} <= {one.op for one in net.nodes}
    comes_back(net)


def test_values_in_the_place_of_others(read: Callable[..., Net]) -> None:
    """A stored bias with zeros in it is a bias; of computed values nothing is computed."""
    places = numbers("i", [2, 3, 4], dims=[3, 1])
    nodes = [constant("u", 3), node("ScatterND", "b i u", "c"), node("MatMul", "x w", "m"), node("Add", "c m", "a"),
             node("Relu", "a", "r"), node("ScatterND", "r i part")]  # fmt: skip
    net = read(model(nodes, MAP, [MATRIX, weight("b", 8), weight("part", 3, 8, 8, 8), places]))
    assert counts(net)[:2] == (64 * 64, 64 + 8 + 3 * 512)
    assert net.nodes[-1].op == "scatter"


def test_columns_become_a_map(read: Callable[..., Net]) -> None:
    """The reverse of cutting windows out."""
    nodes = [*shaped("r", "x", 1, 72, 64), node("Col2Im", "r size k", pads=[1] * 4)]
    net = read(model(nodes, (1, 8, 9, 64), [numbers("size", [8, 8]), numbers("k", [3, 3])]))
    assert (out(net), net.nodes[-1].op) == ((8, 8, 8), "fold")


@pytest.mark.parametrize("also", [False, True])
def test_gates_in_another_order(read: Callable[..., Net], also: bool) -> None:
    """Weights that are cut into gates and joined again are those of the layer; what something else reads is not."""
    starts = [numbers(f"s{i}", [4 * i]) for i in range(5)]
    nodes = []
    for name in ("w", "r"):
        nodes += [node("Slice", f"{name} s{i} s{i + 1} s0", f"{name}{i}") for i in range(4)]
        nodes.append(node("Concat", f"{name}0 {name}3 {name}1 {name}2", f"{name}_", axis=0))
        nodes.append(node("Unsqueeze", f"{name}_ s0", f"{name}__"))
    nodes += [node("Neg", "w", "minus")] * also + [node("Transpose", "x", "t", perm=[1, 0, 2])]
    nodes.append(node("LSTM", "t w__ r__ b", "y h c", hidden_size=4))
    made = model(nodes, (1, 5, 3), [weight("w", 16, 3), weight("r", 16, 4), weight("b", 1, 32), *starts])
    sizes = {"w__": (1, 16, 3), "r__": (1, 16, 4)}
    made.graph.value_info.extend(helper.make_tensor_value_info(name, FLOAT, dims) for name, dims in sizes.items())
    if also:
        with pytest.raises(ArchcostError, match="LSTM: once"):
            read(made)
        return
    net = read(made)
    assert counts(net)[:2] == (5 * (16 * 3 + 16 * 4), 16 * 3 + 16 * 4 + 32)
    comes_back(net)


def test_parameters_of_one_element(read: Callable[..., Net]) -> None:
    """They have the name of a parameter; a number of the exporter's has not."""
    stored = [weight("act.scale", 1), weight("onnx::Mul_7", 1), weight("act.number")]
    nodes = [node("Mul", "x act.scale", "1"), node("Mul", "1 onnx::Mul_7", "2"), node("Mul", "2 act.number")]
    assert counts(read(model(nodes, MAP, stored)))[1] == 1
