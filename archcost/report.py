"""What a net costs under a convention: a row for each layer, and the totals. Numbers only, no formatting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from math import prod
from typing import Any, NamedTuple, TypeAlias

from archcost.convention import Convention
from archcost.cost import layer_type
from archcost.dims import Dim, Shape, same, surely
from archcost.errors import ArchcostError
from archcost.fold import steps_under
from archcost.kinds import is_whole
from archcost.memory import peak
from archcost.net import INPUT, Net, Step
from archcost.receptive import receptive_fields
from archcost.window import Window

# Which steps of a net a report is about.
Part: TypeAlias = Callable[[Net, Sequence[Step]], slice]


class Row(NamedTuple):
    """One layer: what it reads, makes and costs. Counts are of the whole batch, parameters aside."""

    name: str
    op: str
    inputs: tuple[Shape, ...]
    output: Shape
    attributes: Mapping[str, Any]
    storage: str
    elements: Dim  # of the output
    dtype: str
    memory_bytes: Dim  # of the output, whatever its storage
    held: int  # how often the output counts in the total
    params: Dim
    params_bytes: Dim
    buffers: Dim
    macs: Dim
    flops: Dim
    ops: Mapping[str, Dim]
    receptive_field: tuple[Any, ...] | None
    follows: bool  # reads the row before and only that
    layers: int = 1


class Totals(NamedTuple):
    """Sums over the rows; the memory total counts each output as the convention holds it."""

    layers: int
    depth: int
    elements: Dim
    memory_bytes: Dim
    peak_memory_bytes: Dim
    params: Dim
    params_bytes: Dim
    buffers: Dim
    macs: Dim
    flops: Dim


class Counts(NamedTuple):
    """What a net costs in three numbers."""

    params: Dim
    macs: Dim
    flops: Dim


class Report(NamedTuple):
    """The cost of a net."""

    net: Net
    convention: Convention
    batch: int
    dtype: str
    inputs: Mapping[str, Shape]
    rows: tuple[Row, ...]
    totals: Totals

    @property
    def uncounted(self) -> Mapping[str, int]:
        """The operators among its rows that are not counted, and how often each stands there."""
        return Counter(str(row.attributes["operator"]) for row in self.rows if row.op == "uncounted")


def report(
    net: Net,
    convention: Convention,
    batch: int = 1,
    dtype: str | None = None,
    part: Part | None = None,
) -> Report:
    """The cost of a net, or of a part of it: a slice of its steps (see `until` and `since`).

    The type of the activations is the convention's, unless it is given.
    """
    if not is_whole(batch):
        raise ArchcostError(f"the batch must be a whole number from 1, is {batch}")
    convention = replace(convention, dtype=dtype) if dtype else convention
    every = steps_under(convention, net)
    fields = receptive_fields(every)
    chosen = range(len(every))[part(net, every)] if part else range(len(every))
    rows = tuple(
        _row(every[i], fields[i], convention, batch, follows=every[i].node.inputs == (i - 1,))
        for i in chosen
        if every[i].node.op != INPUT
    )
    steps = [every[i] for i in chosen]
    inputs = {step.node.name: step.cost.out for step in every if step.node.op == INPUT}
    counted = _counts(steps, convention)
    held = [(convention.held(s) * prod(s.cost.out) * batch, convention.output_bytes(s)) for s in steps]
    totals = Totals(
        layers=len(rows),
        depth=depth(every[: chosen.stop]) - depth(every[: chosen.start]),
        elements=sum(elements for elements, _ in held),
        memory_bytes=sum(elements * width for elements, width in held),
        peak_memory_bytes=peak(every, chosen, convention.output_bytes) * batch,
        params=counted.params,
        params_bytes=sum(map(convention.params_bytes, steps)),
        buffers=sum(r.buffers for r in rows),
        macs=counted.macs * batch,
        flops=counted.flops * batch,
    )
    return Report(net, convention, batch, convention.dtype, inputs, rows, totals)


def counts(net: Net, convention: Convention) -> Counts:
    """The totals of a report that need no look at memory and positions, for many nets at once."""
    return _counts(steps_under(convention, net), convention)


def _counts(steps: Sequence[Step], convention: Convention) -> Counts:
    """What steps cost together. Equal ones often share their cost, so each cost is weighed once."""
    keys = [(id(step.cost), convention.names(step)) for step in steps]
    alike, each = Counter(keys), dict(zip(keys, steps, strict=True))
    return Counts(
        params=sum(n * convention.params_of(each[key]) for key, n in alike.items()),
        macs=sum(n * each[key].cost.ops.get("mac", 0) for key, n in alike.items()),
        flops=sum(n * convention.flops_of(each[key]) for key, n in alike.items()),
    )


def _row(step: Step, field: tuple[Any, ...] | None, convention: Convention, batch: int, follows: bool) -> Row:
    node, cost = step.node, step.cost
    elements = prod(cost.out) * batch
    return Row(
        name=node.name,
        op=node.op,
        inputs=step.inputs,
        output=cost.out,
        attributes=attributes(step),
        storage=cost.storage,
        elements=elements,
        dtype=step.dtype or convention.dtype,
        memory_bytes=elements * convention.output_bytes(step),
        held=convention.held(step),
        params=convention.params_of(step),
        params_bytes=convention.params_bytes(step),
        buffers=sum(cost.buffers.values()),
        macs=cost.ops.get("mac", 0) * batch,
        flops=convention.flops_of(step) * batch,
        ops={kind: n * batch for kind, n in cost.ops.items() if not isinstance(n, int) or n},
        receptive_field=field,
        follows=follows,
    )


def attributes(step: Step) -> dict[str, Any]:
    """Every attribute of a layer, defaults included; kernel, stride, pad and dilation as they apply to each axis."""
    kinds = layer_type(step.node.op).attributes
    full = {name: step.node.attributes.get(name, attribute.default) for name, attribute in kinds.items()}
    windows = step.cost.windows if isinstance(step.cost.windows, tuple) else ()
    for name in ("kernel", "stride", "pad", "dilation") if windows else ():
        if name in full:
            full[name] = [_of_window(window, name) for window in windows]
    return full


def _of_window(window: Window, name: str) -> Any:
    if name != "pad":
        return getattr(window, name)
    before, after = window.pad
    return before if surely(same, before, after) else [before, after]


def depth(steps: Sequence[Step]) -> int:
    """Layers with weights on the longest path to the output; a head beside the main path is not on it."""
    deepest: list[int] = []
    for step in steps:
        before = max((deepest[i] for i in step.node.inputs), default=0)
        owner = step if step.node.shares is None else steps[step.node.shares]
        deepest.append(before + ("weight" in owner.cost.params))
    return deepest[-1] if deepest else 0


def until(size: int) -> Part:
    """The part of a net up to its first map of that size, the layer that makes it included."""
    return lambda net, steps: slice(0, _first_map(net, steps, size) + 1)


def since(size: int) -> Part:
    """The part of a net behind its first map of that size."""
    return lambda net, steps: slice(_first_map(net, steps, size) + 1, len(steps))


def _first_map(net: Net, steps: Sequence[Step], size: int) -> int:
    found: list[str] = []
    for index, step in enumerate(steps):
        space = step.cost.out[1:]
        if step.node.op == INPUT:
            continue
        if space and all(same(n, size) is True for n in space):
            return index
        if space and str(space[0]) not in found:
            found.append(str(space[0]))
    raise ArchcostError(f"{net.name} never becomes a map of {size} x {size}; its maps are {', '.join(found)}")


def folded(rows: Iterable[Row]) -> list[Row]:
    """Rows in which layers that work in place or do nothing (ReLU, batch norm, dropout) join the row they follow."""
    kept: list[Row] = []
    for row in rows:
        joins = row.follows and row.storage != "new" and len(row.inputs) == 1 and row.inputs[0] == row.output
        if joins and kept:
            first = kept.pop()
            kept.append(_sum(first, row))
        else:
            kept.append(row)
    return kept


def grouped(rows: Iterable[Row], parts: int) -> list[Row]:
    """Rows summed over the layers that share the first so many parts of their path."""
    groups = groupby(rows, key=lambda row: row.name.split("/")[:parts])
    return [_group("/".join(path), list(members)) for path, members in groups]


def _group(name: str, members: list[Row]) -> Row:
    if len(members) == 1:
        return members[0]._replace(name=name)
    total = members[0]
    for row in members[1:]:
        total = _sum(total, row)
    memory = sum(row.memory_bytes * row.held for row in members)
    elements = sum(row.elements * row.held for row in members)
    return total._replace(
        name=name,
        op=f"{total.layers} layers",
        attributes={},
        output=members[-1].output,
        receptive_field=members[-1].receptive_field,
        memory_bytes=memory,
        elements=elements,
        held=1,
    )


def _sum(a: Row, b: Row) -> Row:
    """The first row with the counts of both."""
    kinds = dict.fromkeys([*a.ops, *b.ops])
    return a._replace(
        params=a.params + b.params,
        params_bytes=a.params_bytes + b.params_bytes,
        buffers=a.buffers + b.buffers,
        macs=a.macs + b.macs,
        flops=a.flops + b.flops,
        ops={kind: a.ops.get(kind, 0) + b.ops.get(kind, 0) for kind in kinds},
        layers=a.layers + b.layers,
    )
