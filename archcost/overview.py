"""The built-in networks at a glance, by year. Numbers only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archcost.dims import Shape
from archcost.expand import expand, title_of
from archcost.net import Accuracy
from archcost.presets import convention
from archcost.report import Counts, counts
from archcost.source import plain_data
from archcost.zoo import specs


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
    lecture = convention("lecture")
    for spec in sorted(specs(), key=lambda spec: (spec.year or 0, spec.name)):
        alike: dict[str, tuple[Shape, Counts]] = {}  # some variants differ in what was published about them only
        for name in spec.names:
            if text.lower() not in f"{name} {spec.title} {spec.source}".lower():
                continue
            variant = name if spec.variants else None
            settings = repr({knob: plain_data(value) for knob, value in spec.variants.get(name, {}).items()})
            if settings not in alike:
                net = expand(spec, variant)
                alike[settings] = net.nodes[0].attributes["shape"], counts(net, lecture)
            title, accuracy = title_of(spec, variant), spec.accuracy.get(name)
            yield Entry(name, title, spec.name, spec.year, *alike[settings], accuracy, spec.source)
