"""Convolutions: plain, depthwise, transposed, and LeNet's with a table of connections."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from archcost.cost import Cost, layer
from archcost.dims import Dim, Shape, at_least, divides, each, greater, require
from archcost.layers.shapes import channels_and_space
from archcost.window import Counts, Padding, Spatial, Window, halves, pads, slide


@layer
def conv(
    x: Shape,
    *,
    out: Dim,
    kernel: Spatial,
    stride: Spatial = 1,
    pad: Padding = 0,
    dilation: Spatial = 1,
    groups: Dim = 1,
    bias: bool = True,
) -> Cost:
    """Convolution of a map `channels x space`, over one, two or three spatial axes.

    Each of the `out` filters multiplies its kernel with `channels / groups` input channels at every position. Border
    positions count the whole kernel, as every published table does. Refuses a kernel larger than the padded map and
    channels that do not divide into the groups.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285; groups: Krizhevsky et al. 2012, section 3.2.
    """
    channels, space = channels_and_space(x)
    require(divides(groups, channels), "{} input channels do not divide into {} groups", channels, groups)
    require(divides(groups, out), "{} output channels do not divide into {} groups", out, groups)
    positions, windows = slide(space, kernel, stride, pad, dilation)
    outputs = out * prod(positions)
    read = (channels // groups) * prod(each(kernel, len(space)))
    return Cost(
        out=(out, *positions),
        params={"weight": out * read, "bias": out if bias else 0},
        ops={"mac": outputs * read, "bias": outputs if bias else 0},
        windows=windows,
    )


@layer
def depthwise(
    x: Shape,
    *,
    kernel: Spatial,
    multiplier: Dim = 1,
    stride: Spatial = 1,
    pad: Padding = 0,
    dilation: Spatial = 1,
    bias: bool = True,
) -> Cost:
    """Depthwise convolution of a map `channels x space`: `multiplier` filters for each channel, none across channels.

    The same as `conv` with as many groups as channels.
    Source: Howard et al. 2017, arXiv:1704.04861, section 3.1.
    """
    channels, _ = channels_and_space(x)
    out = multiplier * channels
    return conv(x, out=out, kernel=kernel, stride=stride, pad=pad, dilation=dilation, groups=channels, bias=bias)


@layer
def transposed_conv(
    x: Shape,
    *,
    out: Dim,
    kernel: Spatial,
    stride: Spatial = 1,
    pad: Padding = 0,
    output_pad: Counts = 0,
    dilation: Spatial = 1,
    groups: Dim = 1,
    bias: bool = True,
) -> Cost:
    """Transposed convolution of a map `channels x space`: every input position adds its kernel into a larger map.

    The map grows to `(n - 1) * stride - padding + dilation * (kernel - 1) + 1 + output_pad` along each axis. The
    multiply-accumulates are those of the input positions: no work is done for the zeros between them. `output_pad`
    adds rows at the end. `pad: same` gives `n * stride + output_pad`. Refuses an empty result, the word `valid`, and
    channels that do not divide.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285, chapter 4.
    """
    channels, space = channels_and_space(x)
    rank = len(space)
    require(divides(groups, channels), "{} input channels do not divide into {} groups", channels, groups)
    require(divides(groups, out), "{} output channels do not divide into {} groups", out, groups)
    require(pad != "valid", "pad takes numbers or 'same'")
    kernels, strides = each(kernel, rank), each(stride, rank)
    grown = []
    windows = []
    for n, k, s, d, padding, extra in zip(
        space, kernels, strides, each(dilation, rank), pads(pad, rank), each(output_pad, rank), strict=True
    ):
        full = (n - 1) * s + d * (k - 1) + 1
        ends = halves(greater(full - n * s, 0)) if padding is None else padding
        size = (n * s if padding is None else full - sum(ends)) + extra
        require(at_least(size, 1), "padding of {} leaves nothing of {} positions", sum(ends), full)
        grown.append(size)
        windows.append(Window(kernel=k, stride=s, pad=ends, dilation=d))
    weight = out * (channels // groups) * prod(kernels)
    return Cost(
        out=(out, *grown),
        params={"weight": weight, "bias": out if bias else 0},
        ops={"mac": weight * prod(space), "bias": out * prod(grown) if bias else 0},
        windows=tuple(windows),
        grows=True,
    )


@layer
def partial_conv(
    x: Shape,
    *,
    inputs: Sequence[Dim],
    kernel: Spatial,
    stride: Spatial = 1,
    pad: Padding = 0,
    bias: bool = True,
) -> Cost:
    """Convolution of a map `channels x space` in which each output map reads only some of the input maps.

    `inputs` lists, for each output map, how many input maps it reads: one row of the paper's table of connections.
    Refuses an output map that would read more maps than there are.
    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition", table I (layer C3).
    """
    channels, space = channels_and_space(x)
    for read in inputs:
        require(at_least(channels, read), "an output map cannot read {} of {} input maps", read, channels)
    positions, windows = slide(space, kernel, stride, pad)
    weight = sum(inputs) * prod(each(kernel, len(space)))
    out = len(inputs)
    return Cost(
        out=(out, *positions),
        params={"weight": weight, "bias": out if bias else 0},
        ops={"mac": weight * prod(positions), "bias": out * prod(positions) if bias else 0},
        windows=windows,
    )
