"""How is a model walked, node by node, through its functions and branches?"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

import onnx
from onnx import AttributeProto

from archcost.dims import Shape, sizes
from archcost.errors import ArchcostError, did_you_mean
from archcost.importers.graph import path
from archcost.importers.onnx.file import (
    FLOATING,
    SCOPES,
    check_location,
    declared_sizes,
    domain_of,
    elements,
    in_order,
    inferred_shapes,
    label_of,
    loaded,
    module_of,
    short,
    type_of,
    was_batchnorm,
)
from archcost.importers.onnx.making import Maker
from archcost.importers.onnx.orders import ordered
from archcost.importers.onnx.origins import origins
from archcost.importers.onnx.registry import OPERATORS, Call, ignored
from archcost.importers.onnx.values import Value, check
from archcost.net import Net

NODES = 50_000  # that are read, also in functions that are used again and again
DEPTH = 20  # functions and branches within one another
INPUTS = 1000
STANDARD = ("", "com.microsoft")  # the sets of operators that have handlers
SEQUENCE = ("seq", "time", "length", "tokens", "steps")  # in the names of axes along which the steps of one lie
BATCH = "batch"


class OpenSizes(ArchcostError):
    """A file leaves sizes open that nobody gives."""

    def __init__(self, message: str, names: Sequence[str]) -> None:
        super().__init__(message)
        self.names = names


class Scope:
    """A graph, a branch or a function while it is read."""

    def __init__(
        self,
        values: MutableMapping[str, Value],
        opsets: Mapping[str, int],
        attributes: Mapping[str, Any],
        depth: int,
        at: str,
    ) -> None:
        self.values, self.opsets, self.attributes, self.depth, self.at = values, opsets, attributes, depth, at
        self.readers: dict[str, list[int]] = {}
        self.ready: set[int] = set()  # nodes that only bring weights into an order
        self.skipped: dict[int, str] = {}  # an addition that belongs to the product before it, and its name

    def reading(self, nodes: Sequence[Any], name: str) -> list[Any]:
        """The nodes that read a name; None stands for what is given back."""
        return [None if place < 0 else nodes[place] for place in self.readers.get(name, ())]


def net_of(path: str, name: str, title: str, dims: Mapping[str, int] | None = None, skip_unknown: bool = False) -> Net:
    """The net of an ONNX file; `dims` has the sizes that the file leaves open, by their names."""
    try:
        return Reading(loaded(path, title), title, dims or {}).net(name, skip_unknown)
    except ArchcostError:
        raise
    except Exception as error:  # a broken file can have anything anywhere, such as names that are no text
        raise ArchcostError(f"{title} is no sound ONNX model: {type(error).__name__}: {short(str(error))}") from error


class Reading:
    """One walk over a model."""

    def __init__(self, model: Any, title: str, dims: Mapping[str, int]) -> None:
        self.model, self.title, self.dims = model, title, dims
        self.origins = origins(model)
        self.maker = Maker(title, self.origins)
        self.graph = self.maker.graph
        self.functions = {(domain_of(f.domain), f.name): f for f in model.functions}
        self.sizes: dict[str, int] = {}  # what names of sizes stand for
        self.unnamed: set[str] = set()  # first axes of inputs to which the file gives no name
        self.declared: dict[str, Sequence[Any]] = {}
        self.steps = self.folded = 0

    def net(self, name: str, skip_unknown: bool) -> Net:
        """The net of the model."""
        graph = self.model.graph
        opsets = {domain_of(one.domain): one.version for one in self.model.opset_import}
        if opsets.get("", 7) < 7:
            raise ArchcostError(f"{self.title} has operator set {opsets['']}; the first that can be read is 7")
        scope = Scope({}, opsets, {}, 0, "")
        for tensor in graph.initializer:
            self.define(scope, tensor.name, self.stored(tensor, tensor.name))
        for sparse in graph.sparse_initializer:
            self.define(scope, sparse.values.name, self.maker.weight(sparse.values.name, tuple(sparse.dims), True))
        self.inputs(scope, [one for one in graph.input if one.name not in scope.values])
        for info in (*graph.value_info, *graph.output):
            self.declared[info.name] = declared_sizes(info)
        self.absent(scope)
        self.read_nodes(scope, graph.node, [one.name for one in graph.output])
        if not graph.output:
            raise ArchcostError(f"{self.title} has no output")
        outputs = [self.found(scope, one.name, "the output") for one in graph.output]
        outputs = [one for one in outputs if one.tensor.node is not None] or outputs[:1]
        self.graph.module = "output"
        made = self.graph.net(short(name), self.title, list(map(self.maker.read, outputs)), skip_unknown)
        return made._replace(notes="; ".join(self.remarks()))

    def remarks(self) -> list[str]:
        """What the numbers of the file do not show."""
        found = []
        if self.folded:
            found.append(f"batch norms folded into {self.folded} convolutions")
        shared = {name for name, count in self.maker.vectors.items() if count > 1}
        shared |= {name for (name, _), alias in self.maker.aliases.items() if name != alias}
        if shared:
            found.append(f"{len(shared)} vectors that are stored once are counted in each layer that has one")
        stored = {tensor.name for tensor in self.model.graph.initializer}
        gone = self.origins.parameters - stored
        if gone:
            found.append(f"{len(gone)} parameters that the exporter merged or left out are not there under their names")
        return found

    # What stands at the beginning.

    def define(self, scope: Scope, name: str, value: Value) -> None:
        """Give a name its value; it cannot have two."""
        if name in scope.values:
            raise ArchcostError(f"{self.title} makes {short(name)!r} twice")
        scope.values[name] = value

    def found(self, scope: Scope, name: str, what: str) -> Value:
        """The value of a name."""
        if name not in scope.values and name in self.origins.signature:
            raise ArchcostError(f"{self.title} has no weights, not even their shapes; save it with external data")
        if name not in scope.values:
            raise ArchcostError(f"{what} reads {short(name)!r}, which is neither stored nor made by a node before it")
        return scope.values[name]

    def inputs(self, scope: Scope, infos: Sequence[Any]) -> None:
        """The inputs of the network; their first axis is the batch, or the second behind the steps of a sequence."""
        shapes = self.said(infos)
        self.one_at_a_time(shapes)
        self.opened(shapes)
        for info in infos:
            name, axes, kind = info.name, shapes[info.name], info.type.tensor_type.elem_type
            shape = tuple(self.sizes[size] if isinstance(size, str) else size for size in axes)
            batch = self.batch_of(name, axes, shape)
            tensor = self.graph.input(path(short(name)) or "input", shape or (1,), batch)
            dtype = type_of(kind) if kind in FLOATING else ""
            self.define(scope, name, Value(tensor._replace(dtype=dtype), shape))

    def said(self, infos: Sequence[Any]) -> dict[str, list[Any]]:
        """The sizes of each input, by its name; one that is left open without a name gets one."""
        if len(infos) > INPUTS:
            raise ArchcostError(f"{self.title} has {len(infos)} inputs, more than {INPUTS}")
        shapes: dict[str, list[Any]] = {}
        for info in infos:
            axes = declared_sizes(info)
            if axes is None:
                raise ArchcostError(f"{self.title}: the input {short(info.name)!r} is no tensor of a known rank")
            if info.name in shapes:
                raise ArchcostError(f"{self.title} has two inputs of one name")
            shapes[info.name] = [size or f"{info.name}_{place}" for place, size in enumerate(axes)]
            if axes and not axes[0]:
                self.unnamed.add(shapes[info.name][0])
        return shapes

    def one_at_a_time(self, shapes: Mapping[str, Sequence[Any]]) -> None:
        """Names that stand for a batch are 1."""
        sequences = {axes[0] for axes in shapes.values() if self.is_sequence(axes)}
        for axes in shapes.values():
            place = 1 if self.is_sequence(axes) else 0
            for size in axes[place : place + 1]:
                named = isinstance(size, str) and size not in self.dims and size not in sequences
                if named and (place == 0 or BATCH in size.lower()):
                    self.sizes[size] = 1

    def is_sequence(self, axes: Sequence[Any]) -> bool:
        """Whether an input has the steps of a sequence along its first axis, as its name says."""
        name = axes[0] if len(axes) > 1 and isinstance(axes[0], str) and axes[0] not in self.unnamed else ""
        return BATCH not in name.lower() and any(word in name.lower() for word in SEQUENCE)

    def opened(self, shapes: Mapping[str, Sequence[Any]]) -> None:
        """Names of other sizes are what is given for them; they are asked for if nothing is."""
        names = {size: None for axes in shapes.values() for size in axes if isinstance(size, str)}
        for key in self.dims:
            if key not in names:
                raise ArchcostError(f"{self.title} has no size {key!r} to set{did_you_mean(key, names)}")
        self.sizes |= {name: self.dims[name] for name in names if name in self.dims}
        missing = [name for name in names if name not in self.sizes]
        if missing:
            known = " ".join(f"--set {short(key)}=224" for key in missing[:20])
            listed = ", ".join(map(short, missing[:20]))
            raise OpenSizes(f"{self.title} leaves sizes open: {listed}; give {known}", missing)

    def batch_of(self, name: str, axes: Sequence[Any], shape: Shape) -> int | None:
        """Which axis of an input is the batch, of which there can be but one sample."""
        what = f"{self.title}: the input {short(name)!r}"
        check(shape, what)
        if self.is_sequence(axes):
            return 1 if shape[1] == 1 else None
        if len(shape) > 1 and shape[0] != 1 and axes[0] not in self.dims:
            raise ArchcostError(
                f"{what} of {sizes(shape)} has a batch of {shape[0]}; "
                "export the model with a batch of 1 or of any size (a dynamic axis)"
            )
        return 0 if len(shape) > 1 and shape[0] == 1 else None

    def absent(self, scope: Scope) -> None:
        """Weights that the exporter left out altogether, of which the file still has the shapes."""
        for name in self.origins.signature:
            axes = self.declared.get(name)
            if name not in scope.values and axes is not None and all(isinstance(n, int) for n in axes):
                self.define(scope, name, self.maker.weight(name, tuple(axes), True))

    def stored(self, tensor: Any, name: str) -> Value:
        """A stored tensor; its elements are read only if they are few and in this file."""
        floating, dtype = tensor.data_type in FLOATING, type_of(tensor.data_type)
        check_location(tensor)
        made = self.maker.weight(name, tuple(tensor.dims), floating, dtype)
        return made._replace(known=elements(tensor))

    # Nodes.

    def read_nodes(self, scope: Scope, nodes: Sequence[Any], outputs: Sequence[str]) -> None:
        """Every node in turn; each follows those that it reads, which not every converter keeps to."""
        nodes = in_order(nodes)
        for place, node in enumerate(nodes):
            for name in node.input:
                scope.readers.setdefault(name, []).append(place)
        for name in outputs:
            scope.readers.setdefault(name, []).append(-1)
        for name, one in ordered(nodes, scope.readers, scope.values, self.expected).items():
            (leaf, *_) = one.leaves
            self.define(scope, name, self.maker.joined_weight(name, self.expected(name) or (), scope.values[leaf]))
            scope.ready |= one.places
        for place, node in enumerate(nodes):
            if place in scope.ready:
                continue
            self.steps += 1
            if self.steps > NODES:
                raise ArchcostError(f"{self.title} has more than {NODES} nodes, with those of its functions")
            try:
                made = self.read_node(scope, nodes, place)
            except ArchcostError as error:
                said = str(error)
                label = label_of(node)
                raise error if label in said else ArchcostError(f"{label}: {said}") from error
            except RecursionError:
                raise
            except Exception as error:  # a node that is not what its operator wants can fail in any way
                raise ArchcostError(
                    f"{label_of(node)} cannot be read: {type(error).__name__}: {short(str(error))}"
                ) from error
            for name, value in zip(node.output, made, strict=False):
                if name and value is not None:
                    self.checked(name, value, node, scope)
                    self.define(scope, name, value)

    def checked(self, name: str, value: Value, node: Any, scope: Scope) -> None:
        """Refuse what the file says to have another shape."""
        said = self.expected(name) if not scope.depth else None
        if said is not None and said != value.shape and 0 not in said:
            raise ArchcostError(f"{label_of(node)} makes {sizes(value.shape)}, the model says {sizes(said)}")

    def expected(self, name: str) -> Shape | None:
        """The shape that the file says, where it leaves nothing open."""
        axes = self.declared.get(name)
        if axes is None:
            return None
        shape = tuple(self.sizes.get(n) if isinstance(n, str) else n for n in axes)
        return shape if all(isinstance(n, int) for n in shape) else None  # type: ignore[return-value]

    def read_node(self, scope: Scope, nodes: Sequence[Any], place: int) -> Sequence[Value | None]:
        """What a node makes."""
        node = nodes[place]
        if place in scope.skipped:
            return [scope.values[scope.skipped[place]]]
        inputs = [self.found(scope, name, label_of(node)) if name else None for name in node.input]
        domain = domain_of(node.domain)
        function = self.functions.get((domain, node.op_type))
        module = module_of(node, inputs)
        self.maker.scoped = node.name.startswith("/") or any(p.key == SCOPES for p in node.metadata_props)
        self.graph.module = module or scope.at
        attributes = {a.name: self.attribute(a, scope) for a in node.attribute}
        attributes = {key: value for key, value in attributes.items() if value is not None}
        if function is not None:
            return self.called(scope, node, function, inputs, attributes)
        if node.op_type == "If" and not domain:
            taken = self.branch(scope, inputs, attributes)
            if taken is not None:
                return taken
        declared = [self.expected(name) if not scope.depth else None for name in node.output]
        readers = partial(scope.reading, nodes)
        call = Call(node.op_type, inputs, attributes, scope.opsets.get(domain, 1), declared, node, readers)
        if node.op_type == "Conv" and was_batchnorm(node):
            self.folded += 1
        if node.op_type == "MatMul":
            call = replace(call, bias=self.following(scope, nodes, place, call))
        handler = OPERATORS.get(node.op_type) if domain in STANDARD else None
        if handler is None:
            return self.unknown(scope, node, call)
        before = len(self.graph.nodes)
        made = handler(self.maker, call)
        values = [made] if isinstance(made, Value) else made
        self.follows(call, values, before)
        return values

    def follows(self, call: Call, made: Sequence[Value | None], before: int) -> None:
        """Refuse to leave out an input that is computed: what leads to it would not be counted."""
        read = {value.tensor.node for value in made if value is not None}
        read |= {i for node in self.graph.nodes[before:] for i in node.inputs}
        for place, value in enumerate(call.inputs):
            node = None if value is None else value.tensor.node
            if node is not None and node not in read and place not in ignored(call):
                raise ArchcostError(f"does not follow from input {place + 1}, which is computed; this is not supported")

    def attribute(self, one: Any, scope: Scope) -> Any:
        """The value of an attribute; None if it is left to the function's caller, who did not give it."""
        if one.ref_attr_name:
            return scope.attributes.get(one.ref_attr_name)
        kind = one.type
        if kind == AttributeProto.STRING:
            return one.s.decode("utf-8", "replace")
        if kind == AttributeProto.TENSOR:
            return self.stored(one.t, f"{self.graph.module}/{one.t.name or one.name}{self.steps}")
        if kind in (AttributeProto.INTS, AttributeProto.FLOATS):
            return tuple(one.ints if kind == AttributeProto.INTS else one.floats)
        if kind == AttributeProto.STRINGS:
            return tuple(part.decode("utf-8", "replace") for part in one.strings)
        return {AttributeProto.INT: one.i, AttributeProto.FLOAT: one.f, AttributeProto.GRAPH: one.g}.get(kind, one)

    def called(
        self, scope: Scope, node: Any, function: Any, inputs: Sequence[Value | None], attributes: Mapping[str, Any]
    ) -> Sequence[Value | None]:
        """A function of the model: its nodes in the place of the call."""
        if scope.depth >= DEPTH:
            raise ArchcostError(f"functions are nested more than {DEPTH} deep, or call themselves")
        usual = {a.name: self.attribute(a, scope) for a in function.attribute_proto}
        opsets = {domain_of(one.domain): one.version for one in function.opset_import} or scope.opsets
        inside = Scope({}, opsets, {**usual, **attributes}, scope.depth + 1, self.graph.module)
        for name, value in zip(function.input, inputs, strict=False):
            if value is not None:
                self.define(inside, name, value)
        self.read_nodes(inside, self.optional(function, inside), list(function.output))
        return [inside.values.get(name) for name in function.output]

    def optional(self, function: Any, inside: Scope) -> list[Any]:
        """The nodes of a function, reading nothing where the caller gave no input."""
        absent = {name for name in function.input if name not in inside.values}
        nodes = []
        for node in function.node:
            if absent & {*node.input}:
                changed = onnx.NodeProto()
                changed.CopyFrom(node)
                names = ["" if name in absent else name for name in node.input]
                del changed.input[:]
                changed.input.extend(names)
                nodes.append(changed)
            else:
                nodes.append(node)
        return nodes

    def branch(
        self, scope: Scope, inputs: Sequence[Value | None], attributes: Mapping[str, Any]
    ) -> Sequence[Value] | None:
        """What the branch makes whose condition is known."""
        condition = inputs[0] if inputs else None
        if condition is None or condition.known is None or not condition.constant or condition.known.size != 1:
            return None
        if scope.depth >= DEPTH:
            raise ArchcostError(f"branches are nested more than {DEPTH} deep")
        taken = attributes["then_branch" if condition.known.reshape(-1)[0] else "else_branch"]
        inside = Scope(ChainMap({}, scope.values), scope.opsets, scope.attributes, scope.depth + 1, self.graph.module)
        for tensor in taken.initializer:
            self.define(inside, tensor.name, self.stored(tensor, tensor.name))
        names = [one.name for one in taken.output]
        self.read_nodes(inside, taken.node, names)
        return [self.found(inside, name, "the branch") for name in names]

    def following(self, scope: Scope, nodes: Sequence[Any], place: int, call: Call) -> Value | None:
        """The bias that the next node adds, if it is the only one to read a product with stored weights."""
        node = nodes[place]
        readers = scope.readers.get(node.output[0], [])
        weight = call.given(1)
        if len(readers) != 1 or readers[0] <= place or weight is None or not self.maker.owns(weight):
            return None
        after = nodes[readers[0]]
        if after.op_type != "Add" or domain_of(after.domain) or len(after.input) != 2 or len(weight.shape) != 2:
            return None
        other = after.input[after.input[0] == node.output[0]]
        bias = scope.values.get(other)
        if bias is None or not bias.stored or not len(bias.shape) or bias.shape[-1] != prod(bias.shape):
            return None
        if bias.shape[-1] != weight.shape[1] or len(bias.shape) > len(call[0].shape) or not self.maker.owns(bias):
            return None
        name = weight.tensor.weight.name if weight.tensor.weight else ""
        label = bias.tensor.weight.name if bias.tensor.weight else ""
        if self.graph.owned.get(name, -1) >= 0 and self.maker.weighed.get(name, ("",))[0] != label:
            return None
        inside = path(short(label)).removesuffix("/bias")
        if inside.startswith(f"{self.graph.module}/"):
            self.graph.module = inside
        scope.skipped[readers[0]] = node.output[0]
        return bias

    # Operators that are not known.

    def unknown(self, scope: Scope, node: Any, call: Call) -> Sequence[Value]:
        """Tensors of the shapes that the file or the operator's schema says."""
        operator = f"{domain_of(node.domain)}.{node.op_type}".lstrip(".")
        shapes = [self.expected(name) for name in node.output]
        if any(shape is None for name, shape in zip(node.output, shapes, strict=True) if name):
            inferred = inferred_shapes(node, call.inputs, self.model)
            shapes = [shape or inferred.get(name) for name, shape in zip(node.output, shapes, strict=True)]
        read = [self.maker.read(value) for value in call.inputs if value is not None]
        if any(shape is None for name, shape in zip(node.output, shapes, strict=True) if name):
            raise ArchcostError(f"{label_of(node)}: the shape that it makes is not known either; {self.all_unknown()}")
        return self.maker.uncounted(operator, read, *(shape or () for shape in shapes))

    def all_unknown(self) -> str:
        """Which operators are not known in the whole file, where it cannot be read on."""
        self.graph.unknown.clear()
        for node in (*self.model.graph.node, *(one for function in self.model.functions for one in function.node)):
            domain = domain_of(node.domain)
            known = domain in STANDARD and (node.op_type in OPERATORS or node.op_type == "If")
            if not known and (domain, node.op_type) not in self.functions:
                operator = f"{domain}.{node.op_type}".lstrip(".")
                self.graph.unknown.setdefault(operator, []).append(module_of(node, []) or "the model")
        return self.graph.complaint()
