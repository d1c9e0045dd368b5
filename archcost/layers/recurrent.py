"""Recurrent layers, which read tokens one after the other. Two biases for each gate, as PyTorch has them."""

from __future__ import annotations

from collections import Counter

from archcost.cost import Cost, layer
from archcost.dims import Dim, Shape, require

# What a unit takes at each step beside its products and biases, by kind of operation.
SIGMOID = Counter(exp=1, add=1, div=1)
TANH = Counter(mul=1, exp=1, add=2, div=1)
SUM = Counter(add=1)  # of what the input and the state give
RNN = SUM + TANH
LSTM = (
    Counter(add=4 * 1)
    + SIGMOID + SIGMOID + SIGMOID  # input, forget and output gate
    + TANH  # the candidate
    + Counter(mul=2, add=1)  # the cell: what is kept of it, and of the candidate
    + TANH + Counter(mul=1)  # the output
)  # fmt: skip
GRU = (
    Counter(add=3 * 1)
    + SIGMOID + SIGMOID  # reset and update gate
    + Counter(mul=1) + TANH  # the candidate, of as much of the state as is not reset
    + Counter(mul=2, add=2)  # (1 - update) * candidate + update * state
)  # fmt: skip


@layer
def rnn(x: Shape, *, out: Dim, layers: Dim = 1, bidirectional: bool = False, bias: bool = True) -> Cost:
    """Recurrent layer on `tokens x features`: `tanh(W x + b + U h + c)` of each token and the state of the last one.

    Several `layers` read one another, and `bidirectional` ones read the tokens from both ends, with outputs side by
    side. The products with a state of zeros at the first token count, too. Refuses what is not `tokens x features`.
    Source: Elman 1990, "Finding structure in time"; torch.nn.RNN.
    """
    return _recurrent(x, 1, RNN, out, layers, bidirectional, bias)


@layer
def lstm(
    x: Shape,
    *,
    out: Dim,
    layers: Dim = 1,
    bidirectional: bool = False,
    bias: bool = True,
    projection: Dim | None = None,
) -> Cost:
    """Long short-term memory on `tokens x features`: three gates and a candidate, as `rnn` for the rest.

    Per unit and token three sigmoids, two tanh, three products and an addition beside the sums of the gates. With a
    `projection`, a matrix without bias makes the outputs, and the state that is read, that many.
    Source: Hochreiter & Schmidhuber 1997, "Long short-term memory"; projection: Sak et al. 2014, arXiv:1402.1128;
    torch.nn.LSTM.
    """
    return _recurrent(x, 4, LSTM, out, layers, bidirectional, bias, projection)


@layer
def gru(x: Shape, *, out: Dim, layers: Dim = 1, bidirectional: bool = False, bias: bool = True) -> Cost:
    """Gated recurrent units on `tokens x features`: two gates and a candidate, as `rnn` for the rest.

    Per unit and token two sigmoids, a tanh, three products and two additions beside the sums of the gates.
    Source: Cho et al. 2014, arXiv:1406.1078, equations 5 to 8; torch.nn.GRU.
    """
    return _recurrent(x, 3, GRU, out, layers, bidirectional, bias)


def _recurrent(
    x: Shape,
    gates: int,
    unit: Counter[str],
    out: Dim,
    layers: Dim,
    bidirectional: bool,
    bias: bool,
    projection: Dim | None = None,
) -> Cost:
    require(len(x) == 2, "needs tokens x features, gets {}", x)
    tokens, features = x
    directions = 2 if bidirectional else 1
    state = out if projection is None else projection
    projected = 0 if projection is None else out * projection
    units = directions * layers * out
    read = features + (layers - 1) * directions * state + layers * state  # by one direction, in all layers together
    weight = directions * (gates * out * read + layers * projected)
    biases = 2 * gates * units if bias else 0
    return Cost(
        out=(tokens, directions * state),
        params={"weight": weight, "bias": biases},
        ops={
            "mac": tokens * weight,
            "bias": tokens * biases,
            **{kind: count * tokens * units for kind, count in unit.items()},
        },
        windows="mixed",
    )
