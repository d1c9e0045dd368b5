"""What PyTorch says of a model, and the net of one that must agree with it."""

from __future__ import annotations

from typing import Any

import pytest
from come_back import comes_back

from archcost.convention import Convention
from archcost.net import Net
from archcost.presets import convention
from archcost.report import Totals, report

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402  (only where PyTorch is installed)
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from archcost.importers.torch import net_of  # noqa: E402

MACS: Convention = convention("macs")


def totals(net: Net) -> Totals:
    """What the net costs."""
    return report(net, MACS).totals


def stored(model: nn.Module) -> tuple[int, int]:
    """Parameters and buffers of a model, each tensor once; counters of batches aside."""
    parameters = {id(p): p.numel() for p in model.parameters()}
    buffers = {id(b): b.numel() for name, b in model.named_buffers() if not name.endswith("num_batches_tracked")}
    return sum(parameters.values()), sum(buffers.values())


def macs(model: nn.Module, inputs: list[Any]) -> int:
    """Multiply-accumulates as PyTorch's own counter has them, on the meta device."""
    model.requires_grad_(False)
    with FlopCounterMode(display=False) as counter:
        model.to("meta")(*inputs)
    return counter.get_total_flops() // 2


def imported(model: nn.Module, *shapes: tuple[int, ...], dtype: Any = torch.float32) -> Net:
    """The net of a small model, which must agree with PyTorch."""
    inputs = [torch.empty(shape, dtype=dtype, device="meta") for shape in shapes]
    net = net_of(model, inputs, "net", "Net")
    found = totals(net)
    assert (found.params, found.buffers) == stored(model)
    assert found.macs == macs(model, inputs)
    comes_back(net)
    return net
