"""What each use of a layer reads, and the order in which they follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any, NamedTuple

from archcost.dims import Shape, sizes
from archcost.errors import ArchcostError
from archcost.importers.keras.config import Layer, flat, is_whole, open_sizes
from archcost.importers.keras.values import Constant, Lost, Value

MERGES = {"Add", "Multiply", "Concatenate", "Average", "Subtract", "Maximum", "Minimum", "Dot"}


class Call(NamedTuple):
    """One use of a layer of a model."""

    layer: int
    node: int
    args: Any
    kwargs: Mapping[str, Any]
    reads: tuple[tuple[str, int, int], ...]


class Reference(NamedTuple):
    """What a call reads: an output of another, with the shape that was recorded."""

    layer: str
    node: int
    output: int
    shape: Any = None


def uses(layer: Layer, place: int, held: Mapping[str, Any]) -> Iterator[Call]:
    """The uses of a layer, as Keras 3 writes them or as Keras 2 did."""
    nodes = held.get("inbound_nodes", [])
    if not isinstance(nodes, list):
        raise ArchcostError(f"{layer.name}: inbound_nodes must be a list")
    for index, node in enumerate(nodes):
        args: Any
        kwargs: Any
        if isinstance(node, dict):
            args, kwargs = _read(node.get("args", []), layer), _read(node.get("kwargs", {}), layer)
        elif isinstance(node, list):  # Keras 2: [[layer, node, output, kwargs], ...]
            parts = [node] if node and isinstance(node[0], str) else node
            found = [_reference(part, layer) for part in parts]
            kwargs = _older(next((part[3] for part in parts if len(part) > 3), {}), layer)
            args = [found if len(found) > 1 or layer.kind in MERGES else found[0]] if found else []
        else:
            raise ArchcostError(f"{layer.name}: an inbound node must be a mapping, is {str(node)[:60]}")
        if not isinstance(args, list) or not isinstance(kwargs, dict):
            raise ArchcostError(f"{layer.name}: an inbound node needs a list of args and a mapping of kwargs")
        reads = tuple((r.layer, r.node, r.output) for r in flat([args, kwargs], Reference))
        if reads:
            yield Call(place, index, args, kwargs, reads)


def references(model: Layer, key: str) -> list[tuple[str, int, int]]:
    """Inputs or outputs of a model: one `[layer, node, output]`, or several in a list or a mapping."""

    def walk(held: Any) -> Iterator[tuple[str, int, int]]:
        if isinstance(held, list) and held and isinstance(held[0], str):
            one = _reference(held, model)
            yield one.layer, one.node, one.output
        elif isinstance(held, list | dict):
            for part in held.values() if isinstance(held, dict) else held:
                yield from walk(part)
        else:
            raise ArchcostError(f"{model.where}: its {key} must name layers, not {str(held)[:60]}")

    return list(walk(model.config.get(key)))


def _reference(held: Any, layer: Layer) -> Reference:
    fits = isinstance(held, list | tuple) and len(held) >= 3 and isinstance(held[0], str)
    if not fits or not all(is_whole(n) and n >= 0 for n in held[1:3]):
        raise ArchcostError(f"{layer.where}: reads {str(held)[:60]}, which is no output of a layer")
    return Reference(held[0], held[1], held[2])


def _read(held: Any, layer: Layer) -> Any:
    """An argument of a layer with references, slices and constants in the place of how they are written."""
    if isinstance(held, list):
        return [_read(part, layer) for part in held]
    if not isinstance(held, dict):
        return held
    kind, config = held.get("class_name"), held.get("config")
    if kind == "__keras_tensor__":
        if not isinstance(config, dict):
            raise ArchcostError(f"{layer.name}: reads a tensor without a history")
        return _reference(config.get("keras_history"), layer)._replace(shape=config.get("shape"))
    if kind in ("__tensor__", "__numpy__") and isinstance(config, dict):
        return Constant(_extent(config.get("value")))
    if kind == "__ellipsis__":
        return Ellipsis
    if kind == "__slice__" and isinstance(config, dict):
        return slice(*(config.get(key) for key in ("start", "stop", "step")))
    return {key: _read(part, layer) for key, part in held.items()}


def _older(held: Any, layer: Layer) -> Any:
    """An argument that Keras 2 wrote: in a list an output of a layer is its name and two numbers."""
    if isinstance(held, dict) and "class_name" not in held:
        return {key: _older(part, layer) for key, part in held.items()}
    if not isinstance(held, list):
        return _read(held, layer)
    if len(held) == 3 and isinstance(held[0], str) and all(map(is_whole, held[1:])):
        return _reference(held, layer)
    return [_older(part, layer) for part in held]


def _extent(numbers: Any) -> Shape:
    """The shape of nested lists of numbers."""
    shape = []
    while isinstance(numbers, list) and numbers:
        shape.append(len(numbers))
        numbers = numbers[0]
    return tuple(shape)


def check(value: Value, reference: Reference, layer: Layer) -> None:
    """Refuse what is not the shape that Keras had."""
    found = open_sizes(reference.shape)
    if found is not None and (
        len(found) != len(value.shape)
        or any(theirs not in (None, ours) for theirs, ours in zip(found, value.shape, strict=True))
    ):
        held = sizes(["?" if n is None else n for n in found])
        raise ArchcostError(f"{layer.name}: reads {held} from {reference.layer}, which gives {sizes(value.shape)}")


def output_of(value: Any, place: int, name: str) -> Any:
    """One of the outputs of a layer."""
    if isinstance(value, list):
        if place >= len(value):
            raise ArchcostError(f"{name}: reads output {place} of a layer that has {len(value)}")
        return value[place]
    if place and not isinstance(value, Lost):
        raise ArchcostError(f"{name}: reads output {place} of a layer that has one")
    return value


def ordered(
    calls: Mapping[tuple[str, int], Call], values: Mapping[tuple[str, int], Any], entries: Sequence[Layer]
) -> Iterator[tuple[str, int]]:
    """Calls so that each follows what it reads, else in the order in which they are written."""
    readers: dict[tuple[str, int], list[tuple[str, int]]] = {}
    waits: dict[tuple[str, int], int] = {}
    for key, call in calls.items():
        needed = {(layer, node) for layer, node, _ in call.reads} - {*values}
        for name, node in needed:
            if (name, node) not in calls:
                raise ArchcostError(f"{entries[call.layer].name}: reads {name!r}, which is no layer before it")
            readers.setdefault((name, node), []).append(key)
        waits[key] = len(needed)
    place = {key: i for i, key in enumerate(calls)}
    ready = [(i, key) for key, i in place.items() if not waits[key]]
    done = 0
    while ready:
        _, key = heappop(ready)
        done += 1
        yield key
        for reader in readers.get(key, []):
            waits[reader] -= 1
            if not waits[reader]:
                heappush(ready, (place[reader], reader))
    if done < len(calls):
        left = [entries[calls[key].layer].name for key in calls if waits[key]]
        raise ArchcostError(f"{left[0]}: reads what follows from itself, in a circle of {len(left)} layers")
