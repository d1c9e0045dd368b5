"""Grids on a terminal: coloured, and fitted to its width."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from archcost.render.grid import Column, Grid


def draw(grids: Sequence[Grid]) -> str:
    """The grids as text for the terminal that stdout is, with its colours."""
    screen = Console()
    text = io.StringIO()
    console = Console(
        file=text,
        width=screen.width,
        force_terminal=True,
        no_color=screen.no_color,
        emoji=False,
        markup=False,
        highlight=False,
        legacy_windows=False,
    )
    for index, grid in enumerate(grids):
        if index:
            console.print()
        _draw(grid, console)
    return text.getvalue()


def _draw(grid: Grid, console: Console) -> None:
    columns = _fitting(grid, console.width)
    shown = grid._replace(columns=columns)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_footer=grid.footer is not None)
    footer = shown.cells(grid.footer) if grid.footer else [""] * len(columns)
    for column, total in zip(columns, footer, strict=True):
        table.add_column(
            Text(column.heading, style="bold"),
            Text(total, style="bold"),
            justify="left" if column.left else "right",
            vertical="top",
            overflow="fold",
            no_wrap=not column.folds,
        )
    rows = [[Text(cell, style=grid.styles.get(cell, "")) for cell in shown.cells(row)] for row in grid.rows]
    screen = console.width
    console.width = max(screen, _room(grid, columns, fold=True))  # the screen may break a line, but nothing is cut off
    if rows and _room(grid, columns, fold=False) <= console.width:
        # No cell needs a second line, so that a column can be one cell of many lines: drawn in a tenth of the time.
        rows = [[Text("\n").join(cells) for cells in zip(*rows, strict=True)]]
    for row in rows:
        table.add_row(*row)
    console.print(Text(grid.title, style="bold"))
    console.print(table)
    console.width = screen
    for remark in grid.remarks:
        console.print(Text(remark))
    left_out = dict.fromkeys(column.key.partition("#")[0] for column in grid.columns if column not in columns)
    if left_out:
        console.print(Text(f"left out, the screen being narrow: {', '.join(left_out)}"))


def _fitting(grid: Grid, width: int) -> list[Column]:
    """The columns that fit side by side; the most spare are left out first."""
    columns = list(grid.columns)
    for spare in sorted({column.spare for column in columns} - {0}):
        if _room(grid, columns, fold=True) > width:
            columns = [column for column in columns if column.spare != spare]
    return columns


def _room(grid: Grid, columns: Sequence[Column], fold: bool) -> int:
    """The width of columns side by side, texts that may be folded at their narrowest or not folded at all."""
    rows = [*grid.rows, grid.footer] if grid.footer else grid.rows
    total = -1
    for column in columns:
        texts = (column.text(row[column.key]) for row in rows if row.get(column.key) is not None)
        needed = max(map(cell_len, (*column.heading.split("\n"), *texts)))
        total += 1 + (min(needed, column.folds) if fold and column.folds else needed)
    return total
