"""Grids as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence

from archcost.render.grid import Grid


def draw(grids: Sequence[Grid]) -> str:
    """The grids as Markdown, each with its title as a heading and its remarks below."""
    return "\n".join(map(_draw, grids))


def _draw(grid: Grid) -> str:
    heads = [_line(column.heading.replace("\n", " ").strip() for column in grid.columns)]
    rules = [_line("---" if column.left else "---:" for column in grid.columns)]
    body = [_line(grid.cells(row)) for row in grid.rows]
    foot = [_line(f"**{cell}**" if cell else "" for cell in grid.cells(grid.footer))] if grid.footer else []
    remarks = [line for remark in grid.remarks for line in ("", _escaped(remark))]
    return "\n".join([f"### {_escaped(grid.title)}", "", *heads, *rules, *body, *foot, *remarks, ""])


def _line(cells: object) -> str:
    return "| " + " | ".join(map(_escaped, cells)) + " |"  # type: ignore[call-overload]


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
