"""Is the inference peak what liveness says? Cases small enough to follow by hand."""

from __future__ import annotations

import pytest

import archcost
from archcost.expand import expand
from archcost.library import load_net
from archcost.memory import peak
from archcost.net import propagate
from archcost.source import Source, parse
from archcost.spec import read_spec

CASES = {
    # The input and the first convolution's output live together; the ReLU overwrites.
    "chain": ("[conv: {out: 2, kernel: 1}, relu, conv: {out: 1, kernel: 1}]", 100 * (1 + 2)),
    # The flattened map is the map itself: nothing is added for it.
    "view": ("[conv: {out: 2, kernel: 1}, flatten, linear: 10]", 100 * (1 + 2)),
    # Shortcut 4, then the branch: 4 + 4 (first) + 4 (second); the sum overwrites one of its inputs.
    "residual": (
        "[conv: {out: 4, kernel: 1}, add: {main: [conv: {out: 4, kernel: 1}, conv: {out: 4, kernel: 1}], skip: []}]",
        100 * (4 + 4 + 4),
    ),
    # The branches' 4 and 3 wait for each other, and the concatenation is written beside them.
    "concat": (
        "[conv: {out: 2, kernel: 1}, concat: [[conv: {out: 4, kernel: 1}], [conv: {out: 3, kernel: 1}]]]",
        100 * (4 + 3 + 7),
    ),
    # The ReLU of the branch must not overwrite what the shortcut still reads: 2 + 2, then the sum in place.
    "in place, but read later": ("[conv: {out: 2, kernel: 1}, add: {main: [relu], skip: []}]", 100 * (2 + 2)),
    # The network's input is not overwritten.
    "input": ("[relu]", 100 * (1 + 1)),
}


@pytest.mark.parametrize("name", CASES)
def test_by_hand(name: str) -> None:
    """Elements alive at once, on maps of 10 x 10."""
    layers, expected = CASES[name]
    document = parse(Source(name, f"input: [1, 10, 10]\nlayers: {layers}"))
    assert peak(propagate(expand(read_spec(document, name)))) == expected


def test_vgg16_is_two_maps_of_64() -> None:
    """Measured by an eager run in PyTorch 2.13 without weights: 25.69 MB, two maps of 64 x 224 x 224 in fp32."""
    assert archcost.load("vgg16").totals.peak_memory_bytes == 2 * 64 * 224 * 224 * 4


def brute_force(steps) -> int:
    """The same by following every buffer from layer to layer, the slow way round."""
    last = {
        i: max((j for j, s in enumerate(steps) if i in s.node.inputs), default=len(steps)) for i in range(len(steps))
    }
    holder: dict[int, int] = {}  # node -> buffer
    size: dict[int, int] = {}
    highest = 0
    for i, step in enumerate(steps):
        elements = 1
        for n in step.cost.out:
            elements *= n
        live = {holder[j] for j in holder if last[j] >= i}
        readers_later = {holder[j] for j in holder if last[j] > i}
        target = None
        if step.cost.storage == "view":
            target = holder[step.node.inputs[0]]
        elif step.cost.storage == "inplace":
            free = [
                holder[j]
                for j in step.node.inputs
                if holder[j] not in readers_later
                and size[holder[j]] == elements
                and steps[j].cost.out == step.cost.out
                and holder[j] not in {k for k, s in enumerate(steps) if s.node.op == "input"}
            ]
            target = free[0] if free else None
        if target is None:
            target = i
            size[i] = elements
        holder[i] = target
        highest = max(highest, sum(size[b] for b in live | {target}))
    return highest


@pytest.mark.parametrize(
    "name", ["lenet5", "alexnet", "vgg11_bn", "googlenet", "resnet18", "resnet50", "inception_naive"]
)
def test_against_brute_force(name: str) -> None:
    """Linear bookkeeping and a quadratic simulation agree on whole networks."""
    steps = propagate(load_net(name))
    assert peak(steps) == brute_force(steps)
