"""Operators with weights, and products of matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from archcost.errors import ArchcostError
from archcost.importers.aten.elements import arithmetic, scaled
from archcost.importers.aten.places import slice_
from archcost.importers.aten.registry import Handler, operator, pair
from archcost.importers.attributes import given, one, over_maps
from archcost.importers.graph import Graph, Tensor


@operator("conv1d", "conv2d", "conv3d", "convolution")
def conv(g: Graph, shape: Any, /, input: Tensor, weight: Tensor, bias: Tensor | None, **a: Any) -> Tensor:
    """A convolution; depthwise where each channel has its own filters."""
    rank = len(weight.shape) - 2
    if a.get("transposed"):
        return transposed_conv(g, shape, input, weight, bias, **a)
    padding = a["padding"]
    groups, channels = a["groups"], input.shape[-rank - 1]
    attributes = given(
        kernel=one(weight.shape[2:]),
        stride=one(pair(a["stride"], rank)),
        pad=padding if isinstance(padding, str) else one(pair(padding, rank)),
        dilation=one(pair(a["dilation"], rank)),
        bias=bias is not None,
    )
    if padding == "same" and any(a_stride != 1 for a_stride in pair(a["stride"], rank)):
        raise ArchcostError(f"{g.where}: padding 'same' needs stride 1")
    if groups > 1 and groups == channels:
        multiplier = weight.shape[0] // channels
        kind, attributes = "depthwise", attributes | ({"multiplier": multiplier} if multiplier > 1 else {})
    else:
        kind, attributes = "conv", {"out": weight.shape[0], **attributes, **given(groups=groups)}
    return _filtered(g, kind, shape, input, weight, bias, attributes)


@operator("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def transposed_conv(g: Graph, shape: Any, /, input: Tensor, weight: Tensor, bias: Tensor | None, **a: Any) -> Tensor:
    """A transposed convolution."""
    rank = len(weight.shape) - 2
    attributes = given(
        kernel=one(weight.shape[2:]),
        stride=one(pair(a["stride"], rank)),
        pad=one(pair(a["padding"], rank)),
        output_pad=one(pair(a["output_padding"], rank)),
        dilation=one(pair(a["dilation"], rank)),
        groups=a["groups"],
        bias=bias is not None,
    )
    out = weight.shape[1] * a["groups"]
    return _filtered(g, "transposed_conv", shape, input, weight, bias, {"out": out, **attributes})


def _filtered(
    g: Graph, kind: str, shape: Any, x: Tensor, weight: Tensor, bias: Tensor | None, attributes: Mapping[str, Any]
) -> Tensor:
    """A layer with filters that are its own, or that are computed and therefore read."""
    x = g.batched(x) if len(x.shape) == len(weight.shape) else x
    if x.batch != 0 and len(x.shape) == len(weight.shape):
        return _over_first(g, kind, shape, x, weight, bias, attributes)
    batch = 0 if len(shape) == len(weight.shape) else None
    if g.owns(weight) and (bias is None or g.owns(bias)):
        return g.add(kind, [x], shape, batch, [weight, bias], **attributes)
    if bias is not None and not g.owns(bias):
        made = g.add(kind, [x, weight], shape, batch, **{**attributes, "bias": False})
        return arithmetic(g, "add", shape, made, g.reshape(bias, (*bias.shape, *[1] * (len(weight.shape) - 2))))
    return g.add(kind, [x, weight], shape, batch, [bias], **attributes)


def _over_first(
    g: Graph, kind: str, shape: Any, x: Tensor, weight: Tensor, bias: Tensor | None, attributes: Mapping[str, Any]
) -> Tensor:
    """Filters over many maps at once, as those of a video: along a spatial axis of their own, with a kernel of 1."""
    rank = len(weight.shape) - 2
    if rank == 3:
        raise ArchcostError(f"{g.where}: {kind} of {x.shape[0]} maps at once is not supported")
    order = (1, 0, *range(2, rank + 2))
    moved, there = g.permute(x, order), tuple(shape[i] for i in order)
    return g.permute(g.add(kind, [moved], there, None, [weight, bias], **over_maps(attributes, rank)), order)


@operator("linear", "addmm")
def linear(
    g: Graph, shape: Any, /, input: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, **a: Any
) -> Tensor:
    """A fully connected layer over the last axis."""
    if weight is None:  # addmm(bias, x, weight transposed)
        product = scaled(g, matmul(g, shape, a["mat1"], other=a["mat2"]), a["alpha"])
        return arithmetic(g, "add", shape, product, scaled(g, input, a["beta"]))
    batch = input.batch if input.batch is not None and input.batch < len(shape) - 1 else None
    x = input if batch == input.batch else g.whole(input)
    over = {"over": "last"} if len(x.sample) > 2 else {}
    if g.owns(weight) and (bias is None or g.owns(bias)):
        attributes = {"out": weight.shape[0], **given(bias=bias is not None), **over}
        return g.add("linear", [x], shape, batch, [weight, bias], **attributes)
    attributes = {"out": weight.shape[0], "bias": False, **over}
    if bias is not None and g.owns(bias):
        attributes.pop("bias")
        return g.add("linear", [x, weight], shape, batch, [bias], **attributes)
    made = g.add("linear", [x, weight], shape, batch, **attributes)
    return made if bias is None else arithmetic(g, "add", shape, made, bias)


@operator("matmul", "mm", "bmm", "mv")
def matmul(g: Graph, shape: Any, /, input: Tensor, **a: Any) -> Tensor:
    """A product of matrices, outer axes broadcast."""
    other = a.get("other", a.get("mat2", a.get("tensor2", a.get("vec"))))
    assert isinstance(other, Tensor)
    if min(len(input.shape), len(other.shape)) < 2:
        return g.add("matmul", [g.whole(input), g.whole(other)], shape, None)
    (x, y), batch = g.aligned([input, other], kept=2)
    return g.add("matmul", [x, y], shape, batch)


@operator("dot", "vdot", "inner")
def inner(g: Graph, shape: Any, /, input: Tensor, **a: Any) -> Tensor:
    """Products over the last axes of both."""
    other = a.get("other", a.get("tensor"))
    assert isinstance(other, Tensor)
    turned = other if len(other.shape) < 2 else g.permute(other, (*range(len(other.shape) - 2), -1, -2))
    if len(input.shape) > 2 or len(other.shape) > 2:
        raise ArchcostError("inner products of more than matrices are not supported")
    return matmul(g, shape, input, other=turned)


@operator("outer", "ger")
def outer(g: Graph, shape: Any, /, input: Tensor, vec2: Tensor, **_: Any) -> Tensor:
    """Each element of a vector times each of another."""
    return arithmetic(g, "multiply", shape, g.reshape(input, (*input.shape, 1)), vec2)


@operator("baddbmm")
def baddbmm(g: Graph, shape: Any, /, input: Tensor, batch1: Tensor, batch2: Tensor, **a: Any) -> Tensor:
    """Products of matrices, added to others."""
    product = scaled(g, matmul(g, shape, batch1, mat2=batch2), a["alpha"])
    return arithmetic(g, "add", shape, product, scaled(g, input, a["beta"]))


@operator("einsum")
def einsum(g: Graph, shape: Any, /, equation: str, tensors: Sequence[Tensor], **_: Any) -> Tensor:
    """A sum of products over named axes."""
    made = g.add("einsum", [g.whole(x) for x in tensors], shape, None, equation=equation)
    return g.batched(made) if shape[0] == 1 and any(x.batch is not None for x in tensors) else made


@operator("scaled_dot_product_attention")
def attention(
    g: Graph, shape: Any, /, query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, **a: Any
) -> Tensor:
    """Attention in one."""
    some = [query, key, value, *([attn_mask] if attn_mask is not None else [])]
    rank = len(query.shape)
    alike = all(x.batch == 0 for x in (query, key, value)) and (
        attn_mask is None or (len(attn_mask.shape) < rank or attn_mask.shape[0] == 1)
    )
    if alike:
        made = [*some[:3], *(_unbatched(g, x, rank) for x in some[3:])]
        return g.add("dot_product_attention", made, shape, 0, **({"causal": True} if a.get("is_causal") else {}))
    return g.add(
        "dot_product_attention",
        [g.whole(x) for x in some],
        shape,
        None,
        **({"causal": True} if a.get("is_causal") else {}),
    )


def _unbatched(g: Graph, x: Tensor, rank: int) -> Tensor:
    """A mask of the same rank without its batch axis."""
    return (
        g.batched(x) if len(x.shape) == rank and not x.constant else Tensor(x.shape[1:]) if len(x.shape) == rank else x
    )


@operator("embedding")
def embedding(g: Graph, shape: Any, /, weight: Tensor, indices: Tensor, **_: Any) -> Tensor:
    """Rows of a table by their numbers."""
    count, features = weight.shape
    batch = indices.batch
    if g.owns(weight):
        return g.add("embed", [indices], shape, batch, [weight], count=count, features=features)
    return g.add("embed", [indices, weight], shape, batch, count=count, features=features)


def _recurrent(kind: str) -> Handler:
    def handler(g: Graph, made: Any, /, input: Tensor, params: Sequence[Tensor], **a: Any) -> list[Any]:
        out = tuple(made[0].shape)
        directions = 2 if a["bidirectional"] else 1
        hidden = params[0].shape[0] // {"lstm": 4, "gru": 3, "rnn": 1}[kind]
        attributes = given(
            out=hidden,
            layers=a["num_layers"] if a["num_layers"] > 1 else None,
            bidirectional=a["bidirectional"] or None,
        )
        if not a["has_biases"]:
            attributes["bias"] = False
        if kind == "lstm" and out[-1] != directions * hidden:
            attributes["projection"] = out[-1] // directions
        x = g.batched(input, 0 if a["batch_first"] else 1)
        if x.batch is None:
            raise ArchcostError(f"{g.where}: {kind} over {x.shape} needs one sequence")
        sequence = g.add(kind, [x], out, x.batch, list(params), **attributes)
        return [sequence, *(_last_state(g, sequence, tuple(one.shape)) for one in made[1:])]

    return handler


def _last_state(g: Graph, sequence: Tensor, shape: tuple[int, ...]) -> Tensor:
    """What a recurrent layer ends with: the last position of its sequence.

    The states of lower layers, and cells behind a projection, are no part of the sequence: copies beside it.
    """
    tokens = 1 - (sequence.batch or 0)
    cut = tuple(1 if axis == tokens else size for axis, size in enumerate(sequence.shape))
    if prod(cut) == prod(shape):
        return g.seen_as(slice_(g, cut, sequence, tokens, sequence.shape[tokens] - 1), shape, 1)
    return g.add("gather", [sequence], shape, 1, out=(shape[0], shape[2]))


for _name, _kind in {"lstm": "lstm", "gru": "gru", "rnn_tanh": "rnn", "rnn_relu": "rnn"}.items():
    operator(f"{_name}.input")(_recurrent(_kind))
