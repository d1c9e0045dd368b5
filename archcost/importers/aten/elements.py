"""Operators on each element by itself, and what is known beforehand."""

from __future__ import annotations

from math import prod
from typing import Any

from archcost.importers.aten.registry import Handler, operator
from archcost.importers.graph import Graph, Tensor

BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "maximum": "maximum", "minimum": "minimum",
    "remainder": "divide", "floor_divide": "divide", "true_divide": "divide", "rsub": "subtract", "pow": "power",
    "eq": "compare", "ne": "compare", "lt": "compare", "le": "compare", "gt": "compare", "ge": "compare",
    "logical_and": "compare", "logical_or": "compare", "bitwise_and": "compare", "bitwise_or": "compare",
}  # fmt: skip
SUMS = ("add", "sub", "rsub")
FACTORS = ("mul", "div", "true_divide")  # by a number: a multiplication
POWERS: dict[Any, str] = {2: "square", 0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}
NUMBER = Tensor((1,))


def arithmetic(g: Graph, op: str, shape: Any, a: Tensor, b: Tensor) -> Tensor:
    """An operation on two tensors, broadcast."""
    if a.constant and b.constant:
        return Tensor(shape)
    xs, batch = g.aligned([a, b])
    return g.add(op, xs, shape, batch)


def scaled(g: Graph, x: Any, factor: Any) -> Any:
    """A tensor times a number; a number times a number is known beforehand."""
    return g.add("affine", [x], x.shape, x.batch, shift=False) if isinstance(x, Tensor) and factor != 1 else x


def _binary(name: str) -> Handler:
    def handler(
        g: Graph, shape: Any, /, input: Any = None, other: Any = None, exponent: Any = None, alpha: Any = 1, **_: Any
    ) -> Tensor:
        other = exponent if other is None else other
        if name == "rsub":
            input = scaled(g, input, alpha)
        else:
            other = scaled(g, other, alpha)
        if isinstance(input, Tensor) and isinstance(other, Tensor):
            return arithmetic(g, BINARY[name], shape, input, other)
        return _with_number(g, name, shape, input, other)

    return handler


def _with_number(g: Graph, name: str, shape: Any, a: Any, b: Any) -> Tensor:
    """An operation on a tensor and a number, whichever comes first."""
    x: Tensor = a if isinstance(a, Tensor) else b
    if name in SUMS:
        return g.add("affine", [x], shape, x.batch, scale=False)
    if name in FACTORS:
        return g.add("affine", [x], shape, x.batch, shift=False)
    if name == "pow":
        return g.add(POWERS.get(b, "pow"), [x], shape, x.batch)
    return arithmetic(g, BINARY[name], shape, x, NUMBER)


for _name in BINARY:
    operator(_name)(_binary(_name))
operator("max.other")(_binary("maximum"))
operator("min.other")(_binary("minimum"))

UNARY = {
    "relu": "relu", "relu6": "relu6", "leaky_relu": "leaky_relu", "elu": "elu", "selu": "selu", "celu": "elu",
    "sigmoid": "sigmoid", "tanh": "tanh", "softplus": "softplus", "gelu": "gelu", "silu": "silu", "mish": "mish",
    "hardsigmoid": "hardsigmoid", "hardswish": "hardswish", "softmax": "softmax", "_softmax": "softmax",
    "log_softmax": "softmax", "exp": "exp", "log": "log", "sqrt": "sqrt", "rsqrt": "rsqrt", "sin": "sin",
    "cos": "cos", "erf": "erf", "neg": "neg", "abs": "abs", "square": "square", "reciprocal": "reciprocal",
    "sign": "sign", "round": "round", "floor": "round", "ceil": "round", "logical_not": "logical_not",
    "bitwise_not": "logical_not",
}  # fmt: skip


def _unary(op: str) -> Handler:
    def handler(g: Graph, shape: Any, /, input: Tensor, **_: Any) -> Tensor:
        return g.add(op, [input], shape, input.batch)

    return handler


for _name, _op in UNARY.items():
    operator(_name)(_unary(_op))


@operator("clamp", "clamp_min", "clamp_max")
def clamp(g: Graph, shape: Any, /, input: Tensor, min: Any = None, max: Any = None, **_: Any) -> Tensor:
    """Between two numbers; with one end, or ends that are tensors, the larger or the smaller of each two."""
    if not any(end is None or isinstance(end, Tensor) for end in (min, max)):
        return g.add("clamp", [input], shape, input.batch)
    made = input
    for op, end in (("maximum", min), ("minimum", max)):
        if end is not None:
            other = end if isinstance(end, Tensor) else NUMBER
            made = arithmetic(g, op, broadcast(made, other), made, other)
    return made


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
def addcmul(
    g: Graph, shape: Any, /, input: Tensor, tensor1: Tensor, tensor2: Tensor, value: Any = 1, **_: Any
) -> Tensor:
    """A sum of one tensor and the product of two others."""
    product = arithmetic(g, "multiply", broadcast(tensor1, tensor2), tensor1, tensor2)
    return arithmetic(g, "add", shape, input, scaled(g, product, value))


def broadcast(a: Tensor, b: Tensor) -> tuple[int, ...]:
    """The shape that two tensors have together."""
    rank = max(len(a.shape), len(b.shape))
    first, second = ((*[1] * (rank - len(x.shape)), *x.shape) for x in (a, b))
    return tuple(m if n == 1 else n for n, m in zip(first, second, strict=True))


@operator("where", "masked_fill")
def where(g: Graph, shape: Any, /, input: Any = None, other: Any = None, **a: Any) -> Tensor:
    """One of two tensors, as a third says."""
    some = [x for x in (a.get("condition"), a.get("mask"), input, other, a.get("value")) if isinstance(x, Tensor)]
    if all(x.constant for x in some):
        return Tensor(shape)
    xs, batch = g.aligned([*some, *[NUMBER] * (3 - len(some))])
    return g.add("where", xs, shape, batch)


def _constant(g: Graph, shape: Any, /, **_: Any) -> Any:
    if isinstance(shape, list | tuple) and shape and not isinstance(shape[0], int):
        return [Tensor(tuple(one.shape)) for one in shape]
    return Tensor(shape) if isinstance(shape, tuple) else shape


operator(
    "arange", "zeros", "ones", "full", "eye", "linspace", "scalar_tensor", "meshgrid", "new_zeros", "new_ones",
    "new_full", "zeros_like", "ones_like", "full_like", "empty", "rand", "randn", "tril_indices", "triu_indices",
    "_assert_tensor_metadata", "_assert_async", "new_empty", "empty_like", "rand_like", "randn_like",
)(_constant)  # fmt: skip
