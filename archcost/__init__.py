"""What a neural-network architecture costs: output sizes, activation memory, parameters and FLOPs, layer by layer."""

__version__ = "0.1.0"
