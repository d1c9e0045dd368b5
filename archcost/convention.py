"""What counts as a FLOP, a parameter and a byte of activations: conventions as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from archcost.cost import NOTHING, OPERATIONS, PARAMETERS, STORAGES, Cost, layer_names
from archcost.dims import Dim
from archcost.errors import ArchcostError, did_you_mean
from archcost.net import INPUT

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


# Each buffer of a layer once.
BUFFERS = {"new": 1, INPUT: 0}


class Convention(NamedTuple):
    """What a count is made of; formulas know nothing of it.

    `flops` says what an operation of each kind is worth, `"maxpool.cmp"` for one layer type before `"cmp"` for all;
    what is not named is worth nothing. `memory` says how often the outputs of a layer type are added up, or by
    `new`, `inplace` and `view` those of all layers whose outputs are stored like that.
    """

    name: str
    text: str
    flops: Mapping[str, int] = NOTHING
    params: tuple[str, ...] = tuple(PARAMETERS)
    memory: Mapping[str, int] = BUFFERS
    kilo: int = 1024  # bytes in a KB

    def flops_of(self, op: str, cost: Cost) -> Dim:
        """The FLOPs of a layer: its operations, weighed."""
        worth = self.flops
        return sum(n * worth.get(f"{op}.{kind}", worth.get(kind, 0)) for kind, n in cost.ops.items())

    def params_of(self, cost: Cost) -> Dim:
        """The parameters of a layer that count."""
        return sum(n for kind, n in cost.params.items() if kind in self.params)

    def held(self, op: str, cost: Cost) -> int:
        """How often the output of a layer counts as memory in a total: mostly once or not at all."""
        return self.memory.get(op, self.memory.get(cost.storage, 0))


# A pooling output costs its window.
WINDOWS = {"maxpool.cmp": 1, "avgpool.add": 1, "subsample.add": 1}
WINDOWS |= {f"{kind}_{pool}": 1 for kind in ("adaptive", "global") for pool in ("maxpool.cmp", "avgpool.add")}
WEIGHTED = dict.fromkeys(("conv", "depthwise", "partial_conv", "transposed_conv", "linear", "rbf"), 1)

LECTURE = Convention(
    "lecture",
    "a multiply-accumulate is one FLOP, a pooling output costs its window (k x k); biases are parameters but no FLOPs; "
    "normalisation and activations cost nothing; memory is the outputs, each buffer once, KB = 1024 bytes",
    flops={"mac": 1, **WINDOWS},
)

CONVENTIONS: Mapping[str, Convention] = {
    convention.name: convention
    for convention in (
        LECTURE,
        Convention("macs", "multiply-accumulates of convolutions, linear layers and matrix products only", {"mac": 1}),
        Convention(
            "full",
            "every elementary operation; a multiply-accumulate is two",
            {kind: 2 if kind == "mac" else 1 for kind in OPERATIONS},
        ),
        LECTURE._replace(
            name="conv-fc-outputs",
            text="as lecture, but memory is the outputs of convolutions and linear layers only",
            memory=WEIGHTED,
        ),
        LECTURE._replace(
            name="all-outputs",
            text="as lecture, but memory is the input and all outputs, in-place layers and views left out",
            memory={"new": 1},
        ),
        LECTURE._replace(name="weights", text="as lecture, but biases do not count as parameters", params=("weight",)),
        Convention(
            "connections",
            "LeCun's connections: every product with a weight, every summed input and every bias of each unit",
            {"mac": 1, "bias": 1, "subsample.add": 1},
        ),
    )
}


def convention(name: str) -> Convention:
    """The preset of that name."""
    if name not in CONVENTIONS:
        known = ", ".join(CONVENTIONS)
        raise ArchcostError(f"there is no convention {name!r}{did_you_mean(name, CONVENTIONS)} (known: {known})")
    return CONVENTIONS[name]


def adapted(base: Convention, changes: Mapping[str, Any]) -> Convention:
    """A convention like another but for some fields, as claims write it: `{memory: {linear: 1000}}`."""
    counted = {"flops": {*OPERATIONS, *layer_names()}, "memory": {INPUT, *STORAGES, *layer_names()}}
    for key, value in changes.items():
        if key in counted:
            _check_factors(key, value, counted[key])
        elif key == "params":
            if not isinstance(value, tuple) or not PARAMETERS.keys() >= set(map(str, value)):
                raise ArchcostError(f"params must be a list of {', '.join(PARAMETERS)}")
        elif key != "kilo":
            raise ArchcostError(f"a convention has no {key!r}{did_you_mean(key, [*counted, 'params', 'kilo'])}")
        elif value not in (1000, 1024):
            raise ArchcostError("kilo must be 1000 or 1024")
    return base._replace(name=f"{base.name}, changed", **changes)


def _check_factors(key: str, value: Any, known: set[str]) -> None:
    if not isinstance(value, dict):
        raise ArchcostError(f"{key} must be a map of names with their factors")
    for name, factor in value.items():
        layer, _, operation = name.partition(".")
        if layer not in known or (operation and operation not in OPERATIONS):
            raise ArchcostError(f"there is no layer or operation {name!r}{did_you_mean(name, known)}")
        if not isinstance(factor, int) or isinstance(factor, bool):
            raise ArchcostError(f"the factor of {name} must be a whole number")


def element_bytes(dtype: str) -> int:
    """Bytes of one element of a type."""
    if dtype not in DTYPES:
        raise ArchcostError(f"there is no dtype {dtype!r}{did_you_mean(dtype, DTYPES)} (known: {', '.join(DTYPES)})")
    return DTYPES[dtype]
