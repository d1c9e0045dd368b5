"""Operations of keras.ops that sum, multiply or compare along axes."""

from __future__ import annotations

from typing import Any

from archcost.dims import sizes
from archcost.errors import ArchcostError
from archcost.importers.keras.arguments import argument, axes_of, value_of
from archcost.importers.keras.config import Layer
from archcost.importers.keras.layers_norms import unit_norm
from archcost.importers.keras.reading import Reading
from archcost.importers.keras.registry import LAYERS, operation
from archcost.importers.keras.values import ALONG_BATCH, Value
from archcost.net import apply


@operation("Mean", "Sum", "Max", "Min", "Amax", "Amin", "Var", "Prod", "Argmax", "Argmin", "Any", "All", "Norm")
def reduced(r: Reading, c: Layer, x: Any, axis: Any = None, keepdims: Any = None, **_: Any) -> Value:
    """One value for all along some axes."""
    x = value_of(x)
    op = {
        "Mean": "mean", "Sum": "sum", "Max": "max", "Min": "min", "Amax": "max", "Amin": "min", "Var": "variance",
        "Prod": "product", "Argmax": "argmax", "Argmin": "argmax", "Any": "any", "All": "any", "Norm": "norm",
    }[c.kind]  # fmt: skip
    axes = axes_of(c, axis)
    if axes is None:
        raise ArchcostError(ALONG_BATCH)
    gone = [x.own(one) for one in axes]
    made = r.each(op, x, axes=tuple(x.axes.index(one) for one in gone), keep=True)
    return made if argument(c, keepdims, "keepdims", False) is True else r.dropped(made, gone)


@operation("Cumsum")
def cumsum(r: Reading, c: Layer, x: Any, axis: Any = None, **_: Any) -> Value:
    """Sums up to each element."""
    x = value_of(x)
    return r.each("cumsum", x, axis=x.at(argument(c, axis, "axis")))


@operation("Matmul")
def matmul(r: Reading, c: Layer, x1: Any, x2: Any) -> Value:
    """A product of matrices."""
    a, b = r.plain(value_of(x1)), r.plain(value_of(x2))
    if len(a.axes) != len(b.axes) or len(a.axes) < 2:
        raise ArchcostError(f"a product of {sizes(a.shape)} and {sizes(b.shape)} is not supported")
    return r.add("matmul", [a, b], a.axes)


@operation("Einsum")
def einsum(r: Reading, c: Layer, *xs: Any) -> Value:
    """A sum of products over named axes, the first of which is the batch."""
    values = [r.plain(value_of(x)) for x in xs]
    equation = str(c.config.get("subscripts", "")).replace(" ", "")
    terms, arrow, result = equation.partition("->")
    parts = [*terms.split(","), result]
    batch = parts[0][:1]
    if not arrow or any(part[:1] != batch for part in parts):
        raise ArchcostError(f"the batch must be the first axis of all in {equation}")
    if batch != ".":
        parts = [part[1:] for part in parts]
    equation = f"{','.join(parts[:-1])}->{parts[-1]}"
    out = len(apply("einsum", tuple(x.tensor.sample for x in values), {"equation": equation}).out)
    return r.add("einsum", values, tuple(range(out)), equation=equation)


@operation("Normalize")
def normalize(r: Reading, c: Layer, x: Any) -> Value:
    """Rows divided by their length."""
    return unit_norm(r, c, x)


@operation("AveragePool", "MaxPool")
def pool_operation(r: Reading, c: Layer, x: Any) -> Value:
    """A pool as an operation."""
    return value_of(LAYERS["AveragePooling2D" if c.kind == "AveragePool" else "MaxPooling2D"](r, c, x))
