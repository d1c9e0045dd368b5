"""Is every network equal to its reference implementation, to the last parameter, multiply-accumulate and shape?

What torchvision, timm and Keras say was written down by `record.py` from their own models.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import archcost

LIBRARIES = ("torchvision", "timm", "keras")


def recorded() -> Iterator[Any]:
    """Each network with its knobs, `NAME@KNOB=VALUE`, and what its reference says."""
    for library in LIBRARIES:
        models = json.loads((Path(__file__).parent / "data" / f"{library}.json").read_text())["models"]
        for name, expected in models.items():
            yield pytest.param(library, name, expected, id=f"{library}-{name}")


@pytest.mark.parametrize(("library", "name", "expected"), list(recorded()))
def test_equal_to_reference(library: str, name: str, expected: dict[str, Any]) -> None:
    """Input, parameters, buffers, MACs, and the output of every convolution and linear layer in order.

    A map of one position is the same as a vector. Keras executes layers by their depth in the graph, and timm's RegNets
    their shortcuts last, so there the order is left out.
    """
    network, _, setting = name.partition("@")
    knob, _, value = setting.partition("=")
    report = archcost.load(network, **({knob: json.loads(value)} if knob else {})).report()
    assert [*report.inputs.values()] == [tuple(expected["input"])]
    found = {"params": report.totals.params, "buffers": report.totals.buffers, "macs": report.totals.macs}
    assert found == {key: expected[key] for key in found}
    order = sorted if library == "keras" or (name.startswith("regnet") and library == "timm") else list
    made = (row.output for row in report.rows if row.op in ("conv", "depthwise", "linear"))
    assert order(map(without_ones, made)) == order(map(without_ones, expected["shapes"]))


def without_ones(shape: Iterable[int]) -> list[int]:
    """A shape without its axes of length one."""
    return [n for n in shape if n > 1]
