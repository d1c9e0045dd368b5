"""Grids on a terminal, or as plain text in a file or pipe."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from archcost.render.grid import Grid

WIDE = 4000  # columns of a pipe or file: nothing there is cut to a screen


def draw(grids: Sequence[Grid]) -> str:
    """The grids as text, coloured if they go to a terminal that shows colours."""
    screen = Console()
    text = io.StringIO()
    console = Console(
        file=text,
        width=screen.width if screen.is_terminal else WIDE,
        force_terminal=screen.is_terminal,
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
    return text.getvalue() if screen.is_terminal else "\n".join(map(str.rstrip, text.getvalue().split("\n")))


def _draw(grid: Grid, console: Console) -> None:
    console.print(Text(grid.title, style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 1), show_footer=grid.footer is not None, header_style="bold")
    footer = grid.cells(grid.footer) if grid.footer else [""] * len(grid.columns)
    for column, total in zip(grid.columns, footer, strict=True):
        table.add_column(
            Text(column.heading),
            Text(total),
            justify="left" if column.left else "right",
            vertical="top",
            overflow="fold",
            no_wrap=not column.folds,
            footer_style="bold",
        )
    for row in grid.rows:
        table.add_row(*(Text(cell, style=grid.styles.get(cell, "")) for cell in grid.cells(row)))
    console.print(table)
    for remark in grid.remarks:
        console.print(Text(remark), soft_wrap=False)
