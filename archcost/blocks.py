"""The blocks of a net: parts below one path each that are equal, or equal but for a few values."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from archcost.cost import is_layer, layer_type
from archcost.expand import WIRING
from archcost.expression import is_word
from archcost.net import INPUT, Net, Node
from archcost.spec import NAME, SECTIONS

READS = 4  # layers that a block reads at most
PARAMS = 8  # parameters of a block at most
TIMES = 8  # how often one number is taken to be in another for a reason: `4*out` in a bottleneck
COUNTED = {("fold", "out")}  # lists whose length means something
PER_AXIS = ("Spatial", "Counts", "Padding")  # kinds of attribute of which one number means it for each axis
NUMBERING = "0123456789_-+."  # what may stand behind the word in names of modules that are alike

Place: TypeAlias = tuple[int, str]  # in a block: how many nodes behind its first, and the attribute of that node


class Formula(str):
    """What stands in a block for a value: the name of a parameter, or an expression with it."""


class Module(NamedTuple):
    """The nodes below a path, one behind the other, of which only the last is read outside."""

    path: str
    start: int
    end: int
    reads: tuple[int, ...]  # the nodes outside that they read

    def relative(self, name: str) -> str:
        """The name of a node as it is called in this module."""
        return name[len(self.path) + 1 :] if self.path else name


class Block(NamedTuple):
    """Modules that are one block, told by the first of them."""

    name: str
    modules: tuple[Module, ...]
    params: Mapping[str, Any] = MappingProxyType({})  # with their defaults; None for none
    places: Mapping[Place, Formula] = MappingProxyType({})  # where parameters stand
    home: Mapping[str, Place] = MappingProxyType({})  # for each parameter a place that has its value

    @property
    def like(self) -> Module:
        return self.modules[0]

    @property
    def size(self) -> int:
        return self.like.end - self.like.start

    def is_worth(self, lines: int, uses: int, entries: int) -> bool:
        """Whether it makes the text shorter than its lines at each use would; those in a row are one entry."""
        return lines * uses > lines + entries + len(self.params) + 2


class Column(NamedTuple):
    """The values that modules have at one place; numbers and truths are kept apart, as 1 equals true."""

    truths: bool
    values: tuple[Any, ...]


class Blocks(NamedTuple):
    """The blocks of a net by the paths of their modules, and the modules that begin at a node, the largest first."""

    of: Mapping[str, Block]
    at: Mapping[int, list[Module]]

    def parts(self, outer: Module, places: Iterable[Place] = ()) -> Iterator[Module | int]:
        """A module as a list of blocks and single nodes; `places` are those where parameters of its own stand."""
        index = outer.start
        while index < outer.end:
            inner = (m for m in self.at.get(index, ()) if len(m.path) > len(outer.path) and m.path in self.of)
            module = next((m for m in inner if self.takes(m, outer, places)), None)
            yield index if module is None else module
            index = index + 1 if module is None else module.end

    def takes(self, module: Module, outer: Module, places: Iterable[Place]) -> bool:
        """Whether the block of a module has a parameter wherever the module around it has one."""
        own = self.of[module.path].places
        by, size = module.start - outer.start, module.end - module.start
        return all((place - by, name) in own for place, name in places if 0 <= place - by < size)

    def used(self, whole: Module) -> tuple[list[Block], list[tuple[Block, int]]]:
        """The blocks that the text of a module uses, each behind those it uses; those not worth it with their lines."""
        lines: dict[int, int] = {}
        uses: Counter[int] = Counter()
        entries: Counter[int] = Counter()
        order: list[Block] = []

        def look(outer: Module, places: Iterable[Place]) -> int:
            before, many = None, 0
            for part in self.parts(outer, places):
                block = self.of[part.path] if isinstance(part, Module) else None
                many += 1
                if block:
                    uses[id(block)] += 1
                    entries[id(block)] += block is not before
                    if uses[id(block)] == 1:
                        lines[id(block)] = look(block.like, block.places)
                        order.append(block)
                before = block
            return many

        look(whole, ())
        worth = {i: (lines[i], uses[i], entries[i]) for i in lines}
        return order, [(block, lines[id(block)]) for block in order if not block.is_worth(*worth[id(block)])]


def blocks(net: Net, whole: Module) -> tuple[Blocks, list[Block]]:
    """The blocks in which a net can be written, by module and as a list."""
    modules = list(_modules(net))
    at: dict[int, list[Module]] = defaultdict(list)
    for module in sorted(modules, key=lambda module: len(module.path)):
        at[module.start].append(module)
    kept = _outermost(_families(net, modules))
    chosen, small = Blocks(_by_path(kept), at).used(whole)
    while small:  # the smallest go first: what is not worth a block leaves its lines to those that used it
        least = min((block.size, lines) for block, lines in small)
        dropped = {id(block) for block, lines in small if (block.size, lines) == least}
        kept = [block for block in kept if id(block) not in dropped]
        chosen, small = Blocks(_by_path(kept), at).used(whole)
    named = _named(chosen)
    return Blocks(_by_path(named), at), named


def _by_path(blocks: Iterable[Block]) -> dict[str, Block]:
    return {module.path: block for block in blocks for module in block.modules}


def _modules(net: Net) -> Iterator[Module]:
    """All parts of a net that could be blocks."""
    names = {node.name for node in net.nodes}
    spans: dict[str, list[int]] = defaultdict(list)
    last = list(range(len(net.nodes)))  # by which each node is read, or its weights are used, at last
    for index, node in enumerate(net.nodes):
        for used in (*node.inputs, *(() if node.shares is None else (node.shares,))):
            last[used] = index
        cut = node.name.rfind("/")
        while cut > 0:
            spans[node.name[:cut]].append(index)
            cut = node.name.rfind("/", 0, cut)
    owners = {node.shares for node in net.nodes}
    for path, span in spans.items():
        start, end = span[0], span[-1] + 1
        if end - start != len(span) or len(span) < 2 or path in names or not NAME.match(path):
            continue
        nodes = net.nodes[start:end]
        if any(last[i] >= end for i in range(start, end - 1)) or (end - 1 in owners and last[end - 1] >= end):
            continue
        if any(node.op == INPUT or not NAME.match(node.name[len(path) + 1 :]) for node in nodes):
            continue
        if any(node.shares is not None and node.shares < start for node in nodes):
            continue
        reads = tuple(dict.fromkeys(i for node in nodes for i in node.inputs if i < start))
        if len(reads) <= READS:
            yield Module(path, start, end, reads)


def _families(net: Net, modules: Iterable[Module]) -> Iterator[Block]:
    """Modules that have the same form; those that differ in too many values only where these are equal as well."""
    values = settings(net)
    words = {value for node in values for value in node.values() if isinstance(value, str)}
    alike: dict[Any, list[Module]] = defaultdict(list)
    for module in modules:
        alike[_form(net, values, module)].append(module)
    for family in alike.values():
        if len(family) < 2:
            continue
        block = _with_params(net, family, values, words)
        if block:
            yield block
            continue
        equal: dict[Any, list[Module]] = defaultdict(list)
        for module in family:
            equal[tuple(tuple(node.items()) for node in values[module.start : module.end])].append(module)
        yield from (Block("", tuple(same)) for same in equal.values() if len(same) > 1)


def _outermost(families: Iterable[Block]) -> list[Block]:
    """The blocks without those that are all there is in others: of paths like block1/inner the longer one."""
    kept: dict[Any, Block] = {}
    for block in sorted(families, key=lambda block: len(block.like.path)):
        kept.setdefault(tuple([(module.start, module.end) for module in block.modules]), block)
    return list(kept.values())


def _form(net: Net, values: list[dict[str, Any]], module: Module) -> Any:
    """What modules have in common that are equal but for values: names, layer types, given attributes, wiring."""
    place = {index: -1 - i for i, index in enumerate(module.reads)}
    cut = len(module.path) + 1
    form = []
    for index in range(module.start, module.end):
        node = net.nodes[index]
        read = tuple([place[i] if i in place else i - module.start for i in node.inputs])
        shares = None if node.shares is None else node.shares - module.start
        given = tuple([(name, _text(value)) for name, value in values[index].items() if value is not None])
        form.append((node.name[cut:], node.op, read, shares, given, tuple(node.dtypes.items())))
    return tuple(form)


def _text(value: Any) -> str:
    """A text that cannot be an argument of a block, where it would be an expression."""
    return value if isinstance(value, str) and not is_word(value) else ""


def settings(net: Net) -> list[dict[str, Any]]:
    """Of each node all attributes, defaults included, written short."""
    known: dict[Any, dict[str, Any]] = {}
    return [known.setdefault((node.op, id(node.attributes)), {}) or _settings(node, known) for node in net.nodes]


def _settings(node: Node, known: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    full = known[node.op, id(node.attributes)]
    if node.op != INPUT:
        for name, attribute in layer_type(node.op).attributes.items():
            value = node.attributes.get(name, attribute.default)
            full[name] = _plain(value) if (node.op, name) in COUNTED else short(attribute.kind, value)
    return full


def short(kind: str, value: Any) -> Any:
    """A value in few words: one number where a list has the same for each axis."""
    if not isinstance(value, list | tuple):
        return value
    items = tuple(short("Padding", item) if kind == "Padding" else _plain(item) for item in value)
    one_for_all = kind.removesuffix(" | None") in PER_AXIS and len({*items}) == 1 and not isinstance(items[0], tuple)
    return items[0] if one_for_all else items


def _plain(item: Any) -> Any:
    return tuple(map(_plain, item)) if isinstance(item, list | tuple) else item


def _with_params(net: Net, family: list[Module], values: list[dict[str, Any]], words: set[str]) -> Block | None:
    """A block with a parameter for whatever differs between modules, if these are few."""
    columns = _columns(family, values)
    derived = _derived(columns)
    own = [column for column in columns if column not in derived]
    if len(own) > PARAMS:
        return None
    homes = [_home(columns[column]) for column in own]
    formulas = dict(zip(own, _param_names([name for _, name in homes], words), strict=True))
    for column, (base, formula) in derived.items():
        formulas[column] = Formula(formula.format(formulas[base]))
    return Block(
        "",
        tuple(family),
        {formulas[column]: _default(net, family[0], column, home) for column, home in zip(own, homes, strict=True)},
        {place: formulas[column] for column, places in columns.items() for place in places},
        {formulas[column]: home for column, home in zip(own, homes, strict=True)},
    )


def _columns(family: list[Module], values: list[dict[str, Any]]) -> dict[Column, list[Place]]:
    """The values that are not the same in all modules, one of each, and the places that have these."""
    columns: dict[Column, list[Place]] = {}
    for place in range(family[0].end - family[0].start):
        rows = [values[module.start + place] for module in family]
        for name in rows[0] if any(row is not rows[0] for row in rows) else ():
            column = Column(isinstance(rows[0][name], bool), tuple([row[name] for row in rows]))
            if any(value != column.values[0] for value in column.values):
                columns.setdefault(column, []).append((place, name))
    return columns


def _derived(columns: Mapping[Column, list[Place]]) -> dict[Column, tuple[Column, str]]:
    """The values that follow from others in every module, and how: `4*out` in a bottleneck, `kernel//2` as padding."""
    whole = sorted((c for c in columns if all(type(v) is int for v in c.values)), key=lambda c: sum(c.values))
    found: dict[Column, tuple[Column, str]] = {}
    bases: set[Column] = set()
    for column in whole:
        names = {name for _, name in columns[column]}
        for base in whole if column not in bases else ():
            formula = _follows(column, base, names, {name for _, name in columns[base]})
            if formula and base not in found:
                found[column] = base, formula
                bases.add(base)
                break
    return found


def _follows(column: Column, base: Column, names: set[str], of: set[str]) -> str:
    """How values of these names are worked out from others; nothing if they are not."""
    pairs = list(zip(column.values, base.values, strict=True))
    if names == {"pad"} and of == {"kernel"} and all(pad == kernel // 2 for pad, kernel in pairs):
        return "{}//2"
    times = column.values[0] // max(1, base.values[0])
    multiple = 1 < times <= TIMES and all(value == times * number for value, number in pairs)
    return f"{times}*{{}}" if multiple and names & of else ""


def _home(places: list[Place]) -> Place:
    """The place after which a parameter is called: the first of the attribute that has it most often."""
    common, _ = Counter(name for _, name in places).most_common(1)[0]
    return next((place, name) for place, name in places if name == common)


def _default(net: Net, module: Module, column: Column, home: Place) -> Any:
    """The default of a layer's attribute is that of the parameter too, where a module has it."""
    place, name = home
    attribute = layer_type(net.nodes[module.start + place].op).attributes[name]
    default = short(attribute.kind, attribute.default)
    return default if default in column.values else None


def _param_names(attributes: list[str], words: set[str]) -> list[Formula]:
    """A parameter is called as the attribute; several with one name are numbered, and none is called like a word."""
    many, number = Counter(attributes), Counter[str]()
    names = []
    for attribute in attributes:
        number[attribute] += 1
        name = f"{attribute}{number[attribute]}" if many[attribute] > 1 else attribute
        names.append(Formula(f"{name}_" if name in words else name))
    return names


def _named(blocks: list[Block]) -> list[Block]:
    """The blocks with names, each its own."""
    params = {name for block in blocks for name in block.params}
    taken: set[str] = set()
    named = []
    for block in blocks:
        stem = _called([module.path for module in block.modules])
        stem = stem.removesuffix("s") if stem in SECTIONS else stem  # layers/0 and layers/1 are each a layer
        if is_layer(stem) or stem in SECTIONS or stem in WIRING or stem in params:
            stem += "_block"
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name)
        named.append(block._replace(name=name))
    return named


def _called(paths: list[str]) -> str:
    """What modules have in common: `layer` of layer1/0 and layer2/0, `encoder_layer` of encoder/encoder_layer_3."""
    names = list(map(_own_name, paths))
    common = names[0]
    if len({*names}) > 1:
        common = "".join(letter[0] for letter in takewhile(_is_one, zip(*names, strict=False))).rstrip(NUMBERING)
    word = re.sub(r"[^A-Za-z0-9_]", "_", common if len(common) > 2 else names[0]).strip("_")
    return word if word[:1].isalpha() else f"block_{word}" if word else "block"


def _is_one(letters: tuple[str, ...]) -> bool:
    return len({*letters}) == 1


def _own_name(path: str) -> str:
    """The last part of a path; of one that is only a number the word before it, as lists of modules have it."""
    *outer, last = path.split("/")
    if not last.strip(NUMBERING) and outer:
        words = [i for i, part in enumerate(outer) if part.strip(NUMBERING)]
        return "_".join(outer[words[-1] if words else 0 :])
    return last.rstrip(NUMBERING) or last
