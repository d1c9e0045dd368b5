"""Write down what torchvision's own models cost, for `test_torchvision.py`. For developers; nobody else needs torch.

    pip install torch==2.13.0 && pip install --no-deps torchvision==0.29.2 && python tests/record_torchvision.py

Parameters are summed, multiply-accumulates are half of what torch's flop counter says on the meta device, the shapes
are those of every convolution and linear layer in the order of execution. The counters of batches that batch
normalisation keeps are left out of the buffers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

# torchvision's compiled operators do not load beside a CPU build of torch; their names are enough for its models.
library = torch.library.Library("torchvision", "DEF")
for operator in ("nms", "qnms"):
    library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torchvision  # noqa: E402

NETWORKS = {
    "alexnet": "alexnet",
    "googlenet_torchvision": "googlenet",
    **{name: name for name in ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")},
    **{f"vgg{n}{bn}": f"vgg{n}{bn}" for n in (11, 13, 16, 19) for bn in ("", "_bn")},
}


def record(name: str) -> dict[str, Any]:
    """Parameters, buffers, MACs and shapes of one model at 224 x 224."""
    extra = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        model = torchvision.models.get_model(name, weights=None, **extra).eval()
        x = torch.empty(1, 3, 224, 224)
    shapes: list[list[int]] = []
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(lambda _, __, output: shapes.append(list(output.shape[1:])))
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model(x)
    return {
        "params": sum(p.numel() for p in model.parameters()),
        "buffers": sum(b.numel() for name, b in model.named_buffers() if not name.endswith("num_batches_tracked")),
        "macs": counter.get_total_flops() // 2,
        "shapes": shapes,
    }


def main() -> None:
    """Write the file that the test reads."""
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__}
    models = {ours: record(theirs) for ours, theirs in NETWORKS.items()}
    lines = [f"  {json.dumps(name)}: {json.dumps(model)}" for name, model in models.items()]
    text = f'{{\n "versions": {json.dumps(versions)},\n "models": {{\n' + ",\n".join(lines) + "\n }\n}\n"
    (Path(__file__).parent / "data" / "torchvision.json").write_text(text)


if __name__ == "__main__":
    main()
