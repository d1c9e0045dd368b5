"""Which layers are made of tensors, and whose weights are the stored ones?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from archcost.dims import Shape, sizes
from archcost.errors import ArchcostError, ShapeError
from archcost.importers.graph import Graph, Tensor, Weight
from archcost.importers.onnx.file import NAME, short
from archcost.importers.onnx.origins import Origin, Origins
from archcost.importers.onnx.values import RANK, Value, blank, broadcast, check
from archcost.kinds import LARGEST
from archcost.net import apply


class Maker:
    """What is made while a model is read: layers, and the stored tensors that are their weights."""

    def __init__(self, title: str, origins: Origins) -> None:
        self.title, self.graph, self.origins = title, Graph(), origins
        self.full: dict[str, Shape] = {}  # the shapes of stored tensors
        self.origin: dict[str, Origin] = {}
        self.vectors: Counter[str] = Counter()  # how many layers have one as bias, scale or shift
        self.weighed: dict[str, tuple[str, list[Tensor]]] = {}  # by its matrix: a layer's bias, and all its weights
        self.aliases: dict[tuple[str, str], str] = {}  # of vectors that are read in several modules
        self.aliased: set[str] = set()  # the vectors that have one
        self.scoped = False  # whether the exporter says which module a node belongs to

    def weight(self, name: str, shape: Shape, floating: bool, dtype: str = "") -> Value:
        """A stored tensor, by its shape."""
        if len(shape) > RANK or any(n < 0 for n in shape) or prod(shape) > LARGEST:
            raise ArchcostError(f"{self.title}: {short(name)!r} has an impossible shape of {sizes(shape)}")
        key = name if len(name) <= NAME else f"{short(name)}/{len(self.full)}"
        self.full[key], self.origin[key] = shape or (1,), self.origins.of(name, shape, floating)
        trained = floating and self.origin[key] == "trained"
        return Value(Tensor(shape or (1,), weight=Weight(key, trained, dtype)), shape)

    def joined_weight(self, name: str, shape: Shape, part: Value) -> Value:
        """Stored tensors, of which one is given, as a single one."""
        check(shape, short(name))
        self.full[name], self.origin[name] = shape, "trained"
        dtype = part.tensor.weight.dtype if part.tensor.weight else ""
        return Value(Tensor(shape, weight=Weight(name, True, dtype)), shape)

    def uncounted(self, operator: str, read: Sequence[Tensor], *shapes: Shape) -> list[Value]:
        """The tensors that an unknown operator makes; of constants they are such."""
        for shape in shapes:
            check(shape, operator)
        if read and all(x.constant for x in read):
            return list(map(blank, shapes))
        made = self.graph.uncounted_several(operator, read, [shape or (1,) for shape in shapes])
        return list(map(Value, made, shapes))

    def read(self, value: Value) -> Tensor:
        """A tensor as something whose elements are read: stored ones become a layer of their own."""
        tensor = value.tensor
        if tensor.node is not None or tensor.weight is None:
            return tensor
        name, dtype = tensor.weight.name, tensor.weight.dtype
        if self.origin[name] == "buffer":
            self.graph.weight(name, self.full[name], False, dtype)
        if not tensor.weight.trained or self.graph.owned.get(name, -1) >= 0:  # counted where it is owned
            return Tensor(tensor.shape)
        if sum(n > 1 for n in self.full[name]) < 2 and self.scoped:
            name = self._alias(name)
        whole = self.graph.weight(name, self.full[tensor.weight.name], True, dtype)
        if tensor.shape == whole.shape:
            return whole
        return self.graph.seen_as(self.graph.read(whole), tensor.shape, None)

    def _alias(self, name: str) -> str:
        """The name that a vector has in the module at work, which is its own in the first that reads it."""
        key = (name, self.graph.module)
        if key not in self.aliases:
            self.aliases[key] = f"{name}/{len(self.aliases)}" if name in self.aliased else name
            self.aliased.add(name)
        return self.aliases[key]

    def owns(self, value: Value) -> bool:
        """Whether a tensor can be the own weights of a layer: it is stored, and no layer by itself already."""
        weight = value.tensor.weight
        return self.is_weight(value) and weight is not None and weight.name not in self.graph.given

    def is_weight(self, value: Value | None) -> bool:
        """Whether a tensor is stored as a weight, be it quantised or of one element; a buffer or a number is none."""
        weight = value.tensor.weight if value is not None and value.stored else None
        return weight is not None and (weight.trained or self.origin[weight.name] in ("trained", "number"))

    def own(self, *values: Value | None, trained: bool = True) -> list[Tensor]:
        """Stored tensors as the weights of the next layer. Vectors are not shared: equal ones are stored once."""
        made = []
        for value in values:
            weight = value.tensor.weight if value is not None else None
            if value is None or value.tensor.node is not None:
                continue
            name = weight.name if weight else f"{self.graph.module}/{len(self.graph.stored)}"
            shape = self.full.get(name, value.shape or (1,))
            if len(shape) == 1:
                self.vectors[name] += 1
                name = name if self.vectors[name] == 1 else f"{name}/{self.vectors[name]}"
            made.append(self.graph.weight(name, shape, trained, weight.dtype if weight else ""))
        return made

    def layer(
        self, op: str, inputs: Sequence[Tensor], batch: int | None, weights: Sequence[Tensor] = (), /, **attributes: Any
    ) -> Tensor:
        """A layer, whose shape follows from its formula."""
        inputs = [Tensor(x.sample) if x.constant else x for x in inputs]
        try:
            out = apply(op, tuple(x.sample for x in inputs), attributes).out
        except ShapeError as error:
            raise ArchcostError(f"{op}: {error}") from error
        check(out, op)
        shape = out if batch is None else (*out[:batch], 1, *out[batch:])
        return self.graph.add(op, inputs, shape, batch, weights, **attributes)

    def single(self, op: str, x: Value, **attributes: Any) -> Value:
        """A layer on each element by itself."""
        tensor = self.read(x)
        return Value(self.layer(op, [tensor], tensor.batch, **attributes), x.shape)

    def joined(self, op: str, values: Sequence[Value]) -> Value:
        """A layer on several tensors element by element, broadcast."""
        shape = broadcast([value.shape for value in values])
        if all(value.constant for value in values):
            return blank(shape)
        aligned, batch = self.graph.aligned([self.read(value) for value in values])
        return Value(self.layer(op, aligned, batch), shape)

    def viewed(self, x: Value, shape: Shape, change: Callable[[Tensor], Tensor]) -> Value:
        """The same elements in another shape; stored ones stay stored."""
        if x.tensor.node is None:
            known = None if x.known is None else x.known.reshape(shape)
            return Value(Tensor(shape or (1,), weight=x.tensor.weight), shape, known)
        return Value(change(x.tensor), shape)

    def transposed(self, x: Value, order: Sequence[int]) -> Value:
        """The axes in another order; stored elements stay stored."""
        shape = tuple(x.shape[axis] for axis in order)
        if x.tensor.node is None:
            known = None if x.known is None else x.known.transpose(order)
            return Value(Tensor(shape or (1,), weight=x.tensor.weight), shape, known)
        return Value(self.graph.permute(x.tensor, order) if order else x.tensor, shape)

    def on_map(self, kind: str, x: Value, own: Sequence[Tensor] = (), /, **attributes: Any) -> Value:
        """A layer on one map of channels and positions."""
        if len(x.shape) < 3:
            raise ArchcostError(f"needs a map, gets {sizes(x.shape)}")
        tensor = self.graph.batched(self.read(x))
        if tensor.batch != 0 and not x.constant:
            raise ArchcostError(f"{kind} of {x.shape[0]} maps at once is not supported")
        tensor = Tensor(x.shape[1:]) if x.constant else tensor
        made = self.layer(kind, [tensor], 0, own, **attributes)
        return Value(made, made.shape)
