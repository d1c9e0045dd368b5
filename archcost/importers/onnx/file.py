"""What does the protobuf file hold: nodes, and tensors of which sizes and elements?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from math import prod
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, numpy_helper

from archcost.dims import Shape
from archcost.errors import ArchcostError
from archcost.importers.graph import path
from archcost.importers.onnx.values import RANK, SMALL, Value
from archcost.kinds import DTYPES

NAME = 200  # letters of a name that becomes the path of a layer
FLOATING = {kind for name, kind in TensorProto.DataType.items() if name.startswith(("FLOAT", "BFLOAT", "DOUBLE"))}
NAMES = {"float": "float32", "double": "float64", "int4": "int8", "uint4": "uint8"}  # four bits are stored as eight
SCOPES = "pkg.torch.onnx.name_scopes"
HIERARCHY = "pkg.torch.onnx.class_hierarchy"


def loaded(path: str, title: str) -> Any:
    """The model in a file, without tensors that are stored elsewhere."""
    if not Path(path).is_file():
        raise ArchcostError(f"there is no file {path}")
    try:
        model = onnx.load(path, format="protobuf", load_external_data=False)
    except Exception as error:  # whatever the parser raises
        raise ArchcostError(f"{title} is no ONNX model, or one that is cut off: {error}") from error
    if not model.graph.node:
        raise ArchcostError(f"{title} is no ONNX model: it has no graph")
    return model


def type_of(kind: int) -> str:
    """The type of elements by its number in the format; empty for float32, and for what has no type here."""
    name = TensorProto.DataType.Name(kind).lower() if kind in TensorProto.DataType.values() else ""
    name = "float8" if name.startswith("float8") else NAMES.get(name, name)
    return name if name in DTYPES and name != "float32" else ""


def check_location(tensor: Any) -> None:
    """Refuse data that are said to lie outside of the folder of the model, though they would not be read."""
    for one in tensor.external_data:
        path = PurePath(one.value.replace("\\", "/"))
        if one.key == "location" and (path.is_absolute() or ".." in path.parts):
            where = short(one.value)
            raise ArchcostError(f"{short(tensor.name)!r} is said to lie outside of the model's folder, at {where!r}")


def in_order(nodes: Sequence[Any]) -> Sequence[Any]:
    """Nodes such that each follows those that it reads."""
    made = {name: place for place, node in enumerate(nodes) for name in node.output if name}
    before = [{made[name] for name in node.input if name in made} for node in nodes]
    if all(max(places, default=-1) < place for place, places in enumerate(before)):
        return nodes
    try:
        return [nodes[place] for place in TopologicalSorter(dict(enumerate(before))).static_order()]
    except CycleError as error:
        (place, *_) = error.args[1]
        raise ArchcostError(f"{label_of(nodes[place])} follows from itself") from error


def domain_of(name: str) -> str:
    """A set of operators by its name; that of ONNX itself has two."""
    return "" if name == "ai.onnx" else name


def short(name: str) -> str:
    """A name as errors and layers show it."""
    return name[:NAME]


def label_of(node: Any) -> str:
    """A node as errors show it: by its name, or what it makes."""
    made = next((f" that makes {short(name)}" for name in node.output if name), "")
    return f"{node.op_type[:NAME]} {short(node.name)}" if node.name else f"{node.op_type[:NAME]}{made}"


def module_of(node: Any, inputs: Sequence[Value | None]) -> str:
    """The module that a node belongs to, as its exporter says; else the node's own name."""
    matrix = inputs[1] if len(inputs) > 1 else None
    if matrix is not None and matrix.stored and matrix.tensor.weight and len(matrix.shape) > 1:
        name = matrix.tensor.weight.name
        if name.endswith(".weight"):
            return path(name.removesuffix(".weight"))
    for property_ in node.metadata_props:
        if property_.key == SCOPES:
            scopes = re.findall(r"'([^']*)'", property_.value[:2000])
            return path(short(scopes[-2])) if len(scopes) > 1 else ""
    name = short(node.name)
    if not name.startswith("/"):
        return path(name)
    parts = name.split("/")[1:-1]  # each module repeats the name of the one around it
    return path("/".join(part.removeprefix(f"{before}.") for before, part in zip(["", *parts], parts, strict=False)))


def was_batchnorm(node: Any) -> bool:
    """Whether an exporter made a batch norm part of a convolution: the newer one says so, the older renames weights."""
    if any("BatchNorm" in p.value for p in node.metadata_props if p.key == HIERARCHY):
        return True
    return len(node.input) > 1 and node.input[1].startswith("onnx::Conv")


def one_tensor(info: Any) -> bool:
    """Whether an input is a tensor whose rank is known."""
    kind = info.type
    return bool(kind.WhichOneof("value") == "tensor_type" and kind.tensor_type.HasField("shape"))


def declared_sizes(info: Any) -> Any:
    """The sizes of a tensor as the file says them, names for those that it leaves open; None if it says nothing."""
    if not one_tensor(info) or len(info.type.tensor_type.shape.dim) > RANK:
        return None
    axes = info.type.tensor_type.shape.dim
    return [axis.dim_value if axis.dim_value > 0 else axis.dim_param for axis in axes]


def elements(tensor: Any) -> Any:
    """The elements of a small tensor that is stored in the file itself."""
    if tensor.data_location == TensorProto.EXTERNAL or len(tensor.external_data) or len(tensor.dims) > 8:
        return None
    if any(n < 0 or n > SMALL for n in tensor.dims) or prod(tensor.dims) > SMALL or tensor.HasField("segment"):
        return None
    try:
        found = numpy_helper.to_array(tensor)
        return found.astype(np.float64) if tensor.data_type in FLOATING else found
    except Exception:  # elements that do not fit the shape, or none, as in a model without weights
        return None


def inferred_shapes(node: Any, inputs: Sequence[Value | None], model: Any) -> dict[str, Shape]:
    """The shapes that the schema of an operator says for this node alone."""
    if any(a.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for a in node.attribute):
        return {}
    for usual in (TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL):
        try:
            opset = next((one.version for one in model.opset_import if one.domain == node.domain), 0)
            schema = onnx.defs.get_schema(node.op_type, opset, node.domain)
            types, data = {}, {}
            for name, value in zip(node.input, inputs, strict=True):
                if value is not None:
                    kind = usual if value.known is None else numpy_helper.from_array(value.known).data_type
                    types[name] = onnx.helper.make_tensor_type_proto(kind, value.shape)
                    if value.known is not None:
                        data[name] = numpy_helper.from_array(value.known)
            found = onnx.shape_inference.infer_node_outputs(
                schema, node, types, data, opset_imports=list(model.opset_import), ir_version=model.ir_version
            )
        except Exception:  # an operator without schema, or one that it does not fit: perhaps it wants another type
            continue
        shapes = {name: [axis.dim_value for axis in kind.tensor_type.shape.dim] for name, kind in found.items()}
        return {name: tuple(shape) for name, shape in shapes.items() if shape and min(shape) > 0}
    return {}
