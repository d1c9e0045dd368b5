"""Do tables fit a terminal without losing a number, and are colours for terminals only?"""

from __future__ import annotations

import re

import pytest

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|38;)")


@pytest.fixture
def screen(archcost, monkeypatch):
    """The command line as it shows on a terminal of some width."""

    def show(width: int, *arguments: str, colours: bool = True) -> str:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("COLUMNS", str(width))
        if not colours:
            monkeypatch.setenv("NO_COLOR", "1")
        return archcost(*arguments).stdout

    return show


@pytest.mark.parametrize(
    "arguments",
    [
        ["table", "alexnet"],
        ["table", "googlenet", "--receptive-field"],
        ["table", "resnet50", "--published"],
        ["compare", "alexnet", "vgg16"],
        ["list"],
        ["layers", "conv"],
        ["verify", "vgg16"],
    ],
)
def test_fits_80_columns(screen, arguments: list[str]) -> None:
    """No line is longer than the screen."""
    for line in ESCAPE.sub("", screen(80, *arguments)).splitlines():
        assert len(line) <= 80, line


def test_wide_screens_show_what_pipes_show(archcost, screen) -> None:
    """Where there is room, the terminal's table is the plain one, colours and ends of lines aside."""
    plain = archcost("table", "googlenet").stdout
    drawn = ESCAPE.sub("", screen(400, "table", "googlenet"))
    assert [line.rstrip() for line in drawn.splitlines()] == plain.splitlines()


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_no_number_is_cut(archcost, screen, width: int) -> None:
    """On a screen of any width the parameters of each layer are whole, beside its name."""
    arguments = ["table", "alexnet", "--columns", "layer,params", "--unit", "exact"]
    rows = archcost(*arguments).stdout.splitlines()[3:16]
    drawn = " ".join(ESCAPE.sub("", screen(width, *arguments)).split())
    assert all(" ".join(row.split()) in drawn for row in rows)


def test_colours_are_for_terminals(archcost, screen) -> None:
    """Verdicts are coloured on a terminal, not in a pipe, and not where NO_COLOR is set."""
    assert not ESCAPE.search(archcost("verify", "alexnet").stdout)
    assert COLOUR.search(screen(100, "verify", "alexnet"))
    assert not COLOUR.search(screen(100, "verify", "alexnet", colours=False))


def test_what_is_left_out_is_said(screen) -> None:
    """A column that does not fit is named."""
    assert "left out, the screen being narrow: in_channels, in_size" in screen(
        80, "table", "alexnet", "--receptive-field"
    )
