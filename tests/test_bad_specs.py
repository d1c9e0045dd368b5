"""What does the command say of specifications that cannot be used, and does it stay small, quick and quiet about it?

`data/bad/NAME.yaml` has one mistake, `data/bad/NAME.txt` is all that must be printed about it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest
from hostile import HEAD, HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost.errors import ArchcostError
from archcost.expand import expand
from archcost.net import propagate
from archcost.source import Limits
from archcost.zoo import load_spec, spec_files

BAD = Path(__file__).parent / "data" / "bad"
SMALL = "import resource; resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20)); "


def test_bad_specs_are_pairs() -> None:
    """Each specification has its message, and each message its specification."""
    assert {path.stem for path in BAD.glob("*.yaml")} == {path.stem for path in BAD.glob("*.txt")}
    assert len(list(BAD.glob("*.yaml"))) >= 250


@pytest.mark.parametrize("name", sorted(path.stem for path in BAD.glob("*.yaml")))
def test_bad_spec(name: str, archcost, monkeypatch) -> None:
    """One message on stderr, to the letter; nothing on stdout. Claims are looked at by `verify` only."""
    monkeypatch.chdir(BAD)
    result = archcost("verify" if name.startswith("claim") else "table", f"{name}.yaml", exit_code=2)
    assert result.stdout == ""
    assert result.stderr == (BAD / f"{name}.txt").read_text("utf-8")


# What no file in a folder can be, or what git and editors would change.


def message(archcost, folder: Path, data: bytes, *options: str) -> str:
    """What is printed about a file of these bytes, without the folder."""
    (folder / "net.yaml").write_bytes(data)
    result = archcost("table", str(folder / "net.yaml"), *options, exit_code=2)
    assert result.stdout == ""
    return result.stderr.replace(f"{folder}{os.sep}", "")


def test_missing_file(archcost, tmp_path) -> None:
    """The system's own words."""
    result = archcost("table", str(tmp_path / "none.yaml"), exit_code=2)
    assert result.stderr == f"{tmp_path / 'none.yaml'}: cannot be read: No such file or directory\n"


def test_unknown_variant(archcost, tmp_path) -> None:
    """The file is there, the variant is not."""
    path = tmp_path / "net.yaml"
    path.write_text(f"params: {{width: 8}}\n{HEAD}layers: [relu]\nvariants: {{small: }}\n")
    result = archcost("table", f"{path}:smal", exit_code=2)
    assert result.stderr == f"{path} has no variant 'smal', did you mean 'small'?\n"


def test_directory(archcost, tmp_path) -> None:
    """Also one with the name of a specification."""
    (tmp_path / "net.yaml").mkdir()
    result = archcost("table", str(tmp_path / "net.yaml"), exit_code=2)
    assert result.stderr == f"{tmp_path / 'net.yaml'}: cannot be read: Is a directory\n"


def test_no_permission(archcost, monkeypatch) -> None:
    """Simulated, since root may read everything."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert archcost("table", "net.yaml", exit_code=2).stderr == "net.yaml: cannot be read: Permission denied\n"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs an endless file")
def test_endless_file(archcost) -> None:
    """What has no size is read up to the limit."""
    assert archcost("table", "/dev/zero", exit_code=2).stderr == (
        "/dev/zero: larger than 2000000 bytes; --limit bytes=N raises the limit\n"
    )


def test_not_utf8(archcost, tmp_path) -> None:
    """The byte is named and its line and column are found."""
    assert message(archcost, tmp_path, b"name: LeNet\nsource: LeCun, Universit\xe9\n" + HEAD.encode()) == (
        "net.yaml:2:25: not UTF-8 text: byte 37 of the file is 0xe9\n"
        "    2 | source: LeCun, Universit\n"
        "      |                         ^\n"
    )


def test_utf16(archcost, tmp_path) -> None:
    """Recognised by its byte order mark."""
    said = message(archcost, tmp_path, HEAD.encode("utf-16"))
    assert said.startswith("net.yaml:1:1: not UTF-8 text: byte 1 of the file is 0xff\n")


@pytest.mark.parametrize(("character", "shown"), [("\0", "U+0000"), ("\x1b", "U+001B"), ("\ufeff", "U+FEFF")])
def test_control_character(character: str, shown: str, archcost, tmp_path) -> None:
    """It is found and named, and never printed."""
    assert message(archcost, tmp_path, f"{HEAD}layers: [re{character}lu]\n".encode()) == (
        f"net.yaml:2:12: not YAML: the character {shown} is not allowed\n"
        "    2 | layers: [re lu]\n"
        "      |            ^\n"
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\x85", "\u2028"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_breaks_and_byte_order_mark(newline: str, mark: str, archcost, tmp_path) -> None:
    """Lines and columns are counted as YAML counts them; a byte order mark takes no column."""
    text = f"{mark}inputs: [3, 8, 8]\nlayers: [relu]\n".replace("\n", newline)
    assert message(archcost, tmp_path, text.encode()) == (
        "net.yaml:1:1: a specification has no 'inputs', did you mean 'input'?\n    1 | inputs: [3, 8, 8]\n      | ^\n"
    )
    text = f"{mark}{HEAD}# two\nlayers: [relu, rulu]\n".replace("\n", newline)
    assert message(archcost, tmp_path, text.encode()) == (
        "net.yaml:3:16: there is no layer or block 'rulu', did you mean 'relu'?\n"
        "    3 | layers: [relu, rulu]\n"
        "      |                ^\n"
    )


@pytest.mark.parametrize(("before", "width"), [("\t", 1), ("日本語", 6), ("e\u0301", 1), ("é", 1), ("\u202e", 1)])
def test_caret_stands_below_the_mistake(before: str, width: int, archcost, tmp_path) -> None:
    """Tabs, wide, combining and invisible characters before it are measured as a terminal shows them."""
    said = message(archcost, tmp_path, f'{HEAD}layers: [{{relu: , as: r}}, {{tanh: , "{before}": 1}}]\n'.encode())
    line, caret = said.splitlines()[1:]
    assert caret.index("^") == line.index('"')
    said = message(archcost, tmp_path, f"{HEAD}layers: [linear: \"'{before}' == 1 or x\"]\n".encode())
    line, caret = said.splitlines()[1:]
    shown = line.index("== 1 or x") + len("== 1 or ") - len(line[line.index("'") + 1 : line.rindex("'")]) + width
    assert caret.index("^") == shown


def test_long_lines_are_cut_around_the_mistake(archcost, tmp_path) -> None:
    """Neither the line nor a long word fills the screen."""
    said = message(archcost, tmp_path, f"{HEAD}layers: [{'relu, ' * 9000}rulu, {'relu, ' * 9000}relu]\n".encode())
    assert said.startswith("net.yaml:2:54010: there is no layer or block 'rulu'")
    assert max(map(len, said.splitlines())) <= 110
    line, caret = said.splitlines()[1:]
    assert line[caret.index("^") :].startswith("rulu")
    assert len(message(archcost, tmp_path, f"{HEAD}layers: [{'x' * 100_000}]\n".encode())) < 400


ESCAPE = "\\e[31m\\a\\u202e\\x9b"
WITH_ESCAPES = {
    "key": f'"{ESCAPE}": 1\n{HEAD}layers: [relu]\n',
    "title": f'name: "{ESCAPE}"\nsource: "{ESCAPE}"\nnotes: "{ESCAPE}"\n{HEAD}layers: [relu]\n',
    "param": f'params: {{"{ESCAPE}": 1}}\n{HEAD}layers: [relu]\n',
    "input": f'input: {{"{ESCAPE}": [3]}}\nlayers: [relu]\n',
    "block": f'{HEAD}blocks: {{"{ESCAPE}": {{layers: [relu]}}}}\nlayers: [relu]\n',
    "layer": f'{HEAD}layers: ["{ESCAPE}"]\n',
    "layers": f'{HEAD}layers: ["relu": , "{ESCAPE}": ]\n',
    "attribute": f'{HEAD}layers: [conv: {{"{ESCAPE}": 1}}]\n',
    "value": f'{HEAD}layers: [linear: "{ESCAPE}"]\n',
    "words": f'{HEAD}layers: [linear: ["{ESCAPE}"]]\n',
    "as": f'{HEAD}layers: [{{relu: , as: "{ESCAPE}"}}]\n',
    "from": f'{HEAD}layers: [{{relu: , from: "{ESCAPE}"}}]\n',
    "repeat": f'{HEAD}layers: [{{relu: , repeat: "{ESCAPE}"}}]\n',
    "when": f'{HEAD}layers: [{{relu: , when: "{ESCAPE}"}}]\n',
    "branch": f'{HEAD}layers: [add: {{"{ESCAPE}": [relu], b: []}}]\n',
    "variant": f'{HEAD}layers: [relu]\nvariants: {{"{ESCAPE}": }}\n',
    "use": f'{HEAD}use: "{ESCAPE}"\nlayers: [relu]\n',
    "used file": f'{HEAD}use: ["{ESCAPE}.yaml"]\nlayers: [relu]\n',
    "block input": f'{HEAD}blocks: {{a: {{inputs: ["{ESCAPE}"], layers: [relu]}}}}\nlayers: [a]\n',
    "accuracy": f'{HEAD}layers: [relu]\naccuracy: {{"{ESCAPE}": 1}}\n',
    "percent": f'{HEAD}layers: [relu]\naccuracy: {{top1: "{ESCAPE}", source: x}}\n',
    "knob": f'{HEAD}layers: [relu]\nvariants: {{a: {{"{ESCAPE}": 1}}}}\n',
    "tag": f"{HEAD}layers: !<tag:%1b[31m%07> [relu]\n",
    "expression": f"""{HEAD}layers: [linear: "'{ESCAPE}' + 1"]\n""",
    "line break": f'{HEAD}layers: [{{relu: , as: "name\\n"}}]\n',
}


@pytest.mark.parametrize("place", WITH_ESCAPES)
def test_no_escape_sequence_reaches_the_terminal(place: str, archcost, tmp_path) -> None:
    """Whatever stands in a file, what is printed has no control characters but line breaks."""
    (tmp_path / "net.yaml").write_text(WITH_ESCAPES[place], "utf-8")
    result = archcost("table", str(tmp_path / "net.yaml"), exit_code=0 if place == "title" else 2)
    assert (result.stdout + result.stderr).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("widht=2", "--set widht:1:1: net has no parameter 'widht', did you mean 'width'?\n    1 | 2\n      | ^\n"),
        ("width", "--set takes K=V, such as resolution=192, not 'width'\n"),
        ("width=no", "--set width:1:1: YAML 1.1 reads no as true or false: write true or false, or quote it\n"),
        ("width=2+3/0", "--set width:1:3: division by zero in '3 / 0'\n    1 | 2+3/0\n      |   ^\n"),
        ("width=[1", "--set width:1:1: not YAML: did not find expected ',' or ']' while parsing a flow sequence\n"),
        ("width=\udcff", "--set width:1:1: not YAML: the character U+DCFF is not allowed\n    1 |\n      | ^\n"),
        ("width=", "--set takes K=V, such as resolution=192, not 'width='\n"),
        ("width=~", "--set width:1:1: the parameter 'width' of net has no value: set it with --set width=...\n"),
    ],
)
def test_bad_setting(setting: str, said: str, archcost, tmp_path) -> None:
    """A setting is read like a value in a file, and its mistakes are shown like those."""
    data = f"params: {{width: 64}}\n{HEAD}layers: [conv: {{out: width, kernel: 3}}]\n".encode()
    assert message(archcost, tmp_path, data, "--set", setting).startswith(said)


@pytest.mark.parametrize("limit", ["layers=2", "values=9", "depth=1", "bytes=20"])
def test_limits_can_be_set(limit: str, archcost, tmp_path) -> None:
    """Each limit is an option, and its message names it."""
    said = message(archcost, tmp_path, f"{HEAD}layers: [relu, relu, relu]\n".encode(), "--limit", limit)
    assert f"--limit {limit.partition('=')[0]}=N raises the limit" in said


def test_nesting_has_an_end_whatever_the_limit(archcost, tmp_path) -> None:
    """With the limit raised, deep branches end in a message and not at the end of the stack."""
    deep = f"layers: [{'{add: [[], [' * 3000}relu{']]}' * 3000}]\n{HEAD}"
    said = message(archcost, tmp_path, deep.encode(), "--limit", "depth=100000")
    assert said.startswith("net.yaml:1:9: nested too deeply for Python\n")
    deep = f"layers: [relu]\n{HEAD}params: {{x: {'[' * 3000}{']' * 3000}}}\n"
    said = message(archcost, tmp_path, deep.encode(), "--limit", "depth=100000")
    assert said.startswith("net.yaml:1:9: nested too deeply for Python\n")


@pytest.mark.parametrize("ending", ["json", "csv", "md", "txt"])
def test_nothing_is_half_written(ending: str, archcost, tmp_path) -> None:
    """Bad input leaves no file, no temporary one either, and a file that was there as it was."""
    target = tmp_path / f"table.{ending}"
    message(archcost, tmp_path, f"{HEAD}layers: [rulu]\n".encode(), "--output", str(target))
    assert [path.name for path in tmp_path.iterdir()] == ["net.yaml"]
    target.write_text("kept")
    message(archcost, tmp_path, f"{HEAD}layers: [linear: 10]\n".encode(), "--output", str(target))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.yaml", target.name]
    assert target.read_text() == "kept"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_spec(name: str, tmp_path) -> None:
    """A process of its own with 200 MB of addresses ends with exit code 2 and one short message."""
    pytest.importorskip("resource")
    text, said = HOSTILE[name]
    (tmp_path / "net.yaml").write_text(text, "utf-8")
    run = f"{SMALL}from archcost.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", run, "table", "net.yaml"],
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        timeout=20,
        text=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr[-500:]
    assert done.stderr.startswith("net.yaml:")
    assert said in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 2000


def test_interrupt_is_quiet(tmp_path) -> None:
    """Ctrl-C in the middle of a long run: no traceback, the exit code of an interrupted process."""
    (tmp_path / "net.yaml").write_text(f"{HEAD}layers: [{{batchnorm: , repeat: 900000}}]\n")
    limits = ("--limit", "layers=1000000", "--limit", "values=10000000")
    command = [sys.executable, "-m", "archcost", "table", str(tmp_path / "net.yaml"), *limits]
    noticed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # also where these tests run in the background
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=noticed) as process:
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 130


@pytest.mark.parametrize("arguments", [("show", "vgg16", "--expanded"), ("table", "resnet50", "--all"), ("list",)])
def test_closed_pipe_is_quiet(arguments: tuple[str, ...]) -> None:
    """`archcost ... | head -1`: the reader goes away and nothing is said about it."""
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "archcost", *arguments]
    with subprocess.Popen(command, stdout=writes, stderr=subprocess.PIPE) as process:
        os.close(writes)
        assert process.communicate(timeout=20)[1] == b""


# Shipped specifications with mistakes that nobody thought of.

TEXTS = [path.read_text("utf-8") for path in spec_files()]
WORDS = """
0 -1 2 1.5 9999999999999999999 9**9**9 x/0 true false null no 3:30 010 ~ [] {} [[]] '' *a &a !!x " ' # { } [ ] : , - | >
relu add conv input stride same from as repeat when params layers
"""
PIECES = [*WORDS.split(), "\t", "\n", "\0", " ", ": ", "- ", "\n  - ", "é", "\ufeff", "<<: "]


def mutated(text: str, random: Random) -> str:
    """The text with one to four changes: something cut, put in, exchanged, doubled, or put in a number's place."""
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(text))
        end = start + random.choice([0, 1, 1, 2, 5, 30])
        lines = text.split("\n")
        row, other = random.randrange(len(lines)), random.randrange(len(lines))
        match random.randrange(6):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:start] + random.choice(PIECES) + text[end:]
            case 2:
                lines[row], lines[other] = lines[other], lines[row]
                text = "\n".join(lines)
            case 3:
                lines.insert(other, lines[row])
                text = "\n".join(lines)
            case 4:
                found = random.choice(list(re.finditer(r"\b\d+\b", text)) or [re.match("", text)])
                text = text[: found.start()] + random.choice(PIECES) + text[found.end() :]
            case 5:
                first, second = random.choices(re.findall(r"\w+", text) or ["-"], k=2)
                text = re.sub(rf"\b{re.escape(first)}\b", second, text, count=random.choice([0, 1]))
    return text or "\n"


def work_out(path: Path, text: str) -> None:
    """All that is done with a specification, up to the shapes of each variant."""
    path.write_text(text, "utf-8")
    spec = load_spec(path)
    for variant in spec.variants or (None,):
        propagate(expand(spec, variant, limits=Limits(layers=2000)))


@settings(max_examples=300, derandomize=True, deadline=timedelta(seconds=20))
@given(st.sampled_from(TEXTS), st.integers(0, 2**32))
def test_mutated_specs(tmp_path_factory, text: str, seed: int) -> None:
    """Any text is a specification or an error with a message, and is known soon to be one or the other."""
    try:
        work_out(tmp_path_factory.getbasetemp() / "net.yaml", mutated(text, Random(seed)))
    except ArchcostError as error:
        assert str(error).replace("\n", "").isprintable()
