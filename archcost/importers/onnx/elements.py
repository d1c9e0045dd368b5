"""Which layers do operators become that work element by element?"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from archcost.importers.onnx.making import Maker
from archcost.importers.onnx.registry import Call, Made, operator
from archcost.importers.onnx.values import SMALL, Value, blank, broadcast, folds, known_as, worked_out

UNARY = {
    "Relu": "relu", "LeakyRelu": "leaky_relu", "Elu": "elu", "Celu": "elu", "Selu": "selu", "Sigmoid": "sigmoid",
    "Tanh": "tanh", "Softplus": "softplus", "Gelu": "gelu", "FastGelu": "gelu", "QuickGelu": "silu", "Swish": "silu",
    "Mish": "mish", "HardSigmoid": "hardsigmoid", "HardSwish": "hardswish", "Softmax": "softmax",
    "LogSoftmax": "softmax", "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Sin": "sin", "Cos": "cos", "Erf": "erf",
    "Neg": "neg", "Abs": "abs", "Reciprocal": "reciprocal", "Sign": "sign", "Round": "round", "Floor": "round",
    "Ceil": "round", "Not": "logical_not", "BitwiseNot": "logical_not", "IsNaN": "logical_not",
    "ThresholdedRelu": "clamp",
}  # fmt: skip


BINARY = {
    "Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide", "Mod": "divide", "Pow": "power",
    "Equal": "compare", "Less": "compare", "LessOrEqual": "compare", "Greater": "compare", "GreaterOrEqual": "compare",
    "And": "compare", "Or": "compare", "Xor": "compare", "BitwiseAnd": "compare", "BitwiseOr": "compare",
    "BitwiseXor": "compare",
}  # fmt: skip


@operator(*UNARY)
def unary(m: Maker, c: Call) -> Value:
    """A function of each element."""
    return worked_out(c.op, c[0]) or m.single(UNARY[c.op], c[0])


@operator(*BINARY)
def binary(m: Maker, c: Call) -> Value:
    """An operation on two tensors, or on one and a number; to compare costs as much either way."""
    a, b = c[0], c[1]
    done = worked_out(c.op, a, b)
    if done is not None:
        return done
    for x, other, first in ((a, b, True), (b, a, False)):
        number = other.constant and prod(other.shape) == 1 and len(other.shape) <= len(x.shape)
        if number and not x.constant and BINARY[c.op] != "compare":
            return _with_number(m, c.op, x, other, first)
    return m.joined(BINARY[c.op], [a, b])


def _with_number(m: Maker, op: str, x: Value, number: Value, first: bool) -> Value:
    """An operation with a number that is neither trained nor stored as a weight."""
    exact = _number(number)
    if op in ("Add", "Sub"):
        return m.single("affine", x, scale=False)
    if op == "Div" and not first:
        return m.single("reciprocal", x)
    if op == "Pow":
        powers: dict[Any, str] = {2: "square", 0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}
        return m.single(powers.get(exact, "pow") if first else "exp", x)
    return m.single("affine", x, shift=False)


@operator("Min", "Max", "Sum", "Mean")
def several(m: Maker, c: Call) -> Value:
    """The least, the largest or the sum of any number of tensors, element by element."""
    values = [value for value in c.inputs if value is not None]
    shape = broadcast([value.shape for value in values])
    if folds(values) and c.op != "Mean" and prod(shape) <= SMALL:
        combine = {"Min": np.minimum, "Max": np.maximum, "Sum": np.add}[c.op]
        made = values[0].known
        for value in values[1:]:
            made = combine(made, value.known)
        return known_as(made)
    kind = {"Min": "minimum", "Max": "maximum"}.get(c.op, "add")
    made = values[0]
    for value in values[1:]:
        made = m.joined(kind, [made, value])
    return m.single("affine", made, shift=False) if c.op == "Mean" else made


@operator("Clip")
def clip(m: Maker, c: Call) -> Value:
    """A comparison for each end; ReLU6 is a clip between 0 and 6."""
    low, high = _end(c, "min", 1), _end(c, "max", 2)
    if folds([c[0]]) and all(end is None or folds([end]) for end in (low, high)):
        return known_as(np.clip(c[0].known, *(None if end is None else end.known for end in (low, high))))
    if low is not None and high is not None and low.constant and high.constant:
        return m.single("relu6" if _number(low) == 0 and _number(high) == 6 else "clamp", c[0])
    above = c[0] if low is None else m.joined("maximum", [c[0], low])
    return above if high is None else m.joined("minimum", [above, high])


def _end(c: Call, name: str, place: int) -> Value | None:
    """An end of a clip, an attribute in older operator sets."""
    return known_as(np.asarray(c.attributes[name], np.float64)) if name in c.attributes else c.given(place)


def _number(value: Value) -> Any:
    """The number that a tensor is, if it is one and known."""
    return value.known.reshape(-1)[0].item() if value.known is not None and value.known.size == 1 else None


@operator("PRelu")
def prelu(m: Maker, c: Call) -> Value:
    """A trained slope, for each channel or one for all."""
    x, slope = c[0], c[1]
    many = prod(slope.shape)
    if not slope.stored or (many > 1 and (len(x.shape) < 2 or many != x.shape[1])):
        below = m.joined("multiply", [x, slope])
        return m.joined("where", [x, x, below])
    per_channel = many > 1 or x.shape[1] == 1
    tensor, own = m.read(x), m.own(slope)
    attributes = {} if per_channel else {"per_channel": False}
    return Value(m.layer("prelu", [tensor], tensor.batch, own, **attributes), x.shape)


@operator("Where")
def where(m: Maker, c: Call) -> Value:
    """One of two tensors, as a third says."""
    values = [c[0], c[1], c[2]]
    return worked_out(c.op, *values) or m.joined("where", values)


@operator("Softsign")
def softsign(m: Maker, c: Call) -> Value:
    """An element divided by its absolute value and one."""
    return m.joined("divide", [c[0], m.single("affine", m.single("abs", c[0]), scale=False)])


@operator("BiasGelu")
def bias_gelu(m: Maker, c: Call) -> Value:
    """A bias before a GELU."""
    return m.single("gelu", m.joined("add", [c[0], c[1]]))


@operator("Dropout")
def dropout(m: Maker, c: Call) -> Made:
    """Nothing at inference; the layer stays, for people look for it."""
    given = c.given(1)
    rate = float(c.attributes.get("ratio", 0.5 if given is None else (given.known.item() if folds([given]) else 0.5)))
    rate = round(rate, 6)
    if c[0].constant or not 0 < rate < 1:
        return [c[0], blank(c[0].shape)]
    made = m.single("dropout", c[0], **({"rate": rate} if rate != 0.5 else {}))
    return [made, blank(c[0].shape)]
