"""Are torchvision's networks equal to torchvision, to the last parameter, multiply-accumulate and shape?

The figures were recorded by `record_torchvision.py` from torchvision's own models.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import archcost

RECORDED = json.loads((Path(__file__).parent / "data" / "torchvision.json").read_text())["models"]


@pytest.mark.parametrize("name", RECORDED)
def test_equal_to_torchvision(name: str) -> None:
    """Parameters, buffers, MACs, and the output of every convolution and linear layer in order."""
    net = archcost.load(name, resolution=224)
    found = {
        "params": net.totals.params,
        "buffers": net.totals.buffers,
        "macs": net.totals.macs,
        "shapes": [list(row.output) for row in net.rows if row.op in ("conv", "linear")],
    }
    assert found == RECORDED[name]
