"""Normalisation."""

from __future__ import annotations

from math import prod
from typing import Literal

from archcost.cost import Cost, layer
from archcost.dims import Dim, Shape, divides, require
from archcost.layers.shapes import channels_and_space


@layer
def batchnorm(x: Shape, *, scale: bool = True, shift: bool = True) -> Cost:
    """Batch normalisation of a map `channels x space` or a vector, at inference: `x * a + b` with a and b per channel.

    The running mean and variance of each channel are buffers; scale and shift are trained, unless left out.
    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 2.
    """
    channels, n = x[0], prod(x)
    return Cost(
        out=x,
        params=_trained(channels, scale, shift),
        ops={"mul": n, "add": n},
        storage="inplace",
        buffers={"mean": channels, "variance": channels},
    )


def _trained(size: Dim, scale: bool, shift: bool) -> dict[str, Dim]:
    return {"scale": size if scale else 0, "shift": size if shift else 0}


@layer
def layernorm(
    x: Shape,
    *,
    over: Literal["last", "channels", "all"] = "last",
    axes: int = 1,
    scale: bool = True,
    shift: bool = True,
) -> Cost:
    """Layer normalisation over the last axis, the channels (first axis) or all axes of any shape.

    With `over: last`, over as many of the last `axes` as are given. Refuses more than there are.

    Each group of elements that are normalised together takes its mean and variance: per element an addition for each
    sum, the difference, its square and the product with `1 / sqrt(variance)`; per group two divisions and a root.
    Scale and shift have one value for each element of a group.
    Source: Ba et al. 2016, arXiv:1607.06450, equation 3.
    """
    require(over == "last" or axes == 1, "takes axes with over: last only, not with {}", over)
    size, groups = {"last": _last(x, axes), "channels": (x[0], prod(x[1:])), "all": (prod(x), 1)}[over]
    return _normalised(x, groups=groups, trained=size, scale=scale, shift=shift)


def _last(x: Shape, axes: int) -> tuple[Dim, Dim]:
    """The size of a group of elements that are normalised together, the last axes, and how many groups there are."""
    require(1 <= axes <= len(x), "cannot take the last {} axes of {}", axes, x)
    return prod(x[-axes:]), prod(x[:-axes])


@layer
def rmsnorm(x: Shape, *, axes: int = 1, scale: bool = True) -> Cost:
    """Normalisation by the root mean square of the last `axes` of any shape, without a mean that is taken away.

    Per element its square, an addition, the product with `1 / root` and that with a trained scale; per group two
    divisions and a root. Refuses more axes than there are.
    Source: Zhang & Sennrich 2019, arXiv:1910.07467, equation 4; torch.nn.RMSNorm.
    """
    size, groups = _last(x, axes)
    n = prod(x)
    return Cost(
        out=x,
        params={"scale": size if scale else 0},
        ops={"add": n, "mul": (2 + scale) * n, "div": 2 * groups, "exp": groups},
        storage="inplace",
    )


@layer
def instancenorm(x: Shape, *, scale: bool = False, shift: bool = False, tracked: bool = False) -> Cost:
    """Normalisation of each channel of a map `channels x space` by itself.

    Counts as `groupnorm` with a group for each channel. Where running means and variances are `tracked`, they are
    buffers, and what inference uses: then it costs what `batchnorm` does.
    Source: Ulyanov et al. 2016, arXiv:1607.08022, equation 7; torch.nn.InstanceNorm2d.
    """
    channels, _ = channels_and_space(x)
    if tracked:
        return batchnorm(x, scale=scale, shift=shift)
    return _normalised(x, groups=channels, trained=channels, scale=scale, shift=shift)


@layer
def groupnorm(x: Shape, *, groups: Dim = 32, scale: bool = True, shift: bool = True) -> Cost:
    """Group normalisation of a map `channels x space`: the channels of a group share mean and variance.

    Counts as `layernorm`; scale and shift per channel. Refuses channels that do not divide into the groups.
    Source: Wu & He 2018, arXiv:1803.08494, section 3.1.
    """
    channels = x[0]
    require(divides(groups, channels), "{} channels do not divide into {} groups", channels, groups)
    return _normalised(x, groups=groups, trained=channels, scale=scale, shift=shift)


def _normalised(x: Shape, groups: Dim, trained: Dim, scale: bool, shift: bool) -> Cost:
    n = prod(x)
    return Cost(
        out=x,
        params=_trained(trained, scale, shift),
        ops={"add": (3 + shift) * n, "mul": (2 + scale) * n, "div": 2 * groups, "exp": groups},
        storage="inplace",
    )


@layer
def unit_norm(x: Shape) -> Cost:
    """Each row along the last axis of any shape divided by its length, so that products of rows are cosines.

    Per element a square, an addition and a division; per row a root and a comparison with the least length allowed.
    Source: Liu et al. 2021, arXiv:2111.09883, equation 2; torch.nn.functional.normalize.
    """
    n, rows = prod(x), prod(x[:-1])
    return Cost(out=x, ops={"mul": n, "add": n, "div": n, "exp": rows, "cmp": rows}, storage="inplace")


@layer
def lrn(x: Shape, *, size: Dim = 5) -> Cost:
    """Local response normalisation across `size` neighbouring channels: `x / (k + alpha * sum(x**2)) ** beta`.

    Per element: a square, `size` additions (also for border channels), alpha and k, a power and a division. It may
    overwrite its input if the last `size` channels are kept aside, which is workspace.
    Source: Krizhevsky et al. 2012, section 3.3.
    """
    n = prod(x)
    return Cost(out=x, ops={"mul": 2 * n, "add": (size + 1) * n, "exp": n, "div": n}, storage="inplace")
