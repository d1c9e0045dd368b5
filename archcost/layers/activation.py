"""Activations and what else works on each element alone. Shapes: any; the output has the shape of the input."""

from __future__ import annotations

from math import prod

from archcost.cost import Cost, layer
from archcost.dims import Dim, Shape


def elementwise(x: Shape, **work: int) -> Cost:
    """So many operations of each kind on every element, which may overwrite the input."""
    n = prod(x)
    return Cost(out=x, ops={kind: count * n for kind, count in work.items()}, storage="inplace")


@layer
def relu(x: Shape) -> Cost:
    """`max(x, 0)`. Source: Nair & Hinton 2010, "Rectified linear units improve restricted Boltzmann machines"."""
    return elementwise(x, cmp=1)


@layer
def relu6(x: Shape) -> Cost:
    """`min(max(x, 0), 6)`. Source: Howard et al. 2017, arXiv:1704.04861."""
    return elementwise(x, cmp=2)


@layer
def leaky_relu(x: Shape) -> Cost:
    """`x` or `slope * x`. Source: Maas et al. 2013, "Rectifier nonlinearities improve acoustic models"."""
    return elementwise(x, cmp=1, mul=1)


@layer
def prelu(x: Shape, *, per_channel: bool = True) -> Cost:
    """`x` or `slope * x` with a trained slope, for each channel (first axis) or one for all.

    Source: He et al. 2015, arXiv:1502.01852, section 2.1.
    """
    n = prod(x)
    return Cost(out=x, params={"scale": x[0] if per_channel else 1}, ops={"cmp": n, "mul": n}, storage="inplace")


@layer
def elu(x: Shape) -> Cost:
    """`x` or `alpha * (exp(x) - 1)`. Source: Clevert et al. 2015, arXiv:1511.07289, equation 15."""
    return elementwise(x, cmp=1, exp=1, add=1, mul=1)


@layer
def selu(x: Shape) -> Cost:
    """`scale * elu(x)`. Source: Klambauer et al. 2017, arXiv:1706.02515, equation 2."""
    return elementwise(x, cmp=1, exp=1, add=1, mul=2)


@layer
def sigmoid(x: Shape) -> Cost:
    """`1 / (1 + exp(-x))`. Source: Goodfellow et al. 2016, "Deep Learning", section 3.10."""
    return elementwise(x, exp=1, add=1, div=1)


@layer
def tanh(x: Shape) -> Cost:
    """`(exp(2x) - 1) / (exp(2x) + 1)`. Source: Goodfellow et al. 2016, "Deep Learning", section 6.3.2."""
    return elementwise(x, mul=1, exp=1, add=2, div=1)


@layer
def scaled_tanh(x: Shape) -> Cost:
    """`A * tanh(S * x)`. Source: LeCun et al. 1998, section II.B, equation 6."""
    return elementwise(x, mul=3, exp=1, add=2, div=1)


@layer
def softplus(x: Shape) -> Cost:
    """`log(1 + exp(x))`. Source: Glorot et al. 2011, "Deep sparse rectifier neural networks"."""
    return elementwise(x, exp=2, add=1)


@layer
def gelu(x: Shape) -> Cost:
    """`x / 2 * (1 + erf(x / sqrt(2)))`. Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2."""
    return elementwise(x, mul=3, exp=1, add=1)


@layer
def silu(x: Shape) -> Cost:
    """`x * sigmoid(x)`, also called swish. Source: Ramachandran et al. 2017, arXiv:1710.05941."""
    return elementwise(x, exp=1, add=1, div=1, mul=1)


@layer
def mish(x: Shape) -> Cost:
    """`x * tanh(softplus(x))`. Source: Misra 2019, arXiv:1908.08681, equation 1."""
    return elementwise(x, exp=3, add=3, mul=2, div=1)


@layer
def hardsigmoid(x: Shape) -> Cost:
    """`relu6(x + 3) / 6`. Source: Howard et al. 2019, arXiv:1905.02244, section 5.2."""
    return elementwise(x, add=1, cmp=2, mul=1)


@layer
def hardswish(x: Shape) -> Cost:
    """`x * relu6(x + 3) / 6`. Source: Howard et al. 2019, arXiv:1905.02244, section 5.2."""
    return elementwise(x, add=1, cmp=2, mul=2)


@layer
def softmax(x: Shape) -> Cost:
    """`exp(x - max) / sum(exp(x - max))` over whichever axis: the counts are the same for all.

    Source: Goodfellow et al. 2016, "Deep Learning", section 4.1.
    """
    n = prod(x)
    ops: dict[str, Dim] = {"cmp": n, "add": 2 * n, "exp": n, "div": n}
    return Cost(out=x, ops=ops, storage="inplace")


@layer
def dropout(x: Shape, *, rate: float = 0.5) -> Cost:
    """Nothing at inference, whatever the `rate` in training: the input itself.

    Source: Srivastava et al. 2014, JMLR 15, section 4.
    """
    return Cost(out=x, storage="view")
