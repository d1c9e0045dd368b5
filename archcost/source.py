"""YAML text as values that know where they stand.

Only what means one thing: no tags, no aliases, no duplicate keys, and none of the scalars that YAML 1.1 and 1.2 read
differently. The text is taken from the parser's events, so nothing in it is ever constructed or run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from archcost.errors import Position, Source, SpecError

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a specification may ask for; `--limit NAME=N` raises one."""

    bytes: int = 8_000_000
    depth: int = 64
    layers: int = 50_000


class Value(NamedTuple):
    """None, a bool, int, float, text, a list of values or a dict of values, with its place and that of its key."""

    data: Any
    at: Position
    key_at: Position | None = None

    @property
    def is_text(self) -> bool:
        return isinstance(self.data, str)

    @property
    def is_list(self) -> bool:
        return isinstance(self.data, list)

    @property
    def is_map(self) -> bool:
        return isinstance(self.data, dict)


def read(path: Path, limits: Limits = Limits(), name: str | None = None) -> Value:
    """The value that a file holds."""
    name = name or str(path)
    try:
        if path.stat().st_size > limits.bytes:
            raise SpecError(f"{name}: larger than {limits.bytes} bytes; --limit bytes=N raises the limit")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(f"{name}: not UTF-8 text: byte {error.start + 1} is {error.object[error.start]:#04x}") from error
    except OSError as error:
        raise SpecError(f"{name}: cannot be read: {error.strerror}") from error
    return parse(Source(name, text), limits)


def parse(source: Source, limits: Limits = Limits()) -> Value:
    """The one value of a YAML text."""
    start = Position(source, 1, 1)
    try:
        events = yaml.parse(source.text, Loader=Loader)
        value = _document(events, source, limits)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Position(source, mark.line + 1, mark.column + 1) if mark else start
        context = f" {error.context}" if error.context else ""
        raise SpecError(f"not YAML: {error.problem}{context}", at) from error
    except yaml.YAMLError as error:
        raise SpecError(f"not YAML: {str(error).splitlines()[0]}", start) from error
    if value is None:
        raise SpecError("the file is empty", start)
    return value


def _document(events: Iterator[Any], source: Source, limits: Limits) -> Value | None:
    """Builds the value with a stack of its own, so that deep nesting meets a limit and not the end of Python's."""
    root: Value | None = None
    # Each open collection: its data, its place, and for a map the key that waits for its value.
    stack: list[tuple[list[Value] | dict[str, Value], Position, Value | None]] = []
    for event in events:
        mark = event.start_mark
        if isinstance(event, yaml.NodeEvent):
            at = Position(source, mark.line + 1, mark.column + 1)
            if isinstance(event, yaml.AliasEvent):
                raise SpecError(f"aliases like *{event.anchor} are not used here: write a block or a parameter", at)
            if event.tag not in (None, "!"):
                raise SpecError(f"tags like {event.tag} are not used here", at)
            if root is not None and not stack:
                raise SpecError("a file holds one document", at)
            if isinstance(event, yaml.ScalarEvent):
                value = Value(scalar(event, at), at)
            else:
                if len(stack) >= limits.depth:
                    raise SpecError(f"nested deeper than {limits.depth}; --limit depth=N raises the limit", at)
                value = Value([] if isinstance(event, yaml.SequenceStartEvent) else {}, at)
            root = root or value
            if stack:
                stack[-1] = _put(stack[-1], value)
            if not isinstance(event, yaml.ScalarEvent):
                stack.append((value.data, at, None))
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
    return root


def _put(
    collection: tuple[list[Value] | dict[str, Value], Position, Value | None], value: Value
) -> tuple[list[Value] | dict[str, Value], Position, Value | None]:
    data, at, key = collection
    if isinstance(data, list):
        data.append(value)
        return collection
    if key is None:
        if isinstance(value.data, bool | int | float):
            value = value._replace(data=str(value.data).lower())
        if not value.is_text:
            raise SpecError("a key must be a word", value.at)
        if value.data == "<<":
            raise SpecError("merge keys are not used here: write a block or a parameter", value.at)
        if value.data in data:
            first = data[value.data].key_at
            raise SpecError(f"the key {value.data!r} stands here twice, first in line {first and first.line}", value.at)
        return data, at, value
    data[key.data] = value._replace(key_at=key.at)
    return data, at, None


NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+][0-9]+)?$")
# What YAML 1.1 reads as something else than it looks like, or than YAML 1.2 reads, and what to write instead.
TRAPS = [
    (re.compile(r"(yes|no|on|off)$", re.I), "YAML 1.1 reads {0} as true or false: write true or false, or quote it"),
    (re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?$"), "YAML 1.1 reads {0} as a number to base 60: quote it"),
    (re.compile(r"[-+]?0[0-9_]+$"), "YAML 1.1 reads {0} as an octal number: write it without the leading 0"),
    (re.compile(r"[-+]?0[xob][0-9a-fA-F_]+$"), "write {0} as a decimal number"),
    (re.compile(r"[-+]?[0-9][0-9.]*[eE][0-9]+$"), "YAML 1.1 reads {0} as text, YAML 1.2 as a number: write the digits"),
    (re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?$"), "YAML 1.1 reads {0} as a number: write it without _"),
    (re.compile(r"[-+]?\.(inf|nan)$", re.I), "{0} is not a number one can compute with"),
]


def scalar(event: Any, at: Position) -> Any:
    """The meaning of a scalar; quoted ones are text."""
    text: str = event.value
    if event.style or (event.implicit and not event.implicit[0]):
        return text
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    if NUMBER.match(text):
        if len(text) > 40:
            raise SpecError("a number of more than 40 digits", at)
        return int(text) if text.lstrip("-+").isdigit() else float(text)
    for trap, complaint in TRAPS:
        if trap.match(text):
            raise SpecError(complaint.format(text[:40]), at)
    return text
