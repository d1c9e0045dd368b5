"""Which handler does an operator have, and what is it called with?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeVar, overload

from archcost.dims import Shape
from archcost.errors import ArchcostError
from archcost.importers.onnx.making import Maker
from archcost.importers.onnx.values import SMALL, Value


@dataclass(frozen=True, slots=True)
class Call:
    """A node with what it reads."""

    op: str
    inputs: Sequence[Value | None]
    attributes: Mapping[str, Any]
    version: int
    declared: Sequence[Shape | None]  # the shapes of its outputs, where the file says them
    node: Any  # as the file has it
    readers: Callable[[str], Sequence[Any]]  # the nodes that read a name; None stands for the end of the graph
    bias: Value | None = None  # that the next node adds

    def given(self, place: int) -> Value | None:
        """An input that may be left out."""
        return self.inputs[place] if place < len(self.inputs) else None

    def __getitem__(self, place: int) -> Value:
        found = self.given(place)
        if found is None:
            raise ArchcostError(f"lacks input {place + 1}")
        return found

    def known(self, place: int) -> list[Any] | None:
        """The elements of an input that may be left out, which must not follow from the data."""
        found = self.given(place)
        if found is None or (found.known is None and prod(found.shape) == 0):
            return None
        if found.known is None:
            raise ArchcostError(f"input {place + 1} follows from the data, which is not supported")
        return [n.item() for n in found.known.reshape(-1)]

    @overload
    def numbers(self, name: str, place: int | None = None, *, usual: Sequence[int]) -> tuple[int, ...]: ...

    @overload
    def numbers(self, name: str, place: int | None = None) -> tuple[int, ...] | None: ...

    def numbers(
        self, name: str, place: int | None = None, *, usual: Sequence[int] | None = None
    ) -> tuple[int, ...] | None:
        """Whole numbers, from an attribute or, in newer operator sets, an input."""
        found = self.attributes.get(name)
        if found is None and place is not None:
            found = self.known(place)
        if found is None:
            found = usual
        if found is None:
            return None
        values = [found] if isinstance(found, int) else list(found)
        if len(values) > SMALL or any(not isinstance(n, int) for n in values):
            raise ArchcostError(f"{name} must be whole numbers")
        return tuple(map(int, values))

    def number(self, name: str, usual: int) -> int:
        """A whole number."""
        found = self.attributes.get(name, usual)
        if not isinstance(found, int):
            raise ArchcostError(f"{name} must be a whole number")
        return found

    def text(self, name: str, usual: str) -> str:
        """A word."""
        return str(self.attributes.get(name, usual))


Made = Value | Sequence[Value | None]
Handler = Callable[[Maker, Call], Made]
AHandler = TypeVar("AHandler", bound=Handler)
OPERATORS: dict[str, Handler] = {}


def operator(*names: str) -> Callable[[AHandler], AHandler]:
    """Store a handler under the names of its operators, which no other has."""

    def store(function: AHandler) -> AHandler:
        twice = OPERATORS.keys() & names
        if twice:
            raise RuntimeError(f"there are two handlers of {', '.join(sorted(twice))}")
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return store


# Inputs that are no tensors to compute with, by their places; of all others layers must follow.
IGNORED: dict[str, Sequence[int]] = {
    # The shape alone matters, or the type.
    "Shape": [0], "Size": [0], "Reshape": [1], "Expand": [1], "CastLike": [1],
    # Scales and zero points belong to the type of quantised numbers; who uses a computed scale multiplies with it.
    "QuantizeLinear": [1, 2], "DequantizeLinear": [1, 2], "ConvInteger": [2, 3], "MatMulInteger": [2, 3],
    "QLinearConv": [1, 2, 4, 5, 6, 7], "QLinearMatMul": [1, 2, 4, 5, 6, 7], "QGemm": [1, 2, 4, 5, 7, 8],
    "QLinearAdd": [1, 2, 4, 5, 6, 7], "QLinearMul": [1, 2, 4, 5, 6, 7],
    "QLinearSigmoid": [1, 2, 3, 4], "QLinearLeakyRelu": [1, 2, 3, 4], "QLinearSoftmax": [1, 2, 3, 4],
    "QLinearAveragePool": [1, 2, 3, 4], "QLinearGlobalAveragePool": [1, 2, 3, 4],
    # How long each sequence is says only where to stop; the handler looks at the states.
    "LSTM": [4, 5, 6], "GRU": [4, 5], "RNN": [4, 5],
}  # fmt: skip


def ignored(call: Call) -> Sequence[int]:
    """The places of inputs that layers need not follow from."""
    if call.op == "QLinearConcat":  # a scale and a zero point of all, then a tensor and its own in turn
        return [place for place in range(len(call.inputs)) if place < 2 or place % 3 != 2]
    if call.op == "BatchNormalization" and call.number("training_mode", 0):
        return [3, 4]  # the statistics of other batches, which are updated but not used
    return IGNORED.get(call.op, ())
