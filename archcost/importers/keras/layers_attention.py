"""Attention."""

from __future__ import annotations

from math import prod
from typing import Any

from archcost.errors import ArchcostError
from archcost.importers.keras.arguments import listed, value_of
from archcost.importers.keras.config import Layer, is_size
from archcost.importers.keras.reading import Reading
from archcost.importers.keras.registry import layer
from archcost.importers.keras.values import Value


@layer("MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention")
def multi_head(
    r: Reading, c: Layer, query: Any = None, value: Any = None, key: Any = None, query_mask: Any = None,
    value_mask: Any = None, key_mask: Any = None, attention_mask: Any = None, return_attention_scores: bool = False,
    use_causal_mask: bool = False, **_: Any,
) -> Value:  # fmt: skip
    """Projections of all heads, attention, and a projection of what they give."""
    if return_attention_scores or c.config.get("use_gate"):
        raise ArchcostError("attention that is gated or gives its scores is not supported")
    q = value_of(query)
    v = value_of(value) if value is not None else q
    k = value_of(key) if key is not None else v
    shape, axes = q.shape, c.axes("attention_axes")
    if len(shape) > 2 and axes is not None and sorted(q.own(axis) for axis in axes) != list(range(len(shape) - 1)):
        raise ArchcostError("attention along some axes only is not supported")
    tokens = [r.plain(r.reshaped(x, (prod(x.shape[:-1]), x.shape[-1]))) for x in (q, k, v)]
    if c.kind == "MultiHeadAttention":
        heads = shared = c.count("num_heads")
        wide = c.count("key_dim")
        deep = c.count("value_dim", wide)
    else:
        heads, shared = c.count("num_query_heads"), c.count("num_key_value_heads")
        wide = deep = c.count("head_dim")
    bias = c.flag("use_bias", True)
    parts = []
    for name, x, many, features in zip(
        ("query", "key", "value"), tokens, (heads, shared, shared), (wide, wide, deep), strict=True
    ):
        r.graph.module = f"{c.name}/{name}"
        made = r.linear(x, many * features, bias, f"{c.name}/{name}")
        split = r.seen(made, (made.shape[0], many, features), (0, 1, 2))
        parts.append(r.arranged(split, (1, 0, 2)))
    r.graph.module = c.name
    mask = attention_mask if isinstance(attention_mask, Value) else None
    masks = []
    if mask is not None:
        mask = r.plain(mask)
        masks = [mask if len(mask.axes) != 1 else r.seen(mask, (1, *mask.shape), (0, 1))]
    causal = {"causal": True} if use_causal_mask is True else {}
    summed = r.add("dot_product_attention", [*parts, *masks], (1, 0, 2), **causal)
    beside = r.reshaped(r.plain(summed), (tokens[0].shape[0], heads * deep))
    held = c.config.get("output_shape")
    out = shape[-1] if held is None else held
    out = out[0] if isinstance(out, list | tuple) and len(out) == 1 else out
    if not is_size(out):
        raise c.wrong("output_shape", "one number")
    r.graph.module = f"{c.name}/attention_output"
    made = r.linear(beside, out, bias, f"{c.name}/attention_output")
    return r.reshaped(made, (*shape[:-1], out))


@layer("Attention")
def attention(r: Reading, c: Layer, inputs: Any, *_: Any, use_causal_mask: bool = False, **__: Any) -> Value:
    """Products of queries and keys, not scaled but by a trained number, and the values that they weigh."""
    some = [r.plain(value_of(x)) for x in listed([inputs])]
    if c.config.get("score_mode", "dot") != "dot" or not 2 <= len(some) <= 3:
        raise ArchcostError("attention whose score_mode is not dot is not supported")
    query, value, key = (*some, some[1])[:3]
    scaled = c.flag("use_scale", False)
    if scaled:
        r.stored("scale", (1,))
    return r.add(
        "dot_product_attention",
        [query, key, value],
        query.axes,
        scaled=scaled,
        **({"causal": True} if use_causal_mask else {}),
    )
