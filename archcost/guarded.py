"""Arrays whose whole numbers refuse to wrap: what passes 64 bits is an error, never a wrong number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

LIMIT = 2**63
# How large a result can be, by the largest values of what it is made of; no other operation makes numbers larger.
BOUNDS: Mapping[Any, Callable[[int, int], int]] = {
    np.add: lambda a, b: a + b,
    np.subtract: lambda a, b: a + b,
    np.multiply: lambda a, b: a * b,
    np.power: lambda a, b: a**b if b < 64 else LIMIT,
}


class Guarded(np.ndarray[Any, Any]):
    """An array that works like any other, but raises OverflowError instead of wrapping.

    Each knows a bound of its values, from those that it was made of. Only where a bound reaches the limit are the
    values themselves looked at.
    """

    bound: int | None

    def __array_finalize__(self, made_of: Any) -> None:
        self.bound = None

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        guarded = method == "__call__" and ufunc in BOUNDS and all(map(_is_whole, inputs))
        bound = BOUNDS[ufunc](*map(_bound, inputs)) if guarded else 0
        if bound >= LIMIT:
            bound = BOUNDS[ufunc](*map(_largest, inputs))
            if bound >= LIMIT:
                raise OverflowError("a count does not fit into 64 bits")
        if "out" in options:
            options["out"] = tuple(map(_plain, options["out"]))
        result = getattr(ufunc, method)(*map(_plain, inputs), **options)
        if not isinstance(result, np.ndarray):
            return result
        made = result.view(Guarded)
        made.bound = bound if guarded else None
        return made


def guarded(values: Any) -> Guarded:
    """An array of whole numbers, as wide as they can be, or of any others, that refuses to wrap."""
    return np.asarray(values.astype(np.int64) if values.dtype.kind in "iu" else values).view(Guarded)


def _plain(values: Any) -> Any:
    return values.view(np.ndarray) if isinstance(values, Guarded) else values


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) or getattr(value, "dtype", np.dtype(float)).kind in "iub"


def _bound(value: Any) -> int:
    """No less than any value of it, whatever the sign."""
    if isinstance(value, Guarded) and value.bound is not None:
        return value.bound
    return _largest(value)


def _largest(value: Any) -> int:
    """The largest value of it, whatever the sign."""
    if isinstance(value, int):
        return abs(value)
    plain = np.asarray(value)
    found = max(abs(int(plain.min())), abs(int(plain.max())))
    if isinstance(value, Guarded):
        value.bound = found
    return found
