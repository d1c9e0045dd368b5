"""What is wrong, where it stands, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

WIDTH = 96  # columns of a source line that an error shows


class Source(NamedTuple):
    """A text and the name under which errors speak of it."""

    name: str
    text: str


class Position(NamedTuple):
    """A place in a source: line and column count from 1."""

    source: Source
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"

    def excerpt(self) -> str:
        """The line with a caret below the column, cut to a readable width around it."""
        lines = self.source.text.split("\n", self.line)
        text = "".join(c if c.isprintable() else " " for c in lines[self.line - 1]) if self.line <= len(lines) else ""
        column = self.column - 1
        first = max(0, column - WIDTH // 2) if len(text) > WIDTH else 0
        number = f"{self.line:>5} | "
        return f"{number}{text[first : first + WIDTH].rstrip()}\n{' ' * (len(number) - 2)}| {' ' * (column - first)}^"


class Frame(NamedTuple):
    """One use of a block, linked to the use around it."""

    block: str
    at: Position
    outer: Frame | None


class ArchcostError(ValueError):
    """Bad input of any kind. Its text is complete: a caller prints it and needs no traceback."""


class ShapeError(ArchcostError):
    """A layer that cannot be applied to the shapes it is given. Formulas raise it; they know no positions."""


class SpecError(ArchcostError):
    """A mistake in a specification: the message, its place, and the chain of blocks that led there."""

    def __init__(self, message: str, at: Position | None = None, via: Frame | None = None) -> None:
        super().__init__(message)
        self.message, self.at, self.via = message, at, via

    def __str__(self) -> str:
        if self.at is None:
            return self.message
        chain, frame = [], self.via
        while frame:
            chain.append(f"\n  in {frame.block}, used at {frame.at}")
            frame = frame.outer
        if len(chain) > 8:
            chain[4:-4] = [f"\n  … {len(chain) - 8} more"]
        return f"{self.at}: {self.message}{''.join(chain)}\n{self.at.excerpt()}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`, did you mean 'kernel'?` when a known name is near, else nothing."""
    from difflib import get_close_matches  # only a mistake pays for this import

    near = get_close_matches(name[:80], list(known), n=1)
    return f", did you mean {near[0]!r}?" if near else ""
