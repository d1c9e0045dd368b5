"""Models in ONNX files as nets, read without their weights: of a stored tensor its name, shape and type matter.

Files are not trusted: nothing beside the file is opened, nothing is run, and what is worked out beforehand, such as the
shapes that exporters compute, is limited to small tensors. Read are operator sets from 7 on, both of PyTorch's
exporters, local functions, and quantised models.

Types are kept where they are not float32: what a layer makes and stores is weighed as the file has it, numbers of four
bits as bytes. Products of integers are multiply-accumulates like others. Inputs of a net have no type.

What each operator is in terms of our layers is said in a file per kind; importing this package fills the registry. A
handler takes what makes the layers, and the node with what it reads.
"""

from archcost.importers.onnx import constants, elements, filters, lookups, norms, places, pools, quantised, recurrent
from archcost.importers.onnx.names import net_of

__all__ = [
    "constants", "elements", "filters", "lookups", "net_of", "norms", "places", "pools", "quantised", "recurrent",
]  # fmt: skip
