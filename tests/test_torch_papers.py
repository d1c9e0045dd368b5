"""Are the networks that no library builds equal to PyTorch models written from their papers?"""

from __future__ import annotations

import pytest

import archcost

pytest.importorskip("torch")
import papers
import record


@pytest.mark.parametrize("name", papers.MODELS)
def test_equal_to_paper(name: str) -> None:
    """Parameters, buffers, MACs, and the output of every convolution and linear layer in order."""
    report = archcost.load(name).report()
    (size,) = report.inputs.values()
    expected = record.measure(name, papers.MODELS[name], list(size))
    found = {"params": report.totals.params, "buffers": report.totals.buffers, "macs": report.totals.macs}
    assert found == {key: expected[key] for key in found}
    made = [list(row.output) for row in report.rows if row.op in ("conv", "depthwise", "linear")]
    assert made == expected["shapes"]
