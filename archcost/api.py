"""The Python interface: a network and its cost, as typed values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcost.convention import Convention
from archcost.net import Net
from archcost.presets import convention as preset
from archcost.report import Report, Row, Totals, report
from archcost.zoo import load_net

if TYPE_CHECKING:
    from archcost.symbolic import Formula


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

    def formula(
        self, quantity: str = "macs", at: str | None = None, convention: str | Convention = "lecture"
    ) -> Formula:
        """A quantity (macs, flops, params, memory, elements) of the whole or of a layer or block, in its symbols.

        >>> n = symbol("n")
        >>> str(load("resnet50", resolution=32 * n).formula())
        '83410944·n² + 2048000'
        """
        from archcost.explain import chosen
        from archcost.fold import steps_under
        from archcost.symbolic import total

        counted = preset(convention) if isinstance(convention, str) else convention
        steps = steps_under(counted, self.net)
        return total([steps[i] for i in chosen(steps, at)] if at else steps, quantity, counted)

    def _repr_html_(self) -> str:
        from archcost.render import html, table

        return html.draw([table.table(self.report())])


def symbol(name: str) -> Any:
    """A size that stands for any whole number from 1, as a knob of `load`. Needs SymPy."""
    from archcost import symbolic

    return symbolic.symbol(name)


def load(name: str | Path, **knobs: Any) -> Architecture:
    """The built-in network of that name, or the one in a file, with some of its knobs set.

    A knob takes a number, a list of numbers, a NumPy array of integers or a SymPy symbol (`integer=True,
    positive=True`); counts are of the same kind then.

    >>> load("alexnet", resolution=224).totals.params
    61100840
    """
    return Architecture(load_net(str(name), knobs))
