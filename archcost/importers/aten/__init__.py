"""What each operator of PyTorch is in terms of our layers, a file per kind. Importing this package fills the registry.

A handler takes the graph, the shape that is made (or what PyTorch makes, where that is several tensors) and the
arguments by the names that PyTorch has for them.
"""

from archcost.importers.aten import elements, filters, places, pools
from archcost.importers.aten.registry import OPERATORS

__all__ = ["OPERATORS", "elements", "filters", "places", "pools"]
