"""Attention between tokens: as one layer, and step by step, as scores, biases of positions, weighted sums of values."""

from __future__ import annotations

from math import prod

from archcost.cost import Cost, layer
from archcost.dims import Dim, Shape, divides, each, require, same
from archcost.layers.activation import softmax
from archcost.layers.shapes import aligned, alike, wider
from archcost.window import Spatial


@layer
def dot_product_attention(
    query: Shape, key: Shape, value: Shape, mask: Shape | None = None, *, causal: bool = False, scaled: bool = True
) -> Cost:
    """Scaled dot-product attention of `... x heads x tokens x features`: `softmax(query * key + mask) * value`.

    The multiply-accumulates are those of both products, for every pair of tokens also where it is masked. The queries
    are scaled first, a product for each element, unless they are not `scaled`; a mask, and that of `causal`, is an
    addition for each pair; the softmax counts as the layer of that name. Keys and values may have fewer heads, which
    divide those of the query; the features of the values may be others. What is held between the steps is workspace.
    Refuses what does not fit, and a mask that is larger than `... x heads x tokens x tokens`.
    Source: Vaswani et al. 2017, arXiv:1706.03762, equation 1; heads that share keys: Ainslie et al. 2023,
    arXiv:2305.13245; torch.nn.functional.scaled_dot_product_attention.
    """
    *outer, tokens, features = _tokens(query)
    *others, keys, key_features = _tokens(key)
    *_, value_features = _tokens(value)
    fits = alike(tuple(outer[:-1]), tuple(others[:-1])) and len(outer) == len(others)
    require(fits and same(features, key_features) is not False, "cannot compare {} with {}", query, key)
    for heads, shared in zip(outer[-1:], others[-1:], strict=True):
        require(divides(shared, heads), "{} heads of keys do not divide into {} of queries", shared, heads)
    require(alike(value[:-1], key[:-1]), "cannot weigh {} by keys {}", value, key)
    scores = (*outer, tokens, keys)
    _check_mask(mask, scores)
    n = prod(scores)
    smooth = softmax(scores).ops
    return Cost(
        out=(*outer, tokens, value_features),
        ops={
            **smooth,
            "mac": n * (features + value_features),
            "mul": prod(query) if scaled else 0,
            "add": smooth["add"] + (causal + (mask is not None)) * n,
        },
        windows="mixed",
    )


def _check_mask(mask: Shape | None, scores: Shape) -> None:
    """Refuse a mask that does not fit the scores, or is larger."""
    if mask is not None:
        both = wider(aligned(mask, len(scores)), scores)
        require(both is not None and alike(both, scores), "cannot mask {} with {}", scores, mask)


@layer
def attention_scores(query: Shape, key: Shape, *, heads: Dim = 1, scaled: bool = True) -> Cost:
    """The products of every query with every key, both `... x tokens x features`, as `... x heads x tokens x tokens`.

    The features are dealt out to the heads. The queries are scaled first, a product for each element, unless they are
    not `scaled`. Axes before the tokens, such as windows, are worked on one by one. Refuses features that differ or do
    not divide.
    Source: Vaswani et al. 2017, arXiv:1706.03762, equation 1 and section 3.2.2.
    """
    *outer, tokens, features = _tokens(query)
    *others, keys, key_features = _tokens(key)
    fits = alike(tuple(outer), tuple(others)) and same(features, key_features) is not False
    require(fits, "cannot compare {} with {}", query, key)
    require(divides(heads, features), "{} features do not divide into {} heads", features, heads)
    out = (*outer, heads, tokens, keys)
    ops = {"mac": prod(outer) * tokens * keys * features, "mul": prod(query) if scaled else 0}
    return Cost(out=out, ops=ops, windows="mixed")


@layer
def weighted_values(weights: Shape, value: Shape) -> Cost:
    """The sum of the values, each times its weight: `... x heads x tokens x tokens` on `... x tokens x features`.

    The results of all heads stand side by side again. Refuses as many tokens or heads as do not fit.
    Source: Vaswani et al. 2017, arXiv:1706.03762, equation 1 and section 3.2.2.
    """
    require(len(weights) >= 3, "needs weights of heads x tokens x tokens, gets {}", weights)
    *outer, heads, tokens, keys = weights
    *others, values, features = _tokens(value)
    fits = alike(tuple(outer), tuple(others)) and same(keys, values) is not False
    require(fits, "cannot weigh {} with {}", value, weights)
    require(divides(heads, features), "{} features do not divide into {} heads", features, heads)
    return Cost(out=(*outer, tokens, features), ops={"mac": prod(outer) * tokens * keys * features}, windows="mixed")


def _tokens(x: Shape) -> Shape:
    require(len(x) >= 2, "needs tokens x features, gets {}", x)
    return x


@layer
def relative_position_bias(table: Shape, *, window: Spatial) -> Cost:
    """What is added to the scores of each pair of positions of a window, looked up in a table by their distance.

    The table has a row for each distance and a column for each head: `(2 * window - 1)**2 x heads` in two dimensions.
    The rows to look up, one for each pair, are a buffer. Gives `1 x heads x positions x positions`.
    Source: Liu et al. 2021, arXiv:2103.14030, equation 4; torchvision.models.swin_transformer.
    """
    require(len(table) == 2, "needs a table of distances x heads, gets {}", table)
    distances, heads = table
    sides = each(window, 2)
    fits = same(prod(2 * side - 1 for side in sides), distances)
    require(fits, "a window of {} needs another table than {} distances", sides, distances)
    positions = prod(sides)
    return Cost(out=(1, heads, positions, positions), buffers={"index": positions * positions}, windows="mixed")
