"""Layers that join several tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcost.errors import ArchcostError
from archcost.importers.keras.arguments import listed, value_of
from archcost.importers.keras.config import Layer
from archcost.importers.keras.layers_norms import trailing
from archcost.importers.keras.reading import Reading
from archcost.importers.keras.registry import LAYERS, Handler, layer
from archcost.importers.keras.values import Value


def _merged(op: str) -> Handler:
    def handler(r: Reading, c: Layer, *xs: Any, **more: Any) -> Value:
        some = listed([*xs, *more.values()])
        if op in ("add", "multiply"):
            return r.joined(op, some)
        made = some[0]
        for other in some[1:]:
            made = r.joined(op, [made, other])
        return value_of(made)

    return handler


for _name, _op in (
    ("Add", "add"),
    ("Multiply", "multiply"),
    ("Subtract", "subtract"),
    ("Maximum", "maximum"),
    ("Minimum", "minimum"),
):
    LAYERS[_name] = _merged(_op)


@layer("Average")
def average(r: Reading, c: Layer, *xs: Any) -> Value:
    """A sum and a factor for each element."""
    return r.each("affine", r.joined("add", listed(xs)), shift=False)


@layer("Concatenate")
def concatenate(r: Reading, c: Layer, *xs: Any) -> Value:
    """Side by side along an axis."""
    axis = c.axes("axis", -1)
    return concatenated(r, listed(xs), axis[0] if axis else -1)


def concatenated(r: Reading, xs: Sequence[Any], axis: int) -> Value:
    """Several side by side along an axis, which Keras counts with the batch."""
    values = [x for x in xs if isinstance(x, Value)]
    if not values or any(len(x.axes) != len(values[0].axes) for x in values):
        raise ArchcostError("needs tensors of as many axes")
    if len(xs) == 1:
        return values[0]
    tensors, axes = r.together(xs)
    place = axes.index(values[0].own(axis))
    return r.add("concat", tensors, axes, **({"axis": place} if place else {}))


@layer("Dot")
def dot(r: Reading, c: Layer, *xs: Any) -> Value:
    """Products of two tensors, summed along an axis of each."""
    a, b = (r.plain(value_of(x)) for x in listed(xs))
    axes = c.axes("axes") or []
    first, second = a.own(axes[0]), b.own(axes[-1])
    if c.config.get("normalize"):
        a, b = (r.plain(r.each("unit_norm", trailing(x, [place + 1], r))) for x, place in ((a, first), (b, second)))
    if len(a.axes) == len(b.axes) == 1:
        row, column = r.seen(a, (1, *a.shape), (0, 1)), r.seen(b, (*b.shape, 1), (0, 1))
        return r.seen(r.add("matmul", [row, column], (0, 1)), (1,), (0,))
    left = "".join("z" if i == first else "abcdefgh"[i] for i in range(len(a.axes)))
    right = "".join("z" if i == second else "ijklmnop"[i] for i in range(len(b.axes)))
    result = (left + right).replace("z", "")
    return r.add("einsum", [a, b], tuple(range(len(result))), equation=f"{left},{right}->{result}")


@layer("CustomScaleLayer")
def scaled_sum(r: Reading, c: Layer, *xs: Any) -> Value:
    """A sum of one tensor and another that is scaled, as Inception-ResNet has it."""
    first, second = listed(xs)
    return r.joined("add", [first, r.each("affine", value_of(second), shift=False)])
