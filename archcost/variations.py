"""Networks near a network: what else may have been counted under its name, each with a distance from what was asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import SequenceMatcher
from functools import partial
from typing import Any, NamedTuple

from archcost.expand import expand
from archcost.kinds import shown
from archcost.net import Net
from archcost.source import Limits, plain_data
from archcost.spec import Spec
from archcost.zoo import load_spec, spec_files

RESOLUTIONS = (224, 227, 256, 299, 192, 160, 128, 331, 384, 32)
CLASSES = (1000, 1001, 100, 10)
FACTORS = (0.25, 0.5, 0.75, 1.0, 1.3, 1.4, 1.5, 2.0)
NEAR = (224, 227)  # which of the two the input is, papers confuse
FEW = 64  # what is more is no number of layers


class Variation(NamedTuple):
    """A network that may have been meant: in words, how far-fetched it is, and the net, made when it is wanted."""

    text: str
    distance: float
    net: Callable[[], Net]


def variations(spec: Spec, variant: str | None, knobs: Mapping[str, Any], limits: Limits) -> list[Variation]:
    """The network itself, and others: the nearest first."""
    make = partial(expand, spec, variant)
    found = [
        Variation("", 0.0, partial(make, knobs, limits)),
        Variation("with groups ignored", 0.7, lambda: ungrouped(make(knobs, limits))),
        *_turned(spec, variant, knobs, limits),
        *_relatives(spec, variant, limits),
    ]
    return sorted(found, key=lambda each: each.distance)


def ungrouped(net: Net) -> Net:
    """The net as if no convolution had groups."""
    return net._replace(
        nodes=tuple(
            node._replace(attributes={**node.attributes, "groups": 1}) if node.op == "conv" else node
            for node in net.nodes
        )
    )


def _turned(spec: Spec, variant: str | None, knobs: Mapping[str, Any], limits: Limits) -> Iterator[Variation]:
    """The network with one of its knobs turned."""
    settings = {**spec.params, **(spec.variants[variant] if variant else {}), **knobs}
    for knob, setting in settings.items():
        value = plain_data(setting)
        for other, distance in _others(knob, value):
            turned = {**knobs, knob: other}
            yield Variation(f"with {knob}={shown(other)}", distance, partial(expand, spec, variant, turned, limits))


def _others(knob: str, value: Any) -> Iterator[tuple[Any, float]]:
    """What else a knob may have been set to, and how far-fetched that is."""
    if isinstance(value, bool):
        yield not value, 1.5
    elif knob == "resolution":
        yield from ((n, 1.0 if n in NEAR and value in NEAR else 2.25) for n in RESOLUTIONS if n != value)
    elif knob == "classes":
        yield from ((n, 1.25 if n == 1001 else 2.25) for n in CLASSES if n != value)
    elif isinstance(value, float) or (knob in ("alpha", "width", "scale") and value == 1):
        yield from ((factor, 2.0) for factor in FACTORS if factor != value)
    elif isinstance(value, int) and value <= FEW:
        yield from ((n, 2.5) for n in (value - 1, value + 1) if n >= 0)
    elif isinstance(value, tuple) and value and all(type(n) is int and n <= FEW for n in value):
        for i, n in enumerate(value):
            yield from (((*value[:i], m, *value[i + 1 :]), 1.75) for m in (n - 1, n + 1) if m > 0)


def _relatives(spec: Spec, variant: str | None, limits: Limits) -> Iterator[Variation]:
    """Other members of the family, and networks in files whose names begin with the same word."""
    own = variant or spec.name
    families = [spec, *(load_spec(path) for path in spec_files() if _akin(path.stem, spec.name))]
    for family in families if spec.at.source.name == f"{spec.name}.yaml" else [spec]:
        for name in family.names:
            if name != own:
                namesake = own.split("_")[0] == name.split("_")[0]
                distance = 0.75 if namesake else 2 - SequenceMatcher(None, own, name).ratio()
                yield Variation(f"if it is {name}", distance, partial(_member, family, name, limits))


def _member(family: Spec, name: str, limits: Limits) -> Net:
    return expand(family, name if family.variants else None, None, limits)


def _akin(stem: str, name: str) -> bool:
    return stem != name and _word(stem) == _word(name)


def _word(name: str) -> str:
    found = re.match("[a-z]+", name)
    return found[0] if found else name
