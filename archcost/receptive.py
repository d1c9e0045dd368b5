"""The receptive field: how much of the input one output position can see, right through branches.

Source: Araujo et al. 2019, "Computing receptive fields of convolutional neural networks", distill.pub.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from typing import Any, NamedTuple

from archcost.dims import Shape, ceil_div, greater, lesser, same, surely
from archcost.net import INPUT, Step


class Reach(NamedTuple):
    """Along one axis: the first input position that output position 0 reads, how many, and the step to the next."""

    first: Any
    size: Any
    jump: Any


Field = tuple[Reach, ...] | None  # None where it is not known, as behind a join of maps of different scale
NOTHING: Field = (Reach(0, 1, 0),)  # this very object: what a tensor of the network's own sees


def receptive_fields(steps: Sequence[Step]) -> list[tuple[Any, ...] | None]:
    """The size of the receptive field of each step along each axis of the input, padding included.

    A path that begins at another input has a field of its own; statistics of normalisation layers do not count.
    """
    return [_sizes(field) for field in fields_of(steps)]


def fields_of(steps: Sequence[Step]) -> list[Field]:
    """What an output position of each step reads of the input."""
    fields: list[Field] = []
    for step in steps:
        fields.append(field_of(step, [fields[i] for i in step.node.inputs]))
    return fields


def _sizes(field: Field) -> tuple[Any, ...] | None:
    if field is None or field is NOTHING:
        return None if field is None else ()
    return tuple(whole(r.size) for r in field)


def whole(size: Any) -> Any:
    """A size in whole positions: behind a layer that grows the map it may be a fraction."""
    return -(-size // 1) if isinstance(size, Fraction) else size


def field_of(step: Step, fields: list[Field]) -> Field:
    """What an output position of a step reads, from what the positions of its inputs read."""
    if not fields:
        return (Reach(0, 1, 1),) * (len(step.cost.out) - 1) if step.node.op == INPUT else NOTHING
    seeing = [(field, x) for field, x in zip(fields, step.inputs, strict=True) if field is not NOTHING]
    if not seeing:
        return NOTHING
    field = seeing[0][0]
    if len(fields) > 1:
        field = reduce(_hull, (_spread(field, x, step.cost.out) for field, x in seeing))
    if field is None or step.cost.windows == ():
        return field
    if step.cost.windows == "mixed":
        return None
    space = step.inputs[0][1:]
    if step.cost.windows is None:  # everything is read
        extent = space if len(space) == len(field) else (1,) * len(field)
        return tuple(r._replace(size=r.size + (n - 1) * r.jump) for r, n in zip(field, extent, strict=True))
    if len(step.cost.windows) != len(field):
        return None
    return tuple(_slid(reach, window, step.cost.grows) for reach, window in zip(field, step.cost.windows, strict=True))


def _slid(reach: Reach, window: Any, grows: bool) -> Reach:
    first, size, jump = reach
    if grows:  # as many input positions as can write to one output position
        return Reach(first, size + (ceil_div(window.span, window.stride) - 1) * jump, Fraction(1, window.stride) * jump)
    return Reach(first - window.pad[0] * jump, size + (window.span - 1) * jump, jump * window.stride)


def _spread(field: Field, x: Shape, out: Shape) -> Field:
    """Along an axis of one position that is joined with many, each of them sees it: it has no step of its own."""
    if field is None or len(x) != len(out) or len(field) != len(out) - 1:
        return field
    one = [surely(same, n, 1) and not surely(same, m, 1) for n, m in zip(x[1:], out[1:], strict=True)]
    return tuple(r._replace(jump=None) if alone else r for r, alone in zip(field, one, strict=True))


def _hull(a: Field, b: Field) -> Field:
    """What either of two joined paths sees; their positions must lie equally far apart."""
    if a is None or b is None or len(a) != len(b):
        return None
    jumps = [(p.jump, q.jump) for p, q in zip(a, b, strict=True) if p.jump is not None and q.jump is not None]
    if not all(surely(same, *pair) for pair in jumps):
        return None
    return tuple(_both(p, q) for p, q in zip(a, b, strict=True))


def _both(p: Reach, q: Reach) -> Reach:
    """What either reads: from the earlier first position to the later last one."""
    first = lesser(p.first, q.first)
    end = greater(p.first + p.size, q.first + q.size)
    return Reach(first, end - first, q.jump if p.jump is None else p.jump)
