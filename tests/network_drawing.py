"""How is a network drawn at random, one number and one layer after the other?"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from random import Random
from typing import Any

from network_data import Attributes, Entry, Shape, Tensor
from network_torch import Torch

DEFAULTS: dict[str, tuple[Any, ...]] = {
    "stride": (1, [1, 1], [1, 1, 1]),
    "pad": (0, [0, 0], [0, 0, 0]),
    "output_pad": (0,),
    "dilation": (1,),
    "groups": (1,),
    "heads": (1,),
    "layers": (1,),
    "multiplier": (1,),
    "channels": ([0, 0],),
    "rounding": ("floor",),
    "bidirectional": (False,),
    "bias": (True,),
    "keep": (False,),
    "mode": ("nearest",),
    "causal": (False,),
    "scaled": (True,),
    "trained": (True,),
    "per_channel": (True,),
    "tracked": (False,),
}


class Drawing:
    """A network as far as it is drawn, with what PyTorch makes of it."""

    def __init__(self, random: Random, torch: Torch) -> None:
        self.random = random
        self.torch = torch
        self.inputs: list[Entry] = []
        self.entries: list[Entry] = []  # of the list that is being drawn
        self.scope: list[int] = []  # the result of PyTorch for each number that `from` can hold
        self.visible: list[int] = []  # the numbers of which `from` can name
        self.depth = 0

    def whole(self, least: int, most: int) -> int:
        """A whole number."""
        return self.random.randint(least, max(least, most))

    def chance(self, one: int, of: int) -> bool:
        """True so often; shrinks to False."""
        return self.whole(0, of - 1) >= of - one

    def one_of(self, values: Sequence[Any]) -> Any:
        """One of some values; shrinks to the first."""
        return values[self.whole(0, len(values) - 1)]

    def divisor(self, n: int) -> int:
        """A number that divides another."""
        return int(self.one_of([d for d in range(1, min(n, 12) + 1) if n % d == 0]))

    def some(self, least: int, most: int, rank: int) -> list[int]:
        """A number for each axis, often the same."""
        if self.chance(1, 2):
            return [self.whole(least, most) for _ in range(rank)]
        return [self.whole(least, most)] * rank

    def axes(self, x: Shape) -> list[int]:
        """Some axes of a sample, counted from the first or the last."""
        axes = [axis for axis in range(len(x)) if self.chance(1, 2)] or [self.whole(0, len(x) - 1)]
        return [axis - len(x) if self.chance(1, 4) else axis for axis in axes]

    def written(self, **attributes: Any) -> Attributes:
        """Attributes as people write them: one number where all axes have the same, mostly no defaults."""
        found = {}
        for name, value in attributes.items():
            if isinstance(value, list) and len({*map(str, value)}) == 1 and not isinstance(value[0], list):
                value = value[0] if self.chance(3, 4) else value
            if not (value in DEFAULTS.get(name, ()) and self.chance(3, 4)):
                found[name] = value
        return found

    def shape(self, number: int) -> Shape:
        """The shape of a result, of one sample."""
        return tuple(self.tensor(number).shape[1:])

    def tensor(self, number: int) -> Tensor:
        """A result of PyTorch."""
        return self.torch.tensors[self.scope[number]]

    def input(self, shape: Shape, words: bool) -> None:
        """An input, of numbers or of numbers of words."""
        self.inputs.append({"shape": [*shape], "words": True} if words else {"shape": [*shape]})
        self.scope.append(self.torch.input(shape, words))
        self.visible.append(len(self.scope) - 1)

    def place(self, op: str, attributes: Attributes, reads: Sequence[int]) -> int:
        """One layer more, and its number."""
        self.entries.append({"op": op, "attributes": attributes, "from": [*reads]})
        return self.result(op, attributes, [self.scope[i] for i in reads])

    def result(self, op: str, attributes: Attributes, reads: Sequence[int]) -> int:
        """The number of what PyTorch makes of a layer."""
        self.scope.append(self.torch.run(op, attributes, reads))
        self.visible.append(len(self.scope) - 1)
        return self.visible[-1]

    def partner(self, shape: Sequence[int]) -> int:
        """A result of that shape, or a stored tensor; now and then one that does not fit."""
        wanted = tuple(shape)
        found = [i for i in self.visible if self.shape(i) == wanted and self.tensor(i).is_floating_point()]
        if found and self.chance(3, 4):
            return int(self.one_of(found))
        if self.chance(1, 40):
            wanted = (*wanted[:-1], wanted[-1] + 1)
        stored = {"shape": [*wanted]}
        if self.chance(1, 4):
            return self.place("constant", stored, [])
        return self.place("parameter", stored if self.chance(3, 4) else {**stored, "trained": False}, [])

    def fitted(self, x: int, wanted: Shape) -> int:
        """Layers that bring a result to a shape."""
        have = self.shape(x)
        if have == wanted:
            return x
        if len(have) == len(wanted) and 2 <= len(have) <= 4 and self.chance(2, 3):
            if have[1:] != wanted[1:]:
                pool = self.one_of(["adaptive_avgpool", "adaptive_maxpool"])
                x = self.place(pool, self.written(out=[*wanted[1:]]), [x])
            return x if have[0] == wanted[0] else self.place("conv", {"out": wanted[0], "kernel": 1}, [x])
        if have[:-1] == wanted[:-1]:
            return self.place("linear", {"out": wanted[-1], "over": "last"}, [x])
        if len(have) > 1:
            x = self.place("flatten", {}, [x])
        if prod(have) != prod(wanted):
            x = self.place("linear", {"out": prod(wanted)}, [x])
        return x if len(wanted) == 1 else self.place("reshape", {"out": [*wanted]}, [x])
