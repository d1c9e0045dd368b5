"""Which layers do operators with weights become, and products of matrices?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from archcost.dims import Shape, sizes
from archcost.errors import ArchcostError
from archcost.importers.attributes import given, one, over_maps
from archcost.importers.graph import Tensor
from archcost.importers.onnx.file import NAME
from archcost.importers.onnx.making import Maker
from archcost.importers.onnx.places import reshaped
from archcost.importers.onnx.registry import OPERATORS, Call, Made, operator
from archcost.importers.onnx.values import Value, blank, broadcast
from archcost.importers.onnx.windows import windows


@operator("Conv", "FusedConv")
def conv(m: Maker, c: Call) -> Value:
    """A convolution; depthwise where each channel has its own filters."""
    x, weight, bias = c[0], c[1], c.given(2)
    rank, groups = len(weight.shape) - 2, c.number("group", 1)
    if not 1 <= rank <= 3 or len(x.shape) != rank + 2 or groups < 1:
        raise ArchcostError(f"filters of {sizes(weight.shape)} in {groups} groups do not fit {sizes(x.shape)}")
    if weight.shape[1] * groups != x.shape[1] or c.numbers("kernel_shape", usual=weight.shape[2:]) != weight.shape[2:]:
        raise ArchcostError(f"filters of {sizes(weight.shape)} in {groups} groups do not fit {sizes(x.shape)}")
    attributes = {"kernel": one(weight.shape[2:]), **windows(c, x.shape[2:], weight.shape[2:])}
    if groups > 1 and groups == x.shape[1]:
        multiplier = weight.shape[0] // groups
        kind, attributes = "depthwise", attributes | ({"multiplier": multiplier} if multiplier > 1 else {})
    else:
        kind, attributes = "conv", {"out": weight.shape[0], **attributes, **given(groups=groups)}
    made = _filtered(m, kind, x, weight, bias, attributes)
    activation = OPERATORS.get(c.text("activation", "")) if c.op == "FusedConv" else None
    done = activation(m, replace(c, inputs=[made], attributes={})) if activation else made
    return done if isinstance(done, Value) else made


@operator("ConvTranspose")
def transposed_conv(m: Maker, c: Call) -> Value:
    """A transposed convolution."""
    x, weight = c[0], c[1]
    rank, groups = len(weight.shape) - 2, c.number("group", 1)
    if not 1 <= rank <= 3 or len(x.shape) != rank + 2 or weight.shape[0] != x.shape[1] or groups < 1:
        raise ArchcostError(f"filters of {sizes(weight.shape)} do not fit {sizes(x.shape)}")
    space, kernel = x.shape[2:], weight.shape[2:]
    attributes = windows(replace(c, attributes={**c.attributes, "auto_pad": "NOTSET"}), space, kernel)
    extra = c.numbers("output_padding", usual=[0] * rank)
    wanted = c.numbers("output_shape")
    stride = c.numbers("strides", usual=[1] * rank)
    dilation = c.numbers("dilations", usual=[1] * rank)
    auto = c.text("auto_pad", "NOTSET")
    if wanted is None and auto.startswith("SAME"):
        wanted = tuple(n * s for n, s in zip(space, stride, strict=True))
    if wanted is not None:
        steps = zip(space, kernel, stride, dilation, extra, wanted[-rank:], strict=True)
        surplus = [(n - 1) * s + d * (k - 1) + 1 + e - w for n, k, s, d, e, w in steps]
        extra = tuple(e + max(-n, 0) for e, n in zip(extra, surplus, strict=True))
        ends = [(max(n, 0) // 2, max(n, 0) - max(n, 0) // 2) for n in surplus]
        attributes["pad"] = tuple(end[::-1] for end in ends) if auto == "SAME_LOWER" else tuple(ends)
    if len(extra) != rank or min(extra) < 0:
        raise ArchcostError(f"output padding of {extra} does not fit a kernel of {sizes(kernel)}")
    attributes |= given(kernel=one(kernel), output_pad=one(extra), groups=groups)
    return _filtered(m, "transposed_conv", x, weight, c.given(2), {"out": weight.shape[1] * groups, **attributes})


def _filtered(m: Maker, kind: str, x: Value, weight: Value, bias: Value | None, attributes: dict[str, Any]) -> Value:
    """A layer with filters that are its own, or that are computed and therefore read; also over many maps at once."""
    rank, after = len(weight.shape) - 2, (1,) * (len(weight.shape) - 2)
    tensor = m.graph.batched(m.read(x))
    if x.constant and x.shape[0] == 1:
        tensor = Tensor(x.shape[1:])
    elif tensor.batch != 0:
        if rank == 3:
            raise ArchcostError(f"{kind} of {x.shape[0]} maps at once is not supported")
        order = (1, 0, *range(2, rank + 2))
        tensor = m.graph.permute(m.graph.whole(tensor), order)
        made = _weighed(m, kind, tensor, None, weight, bias, after, over_maps(attributes, rank))
        made = m.graph.permute(made, order)
        return Value(made, made.shape)
    made = _weighed(m, kind, tensor, 0, weight, bias, after, attributes)
    return Value(made, made.shape)


def _weighed(
    m: Maker, kind: str, x: Tensor, batch: int | None, weight: Value, bias: Value | None, after: Shape,
    attributes: dict[str, Any],
) -> Tensor:  # fmt: skip
    """A layer with weights and perhaps a bias, along the axis that has so many behind it."""
    own_bias = bias if m.is_weight(bias) else None
    attributes = attributes if own_bias else {**attributes, "bias": False}
    own = _own(m, weight, own_bias)
    if own is None:
        made = m.layer(kind, [x, m.read(weight)], batch, m.own(own_bias), **attributes)
    else:
        made = m.layer(kind, [x], batch, own, **attributes)
    if bias is None or own_bias:
        return made
    return m.joined("add", [Value(made, made.shape), reshaped(m, bias, (*bias.shape, *after))]).tensor


def _own(m: Maker, weight: Value, bias: Value | None) -> list[Tensor] | None:
    """The weights of a layer: those of an earlier one, if both have the same. None if it cannot have them as its own:
    they are computed, or those of a layer that has another bias."""
    if not m.owns(weight) or weight.tensor.weight is None:
        return None
    name = weight.tensor.weight.name
    other = bias.tensor.weight.name if bias is not None and bias.tensor.weight else ""
    if name not in m.graph.owned:
        m.weighed[name] = (other, m.own(weight, bias))
    if name in m.weighed:
        return m.weighed[name][1] if m.weighed[name][0] == other else None
    return None if other else [m.graph.stored[name]]  # those of an embedding


@operator("Gemm", "FusedGemm")
def gemm(m: Maker, c: Call) -> Value:
    """A product of matrices and a sum; with stored weights a fully connected layer."""
    x, weight, bias = c[0], c[1], c.given(2)
    if len(x.shape) != 2 or len(weight.shape) != 2:
        raise ArchcostError(f"cannot multiply {sizes(x.shape)} with {sizes(weight.shape)}")
    x = _turned(m, x) if c.number("transA", 0) else x
    if c.number("transB", 0):
        weight = _turned(m, weight)
    if weight.stored and (bias is None or bias.shape == (weight.shape[1],)):
        return linear(m, x, weight, bias)
    made = product(m, x, weight, None)
    return made if bias is None else m.joined("add", [made, bias])


def _turned(m: Maker, x: Value) -> Value:
    """A matrix with its last two axes exchanged."""
    order = (*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2)
    return m.transposed(x, order)


def linear(m: Maker, x: Value, weight: Value, bias: Value | None) -> Value:
    """A fully connected layer over the last axis."""
    if x.shape[-1:] != weight.shape[:1]:
        raise ArchcostError(f"cannot multiply {sizes(x.shape)} with {sizes(weight.shape)}")
    tensor = m.read(x)
    if tensor.batch == len(x.shape) - 1:
        tensor = m.graph.whole(tensor)
    over = {"over": "last"} if len(tensor.sample) > 2 else {}
    made = _weighed(m, "linear", tensor, tensor.batch, weight, bias, (), {"out": weight.shape[1], **over})
    return Value(made, (*x.shape[:-1], weight.shape[1]))


@operator("MatMul", "FusedMatMul")
def matmul(m: Maker, c: Call) -> Value:
    """A product of matrices, perhaps turned."""
    a, b = c[0], c[1]
    a = _turned(m, a) if c.number("transA", 0) and len(a.shape) > 1 else a
    b = _turned(m, b) if c.number("transB", 0) and len(b.shape) > 1 else b
    return product(m, a, b, c.bias)


def product(m: Maker, a: Value, b: Value, bias: Value | None) -> Value:
    """A product of matrices, outer axes broadcast; with a stored matrix a fully connected layer."""
    if not len(a.shape) or not len(b.shape):
        raise ArchcostError("cannot multiply a number as a matrix")
    if b.stored and len(b.shape) == 2 and (b.tensor.weight is None or b.tensor.weight.name not in m.graph.given):
        return linear(m, a, b, bias)
    x, y = m.read(a), m.read(b)
    if min(len(a.shape), len(b.shape)) < 2:
        made = m.layer("matmul", [m.graph.whole(x), m.graph.whole(y)], None)
        return Value(made, () if len(a.shape) == len(b.shape) else made.shape)
    if a.constant and b.constant:
        shape = (*broadcast([a.shape[:-2], b.shape[:-2]]), a.shape[-2], b.shape[-1])
        return blank(shape)
    (x, y), batch = m.graph.aligned([x, y], kept=2)
    made = m.layer("matmul", [x, y], batch)
    return Value(made, made.shape)


@operator("Einsum")
def einsum(m: Maker, c: Call) -> Value:
    """A sum of products over named axes."""
    equation = c.text("equation", "")
    if len(equation) > NAME:
        raise ArchcostError("the equation is too long")
    xs = [m.graph.whole(m.read(x)) for x in c.inputs if x is not None]
    made = m.layer("einsum", xs, None, equation=equation)
    if made.shape[:1] == (1,) and any(x is not None and x.tensor.batch is not None for x in c.inputs):
        made = m.graph.batched(made)
    return Value(made, made.shape)


@operator("Attention")
def attention(m: Maker, c: Call) -> Made:
    """Attention in one, of heads that have an axis."""
    some = [x for x in c.inputs if x is not None]
    if len(some) < 3 or any(len(x.shape) != 4 for x in some[:3]) or len(c.inputs) > 4:
        return m.uncounted("Attention", [m.read(x) for x in some], _needed(c))
    xs = [m.read(x) for x in some]
    causal = {"causal": True} if c.number("is_causal", 0) else {}
    alike = all(x.batch == 0 for x in xs[:3]) and (len(xs) == 3 or len(xs[3].shape) < 4)
    made = m.layer(
        "dot_product_attention", xs if alike else [m.graph.whole(x) for x in xs], 0 if alike else None, **causal
    )
    return Value(made, made.shape)


def _needed(c: Call) -> Shape:
    """The shape that the file says, where it cannot be worked out."""
    if not c.declared or c.declared[0] is None:
        raise ArchcostError("the shape that it makes is not known")
    return c.declared[0]
