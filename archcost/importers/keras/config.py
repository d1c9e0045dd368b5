"""What the configuration holds, checked where it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from archcost.dims import Shape
from archcost.errors import ArchcostError

LARGEST_SIZE = 2**31
MASKED = {  # the layers that a mask changes at inference
    "LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "GlobalAveragePooling1D", "GlobalAvgPool1D", "Softmax",
    "Attention", "AdditiveAttention", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D",
}  # fmt: skip


class Layer(NamedTuple):
    """A layer of the configuration. What is not as Keras writes it is an error that names the layer and the key."""

    name: str  # the path
    kind: str
    module: str
    registered: str
    config: Mapping[str, Any]
    built: Any = None

    @property
    def where(self) -> str:
        """The path for a message, which the outermost model has none of."""
        return self.name or "the model"

    def wrong(self, key: str, wanted: str) -> ArchcostError:
        """That a key is not what it should be."""
        return ArchcostError(f"{key} must be {wanted}, is {str(self.config.get(key))[:60]}")

    def count(self, key: str, default: int | None = None) -> int:
        """A whole number from 1."""
        value = self.config.get(key, default)
        value = default if value is None else value
        if not is_size(value):
            raise self.wrong(key, "a whole number from 1")
        return value

    def counts(self, key: str, rank: int, default: int | None = None) -> tuple[int, ...]:
        """A whole number from 1 for each axis."""
        value = self.config.get(key)
        value = default if value is None else value
        values = _listed(value, rank)
        if len(values) != rank or not all(is_size(n) for n in values):
            raise self.wrong(key, f"{rank} whole numbers from 1")
        return tuple(values)

    def ends(self, key: str, rank: int) -> tuple[tuple[int, int], ...]:
        """Two whole numbers from 0 for each axis."""
        value = self.config.get(key)
        values = _listed(value, rank)
        if rank == 1 and len(values) == 2 and all(map(is_whole, values)):
            values = [values]
        pairs: list[Any] = [pair if isinstance(pair, list | tuple) else [pair, pair] for pair in values]
        if len(pairs) != rank or not all(len(pair) == 2 and all(is_amount(n) for n in pair) for pair in pairs):
            raise self.wrong(key, f"two whole numbers from 0 for each of {rank} axes")
        return tuple((pair[0], pair[1]) for pair in pairs)

    def channels_last(self) -> bool:
        """Whether a layer that works on maps has their channels last."""
        return self.word("data_format", "channels_last", "channels_last", "channels_first") == "channels_last"

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.config.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def word(self, key: str, default: str, *known: str) -> str:
        """One of some words."""
        value = self.config.get(key)
        value = default if value is None else value
        if value not in known:
            raise self.wrong(key, f"one of {', '.join(known)}")
        return str(value)

    def axes(self, key: str, default: Any = None) -> list[int] | None:
        """One axis or several."""
        value = self.config.get(key, default)
        values = _listed(value)
        if value is None:
            return None
        if not all(map(is_whole, values)):
            raise self.wrong(key, "one axis or several")
        return values


def _listed(value: Any, times: int = 1) -> list[Any]:
    """A list as it is, and anything else that many times."""
    return list(value) if isinstance(value, list | tuple) else [value] * times


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_size(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number from 1."""
    return is_whole(value) and 0 < value < LARGEST_SIZE


def is_amount(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number from 0."""
    return is_whole(value) and 0 <= value < LARGEST_SIZE


def kinds(config: Any, key: str = "") -> Iterator[str]:
    """The kinds of all layers at any depth, or what those that work on maps have behind a key."""
    left = [config]
    while left:
        held = left.pop()
        if isinstance(held, dict):
            kind, inner = held.get("class_name"), held.get("config")
            if isinstance(kind, str) and not key:
                yield kind
            elif isinstance(kind, str) and isinstance(inner, dict) and ("Conv" in kind or "Pool" in kind):
                yield str(inner.get(key))
            left.extend(held.values())
        elif isinstance(held, list):
            left.extend(held)


def flat(held: Any, kind: Any = object) -> Iterator[Any]:
    """What lies in lists and mappings."""
    if isinstance(held, dict):
        for part in held.values():
            yield from flat(part, kind)
    elif isinstance(held, list) or type(held) is tuple:
        for part in held:
            yield from flat(part, kind)
    elif held is not None and isinstance(held, kind):
        yield held


def open_sizes(shape: Any) -> list[int | None] | None:
    """A shape without its batch; an axis may be left open."""
    if not isinstance(shape, list | tuple) or not shape:
        return None
    if not all(n is None or is_size(n) for n in shape[1:]):
        return None
    return list(shape[1:])


def sample_of(shape: Any) -> Shape | None:
    """A shape without its batch in which all sizes are known."""
    found = open_sizes(shape)
    return None if not found or None in found else tuple(n or 1 for n in found)


def input_shape(built: Any) -> Any:
    """What a layer was built for."""
    return built.get("input_shape") if isinstance(built, dict) else None


def label_of(held: Mapping[str, Any]) -> str:
    """The name of a layer as others refer to it, or nothing."""
    config = held.get("config")
    return str(held.get("name") or (config.get("name") if isinstance(config, dict) else "") or "")


def named_once(entries: Sequence[Layer], layers: Sequence[Mapping[str, Any]] = ()) -> dict[str, int]:
    """Where the layer of each name stands."""
    seen: dict[str, int] = {}
    for place, entry in enumerate(entries):
        name = label_of(layers[place]) if layers else entry.name
        if name in seen:
            raise ArchcostError(f"two layers are named {name}")
        seen[name] = place
    return seen
