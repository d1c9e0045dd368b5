"""Many settings of a network at once: the one set of formulas, run on arrays of NumPy."""

from __future__ import annotations

import ast
import hashlib
import pickle
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial, reduce
from math import prod
from typing import Any, NamedTuple

import numpy as np

from archcost import __version__
from archcost.axes import Axes, Values
from archcost.convention import Convention
from archcost.dims import Disagreement, Shape
from archcost.errors import ArchcostError, Position, ShapeError, Source, SpecError, did_you_mean
from archcost.expand import expand
from archcost.expression import Evaluation, parse
from archcost.expression import evaluate as evaluate_expression
from archcost.fold import steps_under
from archcost.guarded import guarded
from archcost.kinds import shown
from archcost.memory import peak
from archcost.net import Step
from archcost.source import Limits
from archcost.spec import Spec
from archcost.workers import Submit, in_order

QUANTITIES = ("params", "macs", "flops", "memory", "peak_memory")
CHUNK = 50_000  # points at once
FEW = 64  # points that are worked out one by one where their counts may overflow

Point = Mapping[str, Any]  # a setting for each knob
Columns = dict[str, Any]  # an array for each knob or quantity, one element a point


class Condition(Evaluation):
    """An expression over counts, whose products may be beyond 64 bits."""

    def bounded(self, node: ast.expr, value: Any) -> Any:
        return super().bounded(node, value) if isinstance(value, complex) else value


class Each(Condition):
    """An expression over columns, at each point by itself: `and`, `or`, `not` and comparisons give arrays."""

    def Call(self, node: ast.Call) -> Any:
        of_lists = isinstance(node.func, ast.Name) and node.func.id in ("len", "sum")
        if of_lists and any(_is_array(self.value(argument)) for argument in node.args):
            raise self.error(node, f"{ast.unparse(node)}: a column is no list")
        return super().Call(node)

    def BoolOp(self, node: ast.BoolOp) -> Any:
        both = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return reduce(both, (np.asarray(self.value(part), dtype=bool) for part in node.values))

    def UnaryOp(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return np.logical_not(np.asarray(self.value(node.operand), dtype=bool))
        return super().UnaryOp(node)

    def Compare(self, node: ast.Compare) -> Any:
        terms = list(map(_whole, (node.left, *node.comparators)))
        pairs = (ast.Compare(a, [op], [b]) for a, op, b in zip(terms, node.ops, node.comparators, strict=False))
        return reduce(np.logical_and, (super(Each, self).Compare(ast.copy_location(pair, node)) for pair in pairs))


def _whole(term: ast.expr) -> ast.expr:
    """A number like 4e9 as the whole number that it is, with which whole numbers are compared exactly."""
    if isinstance(term, ast.Constant) and isinstance(term.value, float) and term.value.is_integer():
        return ast.copy_location(ast.Constant(int(term.value)), term)
    return term


def holds(text: str, columns: Columns) -> Values:
    """At which points a condition over the columns holds: at all at once, or one by one where arrays cannot say it."""
    count = len(next(iter(columns.values())))
    at = Position(Source("--where", text), 1, 1)
    nodes = [*ast.walk(parse(text, at))]
    named = {node.id for node in nodes if isinstance(node, ast.Name)}
    divided = any(isinstance(node, ast.Div) for node in nodes)
    used = {name: _settled(values) for name, values in columns.items() if name in named and count}
    answers: Any = None
    if all(_fits(values, divided) for values in used.values()):
        try:
            with np.errstate(over="ignore", under="ignore", divide="raise", invalid="raise"):
                numbers = {name: guarded(v) if _is_array(v) else v for name, v in used.items()}
                answers = evaluate_expression(text, {**columns, **numbers}, at, walk=Each)
        except (ArchcostError, ArithmeticError) as error:
            if not _caused(error, (ArithmeticError,)):
                raise
    if answers is None:
        points = ({name: _at(values, place) for name, values in columns.items()} for place in range(count))
        answers = np.array([evaluate_expression(text, point, at, walk=Condition) for point in points])
    answers = np.asarray(answers)
    if answers.dtype != bool:
        raise ArchcostError(f"--where takes a condition, such as 'macs < 300e6', not {text!r}")
    return np.broadcast_to(answers, count)


def _settled(values: Values) -> Any:
    """One value where all are equal, as they are written; else the array."""
    if values.dtype != object:
        return _together(values)
    return values[0] if len({*map(repr, values)}) == 1 else values


def _fits(values: Any, divided: bool) -> bool:
    """Whether arithmetic on an array means the same as Python's: it divides numbers that a float holds exactly."""
    return not _is_array(values) or (values.dtype != object and not (divided and np.any(np.abs(values) >= 2**53)))


def _at(values: Values, place: int) -> Any:
    """The value at a point, as Python has it."""
    value = values[place]
    return value.item() if isinstance(value, np.generic) else value


def front(columns: Columns, names: Sequence[str]) -> Values:
    """Which points are best: none other is at most as large in every column and smaller in one. `-NAME` is as large."""
    ranks = [np.unique(-columns[name[1:]] if name[:1] == "-" else columns[name], return_inverse=True) for name in names]
    ranked, place = np.unique(np.stack([rank for _, rank in ranks], axis=1), axis=0, return_inverse=True)
    return np.flatnonzero(_front(ranked)[place.ravel()])  # equal points stand or fall together


def _front(rows: Values) -> Values:
    """Which rows are best, of different ones in order: what comes later is no better in the first column."""
    best = np.zeros(len(rows), dtype=bool)
    if rows.shape[1] == 2:
        best[0] = True
        best[1:] = rows[1:, 1] < np.minimum.accumulate(rows[:, 1])[:-1]
        return best
    left = np.arange(len(rows))
    while len(left):
        best[left[0]] = True
        left = left[np.any(rows[left] < rows[left[0]], axis=1)]
    return best


class Subject(NamedTuple):
    """What is swept: a network, and how it is counted."""

    spec: Spec
    variant: str | None
    convention: Convention
    limits: Limits = Limits()

    @property
    def name(self) -> str:
        """What the network is called."""
        return self.variant or self.spec.name


def evaluate(subject: Subject, points: Columns) -> tuple[Columns, Values]:
    """The quantities at each point, exact integers, and whether the network is possible there.

    A network with a count that does not fit into 64 bits is not possible either. All points run as one array. Where
    they answer a question differently they are split, and each side runs by itself; so they are by a knob that takes
    no arrays, as the depth of a network, and where counts pass 64 bits.
    """
    count = len(next(iter(points.values())))
    found = {name: np.zeros(count, dtype=np.int64) for name in QUANTITIES}
    possible = np.zeros(count, dtype=bool)
    groups = _alike({name: values for name, values in points.items() if values.dtype == object}, count)
    while groups:
        group = groups.pop()
        knobs = {name: _together(values[group]) for name, values in points.items()}
        try:
            with np.errstate(divide="raise", invalid="raise"):
                costs = _costs(subject, knobs)
        except (ArchcostError, ArithmeticError, ValueError) as error:
            groups += _parts(error, group, knobs)
            continue
        if _fits_int64(costs):
            possible[group] = True
            for name, values in costs.items():
                found[name][group] = values
    return found, possible


def _fits_int64(costs: Mapping[str, Any]) -> bool:
    """Whether all counts are below 2**63; an array is, or it would have refused."""
    return all(_is_array(values) or values < 2**63 for values in costs.values())


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
    cause = _caused(error, (Disagreement, OverflowError, ShapeError))
    if isinstance(cause, Disagreement) and np.shape(cause.answers) == group.shape:
        answers = np.asarray(cause.answers)
        return [group[answers], group[~answers]]
    arrays = {name: values for name, values in knobs.items() if _is_array(values)}
    if not arrays or isinstance(cause, ShapeError):
        return []
    if isinstance(cause, OverflowError) and len(group) > FEW:  # where the small ones are, nothing overflows
        order = np.lexsort([*arrays.values()])
        return [group[order[: len(group) // 2]], group[order[len(group) // 2 :]]]
    # A knob that takes no array, or a point that arrays cannot show the fault of: that with the fewest values is split.
    values = min(arrays.values(), key=lambda values: len(np.unique(values)))
    order = np.argsort(values, kind="stable")
    return np.split(group[order], np.flatnonzero(np.diff(values[order])) + 1)


def _caused(error: BaseException | None, kinds: tuple[type[BaseException], ...]) -> BaseException | None:
    """The first of some kinds among an error and what it came from."""
    while error is not None and not isinstance(error, kinds):
        error = error.__cause__
    return error


def _costs(subject: Subject, knobs: Point) -> dict[str, Any]:
    """The quantities of a network, as numbers or arrays."""
    net = expand(subject.spec, subject.variant, knobs, subject.limits)
    steps = steps_under(subject.convention, net, _shared())
    keys = [(id(step.cost), step.dtype, subject.convention.names(step)) for step in steps]
    alike, each = Counter(keys), dict(zip(keys, steps, strict=True))
    return {
        name: peak(steps, width=subject.convention.output_bytes)
        if name == "peak_memory"
        else sum(n * _amount(each[key], name, subject.convention) for key, n in alike.items())
        for name in QUANTITIES
    }


def _amount(step: Step, quantity: str, convention: Convention) -> Any:
    """What one step adds to a quantity."""
    if quantity == "params":
        return convention.params_of(step)
    if quantity == "macs":
        return step.cost.ops.get("mac", 0)
    if quantity == "flops":
        return convention.flops_of(step)
    held = convention.held(step)
    return held * prod(step.cost.out) * convention.output_bytes(step) if held else 0


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


def why(subject: Subject, knobs: Point) -> str:
    """What is wrong with the network at a point, if anything is."""
    try:
        return "" if _fits_int64(_costs(subject, knobs)) else "a count does not fit into 64 bits"
    except SpecError as error:
        return error.message
    except (ArchcostError, OverflowError) as error:
        return str(error)


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


class Tally(NamedTuple):
    """What became of some points."""

    done: int = 0
    kept: int = 0
    impossible: int = 0
    first: str = ""  # the first impossible point and why it is, in words

    def plus(self, other: Tally) -> Tally:
        """Of these points and those."""
        return Tally(
            self.done + other.done,
            self.kept + other.kept,
            self.impossible + other.impossible,
            self.first or other.first,
        )


class Chunk(NamedTuple):
    """Some points of a sweep, worked out: those that are possible and wanted, and how many there were."""

    columns: Columns
    tally: Tally


class Job(NamedTuple):
    """All points of a sweep: those of a grid for each of some networks, in numbered chunks."""

    subjects: Sequence[Subject]
    grid: Axes
    where: str | None

    @property
    def points(self) -> int:
        """How many points there are."""
        return len(self.subjects) * self.grid.points

    @property
    def chunks(self) -> int:
        """How many chunks they make."""
        return len(self.subjects) * self._each

    @property
    def _each(self) -> int:
        return -(-self.grid.points // CHUNK)

    def part(self, number: int) -> tuple[Subject, Columns]:
        """The network of a chunk and its points."""
        place, part = divmod(number, self._each)
        return self.subjects[place], self.grid.part(part * CHUNK, (part + 1) * CHUNK)

    def run(self, submit: Submit | None, finished: Container[int] = ()) -> Iterator[tuple[int, Chunk]]:
        """The chunks in their order, worked out by an executor or here; not those that are finished already."""
        numbers = [number for number in range(self.chunks) if number not in finished]
        work = partial(_worked, where=self.where)
        yield from zip(numbers, in_order(submit, work, map(self.part, numbers)), strict=False)

    @property
    def fingerprint(self) -> str:
        """What is the same for the same job only: of all that its counts depend on."""
        return hashlib.sha256(pickle.dumps((__version__, CHUNK, *self))).hexdigest()


def _worked(part: tuple[Subject, Columns], where: str | None) -> Chunk:
    return chunk(*part, where=where)


def chunk(subject: Subject, points: Columns, where: str | None = None) -> Chunk:
    """A pure function of a network and some points, so that any machine may work it out."""
    found, possible = evaluate(subject, points)
    network = np.full(len(possible), subject.name, dtype=object)
    columns = {"network": network, **points, **found}
    chosen = possible & holds(where, columns) if where else possible
    first = ""
    if not possible.all():
        outside = {name: values[~possible][:1].tolist()[0] for name, values in points.items()}
        first = f"{subject.name} with {_words(outside)}: {why(subject, outside)}"
    tally = Tally(len(possible), int(chosen.sum()), int((~possible).sum()), first)
    return Chunk(picked(columns, np.flatnonzero(chosen)), tally)
