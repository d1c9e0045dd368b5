"""All formulas: one plain function per layer type, a file per kind. Importing this package fills the registry."""

from archcost.layers import activation, attention, conv, join, linear, norm, pool, reshape

__all__ = ["activation", "attention", "conv", "join", "linear", "norm", "pool", "reshape"]
