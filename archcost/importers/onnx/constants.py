"""What do operators make that is known before any data is: constants, sizes, numbers in order?"""

from __future__ import annotations

from math import ceil, prod

import numpy as np

from archcost.errors import ArchcostError
from archcost.importers.graph import Tensor
from archcost.importers.onnx.making import Maker
from archcost.importers.onnx.registry import Call, operator
from archcost.importers.onnx.values import RANK, SMALL, Value, blank, folds, known_as
from archcost.kinds import LARGEST


@operator("Constant")
def constant(m: Maker, c: Call) -> Value:
    """A stored tensor, or numbers."""
    for key in ("value_int", "value_ints"):
        if key in c.attributes:
            return known_as(np.asarray(c.attributes[key], np.int64))
    for key in ("value_float", "value_floats"):
        if key in c.attributes:
            return known_as(np.asarray(c.attributes[key], np.float64))
    found = c.attributes.get("value")
    if isinstance(found, Value) and found.tensor.weight:
        if not m.origins.in_nodes:
            m.origin[found.tensor.weight.name] = "constant"
        return found._replace(tensor=found.tensor._replace(weight=found.tensor.weight._replace(trained=False)))
    return Value(Tensor((1,)), c.declared[0] if c.declared and c.declared[0] else ())


@operator("Shape")
def shape_of(m: Maker, c: Call) -> Value:
    """The sizes of a tensor."""
    shape = c[0].shape
    return known_as(np.asarray(shape[c.number("start", 0) : c.number("end", len(shape))], np.int64))


@operator("Size")
def size_of(m: Maker, c: Call) -> Value:
    """How many elements a tensor has."""
    return known_as(np.asarray(prod(c[0].shape), np.int64))


@operator("ConstantOfShape")
def filled(m: Maker, c: Call) -> Value:
    """One number everywhere."""
    shape = tuple(c.known(0) or ())
    if len(shape) > RANK or any(n < 0 for n in shape) or prod(shape) > LARGEST:
        raise ArchcostError(f"there is no shape {list(shape)[:RANK]}")
    value = c.attributes.get("value")
    if prod(shape) > SMALL:
        return blank(shape)
    if isinstance(value, Value) and value.known is None:
        return blank(shape)
    return known_as(np.full(shape, value.known.reshape(-1)[0] if isinstance(value, Value) else 0.0))


@operator("Range")
def range_(m: Maker, c: Call) -> Value:
    """Numbers one after the other."""
    start, limit, step = (c.known(place) or [0] for place in (0, 1, 2))
    many = max(ceil((limit[0] - start[0]) / step[0]), 0)
    if many > SMALL:
        return blank((many,))
    return known_as(np.asarray([start[0] + place * step[0] for place in range(many)]))


@operator("NonZero")
def nonzero(m: Maker, c: Call) -> Value:
    """Where known elements are not zero."""
    if not folds([c[0]]):
        raise ArchcostError("NonZero of what follows from the data is not supported: its shape is not known")
    return known_as(np.asarray(np.nonzero(np.atleast_1d(c[0].known))))
