"""Ways in which people have counted a network: rules for each quantity, and the layers that are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import prod
from typing import NamedTuple

from archcost.convention import DTYPES, Convention
from archcost.net import INPUT, Step
from archcost.presets import convention, names

OWN = {"lecture": 0.0, "macs": 0.25, "conv-fc-outputs": 0.25, "all-outputs": 0.5, "full": 1.25, "weights": 1.0}
TOOL = 1.5  # a tool's own way of counting is more far-fetched
CONVOLUTIONS = ("conv", "depthwise", "transposed_conv", "partial_conv")
TRAINED = ("weight", "bias", "scale", "shift", "embedding")


class Counting(NamedTuple):
    """A rule: what a layer adds, in words and as a function."""

    text: str
    distance: float
    of: Callable[[Step], int]


class Scope(NamedTuple):
    """Which of the layers count."""

    text: str
    distance: float
    keeps: Callable[[Step, bool], bool]  # of a step, and whether it lies behind the last map


SCOPES = (
    Scope("", 0.0, lambda step, behind: True),
    Scope("without the classifier", 0.75, lambda step, behind: not (behind and step.node.op == "linear")),
    Scope("without what lies behind the last map", 1.0, lambda step, behind: not behind),
    Scope("convolutions only", 1.0, lambda step, behind: step.node.op in CONVOLUTIONS),
    Scope("linear layers only", 1.5, lambda step, behind: step.node.op == "linear"),
)


def countings(quantity: str) -> Iterator[Counting]:
    """The rules for a quantity, the nearest first."""
    conventions = [convention(name) for name in names()]
    rules = {
        "params": _params,
        "buffers": lambda _: iter([Counting("", 0.0, lambda step: sum(step.cost.buffers.values()))]),
        "macs": _macs,
        "flops": _flops,
        "elements": _elements,
        "memory": _memory,
    }
    return iter(sorted(rules[quantity](conventions), key=lambda rule: rule.distance))


def _of(each: Convention) -> str:
    return f"as {each.name} counts"


def _flops(conventions: Sequence[Convention]) -> Iterator[Counting]:
    yield Counting("two FLOPs for each multiply-accumulate", 0.75, lambda step: 2 * step.cost.ops.get("mac", 0))
    yield Counting(
        "multiply-accumulates and biases",
        1.0,
        lambda step: step.cost.ops.get("mac", 0) + step.cost.ops.get("bias", 0),
    )
    for each in conventions:
        if each.flops and not each.fold:
            yield Counting(_of(each), OWN.get(each.name, TOOL), each.flops_of)


def _macs(conventions: Sequence[Convention]) -> Iterator[Counting]:
    yield Counting("", 0.0, lambda step: step.cost.ops.get("mac", 0))
    for rule in _flops(conventions):
        yield rule._replace(text=f"FLOPs, {rule.text}", distance=rule.distance + 1)


def _params(conventions: Sequence[Convention]) -> Iterator[Counting]:
    def some(*kinds: str) -> Callable[[Step], int]:
        return lambda step: sum(step.cost.params.get(kind, 0) for kind in kinds)

    yield Counting("", 0.0, some(*TRAINED))
    yield Counting("without biases", 1.0, some("weight", "scale", "shift", "embedding"))
    yield Counting("weights only", 1.0, some("weight"))
    yield Counting("without the norms", 1.25, some("weight", "bias", "embedding"))
    yield Counting(
        "with the running means and variances",
        1.25,
        lambda step: sum(step.cost.params.values()) + sum(step.cost.buffers.values()),
    )
    for each in conventions:
        if not each.fold:
            yield Counting(_of(each), TOOL + 0.25, each.params_of)


def _elements(conventions: Sequence[Convention]) -> Iterator[Counting]:
    for each in conventions:
        if each.memory and not each.fold:
            own = each.text.rpartition("memory is ")[2] if each.name in OWN else _of(each)
            text = "" if each.name == "lecture" else own
            yield Counting(text, OWN.get(each.name, TOOL), partial(_held, each))
    yield Counting("the input and every output, in place or not", 1.25, lambda step: prod(step.cost.out))
    yield Counting("every output, in place or not", 1.25, lambda s: 0 if s.node.op == INPUT else prod(s.cost.out))


def _held(convention: Convention, step: Step) -> int:
    return convention.held(step) * prod(step.cost.out)


def _memory(conventions: Sequence[Convention]) -> Iterator[Counting]:
    """The elements of each rule at four bytes, and those of the first also at other sizes."""
    for rule in _elements(conventions):
        yield rule._replace(of=partial(_bytes, DTYPES["float32"], rule))
        if rule.distance == 0:
            for dtype, distance in (("float16", 1.5), ("int8", 1.5), ("float64", 2.0)):
                yield Counting(f"of {dtype}", distance, partial(_bytes, DTYPES[dtype], rule))


def _bytes(size: int, elements: Counting, step: Step) -> int:
    return size * elements.of(step)


def behind_the_maps(steps: Sequence[Step]) -> int:
    """The index of the first step behind the last that makes a map or tokens."""
    last = max((i for i, step in enumerate(steps) if any(n > 1 for n in step.cost.out[1:])), default=-1)
    return last + 1
