"""What is wrong, where it stands, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

WIDTH = 96  # columns of a source line that an error shows
BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # where YAML begins a new line


def printable(text: str) -> str:
    """The text with a blank for whatever would move a cursor, colour a terminal or turn the reading direction."""
    return "".join(c if c.isprintable() else " " for c in text)


class Source(NamedTuple):
    """A text and the name under which errors speak of it."""

    name: str
    text: str

    def __repr__(self) -> str:
        return self.name

    def line(self, number: int) -> str:
        """A line of the text, counted from 1; behind the end it is empty."""
        lines = BREAK.split(self.text, number)
        return lines[number - 1] if number <= len(lines) else ""


class Position(NamedTuple):
    """A place in a source: line and column count from 1."""

    source: Source
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"

    def excerpt(self) -> str:
        """The line with a caret below the column, cut to a readable width around it."""
        text, column = self.source.line(self.line), self.column - 1
        first = max(0, column - WIDTH // 2) if len(text) > WIDTH else 0
        text = printable(text[first : first + WIDTH])
        number = f"{self.line:>5} | "
        return f"{number}{text}".rstrip() + f"\n{' ' * (len(number) - 2)}| {' ' * cells(text[: column - first])}^"


def cells(text: str) -> int:
    """The columns that a text takes on a terminal: two for a wide sign, none for one that combines with another."""
    from unicodedata import combining, east_asian_width  # only a mistake pays for this import

    return sum(2 if east_asian_width(c) in "WF" else not combining(c) for c in text)


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
    """`, did you mean 'kernel'?` when a known name is near, else nothing. Capitals make no difference."""
    from difflib import get_close_matches  # only a mistake pays for this import

    lower = {candidate.lower(): candidate for candidate in islice(known, 500)}
    near = get_close_matches(name[:50].lower(), lower, n=1)
    return f", did you mean {lower[near[0]]!r}?" if near else ""


def instead(name: str, known: Iterable[str]) -> str:
    """What was probably meant or, where nothing is near, all that could be, if they are few."""
    known = list(known)
    return did_you_mean(name, known) or (f", only {', '.join(known)}" if 0 < len(known) <= 15 else "")
