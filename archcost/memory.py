"""The largest memory that inference needs at once, by the liveness of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from archcost.dims import Dim, greater, same, surely
from archcost.net import INPUT, Step


def peak(steps: Sequence[Step], part: range | None = None) -> Dim:
    """Elements alive at once, at most: each tensor from the layer that makes it to the last that reads it.

    With a part, only while the layers of that part run.

    The input counts; weights, tensors read as they are among them, and workspace do not. A view shares the buffer of
    what it views. An in-place layer overwrites an input of its own size that nothing reads later. Layers run in the
    order of the net, one at a time.
    """
    last_use = _last_uses(steps)
    buffer_of: list[int] = []  # the node whose buffer each node's output lies in
    expires: list[int] = []  # for each node's own buffer, when it is last read through any name
    for index, step in enumerate(steps):
        owner = _owner(index, step, steps, buffer_of, expires, last_use)
        buffer_of.append(owner)
        expires.append(last_use[index])
        expires[owner] = max(expires[owner], last_use[index])
    freed_after: dict[int, list[int]] = {}
    for index, owner in enumerate(buffer_of):
        if owner == index:
            freed_after.setdefault(expires[index], []).append(index)
    alive: Dim = 0
    highest: Dim = 0
    for index, step in enumerate(steps):
        if buffer_of[index] == index:
            alive = alive + _size(step)
        if part is None or index in part:
            highest = greater(highest, alive)
        for gone in freed_after.get(index, ()):
            alive = alive - _size(steps[gone])
    return highest


def _size(step: Step) -> Dim:
    """Elements of the output; a tensor that reads nothing lies with the weights."""
    return prod(step.cost.out) if step.node.inputs or step.node.op == INPUT else 0


def _last_uses(steps: Sequence[Step]) -> list[int]:
    """For each node the index of the last that reads it; what nothing reads is an output and stays to the end."""
    last = [len(steps)] * len(steps)
    for index, step in enumerate(steps):
        for read in step.node.inputs:
            last[read] = index
    return last


def _owner(
    index: int, step: Step, steps: Sequence[Step], buffer_of: list[int], expires: list[int], last_use: list[int]
) -> int:
    """The node whose buffer holds this node's output: its own, or that of an input it views or overwrites."""
    if step.cost.storage == "view" and step.node.inputs:
        return buffer_of[step.node.inputs[0]]
    if step.cost.storage == "inplace":
        for read in step.node.inputs:
            owner = buffer_of[read]
            fits = surely(same, prod(steps[read].cost.out), prod(step.cost.out))
            whole = surely(same, prod(steps[owner].cost.out), prod(step.cost.out))
            if fits and whole and expires[owner] <= index and steps[owner].node.inputs:
                return owner
    return index
