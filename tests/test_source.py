"""What does a YAML text hold, and where does each part of it stand?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from archcost.errors import Frame, Position, Source, SpecError, did_you_mean, instead, printable
from archcost.source import Limits, Value, parse, read
from archcost.zoo import spec_files


def plain(value: Value) -> Any:
    """A value without its places."""
    if value.is_map:
        return {key: plain(part) for key, part in value.data.items()}
    return list(map(plain, value.data)) if value.is_list else value.data


def held(text: str) -> Any:
    """What a text holds."""
    return plain(parse(Source("here", text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("64", 64),
        ("-1", -1),
        ("+5", 5),
        ("0", 0),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("1.", 1.0),
        ("1e-5", 1e-5),
        ("2.5e+3", 2500.0),
        ("9223372036854775808", 2**63),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("''", ""),
        ("'64'", "64"),
        ('"no"', "no"),
        ("|\n  3:30\n", "3:30\n"),
        ("relu", "relu"),
        ("4*width", "4*width"),
        ("3a", "3a"),
        ("1x1", "1x1"),
        ("4 * 64", "4 * 64"),
        ("-width", "-width"),
        (".5", ".5"),
        ("-", [None]),
        ("64 # a comment", 64),
        ("1.2.3", "1.2.3"),
        ("none", "none"),
        ("y", "y"),
        ("n", "n"),
        ("only", "only"),
        ("[1, [2, 3], []]", [1, [2, 3], []]),
        ("{a: 1, b: {c: [2]}, d: }", {"a": 1, "b": {"c": [2]}, "d": None}),
        ("- relu\n- conv: {out: 64}\n", ["relu", {"conv": {"out": 64}}]),
        ("1: a\n1.10: b\ntrue: c\n'no': d\n", {"1": "a", "1.10": "b", "true": "c", "no": "d"}),
        ("---\na: 1\n...\n", {"a": 1}),
        ("%YAML 1.1\n---\na: 1\n", {"a": 1}),
    ],
)
def test_values(text: str, expected: Any) -> None:
    """One meaning for each text; keys are taken as they are written."""
    found = held(text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("path", spec_files(), ids=lambda path: path.stem)
def test_other_readers_agree(path: Path) -> None:
    """Any YAML reader finds in a shipped specification what is found here, save that keys are text here."""

    def keyed(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): keyed(part) for key, part in value.items()}
        return list(map(keyed, value)) if isinstance(value, list) else value

    assert plain(read(path)) == keyed(yaml.safe_load(path.read_text("utf-8")))


def places(value: Value) -> Iterator[tuple[str, Any]]:
    """Each value that is no list or map with its line and column, and each key with its own."""
    parts = value.data.items() if value.is_map else enumerate(value.data) if value.is_list else ()
    for key, part in parts:
        if part.key_at:
            yield f"{part.key_at.line}:{part.key_at.column}", key
        yield from places(part)
    if not value.is_map and not value.is_list:
        yield f"{value.at.line}:{value.at.column}", value.data


def test_places() -> None:
    """Lines and columns count from 1, in characters; a key has a place of its own."""
    text = 'über: [1,  x]\nlayers:\n  - conv: {out: 64, "größe":\n      3}\n  - relu\n'
    assert list(places(parse(Source("here", text)))) == [
        ("1:1", "über"),
        ("1:8", 1),
        ("1:12", "x"),
        ("2:1", "layers"),
        ("3:5", "conv"),
        ("3:12", "out"),
        ("3:17", 64),
        ("3:21", "größe"),
        ("4:7", 3),
        ("5:5", "relu"),
    ]


def test_read_leaves_out_the_byte_order_mark(tmp_path) -> None:
    """Some editors write one."""
    (tmp_path / "net.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    value = read(tmp_path / "net.yaml", name="net")
    assert plain(value) == {"a": 1}
    assert str(value.data["a"].key_at) == "net:1:1"


def test_limits() -> None:
    """What is allowed is allowed to the last: so many values, so deep."""
    limits = Limits(values=4, depth=2)
    assert plain(parse(Source("here", "[[1, 2]]"), limits)) == [[1, 2]]
    for text in ("[[1, 2, 3]]", "[[[]]]"):
        with pytest.raises(SpecError, match="raises the limit"):
            parse(Source("here", text), limits)


def test_excerpt_is_cut_to_a_readable_width() -> None:
    """The caret stays below its character."""
    source = Source("here", "a\n" + "-" * 300 + "x" + "-" * 300 + "\nb")
    line, caret = Position(source, 2, 301).excerpt().split("\n")
    assert len(line) == len("    2 | ") + 96
    assert line[caret.index("^")] == "x"
    assert Position(source, 3, 2).excerpt() == "    3 | b\n      |  ^"
    assert Position(source, 9, 1).excerpt() == "    9 |\n      | ^"


def test_error_text() -> None:
    """Place, message, the blocks that led there, the line; long chains are cut in the middle."""
    source = Source("net.yaml", "one\ntwo\n")
    at, via = Position(source, 2, 1), None
    for number in range(12):
        via = Frame(f"b{number}", Position(source, 1, number + 1), via)
    assert str(SpecError("wrong", at)) == "net.yaml:2:1: wrong\n    2 | two\n      | ^"
    assert str(SpecError("wrong")) == "wrong"
    chain = str(SpecError("wrong", at, via)).split("\n")
    assert chain[1] == "  in b11, used at net.yaml:1:12"
    assert chain[5] == "  … 4 more"
    assert chain[9] == "  in b0, used at net.yaml:1:1"


def test_suggestions() -> None:
    """A near name whatever its capitals, else all names if they are few."""
    assert did_you_mean("kernal", ["out", "kernel"]) == ", did you mean 'kernel'?"
    assert did_you_mean("BatchNorm", ["relu", "batchnorm"]) == ", did you mean 'batchnorm'?"
    assert did_you_mean("colour", ["out", "kernel"]) == ""
    assert instead("colour", ["out", "kernel"]) == ", only out, kernel"
    assert instead("kernal", ["out", "kernel"]) == ", did you mean 'kernel'?"
    assert instead("colour", []) == instead("colour", map(str, range(99))) == ""


def test_printable() -> None:
    """Letters of any script stay; what steers a terminal becomes a blank."""
    assert printable("Schließe 図 é") == "Schließe 図 é"
    assert printable("a\x1b[31m\tb\n\u202ec\x9b") == "a [31m b  c "
