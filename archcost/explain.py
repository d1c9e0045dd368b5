"""How the numbers of a layer come about: its formula run once more, on integers that remember how they were made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from math import prod
from typing import Any, NamedTuple

from archcost.convention import Convention, element_bytes
from archcost.cost import layer_type
from archcost.dims import Shape
from archcost.errors import ArchcostError, did_you_mean
from archcost.net import INPUT, Step, apply
from archcost.receptive import NOTHING, Field, field_of, fields_of
from archcost.trace import Traced, traced


class Line(NamedTuple):
    """One number: what it is a part of, what it is called, and the value that knows how it was made."""

    part: str
    name: str
    value: Any
    known: Mapping[int, str]  # names of values that earlier lines explain, by their ids


class Explanation(NamedTuple):
    """A layer, the lines that explain it, and the layers of which all but the receptive field is the same."""

    step: Step  # as it was traced: the lines refer to its values
    lines: tuple[Line, ...]
    alike: tuple[str, ...]

    @property
    def text(self) -> tuple[str, str]:
        """What the layer type does, and from which source its formula is."""
        doc = " ".join(layer_type(self.step.node.op).doc.split())
        text, _, source = doc.partition("Source: ")
        return text.strip(), source.strip()


def explanations(
    steps: Sequence[Step], pattern: str | None, convention: Convention, dtype: str
) -> Iterator[Explanation]:
    """An explanation of each layer that is meant, equal ones together."""
    fields = fields_of(steps)
    groups: dict[Any, list[int]] = {}
    for index in chosen(steps, pattern):
        step = steps[index]
        groups.setdefault((step.node.op, step.inputs, repr(step.node.attributes)), []).append(index)
    for first, *others in groups.values():
        step = steps[first]
        seen = _traced(step)
        lines = _lines(seen, [fields[i] for i in step.node.inputs], convention, dtype)
        yield Explanation(seen, tuple(lines), tuple(steps[i].node.name for i in others))


def chosen(steps: Sequence[Step], pattern: str | None) -> list[int]:
    """The layers that a path, the path of a block, a pattern with * or a number from 1 means; all without one."""
    names = {step.node.name: i for i, step in enumerate(steps) if step.node.op != INPUT}
    if pattern is None:
        return [*names.values()]
    if pattern in names:
        return [names[pattern]]
    if pattern.isdecimal() and 1 <= int(pattern[:9]) <= len(names):
        return [[*names.values()][int(pattern) - 1]]
    found = [i for name, i in names.items() if name.startswith(f"{pattern}/") or fnmatchcase(name, pattern)]
    if not found:
        counted = f" (they are numbered from 1 to {len(names)})" if pattern.isdecimal() else ""
        raise ArchcostError(f"there is no layer {pattern!r}{counted}{did_you_mean(pattern, names)}")
    return found


def _traced(step: Step) -> Step:
    """The same step with numbers that remember how they were made."""
    many = len(step.inputs) > 1
    inputs = tuple(_named(shape, f"_{i}" if many else "") for i, shape in enumerate(step.inputs, 1))
    attributes = {name: traced(value, name) for name, value in step.node.attributes.items()}
    return Step(step.node, inputs, apply(step.node.op, inputs, attributes))


AXES: Mapping[int, Sequence[str]] = {1: "C", 2: "NC", 3: "CHW", 4: "CDHW"}


def _named(shape: Shape, suffix: str) -> Shape:
    """A shape with the letters that people give its axes: channels, then depth, height and width."""
    return tuple(Traced(n, f"{letter}{suffix}") for n, letter in zip(shape, _letters(shape), strict=True))


def _letters(shape: Shape) -> Sequence[str]:
    return AXES.get(len(shape)) or [f"n_{i}" for i in range(1, len(shape) + 1)]


def _lines(step: Step, fields: list[Field], convention: Convention, dtype: str) -> Iterator[Line]:
    cost = step.cost
    known: dict[int, str] = {}
    made = [f"{letter}'" for letter in _letters(cost.out)]
    if not (step.inputs and cost.out is step.inputs[0]):
        for name, n in zip(made, cost.out, strict=True):
            yield Line("output", name, n, dict(known))
        known |= {id(n): name for name, n in zip(made, cost.out, strict=True) if _is_computed(n)}
    for part, counted in (("parameters", cost.params), ("buffers", cost.buffers), ("operations", cost.ops)):
        for kind, n in counted.items():
            if n:
                yield Line(part, kind, n, known)
    named = cost._replace(params=_leaves(cost.params), ops=_leaves(cost.ops), buffers=_leaves(cost.buffers))
    yield Line("FLOPs", convention.name, convention.flops_of(step._replace(cost=named)), known)
    yield Line("memory", "bytes", prod(map(Traced, cost.out, made)) * element_bytes(dtype), known)
    yield from _receptive(step, fields)


def _is_computed(n: Any) -> bool:
    return isinstance(n, Traced) and bool(n.sign)


def _leaves(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Counts as numbers with their names alone."""
    return {kind: Traced(n, kind) for kind, n in counts.items()}


def _receptive(step: Step, fields: list[Field]) -> Iterator[Line]:
    """The receptive field and the step between neighbours, along each axis on which they differ."""
    if len(fields) != 1 or not fields[0] or fields[0] is NOTHING:
        return
    before = tuple(r._replace(size=traced(r.size, "r"), jump=traced(r.jump, "j")) for r in fields[0])
    after = field_of(step, [before])
    for axis, reach in zip("DHW"[-len(after or ()) :], after or (), strict=False):
        name = f"r'({axis})" if len({(int(r.size // 1), r.jump) for r in after or ()}) > 1 else "r'"
        yield Line("receptive field", name, reach.size, {})
        yield Line("receptive field", name.replace("r", "j"), reach.jump, {})
        if name == "r'":
            return
