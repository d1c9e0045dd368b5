"""Does `archcost import` take what it asks for, has every option an effect, and does code of others stay in place?"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

MODEL = {
    "class_name": "Sequential",
    "config": {
        "name": "m",
        "layers": [
            {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 8]}},
            {"class_name": "Dense", "config": {"name": "d", "units": 4}},
        ],
    },
}
SOURCE = """
import sys

from torch import nn

print("imported")


def build(width=4):
    print("built")
    return nn.Linear(8, width)


def ends():
    sys.exit(7)


class Ending(nn.Module):
    def forward(self, x):
        print("called")
        raise SystemExit("that\\nwas it")


ready = nn.Linear(8, 4)
"""


@pytest.fixture
def keras_file(tmp_path: Path) -> str:
    """A layer of Keras."""
    file = tmp_path / "net.keras"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", json.dumps(MODEL))
    return str(file)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module of the user's that prints and ends the program."""
    pytest.importorskip("torch")
    (tmp_path / "noisy.py").write_text(SOURCE)
    (tmp_path / "ending.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "noisy"
    sys.modules.pop("noisy", None)


def test_sizes_that_are_left_open_are_set(archcost: Any, onnx_file: str, tmp_path: Path) -> None:
    """They stand in the specification as numbers; of two, one may stay a knob."""
    target = str(tmp_path / "net.yaml")
    archcost("import", onnx_file, "--set", "height=10", "--set", "resolution=12", "-o", target)
    assert json.loads(archcost("table", target, "--format", "json").stdout)["input"] == [3, 10, 12]
    archcost("import", onnx_file, "--set", "height=10", "-o", target, "--force")
    half = json.loads(archcost("table", target, "--set", "resolution=12", "--format", "json").stdout)
    assert half["totals"]["macs"] == 4 * 3 * 9 * 10 * 12


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "height=8.5", "--set", "resolution=8"), "height must be a whole number from 1, is 8.5"),
        (("--set", "height=abc", "--set", "resolution=8"), "height must be a whole number from 1, is 'abc'"),
        (("--set", "height=0", "--set", "resolution=8"), "height must be a whole number from 1, is 0"),
        (("--set", "height=[8]", "--set", "resolution=8"), "height must be a whole number from 1, is [8]"),
        (("--set", "hight=8"), "no size 'hight' to set, did you mean 'height'"),
        (("--input", "3,8,8"), "net.onnx says its sizes itself; --set NAME=N gives those that it leaves open"),
        (("--kwargs", "a=1"), "--kwargs is for what makes a model"),
    ],
)
def test_what_an_onnx_file_cannot_use(archcost: Any, onnx_file: str, arguments: tuple[str, ...], said: str) -> None:
    """One line, where it is imported and where it is used."""
    for command in ("import", "table"):
        error = archcost(command, onnx_file, *arguments, exit_code=2).stderr
        assert said in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "a=1"), "net.keras has no knobs to set; --input gives its sizes"),
        (("--input", "8", "--input", "8"), "a model of Keras can be given one --input, not 2"),
        (("--input", "8:int64"), "a model of Keras says the types of its inputs itself"),
        (("--kwargs", "a=1"), "--kwargs is for what makes a model"),
    ],
)
def test_what_a_keras_file_cannot_use(archcost: Any, keras_file: str, arguments: tuple[str, ...], said: str) -> None:
    """One line as well."""
    error = archcost("table", keras_file, *arguments, exit_code=2).stderr
    assert said in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("alexnet", "--input", "3,8,8"), "--input is for models of PyTorch and Keras; alexnet says its sizes itself"),
        (("alexnet", "--kwargs", "a=1"), "PACKAGE.MODULE:FUNCTION; alexnet is none"),
        (("noisy:build", "--set", "width=2"),
         "noisy:build has no knobs to set; --kwargs K=V gives what makes it arguments"),
        (("noisy:ready", "--input", "8", "--kwargs", "a=1"), "noisy:ready is a model already, which takes no --kwargs"),
    ],
)  # fmt: skip
def test_what_code_cannot_use(archcost: Any, module: str, arguments: tuple[str, ...], said: str) -> None:
    """And what no specification can."""
    error = archcost("table", *arguments, exit_code=2).stderr
    assert said in error


def test_what_code_prints_is_not_the_output(archcost: Any, module: str) -> None:
    """What is piped on is JSON, whatever a module says while it is imported and called."""
    result = archcost("table", f"{module}:build", "--input", "8", "--kwargs", "width=2", "--format", "json")
    assert json.loads(result.stdout)["totals"]["params"] == 8 * 2 + 2
    assert "imported\nbuilt\n" in result.stderr


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("noisy:ends", "noisy:ends cannot be made: its code calls sys.exit(7)\n"),
        ("noisy:Ending", "noisy:Ending cannot be made: its code calls sys.exit('that\\nwas it')\n"),
        ("ending:build", "ending:build cannot be made: its code calls sys.exit()\n"),
    ],
)
def test_code_does_not_end_the_program(archcost: Any, module: str, source: str, said: str) -> None:
    """Where it is imported, where it makes the model, and where that is called."""
    assert archcost("table", source, "--input", "8", exit_code=2).stderr.endswith(said)
