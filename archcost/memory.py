"""The largest memory that inference needs at once, by the liveness of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any

from archcost.dims import Dim, greater, same, surely
from archcost.net import INPUT, Step, identities


def peak(steps: Sequence[Step], part: range | None = None, width: Callable[[Step], int] = lambda step: 1) -> Dim:
    """Elements alive at once, at most: each tensor from the layer that makes it to the last that reads it. In bytes
    with `width`, which says what an element of an output takes; with a part, only while the layers of that part run.

    The input counts; weights, tensors read as they are among them, and workspace do not. A view shares the buffer of
    what it views. An in-place layer overwrites an input of its own size that nothing reads later. Layers run in the
    order of the net, one at a time.
    """
    last_use = _last_uses(steps)
    sizes = _sizes(steps, width)
    buffer_of: list[int] = []  # the node whose buffer each node's output lies in
    expires: list[int] = []  # for each node's own buffer, when it is last read through any name
    for index, step in enumerate(steps):
        owner = _owner(index, step, steps, buffer_of, expires, sizes)
        buffer_of.append(owner)
        expires.append(last_use[index])
        expires[owner] = max(expires[owner], last_use[index])
    freed_after: dict[int, list[int]] = {}
    for index, owner in enumerate(buffer_of):
        if owner == index:
            freed_after.setdefault(expires[index], []).append(index)
    alive: Dim = 0
    highest: Dim = 0
    for index in range(len(steps)):
        if buffer_of[index] == index:
            alive = alive + sizes[index]
        if part is None or index in part:
            highest = greater(highest, alive)
        for gone in freed_after.get(index, ()):
            alive = alive - sizes[gone]
    return highest


def _sizes(steps: Sequence[Step], width: Callable[[Step], int]) -> list[Dim]:
    """The size of each output, for equal shapes worked out once; a tensor that reads nothing lies with the weights."""
    known: dict[tuple[Any, ...], Dim] = {}
    sizes: list[Dim] = []
    for step in steps:
        shape = identities(step.cost.out) if step.node.inputs or step.node.op == INPUT else (0,)
        if shape not in known:
            known[shape] = prod(step.cost.out) if shape != (0,) else 0
        each = width(step)
        if (shape, each) not in known:
            known[shape, each] = known[shape] * each
        sizes.append(known[shape, each])
    return sizes


def _last_uses(steps: Sequence[Step]) -> list[int]:
    """For each node the index of the last that reads it; what nothing reads is an output and stays to the end."""
    last = [len(steps)] * len(steps)
    for index, step in enumerate(steps):
        for read in step.node.inputs:
            last[read] = index
    return last


def _owner(
    index: int, step: Step, steps: Sequence[Step], buffer_of: list[int], expires: list[int], sizes: Sequence[Dim]
) -> int:
    """The node whose buffer holds this node's output: its own, or that of an input it views or overwrites."""
    if step.cost.storage == "view" and step.node.inputs:
        return buffer_of[step.node.inputs[0]]
    if step.cost.storage == "inplace":
        free = [
            (sizes[read], buffer_of[read])
            for read in step.node.inputs
            if expires[buffer_of[read]] <= index and steps[buffer_of[read]].node.inputs
        ]
        # Whichever fits is as good; one that fits at some points of an array only is asked last, and parts them.
        for fits in (partial(surely, same), same):
            for size, owner in free:
                if fits(size, sizes[index]) is True and fits(sizes[owner], sizes[index]) is True:
                    return owner
    return index
