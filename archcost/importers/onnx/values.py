"""What does a name of the file stand for, and which elements are worked out beforehand?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from archcost.dims import Shape, sizes
from archcost.errors import ArchcostError
from archcost.importers.graph import Tensor
from archcost.kinds import LARGEST

SMALL = 1024  # elements of a tensor that is read or worked out as values: shapes and axes are smaller
RANK = 64


class Value(NamedTuple):
    """What a name of the file stands for."""

    tensor: Tensor  # a number without axes is a vector of one
    shape: Shape  # as the file has it
    known: Any = None  # its elements as an array, if they are known and few

    @property
    def constant(self) -> bool:
        """Whether it follows from no input and no parameter."""
        return self.tensor.constant

    @property
    def stored(self) -> bool:
        """Whether it is stored with the model, as it is or seen in another shape."""
        return self.tensor.node is None and self.tensor.weight is not None


def check(shape: Shape, what: str) -> None:
    """Refuse shapes that no tensor has."""
    if len(shape) > RANK or any(n < 1 for n in shape) or prod(shape) > LARGEST:
        raise ArchcostError(f"{what} has an impossible shape of {sizes(shape[:RANK])}")


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the front."""
    if not -rank <= axis < max(rank, 1):
        raise ArchcostError(f"there is no axis {axis} in a tensor of rank {rank}")
    return axis % max(rank, 1)


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The shape of several tensors element by element."""
    rank = max(map(len, shapes))
    out = []
    for places in zip(*((*[1] * (rank - len(shape)), *shape) for shape in shapes), strict=True):
        wide = {n for n in places if n != 1}
        if len(wide) > 1:
            raise ArchcostError(f"cannot broadcast {' and '.join(map(sizes, shapes))}")
        out.append(wide.pop() if wide else 1)
    return tuple(out)


def replaced(shape: Shape, axis: int, *made: int) -> Shape:
    """A shape with other axes in the place of one."""
    return (*shape[:axis], *made, *shape[axis + 1 :])


def known_as(value: Any) -> Value:
    """Elements that were worked out, kept if they are few."""
    array = np.asarray(value)
    few = array.size <= SMALL and array.dtype.kind in "biuf"
    return Value(Tensor(tuple(array.shape) or (1,)), tuple(array.shape), array if few else None)


def blank(shape: Shape) -> Value:
    """Elements that follow from no input, but are not known, too many to keep or of no interest."""
    return Value(Tensor(shape or (1,)), shape)


def folds(values: Iterable[Value | None]) -> bool:
    """Whether the elements of all are known, and are no parameters."""
    return all(value is not None and value.known is not None and value.constant for value in values)


def chosen(x: Value, axis: int, part: slice) -> Value:
    """Some of known elements along an axis."""
    return known_as(x.known[(*[slice(None)] * axis, part)])


def _quotient(a: Any, b: Any) -> Any:
    """A division; that of whole numbers is rounded towards zero."""
    if a.dtype.kind == "f" or b.dtype.kind == "f":
        return a / b
    return np.sign(a) * np.sign(b) * (abs(a) // abs(b))


FOLDED: dict[str, Callable[..., Any]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": _quotient, "Mod": np.mod, "Pow": np.power,
    "Equal": np.equal, "Less": np.less, "LessOrEqual": np.less_equal, "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal, "And": np.logical_and, "Or": np.logical_or, "Xor": np.logical_xor,
    "Neg": np.negative, "Abs": np.abs, "Sqrt": np.sqrt, "Floor": np.floor, "Ceil": np.ceil, "Round": np.round,
    "Not": np.logical_not, "Where": np.where, "Sign": np.sign, "Reciprocal": np.reciprocal, "Exp": np.exp,
    "Log": np.log,
}  # fmt: skip


def worked_out(op: str, *values: Value) -> Value | None:
    """The elements that follow from known ones."""
    if op not in FOLDED or not folds(values) or prod(broadcast([value.shape for value in values])) > SMALL:
        return None
    with np.errstate(all="ignore"):
        return known_as(FOLDED[op](*(value.known for value in values)))
