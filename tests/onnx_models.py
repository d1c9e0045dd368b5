"""ONNX models in few words, and what the tests ask of their nets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("onnx")
from onnx import TensorProto, helper

from archcost.net import Net, propagate

FLOAT, INT, HALF = TensorProto.FLOAT, TensorProto.INT64, TensorProto.FLOAT16


def weight(name: str, *dims: int, kind: int = FLOAT) -> Any:
    """A stored tensor whose elements lie in a file that does not exist."""
    tensor = TensorProto(name=name, dims=dims, data_type=kind, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="nowhere.data")
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


def also_gives(made: Any, *names: str) -> Any:
    """A model with these outputs instead."""
    del made.graph.output[:]
    made.graph.output.extend(helper.make_tensor_value_info(name, FLOAT, None) for name in names)
    return made
