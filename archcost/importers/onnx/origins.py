"""Where does a stored tensor come from: is it trained, a buffer, or a number that an exporter worked out?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Literal, NamedTuple

from archcost.dims import Shape
from archcost.importers.onnx.file import FLOATING

SIGNATURE, FOLDED = "pkg.torch.export.ExportedProgram.graph_signature", "pkg.onnxscript.optimizer.folded_from"
PARAMETER, BUFFER = "PARAMETER", "BUFFER"
MADE_UP = ("val_", "lifted_")  # how PyTorch's exporter calls what is its own

Origin = Literal["trained", "buffer", "constant", "number"]


class Origins(NamedTuple):
    """What a file says of its stored tensors; PyTorch's newer exporter says much, others nothing."""

    signature: Mapping[str, str]  # which are parameters and which buffers, by name
    folded: Mapping[str, Sequence[str]]  # what was worked out beforehand, and of which tensors
    described: bool  # whether there is a signature at all
    in_nodes: bool  # whether there are no weights but those in nodes of their own, as some exporters have it

    def of(self, name: str, shape: Shape, floating: bool) -> Origin:
        """What a tensor is. Where nobody says, it is trained if it has several elements or the name of a parameter;
        what can be a number of the exporter's is no parameter by itself, but can be all the weights that a layer has.
        """
        if self.signature.get(name) == BUFFER:
            return "buffer"
        if not floating:
            return "constant"
        if any(self.signature.get(one) == PARAMETER for one in (name, *self.folded.get(name, ()))):
            return "trained"
        if name in self.folded or (self.folded and name.startswith(MADE_UP)):
            return "constant"
        named = "." in name and "::" not in name and len(shape) > 0  # as act1.scale is; onnx::Mul_7 is not
        unsaid = self.described and name.startswith(MADE_UP)
        return "trained" if (prod(shape) > 1 or named) and not unsaid else "number"

    @property
    def parameters(self) -> set[str]:
        """The names of the parameters, as far as the exporter says them."""
        return {name for name, kind in self.signature.items() if kind == PARAMETER}


def origins(model: Any) -> Origins:
    """What a model says of its stored tensors."""
    graph = model.graph
    said = [one.value for one in graph.metadata_props if one.key == SIGNATURE]
    signature = {name: kind for kind, name in re.findall(r": (PARAMETER|BUFFER) target='([^']*)'", "".join(said))}
    folded = {
        info.name: re.findall(r"'([^']*)'", one.value)
        for info in graph.value_info
        for one in info.metadata_props
        if one.key == FOLDED
    }
    matrices = any(tensor.data_type in FLOATING and len(tensor.dims) > 1 for tensor in graph.initializer)
    return Origins(signature, folded, bool(said), not matrices)
