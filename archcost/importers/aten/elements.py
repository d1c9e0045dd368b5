"""Operators on each element by itself, and what is known beforehand."""

from __future__ import annotations

from math import prod
from typing import Any

from archcost.importers.aten.registry import OPERATORS, Handler, operator
from archcost.importers.graph import Graph, Tensor

BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "maximum": "maximum", "minimum": "minimum",
    "remainder": "divide", "floor_divide": "divide", "true_divide": "divide", "rsub": "subtract", "pow": "power",
    "eq": "compare", "ne": "compare", "lt": "compare", "le": "compare", "gt": "compare", "ge": "compare",
    "logical_and": "compare", "logical_or": "compare", "bitwise_and": "compare", "bitwise_or": "compare",
}  # fmt: skip
SCALED = {"add": "shift", "sub": "shift", "rsub": "shift", "mul": "scale", "div": "scale"}


def arithmetic(g: Graph, op: str, shape: Any, a: Tensor, b: Tensor) -> Tensor:
    """An operation on two tensors, broadcast."""
    if a.constant and b.constant:
        return Tensor(shape)
    xs, batch = g.aligned([a, b])
    return g.add(op, xs, shape, batch)


def _binary(name: str) -> Handler:
    def handler(
        g: Graph, shape: Any, /, input: Any = None, other: Any = None, exponent: Any = None, **_: Any
    ) -> Tensor:
        other = exponent if other is None else other
        tensors = [x for x in (input, other) if isinstance(x, Tensor)]
        if len(tensors) == 2:
            return arithmetic(g, BINARY[name], shape, *tensors)
        (x,) = tensors
        if name in SCALED:
            kept = {"scale": {"shift": False}, "shift": {"scale": False}}[SCALED[name]]
            return g.add("affine", [x], shape, x.batch, **kept)
        if name == "pow":
            return g.add(
                {2: "square", 0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}.get(other, "pow"), [x], shape, x.batch
            )
        unary = {"compare": "clamp", "divide": "affine"}.get(BINARY[name], "clamp")
        return g.add(unary, [x], shape, x.batch, **({"shift": False} if unary == "affine" else {}))

    return handler


for _name in BINARY:
    OPERATORS[_name] = _binary(_name)

UNARY = {
    "relu": "relu", "relu6": "relu6", "leaky_relu": "leaky_relu", "elu": "elu", "selu": "selu", "celu": "elu",
    "sigmoid": "sigmoid", "tanh": "tanh", "softplus": "softplus", "gelu": "gelu", "silu": "silu", "mish": "mish",
    "hardsigmoid": "hardsigmoid", "hardswish": "hardswish", "softmax": "softmax", "_softmax": "softmax",
    "log_softmax": "softmax", "exp": "exp", "log": "log", "sqrt": "sqrt", "rsqrt": "rsqrt", "sin": "sin",
    "cos": "cos", "erf": "erf", "neg": "neg", "abs": "abs", "square": "square", "reciprocal": "reciprocal",
    "sign": "sign", "round": "round", "floor": "round", "ceil": "round", "clamp": "clamp", "clamp_min": "clamp",
    "clamp_max": "clamp", "hardtanh": "clamp", "logical_not": "logical_not", "bitwise_not": "logical_not",
}  # fmt: skip


def _unary(op: str) -> Handler:
    def handler(g: Graph, shape: Any, /, input: Tensor, **_: Any) -> Tensor:
        return g.add(op, [input], shape, input.batch)

    return handler


for _name, _op in UNARY.items():
    OPERATORS[_name] = _unary(_op)


@operator("hardtanh")
def hardtanh(g: Graph, shape: Any, /, input: Tensor, min_val: Any = -1, max_val: Any = 1, **_: Any) -> Tensor:
    """ReLU6 is a hardtanh between 0 and 6."""
    return g.add("relu6" if (min_val, max_val) == (0, 6) else "clamp", [input], shape, input.batch)


@operator("prelu")
def prelu(g: Graph, shape: Any, /, input: Tensor, weight: Tensor, **_: Any) -> Tensor:
    """A trained slope, for each channel or one for all."""
    per_channel = prod(weight.shape) > 1 or input.shape[1] == 1
    return g.add("prelu", [input], shape, input.batch, [weight], **({} if per_channel else {"per_channel": False}))


@operator("dropout", "feature_dropout", "alpha_dropout")
def dropout(g: Graph, shape: Any, /, input: Tensor, p: float = 0.5, train: bool = False, **_: Any) -> Tensor:
    """Nothing at inference; the layer stays, for people look for it."""
    if input.constant or not p:
        return input
    return g.add("dropout", [input], shape, input.batch, **({"rate": p} if p != 0.5 else {}))


@operator("addcmul")
def addcmul(g: Graph, shape: Any, /, input: Tensor, tensor1: Tensor, tensor2: Tensor, **_: Any) -> Tensor:
    """A sum of one tensor and the product of two others."""
    rank = max(len(tensor1.shape), len(tensor2.shape))
    first, second = ((*[1] * (rank - len(x.shape)), *x.shape) for x in (tensor1, tensor2))
    product = tuple(m if n == 1 else n for n, m in zip(first, second, strict=True))
    return arithmetic(g, "add", shape, input, arithmetic(g, "multiply", product, tensor1, tensor2))


@operator("where", "masked_fill")
def where(g: Graph, shape: Any, /, input: Any = None, other: Any = None, **a: Any) -> Tensor:
    """One of two tensors, as a third says."""
    some = [x for x in (a.get("condition"), a.get("mask"), input, other) if isinstance(x, Tensor)]
    if all(x.constant for x in some):
        return Tensor(shape)
    xs, batch = g.aligned([*some, *[Tensor((1,))] * (3 - len(some))])
    return g.add("where", xs, shape, batch)


def _constant(g: Graph, shape: Any, /, **_: Any) -> Any:
    if isinstance(shape, list | tuple) and shape and not isinstance(shape[0], int):
        return [Tensor(tuple(one.shape)) for one in shape]
    return Tensor(shape) if isinstance(shape, tuple) else shape


for _name in (
    "arange", "zeros", "ones", "full", "eye", "linspace", "scalar_tensor", "meshgrid", "new_zeros", "new_ones",
    "new_full", "zeros_like", "ones_like", "full_like", "empty", "rand", "randn", "tril", "triu", "tril_indices",
    "_assert_tensor_metadata", "_assert_async", "new_empty", "empty_like",
):  # fmt: skip
    OPERATORS[_name] = _constant
