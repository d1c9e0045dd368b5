"""Models of PyTorch as nets: exported on the meta device, without weights and without running them.

The code that builds a model is the user's, and it is run. A file is never run: models are given as
`package.module:name`.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr
from io import StringIO
from typing import Any

import torch
from torch import library as registry
from torch import nn

from archcost.dims import sizes
from archcost.errors import ArchcostError
from archcost.importers.aten import OPERATORS
from archcost.importers.aten.places import written_over
from archcost.importers.graph import Graph, Tensor, path
from archcost.kinds import DTYPES
from archcost.net import Net


def declare_torchvision() -> Any:
    """The names of torchvision's compiled operators, which it asks for as it is imported.

    Where the compiled ones do not fit PyTorch, it can be imported as long as the result is held; none is ever run.
    """
    library: Any = registry.Library  # which has no types
    declared = library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        declared.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return declared


def net_of(model: nn.Module, inputs: Sequence[torch.Tensor], name: str, title: str, skip_unknown: bool = False) -> Net:
    """The net of a model on some inputs, whose first axis is a batch of one."""
    logged = logging.root.manager.disable
    with warnings.catch_warnings(), redirect_stderr(StringIO()):
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)  # PyTorch tells at length what goes wrong; the error says it in a line
        try:
            program = torch.export.export(model.eval(), tuple(_beside(model, x) for x in inputs), strict=False)
        except Exception as error:  # whatever the user's code or the exporter raise
            first = str(error).strip().splitlines()
            raise ArchcostError(
                f"torch.export cannot export {title}: {type(error).__name__}: {first[0] if first else ''}"
            ) from error
        finally:
            logging.disable(logged)
    return Reading(program).net(name, title, skip_unknown)


def _beside(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """An input where the model is, which is not moved: that would part weights that are tied."""
    device = next((parameter.device for parameter in model.parameters()), x.device)
    return x if x.device == device else torch.empty(x.shape, dtype=x.dtype, device=device)


def net_of_model(
    model: Any, shapes: Sequence[tuple[tuple[int, ...], str]], source: str, title: str, skip_unknown: bool = False
) -> Net:
    """The net of a model on inputs of some shapes; without any it is asked which it takes."""
    if not isinstance(model, nn.Module):
        raise ArchcostError(f"{source} gives no model of PyTorch or Keras but {type(model).__name__}")
    inputs = [_sample(shape, kind) for shape, kind in shapes or [_usual(model)]]
    return net_of(model, inputs, source, title, skip_unknown)


def built(build: Callable[[], Any]) -> Any:
    """What a function makes, without memory for its weights; a constructor that looks at numbers gets them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with torch.device("meta"):
                return build()
        except RuntimeError:
            return build()


def _usual(model: nn.Module) -> tuple[tuple[int, ...], str]:
    """The shape that a model says it takes, or that most classifiers of images take."""
    described = getattr(model, "default_cfg", None) or getattr(model, "pretrained_cfg", None) or {}
    size = described.get("input_size") if isinstance(described, dict) else None
    return tuple(size or (3, 224, 224)), "float32"


def _sample(shape: tuple[int, ...], kind: str) -> torch.Tensor:
    dtype = getattr(torch, kind, None)
    if not isinstance(dtype, torch.dtype):
        raise ArchcostError(f"there is no type {kind!r} of numbers: float32, int64, ...")
    return torch.empty((1, *shape), dtype=dtype, device="meta")


# Operators whose result is, or may be, a part of what they read.
VIEWS = {
    "alias", "chunk", "detach", "diagonal", "expand", "flatten", "getitem", "narrow", "permute", "reshape", "select",
    "slice", "split", "split_with_sizes", "squeeze", "t", "transpose", "unbind", "unflatten", "unsqueeze", "view",
}  # fmt: skip

# Which argument of an operator counts only by its shape or type, or is written over: what it holds does not matter.
SHAPE_ONLY = {
    "expand_as": "other", "view_as": "other", "reshape_as": "other", "type_as": "other", "to": "other",
    "copy_": "input", "fill_": "input", "zero_": "input", "zeros_like": "input", "ones_like": "input",
    "full_like": "input", "empty_like": "input", "rand_like": "input", "randn_like": "input", "new_zeros": "input",
    "new_ones": "input", "new_full": "input", "new_empty": "input",
}  # fmt: skip


class Reading:
    """One walk over an exported program."""

    def __init__(self, program: Any) -> None:
        self.program, self.graph = program, Graph()
        self.values: dict[Any, Any] = {}

    def net(self, name: str, title: str, skip_unknown: bool) -> Net:
        """The net of the program."""
        self.placeholders()
        self.read_in_several_ways()
        outputs = list(_tensors([self.walked(self.program.graph_module)]))
        if not outputs:
            raise ArchcostError(f"{title} gives no tensor")
        self.graph.module = "output"
        return self.graph.net(name, title, [x for x in outputs if x.node is not None] or outputs[:1], skip_unknown)

    def walked(self, module: Any) -> Any:
        """What a graph gives, the values of its placeholders being known."""
        for node in module.graph.nodes:
            if node.op == "get_attr":
                self.values[node] = getattr(module, node.target)
            elif node.op == "call_function":
                self.graph.module = path(_module(node))
                self.values[node] = self.sound(node)
            elif node.op == "output":
                return self.given(list(node.args))
        return None

    def placeholders(self) -> None:
        """Parameters, buffers, constants and inputs; aliases of one stored tensor are one."""
        signature = {spec.arg.name: spec for spec in self.program.graph_signature.input_specs}
        known: dict[int, Tensor] = {}
        for node in self.program.graph.nodes:
            if node.op != "placeholder":
                continue
            spec, shape, value = signature[node.name], _shape(node), node.meta.get("val")
            kind = spec.kind.name
            if kind == "USER_INPUT":
                self.values[node] = value if shape is None else self.input(node.name, value)
            elif kind in ("PARAMETER", "BUFFER"):
                held = self.program.state_dict.get(spec.target, self.program.constants.get(spec.target))
                if id(held) not in known or held is None:
                    counter = spec.target.endswith("num_batches_tracked")
                    trained = kind == "PARAMETER"
                    known[id(held)] = Tensor(_size(value)) if counter else self.weight(spec.target, value, trained)
                self.values[node] = known[id(held)]
            else:
                self.values[node] = Tensor(shape or (1,))

    def input(self, name: str, value: torch.Tensor) -> Tensor:
        """An input of the network."""
        return self.graph.input(name, tuple(value.shape))._replace(dtype=_type(value))

    def weight(self, name: str, value: torch.Tensor, trained: bool) -> Tensor:
        """A parameter or a buffer."""
        return self.graph.weight(name, _size(value), trained, _type(value))._replace(dtype=_type(value))

    def read_in_several_ways(self) -> None:
        """Weights that belong to no one layer are tensors of their own, which layers read."""
        users: dict[str, set[Any]] = {}
        for node, tensor in self.values.items():
            if isinstance(tensor, Tensor) and tensor.weight is not None:
                used = users.setdefault(tensor.weight.name, set())
                used |= {(user.target, *map(self.stored, user.all_input_nodes)) for user in node.users}
                if len(used) > 1 and tensor.weight.trained:
                    self.graph.read(tensor)

    def stored(self, node: Any) -> str:
        """The name of a weight; of anything else nothing."""
        tensor = self.values.get(node)
        return tensor.weight.name if isinstance(tensor, Tensor) and tensor.weight else ""

    def sound(self, node: Any) -> Any:
        """What a node of the program makes; whatever goes wrong, an error says where."""
        try:
            return self.value(node)
        except ArchcostError as error:
            said, where = str(error), f"{self.graph.where}: "
            raise error if said.startswith(where) else ArchcostError(f"{where}{node.target}: {said}") from error
        except Exception as error:  # an operator may be given what its handler was not made for
            said = f"{type(error).__name__}: {error}".splitlines()[0]
            raise ArchcostError(f"{self.graph.where}: {node.target} cannot be read: {said}") from error

    def value(self, node: Any) -> Any:
        """What a node of the program makes."""
        if getattr(node.target, "__name__", "") == "getitem":
            return self.part(node)
        inner = next(
            (place for place, a in enumerate(node.args) if isinstance(self.known(a), torch.fx.GraphModule)), None
        )
        if inner is not None:  # a graph of its own, such as the part of a model without gradients
            if not str(node.target).startswith("wrap_with"):
                raise ArchcostError("control flow that follows from values is not supported")
            module = self.known(node.args[inner])
            places = [one for one in module.graph.nodes if one.op == "placeholder"]
            self.values |= zip(places, map(self.given, node.args[inner + 1 :]), strict=True)
            return self.walked(module)[0]
        return self.operated(node)

    def part(self, node: Any) -> Any:
        """One of several results; None stands for one that nothing may read."""
        several, place = node.args
        made = self.given(several)[place]
        if made is None and node.users and _shape(node) is not None:
            raise ArchcostError(f"{self.graph.where}: {several.target}: result {place} is read, which is not supported")
        return made

    def operated(self, node: Any) -> Any:
        """What an operator makes, in which nothing is lost of what it reads."""
        operator = str(node.target).removeprefix("aten.")
        name = operator.partition(".")[0]
        bound, before = self.bound(node), len(self.graph.nodes)
        handler = OPERATORS.get(operator) or OPERATORS.get(name) or OPERATORS.get(name.rstrip("_"))
        made = node.meta.get("val")
        if handler is None:
            return self.unknown(node, f"aten.{operator}", bound)
        result = handler(self.graph, made if _shape(node) is None else _size(made), **bound)
        result = self.agreed(result, made, before)
        needed = [value for key, value in bound.items() if key != SHAPE_ONLY.get(name)]
        if made is not None and {x.node for x in _tensors(needed)} - self.reached(result, before) - {None}:
            raise ArchcostError("does not follow from one of its inputs, which is not supported")
        if name.endswith("_"):
            self.write(node.args[0], result)
        return result

    def unknown(self, node: Any, operator: str, bound: Mapping[str, Any]) -> Any:
        """What an operator makes that has no handler; a number must follow from no tensor."""
        made, read = node.meta.get("val"), list(_tensors(bound.values()))
        if isinstance(made, list | tuple):
            return self.graph.uncounted_several(operator, read, list(map(_size, made)))
        if isinstance(made, torch.Tensor):
            return self.graph.uncounted(operator, read, _size(made))
        if made is not None and not operator.startswith("aten.sym_") and not all(x.constant for x in read):
            raise ArchcostError("makes a number of computed values, which is not supported")
        return made

    def agreed(self, made: Any, said: Any, before: int) -> Any:
        """What an operator made, if it has the shapes that the exporter says, and of the types that it says."""
        if isinstance(made, list):
            return [self.agreed(one, value, before) for one, value in zip(made, said, strict=True)]
        if not isinstance(made, Tensor):
            return made
        if made.shape != _size(said):
            raise ArchcostError(f"makes {sizes(made.shape)}, the model says {sizes(_size(said))}")
        if made.constant or not said.dtype.is_floating_point:
            return made
        new = made.node is not None and made.node >= before
        return self.graph.typed(made, _type(said)) if new else made._replace(dtype=_type(said))

    def reached(self, result: Any, before: int) -> set[int]:
        """Which of the first nodes a result follows from directly."""
        found: set[int] = set()
        left = [x.node for x in _tensors([result]) if x.node is not None]
        while left:
            index = left.pop()
            if index < before:
                found.add(index)
            else:
                left += self.graph.nodes[index].inputs
        return found

    def write(self, target: Any, made: Tensor) -> None:
        """What is written into a part of a tensor is there for all that read the whole later."""
        whole = target
        while getattr(whole.target, "__name__", "").partition(".")[0] in VIEWS:
            whole = whole.args[0]
        if whole is not target:
            self.values[whole] = written_over(self.graph, self.values[whole], made)

    def known(self, argument: Any) -> Any:
        """What a node made, if the argument is one."""
        return self.values.get(argument) if isinstance(argument, torch.fx.Node) else None

    def given(self, argument: Any) -> Any:
        """An argument with what its nodes make in their place."""
        if isinstance(argument, torch.fx.Node):
            return self.values[argument]
        if isinstance(argument, list | tuple):
            return [self.given(part) for part in argument]
        return argument

    def bound(self, node: Any) -> dict[str, Any]:
        """The arguments by the names that the operator's schema has, defaults included."""
        schema = getattr(node.target, "_schema", None)
        if schema is None:
            return {str(place): self.given(argument) for place, argument in enumerate(node.args)}
        bound = {a.name: a.default_value for a in schema.arguments if a.has_default_value()}
        bound |= {a.name: self.given(value) for a, value in zip(schema.arguments, node.args, strict=False)}
        bound |= {name: self.given(value) for name, value in node.kwargs.items()}
        return {"input" if name == "self" else name: value for name, value in bound.items()}


def _shape(node: Any) -> tuple[int, ...] | None:
    value = node.meta.get("val")
    return tuple(map(int, value.shape)) if isinstance(value, torch.Tensor) else None


def _module(node: Any) -> str:
    """The module that a node belongs to, by its path."""
    stack = node.meta.get("nn_module_stack") or {}
    return str([*stack.values()][-1][0]) if stack else ""


def _size(value: torch.Tensor) -> tuple[int, ...]:
    """The shape of a tensor; a single number is a vector of one."""
    return tuple(map(int, value.shape)) or (1,)


def _type(value: torch.Tensor) -> str:
    """The type of a tensor's elements; empty for float32, and for numbers that are not floating."""
    name = str(value.dtype).removeprefix("torch.")
    name = "float8" if name.startswith("float8") else name
    return name if value.dtype.is_floating_point and name in DTYPES and name != "float32" else ""


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list):
            yield from _tensors(value)
