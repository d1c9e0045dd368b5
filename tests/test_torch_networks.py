"""Do random networks cost the same here and in PyTorch: every layer's shape, parameters, buffers, multiply-accumulates?

`networks.py` draws and compares them; `python tests/networks.py 10000 SEED` runs more. What once failed is kept in
`data/network_failures.json`: fixed here, or a known difference that `network_difference.py` documents.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from archcost.cost import layer_names

pytest.importorskip("torch")
from network_difference import difference, theirs
from network_table import LEFT_OUT, ROWS
from networks import ALL, Drawn, networks

MANY = 2000
PHASES = [Phase.generate, Phase.shrink]  # that of explanations would trace every line
KEPT = json.loads((Path(__file__).parent / "data" / "network_failures.json").read_text("utf-8"))


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept["why"])
def test_past_failures(kept: dict[str, Any]) -> None:
    """What both sides once disagreed on."""
    assert difference(kept["network"]) is None


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_random_networks() -> None:
    """No differences in so many different networks, the same ones each time, in which each layer type was drawn."""
    seen: set[str] = set()
    drawn: Counter[str] = Counter()

    @settings(
        max_examples=MANY + 200,
        derandomize=True,
        database=None,
        deadline=None,
        phases=PHASES,
        suppress_health_check=ALL,
    )
    @given(networks())
    def agree(case: Drawn) -> None:
        seen.add(repr(case))
        drawn.update(op for op, _, _ in case.torch.layers)
        assert difference(case.network, case.torch) is None

    agree()
    assert len(seen) >= MANY
    assert {*drawn} >= {*ROWS}


def test_every_layer_type_is_drawn_or_left_out() -> None:
    """A new layer type needs a row in the table, or a reason."""
    assert {*layer_names()} == {*ROWS} | LEFT_OUT


def changed(**attributes: Any) -> dict[str, Any]:
    """A small network in which a convolution has other attributes."""
    plain = {"out": 4, "kernel": 3, "pad": 1}
    layers = [
        {"op": "conv", "attributes": {**plain, **attributes}, "from": [0]},
        {"op": "relu", "attributes": {}, "from": [1]},
    ]
    return {"inputs": [{"shape": [2, 9, 9]}], "layers": layers}


@pytest.mark.parametrize(
    "attributes", [{"out": 5}, {"kernel": 5, "pad": 2}, {"bias": False}, {"stride": 2}, {"groups": 3}]
)
def test_differences_are_noticed(attributes: dict[str, Any]) -> None:
    """A network that PyTorch has otherwise does not agree, nor one of the two that is impossible."""
    assert difference(changed()) is None
    assert difference(changed(**attributes)) is None
    assert difference(changed(), theirs(changed(**attributes))) is not None
    assert difference(changed(**attributes), theirs(changed())) is not None
