"""A net as a specification, every number worked out: flat, or with blocks as people write them. Read, it is the net."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from archcost.blocks import Block, Blocks, Formula, Module, blocks, settings, short
from archcost.cost import layer_type
from archcost.errors import printable
from archcost.expand import WIRING
from archcost.net import INPUT, OUTPUT, Net, Node
from archcost.source import TRUTHS
from archcost.spec import NAME

WIDTH = 110  # columns of a layer on one line
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.+/-]*|0|[1-9][0-9]{0,8}")
NUMBERED = re.compile(r"(.*?)(0|[1-9][0-9]{0,8})")
RESERVED = {*TRUTHS, "true", "false", "null", "y", "n"}


def dump(net: Net) -> str:
    """The YAML text of a net, one layer after the other, each with its name."""
    net = _inputs_first(net)
    lines = [*_head(net), "layers:"]
    first = _inputs(net)
    for index, node in enumerate(net.nodes[first:], first):
        behind = (0,) if index == first else (index - 1,)
        given = _given(node, dict(node.attributes))
        lines.append(f"  - {node.op}:{given and ' '}{given}")
        lines.append(f"    as: {_word(node.name)}")
        if node.inputs not in ((), behind):
            lines.append(f"    from: {_names([net.nodes[i].name for i in node.inputs])}")
        if node.shares is not None:
            lines.append(f"    shares: {_word(net.nodes[node.shares].name)}")
        if node.dtypes:
            lines.append(f"    dtype: {_types(node)}")
    return "\n".join(lines) + "\n"


def folded(net: Net) -> str:
    """The YAML text of a net with blocks and repeats where parts of it are alike."""
    net = _inputs_first(net)
    first = _inputs(net)
    whole = Module("", first, len(net.nodes), tuple(range(first)))
    found, used = blocks(net, whole)
    writer = Writer(net, found, settings(net))
    lines = _head(net)
    if used:
        lines.append("blocks:")
        for block in used:
            lines += writer.block(block)
    lines.append("layers:")
    lines += writer.layers(whole, {}, {i: node.name for i, node in enumerate(net.nodes[:first])}, "  ")
    return "\n".join(lines) + "\n"


def _inputs_first(net: Net) -> Net:
    """The net as a specification has it: its inputs stand before all layers."""
    order = sorted(range(len(net.nodes)), key=lambda i: net.nodes[i].op != INPUT)
    place = {old: new for new, old in enumerate(order)}
    if order == list(range(len(order))):
        return net
    nodes = [net.nodes[i] for i in order]
    moved = [
        node._replace(
            inputs=tuple(place[i] for i in node.inputs), shares=None if node.shares is None else place[node.shares]
        )
        for node in nodes
    ]
    return net._replace(nodes=tuple(moved))


def _inputs(net: Net) -> int:
    return sum(node.op == INPUT for node in net.nodes)


def _head(net: Net) -> list[str]:
    """What stands before the layers."""
    inputs = [node for node in net.nodes if node.op == INPUT]
    lines = [f"name: {_text(net.title)}"]
    if net.source:
        lines.append(f"source: {_text(net.source)}")
    if net.notes:
        lines.append(f"notes: {_text(net.notes)}")
    knobs = dict.fromkeys(size for node in inputs for size in node.attributes["shape"] if isinstance(size, Formula))
    if knobs:
        lines.append(f"params: {{{', '.join(f'{knob}: ' for knob in knobs)}}}")
    if len(inputs) == 1 and inputs[0].name == INPUT:
        lines.append(f"input: {_flow(inputs[0].attributes['shape'])}")
    else:
        shapes = ", ".join(f"{_word(node.name)}: {_flow(node.attributes['shape'])}" for node in inputs)
        lines.append(f"input: {{{shapes}}}")
    return lines


class Item(NamedTuple):
    """One entry of a list of layers: a layer or block, as often as it stands there in a row."""

    kind: str
    arguments: str
    labels: list[str]  # what the layers are called in this list
    reads: tuple[int, ...]  # by the first of them
    gives: list[int]
    shares: int | None = None
    takes: int = 1  # layers that are read where none is named
    dtype: str = ""

    def followed(self, other: Item, readers: Mapping[int, int]) -> bool:
        """Whether an entry is this one once more, behind it and numbered on, and nothing else reads what this gives."""
        mine, following = ((item.kind, item.arguments, item.dtype) for item in (self, other))
        if mine != following or self.kind in WIRING:
            return False
        behind = len(self.reads) == 1 and other.reads == (self.gives[-1],) and readers[self.gives[-1]] == 1
        first, second = NUMBERED.fullmatch(self.labels[0]), NUMBERED.fullmatch(other.labels[0])
        if not behind or not first or not second or self.shares is not None or other.shares is not None:
            return False
        return first[1] == second[1] and bool(NAME.match(first[1])) and int(first[2]) + 1 == int(second[2])

    @property
    def name(self) -> str:
        """What it is named in the list."""
        return self.base if len(self.labels) > 1 else self.labels[0]

    @property
    def base(self) -> str:
        """The name without the number."""
        found = NUMBERED.fullmatch(self.labels[0])
        return found[1] if found else self.labels[0]

    @property
    def first(self) -> int:
        return int(self.labels[0][len(self.base) :])


class Writer(NamedTuple):
    """Writes the lists of layers of a net."""

    net: Net
    blocks: Blocks
    settings: Sequence[Mapping[str, Any]]

    def block(self, block: Block) -> list[str]:
        """The definition of a block."""
        taken = {block.like.relative(node.name) for node in self.net.nodes[block.like.start : block.like.end]}
        names = _input_names(len(block.like.reads), taken)
        lines = [f"  {_word(block.name)}:"]
        if names not in ([], [INPUT]):
            lines.append(f"    inputs: [{', '.join(names)}]")
        if block.params:
            params = (name if value is None else f"{name}: {_flow(value)}" for name, value in block.params.items())
            lines.append(f"    params: {{{', '.join(params)}}}")
        lines.append("    layers:")
        known = dict(zip(block.like.reads, names, strict=True))
        return lines + self.layers(block.like, {**block.places}, known, "      ")

    def layers(
        self, module: Module, places: Mapping[tuple[int, str], Formula], known: Mapping[int, str], indent: str
    ) -> list[str]:
        """The entries of a module; `known` has the names of what it reads."""
        items = self.joined([self.item(part, module, places) for part in self.blocks.parts(module, places)], known)
        froms = list(_froms(items, next(iter(known), None)))
        names = {**known, **{item.gives[-1]: item.name for item in items}}
        wanted = {i for read in froms for i in read} | {item.shares for item in items}
        lines = []
        for item, read, named in zip(items, froms, _named(items, wanted), strict=True):
            wiring = {"as": _word(item.name)} if named else {}
            if len(item.labels) > 1:
                wiring["repeat"] = str(len(item.labels))
                if named and item.first != 1:
                    wiring["first"] = str(item.first)
            if read:
                wiring["from"] = _names([names[i] for i in read])
            if item.shares is not None:
                wiring["shares"] = _word(names[item.shares])
            if item.dtype:
                wiring["dtype"] = item.dtype
            lines += _entry(item, wiring, indent)
        return lines

    def item(self, part: Module | int, outer: Module, places: Mapping[tuple[int, str], Formula]) -> Item:
        """A block or a node as an entry of its own."""
        if isinstance(part, Module):
            block = self.blocks.of[part.path]
            by = part.start
            values = {name: self.value(by + place, key, outer, places) for name, (place, key) in block.home.items()}
            given = {name: value for name, value in values.items() if value != block.params[name]}
            takes = max(1, len(part.reads))
            label = outer.relative(part.path)
            return Item(block.name, _arguments(given, block.params), [label], part.reads, [part.end - 1], None, takes)
        node = self.net.nodes[part]
        kinds = layer_type(node.op).attributes
        values = {name: self.value(part, name, outer, places) for name in self.settings[part]}
        given = {name: value for name, value in values.items() if value != short(kinds[name].kind, kinds[name].default)}
        label = outer.relative(node.name)
        return Item(node.op, _given(node, given), [label], node.inputs, [part], node.shares, dtype=_types(node))

    def value(self, index: int, name: str, outer: Module, places: Mapping[tuple[int, str], Formula]) -> Any:
        """An attribute of a node as it stands in a module."""
        return places.get((index - outer.start, name), self.settings[index][name])

    def joined(self, items: list[Item], known: Mapping[int, str]) -> list[Item]:
        """Entries that stand one behind the other as one, repeated."""
        readers: dict[int, int] = dict.fromkeys((i for item in items for i in item.gives), 0)
        for item in items:
            for i in (*item.reads, *(() if item.shares is None else (item.shares,))):
                readers[i] = readers.get(i, 0) + 1
        rows: list[list[Item]] = []
        for item in items:
            if rows and rows[-1][-1].followed(item, readers):
                rows[-1].append(item)
            else:
                rows.append([item])
        taken = {*known.values(), INPUT, *(label for item in items for label in item.labels)}
        longest = {row[0].base: row for row in sorted(rows, key=len)}  # a name can be given once
        joined: list[Item] = []
        for row in rows:
            if len(row) > 1 and row is longest[row[0].base] and row[0].base not in taken:
                gives = [i for item in row for i in item.gives]
                joined.append(row[0]._replace(labels=[item.labels[0] for item in row], gives=gives))
            else:
                joined += row
        return joined


def _types(node: Node) -> str:
    """The types of a node; one word if only that of its output is known."""
    if [*node.dtypes] == [OUTPUT]:
        return node.dtypes[OUTPUT]
    return f"{{{', '.join(f'{name}: {dtype}' for name, dtype in node.dtypes.items())}}}" if node.dtypes else ""


def _froms(items: list[Item], start: int | None) -> Iterator[tuple[int, ...]]:
    """What each entry must name as its inputs; nothing where it reads what it would read anyway."""
    latest = [] if start is None else [start]
    for item in items:
        yield () if item.reads == tuple(latest[: -item.takes - 1 : -1]) else item.reads
        latest += item.gives


def _named(items: list[Item], wanted: set[int | None]) -> list[bool]:
    """Which entries must be named: those that are named elsewhere, and those that would be called differently."""
    named = [item.gives[-1] in wanted or item.base != item.kind for item in items]
    taken = {item.name for item, must in zip(items, named, strict=True) if must}
    made: dict[str, int] = {}
    for place, item in enumerate(items):
        if named[place]:
            continue
        number = made.get(item.kind, 0)
        labels = []
        for _ in item.labels:
            number += 1
            while f"{item.kind}{number}" in taken:
                number += 1
            labels.append(f"{item.kind}{number}")
        if labels == item.labels:
            made[item.kind] = number
        else:
            named[place] = True
            taken.add(item.name)
    return named


def _input_names(many: int, taken: set[str]) -> list[str]:
    """What a block calls the layers it reads."""
    stem = INPUT
    while any(name.startswith(stem) for name in taken):
        stem += "_"
    return [stem] if many == 1 else [f"{stem}{i + 1}" for i in range(many)]


def _entry(item: Item, wiring: Mapping[str, str], indent: str) -> list[str]:
    """An entry of a list: on one line, or with its wiring below it where it is long."""
    kind = _word(item.kind)
    if not wiring:
        return [f"{indent}- {kind}: {item.arguments}" if item.arguments else f"{indent}- {kind}"]
    beside = [f"{key}: {value}" for key, value in wiring.items()]
    line = f"{indent}- {{{kind}: {', '.join([item.arguments, *beside])}}}"
    if len(line) <= WIDTH:
        return [line]
    begin = f"{indent}- {kind}: {item.arguments}".rstrip()
    return [begin, *(f"{indent}  {text}" for text in beside)]


def _given(node: Node, attributes: Mapping[str, Any]) -> str:
    """The arguments of a layer; one that joins several and reads a single layer takes this as a branch."""
    kind = layer_type(node.op)
    if kind.joins and not kind.inputs and len(node.inputs) == 1:
        return _flow({**attributes, "only": ()})
    return _arguments(attributes, {} if kind.joins else kind.attributes)


def _arguments(given: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """What is given by name; the first alone needs none, unless it is a truth or a list, of which one wants to know."""
    if not given:
        return ""
    name, value = next(iter(given.items()))
    alone = len(given) == 1 and name == next(iter(params), None) and not isinstance(value, bool | tuple | list)
    return _flow(value) if alone else _flow(dict(given))


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, str) and not isinstance(value, Formula):
        return _word(value)
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)


def _names(names: list[str]) -> str:
    """One name, or several as a list."""
    return _word(names[0]) if len(names) == 1 else f"[{', '.join(map(_word, names))}]"


def _word(text: str) -> str:
    """A name or word that YAML reads back as it is."""
    return text if WORD.fullmatch(text) and text.lower() not in RESERVED else _quoted(text)


def _text(text: str) -> str:
    """Text in words; quoted unless it is plainly one word."""
    return text if WORD.fullmatch(text) and len(text) > 3 and text[0].isalpha() else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(printable(text), ensure_ascii=False)
