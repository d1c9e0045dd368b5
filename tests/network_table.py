"""Which layer types are drawn, and how often?"""

from __future__ import annotations

from collections.abc import Sequence

from network_data import Attributes, Function, Shape
from network_row import Row
from network_rows_elements import ACTIVATION, ARITHMETIC, ARITHMETIC_OF_TWO, JOINING, REDUCTION, TRUTHS
from network_rows_maps import CONVOLUTION, NORMALISATION, POOLING
from network_rows_moves import MOVING, MOVING_IN_SPACE
from network_rows_products import LINEAR, PRODUCT, RECURRENT, STORED, WORDS

# How often each group of layer types is drawn, and its types. Left out are `rbf`, `deform_conv` and `uncounted`:
# PyTorch has no such layers.
GROUPS: dict[str, tuple[int, dict[str, Row]]] = {
    "convolution": (5, CONVOLUTION),
    "pooling": (4, POOLING),
    "normalisation": (4, NORMALISATION),
    "activation": (4, ACTIVATION),
    "arithmetic": (3, ARITHMETIC),
    "arithmetic of two": (2, ARITHMETIC_OF_TWO),
    "joining": (3, JOINING),
    "linear": (3, LINEAR),
    "reduction": (2, REDUCTION),
    "moving": (5, MOVING),
    "moving in space": (4, MOVING_IN_SPACE),
    "product": (6, PRODUCT),
    "recurrent": (1, RECURRENT),
    "words": (1, WORDS),
    "truths": (1, TRUTHS),
    "stored": (0, STORED),  # drawn as what others read
}

LEFT_OUT = {"rbf", "deform_conv", "uncounted"}
ROWS = {op: row for _, rows in GROUPS.values() for op, row in rows.items()}


def build(op: str, attributes: Attributes, shapes: Sequence[Shape]) -> Function:
    """What PyTorch makes of a layer that reads these shapes: a module or a function of tensors."""
    return ROWS[op].build(attributes, *shapes)
