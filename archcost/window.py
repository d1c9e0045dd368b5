"""How a kernel slides over the axes of a map: positions, padding, and the rounding rules of the frameworks.

Source of the arithmetic: Dumoulin & Visin 2016, arXiv:1603.07285. SAME and VALID are TensorFlow's: `same` pads so that
`ceil(n / stride)` positions result, one element more at the end where the padding is odd; `valid` pads nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from archcost.dims import Count, Dim, Shape, at_least, ceil_div, each, greater, lesser, require, same, surely

Spatial: TypeAlias = Dim | Sequence[Dim]
Counts: TypeAlias = Count | Sequence[Count]
Padding: TypeAlias = Dim | Sequence[Dim | Sequence[Dim]] | Literal["same", "valid"]
Rounding: TypeAlias = Literal["floor", "ceil", "caffe"]


class Window(NamedTuple):
    """What one output position reads along one axis, in elements of the input."""

    kernel: Dim
    stride: Dim = 1
    pad: tuple[Dim, Dim] = (0, 0)  # before, after
    dilation: Dim = 1

    @property
    def span(self) -> Dim:
        """Elements from the first to the last that is read."""
        return self.dilation * (self.kernel - 1) + 1


def slide(
    space: Shape, kernel: Spatial, stride: Spatial, pad: Padding, dilation: Spatial = 1, rounding: Rounding = "floor"
) -> tuple[Shape, tuple[Window, ...]]:
    """Positions per axis and the windows, of a kernel over the `space` axes.

    `floor` drops a last window that does not fit. `ceil` keeps it if it begins inside the map or its leading padding
    (PyTorch); `caffe` asks that only if there is padding along any axis.
    """
    rank = len(space)
    around = pads(pad, rank)
    clips = rounding == "ceil" or any(same(sum(ends or ()), 0) is not True for ends in around)
    axes = zip(space, each(kernel, rank), each(stride, rank), around, each(dilation, rank), strict=True)
    found: list[tuple[Dim, Window]] = []
    known: dict[tuple[int, ...], tuple[Dim, Window]] = {}  # axes are mostly the same objects: arrays are slow
    for axis in axes:
        alike = tuple(map(id, axis))
        known[alike] = known.get(alike) or _axis(*axis, rounding, clips)
        found.append(known[alike])
    return tuple(positions for positions, _ in found), tuple(window for _, window in found)


def _axis(
    n: Dim, kernel: Dim, stride: Dim, pad: tuple[Dim, Dim] | None, dilation: Dim, rounding: Rounding, clips: bool
) -> tuple[Dim, Window]:
    if pad is None:  # SAME
        positions = ceil_div(n, stride)
        total = greater((positions - 1) * stride + dilation * (kernel - 1) + 1 - n, 0)
        return positions, Window(kernel, stride, halves(total), dilation)
    window = Window(kernel, stride, pad, dilation)
    before, after = pad
    room = n - window.span + before + after
    lacking = 0 if rounding == "floor" else stride - 1  # elements that a last window may lack
    require(
        at_least(room + lacking, 0), "a window of {} does not fit into {} positions", window.span, n + before + after
    )
    if rounding == "floor":
        return room // stride + 1, window
    positions = ceil_div(room, stride) + 1
    fits = surely(at_least, window.span - after, stride)  # then none can begin behind the map
    return positions if fits or not clips else lesser(positions, ceil_div(n + before, stride)), window


def halves(total: Dim) -> tuple[Dim, Dim]:
    """Padding shared between both ends; an odd element goes to the end."""
    return total // 2, total - total // 2


def pads(pad: Padding, rank: int) -> tuple[tuple[Dim, Dim] | None, ...]:
    """Padding before and after each axis; None stands for SAME, which depends on the map."""
    if isinstance(pad, str):
        return (None if pad == "same" else (0, 0),) * rank
    return tuple((p[0], p[1]) if isinstance(p, list | tuple) else (p, p) for p in each(pad, rank))  # type: ignore[arg-type]
