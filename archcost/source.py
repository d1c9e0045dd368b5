"""YAML text as values that know where they stand.

Only what means one thing: no tags, no aliases, no duplicate keys, and none of the scalars that YAML 1.1 and 1.2 read
differently. The text is taken from the parser's events, so nothing in it is ever constructed or run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from archcost.errors import BREAK, Position, Source, SpecError, printable
from archcost.kinds import LARGEST, shown

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it


class Limits(NamedTuple):
    """How much a specification may ask for; `--limit NAME=N` raises one."""

    bytes: int = 2_000_000
    values: int = 100_000  # in the file, and again those that are worked out when blocks and repeats are opened
    depth: int = 64
    layers: int = 20_000


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


def plain_data(value: Any) -> Any:
    """A value without its places."""
    if not isinstance(value, Value):
        return value
    if value.is_map:
        return {key: plain_data(part) for key, part in value.data.items()}
    return tuple(map(plain_data, value.data)) if value.is_list else value.data


def read(path: Path, limits: Limits = Limits(), name: str | None = None) -> Value:
    """The value that a file holds."""
    name = printable(name or str(path))
    try:
        with path.open("rb") as file:
            data = file.read(limits.bytes + 1)  # the size of a pipe or a device is not known before
    except OSError as error:
        raise SpecError(f"{name}: cannot be read: {error.strerror}") from error
    if len(data) > limits.bytes:
        raise SpecError(f"{name}: larger than {limits.bytes} bytes; --limit bytes=N raises the limit")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig")
        message = f"not UTF-8 text: byte {error.start + 1} of the file is {data[error.start]:#04x}"
        raise SpecError(message, _behind(Source(name, before))) from error
    return parse(Source(name, text), limits)


def _behind(source: Source) -> Position:
    """The position behind the end of a text."""
    lines = BREAK.split(source.text)
    return Position(source, len(lines), len(lines[-1]) + 1)


# What YAML does not allow in a text, of which libyaml speaks without a line, and a byte order mark inside it. The
# second is slow to compile and waits for a text that is not ASCII.
ASCII_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
CONTROL = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"


def parse(source: Source, limits: Limits = Limits()) -> Value:
    """The one value of a YAML text."""
    strange = (ASCII_CONTROL if source.text.isascii() else re.compile(CONTROL)).search(source.text)
    if strange:
        at = _behind(source._replace(text=source.text[: strange.start()]))
        raise SpecError(f"not YAML: the character U+{ord(strange[0]):04X} is not allowed", at._replace(source=source))
    try:
        value = _document(yaml.parse(source.text, Loader=Loader), source, limits)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, source) from error
    if value is None:
        raise SpecError("the file is empty", Position(source, 1, 1))
    return value


def _not_yaml(error: Any, source: Source) -> SpecError:
    """What the parser says, where it stopped; at the end of the file, where that begins which has no end."""
    mark, context = error.problem_mark, error.context_mark
    found = source.text[mark.index : mark.index + 1]
    begun = f" {error.context}" if error.context else ""
    if context and found and context.index < mark.index:
        begun += f" that begins at {context.line + 1}:{context.column + 1}"
    elif context:
        mark = context
    said = {
        "found character that cannot start any token": (
            "a tab: indent with spaces" if found == "\t" else f"a value cannot begin with {found}: quote it"
        ),
        "mapping values are not allowed in this context": "a second colon: quote the text, or begin a new line",
    }.get(error.problem, f"{error.problem}{begun}")
    return SpecError(f"not YAML: {said}", Position(source, mark.line + 1, mark.column + 1))


def _document(events: Iterator[Any], source: Source, limits: Limits) -> Value | None:
    """Builds the value with a stack of its own, so that deep nesting meets a limit and not the end of Python's."""
    root: Value | None = None
    # Each open collection: its data, its place, and for a map the key that waits for its value.
    stack: list[tuple[list[Value] | dict[str, Value], Position, Value | None]] = []
    count = 0
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
        if not isinstance(event, yaml.NodeEvent):
            continue
        mark: Any = event.start_mark
        at = Position(source, mark.line + 1, mark.column + 1)
        count += 1
        if count > limits.values:
            raise SpecError(f"more than {limits.values} values; --limit values=N raises the limit", at)
        if root is not None and not stack:
            raise SpecError("a file holds one document", at)
        value = _begun(event, at, len(stack), limits)
        root = root or value
        if stack:
            stack[-1] = _put(stack[-1], value, getattr(event, "value", None))
        if not isinstance(event, yaml.ScalarEvent):
            stack.append((value.data, at, None))
    return root


def _begun(event: Any, at: Position, depth: int, limits: Limits) -> Value:
    """The value of a scalar, or a list or map that is still empty."""
    if isinstance(event, yaml.AliasEvent):
        raise SpecError(f"aliases like *{event.anchor} are not used here: write a block or a parameter", at)
    if event.tag is not None:
        raise SpecError(f"tags like {shown(event.tag)} are not used here", at)
    if isinstance(event, yaml.ScalarEvent):
        return Value(scalar(event, at), at)
    if depth >= limits.depth:
        raise SpecError(f"nested deeper than {limits.depth}; --limit depth=N raises the limit", at)
    return Value([] if isinstance(event, yaml.SequenceStartEvent) else {}, at)


def _put(
    collection: tuple[list[Value] | dict[str, Value], Position, Value | None], value: Value, text: str | None
) -> tuple[list[Value] | dict[str, Value], Position, Value | None]:
    """The collection with one value more; a key is taken as it is written, also where it looks like a number."""
    data, at, key = collection
    if isinstance(data, list):
        data.append(value)
        return collection
    if key is None:
        if text is None or value.data is None:
            raise SpecError("a key must be a word", value.at)
        if text == "<<":
            raise SpecError("merge keys like << are not used here: write a block or a parameter", value.at)
        if text in data:
            first = data[text].key_at
            raise SpecError(f"the key {shown(text)} stands here twice, first in line {first and first.line}", value.at)
        return data, at, Value(text, value.at)
    data[key.data] = Value(value.data, value.at, key.at)
    return data, at, None


NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+][0-9]+)?$")
# What YAML 1.1 reads as something else than it looks like, or than YAML 1.2 reads, and what to write instead. These are
# compiled when a text first looks like a number and is none.
TRUTHS = {"yes", "no", "on", "off"}
TRAPS = [
    (r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?$", "YAML 1.1 reads {0} as a number to base 60: quote it"),
    (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$", "YAML 1.1 reads {0} as a date: quote it"),
    (r"[-+]?0[0-9_]+$", "YAML 1.1 reads {0} as an octal number: write it without the leading 0, or quote it"),
    (r"[-+]?0[xob][0-9a-fA-F_]+$", "write {0} as a decimal number, or quote it"),
    (
        r"[-+]?[0-9][0-9.]*[eE][0-9]+$",
        "YAML 1.1 reads {0} as text, YAML 1.2 as a number: write the digits, or quote it",
    ),
    (r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?$", "YAML 1.1 reads {0} as a number: write it without _, or quote it"),
    (r"[-+]?\.(inf|nan|Inf|NaN|INF|NAN)$", "{0} is not a number one can compute with"),
]
TRAPPED = frozenset("0123456789abcdefABCDEFinxoINFAN_.:+-")


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
    if text[0] in "+-.0123456789":
        return _number(text, at)
    if text.lower() in TRUTHS:
        raise SpecError(f"YAML 1.1 reads {text} as true or false: write true or false, or quote it", at)
    return text


def _number(text: str, at: Position) -> int | float | str:
    """The number that a scalar writes; text where it only begins like one, as `3a` and `2*width` do."""
    if NUMBER.match(text):
        if not abs(float(text)) <= LARGEST:
            raise SpecError("a number too large for any size or count", at)
        return int(text) if text.lstrip("-+").isdigit() else float(text)
    for trap, complaint in TRAPS if TRAPPED.issuperset(text) else ():
        if re.match(trap, text):
            raise SpecError(complaint.format(text[:40]), at)
    return text
