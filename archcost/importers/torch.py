"""Models of PyTorch as nets: exported on the meta device, without weights and without running them.

The code that builds a model is the user's, and it is run. A file is never run: models are given as
`package.module:name`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import nn

from archcost.errors import ArchcostError
from archcost.importers.aten import OPERATORS
from archcost.importers.aten.places import written_over
from archcost.importers.graph import Graph, Tensor, path
from archcost.net import Net


def net_of(model: nn.Module, inputs: Sequence[torch.Tensor], name: str, title: str, skip_unknown: bool = False) -> Net:
    """The net of a model on some inputs, whose first axis is a batch of one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            program = torch.export.export(model.eval(), tuple(_beside(model, x) for x in inputs), strict=False)
        except Exception as error:  # whatever the user's code or the exporter raise
            first = str(error).strip().splitlines()
            raise ArchcostError(
                f"torch.export cannot export {title}: {type(error).__name__}: {first[0] if first else ''}"
            ) from error
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
                self.values[node] = self.value(node)
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
            spec, shape = signature[node.name], _shape(node)
            kind = spec.kind.name
            if kind == "USER_INPUT":
                self.values[node] = self.graph.input(node.name, shape) if shape is not None else node.meta.get("val")
            elif kind in ("PARAMETER", "BUFFER"):
                held = self.program.state_dict.get(spec.target, self.program.constants.get(spec.target))
                if id(held) not in known or held is None:
                    counter = spec.target.endswith("num_batches_tracked")
                    trained = kind == "PARAMETER"
                    one = Tensor(shape or (1,)) if counter else self.graph.weight(spec.target, shape or (1,), trained)
                    known[id(held)] = one
                self.values[node] = known[id(held)]
            else:
                self.values[node] = Tensor(shape or (1,))

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

    def value(self, node: Any) -> Any:
        """What a node of the program makes."""
        target = node.target
        if getattr(target, "__name__", "") == "getitem":
            return self.given(node.args[0])[node.args[1]]
        inner = next(
            (place for place, a in enumerate(node.args) if isinstance(self.known(a), torch.fx.GraphModule)), None
        )
        if inner is not None:  # a graph of its own, such as the part of a model without gradients
            module = self.known(node.args[inner])
            places = [one for one in module.graph.nodes if one.op == "placeholder"]
            self.values |= zip(places, map(self.given, node.args[inner + 1 :]), strict=True)
            return self.walked(module)[0]
        operator = str(target).removeprefix("aten.")
        name = operator.partition(".")[0]
        bound = self.bound(node)
        made = node.meta.get("val")
        shape = _shape(node)
        handler = OPERATORS.get(operator) or OPERATORS.get(name) or OPERATORS.get(name.rstrip("_"))
        if handler:
            out = shape or (1,) if shape is not None else made
            result = handler(self.graph, out, **bound)
            if name.endswith("_"):
                self.write(node.args[0], result)
            return result
        if shape is None and not isinstance(made, list | tuple):
            return made
        read = list(_tensors(bound.values()))
        if shape is not None:
            return self.graph.uncounted(f"aten.{operator}", read, shape or (1,))
        return [self.graph.uncounted(f"aten.{operator}", read, tuple(one.shape) or (1,)) for one in made]

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


def _nodes(argument: Any) -> Iterator[Any]:
    if isinstance(argument, torch.fx.Node):
        yield argument
    elif isinstance(argument, list | tuple):
        for part in argument:
            yield from _nodes(part)


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list):
            yield from _tensors(value)
