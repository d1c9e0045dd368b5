"""Fully connected layers, and trained tensors that are read as they are."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal

from archcost.cost import Cost, layer
from archcost.dims import Dim, Shape, require


@layer
def linear(x: Shape, *, out: Dim, bias: bool = True, over: Literal["tokens", "last"] = "tokens") -> Cost:
    """Fully connected layer on a vector, or on each row of `tokens x features`.

    Every output multiplies all features. Refuses a map: flatten it first, or say `over: last` where the last axis of
    any shape holds the features, as it does behind `permute`.
    Source: LeCun et al. 1998, section II.B (layer F6); over the last axis: torch.nn.Linear.
    """
    fits = over == "last" or len(x) <= 2
    require(fits, "needs a vector or tokens x features, gets the map {}: put flatten before it", x)
    *tokens, features = x
    rows = prod(tokens)
    return Cost(
        out=(*tokens, out),
        params={"weight": features * out, "bias": out if bias else 0},
        ops={"mac": rows * features * out, "bias": rows * out if bias else 0},
        windows="mixed" if len(x) > 2 else () if tokens else None,
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


@layer
def parameter(*, shape: Sequence[Dim], trained: bool = True) -> Cost:
    """A tensor that is stored with the weights and read as it is; a buffer if it is not `trained`.

    It reads nothing, wherever it stands. Class tokens, position embeddings and learned gates join the data through
    `concat`, `add` and `multiply`.
    Source: torch.nn.Parameter; Dosovitskiy et al. 2020, arXiv:2010.11929, equation 1.
    """
    stored = {"embedding": prod(shape)}
    return Cost(out=tuple(shape), params=stored if trained else {}, buffers={} if trained else stored, storage="view")
