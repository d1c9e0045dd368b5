"""Figures of the lectures on GoogLeNet and ResNet that are no single quantity of a net, so that no claim can hold them.

The others are claims in specs/.
"""

from __future__ import annotations

import pytest

from archcost import load
from archcost.window import slide


def test_valid_convolution_has_w_minus_f_plus_one_positions() -> None:
    """Khapra, CS7015 lecture 11: an F x F filter on W x W without padding, W - F + 1 for every W and F."""
    sympy = pytest.importorskip("sympy")
    width, size = sympy.symbols("W F", integer=True, positive=True)
    ((positions,), _) = slide((width,), size, 1, 0)
    assert sympy.expand(positions - (width - size + 1)) == 0


@pytest.mark.parametrize(
    ("name", "expected"), [("resnet18", [4, 4, 4, 4]), ("resnet34", [6, 8, 12, 6]), ("resnet34_a", [6, 8, 12, 6])]
)
def test_convolutions_of_each_stage(name: str, expected: list[int]) -> None:
    """Mopuri 2023: how many convolutions the stages have; shortcuts are not counted."""
    convolutions = [row.name for row in load(name).rows if row.op == "conv" and "/shortcut/" not in row.name]
    stages = (f"stage{i}/" for i in range(1, 5))
    assert [sum(conv.startswith(stage) for conv in convolutions) for stage in stages] == expected
