"""Can the sizes that a file leaves open stay names?

The network is read at several sizes. Where it has the same layers each time, the formulas of the layers say what every
size in it is of those of the input. A number in an attribute that differs is the size of a tensor before it, or a
multiple, quotient or product of such sizes. If several would do, the network is read at a size where these differ. What
comes out must foretell further readings, layer by layer.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from itertools import combinations_with_replacement
from keyword import iskeyword
from typing import Any, NamedTuple

from archcost.blocks import Formula
from archcost.dims import Shape
from archcost.errors import ArchcostError
from archcost.expand import expand
from archcost.importers import UNLIMITED, written
from archcost.importers.onnx import reading
from archcost.importers.onnx.reading import OpenSizes
from archcost.importers.onnx.sizes import Size, added, divided, formula, multiplied, number, scaled
from archcost.net import Net, Node, apply, propagate
from archcost.trace import Traced

# Sizes to read it at: many networks halve theirs five times without a rest, others take any.
EVEN, ODD = (224, 288, 416), (227, 257, 319)
FAR = (1120, 992, 1021, 961, 160, 193, 96)
FITTED, FORETOLD = 3, 2  # readings that are needed, to find formulas and to try them
NAMES = 8  # that are kept at most
TRIES = 16  # to tell formulas apart

Read = Callable[[Mapping[str, int]], Net]
Sizes = Mapping[str, int]


class Reading(NamedTuple):
    """The network at some sizes, with the shapes that its layers make."""

    sizes: Sizes
    net: Net
    shapes: Sequence[Shape]


class Unclear(ArchcostError):
    """Several formulas fit."""

    def __init__(self, what: str, found: Sequence[Size]) -> None:
        super().__init__(f"{what} could be {' or '.join(map(str, found[:2]))}")
        self.found = found


def net_of(path: str, name: str, title: str, dims: Mapping[str, int] | None = None, skip_unknown: bool = False) -> Net:
    """The net of an ONNX file. Sizes that it leaves open and `dims` does not give stay names, where they can."""

    def read(sizes: Sizes) -> Net:
        return reading.net_of(path, name, title, {**(dims or {}), **sizes}, skip_unknown)

    try:
        return read({})
    except OpenSizes as error:
        try:
            return _named(read, error.names)
        except ArchcostError as reason:
            raise ArchcostError(f"{error} (they cannot stay names: {reason})") from reason


def _named(read: Read, names: Sequence[str]) -> Net:
    """The net with the names in the place of sizes."""
    for name in names:
        if not name.isidentifier() or iskeyword(name):
            raise ArchcostError(f"{name!r} is no name of a knob")
    if len(names) > NAMES:
        raise ArchcostError(f"there are more than {NAMES}")
    readings = [one for row in (EVEN, ODD) for one in _readings(read, names, row)]
    tried = list(_readings(read, names, FAR))[:FORETOLD]
    if len(readings) < FITTED or len(tried) < FORETOLD:
        raise ArchcostError(f"it takes few of the sizes {', '.join(map(str, (*EVEN, *ODD, *FAR)))}")
    made = _clear(read, readings)
    taken = {name for node in made.nodes for name in node.attributes} & {*names}
    if taken:
        raise ArchcostError(f"there are layers with arguments called {', '.join(sorted(taken))}")
    spec = written(made.name, made)
    for one in tried:
        foretold = propagate(expand(spec, None, one.sizes, UNLIMITED))
        for ours, theirs in zip(foretold, propagate(one.net), strict=True):
            if (ours.inputs, ours.cost) != (theirs.inputs, theirs.cost):
                raise ArchcostError(f"{theirs.node.name} is no formula of {', '.join(names)}")
    return made


def _readings(read: Read, names: Sequence[str], row: Sequence[int]) -> Iterator[Reading]:
    """The network at those of the sizes that it takes, a different one for each name."""
    for place in range(len(row)):
        sizes = {name: row[(place + i) % len(row)] + 32 * (i // len(row)) for i, name in enumerate(names)}
        one = _reading(read, sizes)
        if one is not None:
            yield one


def _reading(read: Read, sizes: Sizes) -> Reading | None:
    try:
        net = read(sizes)
    except ArchcostError:
        return None
    return Reading(sizes, net, [step.cost.out for step in propagate(net)])


def _clear(read: Read, readings: list[Reading]) -> Net:
    """The net as it is at all sizes, read once more wherever formulas differ that fit so far.

    Where the network takes no size at which they differ, the shortest is as good as any.
    """
    settled: set[Size] = set()
    for _ in range(TRIES):
        try:
            return _merged(readings, settled)
        except Unclear as error:
            found = error.found
            places = [sizes for sizes in _places(readings[0].sizes) if len({one.at(sizes) for one in found}) > 1]
            further = (_reading(read, sizes) for sizes in places[:: len(places) // TRIES + 1])
            one = next(filter(None, further), None)
            if one is None:
                settled.add(min(found, key=lambda size: len(str(size))))
            else:
                readings.append(one)
    return _merged(readings, settled)


def _places(sizes: Sizes) -> Iterator[Sizes]:
    """Sizes at which formulas may differ."""
    for size in range(33, 1025):
        yield dict.fromkeys(sizes, size)
        if len(sizes) > 1:
            for name in sizes:
                yield {**sizes, name: size}


def _merged(readings: Sequence[Reading], settled: Container[Size]) -> Net:
    """The net as it is at all sizes that were read."""
    first = readings[0].net
    forms = [[(n.name, n.op, n.inputs, n.shares, n.dtypes, [*n.attributes]) for n in one.net.nodes] for one in readings]
    if any(form != forms[0] for form in forms):
        raise ArchcostError("it has other layers at other sizes")
    merging = Merging(readings, settled)
    nodes = [merging.node(index) for index in range(len(first.nodes))]
    return first._replace(nodes=tuple(nodes))


class Merging:
    """The nodes so far, and the sizes of what they make by their values at each reading."""

    def __init__(self, readings: Sequence[Reading], settled: Container[Size]) -> None:
        self.readings, self.settled = readings, settled
        self.known: dict[str, Size] = {name: Size(name) for name in readings[0].sizes}
        self.alike: dict[tuple[int, ...], list[Size]] = {}
        self.shapes: list[Shape] = []  # of numbers that remember which size they are
        for size in self.known.values():
            self.note(size)

    def values(self, size: Size) -> tuple[int, ...]:
        return tuple(size.at(one.sizes) for one in self.readings)

    def note(self, size: Size) -> None:
        if size.atom is not None and size not in self.alike.setdefault(self.values(size), []):
            self.alike[self.values(size)].append(size)

    def node(self, index: int) -> Node:
        """A node as it is at all sizes."""
        nodes = [one.net.nodes[index] for one in self.readings]
        first = nodes[0]
        found = {key: self.same([node.attributes[key] for node in nodes], first.name) for key in first.attributes}
        inputs = tuple(self.shapes[i] for i in first.inputs)
        out = apply(first.op, inputs, {key: self.remembering(value) for key, value in found.items()}).out
        sizes = [formula(n, self.known) for n in out]
        for axis, size in enumerate(sizes):
            if self.values(size) != tuple(one.shapes[index][axis] for one in self.readings):
                raise ArchcostError(f"{first.name} makes no formula of {', '.join(self.readings[0].sizes)}")
            self.note(size)
        self.shapes.append(tuple(map(self.remembering, sizes)))
        return first._replace(attributes={key: _plain(value) for key, value in found.items()})

    def remembering(self, value: Any) -> Any:
        """A size as a number that remembers which it is; in a list each."""
        if isinstance(value, Size):
            self.known[str(value)] = value
            return Traced(value.at(self.readings[0].sizes), str(value)) if value.atom is not None else value.more
        return tuple(map(self.remembering, value)) if isinstance(value, tuple) else value

    def same(self, values: Sequence[Any], what: str) -> Any:
        """What a value is at all sizes: itself, or a formula of them; in a list each."""
        if all(value == values[0] for value in values):
            return values[0]
        lengths = {len(value) for value in values if isinstance(value, tuple)}
        if len(lengths) == 1:  # one number is the same for all axes
            lists = [value if isinstance(value, tuple) else (value,) * max(lengths) for value in values]
            return tuple(self.same(column, what) for column in zip(*lists, strict=True))
        if all(type(value) is int for value in values):
            for candidates in (self.sizes, self.multiples, self.products):
                found = list(dict.fromkeys(candidates(tuple(values))))
                chosen = found if len(found) < 2 else [size for size in found if size in self.settled]
                if found and not chosen:
                    raise Unclear(f"a number of {what}", found)
                if chosen:
                    return chosen[0]
        raise ArchcostError(f"a number of {what} is no formula of {', '.join(self.readings[0].sizes)}")

    def sizes(self, values: tuple[int, ...]) -> Iterator[Size]:
        """The sizes that have these values."""
        yield from self.alike.get(values, ())

    def multiples(self, values: tuple[int, ...]) -> Iterator[Size]:
        """Sizes of which these values are so many times as much, so many more, or an exact part."""
        for others, sizes in self.alike.items():
            for size in sizes:
                yield from _multiples(values, others, size)

    def products(self, values: tuple[int, ...]) -> Iterator[Size]:
        """Products of two sizes, such as of the axes of a map, and multiples of these."""
        for (ours, some), (theirs, others) in combinations_with_replacement(self.alike.items(), 2):
            product = tuple(a * b for a, b in zip(ours, theirs, strict=True))
            if product[0] % values[0] == 0 or values[0] % product[0] == 0:
                for a in some:
                    for b in others:
                        yield from _multiples(values, product, multiplied(a, b), whole=True)


def _multiples(values: Sequence[int], others: Sequence[int], size: Size, whole: bool = False) -> Iterator[Size]:
    """The size times a number, divided by one, or, unless it must be a whole multiple, with one added."""
    pairs = list(zip(values, others, strict=True))
    value, other = pairs[0]
    times, parts, more = value // max(other, 1), other // max(value, 1), value - other
    if times and all(v == times * o for v, o in pairs):
        yield scaled(size, times)
    elif parts and all(o == parts * v for v, o in pairs):
        yield divided(size, number(parts))
    elif not whole and all(v == o + more for v, o in pairs):
        yield added(size, number(more))


def _plain(value: Any) -> Any:
    """Sizes as the text of formulas."""
    if isinstance(value, Size):
        return Formula(value)
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value
