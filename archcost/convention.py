"""What counts as a FLOP, a parameter and a byte of activations. A convention is data; `presets` finds and reads it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

from archcost.cost import OPERATIONS, PARAMETERS, STORAGES, Cost, is_layer
from archcost.dims import Dim
from archcost.errors import ArchcostError, did_you_mean
from archcost.net import INPUT, Node, Step

# Bytes of one element.
DTYPES: Mapping[str, int] = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
}

# What else than its operations a layer may be charged for.
CHARGES: Mapping[str, Callable[[Step], Dim]] = {
    "input": lambda step: sum(map(prod, step.inputs)),
    "output": lambda step: prod(step.cost.out),
    "params": lambda step: sum(step.cost.params.values()),
}
KINDS: Mapping[str, str] = {
    **OPERATIONS,
    "input": "an element that a layer reads",
    "output": "an element that a layer makes",
    "params": "a trained parameter of a layer, once, however often it is used",
}
BUFFERS: Mapping[str, int] = {"new": 1, INPUT: 0}  # the output of each layer that needs memory of its own


@dataclass(frozen=True)
class Convention:
    """What a count is made of; formulas know nothing of it.

    `flops` says what each kind is worth: `"maxpool.cmp"` in a layer type goes before `"cmp"` in all, and
    `"self_attention.mac"` in all layers of a block before both; what is not named is worth nothing. `memory` says how
    often an output is added up: by block, by layer type, or by `new`, `inplace` and `view` those stored like that.
    """

    name: str
    text: str = ""
    flops: Mapping[str, int] = field(default_factory=dict)
    params: tuple[str, ...] = tuple(PARAMETERS)
    memory: Mapping[str, int] = field(default_factory=lambda: BUFFERS)
    kilo: int = 1024
    dtype: str = "float32"
    tool: str = ""
    known: tuple[str, ...] = ()

    @cached_property
    def blocks(self) -> Collection[str]:
        """The blocks that have a worth or a memory of their own."""
        owners = {key.rpartition(".")[0] for key in self.flops} | {*self.memory} - {INPUT, *STORAGES}
        return {name for name in owners if name and not is_layer(name)}

    def names(self, node: Node) -> tuple[str, ...]:
        """What a layer is called by here: the blocks around it that matter, the innermost first, and its type."""
        around, frame = [], node.via if self.blocks else None
        while frame:
            around += [frame.block] if frame.block in self.blocks else []
            frame = frame.outer
        return (*around, node.op)

    @cached_property
    def _worths(self) -> dict[tuple[str, ...], dict[str, int]]:
        return {}

    def worths(self, names: tuple[str, ...]) -> Mapping[str, int]:
        """What each kind is worth in a layer called by these names; kinds that are worth nothing are left out."""
        if names not in self._worths:
            found: dict[str, int] = {}
            for owner in ("", *reversed(names)):
                for key, worth in self.flops.items():
                    named, _, kind = key.rpartition(".")
                    if named == owner:
                        found[kind] = worth
            self._worths[names] = {kind: worth for kind, worth in found.items() if worth}
        return self._worths[names]

    def parts_of(self, step: Step) -> dict[str, Dim]:
        """The FLOPs of a layer by the kinds that they are counted for."""
        worths = self.worths(self.names(step.node))
        return {kind: worth * amount(step, kind) for kind, worth in worths.items()}

    def flops_of(self, step: Step) -> Dim:
        """The FLOPs of a layer: its operations, weighed."""
        return sum(self.parts_of(step).values())

    def params_of(self, cost: Cost) -> Dim:
        """The parameters of a layer that count."""
        stored = sum(cost.buffers.values()) if "buffers" in self.params else 0
        return sum(n for kind, n in cost.params.items() if kind in self.params) + stored

    def held(self, step: Step) -> int:
        """How often the output of a layer counts as memory in a total: mostly once or not at all."""
        names = (*self.names(step.node), step.cost.storage)
        return next((self.memory[name] for name in names if name in self.memory), 0)


def amount(step: Step, kind: str) -> Dim:
    """How much of a kind a layer is charged for."""
    return CHARGES[kind](step) if kind in CHARGES else step.cost.ops.get(kind, 0)


def element_bytes(dtype: str) -> int:
    """Bytes of one element of a type."""
    if dtype not in DTYPES:
        raise ArchcostError(f"there is no dtype {dtype!r}{did_you_mean(dtype, DTYPES)} (known: {', '.join(DTYPES)})")
    return DTYPES[dtype]
