"""Many settings of a network at once: the one set of formulas, run on arrays of NumPy."""

from __future__ import annotations

import ast
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from archcost.axes import Values
from archcost.convention import Convention, element_bytes
from archcost.dims import Disagreement, Shape
from archcost.errors import ArchcostError, Position, ShapeError, Source, SpecError, did_you_mean
from archcost.expand import expand
from archcost.expression import Evaluation
from archcost.expression import evaluate as evaluate_expression
from archcost.fold import steps_under
from archcost.kinds import shown
from archcost.memory import peak
from archcost.net import Step, propagate
from archcost.source import Limits
from archcost.spec import Spec

QUANTITIES = ("params", "macs", "flops", "memory", "peak_memory")
AHEAD = 16  # chunks that are handed out before the first of them is taken back
FEW = 64  # points that are worked out one by one where their counts may overflow
LARGE = 2**20  # no size in any network comes near
SAFE = 2**60  # what stays below it cannot have passed the 2**63 of an integer on the way

Point = Mapping[str, Any]  # a setting for each knob
Columns = dict[str, Any]  # an array for each knob or quantity, one element a point


class Each(Evaluation):
    """An expression over columns, at each point by itself: `and`, `or`, `not` and comparisons give arrays."""

    def BoolOp(self, node: ast.BoolOp) -> Any:
        both = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return reduce(both, (np.asarray(self.value(part), dtype=bool) for part in node.values))

    def UnaryOp(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return np.logical_not(np.asarray(self.value(node.operand), dtype=bool))
        return super().UnaryOp(node)

    def Compare(self, node: ast.Compare) -> Any:
        terms = [node.left, *node.comparators]
        pairs = (ast.Compare(a, [op], [b]) for a, op, b in zip(terms, node.ops, node.comparators, strict=False))
        return reduce(np.logical_and, (super(Each, self).Compare(ast.copy_location(pair, node)) for pair in pairs))


def holds(text: str, columns: Columns) -> Values:
    """At which points a condition over the columns holds.

    Whole numbers are computed with as extended floats, which hold all of 64 bits and do not wrap in products.
    """
    wide = {name: v.astype(np.longdouble) if v.dtype == np.int64 else v for name, v in columns.items()}
    with np.errstate(all="ignore"):  # what is divided by zero is larger than any number
        answers = np.asarray(evaluate_expression(text, wide, Position(Source("--where", text), 1, 1), walk=Each))
    if answers.dtype != bool:
        raise ArchcostError(f"--where takes a condition, such as 'macs < 300e6', not {text!r}")
    return np.broadcast_to(answers, len(next(iter(columns.values()))))


def front(columns: Columns, names: Sequence[str]) -> Values:
    """Which points are best: none other is at most as large in every column and smaller in one. `-NAME` is as large."""
    values = np.stack([-columns[name[1:]] if name[:1] == "-" else columns[name] for name in names], axis=1)
    order = np.lexsort(values.T[::-1])
    ranked = values[order]
    fresh = np.ones(len(ranked), dtype=bool)  # equal points stand or fall together
    fresh[1:] = np.any(ranked[1:] != ranked[:-1], axis=1)
    kept = _front(ranked[fresh])
    return np.asarray(np.sort(order[kept[np.cumsum(fresh) - 1]]))


def _front(values: Values) -> Values:
    """Which rows are best, of different ones in order: what comes later is no better in the first column."""
    if values.shape[1] == 2:
        best = np.ones(len(values), dtype=bool)
        best[1:] = values[1:, 1] < np.minimum.accumulate(values[:, 1])[:-1]
        return best
    kept: list[int] = []
    for index, row in enumerate(values):
        if not np.any(np.all(values[kept] <= row, axis=1)):
            kept.append(index)
    return np.isin(np.arange(len(values)), kept)


class Subject(NamedTuple):
    """What is swept: a network, and how it is counted."""

    spec: Spec
    variant: str | None
    convention: Convention
    quantities: Sequence[str] = QUANTITIES
    limits: Limits = Limits()


def evaluate(subject: Subject, points: Columns, safe: bool = False) -> tuple[Columns, Values]:
    """The quantities at each point, exact integers, and whether the network is possible there.

    All points run as one array. Where they answer a question differently they are split, and each side runs by itself;
    so they are by a knob that takes no arrays, as the depth of a network. `safe` says that nothing can overflow (see
    `is_safe`), which is looked at otherwise.
    """
    count = len(next(iter(points.values())))
    found = {name: np.zeros(count, dtype=np.int64) for name in subject.quantities}
    possible = np.zeros(count, dtype=bool)
    groups = _alike({name: values for name, values in points.items() if values.dtype == object}, count)
    while groups:
        group = groups.pop()
        knobs = {name: _together(values[group]) for name, values in points.items()}
        try:
            with np.errstate(divide="raise", invalid="raise"):
                costs = _costs(subject, knobs)
            if any(map(_is_array, knobs.values())) and not safe and not is_safe(subject, knobs):
                raise OverflowError
        except (ArchcostError, ArithmeticError, ValueError) as error:
            groups += _parts(error, group, knobs)
            continue
        possible[group] = True
        for name, values in costs.items():
            if not _is_array(values) and values >= 2**63:
                raise ArchcostError(f"{name} of {_words(knobs)} does not fit into 64 bits") from None
            found[name][group] = values
    return found, possible


def _alike(columns: Columns, count: int) -> list[Values]:
    """The points, grouped by settings that are no numbers: words, truths and lists make networks of their own."""
    if not columns:
        return [np.arange(count)]
    groups: dict[Any, list[int]] = {}
    for index, key in enumerate(zip(*columns.values(), strict=True)):
        groups.setdefault(tuple(map(repr, key)), []).append(index)  # true is not 1
    return [np.array(group) for group in groups.values()]


def _together(values: Values) -> Any:
    """One value where all are equal, as Python has it; else the array. What is no number is equal in a group."""
    first = values[0]
    if values.dtype == object:
        return first
    return first.item() if (values == first).all() else values


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _words(knobs: Point) -> str:
    return ", ".join(f"{name}={shown(value)}" for name, value in knobs.items())


def _parts(error: Exception, group: Values, knobs: Point) -> list[Values]:
    """The groups that are to be tried after an error: none where no point of the group is possible."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Disagreement | ShapeError):
        cause = cause.__cause__
    if isinstance(cause, Disagreement) and np.shape(cause.answers) == group.shape:
        return [group[cause.answers], group[~cause.answers]]
    arrays = {name: values for name, values in knobs.items() if _is_array(values)}
    if not arrays or isinstance(cause, ShapeError):
        return []
    if isinstance(error, OverflowError) and len(group) > FEW:  # where the small ones are, nothing overflows
        order = np.lexsort([*arrays.values()])
        return [group[order[: len(group) // 2]], group[order[len(group) // 2 :]]]
    # A knob that takes no array, or a point that arrays cannot show the fault of: that with the fewest values is split.
    values = min(arrays.values(), key=lambda values: len(np.unique(values)))
    order = np.argsort(values, kind="stable")
    return np.split(group[order], np.flatnonzero(np.diff(values[order])) + 1)


def _costs(subject: Subject, knobs: Point) -> dict[str, Any]:
    """The quantities of a network, as numbers or arrays."""
    net = expand(subject.spec, subject.variant, knobs, subject.limits)
    steps = steps_under(subject.convention, net, _shared())
    keys = [(id(step.cost), subject.convention.names(step)) for step in steps]
    alike, each = Counter(keys), dict(zip(keys, steps, strict=True))
    size = element_bytes(subject.convention.dtype)
    return {
        name: peak(steps) * size
        if name == "peak_memory"
        else sum(n * _amount(each[key], name, subject.convention, size) for key, n in alike.items())
        for name in subject.quantities
    }


def _amount(step: Step, quantity: str, convention: Convention, size: int) -> Any:
    """What one step adds to a quantity."""
    if quantity == "params":
        return convention.params_of(step)
    if quantity == "macs":
        return step.cost.ops.get("mac", 0)
    if quantity == "flops":
        return convention.flops_of(step)
    held = convention.held(step)
    return held * prod(step.cost.out) * size if held else 0


def _shared() -> Callable[[Shape], Shape]:
    """A function that gives, for an array equal to an earlier one, that one: so that equal layers are known again."""
    earlier: dict[Any, list[Values]] = {}

    def shared(shape: Shape) -> Shape:
        return tuple(_interned(n, earlier) if _is_array(n) else n for n in shape)

    return shared


def _interned(array: Any, earlier: dict[Any, list[Values]]) -> Any:
    alike = earlier.setdefault((array[0], array[-1], array[len(array) // 2]), [])
    for known in alike:
        if known is array or np.array_equal(known, array):
            return known
    alike.append(array)
    return array


def is_safe(subject: Subject, knobs: Point) -> bool:
    """Whether no count overflows: at the corners of the settings, in Python's integers, all stay far below.

    Every size and count grows or falls with every knob, so that the largest lie at corners.
    """
    ends = [
        sorted({values.min().item(), values.max().item()}) if _is_array(values) else [values]
        for values in knobs.values()
    ]
    for corner in product(*ends):
        try:
            costs = _costs(subject, dict(zip(knobs, corner, strict=True)))
        except ArchcostError:  # too small for the network, unless it is very large: then it may be too large
            if any(abs(value) >= LARGE for value in corner if isinstance(value, int | float)):
                return False
            continue
        if max(costs.values()) >= SAFE:
            return False
    return True


def why(subject: Subject, knobs: Point) -> str:
    """What is wrong with the network at a point, if anything is."""
    try:
        propagate(expand(subject.spec, subject.variant, knobs, subject.limits))
    except SpecError as error:
        return error.message
    except ArchcostError as error:
        return str(error)
    return ""


def picked(columns: Columns, places: Values) -> Columns:
    """Some points of columns, in that order."""
    return {name: values[places] for name, values in columns.items()}


def joined(first: Columns, second: Columns) -> Columns:
    """The points of both, one after the other."""
    return {name: np.concatenate([first[name], second[name]]) for name in first} if first else second


def reduced(columns: Columns, pareto: str | None, sort: str | None, top: int | None) -> Columns:
    """What is left of the points; done to parts and then to their union it leaves the same."""
    if pareto:
        columns = picked(columns, front(columns, [_known(name.strip(), columns) for name in pareto.split(",")]))
    if sort:
        name = _known(sort, columns)
        values = columns[name.removeprefix("-")]
        columns = picked(columns, np.argsort(values if name.startswith("-") else -values, kind="stable"))
    return picked(columns, np.arange(min(top, len(columns["network"])))) if top else columns


def _known(name: str, columns: Columns) -> str:
    numbers = [key for key, values in columns.items() if values.dtype != object]
    if name.removeprefix("-") not in numbers:
        raise ArchcostError(f"there is no column {name!r}{did_you_mean(name, numbers)} (known: {', '.join(numbers)})")
    return name


class Chunk(NamedTuple):
    """Some points of a sweep, worked out: those that are possible and wanted, and how many there were."""

    columns: Columns
    done: int
    impossible: int
    first: str  # the first impossible point and why it is, in words


def chunk(subject: Subject, points: Columns, where: str | None = None, safe: bool = False) -> Chunk:
    """A pure function of a network and some points, so that any machine may work it out."""
    found, possible = evaluate(subject, points, safe)
    network = np.full(len(possible), subject.variant or subject.spec.name, dtype=object)
    columns = {"network": network, **points, **found}
    chosen = possible & holds(where, columns) if where else possible
    first = ""
    if not possible.all():
        outside = {name: values[~possible][:1].tolist()[0] for name, values in points.items()}
        first = f"{_words(outside)}: {why(subject, outside)}"
    return Chunk(picked(columns, np.flatnonzero(chosen)), len(possible), int((~possible).sum()), first)


def in_order(
    submit: Callable[..., Any] | None, work: Callable[[Columns], Chunk], parts: Iterable[Columns]
) -> Iterator[Chunk]:
    """The chunks of some parts, in their order: by an executor's `submit`, some at a time, or here, one by one."""
    if submit is None:
        yield from map(work, parts)
        return
    waiting: deque[Any] = deque()
    for part in parts:
        waiting.append(submit(work, part))
        if len(waiting) >= AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
