"""Convolutions: plain, depthwise, transposed, and LeNet's with a table of connections."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from archcost.cost import Cost, layer
from archcost.dims import Dim, Shape, at_least, divides, each, greater, require, same
from archcost.layers.shapes import alike, channels_and_space, interpolated, stored
from archcost.window import Counts, Padding, Spatial, Window, halves, pads, slide


@layer
def conv(
    x: Shape,
    weight: Shape | None = None,
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
    channels that do not divide into the groups. Weights that are computed are a second input; then none are stored,
    and as many elements are needed.
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
        params={"weight": stored(out * read, weight), "bias": out if bias else 0},
        ops={"mac": outputs * read, "bias": outputs if bias else 0},
        windows=windows,
    )


@layer
def depthwise(
    x: Shape,
    weight: Shape | None = None,
    *,
    kernel: Spatial,
    multiplier: Dim = 1,
    stride: Spatial = 1,
    pad: Padding = 0,
    dilation: Spatial = 1,
    bias: bool = True,
) -> Cost:
    """Depthwise convolution of a map `channels x space`: `multiplier` filters for each channel, none across channels.

    The same as `conv` with as many groups as channels; weights may be a second input there, too.
    Source: Howard et al. 2017, arXiv:1704.04861, section 3.1.
    """
    channels, _ = channels_and_space(x)
    out = multiplier * channels
    return conv(
        x, weight, out=out, kernel=kernel, stride=stride, pad=pad, dilation=dilation, groups=channels, bias=bias
    )


@layer
def transposed_conv(
    x: Shape,
    weight: Shape | None = None,
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
    adds rows at the end. `pad: same` gives `n * stride + output_pad`. Weights may be a second input, as in `conv`.
    Refuses an empty result, the word `valid`, and channels that do not divide.
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
    needed = out * (channels // groups) * prod(kernels)
    return Cost(
        out=(out, *grown),
        params={"weight": stored(needed, weight), "bias": out if bias else 0},
        ops={"mac": needed * prod(space), "bias": out * prod(grown) if bias else 0},
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


@layer
def deform_conv(
    x: Shape,
    offset: Shape,
    mask: Shape | None = None,
    *,
    out: Dim,
    kernel: Spatial,
    stride: Spatial = 1,
    pad: Padding = 0,
    dilation: Spatial = 1,
    groups: Dim = 1,
    bias: bool = True,
) -> Cost:
    """Convolution of a map `channels x space` that reads each element of its windows at an offset, between positions.

    Beside what `conv` costs, each element of each window is mixed of `2**axes` neighbours, with as many products and
    one addition fewer, and multiplied by its `mask` if there is one. The offsets are a map with a coordinate per axis
    for each element of the kernel, or several times as many, for groups of channels; the mask has one number for each.
    Refuses what does not fit, and what `conv` refuses.
    Source: Dai et al. 2017, arXiv:1703.06211, equations 2 and 3; mask: Zhu et al. 2018, arXiv:1811.11168, equation 1.
    """
    cost = conv(x, out=out, kernel=kernel, stride=stride, pad=pad, dilation=dilation, groups=groups, bias=bias)
    (channels, space), positions = channels_and_space(x), cost.out[1:]
    elements = prod(each(kernel, len(space)))
    shifted, fits = offset[0], alike(offset[1:], positions)
    require(fits, "offsets of {} do not fit {} positions", offset, positions)
    require(divides(len(space) * elements, shifted), "{} offsets do not fit {} elements", shifted, elements)
    sampled = channels * elements * prod(positions)
    ops = {**cost.ops, **interpolated(sampled, 2 ** len(space))}
    if mask is not None:
        fits = same(len(space) * mask[0], shifted) is not False and alike(mask[1:], positions)
        require(fits, "a mask of {} does not fit offsets of {}", mask, offset)
        ops["mul"] += sampled
    return cost._replace(ops=ops, windows="mixed")
