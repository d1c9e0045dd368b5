"""Are the README's commands and their shown output true?"""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from archcost.cli import cli
from archcost.zoo import names

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text("utf-8")
SESSIONS = re.findall(r"^\$ (archcost [^\n]*)\n(.*?)(?=^\$ |^```)", TEXT, re.M | re.S)
FILES = dict(re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", TEXT, re.M | re.S))


def same(shown: list[str], printed: list[str]) -> bool:
    """Line for line; a line `...` stands for any number of lines."""
    if not shown or not printed:
        return not printed and all(line == "..." for line in shown)
    if shown[0] == "...":
        return same(shown[1:], printed) or same(shown, printed[1:])
    return shown[0].rstrip() == printed[0].rstrip() and same(shown[1:], printed[1:])


@pytest.mark.parametrize(("command", "shown"), SESSIONS, ids=[command for command, _ in SESSIONS])
def test_shown_output_is_true(command: str, shown: str, tmp_path: Path, monkeypatch) -> None:
    """Each command prints what stands below it; the README's own files lie beside it."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text)
    printed = CliRunner().invoke(cli, shlex.split(command)[1:], prog_name="archcost").output
    assert same(shown.splitlines(), printed.splitlines()), printed


def test_there_are_sessions() -> None:
    """The pattern above finds them."""
    assert len(SESSIONS) >= 6 and FILES


def test_networks_are_counted() -> None:
    """As many as it says."""
    assert f"{len(names())} networks" in TEXT


def test_python_examples_run() -> None:
    """The Python session is a doctest."""
    results = doctest.testfile(str(README), module_relative=False)
    assert results.attempted >= 4 and not results.failed
