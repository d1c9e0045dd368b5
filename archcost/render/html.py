"""Grids as HTML tables, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from archcost.render.grid import Grid


def draw(grids: Sequence[Grid]) -> str:
    """The grids as a fragment of HTML."""
    return "\n".join(map(_draw, grids))


def _draw(grid: Grid) -> str:
    sides = ["left" if column.left else "right" for column in grid.columns]
    parts = ["<table>", f"<caption>{escape(grid.title)}</caption>", "<thead>"]
    parts += [_line([column.heading for column in grid.columns], sides, "th"), "</thead>", "<tbody>"]
    parts += [_line(grid.cells(row), sides, "td") for row in grid.rows]
    parts.append("</tbody>")
    if grid.footer:
        parts += ["<tfoot>", _line(grid.cells(grid.footer), sides, "th"), "</tfoot>"]
    parts.append("</table>")
    parts += [f"<p>{escape(remark)}</p>" for remark in grid.remarks]
    return "\n".join(parts)


def _line(cells: Sequence[str], sides: Sequence[str], tag: str) -> str:
    texts = (escape(cell).replace("\n", "<br>") for cell in cells)
    return (
        "<tr>"
        + "".join(f'<{tag} style="text-align:{side}">{text}</{tag}>' for text, side in zip(texts, sides, strict=True))
        + "</tr>"
    )
