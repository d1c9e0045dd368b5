"""What a layer costs, in elementary operations, and the registry of layer types.

A layer type is one plain function. Its positional parameters are the input shapes (one sample, channels first), its
keyword-only parameters are the keys of the specification, its docstring says what is computed and from which source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from archcost.dims import Dim, Shape
from archcost.errors import ArchcostError, did_you_mean
from archcost.window import Window

# The kinds of elementary operation a formula may count. A convention weighs them.
OPERATIONS: Mapping[str, str] = {
    "mac": "a multiplication whose product is accumulated, in a convolution, linear layer or matrix product",
    "bias": "the addition of a bias",
    "add": "an addition or subtraction; a sum of n elements takes n",
    "mul": "a multiplication",
    "div": "a division",
    "cmp": "a comparison or selection; a maximum of n elements takes n",
    "exp": "an exponential, logarithm, power, root or error function",
}

# The kinds of trainable parameter. Statistics that are not trained are buffers.
PARAMETERS: Mapping[str, str] = {
    "weight": "a factor of a multiply-accumulate",
    "bias": "an offset added to the result of a convolution, linear or subsampling layer",
    "scale": "a factor of a normalisation, activation or subsampling layer",
    "shift": "an offset of a normalisation layer",
    "embedding": "an element of a tensor that is read as it is: a class token, the embedding of a position, a gate",
}

# inplace: may overwrite its input; view: has no data of its own
Storage: TypeAlias = Literal["new", "inplace", "view"]
STORAGES: tuple[str, ...] = get_args(Storage)


NOTHING: Mapping[str, Dim] = MappingProxyType({})


class Cost(NamedTuple):
    """What one application of a layer to one sample costs."""

    out: Shape
    params: Mapping[str, Dim] = NOTHING
    ops: Mapping[str, Dim] = NOTHING
    storage: Storage = "new"
    buffers: Mapping[str, Dim] = NOTHING
    # What an output position reads: a window per spatial axis, () for the position itself, None for everything, and
    # "mixed" where outputs are no positions any more.
    windows: tuple[Window, ...] | Literal["mixed"] | None = ()
    grows: bool = False  # the windows say what an input position writes instead: transposed convolution, upsampling


class Attribute(NamedTuple):
    """One key that a layer type takes; its kind is the annotation as written."""

    name: str
    kind: str
    default: Any = None
    required: bool = False


class LayerType(NamedTuple):
    """A registered layer: everything about it follows from its one function."""

    name: str
    cost: Callable[..., Cost]
    inputs: tuple[str, ...]  # names of the input shapes; one that joins has one only where a single input makes sense
    optional: tuple[str, ...]  # of those that may follow
    joins: bool  # takes any number of inputs
    attributes: Mapping[str, Attribute]
    kind: str  # the module that defines it: conv, pool, ...
    doc: str

    def takes(self, many: int) -> bool:
        """Whether it can be given so many inputs."""
        return many > 0 if self.joins else 0 <= many - len(self.inputs) <= len(self.optional)

    @property
    def reads(self) -> str:
        """Its inputs in words."""
        return "an input or more" if self.joins else reading(self.inputs, self.optional)


def reading(inputs: Sequence[str], optional: Sequence[str] = ()) -> str:
    """How many layers are read, and as what."""
    if len(inputs) <= 1 and not optional:
        return "one layer" if inputs else "nothing"
    names = ", ".join([*inputs, *(f"[{name}]" for name in optional)])
    most = f" to {len(inputs) + len(optional)}" if optional else ""
    return f"{len(inputs)}{most} layers ({names})"


_functions: dict[str, Callable[..., Cost]] = {}
_types: dict[str, LayerType] = {}


def layer(function: Callable[..., Cost]) -> Callable[..., Cost]:
    """Store the function in the registry under its name and return it unchanged."""
    name = function.__name__.rstrip("_")
    if name in _functions:
        raise RuntimeError(f"layer type {name!r} is defined twice")
    _functions[name] = function
    return function


def layer_names() -> tuple[str, ...]:
    """Every registered layer type, in the order of definition."""
    import archcost.layers  # noqa: F401  (importing the formulas fills the registry)

    return tuple(_functions)


def is_layer(name: str) -> bool:
    """Whether a layer type of that name is registered."""
    import archcost.layers  # noqa: F401

    return name in _functions


def layer_type(name: str) -> LayerType:
    """The layer type of that name; its signature is read at the first use."""
    if name not in _types:
        if not is_layer(name):
            raise ArchcostError(f"there is no layer {name!r}{did_you_mean(name, _functions)}")
        _types[name] = _read(name, _functions[name])
    return _types[name]


def _read(name: str, function: Callable[..., Cost]) -> LayerType:
    parameters = signature(function).parameters.values()
    given = [p for p in parameters if p.kind is not Parameter.KEYWORD_ONLY]
    keys = (p for p in parameters if p.kind is Parameter.KEYWORD_ONLY)
    attributes = {
        p.name: Attribute(p.name, p.annotation, required=True)
        if p.default is Parameter.empty
        else Attribute(p.name, p.annotation, p.default)
        for p in keys
    }
    return LayerType(
        name,
        function,
        tuple(p.name for p in given if p.default is Parameter.empty and p.kind is not Parameter.VAR_POSITIONAL),
        tuple(p.name for p in given if p.default is not Parameter.empty),
        any(p.kind is Parameter.VAR_POSITIONAL for p in given),
        attributes,
        function.__module__.rpartition(".")[2],
        function.__doc__ or "",
    )
