"""Which layers does quantising become, and undoing it?

Runtimes do not run what a model of quantised operators says word by word: numbers that are quantised as soon as they
are made, or multiplied as they are, are never there in floating point. So are they here: such a pair of operators is no
layer, but the type of a tensor. Scales and zero points of weights are neither parameters nor weighed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

from archcost.importers.onnx.file import type_of
from archcost.importers.onnx.filters import conv, gemm, matmul
from archcost.importers.onnx.making import Maker
from archcost.importers.onnx.pools import reduced
from archcost.importers.onnx.registry import OPERATORS, Call, Made, operator
from archcost.importers.onnx.values import Value

PRODUCTS = {"Conv", "ConvTranspose", "Gemm", "MatMul"}  # of quantised numbers as they are
ACTIVATIONS = {"Relu", "Clip", "LeakyRelu", "Sigmoid", "HardSigmoid", "HardSwish"}  # that become part of these


def typed(m: Maker, value: Value, dtype: str) -> Value:
    """What a layer made, said to be of a type."""
    return value._replace(tensor=m.graph.typed(value.tensor, dtype))


def zero_type(c: Call, place: int, usual: str = "uint8") -> str:
    """The type of quantised numbers, which is that of their zero point."""
    zero = c.given(place)
    if zero is None:
        return type_of(c.number("output_dtype", 0)) or usual
    weight = zero.tensor.weight
    return (weight.dtype if weight else zero.tensor.dtype) or usual


@operator("QuantizeLinear")
def quantised(m: Maker, c: Call) -> Value:
    """A scale and a zero point; no layer of its own if nothing else reads the numbers before."""
    tensor, dtype = c[0].tensor, zero_type(c, 2)
    if tensor.node is None:
        return _stored(c[0], dtype)
    return c[0]._replace(tensor=m.graph.quantised(tensor, dtype))


@operator("DequantizeLinear")
def restored(m: Maker, c: Call) -> Value:
    """A scale and a zero point; no layer where the numbers are read as they are."""
    tensor = c[0].tensor
    if tensor.node is None:
        return _stored(c[0])
    if all(_takes_quantised(c, reader) for reader in c.readers(c.node.output[0])):
        return c[0]._replace(tensor=tensor._replace(dtype=""))
    return typed(m, m.single("affine", c[0]), "")


def _stored(x: Value, dtype: str = "") -> Value:
    """Quantised numbers that are stored are trained weights, perhaps quantised only here."""
    weight = x.tensor.weight
    if weight is None:
        return x
    stored = weight._replace(trained=prod(x.tensor.shape) > 1, dtype=dtype or weight.dtype)
    return Value(x.tensor._replace(weight=stored), x.shape)


def _takes_quantised(c: Call, reader: Any) -> bool:
    """Whether a node reads numbers that stay quantised: for a product, or for what is quantised again at once."""
    if reader is None:
        return False
    return reader.op_type in PRODUCTS or all(_is_quantised(c, name) for name in reader.output if name)


def _is_quantised(c: Call, name: str, after: int = 3) -> bool:
    """Whether what a node makes is quantised at once, perhaps behind an activation or a few."""
    readers = c.readers(name)
    if readers and all(reader is not None and reader.op_type == "QuantizeLinear" for reader in readers):
        return True
    (first, *others) = readers or [None]
    if first is None or others or first.op_type not in ACTIVATIONS or not after:
        return False
    return all(_is_quantised(c, made, after - 1) for made in first.output)


@operator("DynamicQuantizeLinear")
def quantised_by_range(m: Maker, c: Call) -> Made:
    """A scale and a zero point that follow from the least and the largest element."""
    low, high = (reduced(m, kind, c[0], [], False) for kind in ("min", "max"))
    scale = m.joined("subtract", [high, low])
    made = c[0]._replace(tensor=m.graph.quantised(c[0].tensor, "uint8"))
    return [made, scale, Value(scale.tensor, scale.shape)]


@operator("ConvInteger", "MatMulInteger")
def product_of_integers(m: Maker, c: Call) -> Value:
    """A product whose sums stay whole numbers; the stored weights are quantised."""
    made = (conv if c.op == "ConvInteger" else matmul)(m, replace(c, inputs=[c[0], _stored(c[1])]))
    return typed(m, made, "int32")


@operator("QLinearConv", "QLinearMatMul", "QGemm")
def product_of_quantised(m: Maker, c: Call) -> Value:
    """A product of quantised numbers, which quantises what it makes; QGemm may leave that out."""
    product, bias, zero = {"QLinearConv": (conv, 8, 7), "QLinearMatMul": (matmul, 8, 7), "QGemm": (gemm, 6, 8)}[c.op]
    inputs = [x and _stored(x) for x in (c[0], c[3], c.given(bias))]
    return typed(m, product(m, replace(c, inputs=inputs)), zero_type(c, zero, "uint8" if c.given(zero) else ""))


@operator("QLinearAdd", "QLinearMul")
def join_of_quantised(m: Maker, c: Call) -> Made:
    """Two quantised tensors element by element."""
    return _plain(m, c, [c[0], c[3]])


@operator("QLinearConcat")
def concat_of_quantised(m: Maker, c: Call) -> Made:
    """Quantised tensors one behind the other; a scale and a zero point stand behind each, those of all come first."""
    return _plain(m, c, c.inputs[2::3])


@operator("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax", "QLinearAveragePool", "QLinearGlobalAveragePool")
def single_of_quantised(m: Maker, c: Call) -> Made:
    """An operator on one quantised tensor."""
    return _plain(m, c, c.inputs[:1])


def _plain(m: Maker, c: Call, inputs: Sequence[Value | None]) -> Made:
    """What the operator without quantising becomes; its numbers keep their type."""
    op = c.op.removeprefix("QLinear")
    return OPERATORS[op](m, replace(c, op=op, inputs=[x and _stored(x) for x in inputs]))
