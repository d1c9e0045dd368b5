"""Is the receptive field what one finds by tracing which inputs reach an output?"""

from __future__ import annotations

import pytest

from archcost.expand import expand
from archcost.net import propagate
from archcost.receptive import receptive_fields
from archcost.source import Source, parse
from archcost.spec import read_spec

CASES = {
    # 1 + (3 - 1) + (3 - 1) * 1, and after a stride of 2 a step counts double.
    "two 3x3": ("[conv: {out: 1, kernel: 3}, conv: {out: 1, kernel: 3}]", 5),
    "stride": ("[conv: {out: 1, kernel: 3, stride: 2}, conv: {out: 1, kernel: 3}]", 3 + 2 * 2),
    "dilation": ("[conv: {out: 1, kernel: 3, dilation: 4}]", 2 * 4 + 1),
    # The union of 5 and 1 around the same centre.
    "branches": ("[concat: [[conv: {out: 1, kernel: 5, pad: 2}], []]]", 5),
    # Even and odd positions, side by side: two neighbours.
    "offsets": ("[concat: [[slice: {axis: 1, stop: 16, step: 2}], [slice: {axis: 1, start: 1, step: 2}]]]", 2),
    # An 11-long crop of a 17-long map begins at 3, where a valid 7-long kernel has its centre.
    "crop": ("[concat: [[conv: {out: 1, kernel: 7}], [crop: 11]]]", 7),
    # A gate sees the whole map, and so does what it is multiplied with.
    "gate": ("[multiply: [[], [global_avgpool, conv: {out: 1, kernel: 1}]], conv: {out: 1, kernel: 3}]", 17 + 2),
    # An enlarged position is read by two outputs; three outputs reach over two inputs.
    "upsample": ("[upsample: 2, conv: {out: 1, kernel: 3, pad: 1}]", 2),
    "everything": ("[flatten, linear: 3]", 17),
}


@pytest.mark.parametrize("name", CASES)
def test_by_hand(name: str) -> None:
    """Along the one axis of a map of 17 positions."""
    layers, expected = CASES[name]
    net = expand(read_spec(parse(Source(name, f"input: [1, 17]\nlayers: {layers}")), name))
    assert receptive_fields(propagate(net))[-1] == (expected,)
