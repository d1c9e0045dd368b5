"""Do PyTorch and archcost agree on every layer of a network, and where need they not?"""
# ruff: noqa: D103  (a function without one is explained by the row of STRICTER in which it stands)

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import prod

from network_data import Attributes, Network, Shape, each, ends
from network_ours import ours
from network_table import build
from network_torch import Refused, Torch


def pads_too_much(a: Attributes, shapes: Sequence[Shape]) -> bool:
    rank = len(shapes[0]) - 1
    return any(max(pad) > k // 2 for pad, k in zip(ends(a.get("pad", 0), rank), each(a["kernel"], rank), strict=True))


def not_in_two(a: Attributes, shapes: Sequence[Shape]) -> bool:
    return len(shapes[0]) != 3


def same_with_stride(a: Attributes, shapes: Sequence[Shape]) -> bool:
    return a.get("pad") == "same" and any(n > 1 for n in each(a.get("stride", 1), len(shapes[0]) - 1))


def mean_larger_than_map(a: Attributes, shapes: Sequence[Shape]) -> bool:
    _, *space = shapes[0]
    return len(space) == 3 and any(k > n for n, k in zip(space, each(a["kernel"], 3), strict=True))


def cut_to_nothing(a: Attributes, shapes: Sequence[Shape]) -> bool:
    rank = len(shapes[0]) - 1
    sides = zip(ends(a.get("pad", 0), rank), each(a.get("output_pad", 0), rank), strict=True)
    return any(before != after and more for (before, after), more in sides)


# Where PyTorch refuses what archcost takes, and why that is so.
STRICTER: dict[str, tuple[Callable[[Attributes, Sequence[Shape]], bool], str]] = {
    "maxpool": (pads_too_much, "PyTorch limits the padding of pooling to half the kernel"),
    "avgpool": (
        lambda a, shapes: pads_too_much(a, shapes) or mean_larger_than_map(a, shapes),
        "as maxpool, and in three dimensions it takes no mean over more than the map",
    ),
    "pixel_shuffle": (not_in_two, "PyTorch has it in two dimensions only"),
    "pixel_unshuffle": (not_in_two, "PyTorch has it in two dimensions only"),
    "unfold": (not_in_two, "PyTorch has it in two dimensions only"),
    "transposed_conv": (
        cut_to_nothing,
        "PyTorch pads both ends alike; what is cut here beside it must be there before the rest is added",
    ),
    "conv": (same_with_stride, "PyTorch knows `same` without a stride only"),
    "depthwise": (same_with_stride, "PyTorch knows `same` without a stride only"),
    "partial_conv": (same_with_stride, "PyTorch knows `same` without a stride only"),
    "lstm": (
        lambda a, shapes: a.get("projection", 0) >= a["out"],
        "PyTorch projects to fewer features only",
    ),
    "pad_axes": (
        lambda a, shapes: any(n + min(b, 0) + min(e, 0) < 1 for n, (b, e) in zip(shapes[0], a["ends"], strict=False)),
        "PyTorch cuts before it pads, and then nothing may be left",
    ),
    "resize": (
        lambda a, shapes: a.get("mode") == "cubic" and len(shapes[0]) != 3,
        "PyTorch has cubic interpolation in two dimensions only",
    ),
    "instancenorm": (
        lambda a, shapes: prod(shapes[0][1:]) == 1 and not a.get("tracked"),
        "PyTorch refuses to normalise one element",
    ),
}


def sums_over_one(op: str, a: Attributes, shapes: Sequence[Shape]) -> bool:
    """Whether an einsum sums over an axis of 1: PyTorch multiplies without adding then, and its counter omits that."""
    if op != "einsum":
        return False
    terms, arrow, result = a["equation"].partition("->")
    letters = [*zip(terms.replace(",", ""), (n for shape in shapes for n in shape), strict=True)]
    kept = result if arrow else [letter for letter, _ in letters if terms.count(letter) == 1]
    return any(n == 1 and letter not in kept for letter, n in letters)


def theirs(network: Network) -> Torch:
    """What PyTorch says of each layer, up to the first that it refuses."""
    found = Torch(build)
    scope = [found.input(each["shape"], each.get("words", False)) for each in network["inputs"]]
    with suppress(Refused):
        found.walk(network["layers"], scope)
    return found


def difference(network: Network, found: Torch | None = None) -> str | None:
    """The first layer on which the two do not agree, in words."""
    found = found or theirs(network)
    expected = found.facts
    got, why = ours(network)
    for i, (a, b) in enumerate(zip(expected, got, strict=False)):
        op, attributes, shapes = found.layers[i]
        if a is None and b is not None and op in STRICTER and STRICTER[op][0](attributes, shapes):
            return None
        if a and b and sums_over_one(op, attributes, shapes):
            a, b = a._replace(macs=0), b._replace(macs=0)
        if a != b:
            return f"{op} {json.dumps(attributes)} of {shapes}: PyTorch {a}, archcost {b} {why}"
    missing = len(expected) - len(got)
    return None if missing == 0 or expected[-1] is None else f"{missing} layers are missing {why}"
