"""A table before it is drawn: columns that know their text, rows of plain values, remarks below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple


def as_text(value: Any) -> str:
    """A value as it stands; nothing for None."""
    return "" if value is None else str(value)


FOLDED = 16  # what a column of short texts may be folded to


class Column(NamedTuple):
    """One column: its key in the rows, its heading (two lines at most), and how its values read."""

    key: str
    heading: str
    text: Callable[[Any], str] = as_text
    left: bool = False
    folds: int = 0  # so narrow it may become, its texts broken over lines, before others are left out; 0 for never
    spare: int = 0  # left out where the screen is narrower still: 1 first; 0 never


class Grid(NamedTuple):
    """What a format draws."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    footer: Mapping[str, Any] | None = None
    remarks: Sequence[str] = ()
    styles: Mapping[str, str] = MappingProxyType({})  # colours of words, on a terminal

    def cells(self, row: Mapping[str, Any]) -> list[str]:
        """The texts of a row; what a row does not have stays empty."""
        return [column.text(row[column.key]) if row.get(column.key) is not None else "" for column in self.columns]
