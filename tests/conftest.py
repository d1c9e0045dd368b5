"""What several tests use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from archcost.cli import cli
from archcost.net import Net


@pytest.fixture
def archcost() -> Callable[..., Result]:
    """The command line, called in this process: `archcost("table", "alexnet")`."""

    def call(*arguments: str, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(cli, list(arguments), prog_name="archcost")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == exit_code, result.output
        return result

    return call


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Net]:
    """The net of an ONNX model or of some bytes, by way of a file."""
    from archcost.importers.onnx import net_of

    def reader(made: Any, **more: Any) -> Net:
        file = tmp_path / "model.onnx"
        file.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
        return net_of(str(file), "model", "model.onnx", **more)

    return reader


@pytest.fixture
def module(request, tmp_path: Path, monkeypatch) -> Iterator[str]:
    """A module of the user's, beside which the command is called; its text is what the test's file calls SOURCE."""
    (tmp_path / "their_models.py").write_text(request.module.SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "their_models"
    sys.modules.pop("their_models", None)


@pytest.fixture
def onnx_file(tmp_path: Path) -> str:
    """A convolution of maps whose sizes are left open: their height, and the resolution across."""
    pytest.importorskip("onnx")
    from onnx_models import model, node, weight

    made = model(
        [node("Conv", "x w", pads=[1, 1, 1, 1])], ("batch", 3, "height", "resolution"), [weight("w", 4, 3, 3, 3)]
    )
    file = tmp_path / "net.onnx"
    file.write_bytes(made.SerializeToString())
    return str(file)


@pytest.fixture(scope="module")
def models() -> Iterator[Any]:
    """torchvision.models, also where its compiled operators are missing: no classifier needs them."""
    torch = pytest.importorskip("torch")
    from archcost.importers.torch import declare_torchvision

    declared = None if hasattr(torch.ops.torchvision, "nms") else declare_torchvision()
    yield pytest.importorskip("torchvision.models")
    del declared
