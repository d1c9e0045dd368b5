"""In which types are networks written, as plain data, and what both sides say of a layer?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch

Shape: TypeAlias = tuple[int, ...]
Attributes: TypeAlias = dict[str, Any]
Entry: TypeAlias = dict[str, Any]
Network: TypeAlias = dict[str, Any]
Tensor: TypeAlias = torch.Tensor
Function: TypeAlias = Callable[..., Tensor]
META = torch.device("meta")
BATCH = 2


class Facts(NamedTuple):
    """What both sides say of a layer."""

    out: Shape
    params: int = 0
    buffers: int = 0
    macs: float = 0


def each(value: Any, rank: int) -> list[Any]:
    """One value for each axis."""
    if isinstance(value, list) and len(value) != rank:
        raise ValueError(f"{len(value)} values for {rank} axes")
    return list(value) if isinstance(value, list) else [value] * rank


def ends(value: Any, rank: int) -> list[tuple[int, int]]:
    """Padding before and after each axis."""
    return [tuple(v) if isinstance(v, list) else (v, v) for v in each(value, rank)]  # type: ignore[misc]


def around(pads: Sequence[tuple[int, int]]) -> list[int]:
    """Padding in the order of PyTorch, which begins at the last axis."""
    return [end for pair in reversed(pads) for end in pair]
