"""Formulas as text, LaTeX, Markdown, Python and data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from archcost.render.grid import FOLDED, Column, Grid
from archcost.symbolic import Formula


class Named(NamedTuple):
    """A formula, and what it is the formula of."""

    name: str
    formula: Formula


COLUMNS = (Column("name", "", left=True), Column("formula", "formula", left=True, folds=4 * FOLDED))


def grid(title: str, found: Sequence[Named], remarks: Sequence[str]) -> Grid:
    """A row for each formula."""
    rows = [{"name": each.name, "formula": str(each.formula)} for each in found]
    return Grid(title, COLUMNS, rows, remarks=remarks)


def latex(found: Sequence[Named]) -> str:
    """Each formula on a line of its own, for mathematical mode."""
    return "".join(f"{each.formula.latex}\n" for each in found)


def markdown(found: Sequence[Named]) -> str:
    """Each formula between dollar signs, as Markdown has it, behind its name."""
    return "".join(f"- {each.name}: ${each.formula.latex}$\n" for each in found)


def python(found: Sequence[Named]) -> str:
    """A function for each formula."""
    return "\n\n".join(each.formula.python(_identifier(each.name)) for each in found)


def _identifier(name: str) -> str:
    text = "".join(sign if sign.isalnum() else "_" for sign in name)
    return text if text[:1].isalpha() else f"_{text}"


def as_json(found: Sequence[Named], remarks: Sequence[str]) -> Mapping[str, Any]:
    """Formulas with their symbols, and what there is to say of them."""
    return {
        "formulas": [
            {
                "name": each.name,
                "formula": str(each.formula),
                "latex": each.formula.latex,
                "python": each.formula.python(_identifier(each.name)),
                "symbols": list(each.formula.symbols),
            }
            for each in found
        ],
        "remarks": list(remarks),
    }
