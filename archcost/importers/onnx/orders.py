"""Which weights of recurrent layers does an exporter put in another order, node by node, before they are used?

PyTorch and ONNX have the gates in different orders. The newer exporter of PyTorch cuts large matrices into gates and
joins these again, in the graph. So a layer's weights are computed there, though they are but stored tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from archcost.dims import Shape
from archcost.importers.onnx.values import Value

RECURRENT = ("LSTM", "GRU", "RNN")
WEIGHTS = slice(1, 4)  # among the inputs of these
ORDERING = {"Slice": slice(0, 1), "Unsqueeze": slice(0, 1), "Identity": slice(0, 1), "Concat": slice(None)}
MOST = 64  # nodes for one layer


class Ordered(NamedTuple):
    """Stored tensors in another order: the places of the nodes that bring them into it, and what these read."""

    places: frozenset[int]
    leaves: frozenset[str]


def ordered(
    nodes: Sequence[Any],
    readers: Mapping[str, Sequence[int]],
    stored: Mapping[str, Value],
    shape_of: Callable[[str], Shape | None],
) -> Mapping[str, Ordered]:
    """By name what recurrent layers read as weights, where it is all of some stored tensors that nothing else reads."""
    wanted = [
        (place, name)
        for place, node in enumerate(nodes)
        if node.op_type in RECURRENT
        for name in node.input[WEIGHTS]
        if name not in stored
    ]
    traces = _traces(nodes, stored) if wanted else {}
    found = {}
    for place, name in wanted:
        one, shape = traces.get(name), shape_of(name)
        if one is None or shape is None:
            continue
        within = {*one.places, place}
        alone = all({*readers.get(made, ())} <= within for i in one.places for made in nodes[i].output)
        whole = sum(prod(stored[leaf].shape) for leaf in one.leaves) == prod(shape)
        if alone and whole and all({*readers.get(leaf, ())} <= one.places for leaf in one.leaves):
            found[name] = one
    return found


def _traces(nodes: Sequence[Any], stored: Mapping[str, Value]) -> dict[str, Ordered]:
    """By name the tensors that are nothing but a few stored ones in some order."""
    traces = {name: Ordered(frozenset(), frozenset([name])) for name, value in stored.items() if value.stored}
    for place, node in enumerate(nodes):
        parts = [traces.get(name) for name in node.input[ORDERING.get(node.op_type, slice(0))]]
        known = [one for one in parts if one is not None and len(one.places) < MOST]
        if parts and len(known) == len(parts):
            places = frozenset([place]).union(*(one.places for one in known))
            traces[node.output[0]] = Ordered(places, frozenset().union(*(one.leaves for one in known)))
    return traces
