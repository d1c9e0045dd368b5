"""Pooling: over windows, over a fixed number of cells, over the whole map, and LeNet's trainable subsampling."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Literal

from archcost.cost import Cost, layer
from archcost.dims import Dim, Shape, at_least, divides, each, gcd, require, surely
from archcost.layers.shapes import channels_and_space
from archcost.window import Padding, Spatial, Window, slide


@layer
def maxpool(
    x: Shape,
    *,
    kernel: Spatial,
    stride: Spatial | None = None,
    pad: Padding = 0,
    dilation: Spatial = 1,
    rounding: Literal["floor", "ceil", "caffe"] = "floor",
) -> Cost:
    """Maximum over windows of a map `channels x space`; the stride is the kernel unless given.

    `rounding` says what becomes of a last window that does not fit: `floor` drops it, `ceil` keeps it (PyTorch's
    ceil_mode), `caffe` keeps it by Caffe's condition; TensorFlow's rules are `pad: same` and `pad: valid`. An output
    costs one comparison for each element of its window, also at the border. Refuses padding as wide as the window.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285, chapter 3; Jia et al. 2014, arXiv:1408.5093 (Caffe's rounding).
    """
    return _pooled(x, kernel, stride, pad, dilation, rounding, lambda window, out: {"cmp": window * out})


@layer
def avgpool(
    x: Shape,
    *,
    kernel: Spatial,
    stride: Spatial | None = None,
    pad: Padding = 0,
    rounding: Literal["floor", "ceil", "caffe"] = "floor",
) -> Cost:
    """Mean over windows of a map `channels x space`; the stride is the kernel unless given.

    An output costs one addition for each element of its window, also at the border, and one division. Rounding and
    refusals are those of `maxpool`.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285, chapter 3.
    """
    return _pooled(x, kernel, stride, pad, 1, rounding, lambda window, out: {"add": window * out, "div": out})


@layer
def subsample(x: Shape, *, kernel: Spatial, stride: Spatial | None = None) -> Cost:
    """LeNet's trainable subsampling of a map `channels x space`: the sum of a window, times a coefficient, plus a bias.

    Each map has one trainable coefficient and one bias. The stride is the kernel unless given.
    Source: LeCun et al. 1998, section II.B (layers S2 and S4).
    """
    channels, _ = channels_and_space(x)
    pooled = _pooled(
        x, kernel, stride, 0, 1, "floor", lambda window, out: {"add": window * out, "mul": out, "bias": out}
    )
    params = {"scale": channels, "bias": channels}
    return Cost(out=pooled.out, params=params, ops=pooled.ops, windows=pooled.windows)


def _pooled(
    x: Shape,
    kernel: Spatial,
    stride: Spatial | None,
    pad: Padding,
    dilation: Spatial,
    rounding: Literal["floor", "ceil", "caffe"],
    work: Callable[[Dim, Dim], dict[str, Dim]],
) -> Cost:
    channels, space = channels_and_space(x)
    positions, windows = slide(space, kernel, kernel if stride is None else stride, pad, dilation, rounding)
    for window in windows:
        require(at_least(window.span - 1, window.pad[0]), "padding of {} hides whole windows", window.pad[0])
        require(at_least(window.span - 1, window.pad[1]), "padding of {} hides whole windows", window.pad[1])
    out = (channels, *positions)
    return Cost(out=out, ops=work(prod(each(kernel, len(space))), prod(out)), windows=windows)


@layer
def adaptive_maxpool(x: Shape, *, out: Spatial) -> Cost:
    """Maximum over a grid of `out` cells that covers a map `channels x space`, one comparison for each element.

    Along an axis of n, cell i runs from `floor(i * n / out)` to `ceil((i + 1) * n / out)`, so that cells overlap where
    `out` does not divide n: together they hold `n + out - gcd(n, out)` elements.
    Source: torch.nn.AdaptiveMaxPool2d; the sum follows from counting the cells that share a border element.
    """
    shape, covered, windows = _grid(x, out)
    return Cost(out=shape, ops={"cmp": covered}, windows=windows)


@layer
def adaptive_avgpool(x: Shape, *, out: Spatial) -> Cost:
    """Mean over a grid of `out` cells that covers a map `channels x space`: an addition for each element, a division.

    The cells are those of `adaptive_maxpool`.
    Source: torch.nn.AdaptiveAvgPool2d.
    """
    shape, covered, windows = _grid(x, out)
    return Cost(out=shape, ops={"add": covered, "div": prod(shape)}, windows=windows)


def _grid(x: Shape, out: Spatial) -> tuple[Shape, Dim, tuple[Window, ...] | None]:
    """Output shape, elements in all cells together, and the windows where all cells are alike (else all is read)."""
    channels, space = channels_and_space(x)
    cells = each(out, len(space))
    covered = channels * prod(n + cell - gcd(n, cell) for n, cell in zip(space, cells, strict=True))
    alike = all(surely(divides, cell, n) for n, cell in zip(space, cells, strict=True))
    windows = tuple(Window(n // cell, n // cell) for n, cell in zip(space, cells, strict=True)) if alike else None
    return (channels, *cells), covered, windows


@layer
def global_maxpool(x: Shape) -> Cost:
    """Maximum over the whole of each channel of a map `channels x space`; the spatial axes stay, with one position.

    Source: Lin et al. 2013, arXiv:1312.4400, section 3.2.
    """
    channels, space = channels_and_space(x)
    return Cost(out=(channels, *(1 for _ in space)), ops={"cmp": prod(x)}, windows=tuple(Window(n, n) for n in space))


@layer
def global_avgpool(x: Shape) -> Cost:
    """Mean over the whole of each channel of a map `channels x space`; the spatial axes stay, with one position.

    Source: Lin et al. 2013, arXiv:1312.4400, section 3.2.
    """
    channels, space = channels_and_space(x)
    return Cost(
        out=(channels, *(1 for _ in space)),
        ops={"add": prod(x), "div": channels},
        windows=tuple(Window(n, n) for n in space),
    )
