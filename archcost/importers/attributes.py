"""Attributes of layers as people write them: one number where all axes agree, nothing where it goes without saying."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

USUAL = {"stride": 1, "pad": 0, "dilation": 1, "groups": 1, "output_pad": 0, "multiplier": 1, "bias": True}


def one(values: Sequence[Any]) -> Any:
    """One number for all axes where they are equal; pairs of [before, after] stay a list of them."""
    return values[0] if len(set(values)) == 1 and not isinstance(values[0], tuple) else tuple(values)


def given(**attributes: Any) -> dict[str, Any]:
    """The attributes that are given and are not the default of every layer that has them."""
    return {key: value for key, value in attributes.items() if value is not None and USUAL.get(key, ...) != value}
