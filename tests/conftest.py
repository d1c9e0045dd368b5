"""What several tests use."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from archcost.cli import cli


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
