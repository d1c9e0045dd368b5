"""Batch norms folded into the layers before them, as exporters do for inference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from archcost.convention import Convention
from archcost.dims import Shape
from archcost.net import Net, Node, Step, propagate

INTO = ("conv", "depthwise", "transposed_conv", "linear")


def steps_under(convention: Convention, net: Net, shared: Callable[[Shape], Shape] | None = None) -> tuple[Step, ...]:
    """The steps of a net as a convention sees them; `shared` is what `propagate` takes."""
    return propagate(fold_batchnorms(net) if convention.fold else net, shared)


def fold_batchnorms(net: Net) -> Net:
    """The net without the batch norms that alone read a convolution or linear layer, which gets a bias instead."""
    readers = Counter(read for node in net.nodes for read in node.inputs)
    shared = {node.shares for node in net.nodes}
    place: dict[int, int] = {}  # where each node has gone
    nodes: list[Node] = []
    for index, node in enumerate(net.nodes):
        before = node.inputs[0] if node.op == "batchnorm" else 0
        last = index == len(net.nodes) - 1 and before != index - 1  # the output of a net must stay its last node
        own = before not in shared and net.nodes[before].shares is None  # other layers need the weights as they are
        if node.op == "batchnorm" and net.nodes[before].op in INTO and readers[before] == 1 and own and not last:
            place[index] = place[before]
            merged = nodes[place[before]]
            nodes[place[before]] = merged._replace(attributes={**merged.attributes, "bias": True})
        else:
            place[index] = len(nodes)
            shares = None if node.shares is None else place[node.shares]
            nodes.append(node._replace(inputs=tuple([place[read] for read in node.inputs]), shares=shares))
    return net._replace(nodes=tuple(nodes))
