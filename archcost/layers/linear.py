"""Fully connected layers."""

from __future__ import annotations

from archcost.cost import Cost, layer
from archcost.dims import Dim, Shape, require


@layer
def linear(x: Shape, *, out: Dim, bias: bool = True) -> Cost:
    """Fully connected layer on a vector, or on each row of `tokens x features`.

    Every output multiplies all features. Refuses a map: flatten it first.
    Source: LeCun et al. 1998, section II.B (layer F6).
    """
    require(len(x) <= 2, "needs a vector or tokens x features, gets the map {}: put flatten before it", x)
    *tokens, features = x
    rows = tokens[0] if tokens else 1
    return Cost(
        out=(*tokens, out),
        params={"weight": features * out, "bias": out if bias else 0},
        ops={"mac": rows * features * out, "bias": rows * out if bias else 0},
        windows=() if tokens else None,
    )


@layer
def rbf(x: Shape, *, out: Dim) -> Cost:
    """Euclidean radial basis functions on a vector: each output is its squared distance from a fixed codeword.

    The codewords are not trained, so they are a buffer. A difference is an addition, its square is accumulated.
    Source: LeCun et al. 1998, section II.B, equation 7 (the output layer of LeNet-5).
    """
    require(len(x) == 1, "needs a vector, gets {}: put flatten before it", x)
    (features,) = x
    return Cost(
        out=(out,),
        ops={"add": features * out, "mac": features * out},
        buffers={"codewords": features * out},
        windows=None,
    )
