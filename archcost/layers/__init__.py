"""All formulas: one plain function per layer type, a file per kind. Importing this package fills the registry."""

from archcost.layers import (
    activation,
    arithmetic,
    attention,
    conv,
    join,
    linear,
    lookup,
    norm,
    pool,
    product,
    recurrent,
    reduce,
    reshape,
)

__all__ = [
    "activation",
    "arithmetic",
    "attention",
    "conv",
    "join",
    "linear",
    "lookup",
    "norm",
    "pool",
    "product",
    "recurrent",
    "reduce",
    "reshape",
]
