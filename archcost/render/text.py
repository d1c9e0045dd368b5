"""Grids as plain text, for pipes and files: no colours, nothing folded, and no library to wait for."""

from __future__ import annotations

from collections.abc import Sequence

from archcost.render.grid import Grid


def draw(grids: Sequence[Grid]) -> str:
    """The grids one below the other."""
    return "\n".join(map(_draw, grids))


def _draw(grid: Grid) -> str:
    heads = [column.heading.split("\n") for column in grid.columns]
    height = max(map(len, heads))
    rows = [list(line) for line in zip(*([""] * (height - len(head)) + head for head in heads), strict=True)]
    rows += map(grid.cells, grid.rows)
    if grid.footer:
        rows.append(grid.cells(grid.footer))
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    sides = [str.ljust if column.left else str.rjust for column in grid.columns]
    lines = (
        " ".join(side(cell, width) for side, cell, width in zip(sides, row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join([grid.title, *lines, *grid.remarks, ""])
