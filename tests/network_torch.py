"""What does PyTorch make of a network, layer after layer?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from network_data import BATCH, META, Attributes, Entry, Facts, Function, Shape, Tensor
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

torch.backends.opt_einsum.enabled = False  # type: ignore[assignment]  # products in the order in which they are written

Build: TypeAlias = Callable[[str, Attributes, Sequence[Shape]], Function]  # of a layer type, for shapes
REFUSALS = (RuntimeError, ValueError, IndexError, AssertionError)


class Refused(Exception):
    """PyTorch refuses the layer that was drawn last: the network ends with it."""


class Torch:
    """Results of PyTorch, layer after layer."""

    def __init__(self, build: Build) -> None:
        self.build = build
        self.counter = FlopCounterMode(display=False)
        self.tensors: list[Tensor] = []
        self.facts: list[Facts | None] = []
        self.layers: list[tuple[str, Attributes, list[Shape]]] = []

    def input(self, shape: Sequence[int], words: bool = False) -> int:
        """An input of the network."""
        kind = torch.long if words else torch.float
        return self.keep("input", {}, [], torch.empty(BATCH, *shape, device=META, dtype=kind), Facts(tuple(shape)))

    def keep(self, op: str, a: Attributes, shapes: list[Shape], tensor: Tensor, facts: Facts | None) -> int:
        self.layers.append((op, a, shapes))
        self.tensors.append(tensor)
        self.facts.append(facts)
        return len(self.tensors) - 1

    def run(self, op: str, attributes: Attributes, reads: Sequence[int]) -> int:
        """One layer more. What it leaves empty is refused."""
        given = [self.tensors[i] for i in reads]
        shapes = [tuple(t.shape[1:]) for t in given]
        try:
            with META:
                function = self.build(op, attributes, shapes)
            if isinstance(function, nn.Module):
                function.eval().requires_grad_(False)
            with torch.no_grad(), self.counter:
                out = function(*given)
            if out.ndim == 1:
                out = out.unsqueeze(1)  # one number for each sample is a vector of one
            if not out.numel():
                raise ValueError("empty")
        except REFUSALS as error:
            self.keep(op, attributes, shapes, torch.empty(0), None)
            raise Refused(op) from error
        params = buffers = 0
        if isinstance(function, nn.Module):
            params = sum(p.numel() for p in function.parameters())
            buffers = sum(b.numel() for n, b in function.named_buffers() if not n.endswith("num_batches_tracked"))
        macs = self.counter.get_total_flops() / 2 / BATCH
        out = out.contiguous()  # some modules of PyTorch refuse the strides that others leave
        return self.keep(op, attributes, shapes, out, Facts(tuple(out.shape[1:]), params, buffers, macs))

    def walk(self, entries: Sequence[Entry], scope: list[int]) -> None:
        """All layers of a list."""
        for entry in entries:
            reads = [scope[i] for i in entry["from"]]
            if "block" in entry:
                for _ in range(entry["repeat"]):
                    inside = [*reads]
                    self.walk(entry["block"], inside)
                    reads = [inside[-1]]
                scope.append(reads[0])
                continue
            if "branches" in entry:
                first, reads = reads[0], []
                for branch in entry["branches"]:
                    self.walk(branch, scope)
                    reads.append(scope[-1] if branch else first)
            scope.append(self.run(entry["op"], entry["attributes"], reads))
