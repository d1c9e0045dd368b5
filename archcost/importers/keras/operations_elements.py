"""Operations of keras.ops that work element by element."""

from __future__ import annotations

from typing import Any

from archcost.importers.graph import Tensor
from archcost.importers.keras.arguments import value_of
from archcost.importers.keras.config import Layer
from archcost.importers.keras.layers_elements import nothing, same
from archcost.importers.keras.reading import Reading
from archcost.importers.keras.registry import OPERATIONS, Handler, operation
from archcost.importers.keras.values import Constant, Value

BINARY = {
    "Add": "add", "Subtract": "subtract", "Multiply": "multiply", "Divide": "divide", "TrueDivide": "divide",
    "Maximum": "maximum", "Minimum": "minimum", "Power": "power", "FloorDivide": "divide", "Mod": "divide",
    "Greater": "compare", "GreaterEqual": "compare", "Less": "compare", "LessEqual": "compare", "Equal": "compare",
    "NotEqual": "compare", "LogicalAnd": "compare", "LogicalOr": "compare",
}  # fmt: skip


def _binary(op: str) -> Handler:
    def handler(r: Reading, c: Layer, x1: Any, x2: Any) -> Any:
        values = [x for x in (x1, x2) if isinstance(x, Value | Constant)]
        if len(values) == 2:
            return values[0] if not any(isinstance(x, Value) for x in values) else r.joined(op, values)
        x = value_of(values[0])
        number = x2 if x is x1 else x1
        if op in ("add", "subtract"):
            return r.each("affine", x, scale=False)
        if op == "multiply" or (op == "divide" and x is x1):
            return r.each("affine", x, shift=False)
        if op == "divide":
            return r.each("reciprocal", x) if number == 1 else r.each("affine", r.each("reciprocal", x), shift=False)
        if op == "power" and x is x1:
            return r.each({2: "square", 0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}.get(number, "pow"), x)
        if op == "power":
            return r.each("exp", x)
        if op == "maximum" and number == 0:
            return r.each("relu", x)
        return r.add(op, [x, Tensor((1,) * len(x.axes))], x.axes)

    return handler


for _name, _op in BINARY.items():
    OPERATIONS[_name] = _binary(_op)
for _name, _op in {
    "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Rsqrt": "rsqrt", "Sin": "sin", "Cos": "cos", "Erf": "erf",
    "Square": "square", "Reciprocal": "reciprocal", "Absolute": "abs", "Abs": "abs", "Sign": "sign", "Round": "round",
    "Floor": "round", "Ceil": "round", "Negative": "neg", "Clip": "clamp", "LogicalNot": "logical_not",
    "Relu": "relu", "Relu6": "relu6", "LeakyRelu": "leaky_relu", "Elu": "elu", "Selu": "selu", "Gelu": "gelu",
    "Silu": "silu", "Swish": "silu", "Tanh": "tanh", "Sigmoid": "sigmoid", "HardSigmoid": "hardsigmoid",
    "HardSilu": "hardswish", "HardSwish": "hardswish", "Softmax": "softmax", "LogSoftmax": "softmax",
    "Softplus": "softplus", "Mish": "mish", "Celu": "elu", "HardTanh": "clamp",
}.items():  # fmt: skip
    OPERATIONS[_name] = same(_op)
for _name in ("Cast", "StopGradient", "Identity", "Copy", "ConvertToTensor"):
    OPERATIONS[_name] = nothing


@operation("Where")
def where(r: Reading, c: Layer, condition: Any, x1: Any = None, x2: Any = None) -> Value:
    """One of two tensors, as a third says."""
    some = [x if isinstance(x, Value | Constant) else Constant((1,)) for x in (condition, x1, x2)]
    return r.joined("where", some)
