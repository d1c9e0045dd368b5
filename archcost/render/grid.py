"""A table before it is drawn: columns that know their text, rows of plain values, remarks below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


def as_text(value: Any) -> str:
    """A value as it stands; nothing for None."""
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key in the rows, its heading (two lines at most), and how its values read."""

    key: str
    heading: str
    text: Callable[[Any], str] = as_text
    left: bool = False
    folds: bool = False  # may be broken over lines where the screen is narrow


@dataclass(frozen=True, slots=True)
class Grid:
    """What a format draws."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    footer: Mapping[str, Any] | None = None
    remarks: Sequence[str] = ()
    styles: Mapping[str, str] = field(default_factory=dict)  # colours of words, on a terminal

    def cells(self, row: Mapping[str, Any]) -> list[str]:
        """The texts of a row; what a row does not have stays empty."""
        return [column.text(row[column.key]) if row.get(column.key) is not None else "" for column in self.columns]
