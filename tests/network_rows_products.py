"""How are layers that multiply by matrices or look up rows drawn, and how does PyTorch build them?"""
# ruff: noqa: D103  (a function `draw_...` or `build_...` is explained by the row of the table in which it stands)

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import prod

import torch
from network_data import BATCH, META, Attributes, Function, Shape, Tensor, each
from network_drawing import Drawing
from network_row import Row, anything, none, of_rank
from torch import nn
from torch.nn import functional


def weights_of_linear(d: Drawing, x: int) -> list[int]:
    """Mostly none: they are stored."""
    return [d.partner([d.whole(1, 6), d.shape(x)[-1]])] if d.chance(1, 8) else []


def draw_linear(d: Drawing, x: Shape, weight: Shape = ()) -> Attributes:
    over = {"over": "last"} if len(x) > 2 and d.chance(24, 25) else {}
    return {"out": weight[0] if weight else d.whole(1, 12), **d.written(bias=d.chance(1, 2)), **over}


class Linear(nn.Module):
    """A linear layer whose weight is given, the same for all samples."""

    def __init__(self, a: Attributes, x: Shape) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.empty(a["out"])) if a.get("bias", True) else None
        self.size = a["out"], x[-1]

    def forward(self, t: Tensor, weight: Tensor) -> Tensor:
        return functional.linear(t, weight[0].reshape(self.size), self.bias)


def build_linear(a: Attributes, x: Shape, weight: Shape = ()) -> nn.Module:
    if len(x) > 2 and "over" not in a:
        raise ValueError("refused by the specification: a map is no row of features")
    return Linear(a, x) if weight else nn.Linear(x[-1], a["out"], a.get("bias", True))


LINEAR = {
    "linear": Row(anything, draw_linear, build_linear, weights_of_linear),
}


def factor(d: Drawing, x: int) -> list[int]:
    """The second matrix of a product."""
    *outer, _, inner = (1, *d.shape(x))
    outer = [n if d.chance(2, 3) else 1 for n in outer[1:]]
    outer = outer[d.whole(0, len(outer)) :] if d.chance(1, 3) else outer
    if d.chance(1, 8):
        return [d.partner([inner])]
    return [d.partner([*outer, inner, d.whole(1, 6)])]


def build_matmul(a: Attributes, x: Shape, y: Shape) -> Function:
    """Axes that are left out stand behind the batch; a vector is a row or a column."""

    def product(s: Tensor, t: Tensor) -> Tensor:
        s = s if len(x) > 1 else s.unsqueeze(-2)
        t = t if len(y) > 1 else t.unsqueeze(-1)
        rank = max(s.ndim, t.ndim)
        s, t = (u.reshape(u.shape[0], *[1] * (rank - u.ndim), *u.shape[1:]) for u in (s, t))
        out = s @ t
        out = out if len(x) > 1 else out.squeeze(-2)
        return out if len(y) > 1 else out.squeeze(-1)

    return product


LETTERS = "abcdefghijklmnopq"


def draw_letters(d: Drawing, shape: Shape, known: dict[str, int]) -> str:
    """A letter for each axis: one that has this size, or a new one."""
    term = ""
    for n in shape:
        fits = [letter for letter, size in known.items() if size == n and (letter not in term or d.chance(1, 8))]
        letter = d.one_of(fits) if fits and d.chance(4, 5) else LETTERS[len(known)]
        known[letter] = n
        term += letter
    return term


def einsum_with(d: Drawing, x: int) -> list[int]:
    """One or two operands that share axes with the first."""
    found = []
    for _ in range(d.one_of([1, 1, 1, 2])):
        shared = [n for n in d.shape(x) if d.chance(2, 3)]
        new = [d.whole(1, 5) for _ in range(d.whole(0 if shared else 1, 1))]
        found.append(d.partner([*shared, *new] if d.chance(1, 2) else [*new, *shared]))
    return found


def draw_einsum(d: Drawing, *shapes: Shape) -> Attributes:
    known: dict[str, int] = {}
    terms = [draw_letters(d, shape, known) for shape in shapes]
    if d.chance(1, 4):
        return {"equation": ",".join(terms)}
    left = [letter for letter in known if d.chance(2, 3)]
    result = "".join(left.pop(d.whole(0, len(left) - 1)) for _ in [*left])
    return {"equation": f"{','.join(terms)}->{result}"}


def build_einsum(a: Attributes, *shapes: Shape) -> Function:
    """The equation with the batch before each term."""
    terms, arrow, result = a["equation"].partition("->")
    if not arrow:
        once = Counter(letter for letter in terms if letter.isalpha())
        result = "".join(sorted(letter for letter, times in once.items() if times == 1))
    equation = ",".join("Z" + term for term in terms.split(",")) + "->Z" + result
    return lambda *ts: torch.einsum(equation, *ts)


def keys_and_values(d: Drawing, x: int) -> list[int]:
    """Keys, values and a mask for queries `... x heads x tokens x features`."""
    *outer, heads, tokens, features = d.shape(x)
    keys, shared = d.one_of([tokens, d.whole(1, 7)]), d.divisor(heads) if d.chance(1, 3) else heads
    key = d.partner([*outer, shared, keys, features])
    value = key if d.chance(1, 4) else d.partner([*outer, shared, keys, d.one_of([features, d.whole(1, 6)])])
    if not d.chance(1, 3):
        return [key, value]
    mask = [tokens, keys] if d.chance(1, 2) else [*outer, d.one_of([1, heads]), tokens, keys]
    return [key, value, d.partner(mask)]


def draw_attention(d: Drawing, *shapes: Shape) -> Attributes:
    return d.written(causal=len(shapes) == 3 and d.chance(1, 4), scaled=d.chance(7, 8))


def build_attention(a: Attributes, *shapes: Shape) -> Function:
    """PyTorch's own, with heads of keys that are shared."""
    query, key, value = shapes[:3]
    if query[:-3] != key[:-3] or key[:-1] != value[:-1]:
        raise ValueError("refused by the specification: only heads are shared")

    def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is not None:
            mask = mask.reshape(BATCH, *[1] * (q.ndim - mask.ndim), *mask.shape[1:])
        return functional.scaled_dot_product_attention(
            q, k, v, mask, is_causal=a.get("causal", False), enable_gqa=query[-3:-2] != key[-3:-2]
        )

    return attend


def dealt_out(t: Tensor, heads: int) -> Tensor:
    """The features of `... x tokens x features` dealt out to the heads: `... x heads x tokens x features`."""
    return t.view(*t.shape[:-1], heads, t.shape[-1] // heads).transpose(-2, -3)


def other_tokens(d: Drawing, x: int) -> list[int]:
    """As many features of as many tokens, or of more or fewer."""
    *outer, tokens, features = d.shape(x)
    return [d.partner([*outer, d.one_of([tokens, d.whole(1, 7)]), features])]


def draw_scores(d: Drawing, query: Shape, key: Shape) -> Attributes:
    return d.written(heads=d.divisor(query[-1]), scaled=d.chance(3, 4))


def build_scores(a: Attributes, query: Shape, key: Shape) -> Function:
    heads = a.get("heads", 1)
    if query[:-2] != key[:-2]:
        raise ValueError("the axes before the tokens differ")
    return lambda q, k: dealt_out(q, heads) @ dealt_out(k, heads).transpose(-1, -2)


def values(d: Drawing, x: int) -> list[int]:
    """Values for weights of `... x heads x tokens x tokens`."""
    *outer, heads, _, keys = d.shape(x)
    return [d.partner([*outer, keys, heads * d.whole(1, 4)])]


def build_weighted(a: Attributes, weights: Shape, value: Shape) -> Function:
    if weights[:-3] != value[:-2]:
        raise ValueError("the axes before the tokens differ")
    return lambda w, v: (w @ dealt_out(v, weights[-3])).transpose(-2, -3).flatten(-2)


def is_table(x: Shape) -> bool:
    """Whether there is a window with as many distances as there are rows."""
    return len(x) == 2 and x[0] in (1, 3, 5, 7, 9, 15, 21, 25, 35, 49)


def draw_window(d: Drawing, x: Shape) -> Attributes:
    """A window that fits the table, where there is one."""
    fits = [[m, n] for m in range(1, 5) for n in range(1, 5) if (2 * m - 1) * (2 * n - 1) == x[0]]
    return {"window": d.one_of(fits or [[2, 2]])}


class RelativePositions(nn.Module):
    """Rows of a table for each pair of positions of a window."""

    def __init__(self, a: Attributes, x: Shape) -> None:
        super().__init__()
        sides = each(a["window"], 2)
        if len(x) != 2 or prod(2 * n - 1 for n in sides) != x[0]:
            raise ValueError("the table has other axes or distances")
        self.positions = prod(sides)
        self.register_buffer("index", torch.empty(self.positions**2, dtype=torch.long))

    def forward(self, t: Tensor) -> Tensor:
        rows = t[:, self.index].view(BATCH, self.positions, self.positions, -1)
        return rows.permute(0, 3, 1, 2).unsqueeze(1)


PRODUCT = {
    "matmul": Row(of_rank(1, 2, 3, 4), none, build_matmul, factor),
    "einsum": Row(of_rank(1, 2, 3, 4), draw_einsum, build_einsum, einsum_with),
    "dot_product_attention": Row(of_rank(3, 4), draw_attention, build_attention, keys_and_values),
    "attention_scores": Row(of_rank(2, 3, 4), draw_scores, build_scores, other_tokens),
    "weighted_values": Row(of_rank(3, 4), none, build_weighted, values),
    "relative_position_bias": Row(is_table, draw_window, RelativePositions),
}


def draw_recurrent(d: Drawing, x: Shape) -> Attributes:
    return {
        "out": d.whole(1, 6),
        **d.written(layers=d.whole(1, 2), bidirectional=d.chance(1, 2), bias=d.chance(3, 4)),
    }


def draw_lstm(d: Drawing, x: Shape) -> Attributes:
    found = draw_recurrent(d, x)
    return {**found, "projection": d.whole(1, found["out"] - 1)} if d.chance(1, 4) and found["out"] > 1 else found


class Recurrent(nn.Module):
    """The outputs of a recurrent layer, without its states."""

    def __init__(self, kind: Callable[..., nn.Module], a: Attributes, x: Shape) -> None:
        super().__init__()
        names = {"layers": "num_layers", "projection": "proj_size"}
        given = {names.get(key, key): value for key, value in a.items() if key != "out"}
        self.layers = kind(x[-1], a["out"], batch_first=True, **given)

    def forward(self, t: Tensor) -> Tensor:
        out: Tensor = self.layers(t)[0]
        return out


def recurrent(kind: Callable[..., nn.Module]) -> Callable[[Attributes, Shape], nn.Module]:
    def build(a: Attributes, x: Shape) -> nn.Module:
        if len(x) != 2:
            raise ValueError("PyTorch would take the batch for the tokens")
        return Recurrent(kind, a, x)

    return build


RECURRENT = {
    "rnn": Row(of_rank(2), draw_recurrent, recurrent(nn.RNN)),
    "lstm": Row(of_rank(2), draw_lstm, recurrent(nn.LSTM)),
    "gru": Row(of_rank(2), draw_recurrent, recurrent(nn.GRU)),
}


def rows_of_embedding(d: Drawing, x: int) -> list[int]:
    """Mostly none: they are stored."""
    return [d.partner([d.whole(1, 20), d.whole(1, 8)])] if d.chance(1, 6) else []


def draw_embedding(d: Drawing, tokens: Shape, rows: Shape = ()) -> Attributes:
    return {"count": rows[0], "features": rows[1]} if rows else {"count": d.whole(1, 20), "features": d.whole(1, 8)}


def build_embedding(a: Attributes, tokens: Shape, rows: Shape = ()) -> Function:
    if not rows:
        return nn.Embedding(a["count"], a["features"])
    return lambda t, w: functional.embedding(t, w[0].reshape(a["count"], a["features"]))


def build_one_hot(a: Attributes, x: Shape) -> Function:
    return lambda t: t.unsqueeze(-1).expand(*t.shape, a["count"]).float()


WORDS = {
    "embed": Row(anything, draw_embedding, build_embedding, rows_of_embedding, of="int"),
    "one_hot": Row(anything, lambda d, x: {"count": d.whole(1, 9)}, build_one_hot, of="int"),
}


class Stored(nn.Module):
    """A tensor of the module itself, trained or not; for all samples the same."""

    def __init__(self, a: Attributes) -> None:
        super().__init__()
        tensor = torch.empty(*a["shape"])
        if a.get("trained", True):
            self.tensor = nn.Parameter(tensor)
        else:
            self.register_buffer("tensor", tensor)

    def forward(self) -> Tensor:
        return self.tensor.expand(BATCH, *self.tensor.shape)


STORED = {
    "parameter": Row(anything, none, Stored),
    "constant": Row(anything, none, lambda a: lambda: torch.empty(BATCH, *a["shape"], device=META)),
}
