"""How does a kernel move over a map: stride, padding and dilation?"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from archcost.dims import Shape, sizes
from archcost.errors import ArchcostError
from archcost.importers.attributes import given, one
from archcost.importers.onnx.registry import Call


def windows(c: Call, space: Shape, kernel: Shape) -> dict[str, Any]:
    """Stride, padding and dilation of a kernel."""
    rank = len(kernel)
    stride, dilation = c.numbers("strides", usual=[1] * rank), c.numbers("dilations", usual=[1] * rank)
    if not len(stride) == len(dilation) == rank == len(space) or min((*stride, *dilation, *kernel)) < 1:
        raise ArchcostError(f"strides {stride} and dilations {dilation} do not fit a kernel of {sizes(kernel)}")
    return given(stride=one(stride), pad=_padding(c, space, kernel, stride, dilation), dilation=one(dilation))


def _padding(c: Call, space: Shape, kernel: Shape, stride: Sequence[int], dilation: Sequence[int]) -> Any:
    auto = c.text("auto_pad", "NOTSET")
    if auto == "SAME_UPPER":
        return "same"
    if auto == "SAME_LOWER":  # the odd element goes to the start
        steps = zip(space, kernel, stride, dilation, strict=True)
        totals = [max((ceil(n / s) - 1) * s + d * (k - 1) + 1 - n, 0) for n, k, s, d in steps]
        return one([n // 2 if n % 2 == 0 else (n - n // 2, n // 2) for n in totals])
    if auto == "VALID":
        return 0
    rank = len(kernel)
    ends = c.numbers("pads", usual=[0] * 2 * rank)
    if len(ends) != 2 * rank or min(ends) < 0:
        raise ArchcostError(f"pads {ends} do not fit a kernel of {sizes(kernel)}")
    if ends[:rank] == ends[rank:]:
        return one(ends[:rank])
    return tuple(zip(ends[:rank], ends[rank:], strict=True))
