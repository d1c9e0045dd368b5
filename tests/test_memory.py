"""Is the inference peak what liveness says? Cases small enough to follow by hand."""

from __future__ import annotations

import pytest

import archcost
from archcost.expand import expand
from archcost.memory import peak
from archcost.net import Step, propagate
from archcost.source import Source, parse
from archcost.spec import read_spec
from archcost.zoo import load_net

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
    # A tensor of the network's own lies with the weights. The sum overwrites the map, which comes second.
    "parameter": ("[conv: {out: 3, kernel: 1}, add: [[parameter: {shape: [3, 10, 10]}], []]]", 100 * (1 + 3)),
    # The map is still read and the parameter is never overwritten: the first sum takes 3 beside the map.
    "parameter, kept": (
        "[{conv: {out: 3, kernel: 1}, as: x}, {parameter: {shape: [3, 10, 10]}, as: p}, {add: , from: [p, x], as: y},"
        " {multiply: , from: [p, x], as: z}, {add: , from: [z, y]}]",
        100 * (3 + 3),
    ),
    # Nor is it when it is seen in another shape, by a ReLU that would work in place.
    "view of a parameter": (
        "[{conv: {out: 2, kernel: 1}, as: x}, {parameter: {shape: [30, 100]}}, reshape: [3000],"
        " {relu: , as: p}, {flatten: , from: x, as: v}, {concat: , from: [v, p]}]",
        100 * (2 + 30 + 32),
    ),
    # A constant table is a buffer, not an activation; what is looked up in it is one: 1 x 2 x 9 x 9 beside the map.
    "table": (
        "[{relu: , as: x}, {parameter: {shape: [25, 2], trained: false}}, {relative_position_bias: 3, as: b},"
        " {flatten: , from: x, as: v}, {flatten: , from: b, as: w}, {concat: , from: [v, w]}]",
        100 + 162 + 262,
    ),
    # Tokens of a view: queries and keys are the map itself; the weights are normalised in place of the scores.
    "attention": (
        "[{conv: {out: 4, kernel: 1}}, reshape: [4, 100], {permute: [1, 0], as: x},"
        " {attention_scores: 2, from: [x, x]}, {softmax: , as: w}, {weighted_values: , from: [w, x]}]",
        4 * 100 + 2 * 100 * 100 + 4 * 100,
    ),
}


def case(name: str) -> tuple[Step, ...]:
    """The layers of a case, with their shapes."""
    document = parse(Source(name, f"input: [1, 10, 10]\nlayers: {CASES[name][0]}"))
    return propagate(expand(read_spec(document, name)))


@pytest.mark.parametrize("name", CASES)
def test_by_hand(name: str) -> None:
    """Elements alive at once, on maps of 10 x 10."""
    steps = case(name)
    assert peak(steps) == CASES[name][1]
    assert brute_force(steps) == CASES[name][1]


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
        if not step.node.inputs and step.node.op != "input":  # it lies with the weights
            holder[i], size[i] = i, 0
            continue
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


TYPED = """
input: [3, 8, 8]
layers:
  - {conv: {out: 4, kernel: 3, pad: 1}, as: a, dtype: {output: int8, weight: int8, bias: int32}}
  - {relu: , as: b}
  - {flatten: , as: c}
  - {linear: 5, as: d, dtype: {weight: int16}}
  - {relu: , as: e, dtype: float16}
"""


def test_types(tmp_path) -> None:
    """Each tensor in its own type, what only looks at it too; the rest in the type that is asked about."""
    (tmp_path / "net.yaml").write_text(TYPED)
    net = archcost.load(str(tmp_path / "net.yaml"))
    kinds = {row.name: (row.dtype, row.memory_bytes, row.params_bytes) for row in net.report().rows}
    assert kinds == {
        "a": ("int8", 4 * 8 * 8, 4 * 3 * 9 + 4 * 4),
        "b": ("int8", 4 * 8 * 8, 0),
        "c": ("int8", 4 * 8 * 8, 0),
        "d": ("float32", 5 * 4, 5 * 256 * 2 + 5 * 4),
        "e": ("float16", 5 * 2, 0),
    }
    totals = net.totals
    assert totals.memory_bytes == 256 + 20, "the last ReLU writes no tensor of its own that counts"
    assert totals.params_bytes == 4 * 27 + 16 + 5 * 256 * 2 + 20
    assert totals.peak_memory_bytes == 3 * 64 * 4 + 256, "the input, in float32, and what the convolution makes"
    halved = net.report(dtype="float16", batch=2)
    assert halved.totals.peak_memory_bytes == 2 * (3 * 64 * 2 + 256)
    assert halved.totals.params_bytes == 4 * 27 + 16 + 5 * 256 * 2 + 10


def test_types_in_place(tmp_path) -> None:
    """A layer that works in place cannot overwrite what has smaller numbers."""
    text = "input: [4]\nlayers: [{linear: 8, dtype: int8}, {relu: , dtype: float32}, {linear: 1}]\n"
    (tmp_path / "net.yaml").write_text(text)
    assert archcost.load(str(tmp_path / "net.yaml")).totals.peak_memory_bytes == 8 + 8 * 4
    (tmp_path / "net.yaml").write_text(text.replace("float32", "int8"))
    assert archcost.load(str(tmp_path / "net.yaml")).totals.peak_memory_bytes == 4 * 4 + 8


def test_depth_of_shared_layers(tmp_path) -> None:
    """A layer that uses the weights of another is a layer with weights on the path."""
    (tmp_path / "net.yaml").write_text("input: [4]\nlayers: [{linear: 4, as: a}, {linear: 4, shares: a}, relu]\n")
    assert archcost.load(str(tmp_path / "net.yaml")).totals.depth == 2
