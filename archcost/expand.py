"""From a specification to a flat net: knobs set, blocks opened, repeats unrolled, wiring resolved. It knows no shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from archcost.cost import LayerType, layer_names, layer_type
from archcost.errors import ArchcostError, Frame, Position, SpecError, did_you_mean
from archcost.expression import evaluate, is_word
from archcost.kinds import check, is_whole, shown
from archcost.net import INPUT, Net, Node
from archcost.source import Limits, Value
from archcost.spec import NAME, Block, Spec

WIRING: Mapping[str, str] = {
    "as": "names the layer",
    "from": "the layer it reads, or a list of them",
    "repeat": "how often it stands here",
    "when": "whether it stands here",
}


class Names:
    """The layers that have been named so far, in this list and in those around it."""

    def __init__(self, outer: Names | None = None, **named: int) -> None:
        self.outer, self.named = outer, named

    def find(self, name: str) -> int | None:
        """The index of the node of that name."""
        return self.named[name] if name in self.named else self.outer.find(name) if self.outer else None

    def __iter__(self) -> Iterator[str]:
        yield from self.named
        yield from self.outer or ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean where a list of layers was written."""

    values: Mapping[str, Any] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    via: Frame | None = None


class Layers(NamedTuple):
    """A list of layers as an argument, to be read in the scope in which it was written."""

    value: Value
    scope: Scope


class Entry(NamedTuple):
    """One item of a list of layers: the layer or block it names, the arguments, and the wiring beside them."""

    name: str
    at: Position
    arguments: Value
    wiring: Mapping[str, Value]


def expand(
    spec: Spec, variant: str | None = None, knobs: Mapping[str, Any] | None = None, limits: Limits = Limits()
) -> Net:
    """The net of a specification, or of one of its variants, with some knobs set: to a `Value` or to anything numeric."""
    settings: dict[str, Any] = {**(spec.variants[variant] if variant else {}), **(knobs or {})}
    for knob, setting in settings.items():
        if knob not in spec.params:
            at = setting.key_at or setting.at if isinstance(setting, Value) else None
            raise SpecError(f"{variant or spec.name} has no parameter {knob!r}{did_you_mean(knob, spec.params)}", at)
    values: dict[str, Any] = {}
    expansion = Expansion(spec.blocks, limits, values)
    for name, default in spec.params.items():
        setting = settings.get(name, default)
        at = default.key_at or default.at
        values[name] = expansion.bound(setting, Scope(values)) if isinstance(setting, Value) else _plain(setting)
        if values[name] is None:
            raise SpecError(f"the parameter {name!r} has no default: set it with --set {name}=...", at)
    expansion.network(spec, Scope(values))
    title = f"{spec.title} ({variant})" if variant and variant != spec.title else spec.title
    return Net(variant or spec.name, tuple(expansion.nodes), title, spec.source)


def _plain(setting: Any) -> Any:
    return tuple(map(_plain, setting)) if isinstance(setting, list | tuple) else setting


class Expansion:
    """The nodes made so far."""

    def __init__(self, blocks: Mapping[str, Block], limits: Limits, knobs: Mapping[str, Any]) -> None:
        self.blocks, self.limits, self.knobs = blocks, limits, knobs
        self.nodes: list[Node] = []
        self.entries = 0

    def network(self, spec: Spec, scope: Scope) -> None:
        """The inputs and, from the first of them, all layers."""
        inputs = {}
        for name, value in spec.inputs.items():
            shape = self.bound(value, scope)
            if not isinstance(shape, tuple) or not all(map(is_whole, shape)):
                raise SpecError(f"an input must be a list of whole numbers from 1, is {shown(shape)}", value.at)
            inputs[name] = self.node(name, INPUT, (), {"shape": shape}, value.at, None)
        named = {"input": 0, **inputs}
        self.list_of_layers(spec.layers, Scope(scope.values, Names(**named)), 0, "", 0)

    def node(
        self, name: str, op: str, inputs: tuple[int, ...], attributes: Mapping[str, Any], at: Position, via: Frame | None
    ) -> int:
        self.nodes.append(Node(name, op, inputs, attributes, at, via))
        return len(self.nodes) - 1

    def list_of_layers(self, layers: Value, scope: Scope, x: int, path: str, depth: int) -> int:
        """The layers of a list one after the other, from node x on; gives the node that the last one made."""
        if depth > self.limits.depth:
            raise SpecError(
                f"blocks and branches nested deeper than {self.limits.depth}; --limit depth=N raises the limit",
                layers.at,
                scope.via,
            )
        scope = Scope(scope.values, Names(scope.names), scope.via)
        taken = {str(i.data["as"].data) for i in layers.data if i.is_map and "as" in i.data}
        made: dict[str, int] = {}
        for item in layers.data:
            entry = self.entry(item, scope)
            if "when" in entry.wiring and not self.truth(entry.wiring["when"], scope):
                continue
            start = self.reads(entry, scope) or (x,)
            for label in self.labels(entry, scope, made, taken):
                self.entries += 1
                if self.entries > self.limits.layers:
                    self.too_many(entry, scope)
                x = self.place(entry, scope, start, path + label, depth)
                start = (x,)
            if "as" in entry.wiring:
                scope.names.named[str(entry.wiring["as"].data)] = x
        return x

    def entry(self, item: Value, scope: Scope) -> Entry:
        """An item of a list, taken apart: `relu`, `conv: {out: 64, ...}`, with wiring beside it."""
        if item.is_text:
            return Entry(item.data, item.at, Value(None, item.at), {})
        if not item.is_map:
            raise SpecError("a layer must be a name, or a name with its arguments", item.at, scope.via)
        wiring = {key: value for key, value in item.data.items() if key in WIRING}
        named = [key for key in item.data if key not in WIRING]
        if len(named) != 1:
            at = item.data[named[1]].key_at if named else item.at
            among = f", has {' and '.join(map(repr, named))}" if named else ""
            raise SpecError(f"an item of a list of layers must name one layer{among}", at, scope.via)
        arguments = item.data[named[0]]
        return Entry(named[0], arguments.key_at or item.at, arguments, wiring)

    def labels(self, entry: Entry, scope: Scope, made: dict[str, int], taken: set[str]) -> Iterator[str]:
        """The name of the layer in its list, once for each time it stands there."""
        times = self.times(entry, scope) if "repeat" in entry.wiring else 1
        if "as" in entry.wiring:
            name = str(entry.wiring["as"].data)
            at = entry.wiring["as"].at
            if isinstance(entry.wiring["as"].data, list | dict | None) or not NAME.match(name):
                raise SpecError("a name has letters, digits, _ . + -", at, scope.via)
            if name in scope.names.named:
                raise SpecError(f"the name {name!r} is taken in this list", at, scope.via)
            yield from (name,) if "repeat" not in entry.wiring else (f"{name}{i + 1}" for i in range(times))
            return
        for _ in range(times):
            made[entry.name] = made.get(entry.name, 0) + 1
            while f"{entry.name}{made[entry.name]}" in taken:
                made[entry.name] += 1
            yield f"{entry.name}{made[entry.name]}"

    def times(self, entry: Entry, scope: Scope) -> int:
        value = entry.wiring["repeat"]
        times = self.bound(value, scope)
        if not isinstance(times, int) or isinstance(times, bool) or times < 0:
            raise SpecError(f"repeat must be a whole number from 0, is {shown(times)}", value.at, scope.via)
        if times > self.limits.layers:
            self.too_many(entry, scope)
        return times

    def too_many(self, entry: Entry, scope: Scope) -> None:
        message = f"more than {self.limits.layers} layers; --limit layers=N raises the limit"
        raise SpecError(message, entry.at, scope.via)

    def truth(self, value: Value, scope: Scope) -> bool:
        answer = self.bound(value, scope)
        if not isinstance(answer, bool):
            raise SpecError(f"when must be true or false, is {shown(answer)}", value.at, scope.via)
        return answer

    def reads(self, entry: Entry, scope: Scope) -> tuple[int, ...]:
        """The nodes that `from` names."""
        if "from" not in entry.wiring:
            return ()
        value = entry.wiring["from"]
        found = []
        for name in value.data if value.is_list else [value]:
            if isinstance(name.data, list | dict) or name.data is None:
                raise SpecError("from takes the name of a layer, or a list of names", name.at, scope.via)
            index = scope.names.find(str(name.data))
            if index is None:
                near = did_you_mean(str(name.data), scope.names)
                raise SpecError(f"no layer before this one is named {shown(name.data)}{near}", name.at, scope.via)
            found.append(index)
        if not found:
            raise SpecError("from names no layer", value.at, scope.via)
        return tuple(found)

    def place(self, entry: Entry, scope: Scope, start: tuple[int, ...], path: str, depth: int) -> int:
        """The nodes of one entry, whatever its name stands for: a list of layers, a block, or a layer type."""
        argument = scope.values.get(entry.name)
        if isinstance(argument, Layers) or argument == ():
            self.one_input(entry, scope, start)
            if entry.arguments.data is not None:
                raise SpecError(f"{entry.name} is a list of layers and takes no arguments", entry.at, scope.via)
            return self.opened(argument, start[0], path, depth)
        if entry.name in self.blocks:
            self.one_input(entry, scope, start)
            return self.block(self.blocks[entry.name], entry, scope, start[0], path, depth)
        if entry.name in layer_names():
            return self.layer(layer_type(entry.name), entry, scope, start, path, depth)
        near = did_you_mean(entry.name, [*self.blocks, *layer_names()])
        raise SpecError(f"there is no layer or block {shown(entry.name)}{near}", entry.at, scope.via)

    def one_input(self, entry: Entry, scope: Scope, start: tuple[int, ...]) -> None:
        if len(start) != 1:
            raise SpecError(f"{entry.name} reads one layer, from names {len(start)}", entry.at, scope.via)

    def opened(self, argument: Layers | tuple[()], x: int, path: str, depth: int) -> int:
        """The layers of an argument; an empty list is the identity."""
        return self.list_of_layers(argument.value, argument.scope, x, f"{path}/", depth + 1) if argument else x

    def block(self, block: Block, entry: Entry, scope: Scope, x: int, path: str, depth: int) -> int:
        frame = scope.via
        while frame:
            if frame.block == block.name:
                raise SpecError(f"the block {block.name!r} uses itself", entry.at, scope.via)
            frame = frame.outer
        values = self.arguments(block, entry, scope)
        inner = Scope(values, Names(input=x), Frame(block.name, entry.at, scope.via))
        return self.list_of_layers(block.layers, inner, x, f"{path}/", depth + 1)

    def arguments(self, block: Block, entry: Entry, scope: Scope) -> dict[str, Any]:
        """The parameters of a block: from a map by name, from a list in order, from a single value the first."""
        value, params = entry.arguments, list(block.params)
        if value.is_map:
            given = value.data
        elif value.is_list and not (len(params) == 1 and self.is_layers(value, scope)):
            given = dict(zip(params, value.data, strict=False))
            if len(value.data) > len(params):
                message = f"{block.name} takes {len(params)} values, is given {len(value.data)}"
                raise SpecError(message, value.data[len(params)].at, scope.via)
        else:
            given = {} if value.data is None else {params[0]: value} if params else {"": value}
        for name, argument in given.items():
            if name not in block.params:
                what = repr(name) if name else "arguments"
                near = did_you_mean(name, params)
                raise SpecError(f"{block.name} takes no {what}{near}", argument.key_at or argument.at, scope.via)
        values = dict(self.knobs)  # a block sees the knobs of the network; its own parameters come before them
        for name, default in block.params.items():
            values[name] = self.bound(given[name], scope) if name in given else self.bound(default, Scope(values))
            if values[name] is None:
                raise SpecError(f"{block.name} needs {name!r}", entry.at, scope.via)
        return values

    def layer(
        self, kind: LayerType, entry: Entry, scope: Scope, start: tuple[int, ...], path: str, depth: int
    ) -> int:
        """The node of a layer type; one that joins takes its branches first, each from the same input."""
        value = entry.arguments
        branches: dict[str, Value] = {}
        if kind.joins and value.is_map:
            branches = {key: branch for key, branch in value.data.items() if key not in kind.attributes}
        elif kind.joins and value.is_list:
            branches = {str(i + 1): branch for i, branch in enumerate(value.data)}
        if branches:
            self.one_input(entry, scope, start)
            start = tuple(self.branch(kind, name, b, scope, start[0], path, depth) for name, b in branches.items())
        elif kind.joins and len(start) < 2:
            raise SpecError(f"{kind.name} needs branches, or two layers or more in from", entry.at, scope.via)
        elif not kind.joins and len(start) != len(kind.inputs):
            message = f"{kind.name} reads {len(kind.inputs)} layer, from names {len(start)}"
            raise SpecError(message, entry.at, scope.via)
        attributes = self.attributes(kind, entry, branches, scope)
        return self.node(path, kind.name, start, attributes, entry.at, scope.via)

    def branch(self, kind: LayerType, name: str, value: Value, scope: Scope, x: int, path: str, depth: int) -> int:
        if not NAME.match(name):
            raise SpecError(f"{name!r} is not a name: use letters, digits, _ . + -", value.key_at, scope.via)
        layers = scope.values.get(value.data) if value.is_text else Layers(value, scope) if value.is_list else None
        if not isinstance(layers, Layers) and layers != ():
            near = did_you_mean(name, kind.attributes)
            message = f"the branch {name!r} of {kind.name} must be a list of layers{near}"
            raise SpecError(message, value.key_at or value.at, scope.via)
        return self.opened(layers, x, f"{path}/{name}", depth)

    def attributes(
        self, kind: LayerType, entry: Entry, branches: Mapping[str, Value], scope: Scope
    ) -> dict[str, Any]:
        """The attributes of a layer, each checked by its kind; a value that is no map is the first attribute."""
        value = entry.arguments
        given = value.data if value.is_map else {}
        if not value.is_map and value.data is not None and not branches:
            if not kind.attributes:
                raise SpecError(f"{kind.name} takes no arguments", value.at, scope.via)
            given = {next(iter(kind.attributes)): value}
        checked = {}
        for name, argument in given.items():
            if name in branches:
                continue
            if name not in kind.attributes:
                near = did_you_mean(name, [*kind.attributes, *WIRING])
                raise SpecError(f"{kind.name} takes no {name!r}{near}", argument.key_at or argument.at, scope.via)
            checked[name] = self.attribute(name, kind.attributes[name].kind, argument, scope)
        for name, attribute in kind.attributes.items():
            if attribute.required and name not in checked:
                raise SpecError(f"{kind.name} needs {name!r}", entry.at, scope.via)
        return checked

    def attribute(self, name: str, kind: str, value: Value, scope: Scope) -> Any:
        data = self.bound(value, scope)
        try:
            return check(kind, data)
        except ArchcostError as error:
            near = did_you_mean(data, scope.values) if isinstance(data, str) and "mean" not in str(error) else ""
            raise SpecError(f"{name} {error}{near}", value.at, scope.via) from error

    def bound(self, value: Value, scope: Scope) -> Any:
        """What a value means in a scope: a number, truth, word, tuple, list of layers, or None for nothing."""
        data = value.data
        if isinstance(data, str):
            if data in scope.values:
                return scope.values[data]
            try:
                return data if is_word(data) else evaluate(data, scope.values, value.at)
            except SpecError as error:
                raise SpecError(error.message, error.at, scope.via) from error
        if isinstance(data, list):
            return Layers(value, scope) if self.is_layers(value, scope) else tuple(self.bound(v, scope) for v in data)
        if isinstance(data, dict):
            raise SpecError("a value must be a number, a word or a list, not a map", value.at, scope.via)
        return data

    def is_layers(self, value: Value, scope: Scope) -> bool:
        """Whether a list holds layers rather than numbers: any of its items names one."""
        return any(
            item.is_map
            or (
                item.is_text
                and (
                    isinstance(scope.values.get(item.data), Layers)
                    or (item.data not in scope.values and (item.data in self.blocks or item.data in layer_names()))
                )
            )
            for item in value.data
        )
