"""From a specification to a flat net: knobs set, blocks opened, repeats unrolled, wiring resolved. No shapes yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from archcost.cost import PARAMETERS, LayerType, is_layer, layer_names, layer_type, reading
from archcost.errors import ArchcostError, Frame, Position, SpecError, did_you_mean, instead
from archcost.kinds import check, element_bytes, exact, is_hashable, is_whole, shown
from archcost.kinds import kind as kind_of
from archcost.meaning import ANYWHERE, Layers, Meaning, Names, Scope
from archcost.net import INPUT, NOTHING_SAID, OUTPUT, Net, Node
from archcost.repeated import Made
from archcost.source import Limits, Value
from archcost.spec import NAME, Block, Spec, not_a_name

WIRING: Mapping[str, str] = {
    "as": "names the layer",
    "from": "the layer it reads, or a list of them",
    "repeat": "how often it stands here",
    "first": "the number of the first that is repeated, 1 unless given",
    "when": "whether it stands here",
    "shares": "the layer whose weights it uses",
    "dtype": "the type of what it makes, or a map with that of its output and of its parameters by kind",
}
OF_LAYERS = ("shares", "dtype")  # of layers alone, not of blocks
TYPED = (OUTPUT, *PARAMETERS)  # what of a layer has a type
AXES = 8  # of an input
NAMED = 50  # characters of a name cost as much as a value: names of blocks and layers in them are joined to paths


class Entry(NamedTuple):
    """One item of a list of layers: the layer or block it names, the arguments, and the wiring beside them."""

    name: str
    at: Position
    arguments: Value
    wiring: Mapping[str, Value]


def expand(
    spec: Spec, variant: str | None = None, knobs: Mapping[str, Any] | None = None, limits: Limits = Limits()
) -> Net:
    """The net of a specification or of one of its variants, with knobs set to a `Value` or to anything numeric."""
    settings: dict[str, Any] = {**(spec.variants[variant] if variant else {}), **(knobs or {})}
    for knob, setting in settings.items():
        if knob not in spec.params:
            at = setting.key_at or setting.at if isinstance(setting, Value) else None
            raise SpecError(f"{variant or spec.name} has no parameter {knob!r}{instead(knob, spec.params)}", at)
    values: dict[str, Any] = {}
    expansion = Expansion(spec.blocks, limits, values)
    try:
        for name, default in spec.params.items():
            setting = settings.get(name, default)
            scope = Scope(values, Names())
            values[name] = expansion.bound(setting, scope) if isinstance(setting, Value) else _plain(setting)
            if values[name] is None:
                at = setting.key_at if isinstance(setting, Value) else None
                raise SpecError(
                    f"the parameter {name!r} of {variant or spec.name} has no value: set it with --set {name}=...", at
                )
        expansion.network(spec, Scope(values, Names()))
    except RecursionError as error:  # reached only where --limit depth=N allows more than Python does
        raise SpecError("nested too deeply for Python", spec.layers.at) from error
    name = variant or spec.name
    accuracy = None if knobs else spec.accuracy.get(name)  # what was measured is the network as it is
    return Net(name, tuple(expansion.nodes), title_of(spec, variant), spec.source, accuracy)


def title_of(spec: Spec, variant: str | None) -> str:
    """What people call a network, with its variant."""
    return f"{spec.title} ({variant})" if variant and variant != spec.title else spec.title


def _alike(block: Block, depth: int, start: tuple[int, ...], given: list[Any]) -> Any:
    """What two uses of a block have in common if both become the same nodes; None where that cannot be told."""
    if any(isinstance(value, Layers) and value.scope is not ANYWHERE for value in given):
        return None
    places: dict[int, int] = {}
    read = [places.setdefault(index, len(places)) for index in start]
    key = (block.name, depth, *read, *map(_typed, given))
    return key if is_hashable(key) else None


def _typed(value: Any) -> Any:
    """A value that equals none of another type: 1 is not true."""
    return tuple(map(_typed, value)) if isinstance(value, tuple) else (type(value), value)


def _plain(setting: Any) -> Any:
    """A setting from Python: lists as tuples, arrays such that they refuse to wrap."""
    if isinstance(setting, list | tuple):
        return tuple(map(_plain, setting))
    if hasattr(setting, "dtype") and getattr(setting, "ndim", False):
        from archcost.guarded import guarded

        return guarded(setting)
    return setting


class Expansion(Meaning):
    """The nodes made so far."""

    def __init__(self, blocks: Mapping[str, Block], limits: Limits, knobs: Mapping[str, Any]) -> None:
        super().__init__(blocks, limits)
        self.knobs = knobs
        self.nodes: list[Node] = []
        self.taken: set[str] = set()
        self.made: dict[Any, Made] = {}
        self.lists: dict[int, tuple[list[Entry], set[str]]] = {}
        self.entries = 0

    def network(self, spec: Spec, scope: Scope) -> None:
        """The inputs and, from the first of them, all layers."""
        inputs = {}
        for name, value in spec.inputs.items():
            shape = exact(self.bound(value, scope))
            if not isinstance(shape, tuple):
                raise SpecError(f"an input must be a list of sizes, is {shown(shape)}", value.at)
            for size, item in zip(shape, value.data, strict=True):
                if not is_whole(size):
                    _, near = self.mistake(item, scope)
                    raise SpecError(f"a size must be a whole number from 1, is {shown(size)}{near}", item.at)
            if len(shape) > AXES:
                raise SpecError(f"an input has {AXES} axes at most, not {len(shape)}", value.at)
            inputs[name] = self.add(Node(name, INPUT, (), {"shape": shape}, value.at))
        self.list_of_layers(spec.layers, Scope(scope.values, Names(named={"input": 0, **inputs})), 0, "", 0)
        if len(self.nodes) == len(inputs):
            raise SpecError("no layers: each is left out by when or repeated 0 times", spec.layers.at)

    def add(self, node: Node) -> int:
        if node.name in self.taken:
            raise SpecError(f"the name {node.name!r} is taken", node.at, node.via)
        self.spend(len(node.name) // NAMED, node.at, node.via)
        self.taken.add(node.name)
        self.nodes.append(node)
        return len(self.nodes) - 1

    def list_of_layers(self, layers: Value, scope: Scope, x: int, path: str, depth: int) -> int:
        """The layers of a list one after the other, from node x on; gives the node that the last one made."""
        if depth > self.limits.depth:
            raise SpecError(
                f"blocks and branches nested deeper than {self.limits.depth}; --limit depth=N raises the limit",
                layers.at,
                scope.via,
            )
        self.spend(len(layers.data), layers.at, scope.via)
        scope = Scope(scope.values, Names(scope.names), scope.via)
        entries, taken = self.read(layers, scope)
        made: dict[str, int] = {}
        latest = [x]
        for entry in entries:
            if "when" in entry.wiring and not self.truth(entry.wiring["when"], scope):
                continue
            start = self.reads(entry, scope) or self.before(entry, latest)
            for label in self.labels(entry, scope, made, taken):
                self.entries += 1
                if self.entries > self.limits.layers:
                    self.too_many(entry, scope)
                x = self.place(entry, scope, start, path + label, depth)
                latest.append(x)
                start = (x, *start)[: len(start)]
            if "as" in entry.wiring:
                scope.names.named[str(entry.wiring["as"].data)] = x
        return x

    def read(self, layers: Value, scope: Scope) -> tuple[list[Entry], set[str]]:
        """The entries of a list and the names that they give, looked at once however often the list is used."""
        if id(layers) not in self.lists:
            entries = [self.entry(item, scope) for item in layers.data]
            self.lists[id(layers)] = entries, {str(e.wiring["as"].data) for e in entries if "as" in e.wiring}
        return self.lists[id(layers)]

    def entry(self, item: Value, scope: Scope) -> Entry:
        """An item of a list, taken apart: `relu`, `conv: {out: 64, ...}`, with wiring beside it."""
        if item.is_text:
            return Entry(item.data, item.at, Value(None, item.at), {})
        if not item.is_map:
            raise SpecError("a layer must be a name, or a name with its arguments", item.at, scope.via)
        wiring = {key: value for key, value in item.data.items() if key in WIRING}
        named = [key for key in item.data if key not in WIRING]
        if len(named) != 1:
            raise self.not_one(item, named, scope)
        arguments = item.data[named[0]]
        return Entry(named[0], arguments.key_at or item.at, arguments, wiring)

    def not_one(self, item: Value, named: list[str], scope: Scope) -> SpecError:
        """What is wrong with an item that names no layer or several: often its arguments are not indented."""
        if not named:
            return SpecError("an item of a list of layers must name one layer", item.at, scope.via)
        known = [key for key in named if is_layer(key) or key in self.blocks or key in scope.values]
        first = known[0] if known else named[0]
        other = next(key for key in named if key != first)
        hint = "begin it with '- '" if other in known else f"indent it further if it belongs to {first}"
        hint = did_you_mean(other, WIRING) or f": {hint}"
        return SpecError(f"{shown(other)} stands beside {shown(first)}{hint}", item.data[other].key_at, scope.via)

    def labels(self, entry: Entry, scope: Scope, made: dict[str, int], taken: set[str]) -> Iterator[str]:
        """The name of the layer in its list, once for each time it stands there."""
        times = self.times(entry, scope) if "repeat" in entry.wiring else 1
        first = self.first(entry, scope) if "first" in entry.wiring else 1
        if "as" in entry.wiring:
            name = str(entry.wiring["as"].data)
            at = entry.wiring["as"].at
            if isinstance(entry.wiring["as"].data, list | dict | None):
                raise SpecError("as takes the name that the layer shall have", at, scope.via)
            if not NAME.match(name):
                raise SpecError(not_a_name(name), at, scope.via)
            if name in scope.names.named:
                raise SpecError(f"the name {name!r} is taken in this list", at, scope.via)
            yield from (name,) if "repeat" not in entry.wiring else (f"{name}{first + i}" for i in range(times))
            return
        for _ in range(times):
            made[entry.name] = made.get(entry.name, 0) + 1
            while f"{entry.name}{made[entry.name]}" in taken:
                made[entry.name] += 1
            yield f"{entry.name}{made[entry.name]}"

    def times(self, entry: Entry, scope: Scope) -> int:
        times = self.whole("repeat", entry, scope)
        if times > self.limits.layers:
            self.too_many(entry, scope)
        return times

    def first(self, entry: Entry, scope: Scope) -> int:
        """The number behind the name of the first layer that is repeated."""
        if "repeat" not in entry.wiring or "as" not in entry.wiring:
            at = entry.wiring["first"].key_at
            raise SpecError("first numbers layers that are named and repeated: it needs as and repeat", at, scope.via)
        return self.whole("first", entry, scope)

    def whole(self, key: str, entry: Entry, scope: Scope) -> int:
        """The whole number that a wiring key takes."""
        value = entry.wiring[key]
        number = exact(self.bound(value, scope))
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            at, near = self.mistake(value, scope)
            raise SpecError(f"{key} must be a whole number from 0, is {shown(number)}{near}", at, scope.via)
        return number

    def too_many(self, entry: Entry, scope: Scope) -> None:
        message = f"more than {self.limits.layers} layers; --limit layers=N raises the limit"
        raise SpecError(message, entry.at, scope.via)

    def reads(self, entry: Entry, scope: Scope) -> tuple[int, ...]:
        """The nodes that `from` names."""
        if "from" not in entry.wiring:
            return ()
        value = entry.wiring["from"]
        self.spend(len(value.data) if value.is_list else 1, value.at, scope.via)
        found = []
        for name in value.data if value.is_list else [value]:
            found.append(self.named(name, scope, "from takes the name of a layer, or a list of names"))
        if not found:
            raise SpecError("from names no layer", value.at, scope.via)
        return tuple(found)

    def named(self, name: Value, scope: Scope, wanted: str) -> int:
        """The node of that name."""
        if isinstance(name.data, list | dict) or name.data is None:
            raise SpecError(wanted, name.at, scope.via)
        index = scope.names.find(str(name.data))
        if index is None:
            near = instead(str(name.data), scope.names)
            raise SpecError(f"no layer before this one is named {shown(name.data)}{near}", name.at, scope.via)
        return index

    def before(self, entry: Entry, latest: list[int]) -> tuple[int, ...]:
        """What is read where `from` is not given: as many of the latest layers as a block reads, the last one first."""
        reads = len(self.blocks[entry.name].inputs) if entry.name in self.blocks else 1
        return tuple(latest[: -reads - 1 : -1])

    def place(self, entry: Entry, scope: Scope, start: tuple[int, ...], path: str, depth: int) -> int:
        """The nodes of one entry, whatever its name stands for: a list of layers, a block, or a layer type."""
        for key in OF_LAYERS:
            if key in entry.wiring and not is_layer(entry.name):
                message = f"{key} is for layer types only, not for {shown(entry.name)}"
                raise SpecError(message, entry.wiring[key].key_at, scope.via)
        argument = scope.values.get(entry.name)
        if isinstance(argument, Layers) or argument == ():
            self.some_inputs(entry, scope, start, ("input",))
            if entry.arguments.data is not None:
                raise SpecError(f"{entry.name} is a list of layers and takes no arguments", entry.at, scope.via)
            return self.opened(argument, scope, start[0], path, depth)
        if entry.name in self.blocks:
            block = self.blocks[entry.name]
            self.some_inputs(entry, scope, start, block.inputs)
            return self.block(block, entry, scope, start, path, depth)
        if is_layer(entry.name):
            return self.layer(layer_type(entry.name), entry, scope, start, path, depth)
        near = did_you_mean(entry.name, [*self.blocks, *layer_names()]) or "; archcost layers shows all"
        raise SpecError(f"there is no layer or block {shown(entry.name)}{near}", entry.at, scope.via)

    def some_inputs(
        self,
        entry: Entry,
        scope: Scope,
        start: tuple[int, ...],
        wanted: tuple[str, ...],
        optional: tuple[str, ...] = (),
    ) -> None:
        if not 0 <= len(start) - len(wanted) <= len(optional):
            found = f", from names {len(start)}" if "from" in entry.wiring else ": name them in from"
            raise SpecError(f"{entry.name} reads {reading(wanted, optional)}{found}", entry.at, scope.via)

    def opened(self, argument: Layers | tuple[()], scope: Scope, x: int, path: str, depth: int) -> int:
        """The layers of an argument; an empty list is the identity."""
        if not argument:
            return x
        # What means the same anywhere stands in the block that opens it.
        where = argument.scope._replace(via=scope.via) if argument.scope is ANYWHERE else argument.scope
        return self.list_of_layers(argument.value, where, x, f"{path}/", depth + 1)

    def block(self, block: Block, entry: Entry, scope: Scope, start: tuple[int, ...], path: str, depth: int) -> int:
        frame = scope.via
        while frame:
            if frame.block == block.name:
                raise SpecError(f"the block {block.name!r} uses itself", entry.at, scope.via)
            frame = frame.outer
        self.spend(len(start), entry.at, scope.via)
        values = self.arguments(block, entry, scope)
        via = Frame(block.name, entry.at, scope.via)
        alike = _alike(block, depth, start, [values[name] for name in block.params])
        if alike in self.made:
            return self.again(self.made[alike], start, path, via, entry, scope)
        first, entries, before = len(self.nodes), self.entries, self.values
        end = self.inside(block, values, start, path, depth, via)
        if alike is not None:
            nodes = tuple(self.nodes[first:])
            self.made[alike] = Made(nodes, first, end, start, path, via, self.entries - entries, self.values - before)
        return end

    def inside(
        self, block: Block, values: Mapping[str, Any], start: tuple[int, ...], path: str, depth: int, via: Frame
    ) -> int:
        """The layers of a block, which knows nothing but its inputs, its arguments and the knobs."""
        scope = Scope(values, Names(named=dict(zip(block.inputs, start, strict=True))), via)
        return self.list_of_layers(block.layers, scope, start[0], f"{path}/", depth + 1)

    def again(self, made: Made, start: tuple[int, ...], path: str, via: Frame, entry: Entry, scope: Scope) -> int:
        """A block that stood before with the same arguments. It takes as much of the limits as it did there."""
        self.entries += made.entries
        if self.entries > self.limits.layers:
            self.too_many(entry, scope)
        self.spend(made.values, entry.at, scope.via)
        nodes, end = made.moved(len(self.nodes), start, path, via)
        for node in nodes:
            self.add(node)
        return end

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
                raise self.not_taken(block.name, name, params, argument, scope)
        self.spend(len(self.knobs) // 10, entry.at, scope.via)
        values = dict(self.knobs)  # a block sees the knobs of the network; its own parameters come before them
        inside = Scope(values, Names(), Frame(block.name, entry.at, scope.via))
        for name, default in block.params.items():
            values[name] = self.bound(given[name], scope) if name in given else self.bound(default, inside)
            if values[name] is None:
                raise SpecError(f"{block.name} needs {name!r}", entry.at, scope.via)
        return values

    def not_taken(self, owner: str, name: str, known: Iterable[str], value: Value, scope: Scope) -> SpecError:
        """What is wrong with an argument that a layer or block does not have; one without a name has no place."""
        if name in WIRING:
            message = f"{name!r} stands beside {owner}, not among its arguments: {{{owner}: ..., {name}: ...}}"
        else:
            message = f"{owner} takes no {shown(name)}{instead(name, known)}" if name else f"{owner} takes no arguments"
        return SpecError(message, value.key_at if name and value.key_at else value.at, scope.via)

    def layer(self, kind: LayerType, entry: Entry, scope: Scope, start: tuple[int, ...], path: str, depth: int) -> int:
        """The node of a layer type; one that joins takes its branches first, each from the same input."""
        value = entry.arguments
        branches: dict[str, Value] = {}
        if kind.joins and value.is_map:
            branches = {key: branch for key, branch in value.data.items() if key not in kind.attributes}
        elif kind.joins and value.is_list:
            branches = {str(i + 1): branch for i, branch in enumerate(value.data)}
        self.spend(len(branches), entry.at, scope.via)
        if branches:
            self.some_inputs(entry, scope, start, ("input",))
            start = tuple(self.branch(kind, name, b, scope, start[0], path, depth) for name, b in branches.items())
        elif not kind.joins and not kind.inputs:
            if "from" in entry.wiring:
                raise SpecError(f"{kind.name} reads nothing", entry.wiring["from"].at, scope.via)
            start = ()
        elif kind.joins and len(start) < 2 and not kind.inputs:
            raise SpecError(f"{kind.name} needs branches, or two layers or more in from", entry.at, scope.via)
        elif not kind.joins:
            self.some_inputs(entry, scope, start, kind.inputs, kind.optional)
        shares = self.shared(entry, scope)
        attributes = self.attributes(kind, entry, branches, scope)
        return self.add(Node(path, kind.name, start, attributes, entry.at, scope.via, shares, self.types(entry, scope)))

    def shared(self, entry: Entry, scope: Scope) -> int | None:
        """The node whose weights a layer uses."""
        if "shares" not in entry.wiring:
            return None
        index = self.named(entry.wiring["shares"], scope, "shares takes the name of a layer")
        owner = self.nodes[index].shares
        return index if owner is None else owner

    def types(self, entry: Entry, scope: Scope) -> Mapping[str, str]:
        """The types of what a layer makes and stores."""
        if "dtype" not in entry.wiring:
            return NOTHING_SAID
        value = entry.wiring["dtype"]
        given = value.data if value.is_map else {OUTPUT: value}
        found = {}
        for name, type_ in given.items():
            if name not in TYPED:
                raise SpecError(f"dtype has no {shown(name)}{instead(name, TYPED)}", type_.key_at, scope.via)
            found[name] = self.attribute("dtype", "str", type_, scope)
            try:
                element_bytes(found[name])
            except ArchcostError as error:
                raise SpecError(str(error), type_.at, scope.via) from error
        return found

    def branch(self, kind: LayerType, name: str, value: Value, scope: Scope, x: int, path: str, depth: int) -> int:
        if name in WIRING:
            raise self.not_taken(kind.name, name, (), value, scope)
        if not NAME.match(name):
            raise SpecError(not_a_name(name), value.key_at, scope.via)
        layers = scope.values.get(value.data) if value.is_text else Layers(value, scope) if value.is_list else None
        if not isinstance(layers, Layers) and layers != ():
            near = did_you_mean(name, kind.attributes)
            at = value.key_at if near else None
            if not near:
                _, near = self.mistake(value, scope)
            given = shown(self.bound(value, scope))
            message = f"the branch {name!r} of {kind.name} must be a list of layers, is {given}{near}"
            raise SpecError(message, at or value.at, scope.via)
        return self.opened(layers, scope, x, f"{path}/{name}", depth)

    def attributes(self, kind: LayerType, entry: Entry, branches: Mapping[str, Value], scope: Scope) -> dict[str, Any]:
        """The attributes of a layer, each checked by its kind; a value that is no map is the first attribute."""
        value = entry.arguments
        given = value.data if value.is_map else {}
        if not value.is_map and value.data is not None and not branches:
            if not kind.attributes:
                raise self.not_taken(kind.name, "", (), value, scope)
            given = {next(iter(kind.attributes)): value}
        checked = {}
        for name, argument in given.items():
            if name in branches:
                continue
            if name not in kind.attributes:
                raise self.not_taken(kind.name, name, kind.attributes, argument, scope)
            checked[name] = self.attribute(name, kind.attributes[name].kind, argument, scope)
        for name, attribute in kind.attributes.items():
            if attribute.required and name not in checked:
                raise SpecError(f"{kind.name} needs {name!r}, {kind_of(attribute.kind).wanted}", entry.at, scope.via)
        return checked

    def attribute(self, name: str, kind: str, value: Value, scope: Scope) -> Any:
        as_written = kind == "str" and value.is_text and value.data not in scope.values  # no expression
        data = value.data if as_written else self.bound(value, scope)
        try:
            return check(kind, data)
        except ArchcostError as error:
            at, near = self.mistake(value, scope)
            message = f"{name} {error}" if "did you mean" in str(error) else f"{name} {error}{near}"
            raise SpecError(message, at, scope.via) from error
