"""Fully connected layers, tensors that are read as they are, and what is not counted."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal

from archcost.cost import Cost, layer
from archcost.dims import Dim, Shape, require
from archcost.layers.shapes import stored


@layer
def linear(
    x: Shape,
    weight: Shape | None = None,
    *,
    out: Dim,
    bias: bool = True,
    over: Literal["tokens", "last"] = "tokens",
) -> Cost:
    """Fully connected layer on a vector, or on each row of `tokens x features`.

    Every output multiplies all features. Refuses a map: flatten it first, or say `over: last` where the last axis of
    any shape holds the features, as it does behind `permute`. Weights that are computed are a second input; then none
    are stored, and as many elements are needed.
    Source: LeCun et al. 1998, section II.B (layer F6); over the last axis: torch.nn.Linear.
    """
    fits = over == "last" or len(x) <= 2
    require(fits, "needs a vector or tokens x features, gets the map {}: put flatten before it", x)
    *tokens, features = x
    rows = prod(tokens)
    return Cost(
        out=(*tokens, out),
        params={"weight": stored(features * out, weight), "bias": out if bias else 0},
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


@layer
def constant(*, shape: Sequence[Dim]) -> Cost:
    """Numbers that are known beforehand, such as a grid of positions: neither computed nor stored with the weights.

    It reads nothing, wherever it stands. What is stored though not trained is a `parameter` with `trained: false`.
    Source: ONNX operator Constant.
    """
    return Cost(out=tuple(shape), storage="view")


@layer
def uncounted(x: Shape, *others: Shape, operator: str, out: Sequence[Dim]) -> Cost:
    """An operator whose cost is not known, let through at the user's word; no operations and no parameters.

    A network with one of these costs more than is counted, so reports are marked incomplete by it.
    Source: none, which is why it is not counted.
    """
    return Cost(out=tuple(out), windows="mixed")
