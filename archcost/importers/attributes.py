"""Attributes of layers as people write them: one number where all axes agree, nothing where it goes without saying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

USUAL = {"stride": 1, "pad": 0, "dilation": 1, "groups": 1, "output_pad": 0, "multiplier": 1, "bias": True}


def one(values: Sequence[Any]) -> Any:
    """One number for all axes where they are equal; pairs of [before, after] stay a list of them."""
    return values[0] if len(set(values)) == 1 and not isinstance(values[0], tuple) else tuple(values)


def given(**attributes: Any) -> dict[str, Any]:
    """The attributes that are given and are not the default of every layer that has them."""
    return {key: value for key, value in attributes.items() if value is not None and USUAL.get(key, ...) != value}


# What an axis has along which positions do not meet, such as the maps of a batch that are filtered at once.
ALONE: Mapping[str, int] = {"kernel": 1, "stride": 1, "dilation": 1, "pad": 0, "output_pad": 0}


def over_maps(attributes: Mapping[str, Any], rank: int) -> dict[str, Any]:
    """The attributes of a window over so many axes with one more in front, along which there are many maps."""
    each = {key: value if isinstance(value, tuple) else (value,) * rank for key, value in attributes.items()}
    return {
        key: (ALONE[key], *each[key]) if key in ALONE and not isinstance(value, str) else value
        for key, value in attributes.items()
    }
