"""Ways in which people have counted a network: rules for each quantity, and the layers that are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import prod
from typing import Any, NamedTuple

from archcost.convention import Convention, around
from archcost.kinds import DTYPES
from archcost.net import INPUT, Step
from archcost.presets import convention, names

OWN = {"lecture": 0.0, "macs": 0.25, "conv-fc-outputs": 0.25, "all-outputs": 0.5, "full": 1.25, "weights": 1.0}
OUTPUTS = {
    "lecture": "",
    "conv-fc-outputs": "the outputs of convolutions and linear layers only",
    "all-outputs": "the input and all outputs, in-place layers and views left out",
}
TOOL = 1.5  # a tool's own way of counting is more far-fetched
CONVOLUTIONS = ("conv", "depthwise", "transposed_conv", "partial_conv")
TRAINED = ("weight", "bias", "scale", "shift", "embedding")


class Rule(NamedTuple):
    """What a layer adds, in words and as a function."""

    text: str
    distance: float
    of: Callable[[Step], int]


class Counted(NamedTuple):
    """A step of a net, how often it stands there alike, and where."""

    step: Step
    times: int
    behind: bool  # behind the last map
    first: bool  # the first layer with weights


class Scope(NamedTuple):
    """Which of the layers count."""

    text: str
    distance: float
    keeps: Callable[[Counted], bool]


SCOPES = (
    Scope("", 0.0, lambda each: True),
    Scope("without the classifier", 0.75, lambda each: not (each.behind and each.step.node.op == "linear")),
    Scope("without what lies behind the last map", 1.0, lambda each: not each.behind),
    Scope("convolutions only", 1.0, lambda each: each.step.node.op in CONVOLUTIONS),
    Scope("without the first layer", 1.25, lambda each: not each.first),
    Scope("linear layers only", 1.5, lambda each: each.step.node.op == "linear"),
)


def countings(quantity: str) -> Iterator[Rule]:
    """The rules for a quantity, the nearest first."""
    conventions = [convention(name) for name in names()]
    rules = {
        "params": _params,
        "buffers": lambda _: iter([Rule("", 0.0, lambda step: sum(step.cost.buffers.values()))]),
        "macs": _macs,
        "flops": _flops,
        "elements": _elements,
        "memory": _memory,
    }
    return iter(sorted(rules[quantity](conventions), key=lambda rule: rule.distance))


def _of(each: Convention) -> str:
    return f"as {each.name} counts"


def _flops(conventions: Sequence[Convention]) -> Iterator[Rule]:
    yield Rule("two FLOPs for each multiply-accumulate", 0.75, lambda step: 2 * step.cost.ops.get("mac", 0))
    yield Rule(
        "multiply-accumulates and biases",
        1.0,
        lambda step: step.cost.ops.get("mac", 0) + step.cost.ops.get("bias", 0),
    )
    for each in conventions:
        if each.flops and not each.fold:
            yield Rule(_of(each), OWN.get(each.name, TOOL), each.flops_of)


def _macs(conventions: Sequence[Convention]) -> Iterator[Rule]:
    yield Rule("", 0.0, lambda step: step.cost.ops.get("mac", 0))
    for rule in _flops(conventions):
        yield rule._replace(text=f"FLOPs, {rule.text}", distance=rule.distance + 1)


def _params(conventions: Sequence[Convention]) -> Iterator[Rule]:
    def some(*kinds: str) -> Callable[[Step], int]:
        return lambda step: sum(step.cost.params.get(kind, 0) for kind in kinds)

    yield Rule("", 0.0, some(*TRAINED))
    yield Rule("without biases", 1.0, some("weight", "scale", "shift", "embedding"))
    yield Rule("weights only", 1.0, some("weight"))
    yield Rule("without the norms", 1.25, some("weight", "bias", "embedding"))
    yield Rule(
        "with the running means and variances",
        1.25,
        lambda step: sum(step.cost.params.values()) + sum(step.cost.buffers.values()),
    )
    for each in conventions:
        if not each.fold:
            yield Rule(_of(each), TOOL + 0.25, each.params_of)


def _elements(conventions: Sequence[Convention]) -> Iterator[Rule]:
    for each in conventions:
        if each.memory and not each.fold:
            yield Rule(OUTPUTS.get(each.name, _of(each)), OWN.get(each.name, TOOL), partial(_held, each))
    yield Rule("the input and every output, in place or not", 1.25, lambda step: prod(step.cost.out))
    yield Rule("every output, in place or not", 1.25, lambda s: 0 if s.node.op == INPUT else prod(s.cost.out))


def _held(convention: Convention, step: Step) -> int:
    return convention.held(step) * prod(step.cost.out)


def _memory(conventions: Sequence[Convention]) -> Iterator[Rule]:
    """The elements of each rule at four bytes, those of the first also at other sizes; and the weights."""
    yield Rule("of the parameters, not of activations", 0.75, lambda step: 4 * sum(step.cost.params.values()))
    for rule in _elements(conventions):
        yield rule._replace(of=partial(_bytes, DTYPES["float32"], rule))
        if rule.distance == 0:
            for dtype, distance in (("float16", 1.5), ("int8", 1.5), ("float64", 2.0)):
                yield Rule(f"of {dtype}", distance, partial(_bytes, DTYPES[dtype], rule))


def _bytes(size: int, elements: Rule, step: Step) -> int:
    return size * elements.of(step)


def one_by_one(steps: Sequence[Step]) -> list[Counted]:
    """Every step of a net with its place."""
    behind = max((i for i, step in enumerate(steps) if any(n > 1 for n in step.cost.out[1:])), default=-1)
    first = next((i for i, step in enumerate(steps) if "weight" in step.cost.params), -1)
    return [Counted(step, 1, i > behind, i == first) for i, step in enumerate(steps)]


def grouped(steps: Sequence[Step]) -> list[Counted]:
    """The same; steps that share their cost, their place and the blocks around them are one."""
    groups: dict[Any, Counted] = {}
    for each in one_by_one(steps):
        key = (id(each.step.cost), around(each.step.node), each.behind, each.first)
        groups[key] = each._replace(times=groups[key].times + 1) if key in groups else each
    return [*groups.values()]
