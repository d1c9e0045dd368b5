"""A specification: the sections of a YAML document, checked one by one. What they expand to is `expand`'s business."""

from __future__ import annotations

import re
from collections.abc import Mapping
from keyword import iskeyword
from typing import Any, NamedTuple

from archcost.cost import is_layer
from archcost.errors import Position, SpecError, instead, printable
from archcost.kinds import shown
from archcost.net import Accuracy
from archcost.source import Value

SECTIONS: Mapping[str, str] = {
    "name": "what people call the network",
    "source": "the paper or code it follows, with authors, year and place",
    "year": "the year of publication",
    "notes": "what a reader should know",
    "use": "files of blocks: built-in ones by name, own ones beside the specification as FILE.yaml",
    "params": "the knobs of the architecture with their defaults",
    "input": "the shape of one sample, channels first; or a name and a shape for each of several inputs",
    "blocks": "layers with parameters, used like layers",
    "layers": "the network, from input to output",
    "variants": "named settings of the knobs",
    "accuracy": "published accuracy, in percent, with its source; of a family a map with that of each variant",
    "conventions": "ways to count of its own, by name, used like the built-in ones",
    "claims": "what was published about it: a list, or a list for each variant",
}
BLOCK: Mapping[str, str] = {
    "inputs": "names of the layers it reads, where it reads several",
    "params": "names with their defaults",
    "layers": "a list of layers",
}
ACCURACY: Mapping[str, str] = {
    "top1": "percent of the images whose class it finds",
    "top5": "percent of the images whose class is among its first five",
    "source": "who published it: a name in sources.yaml",
    "data": "what it was measured on, ImageNet unless given",
    "note": "a remark",
}
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/-]*\Z")


class Block(NamedTuple):
    """Layers with parameters; a parameter whose default is empty is required."""

    name: str
    inputs: tuple[str, ...]
    params: Mapping[str, Value]
    layers: Value
    at: Position


class BlocksFile(NamedTuple):
    """A file of blocks for several specifications, with the files whose blocks it uses itself."""

    use: tuple[Value, ...]
    blocks: Mapping[str, Block]


class Spec(NamedTuple):
    """One document: a network, or a family of variants."""

    name: str
    title: str
    source: str
    year: int | None
    notes: str
    use: tuple[Value, ...]
    params: Mapping[str, Value]
    inputs: Mapping[str, Value]
    blocks: Mapping[str, Block]
    layers: Value
    variants: Mapping[str, Mapping[str, Value]]
    accuracy: Mapping[str, Accuracy]
    conventions: Mapping[str, Value]
    claims: Value | None
    at: Position

    @property
    def names(self) -> tuple[str, ...]:
        """The networks it describes: its variants, or itself."""
        return tuple(self.variants) or (self.name,)

    @property
    def parts(self) -> frozenset[str]:
        """What a convention of its own may name besides layer types: its blocks, and itself."""
        return frozenset((*self.blocks, self.name))

    @property
    def first(self) -> str | None:
        """The variant that is meant where none is named."""
        return next(iter(self.variants), None)


def read_spec(document: Value, name: str) -> Spec:
    """The specification that a document holds; `name` is what the network is called where no variant is."""
    if not document.is_map:
        raise SpecError(f"a specification is a map with the keys input and layers, {_kind(document)}", document.at)
    sections: dict[str, Value] = document.data
    for key, value in sections.items():
        if key not in SECTIONS:
            near = instead(key, SECTIONS)
            if value.is_map and "layers" in value.data:
                near = "; if this is a file of blocks, it is checked with a specification that uses it"
            raise SpecError(f"a specification has no {shown(key)}{near}", value.key_at)
    for key in ("input", "layers"):
        if key not in sections:
            raise SpecError(f"a specification needs {key!r}: {SECTIONS[key]}", document.at)
    params = _params(sections.get("params"), "params")
    layers = sections["layers"]
    if not layers.is_list or not layers.data:
        hint = ": begin each layer with '- '" if layers.is_map else ""
        raise SpecError(f"layers must be a list of layers, {_kind(layers)}{hint}", layers.at)
    year = sections.get("year")
    if year is not None and (not isinstance(year.data, int) or isinstance(year.data, bool)):
        raise SpecError(f"year must be a whole number, {_kind(year)}", year.at)
    variants = _variants(sections.get("variants"), params)
    return Spec(
        name=name,
        title=_text(sections, "name") or name,
        source=_text(sections, "source"),
        year=year.data if year else None,
        notes=_text(sections, "notes"),
        use=_use(sections.get("use")),
        params=params,
        inputs=_inputs(sections["input"]),
        blocks=_blocks(sections.get("blocks")),
        layers=layers,
        variants=variants,
        accuracy=_accuracies(sections.get("accuracy"), name, variants),
        conventions=_map(sections.get("conventions"), "conventions", "names with what each counts"),
        claims=sections.get("claims"),
        at=document.at,
    )


def _kind(value: Value) -> str:
    """What a value is instead of what it should be."""
    if value.is_list or value.is_map:
        return f"is {'a list' if value.data and value.is_list else 'a map' if value.data else 'empty'}"
    return f"is {shown(value.data)}"


def _text(sections: Mapping[str, Value], key: str) -> str:
    value = sections.get(key)
    if value is None or value.data is None:
        return ""
    if value.is_list or value.is_map:
        raise SpecError(f"{key} must be text, {_kind(value)}: quote it", value.at)
    return printable(str(value.data))


def _map(value: Value | None, what: str, holds: str) -> dict[str, Value]:
    if value is None or value.data is None:
        return {}
    if not value.is_map:
        raise SpecError(f"{what} must be a map of {holds}, {_kind(value)}", value.at)
    entries: dict[str, Value] = value.data
    for name, entry in entries.items():
        if not NAME.match(name):
            raise SpecError(not_a_name(name), entry.key_at)
    return entries


def not_a_name(name: str) -> str:
    """What is wrong with a name."""
    return f"{shown(name)} is not a name: use ASCII letters, digits, _ . + - /"


def _inputs(value: Value) -> dict[str, Value]:
    shapes = _map(value, "input", "names with their shapes") if value.is_map else {"input": value}
    for shape in shapes.values() or [value]:
        if not shape.is_list or not shape.data:
            message = f"an input must be a list of sizes, channels first, like [3, 224, 224], {_kind(shape)}"
            raise SpecError(message, shape.at)
    return shapes


def read_blocks_file(document: Value) -> BlocksFile:
    """The blocks that a file defines, by name, beside `use`."""
    sections = _map(document, "a file of blocks", "names with their params and layers")
    blocks = {name: body for name, body in sections.items() if name != "use"}
    return BlocksFile(_use(sections.get("use")), _blocks(document._replace(data=blocks)))


def _use(value: Value | None) -> tuple[Value, ...]:
    """The names of files: a list, or a single one."""
    if value is None:
        return ()
    return tuple(value.data) if value.is_list else (value,)


def _blocks(value: Value | None) -> dict[str, Block]:
    blocks = {}
    for name, body in _map(value, "blocks", "names with their params and layers").items():
        if is_layer(name):
            raise SpecError(f"a block cannot be called {name!r}: that is a layer", body.key_at)
        if not body.is_map:
            message = f"block {name} must be a map with layers, and params if it takes any, {_kind(body)}"
            raise SpecError(message, body.at)
        for key, part in body.data.items():
            if key not in BLOCK:
                raise SpecError(f"a block has no {shown(key)}{instead(key, BLOCK)}", part.key_at)
        if "layers" not in body.data:
            raise SpecError(f"block {name} needs 'layers', a list", body.key_at)
        layers = body.data["layers"]
        if not layers.is_list:
            raise SpecError(f"the layers of block {name} must be a list, {_kind(layers)}", layers.at)
        params = _params(body.data.get("params"), f"params of {name}")
        inputs = _reads(body.data.get("inputs"), name)
        blocks[name] = Block(name, inputs, params, layers, body.key_at or body.at)
    return blocks


def _reads(value: Value | None, block: str) -> tuple[str, ...]:
    """The names under which a block knows the layers it reads."""
    if value is None:
        return ("input",)
    names = [str(item.data) for item in value.data] if value.is_list else []
    if not names or len({*names}) < len(names) or not all(map(NAME.match, names)):
        raise SpecError(f"the inputs of block {block} must be a list of names, each once", value.at)
    return tuple(names)


def _params(value: Value | None, what: str) -> dict[str, Value]:
    params = _map(value, what, "names with their defaults")
    for name, default in params.items():
        if not name.isidentifier() or iskeyword(name):
            why = "Python keeps it for itself" if iskeyword(name) else "use ASCII letters, digits and _, a letter first"
            raise SpecError(f"{name!r} cannot be used in expressions: {why}", default.key_at)
    return params


def _variants(value: Value | None, params: Mapping[str, Any]) -> dict[str, dict[str, Value]]:
    variants = {}
    for name, settings in _map(value, "variants", "names with their settings").items():
        variants[name] = _map(settings, f"variant {name}", "settings of params")
        for knob, setting in variants[name].items():
            if knob not in params:
                raise SpecError(f"there is no parameter {knob!r}{instead(knob, params)}", setting.key_at)
    return variants


def _accuracies(value: Value | None, name: str, variants: Mapping[str, Any]) -> dict[str, Accuracy]:
    """The accuracy of each network that has one."""
    if value is None or value.data is None:
        return {}
    entries = _map(value, "accuracy", "names with top1, top5 and source") if variants else {name: value}
    for variant, entry in entries.items() if variants else ():
        if variant not in variants:
            raise SpecError(f"there is no variant {variant!r}{instead(variant, variants)}", entry.key_at)
    return {variant: _accuracy(entry) for variant, entry in entries.items()}


def _accuracy(value: Value) -> Accuracy:
    given = _map(value, "an accuracy", "top1, top5 and source")
    for key, part in given.items():
        if key not in ACCURACY:
            raise SpecError(f"an accuracy has no {shown(key)}{instead(key, ACCURACY)}", part.key_at)
    for key in ("top1", "source"):
        if key not in given:
            raise SpecError(f"an accuracy needs {key!r}: {ACCURACY[key]}", value.at)
    for key in ("top1", "top5"):
        percent = given[key].data if key in given else 0
        if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
            raise SpecError(f"{key} must be a number of percent, 0 to 100, {_kind(given[key])}", given[key].at)
    top5 = given["top5"].data if "top5" in given else None
    if top5 is not None and top5 < given["top1"].data:
        raise SpecError(f"top5 cannot be below top1, is {top5}", given["top5"].at)
    data = _text(given, "data") or "ImageNet"
    return Accuracy(given["top1"].data, top5, _text(given, "source"), data, _text(given, "note"), value.at)
