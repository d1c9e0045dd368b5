"""Attention."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from archcost.dims import Shape
from archcost.errors import ArchcostError
from archcost.importers.graph import Tensor
from archcost.importers.keras.arguments import listed, value_of
from archcost.importers.keras.config import Layer, is_size
from archcost.importers.keras.reading import Reading
from archcost.importers.keras.registry import layer
from archcost.importers.keras.values import Constant, Value


@layer("MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention")
def multi_head(
    r: Reading, c: Layer, query: Any = None, value: Any = None, key: Any = None, query_mask: Any = None,
    value_mask: Any = None, key_mask: Any = None, attention_mask: Any = None, return_attention_scores: bool = False,
    use_causal_mask: bool = False, **_: Any,
) -> Value:  # fmt: skip
    """Projections of all heads, attention, and a projection of what they give."""
    if return_attention_scores:
        raise ArchcostError("attention that gives its scores is not supported")
    q = value_of(query)
    v = value_of(value) if value is not None else q
    k = value_of(key) if key is not None else v
    heads = _heads(c, q)
    parts = [
        _projected(r, f"{c.name}/query", q, heads.queries, heads.wide, heads.bias),
        _projected(r, f"{c.name}/key", k, heads.shared, heads.wide, heads.bias),
        _projected(r, f"{c.name}/value", v, heads.shared, heads.deep, heads.bias),
    ]
    r.graph.module = c.name
    masks = _score_masks(r, attention_mask)
    summed = r.add("dot_product_attention", [*parts, *masks], (1, 0, 2), **_causal(use_causal_mask))
    beside = r.reshaped(r.plain(summed), (prod(q.shape[:-1]), heads.queries * heads.deep))
    r.graph.module = f"{c.name}/attention_output"
    made = r.linear(beside, heads.out, heads.bias, f"{c.name}/attention_output")
    return r.reshaped(made, (*q.shape[:-1], heads.out))


class Heads(NamedTuple):
    """How many heads there are, and how many features each has."""

    queries: int
    shared: int  # of keys and values, which several queries may share
    wide: int  # a query and a key
    deep: int  # a value
    out: int  # behind all heads
    bias: bool


def _heads(c: Layer, query: Value) -> Heads:
    """What the configuration says about the heads."""
    shape, axes = query.shape, c.axes("attention_axes")
    if c.config.get("use_gate"):
        raise ArchcostError("attention that is gated is not supported")
    if len(shape) > 2 and axes is not None and sorted(query.own(axis) for axis in axes) != list(range(len(shape) - 1)):
        raise ArchcostError("attention along some axes only is not supported")
    out = _features(c, shape)
    bias = c.flag("use_bias", True)
    if c.kind == "MultiHeadAttention":
        heads, wide = c.count("num_heads"), c.count("key_dim")
        return Heads(heads, heads, wide, c.count("value_dim", wide), out, bias)
    wide = c.count("head_dim")
    return Heads(c.count("num_query_heads"), c.count("num_key_value_heads"), wide, wide, out, bias)


def _features(c: Layer, shape: Shape) -> int:
    """How many features there are behind all heads: as many as before unless it says so."""
    held = c.config.get("output_shape")
    out = shape[-1] if held is None else held
    out = out[0] if isinstance(out, list | tuple) and len(out) == 1 else out
    if not is_size(out):
        raise c.wrong("output_shape", "one number")
    return out


def _projected(r: Reading, name: str, x: Value, heads: int, features: int, bias: bool) -> Value:
    """Queries, keys or values of all heads: `heads x tokens x features`."""
    tokens = r.plain(r.reshaped(x, (prod(x.shape[:-1]), x.shape[-1])))
    r.graph.module = name
    made = r.linear(tokens, heads * features, bias, name)
    return r.arranged(r.seen(made, (made.shape[0], heads, features), (0, 1, 2)), (1, 0, 2))


def _score_masks(r: Reading, mask: Any) -> list[Value | Tensor]:
    """The mask of the scores, if there is one."""
    if isinstance(mask, Constant):
        return [Tensor(mask.shape[1:] if len(mask.shape) > 2 else mask.shape)]
    if not isinstance(mask, Value):
        return []
    mask = r.plain(mask)
    return [mask if len(mask.axes) != 1 else r.seen(mask, (1, *mask.shape), (0, 1))]


@layer("Attention")
def attention(
    r: Reading, c: Layer, inputs: Any, mask: Any = None, *_: Any, use_causal_mask: bool = False, **__: Any
) -> Value:
    """Products of queries and keys, not scaled but by a trained number, and the values that they weigh.

    One mask chooses the values, another what is made.
    """
    some = [r.plain(value_of(x)) for x in listed([inputs])]
    if c.config.get("score_mode", "dot") != "dot" or not 2 <= len(some) <= 3:
        raise ArchcostError("attention whose score_mode is not dot is not supported")
    query, value, key = (*some, some[1])[:3]
    scaled = c.flag("use_scale", False)
    if scaled:
        r.stored("scale", (1,))
    of_query, of_value = (*(mask or ()), None, None)[:2]
    read = [query, key, value, *_score_masks(r, of_value)]
    made = r.add("dot_product_attention", read, query.axes, scaled=scaled, **_causal(use_causal_mask))
    if of_query is None:
        return made
    chosen = r.seen(value_of(of_query), (*value_of(of_query).shape, 1), (0, 1))
    return r.joined("where", [chosen, made, Constant((1,))])


def _causal(causal: bool) -> dict[str, bool]:
    """Whether each token sees only those before it."""
    return {"causal": True} if causal is True else {}
