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


@pytest.mark.parametrize(("library", "name", "expected"), recorded())
def test_equal_to_reference(library: str, name: str, expected: dict[str, Any]) -> None:
    """Input, parameters, buffers, MACs, and the output of every convolution and linear layer in order.

    Keras executes layers by their depth in the graph, so there the order is left out.
    """
    network, _, setting = name.partition("@")
    knob, _, value = setting.partition("=")
    report = archcost.load(network, **({knob: json.loads(value)} if knob else {})).report()
    order = sorted if library == "keras" else list
    assert [*report.inputs.values()] == [tuple(expected["input"])]
    found = {"params": report.totals.params, "buffers": report.totals.buffers, "macs": report.totals.macs}
    assert found == {key: expected[key] for key in found}
    assert order(shapes(report.rows)) == order(expected["shapes"])


def shapes(rows: Iterable[Any]) -> list[list[int]]:
    """What convolutions and linear layers make; of linear layers without axes of length one."""
    made = [(row.op, row.output) for row in rows if row.op in ("conv", "depthwise", "linear")]
    return [[n for n in output if n > 1 or op != "linear"] for op, output in made]
