"""Finding and reading conventions: built-in ones by name, those of a file or of a specification.

The built-in ones stand in `specs/conventions.yaml`; a file of one's own has the same form.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from archcost.convention import DTYPES, KINDS, Convention
from archcost.cost import PARAMETERS, STORAGES, is_layer, layer_names
from archcost.errors import ArchcostError, Source, SpecError, did_you_mean, instead
from archcost.kinds import shown
from archcost.net import INPUT
from archcost.source import Limits, Value, parse, plain_data, read
from archcost.zoo import CONVENTIONS, block_names

FIELDS: Mapping[str, str] = {
    "text": "what it counts, in a sentence",
    "tool": "the tool that counts like that, with its version",
    "base": "the convention from which it takes what it does not say itself",
    "flops": "what an operation of each kind is worth, KIND or NAME.KIND for a layer type or a block",
    "params": "the kinds of parameter that count",
    "memory": "how often the outputs of a layer type, a block or a storage are added up",
    "kilo": "bytes in a KB, 1000 or 1024",
    "dtype": "the type of the activations",
    "known": "known errors of the tool that it repeats",
}
COUNTED = (*PARAMETERS, "buffers")
NONE: Mapping[str, Value] = {}
HIGHEST = 10**6  # nothing is worth more, or added up more often


@cache
def _built_in() -> Source:
    return Source(CONVENTIONS.name, CONVENTIONS.read_text("utf-8"))


def names() -> list[str]:
    """The built-in conventions, as the file has them."""
    return re.findall(r"^([\w-]+):", _built_in().text, re.MULTILINE)


@cache
def convention(name: str) -> Convention:
    """The built-in convention of that name."""
    source = _built_in()
    # All of the file takes longer to parse than a table to compute, so only the lines of the one that is wanted are.
    found = re.search(rf"^{re.escape(name)}:.*\n(?:[ #].*\n|\n)*", source.text, re.MULTILINE)
    if not found:
        hint = did_you_mean(name, names()) or "; archcost conventions shows all"
        raise ArchcostError(f"there is no convention {name!r}{hint}")
    above = "\n" * source.text.count("\n", 0, found.start())
    (entry,) = parse(source._replace(text=above + found[0])).data.values()
    return read_convention(name, entry)


def one_of(conventions: Mapping[str, Value], name: str, blocks: Collection[str] = ()) -> Convention:
    """The convention of that name among some that are given by hand, or a built-in one."""
    if name not in conventions:
        return convention(name)
    if name in names():
        raise SpecError(f"there is a built-in convention {name!r} already", conventions[name].key_at)
    return read_convention(name, conventions[name], conventions, blocks)


def in_file(path: str, limits: Limits = Limits()) -> Convention:
    """The convention in a file, `FILE:NAME` where it holds several."""
    file, _, name = path.rpartition(":") if not path.endswith((".yaml", ".yml")) else (path, "", "")
    document = read(Path(file), limits)
    if not document.is_map or not document.data:
        raise SpecError("a file of conventions is a map of names with what each counts", document.at)
    entries: dict[str, Value] = document.data
    if len(entries) > 1 and not name:
        raise ArchcostError(f"{file} has {len(entries)} conventions: name one, {file}:{next(iter(entries))}")
    if name and name not in entries:
        raise ArchcostError(f"{file} has no convention {name!r}{instead(name, entries)}")
    return one_of(entries, name or next(iter(entries)))


def read_convention(
    name: str, entry: Value, others: Mapping[str, Value] = NONE, blocks: Collection[str] = ()
) -> Convention:
    """The convention that an entry describes; its base may be one of the others, layers also those blocks."""
    if not entry.is_map:
        raise SpecError(f"a convention is a map of {', '.join(FIELDS)}", entry.at)
    fields: dict[str, Value] = entry.data
    for key, value in fields.items():
        if key not in FIELDS:
            raise SpecError(f"a convention has no {shown(key)}{instead(key, FIELDS)}", value.key_at)
    base = Convention(name)
    if "base" in fields:
        apart = {key: other for key, other in others.items() if key != name}  # so that none is its own base
        base = replace(named(fields["base"], apart, blocks), tool="", known=())
    changes = {key: _field(key, value, blocks) for key, value in fields.items() if key != "base"}
    return replace(base, name=name, **changes)


def named(value: Value, conventions: Mapping[str, Value], blocks: Collection[str]) -> Convention:
    """The convention that a value names, of some that are given or a built-in one."""
    try:
        return one_of(conventions, str(plain_data(value)), blocks)
    except SpecError:
        raise
    except ArchcostError as error:
        raise SpecError(str(error), value.at) from error


def _field(key: str, value: Value, blocks: Collection[str]) -> Any:
    if key in ("flops", "memory"):
        return _factors(key, value, blocks)
    if key in ("params", "known"):
        if not value.is_list or not all(item.is_text for item in value.data):
            raise SpecError(f"{key} must be a list of {'kinds' if key == 'params' else 'sentences'}", value.at)
        for item in value.data if key == "params" else ():
            if item.data not in COUNTED:
                raise SpecError(f"there is no kind of parameter {item.data!r}{instead(item.data, COUNTED)}", item.at)
        return plain_data(value)
    if key == "kilo" and (value.data not in (1000, 1024) or isinstance(value.data, float)):
        raise SpecError(f"kilo must be 1000 or 1024, is {shown(plain_data(value))}", value.at)
    if key == "dtype" and value.data not in DTYPES:
        raise SpecError(f"there is no dtype {shown(plain_data(value))}{instead(str(value.data), DTYPES)}", value.at)
    if key in ("text", "tool") and (value.is_list or value.is_map or value.data is None):
        raise SpecError(f"{key} must be text", value.at)
    return value.data if key == "kilo" else str(value.data)


def _factors(key: str, value: Value, blocks: Collection[str]) -> dict[str, int]:
    """Names with whole numbers: kinds of operation in `flops`, storages and layers in `memory`."""
    if not value.is_map:
        raise SpecError(f"{key} must be a map of names with whole numbers", value.at)
    for name, factor in value.data.items():
        owner, _, kind = name.rpartition(".") if key == "flops" else (name, "", "")
        if key == "flops" and kind not in KINDS:
            raise SpecError(f"there is no kind of operation {kind!r}{instead(kind, KINDS)}", factor.key_at)
        if owner and not (is_layer(owner) or owner in blocks or (key == "memory" and owner in (INPUT, *STORAGES))):
            _known_block(owner, factor, [*layer_names(), *blocks, *((INPUT, *STORAGES) if key == "memory" else ())])
        if not isinstance(factor.data, int) or isinstance(factor.data, bool) or not 0 <= factor.data <= HIGHEST:
            wanted = f"must be a whole number from 0 to {HIGHEST:,}"
            raise SpecError(f"what {name} is worth {wanted}, is {shown(plain_data(factor))}", factor.at)
    factors: dict[str, int] = plain_data(value)
    return factors


def _known_block(name: str, value: Value, others: Collection[str]) -> None:
    known = block_names()
    if name not in known:
        raise SpecError(f"there is no layer or block {name!r}{did_you_mean(name, [*others, *known])}", value.key_at)
