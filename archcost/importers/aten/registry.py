"""Handlers of operators by name, and what they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Handler = Callable[..., Any]
Function = TypeVar("Function", bound=Handler)
OPERATORS: dict[str, Handler] = {}


def operator(*names: str) -> Callable[[Function], Function]:
    """Store a handler under the names of its operators; a name without overload is that of all."""

    def store(function: Function) -> Function:
        twice = OPERATORS.keys() & {*names}
        if twice:
            raise RuntimeError(f"operators that are defined twice: {', '.join(sorted(twice))}")
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return store


def pair(value: Any, rank: int) -> tuple[int, ...]:
    """One value for each axis."""
    values = [value] if isinstance(value, int) else list(value)
    return tuple(values * rank if len(values) == 1 else values)


def first(made: Any) -> tuple[int, ...]:
    """The shape that is made, or the first of several."""
    if isinstance(made, list | tuple) and made and not isinstance(made[0], int):
        return tuple(made[0].shape) or (1,)
    return made  # type: ignore[no-any-return]
