"""Can the sizes that a file leaves open stay names?

The network is read at several sizes. Where it has the same layers each time, and every number in them that differs is
a formula of the sizes, these are knobs: a formula that fits all but one of the readings must foretell that one, layer
by layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from keyword import iskeyword
from typing import Any

from archcost.blocks import Formula
from archcost.errors import ArchcostError
from archcost.expand import expand
from archcost.importers import UNLIMITED, written
from archcost.importers.onnx import reading
from archcost.importers.onnx.reading import OpenSizes
from archcost.net import INPUT, Net, Node, propagate

# Sizes to read it at: many networks halve theirs five times without a rest, others take any.
EVEN, ODD = (224, 288, 416, 352, 160, 256), (227, 301, 253, 331, 189, 275)
READ = 4  # readings that are needed
DIVISORS = range(1, 65)

Read = Callable[[Mapping[str, int]], Net]
Sizes = Mapping[str, int]


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
    *readings, (sizes, last) = _readings(read, names)
    nodes = [_merged([net.nodes[i] for _, net in readings], [s for s, _ in readings]) for i in range(len(last.nodes))]
    made = last._replace(nodes=tuple(nodes))
    taken = {name for node in nodes for name in node.attributes} & {*names}
    if taken:
        raise ArchcostError(f"there are layers with arguments called {', '.join(sorted(taken))}")
    foretold = propagate(expand(written(last.name, made), None, sizes, UNLIMITED))
    for ours, theirs in zip(foretold, propagate(last), strict=True):
        if (ours.inputs, ours.cost) != (theirs.inputs, theirs.cost):
            raise ArchcostError(f"{theirs.node.name} is no formula of {', '.join(names)}")
    return made


def _readings(read: Read, names: Sequence[str]) -> list[tuple[Sizes, Net]]:
    """The network at those of the sizes that it takes, of one form each time."""
    found: list[tuple[Sizes, Net]] = []
    for place, row in product(range(len(EVEN)), (EVEN, ODD)):
        sizes = {name: row[(place + 2 * i) % len(row)] for i, name in enumerate(names)}
        try:
            net = read(sizes)
        except ArchcostError:
            if row is EVEN and not found and place:
                break
            continue
        found.append((sizes, net))
        forms = [[(n.name, n.op, n.inputs, n.shares, n.dtypes, [*n.attributes]) for n in net.nodes] for _, net in found]
        if forms[-1] != forms[0]:
            raise ArchcostError("it has other layers at other sizes")
        if len(found) > READ:
            break
    if len(found) < READ:
        raise ArchcostError(f"it takes few of the sizes {', '.join(map(str, (*EVEN, *ODD)))}")
    return found


def _merged(nodes: Sequence[Node], sizes: Sequence[Sizes]) -> Node:
    """A node as it is at all sizes."""
    first = nodes[0]
    attributes = {
        key: _formula([node.attributes[key] for node in nodes], sizes, f"{key} of {first.name}")
        for key in first.attributes
    }
    if first.op == INPUT:
        return first._replace(attributes={"shape": tuple(attributes["shape"])})
    return first._replace(attributes=attributes)


def _formula(values: Sequence[Any], sizes: Sequence[Sizes], what: str) -> Any:
    """What a value is at all sizes: itself, or a formula of them."""
    if all(value == values[0] for value in values):
        return values[0]
    if isinstance(values[0], tuple) and len({*map(len, values)}) == 1:
        return tuple(_formula(column, sizes, what) for column in zip(*values, strict=True))
    if all(type(value) is int for value in values):
        for text, bases in _bases(sizes):
            formula = _multiple(text, bases, values)
            if formula:
                return formula
    raise ArchcostError(f"{what} is no formula of {', '.join(sizes[0])}")


def _bases(sizes: Sequence[Sizes]) -> Iterator[tuple[str, list[int]]]:
    """What numbers often are multiples of, as text and at each of the sizes: parts of a size, products of two."""
    names = [*sizes[0]]
    parts = []
    for divisor in DIVISORS:
        for up in (0, divisor - 1) if divisor > 1 else (0,):
            texts = [_part(name, divisor, up) for name in names]
            parts.append((texts, [[(one[name] + up) // divisor for one in sizes] for name in names]))
    for texts, columns in parts:
        yield from zip(texts, columns, strict=True)
    for texts, columns in parts:
        for i, j in product(range(len(names)), repeat=2):
            if i <= j:
                yield f"{texts[i]}*{texts[j]}", [a * b for a, b in zip(columns[i], columns[j], strict=True)]


def _part(name: str, divisor: int, up: int) -> str:
    """A size divided, rounded down or up."""
    if divisor == 1:
        return name
    return f"(({name} + {up})//{divisor})" if up else f"({name}//{divisor})"


def _multiple(text: str, bases: Sequence[int], values: Sequence[int]) -> Formula | None:
    """`3*base + 1`, if the values are that."""
    spread = bases[1] - bases[0]
    if not spread or (values[1] - values[0]) % spread:
        return None
    times = (values[1] - values[0]) // spread
    more = values[0] - times * bases[0]
    if not times or any(value != times * base + more for base, value in zip(bases, values, strict=True)):
        return None
    multiple = text if times == 1 else f"{times}*{text}"
    return Formula(f"{multiple} {'+' if more > 0 else '-'} {abs(more)}" if more else multiple)
