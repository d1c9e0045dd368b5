"""What a neural-network architecture costs: output sizes, activation memory, parameters and FLOPs, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archcost.api import Architecture as Architecture
    from archcost.api import load as load
    from archcost.api import symbol as symbol
    from archcost.errors import ArchcostError as ArchcostError

__version__ = "0.1.0"
__all__ = ["ArchcostError", "Architecture", "load", "symbol"]


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first used: the command line starts without them."""
    if name not in __all__:
        raise AttributeError(f"module 'archcost' has no attribute {name!r}")
    from archcost import api, errors

    return getattr(errors if name == "ArchcostError" else api, name)
