"""What counts as a FLOP, a parameter and a byte of activations. A convention is data; `presets` finds and reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import PurePath

from archcost.cost import OPERATIONS, PARAMETERS, STORAGES, is_layer
from archcost.dims import Dim
from archcost.kinds import element_bytes
from archcost.net import INPUT, Node, Step


def _area(step: Step) -> Dim:
    windows = step.cost.windows
    return prod(window.stride for window in windows) if isinstance(windows, tuple) else 1


# What else than its operations a layer may be charged for.
CHARGES: Mapping[str, Callable[[Step], Dim]] = {
    "input": lambda step: sum(map(prod, step.inputs)),
    "output": lambda step: prod(step.cost.out),
    "params": lambda step: sum(step.cost.params.values()),
    "strides": lambda step: prod(step.cost.out) * _area(step),
    "layer": lambda step: 1,
}
KINDS: Mapping[str, str] = {
    **OPERATIONS,
    "input": "an element that a layer reads",
    "output": "an element that a layer makes",
    "params": "a trained parameter of a layer, once, however often it is used",
    "strides": "an element that a layer makes, times the area of its stride",
    "layer": "a layer, whatever its size",
}
STORED: Mapping[str, str] = {
    **PARAMETERS,
    "mean": "a running mean of a batch norm, which is not trained",
    "variance": "a running variance of a batch norm, which is not trained",
    "buffers": "a number that is stored but not trained, of any kind",
    "layer": "a layer, whatever its size",
}
EVERY: Mapping[str, int] = dict.fromkeys(PARAMETERS, 1)  # all that is trained
BUFFERS: Mapping[str, int] = {"new": 1, INPUT: 0}  # the output of each layer that needs memory of its own


@dataclass(frozen=True)
class Convention:
    """What a count is made of; formulas know nothing of it.

    `flops` says what each kind is worth: `"cmp"` in all layers, `"maxpool.cmp"` in a layer type, `"self_attention.mac"`
    in all layers of a block, `"vit/self_attention/linear.mac"` where all three are true, a layer type, a block and the
    file of a specification. The most names win, then those of inner blocks; what is not named is worth nothing.
    `params` says the same of parameters, `memory` of outputs, which have no kinds but are `new`, `inplace` or `view`.
    """

    name: str
    text: str = ""
    flops: Mapping[str, int] = field(default_factory=dict)
    params: Mapping[str, int] = field(default_factory=lambda: EVERY)
    memory: Mapping[str, int] = field(default_factory=lambda: BUFFERS)
    kilo: int = 1024
    dtype: str = "float32"
    fold: bool = False
    tool: str = ""
    known: tuple[str, ...] = ()

    @cached_property
    def owners(self) -> frozenset[str]:
        """Every layer type, block, file and storage that something is said of."""
        paths = [key.rpartition(".")[0] for key in (*self.flops, *self.params)] + [*self.memory]
        return frozenset(owner for path in paths for owner in path.split("/"))

    @cached_property
    def looks_around(self) -> bool:
        """Whether it matters in which blocks and in which file a layer stands."""
        return not all(is_layer(owner) for owner in self.owners - {"", INPUT, *STORAGES})

    def names(self, step: Step) -> tuple[str, ...]:
        """What a layer is called by here, as far as that matters: the nearest name first."""
        places = around(step.node) if self.looks_around else ()
        blocks, file = places[:-1], places[-1:]
        return tuple([n for n in (*blocks, step.node.op, *file, step.cost.storage) if n in self.owners])

    @cached_property
    def _factors(self) -> dict[tuple[str, tuple[str, ...]], dict[str, int]]:
        return {}

    def factors(self, what: str, names: tuple[str, ...]) -> Mapping[str, int]:
        """What `flops` or `params` says of each kind, in a layer called by these names, or `memory` of its output."""
        if (what, names) not in self._factors:
            said: Mapping[str, int] = getattr(self, what)
            if what == "memory":
                said = {f"{path}.": factor for path, factor in said.items()}
            self._factors[what, names] = _chosen(said, names)
        return self._factors[what, names]

    def parts_of(self, step: Step) -> dict[str, Dim]:
        """The FLOPs of a layer by the kinds that they are counted for; the input of a network is no layer."""
        if step.node.op == INPUT:
            return {}
        return {kind: n * amount(step, kind) for kind, n in self.factors("flops", self.names(step)).items()}

    def flops_of(self, step: Step) -> Dim:
        """The FLOPs of a layer: its operations, weighed."""
        return sum(self.parts_of(step).values())

    def stored_of(self, step: Step) -> dict[str, Dim]:
        """The parameters of a layer that count, by kind."""
        if step.node.op == INPUT:
            return {}
        buffers = step.cost.buffers
        statistics = {kind: buffers[kind] for kind in ("mean", "variance") if kind in buffers}
        stored = {**step.cost.params, **statistics, "buffers": sum(buffers.values()), "layer": 1}
        factors = self.factors("params", self.names(step))
        return {kind: n * stored[kind] for kind, n in factors.items() if kind in stored}

    def params_of(self, step: Step) -> Dim:
        """The parameters of a layer that count."""
        return sum(self.stored_of(step).values())

    def params_bytes(self, step: Step) -> Dim:
        """What the parameters of a layer take that count, each kind in its own type."""
        types = step.node.dtypes
        return sum(n * element_bytes(types.get(kind, self.dtype)) for kind, n in self.stored_of(step).items())

    def output_bytes(self, step: Step) -> int:
        """What one element of the output of a layer takes."""
        return element_bytes(step.dtype or self.dtype)

    def held(self, step: Step) -> int:
        """How often the output of a layer counts as memory in a total: mostly once or not at all."""
        return self.factors("memory", self.names(step)).get("", 0)


def around(node: Node) -> tuple[str, ...]:
    """The blocks that a layer stands in, the innermost first, and the file of its specification."""
    found, at, frame = [], node.at, node.via
    while frame:
        found.append(frame.block)
        at, frame = frame.at, frame.outer
    found.append(PurePath(at.source.name).stem if at else "")
    # A file conv.yaml is no convolution, a block called new no storage.
    return tuple("" if is_layer(name) or name in (INPUT, *STORAGES) else name for name in found)


def _chosen(said: Mapping[str, int], names: tuple[str, ...]) -> dict[str, int]:
    """For each kind what the key says that knows most about a layer of these names; zeros are left out."""
    best: dict[str, tuple[tuple[int, int], int]] = {}
    for key, factor in said.items():
        path, _, kind = key.rpartition(".")
        owners = path.split("/") if path else []
        if all(owner in names for owner in owners):
            rank = (len(owners), -min(map(names.index, owners), default=0))
            if kind not in best or rank > best[kind][0]:
                best[kind] = rank, factor
    return {kind: factor for kind, (_, factor) in best.items() if factor}


def amount(step: Step, kind: str) -> Dim:
    """How much of a kind a layer is charged for."""
    return CHARGES[kind](step) if kind in CHARGES else step.cost.ops.get(kind, 0)
