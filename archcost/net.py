"""A network as a flat list of named nodes, and the shapes and costs that run through it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from archcost.cost import NOTHING, Cost, layer_type
from archcost.dims import Shape, at_least, require, same
from archcost.errors import ArchcostError, Frame, Position, ShapeError, SpecError
from archcost.kinds import LARGEST

INPUT = "input"
OUTPUT = "output"  # what a layer makes, where types are given
NOTHING_SAID: Mapping[str, str] = MappingProxyType({})


class Node(NamedTuple):
    """One layer in its place: what it is, what it reads (indices of earlier nodes), and where it was written."""

    name: str
    op: str
    inputs: tuple[int, ...] = ()
    attributes: Mapping[str, Any] = NOTHING
    at: Position | None = None
    via: Frame | None = None
    shares: int | None = None  # the node whose weights it uses
    dtypes: Mapping[str, str] = NOTHING_SAID  # of its output, and of its parameters by kind, where they are known


class Accuracy(NamedTuple):
    """What was measured and published, in percent; it is never computed."""

    top1: float
    top5: float | None
    source: str
    data: str
    note: str
    at: Position


class Net(NamedTuple):
    """Nodes in an order in which each follows what it reads; inputs are nodes of op `input`, the last is the output."""

    name: str
    nodes: tuple[Node, ...]
    title: str = ""
    source: str = ""
    accuracy: Accuracy | None = None
    notes: str = ""  # what an importer has to say


def uncounted(nodes: Iterable[Node]) -> Mapping[str, int]:
    """The operators that are not counted, because nobody knows what they cost, and how often each stands there."""
    return Counter(str(node.attributes["operator"]) for node in nodes if node.op == "uncounted")


class Step(NamedTuple):
    """A node with the shapes it reads and what it costs there."""

    node: Node
    inputs: tuple[Shape, ...]
    cost: Cost
    dtype: str = ""  # of what it makes, if it is known; else it is whatever is asked about


def propagate(net: Net, shared: Callable[[Shape], Shape] | None = None) -> tuple[Step, ...]:
    """The cost of every node in turn. An impossible or unknown layer is an error that names the node and its place.

    Arrays cannot be looked up, so layers on arrays are worked out again wherever they stand, unless `shared` gives the
    same arrays for shapes that are equal.
    """
    steps: list[Step] = []
    known: dict[Any, Cost] = {}
    for node in net.nodes:
        inputs = tuple([steps[i].cost.out for i in node.inputs])
        alike = (node.op, inputs, id(node.attributes))  # a block that is repeated has the attributes of the first
        try:
            cost = known[alike]
        except KeyError:
            cost = known[alike] = _cost(node, inputs)
        except TypeError:
            by_array = (node.op, tuple(map(identities, inputs)), id(node.attributes))
            if by_array not in known:
                cost = _cost(node, inputs)
                known[by_array] = cost._replace(out=shared(cost.out)) if shared else cost
            cost = known[by_array]
        if node.shares is not None:
            cost = _sharing(node, cost, steps[node.shares])
        steps.append(Step(node, inputs, cost, node.dtypes.get(OUTPUT) or _passed_on(node, cost, steps)))
    return tuple(steps)


def _passed_on(node: Node, cost: Cost, steps: Sequence[Step]) -> str:
    """The type of what a layer makes that works in place or only looks at its input: that of the input."""
    return steps[node.inputs[0]].dtype if cost.storage != "new" and node.inputs else ""


def identities(shape: Shape) -> tuple[Any, ...]:
    """A shape as something that can be looked up: an array by which one it is."""
    return tuple([id(n) if hasattr(n, "dtype") else n for n in shape])


def _cost(node: Node, inputs: tuple[Shape, ...]) -> Cost:
    try:
        cost = apply(node.op, inputs, node.attributes)
        absent = node.dtypes.keys() - {OUTPUT, *cost.params}
        require(not absent, "{} has no {} that could have a type", node.op, ", ".join(sorted(absent)))
        for size in cost.out:
            require(at_least(size, 1), "gives an empty output: {}", cost.out)
            require(not isinstance(size, int) or size <= LARGEST, "gives an impossible output: {}", cost.out)
    except ShapeError as error:
        raise SpecError(f"{node.name}: {error}", node.at, node.via) from error
    return cost


def _sharing(node: Node, cost: Cost, owner: Step) -> Cost:
    """The cost of a layer with the weights of another, which are stored once: there."""
    for ours, theirs in ((cost.params, owner.cost.params), (cost.buffers, owner.cost.buffers)):
        if same(sum(ours.values()), sum(theirs.values())) is False:
            kept, needed = sum(theirs.values()), sum(ours.values())
            message = f"{node.name} needs {needed} weights, {owner.node.name} has {kept}"
            raise SpecError(message, node.at, node.via)
    return cost._replace(params=NOTHING, buffers=NOTHING)


def apply(op: str, inputs: tuple[Shape, ...], attributes: Mapping[str, Any]) -> Cost:
    """The cost of one layer on these inputs."""
    if op == INPUT:
        return Cost(out=attributes["shape"])
    found = layer_type(op)
    if not found.takes(len(inputs)):
        raise ArchcostError(f"{op} reads {found.reads}, is given {len(inputs)}")
    return found.cost(*inputs, **attributes)
