"""A foreign graph on its way to a net: tensors that know their batch axis, layers that carry the names of modules.

Foreign graphs are read with a batch of one sample. Their tensors have a batch axis, those of a net have none: it is
followed through the graph, wherever axes are moved, and left out. Every layer is worked out as it is added, so that a
shape that differs from the one that the foreign graph has is an error at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple

from archcost.cost import Cost
from archcost.dims import Shape, sizes
from archcost.errors import ArchcostError
from archcost.net import INPUT, NOTHING_SAID, OUTPUT, Net, Node, apply

SHOWN = 3  # places of an unknown operator that an error names
NODES = 100_000  # that a net may have


class Weight(NamedTuple):
    """A tensor that is stored with the model: a parameter, or a buffer, which is not trained."""

    name: str
    trained: bool = True
    dtype: str = ""  # of its elements, where it is not float32


class Tensor(NamedTuple):
    """A value of the foreign graph."""

    shape: Shape  # as it has it, with the batch axis
    node: int | None = None  # which node of the net makes it; none makes weights and constants
    batch: int | None = None  # which axis is the batch, of size 1
    weight: Weight | None = None
    dtype: str = ""  # of its elements, where it is known and not float32

    @property
    def sample(self) -> Shape:
        """The shape of one sample: without the batch axis. A number is a vector of one."""
        shape = self.shape if self.batch is None else (*self.shape[: self.batch], *self.shape[self.batch + 1 :])
        return shape or (1,)

    @property
    def constant(self) -> bool:
        """Whether its values are known beforehand: they follow from no input and no parameter."""
        return self.node is None and (self.weight is None or not self.weight.trained)

    def axis(self, axis: int) -> int:
        """An axis of the foreign graph, counted from either end, as one of the sample. It must not be the batch."""
        axis %= len(self.shape)
        return axis if self.batch is None or axis < self.batch else axis - 1


class Unnamed(NamedTuple):
    """A node before all are known, so that names can be short."""

    module: str
    op: str
    inputs: tuple[int, ...]
    attributes: Mapping[str, Any]
    shares: int | None
    stored: Mapping[str, str] = NOTHING_SAID  # the types of its parameters
    storage: str = "view"


class Graph:
    """The nodes made so far."""

    def __init__(self) -> None:
        self.nodes: list[Unnamed] = []
        self.shapes: list[Shape] = []
        self.stored: dict[str, Tensor] = {}
        self.given: dict[str, int] = {}  # the nodes that give a weight as a tensor
        self.owned: dict[str, int] = {}  # the node that has a weight as its own; -1 if only a constant followed from it
        self.unknown: dict[str, list[str]] = {}
        self.types: dict[int, str] = {}  # of what nodes make, where it is not float32
        self.rounded: list[int] = []  # the nodes that quantise what an earlier one made
        self.module = ""  # in which the foreign graph is at work

    @property
    def where(self) -> str:
        """The module at work, as errors name it."""
        return self.module or "the model"

    # What stands at the beginning.

    def input(self, name: str, shape: Shape, batch: int | None = 0) -> Tensor:
        """An input of the network."""
        tensor = Tensor(shape, len(self.nodes), batch)
        self._append(Unnamed(name, INPUT, (), {"shape": tensor.sample}, None), tensor.sample)
        return tensor

    def weight(self, name: str, shape: Shape, trained: bool = True, dtype: str = "") -> Tensor:
        """A stored tensor; it is counted also if nothing reads it."""
        self.stored[name] = Tensor(shape, weight=Weight(name, trained, dtype))
        return self.stored[name]

    # Layers.

    def add(
        self,
        op: str,
        inputs: Sequence[Tensor],
        shape: Shape,
        batch: int | None,
        weights: Sequence[Tensor | None] = (),
        /,
        **attributes: Any,
    ) -> Tensor:
        """A layer, which must make the shape that the foreign graph says; of constants there is nothing to do.

        `weights` are its own: a second layer with the same ones shares them.
        """
        own = [tensor.weight for tensor in weights if tensor is not None and tensor.weight is not None]
        if all(tensor.constant for tensor in inputs) and not any(weight.trained for weight in own):
            self.owned |= dict.fromkeys([weight.name for weight in own if weight.name not in self.given], -1)
            return Tensor(shape)
        if any(weight.name in self.given for weight in own if weight.trained):
            raise ArchcostError(f"{self.where}: {op} has weights that are also read in another way")
        types = [*(x.dtype for x in inputs), *(weight.dtype for weight in own if "float" in weight.dtype)]
        made = Tensor(shape, None, batch, dtype=next(filter(None, types), ""))
        read = tuple(map(self.realized, inputs))
        if batch is not None and shape[batch] != 1:
            raise ArchcostError(f"{self.where}: {op} makes a batch of {shape[batch]}, which is not supported")
        cost = apply(op, tuple(self.shapes[i] for i in read), attributes)
        if cost.out != made.sample:
            raise ArchcostError(f"{self.where}: {op} gives {sizes(cost.out)}, the model says {sizes(made.sample)}")
        self._check(op, own, cost)
        owners = {self.owned.get(weight.name, -1) for weight in own}
        shares = owners.pop() if len(owners) == 1 and -1 not in owners else None
        index = len(self.nodes)
        self.owned |= {weight.name: index for weight in own if self.owned.get(weight.name, -1) < 0}
        stored = self._types_of(op, own, cost) if shares is None else NOTHING_SAID
        self._append(Unnamed(self.module, op, read, attributes, shares, stored, cost.storage), made.sample)
        return self.typed(made._replace(node=index), made.dtype)

    def typed(self, tensor: Tensor, dtype: str) -> Tensor:
        """What a layer made, said to be of a type."""
        if tensor.node is not None:
            self.types[tensor.node] = dtype
        return tensor._replace(dtype=dtype)

    def quantised(self, x: Tensor, dtype: str) -> Tensor:
        """What a layer made, scaled and rounded. If nothing else reads it, this is how it is made: see `_merged`."""
        scaled = self.add("affine", [x], x.shape, x.batch)
        made = self.add("round", [scaled], x.shape, x.batch)
        if made.node is not None:
            self.rounded.append(made.node)
        return self.typed(made, dtype)

    def _check(self, op: str, own: Sequence[Weight], cost: Cost) -> None:
        """Refuse a layer that would have more or fewer weights than the foreign graph stores for it."""
        for trained, counted in ((True, cost.params), (False, cost.buffers)):
            stored = sum(prod(self.stored[weight.name].shape) for weight in own if weight.trained is trained)
            if own and sum(counted.values()) != stored:
                kind = "parameters" if trained else "buffers"
                raise ArchcostError(f"{self.where}: {op} has {sum(counted.values())} {kind}, the model {stored}")

    def _types_of(self, op: str, own: Sequence[Weight], cost: Cost) -> Mapping[str, str]:
        """The types of parameters by kind: in order, the weights that make up as many elements as a kind has."""
        trained = [weight for weight in own if weight.trained]
        types = {weight.dtype for weight in trained}
        if not any(types):
            return NOTHING_SAID
        kinds = {kind: count for kind, count in cost.params.items() if count}
        if len(types) == 1:
            return dict.fromkeys(kinds, *types)
        ends = [*accumulate(kinds.values())]
        filled = [*accumulate(prod(self.stored[weight.name].shape) for weight in trained)]
        each: list[set[str]] = [set() for _ in kinds]
        for weight, end in zip(trained, filled, strict=True):
            each[bisect_left(ends, end)].add(weight.dtype)
        if not {*ends} <= {*filled} or max(map(len, each)) > 1:
            raise ArchcostError(f"{self.where}: {op} has weights of one kind but several types, which is not supported")
        return {kind: dtype for kind, (dtype,) in zip(kinds, each, strict=True) if dtype}

    def _append(self, node: Unnamed, shape: Shape) -> None:
        if len(self.nodes) >= NODES:
            raise ArchcostError(f"{self.where}: the network has more than {NODES} layers")
        self.nodes.append(node)
        self.shapes.append(shape)

    def realized(self, tensor: Tensor) -> int:
        """The node that makes a tensor; a weight and a constant become one where they are read as they are."""
        if tensor.node is not None:
            return tensor.node
        if tensor.weight is None:
            self._append(Unnamed(self.module, "constant", (), {"shape": tensor.sample}, None), tensor.sample)
            return len(self.nodes) - 1
        name = tensor.weight.name
        if name not in self.given:
            attributes = {"shape": tensor.shape} if tensor.weight.trained else {"shape": tensor.shape, "trained": False}
            self.given[name] = len(self.nodes)
            types = {"embedding": tensor.weight.dtype} if tensor.weight.dtype and tensor.weight.trained else {}
            self.typed(Tensor((), len(self.nodes)), tensor.weight.dtype)
            self._append(Unnamed(path(name), "parameter", (), attributes, None, types), tensor.shape)
        return self.given[name]

    def read(self, weight: Tensor) -> Tensor:
        """A weight as a tensor like any other."""
        return Tensor(weight.shape, self.realized(weight), dtype=weight.weight.dtype if weight.weight else "")

    def owns(self, tensor: Tensor) -> bool:
        """Whether a tensor is a trained weight that a layer may have as its own."""
        return tensor.weight is not None and tensor.weight.trained and tensor.weight.name not in self.given

    def uncounted(self, operator: str, inputs: Sequence[Tensor], shape: Shape) -> Tensor:
        """An operator that is not known: noted, and let through so that all of them are found."""
        self.unknown.setdefault(operator, []).append(self.where)
        batch = 0 if shape[:1] == (1,) and any(tensor.batch is not None for tensor in inputs) else None
        made = Tensor(shape, None, batch)
        return self.add("uncounted", inputs, shape, batch, operator=operator, out=made.sample)

    def uncounted_several(self, operator: str, inputs: Sequence[Tensor], shapes: Sequence[Shape]) -> list[Tensor]:
        """The same of one that makes several tensors: it is one layer, of which the others are looked up."""
        first, *others = shapes
        made = self.uncounted(operator, inputs, first)
        batch = None if made.batch is None else 0
        parts = [Tensor(shape, None, batch if shape[:1] == (1,) else None) for shape in others]
        return [made, *(self.add("gather", [made], part.shape, part.batch, out=part.sample) for part in parts)]

    # Axes.

    def reshape(self, x: Tensor, shape: Shape) -> Tensor:
        """The elements in another shape. The batch axis is the first of size 1 that fits where it was."""
        batch = None
        if x.batch is not None or (not x.constant and x.weight is None):
            before = 1 if x.batch is None else prod(x.shape[: x.batch])
            ones = [axis for axis, size in enumerate(shape) if size == 1]
            fits = [axis for axis in ones if axis == 0 or prod(shape[:axis]) == before]
            batch = fits[0] if fits else None
        return self.seen_as(x, shape, batch)

    def seen_as(self, x: Tensor, shape: Shape, batch: int | None) -> Tensor:
        """The elements in another shape with a known batch axis; no layer where the sample stays as it is."""
        made = x._replace(shape=shape, batch=batch, weight=x.weight if shape == x.shape else None)
        if x.constant:
            return Tensor(shape, weight=made.weight)
        if made.sample == x.sample and x.node is not None:
            return made
        if shape == x.shape and batch == x.batch:
            return x
        if len(made.sample) == 1:
            return self.add("flatten", [x], shape, batch)
        return self.add("reshape", [x], shape, batch, out=made.sample)

    def whole(self, x: Tensor) -> Tensor:
        """The same with its batch axis as an axis like any other."""
        return x if x.batch is None else self.seen_as(x, x.shape, None)

    def batched(self, x: Tensor, axis: int = 0) -> Tensor:
        """The same with that axis, which has size 1, as its batch."""
        if x.batch == axis or x.constant or x.shape[axis] != 1:
            return x
        return self.seen_as(x, x.shape, axis)

    def permute(self, x: Tensor, axes: Sequence[int]) -> Tensor:
        """The axes in another order."""
        axes = [axis % len(x.shape) for axis in axes]
        shape = tuple(x.shape[axis] for axis in axes)
        batch = None if x.batch is None else axes.index(x.batch)
        if x.constant:
            return Tensor(shape)
        order = [x.axis(axis) for axis in axes if axis != x.batch]
        if order == sorted(order):
            return self.seen_as(x, shape, batch)
        return self.add("permute", [x], shape, batch, axes=tuple(order))

    def aligned(self, xs: Sequence[Tensor], kept: int = 0) -> tuple[list[Tensor], int | None]:
        """Tensors that are broadcast, their samples of equal rank, and the batch axis of what they make.

        The last `kept` axes are not broadcast: they stay as they are.
        """
        rank = max(len(x.shape) for x in xs)
        places = {x.batch + rank - len(x.shape) for x in xs if x.batch is not None}
        batch = places.pop() if len(places) == 1 else None
        if batch is not None and (batch >= rank - kept or any(_size(x, batch, rank) != 1 for x in xs)):
            batch = None
        made = []
        for x in xs:
            plain = x if batch is not None and x.batch is not None else self.whole(x)
            shape = (*[1] * (rank - len(x.shape)), *x.shape)
            made.append(self.seen_as(plain, shape, batch) if not plain.constant else Tensor(shape, batch=batch))
        return made, batch

    # At the end.

    def net(self, name: str, title: str, outputs: Sequence[Tensor], skip_unknown: bool) -> Net:
        """The net with these outputs, of which the first is its last node, if all operators were known or may be
        skipped. What no output follows from is left out, unless it has weights: these are stored all the same.
        """
        if self.unknown and not skip_unknown:
            raise ArchcostError(self.complaint())
        made = list(map(self.realized, outputs))
        for tensor in self.stored.values():
            if tensor.weight is not None and not (tensor.weight.name in self.given or tensor.weight.name in self.owned):
                self.realized(tensor)
        last, *others = self._at_the_end(self._merged(made))
        order = sorted(self._needed([last, *others]) - {last}, key=lambda i: (self.nodes[i].op != INPUT, i))
        return self._written(name, title, [*order, last])

    def _needed(self, outputs: Iterable[int]) -> set[int]:
        """The inputs, what has weights, and all that these and the outputs follow from or share their weights with."""
        inputs = (i for i, node in enumerate(self.nodes) if node.op == INPUT)
        needed: set[int] = set()
        left = [*outputs, *inputs, *self.given.values(), *(i for i in self.owned.values() if i >= 0)]
        while left:
            index = left.pop()
            if index not in needed:
                needed.add(index)
                node = self.nodes[index]
                left += node.inputs if node.shares is None else (*node.inputs, node.shares)
        return needed

    def _merged(self, outputs: Sequence[int]) -> list[int]:
        """The outputs, once numbers that nothing reads before they are quantised are quantised as they are made."""
        needed = self._needed(outputs)
        readers = Counter(i for index in needed for i in self.nodes[index].inputs)
        readers.update(outputs)
        source: dict[int, int] = {}  # of what was quantised, where it takes its place
        for rounded in filter(needed.__contains__, self.rounded):
            (scaled,) = self.nodes[rounded].inputs
            (read,) = self.nodes[scaled].inputs
            read = source.get(read, read)
            if self._alone(read, readers, self.types[rounded]):
                source[rounded], readers[read] = read, readers[rounded]
                self.types[read] = self.types[rounded]
            self._narrow(source.get(rounded, rounded), readers)
        for index in needed:
            node = self.nodes[index]
            self.nodes[index] = node._replace(inputs=tuple(source.get(i, i) for i in node.inputs))
        return [source.get(index, index) for index in outputs]

    def _alone(self, index: int, readers: Mapping[int, int], dtype: str) -> bool:
        """Whether a layer makes what is read only once, in memory that nobody expects to hold another type."""
        node = self.nodes[index]
        alone = readers[index] == 1 and bool(node.inputs)
        while alone and node.storage == "view":
            (index, *_) = node.inputs
            node = self.nodes[index]
            if self.types.get(index) == dtype:
                return True
            alone = readers[index] == 1 and bool(node.inputs)
        return alone

    def _narrow(self, index: int, readers: Mapping[int, int]) -> None:
        """Where a quantised layer works in place, the layer before it writes quantised numbers as well."""
        node, dtype = self.nodes[index], self.types[index]
        while node.storage != "new":
            (before, *_) = node.inputs
            if self.types.get(before) or not self._alone(before, readers, dtype):
                return
            self.types[before] = dtype
            node = self.nodes[before]

    def _at_the_end(self, outputs: Sequence[int]) -> list[int]:
        """The outputs. One that is an input or read by a layer is seen as it is once more, so that it lives to the end;
        so is the first, as the last node, if it has the weights of others.
        """
        nodes = [self.nodes[index] for index in self._needed(outputs)]
        used = {i for node in nodes for i in node.inputs}
        used |= {node.shares for node in nodes if node.shares is not None and node.shares == outputs[0]}
        made = []
        for place, output in enumerate(dict.fromkeys(outputs), 1):
            if output in used or self.nodes[output].op == INPUT:
                label, out = f"output{place if place > 1 else ''}", self.shapes[output]
                made.append(len(self.nodes))
                self._append(Unnamed(label, "reshape", (output,), {"out": out}, None), out)
            else:
                made.append(output)
        return made

    def _written(self, name: str, title: str, order: Sequence[int]) -> Net:
        """The nodes in an order, with names."""
        place = {old: new for new, old in enumerate(order)}
        nodes = []
        for label, old in zip(_names([self.nodes[i] for i in order]), order, strict=True):
            node = self.nodes[old]
            shares = None if node.shares is None else place[node.shares]
            inputs = tuple(place[i] for i in node.inputs)
            types = {**self._output_type(old), **node.stored}
            nodes.append(Node(label, node.op, inputs, node.attributes, shares=shares, dtypes=types))
        return Net(name, tuple(nodes), title)

    def _output_type(self, index: int) -> dict[str, str]:
        """The type of what a node makes, where it must be said: a layer in place has that of its input by itself."""
        node = self.nodes[index]
        passed = self.types.get(node.inputs[0], "") if node.storage != "new" and node.inputs else ""
        own = self.types.get(index, "")
        return {} if own == passed or node.op == INPUT else {OUTPUT: own or "float32"}

    def complaint(self) -> str:
        """Which operators are not known, how often each stands there, and where."""
        lines = [f"{len(self.unknown)} operators are not known; --unknown skip goes on without counting them:"]
        for operator, places in sorted(self.unknown.items()):
            seen = list(dict.fromkeys(places))
            more = f" and {len(seen) - SHOWN} more" if len(seen) > SHOWN else ""
            often = "once" if len(places) == 1 else f"{len(places)} times"
            lines.append(f"  {operator}: {often}, in {', '.join(seen[:SHOWN])}{more}")
        return "\n".join(lines)


def _size(x: Tensor, axis: int, rank: int) -> int:
    """The size along an axis of what has a higher rank; axes that are not there have size 1."""
    own = axis - (rank - len(x.shape))
    return x.shape[own] if own >= 0 else 1


def path(name: str) -> str:
    """The name of a module or of a stored tensor as the path of a layer."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "_+-/") else "/" for sign in name)
    return "/".join(part for part in plain.split("/") if part)


def _names(nodes: Sequence[Unnamed]) -> list[str]:
    """The path of the module for a node that is alone in it, else with the kind of layer behind it, numbered."""
    alone = Counter(node.module for node in nodes)
    inside = {node.module.rpartition("/")[0] for node in nodes if "/" in node.module}
    parents = {"/".join(module.split("/")[:depth]) for module in alone for depth in range(1, module.count("/") + 1)}
    seen: Counter[str] = Counter()
    names = []
    for node in nodes:
        if node.module and alone[node.module] == 1 and node.module not in parents | inside:
            names.append(node.module)
            continue
        label = node.module if node.module.rpartition("/")[2] == node.op else f"{node.module}/{node.op}".lstrip("/")
        seen[label] += 1
        while f"{label}{seen[label]}" in alone:
            seen[label] += 1
        names.append(f"{label}{seen[label]}")
    return names
