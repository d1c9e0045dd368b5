"""Tensors with the axes that Keras has, and the layers of ours that are made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, NamedTuple

from archcost.cost import Cost
from archcost.dims import Shape, sizes
from archcost.errors import ArchcostError
from archcost.importers.attributes import given
from archcost.importers.graph import Graph, Tensor
from archcost.importers.keras.config import Layer, is_whole
from archcost.net import apply

ALONG_BATCH = "works along the batch, which is not supported"
WITHOUT_AXES = "gives a number without axes, which is not supported"


class Value(NamedTuple):
    """A tensor and what its axes are to Keras: axis i of the sample is axis `axes[i]` of Keras's, without the batch."""

    tensor: Tensor
    axes: tuple[int, ...]

    @property
    def shape(self) -> Shape:
        """The shape of a sample as Keras has it."""
        sample = self.tensor.sample
        return tuple(sample[self.axes.index(axis)] for axis in range(len(sample)))

    def at(self, axis: int) -> int:
        """Where an axis lies that Keras counts with the batch, from either end."""
        return self.axes.index(self.own(axis))

    def own(self, axis: int) -> int:
        """An axis that Keras counts with the batch, from either end, without it."""
        rank = len(self.axes)
        place = axis + rank if axis < 0 else axis - 1
        if axis in (0, -rank - 1):
            raise ArchcostError(ALONG_BATCH)
        if not 0 <= place < rank:
            raise ArchcostError(f"has no axis {axis} in {sizes(self.shape)}")
        return place


class Constant(NamedTuple):
    """Numbers that the configuration holds."""

    shape: Shape


class Lost:
    """What a layer makes whose output has no known shape."""


def channels_first(rank: int) -> tuple[int, ...]:
    """The axes of Keras in our order if it has the channels last."""
    return (rank - 1, *range(rank - 1))


class Builder:
    """A graph that grows, and what is needed to add to it."""

    def __init__(self, channels_last: bool, flat_maps: bool) -> None:
        self.channels_last, self.flat_maps, self.graph = channels_last, flat_maps, Graph()
        self.layer = Layer("the model", "", "", "", {})  # which is read now

    def usual(self, rank: int) -> tuple[int, ...]:
        """Which axes a value of that rank has in which place, if nothing else is known: channels come first."""
        last = self.channels_last and (rank >= 3 or (rank == 2 and self.flat_maps))
        return channels_first(rank) if last else tuple(range(rank))

    def arranged(self, x: Value, axes: tuple[int, ...]) -> Value:
        """The same with its axes in that order."""
        if x.axes == axes:
            return x
        order = [x.axes.index(axis) for axis in axes]
        sample = x.tensor.sample
        moved = [place for place in order if sample[place] != 1]
        if moved == sorted(moved):
            return self.seen(x, tuple(sample[place] for place in order), axes)
        return Value(self.graph.permute(x.tensor, [0, *(place + 1 for place in order)]), axes)

    def seen(self, x: Value, sample: Shape, axes: tuple[int, ...]) -> Value:
        """The elements in another shape, in the order in which they are."""
        return Value(self.graph.seen_as(x.tensor, (1, *sample), 0), axes)

    def plain(self, x: Value) -> Value:
        """The same with its axes in the order of Keras."""
        return self.arranged(x, tuple(range(len(x.axes))))

    def mapped(self, x: Value, layer: Layer) -> Value:
        """A map with its channels first, wherever Keras has them."""
        rank = len(x.axes)
        return self.arranged(x, channels_first(rank) if layer.channels_last() else tuple(range(rank)))

    def add(
        self,
        op: str,
        xs: Sequence[Value | Tensor],
        axes: tuple[int, ...],
        own: str | None = None,
        /,
        **attributes: Any,
    ) -> Value:
        """A layer. One with weights of its `own` shares them with all of that name."""
        tensors = [x.tensor if isinstance(x, Value) else x for x in xs]
        cost = apply(op, tuple(tensor.sample for tensor in tensors), attributes)
        out = cost.out
        if any(is_whole(n) and not 0 < n < 2**63 for n in out):
            raise ArchcostError(f"gives an impossible output: {sizes(out)}")
        weights = [] if own is None else self.weights(own, cost)
        return Value(self.graph.add(op, tensors, (1, *out), 0, weights, **attributes), axes)

    def weights(self, own: str, cost: Cost) -> list[Tensor]:
        """The weights of a layer, as many as it has where it stands first."""
        made = []
        for name, sizes_by_kind, trained in ((own, cost.params, True), (f"{own}/statistics", cost.buffers, False)):
            if any(sizes_by_kind.values()):
                stored = self.graph.stored.get(name) or self.graph.weight(name, (sum(sizes_by_kind.values()),), trained)
                made.append(stored)
        return made

    def each(self, op: str, x: Value, /, **attributes: Any) -> Value:
        """A layer that works on each element alone, or whose axes do not matter."""
        return self.add(op, [x], x.axes, **attributes)

    def reshaped(self, x: Value, shape: Shape) -> Value:
        """The elements in another shape, which is one of Keras.

        The channels of a map stay first if they stay what they are, and a vector may become a map.
        """
        rank, before = len(shape), x.shape
        if prod(shape) != prod(before):
            raise ArchcostError(f"cannot shape {sizes(before)} into {sizes(shape)}")
        if not shape:
            raise ArchcostError(WITHOUT_AXES)
        if shape == before:
            return x
        axes = tuple(range(rank))
        if sum(n > 1 for n in before) <= 1:
            axes = self.usual(rank) if rank >= 3 else axes
        elif rank > 1 and len(before) > 1 and x.axes == channels_first(len(before)) and before[-1] == shape[-1]:
            axes = channels_first(rank)
        elif rank > 1:
            x = self.plain(x)
        return self.seen(x, tuple(shape[axis] for axis in axes), axes)

    def together(self, xs: Sequence[Any]) -> tuple[list[Value | Tensor], tuple[int, ...]]:
        """Values of one rank with their axes in one order, so that they can be joined, and that order."""
        values = [x for x in xs if isinstance(x, Value)]
        if not values:
            raise ArchcostError("reads no tensor")
        rank = max(len(x.axes) for x in values)
        axes = next(x.axes for x in values if len(x.axes) == rank)
        made: list[Value | Tensor] = []
        for x in xs:
            if isinstance(x, Constant):
                shape = x.shape[1:] if len(x.shape) == rank + 1 else x.shape
                shape = (*[1] * (rank - len(shape)), *shape)
                made.append(Tensor(tuple(shape[axis] for axis in axes)))
                continue
            if not isinstance(x, Value):
                raise ArchcostError(f"reads what is no tensor: {str(x)[:60]}")
            lead = rank - len(x.axes)
            x = self.arranged(x, tuple(axis - lead for axis in axes if axis >= lead))
            held = x.shape
            made.append(self.seen(x, tuple(1 if axis < lead else held[axis - lead] for axis in axes), axes))
        return made, axes

    def joined(self, op: str, xs: Sequence[Any]) -> Value:
        """A layer that works element by element on several, which are broadcast."""
        together, axes = self.together(xs)
        return self.add(op, together, axes)

    def dropped(self, x: Value, gone: Iterable[int]) -> Value:
        """The same without some axes of Keras, which have size 1."""
        left = [axis for axis in range(len(x.axes)) if axis not in {*gone}]
        if not left:
            raise ArchcostError(WITHOUT_AXES)
        sample = x.tensor.sample
        kept = [(size, left.index(axis)) for size, axis in zip(sample, x.axes, strict=True) if axis in left]
        return self.seen(x, tuple(size for size, _ in kept), tuple(axis for _, axis in kept))

    def cut(self, x: Value, axis: int, start: int, stop: int, step: int = 1) -> Value:
        """A part along an axis of Keras, which is counted without the batch."""
        size = x.shape[axis]
        if (start, stop, step) == (0, size, 1):
            return x
        usual = {"axis": 0, "start": 0, "stop": size, "step": 1}
        asked = {"axis": x.axes.index(axis), "start": start, "stop": stop, "step": step}
        return self.each("slice", x, **{key: value for key, value in asked.items() if value != usual[key]})

    def linear(self, x: Value, out: int, bias: bool, own: str) -> Value:
        """A fully connected layer over the last axis of Keras; on a map it is a convolution with a kernel of 1."""
        rank = len(x.axes)
        if 1 < rank <= 4 and x.axes == channels_first(rank):
            return self.add("conv", [x], x.axes, own, out=out, kernel=1, **given(bias=bias))
        x = self.plain(x)
        over = {"over": "last"} if rank > 2 else {}
        return self.add("linear", [x], x.axes, own, out=out, **given(bias=bias), **over)

    def stored(self, name: str, shape: Shape, trained: bool = True) -> Tensor:
        """A tensor that a layer has and that no layer of ours has as its own."""
        return self.graph.weight(f"{self.layer.name}/{name}", shape, trained)
