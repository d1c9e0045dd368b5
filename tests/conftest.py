"""What several tests use."""

from __future__ import annotations

from collections.abc import Callable
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
