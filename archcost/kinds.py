"""The kinds of value that a layer attribute takes: how each is checked, described and given to an editor.

A kind is the annotation in the layer's signature, as written: `Dim`, `Spatial`, `Padding`, `bool`, `Literal['a', 'b']`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from archcost.dims import settled
from archcost.errors import ArchcostError, did_you_mean

EXPRESSION = {"type": "string"}  # anywhere a number is wanted, an expression may stand
LARGEST = 2**63  # no count or size in any network comes near
ITEMS, NESTED = 200, 8  # values of a list, with those of the lists in it, and how deep these may lie
TOO_LARGE = f"a list of more than {ITEMS} values, or nested deeper than {NESTED}"

# Bytes of one element.
DTYPES: Mapping[str, int] = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "uint16": 2,
    "int8": 1,
    "uint8": 1,
    "float8": 1,
    "bool": 1,
}


class Kind(NamedTuple):
    """What a value must be, in words, as a test, and as a JSON Schema."""

    wanted: str
    accepts: Callable[[Any], bool]
    schema: Mapping[str, Any]


def is_number(value: Any) -> bool:
    """A plain number, a symbol or an array of integers: what arithmetic is done on."""
    if isinstance(value, int | float):
        return not isinstance(value, bool)
    return hasattr(value, "free_symbols") or (hasattr(value, "dtype") and value.dtype.kind in "iuf")


def is_whole(value: Any, least: int = 1) -> bool:
    """A whole number not below `least`, at all points of an array; symbols are taken to be large enough."""
    if isinstance(value, int | float):
        return isinstance(value, int) and not isinstance(value, bool) and value >= least
    if hasattr(value, "dtype"):
        return value.dtype.kind in "iu" and settled(value >= least) is True
    return hasattr(value, "free_symbols") and value.is_integer is True and value.is_nonnegative is not False


def is_hashable(value: Any) -> bool:
    """Whether a value can be looked up: arrays and lists of layers cannot."""
    try:
        hash(value)
    except TypeError:
        return False
    return True


def is_too_large(value: tuple[Any, ...]) -> bool:
    """Whether a list holds too much: lists of lists in a few lines would be gigabytes when shown or compared."""
    values, count = list(value), len(value)
    for _ in range(NESTED):
        if count > ITEMS or not values:
            return count > ITEMS
        values = [part for inner in values if isinstance(inner, tuple) for part in inner]
        count += len(values)
    return bool(values)


def _is_pad(value: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(
            is_whole(v, 0) or (isinstance(v, tuple) and len(v) == 2 and all(is_whole(end, 0) for end in v))
            for v in value
        )
    return value in ("same", "valid") if isinstance(value, str) else is_whole(value, 0)


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(is_whole(end, -LARGEST) for end in value)


def _whole(least: int) -> list[Mapping[str, Any]]:
    return [{"type": "integer", "minimum": least}, EXPRESSION]


_PAD = {"anyOf": [*_whole(0), {"type": "array", "items": {"anyOf": _whole(0)}, "minItems": 2, "maxItems": 2}]}

KINDS: Mapping[str, Kind] = {
    "Dim": Kind("a whole number from 1", is_whole, {"anyOf": _whole(1)}),
    "Count": Kind("a whole number from 0", lambda v: is_whole(v, 0), {"anyOf": _whole(0)}),
    "int": Kind(
        "a whole number", lambda v: isinstance(v, int) and not isinstance(v, bool), {"anyOf": _whole(-(2**31))}
    ),
    "float": Kind("a number", is_number, {"anyOf": [{"type": "number"}, EXPRESSION]}),
    "bool": Kind("true or false", lambda v: isinstance(v, bool), {"anyOf": [{"type": "boolean"}, EXPRESSION]}),
    "Spatial": Kind(
        "a whole number from 1, or a list with one for each axis",
        lambda v: all(map(is_whole, v)) and bool(v) if isinstance(v, tuple) else is_whole(v),
        {"anyOf": [*_whole(1), {"type": "array", "items": {"anyOf": _whole(1)}, "minItems": 1}]},
    ),
    "Counts": Kind(
        "a whole number from 0, or a list with one for each axis",
        lambda v: bool(v) and all(is_whole(n, 0) for n in v) if isinstance(v, tuple) else is_whole(v, 0),
        {"anyOf": [*_whole(0), {"type": "array", "items": {"anyOf": _whole(0)}, "minItems": 1}]},
    ),
    "Padding": Kind(
        "a whole number from 0, a list with one number or [before, after] for each axis, or 'same' or 'valid'",
        _is_pad,
        {"anyOf": [*_whole(0), {"type": "array", "items": _PAD, "minItems": 1}]},
    ),
    "Ends": Kind(
        "a list with [before, after] for each axis",
        lambda v: isinstance(v, tuple) and bool(v) and all(_is_pair(ends) for ends in v),
        {"type": "array", "items": {"type": "array", "items": {"anyOf": _whole(-(2**31))}}, "minItems": 1},
    ),
    "str": Kind("a text", lambda v: isinstance(v, str), {"type": "string"}),
    "Sequence[int]": Kind(
        "a list of whole numbers",
        lambda v: isinstance(v, tuple) and bool(v) and all(isinstance(n, int) and not isinstance(n, bool) for n in v),
        {"type": "array", "items": {"type": "integer"}, "minItems": 1},
    ),
    "Sequence[Dim]": Kind(
        "a list of whole numbers from 1",
        lambda v: isinstance(v, tuple) and bool(v) and all(map(is_whole, v)),
        {"anyOf": [EXPRESSION, {"type": "array", "items": {"anyOf": _whole(1)}, "minItems": 1}]},
    ),
}


@cache
def kind(annotation: str) -> Kind:
    """The kind that an annotation names."""
    plain = annotation.removesuffix(" | None")
    if not plain.startswith("Literal"):
        return KINDS[plain]
    words = tuple(ast.literal_eval(plain.removeprefix("Literal")))
    return Kind(f"one of {', '.join(words)}", lambda v: v in words, {"anyOf": [{"enum": list(words)}, EXPRESSION]})


def exact(value: Any) -> Any:
    """A float that is whole as an int, also inside a list: `0.5*64` is 32."""
    if isinstance(value, tuple):
        return tuple(map(exact, value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


def check(annotation: str, value: Any) -> Any:
    """The value, if it is of that kind; where a whole number is wanted, a float that is whole is one."""
    wanted = kind(annotation)
    if annotation != "float":
        value = exact(value)
    if wanted.accepts(value):
        return value
    hint = ""
    if isinstance(value, str):
        words = ast.literal_eval(annotation.removeprefix("Literal")) if "Literal" in annotation else ["same", "valid"]
        hint = did_you_mean(value, words) if "Literal" in annotation or annotation == "Padding" else ""
    raise ArchcostError(f"must be {wanted.wanted}, is {shown(value)}{hint}")


def shown(value: Any) -> str:
    """A value as the specification writes it, cut where it is long."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        text = f"[{', '.join(map(shown, value))}]"
    else:
        text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def element_bytes(dtype: str) -> int:
    """Bytes of one element of a type."""
    if dtype not in DTYPES:
        raise ArchcostError(f"there is no dtype {dtype!r}{did_you_mean(dtype, DTYPES)} (known: {', '.join(DTYPES)})")
    return DTYPES[dtype]
