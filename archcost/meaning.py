"""What a value of a specification means where it stands: a number, a word, a truth, a list of layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from archcost.cost import is_layer
from archcost.dims import Disagreement, settled, symbols_in
from archcost.errors import Frame, Position, SpecError, did_you_mean
from archcost.expression import evaluate, is_word, undecided
from archcost.kinds import TOO_LARGE, is_too_large, shown
from archcost.source import Limits, Value
from archcost.spec import Block


class Names:
    """The layers that have been named so far, in this list and in those around it."""

    def __init__(self, outer: Names | None = None, named: Mapping[str, int] | None = None) -> None:
        self.outer, self.named = outer, dict(named or {})

    def find(self, name: str) -> int | None:
        """The index of the node of that name."""
        return self.named[name] if name in self.named else self.outer.find(name) if self.outer else None

    def __iter__(self) -> Iterator[str]:
        yield from self.named
        yield from self.outer or ()


class Scope(NamedTuple):
    """What names mean where a list of layers was written."""

    values: Mapping[str, Any]
    names: Names
    via: Frame | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """A list of layers as an argument, to be read in the scope in which it was written."""

    value: Value
    scope: Scope

    def __str__(self) -> str:
        return "a list of layers"


ANYWHERE = Scope({}, Names())  # of a list that names layer types only, such as [relu]: it means the same in every scope


class Meaning:
    """The meaning of values, worked out within limits."""

    def __init__(self, blocks: Mapping[str, Block], limits: Limits) -> None:
        self.blocks, self.limits = blocks, limits
        self.plain: dict[int, Layers] = {}
        self.values = 0

    def spend(self, values: int, at: Position | None, via: Frame | None) -> None:
        """Count the values that are worked out, so that a few lines cannot ask for hours."""
        self.values += values
        if self.values > self.limits.values:
            message = f"more than {self.limits.values} values to work out; --limit values=N raises the limit"
            raise SpecError(message, at, via)

    def bound(self, value: Value, scope: Scope) -> Any:
        """What a value means in a scope: a number, truth, word, tuple, list of layers, or None for nothing."""
        data = value.data
        self.spend(1, value.at, scope.via)
        if not isinstance(data, str | list | dict):
            return data
        if isinstance(data, str):
            if data in scope.values:
                return scope.values[data]
            if is_word(data):
                return data
            self.spend(len(data) // 3, value.at, scope.via)  # about as many as it has parts
            try:
                return evaluate(data, scope.values, value.at)
            except SpecError as error:
                raise SpecError(error.message, error.at, scope.via) from error
        if isinstance(data, list):
            if not self.is_layers(value, scope):
                return self.items(value, scope)
            return self.plain.get(id(value)) or self.layers(value, scope)
        raise SpecError("a value must be a number, a word or a list, not a map", value.at, scope.via)

    def layers(self, value: Value, scope: Scope) -> Layers:
        """A list of layers; what means the same everywhere is made once, so that blocks with it are known again."""
        if not all(item.is_text and self.is_type(item.data, scope) for item in value.data):
            return Layers(value, scope)
        self.plain[id(value)] = Layers(value, ANYWHERE)
        return self.plain[id(value)]

    def is_type(self, name: str, scope: Scope) -> bool:
        """Whether a name stands for a layer type, and for nothing else here."""
        return name not in scope.values and name not in self.blocks and is_layer(name)

    def items(self, value: Value, scope: Scope) -> tuple[Any, ...]:
        items = tuple(self.bound(item, scope) for item in value.data)
        if is_too_large(items):
            raise SpecError(TOO_LARGE, value.at, scope.via)
        return items

    def is_layers(self, value: Value, scope: Scope) -> bool:
        """Whether a list holds layers rather than numbers: any of its items names one."""
        self.spend(len(value.data), value.at, scope.via)
        return any(item.is_map or (item.is_text and self.names_layers(item.data, scope)) for item in value.data)

    def names_layers(self, name: str, scope: Scope) -> bool:
        """Whether a name stands for a layer, a block, or a list of layers that is an argument."""
        if name in scope.values:
            return isinstance(scope.values[name], Layers)
        return name in self.blocks or is_layer(name)

    def truth(self, value: Value, scope: Scope) -> bool:
        try:
            answer = settled(self.bound(value, scope))
        except Disagreement as error:
            raise SpecError("when must be the same at all points of an array", value.at, scope.via) from error
        if symbols_in(answer):
            raise SpecError(undecided(str(value.data), answer), value.at, scope.via)
        if not isinstance(answer, bool):
            at, near = self.mistake(value, scope)
            raise SpecError(f"when must be true or false, is {shown(answer)}{near}", at, scope.via)
        return answer

    def mistake(self, value: Value, scope: Scope) -> tuple[Position, str]:
        """Where in a value that is refused stands a word that is no name, and what was meant by it."""
        for part in value.data if value.is_list else [value]:
            if part.is_text and is_word(part.data) and part.data not in scope.values:
                return part.at, did_you_mean(part.data, scope.values)
        return value.at, ""
