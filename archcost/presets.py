"""Finding and reading conventions: built-in ones by name, those of a file or of a specification.

The built-in ones stand in `specs/conventions.yaml`; a file of one's own has the same form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from archcost.convention import KINDS, STORED, Convention
from archcost.cost import STORAGES, is_layer, layer_names
from archcost.errors import ArchcostError, Source, SpecError, did_you_mean, instead, printable
from archcost.kinds import DTYPES, shown
from archcost.net import INPUT
from archcost.source import Limits, Value, parse, plain_data, read
from archcost.zoo import CONVENTIONS, block_names, load_spec, spec_files

FIELDS: Mapping[str, str] = {
    "text": "what it counts, in a sentence",
    "tool": "the tool that counts like that, with its version",
    "base": "the convention whose flops, params, memory, fold, kilo and dtype it has where it does not give its own",
    "flops": "what each kind is worth: KIND, or NAME.KIND in a layer type, a block or a network, or NAME/NAME.KIND",
    "params": "the kinds of parameter that count: a list, or a map as flops",
    "memory": "how often outputs are added up: new, inplace, view, or NAME or NAME/NAME as in flops",
    "fold": "whether a batch norm is a part of the convolution or linear layer before it, as exporters fold it",
    "kilo": "bytes in a KB, 1000 or 1024",
    "dtype": "the type of the activations",
    "known": "known errors of the tool that it repeats",
}
NONE: Mapping[str, Value] = {}
WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*\Z")  # a name of a convention
CHAINED = 50  # conventions, each the base of the one before
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
    if name not in names():
        hint = did_you_mean(name, names()) or "; archcost conventions shows all"
        raise ArchcostError(f"there is no convention {shown(name)}{hint}")
    source = _built_in()
    # All of the file takes longer to parse than a table to compute, so only the lines of the one that is wanted are.
    found = re.search(rf"^{re.escape(name)}:.*\n(?:[ #].*\n|\n)*", source.text, re.MULTILINE)
    assert found
    above = "\n" * source.text.count("\n", 0, found.start())
    (entry,) = parse(source._replace(text=above + found[0])).data.values()
    return unchecked(name, entry, NONE, (), ())  # the tests look whether all that it names is there


def one_of(conventions: Mapping[str, Value], name: str, blocks: Collection[str] = ()) -> Convention:
    """The convention of that name among some that are given by hand, or a built-in one."""
    if name not in conventions:
        return convention(name)
    if not WORD.match(name):
        message = f"{shown(name)} is not a name: use ASCII letters, digits, _ . + -"
        raise SpecError(message, conventions[name].key_at)
    if name in names():
        raise SpecError(f"there is a built-in convention {name!r} already", conventions[name].key_at)
    return read_convention(name, conventions[name], conventions, blocks)


def in_file(path: str, limits: Limits = Limits(), blocks: Collection[str] = ()) -> Convention:
    """The convention in a file of conventions or in a specification, `FILE:NAME` where it holds several."""
    file, _, name = path.rpartition(":") if ":" in Path(path).name else (path, "", "")
    document = read(Path(file), limits)
    if not document.is_map or not document.data:
        raise SpecError("a file of conventions is a map of names with what each counts", document.at)
    entries: Mapping[str, Value] = document.data
    if "layers" in entries:
        spec = load_spec(Path(file), limits)
        entries, blocks = spec.conventions, spec.parts
        if not entries:
            raise ArchcostError(f"{file} has no conventions of its own")
    if len(entries) > 1 and not name:
        raise ArchcostError(f"{file} has {len(entries)} conventions: name one, {file}:{next(iter(entries))}")
    if name and name not in entries:
        raise ArchcostError(f"{file} has no convention {shown(name)}{instead(name, entries)}")
    return one_of(entries, name or next(iter(entries)), blocks)


def read_convention(
    name: str,
    entry: Value,
    others: Mapping[str, Value] = NONE,
    blocks: Collection[str] = (),
    users: tuple[str, ...] = (),
) -> Convention:
    """The convention that an entry describes; its base may be one of the others, and it may name those blocks.

    `users` are those of which it is the base.
    """
    convention = unchecked(name, entry, others, blocks, users)
    for key in ("flops", "params", "memory"):
        given = entry.data.get(key)
        for path, factor in given.data.items() if given and given.is_map else ():
            owners = path if key == "memory" else path.rpartition(".")[0]
            for owner in owners.split("/") if owners else ():
                _check_owner(owner, factor, blocks, (INPUT, *STORAGES) if key == "memory" else ())
    return convention


def _check_owner(owner: str, factor: Value, blocks: Collection[str], storages: Collection[str]) -> None:
    """Refuse what is no layer type, no block, no network and no storage."""
    if is_layer(owner) or owner in blocks or owner in storages:
        return
    known = {*block_names(), *(path.stem for path in spec_files())}
    if owner not in known:
        near = did_you_mean(owner, [*layer_names(), *storages, *blocks, *known])
        raise SpecError(f"there is no layer or block {shown(owner)}{near}", factor.key_at)


def unchecked(
    name: str, entry: Value, others: Mapping[str, Value], blocks: Collection[str], users: tuple[str, ...]
) -> Convention:
    """The convention that an entry describes, whether or not there are layers and blocks of the names it speaks of."""
    if not entry.is_map:
        raise SpecError(f"a convention is a map of {', '.join(FIELDS)}", entry.at)
    fields: dict[str, Value] = entry.data
    for key, value in fields.items():
        if key not in FIELDS:
            raise SpecError(f"a convention has no {shown(key)}{instead(key, FIELDS)}", value.key_at)
    base = Convention(name)
    if "base" in fields:
        base = _base(fields["base"], others, blocks, (*users, name))
        base = replace(base, text="", tool="", known=())  # which are about the base
    changes = {key: READ[key](key, value) for key, value in fields.items() if key != "base"}
    return replace(base, name=name, **changes)


def _base(value: Value, others: Mapping[str, Value], blocks: Collection[str], users: tuple[str, ...]) -> Convention:
    """The convention from which others take what they do not say."""
    if value.data in users:
        raise SpecError(f"the convention {value.data!r} is its own base, directly or by way of others", value.at)
    if len(users) > CHAINED:
        raise SpecError(f"more than {CHAINED} conventions, each the base of another", value.at)
    if value.is_text and value.data in others:
        return read_convention(value.data, others[value.data], others, blocks, users)
    return named(value, NONE, blocks)


def named(value: Value, conventions: Mapping[str, Value], blocks: Collection[str]) -> Convention:
    """The convention that a value names, of some that are given or a built-in one."""
    try:
        return one_of(conventions, str(shown(value.data) if value.data is None else plain_data(value)), blocks)
    except SpecError:
        raise
    except ArchcostError as error:
        raise SpecError(str(error), value.at) from error


def _text(key: str, value: Value) -> str:
    if value.is_list or value.is_map or value.data is None:
        raise SpecError(f"{key} must be text", value.at)
    return printable(str(value.data))


def _sentences(key: str, value: Value) -> tuple[str, ...]:
    if not value.is_list or not all(item.is_text for item in value.data):
        raise SpecError(f"{key} must be a list of sentences", value.at)
    return tuple(printable(item.data) for item in value.data)


def _truth(key: str, value: Value) -> bool:
    if not isinstance(value.data, bool):
        raise SpecError(f"{key} must be true or false, is {shown(plain_data(value))}", value.at)
    return value.data


def _kilo(key: str, value: Value) -> int:
    if value.data not in (1000, 1024) or isinstance(value.data, float):
        raise SpecError(f"{key} must be 1000 or 1024, is {shown(plain_data(value))}", value.at)
    return int(value.data)


def _dtype(key: str, value: Value) -> str:
    if not value.is_text or value.data not in DTYPES:
        raise SpecError(f"there is no dtype {shown(plain_data(value))}{instead(str(value.data), DTYPES)}", value.at)
    return str(value.data)


def _worths(key: str, value: Value) -> dict[str, int]:
    """What kinds of operation are worth, of all layers or of some."""
    return _of_kinds("operation", KINDS, _factors(key, value))


def _stored(key: str, value: Value) -> dict[str, int]:
    """How often kinds of parameter count: a list of those that do, or a map."""
    if value.is_list and all(item.is_text for item in value.data):
        value = value._replace(data={item.data: Value(1, item.at, item.at) for item in value.data})
    return _of_kinds("parameter", STORED, _factors(key, value))


def _of_kinds(what: str, known: Mapping[str, str], factors: Mapping[str, Value]) -> dict[str, int]:
    for name, factor in factors.items():
        kind = name.rpartition(".")[2]
        if kind not in known:
            raise SpecError(f"there is no kind of {what} {shown(kind)}{instead(kind, known)}", factor.key_at)
    return {name: factor.data for name, factor in factors.items()}


def _held(key: str, value: Value) -> dict[str, int]:
    """How often outputs are added up."""
    return {name: factor.data for name, factor in _factors(key, value).items()}


def _factors(key: str, value: Value) -> dict[str, Value]:
    """A map of names with whole numbers."""
    if not value.is_map:
        raise SpecError(f"{key} must be a map of names with whole numbers", value.at)
    factors: dict[str, Value] = value.data
    for name, factor in factors.items():
        if not isinstance(factor.data, int) or isinstance(factor.data, bool) or not 0 <= factor.data <= HIGHEST:
            wanted = f"must be a whole number from 0 to {HIGHEST:,}"
            raise SpecError(f"what {shown(name)} is worth {wanted}, is {shown(plain_data(factor))}", factor.at)
    return factors


READ: Mapping[str, Callable[[str, Value], Any]] = {
    "text": _text,
    "tool": _text,
    "flops": _worths,
    "params": _stored,
    "memory": _held,
    "fold": _truth,
    "kilo": _kilo,
    "dtype": _dtype,
    "known": _sentences,
}
