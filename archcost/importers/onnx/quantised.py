"""Which layers does quantising become, and undoing it?"""

from __future__ import annotations

from math import prod

from archcost.importers.onnx.making import Maker
from archcost.importers.onnx.pools import reduced
from archcost.importers.onnx.registry import Call, Made, operator
from archcost.importers.onnx.values import Value


@operator("QuantizeLinear", "DequantizeLinear")
def quantised(m: Maker, c: Call) -> Value:
    """A scale and a zero point; weights stay what they are."""
    tensor = c[0].tensor
    if tensor.node is None:
        weight = tensor.weight._replace(trained=prod(tensor.shape) > 1) if tensor.weight else None
        return Value(tensor._replace(weight=weight), c[0].shape)
    made = m.single("affine", c[0])
    return m.single("round", made) if c.op == "QuantizeLinear" else made


@operator("DynamicQuantizeLinear")
def quantised_by_range(m: Maker, c: Call) -> Made:
    """A scale and a zero point that follow from the least and the largest element."""
    low, high = (reduced(m, kind, c[0], [], False) for kind in ("min", "max"))
    scale = m.joined("subtract", [high, low])
    return [m.single("round", m.single("affine", c[0])), scale, Value(scale.tensor, scale.shape)]
