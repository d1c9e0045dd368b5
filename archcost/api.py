"""The Python interface: a network and its cost, as typed values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from archcost.convention import Convention
from archcost.net import Net
from archcost.presets import convention as preset
from archcost.report import Report, Row, Totals, report
from archcost.zoo import load_net


@dataclass(frozen=True)
class Architecture:
    """A network with its knobs set. Notebooks show it as its table."""

    net: Net

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """What each layer costs, by the lectures' convention."""
        return self.report().rows

    @cached_property
    def totals(self) -> Totals:
        """What the whole costs, by the lectures' convention."""
        return self.report().totals

    def report(self, convention: str | Convention = "lecture", batch: int = 1, dtype: str | None = None) -> Report:
        """The cost under a convention, for a batch of samples of a type."""
        counted = preset(convention) if isinstance(convention, str) else convention
        return report(self.net, counted, batch, dtype)

    def _repr_html_(self) -> str:
        from archcost.render import html, table

        return html.draw([table.table(self.report())])


def load(name: str | Path, **knobs: Any) -> Architecture:
    """The built-in network of that name, or the one in a file, with some of its knobs set.

    A knob takes a number, a list of numbers, a NumPy array of integers or a SymPy symbol (`integer=True,
    positive=True`); counts are of the same kind then.

    >>> load("alexnet", resolution=224).totals.params
    61100840
    """
    return Architecture(load_net(str(name), knobs))
