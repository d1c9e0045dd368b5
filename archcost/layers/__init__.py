"""All formulas: one plain function per layer type, a file per kind. Importing this package fills the registry."""

from archcost.layers import activation, conv, join, linear, norm, pool, reshape

__all__ = ["activation", "conv", "join", "linear", "norm", "pool", "reshape"]
