"""What a handler is called with, and what the layer says about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcost.dims import sizes
from archcost.errors import ArchcostError
from archcost.importers.keras.config import Layer, flat
from archcost.importers.keras.values import Value


def value_of(x: Any) -> Value:
    """The one tensor that a layer reads."""
    values = list(flat([x]))
    if len(values) == 1 and isinstance(values[0], Value):
        return values[0]
    raise ArchcostError("reads what is no tensor" if not values else f"reads {len(values)} tensors in place of one")


def listed(xs: Sequence[Any]) -> list[Any]:
    """The tensors of a layer that is called with a list of them, or with one by one."""
    return list(xs[0]) if len(xs) == 1 and isinstance(xs[0], list) else list(xs)


def argument(c: Layer, given: Any, key: str, default: Any = None) -> Any:
    """An argument that the call has, or the configuration."""
    return c.config.get(key, default) if given is None else given


def axes_of(c: Layer, given: Any) -> list[int] | None:
    """One axis or several, which the call has, or the configuration."""
    return c._replace(config={"axis": argument(c, given, "axis")}).axes("axis")


def rank_of(x: Value, c: Layer) -> int:
    """The spatial axes that a layer such as Conv2D works along, which its input must have."""
    rank = next((n for n in (1, 2, 3) if f"{n}D" in c.kind), len(x.axes) - 1)
    if len(x.axes) != rank + 1:
        raise ArchcostError(f"{c.kind} needs {rank} axes and channels, gets {sizes(x.shape)}")
    return rank


def padding_of(c: Layer, *known: str) -> str | int:
    """SAME or no padding; other words that are known are for the caller."""
    return "same" if c.word("padding", "valid", "valid", "same", *known) == "same" else 0
