"""The built-in networks at a glance, by year. Numbers only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archcost.dims import Shape
from archcost.expand import expand
from archcost.library import specs
from archcost.net import Accuracy
from archcost.report import Counts, counts


class Entry(NamedTuple):
    """One network."""

    name: str
    title: str
    family: str
    year: int | None
    input: Shape
    counts: Counts
    accuracy: Accuracy | None
    source: str


def overview(text: str = "") -> Iterator[Entry]:
    """Every network that has the text in its name, title or source."""
    for spec in sorted(specs(), key=lambda spec: (spec.year or 0, spec.name)):
        for name in spec.names:
            if text.lower() not in f"{name} {spec.title} {spec.source}".lower():
                continue
            net = expand(spec, name if spec.variants else None)
            shape = net.nodes[0].attributes["shape"]
            yield Entry(name, net.title, spec.name, spec.year, shape, counts(net), net.accuracy, spec.source)
