"""Record small ONNX files of real exporters, without weights, and what PyTorch's flop counter says of the same models.

    PYTHONPATH=.:benchmarks python tests/data/onnx/record.py

Needs torch, torchvision, onnx and onnxscript. Weights become external data that is nowhere; long metadata goes.
"""

from __future__ import annotations

import json
import warnings
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from zoo import declare_operators

KNOWN = declare_operators()  # torchvision's own, where its compiled part does not fit
from torchvision.models import ResNet, VisionTransformer, resnet  # noqa: E402

HERE = Path(__file__).parent
KEPT = ("pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy")


class Words(nn.Module):
    """A recurrent network on words, whose head has the weights of the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(50, 12)
        self.rnn = nn.LSTM(12, 6, bidirectional=True, batch_first=True)
        self.head = nn.Linear(12, 50, bias=False)
        self.head.weight = self.words.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores of the next word."""
        return self.head(self.rnn(self.words(x))[0])


def small(model: Any) -> Any:
    """The model without its weights and long metadata."""
    for tensor in model.graph.initializer:
        if len(tensor.raw_data) > 200 or tensor.data_location == onnx.TensorProto.EXTERNAL:
            tensor.ClearField("raw_data")
            del tensor.external_data[:]
            tensor.external_data.add(key="location", value="nowhere.data")
            tensor.data_location = onnx.TensorProto.EXTERNAL
        del tensor.metadata_props[:]
    for one in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        kept = [(p.key, p.value) for p in one.metadata_props if p.key in KEPT]
        del one.metadata_props[:]
        for key, value in kept:
            one.metadata_props.add(key=key, value=value)
        if isinstance(one, onnx.NodeProto):
            one.ClearField("doc_string")
    return model


def main() -> None:
    """Write a file for each model and exporter, and one with the figures."""
    torch.manual_seed(0)
    image = torch.zeros(1, 3, 32, 32)
    models: dict[str, tuple[nn.Module, torch.Tensor]] = {
        "resnet": (ResNet(resnet.Bottleneck, [1, 1, 1, 1], num_classes=10), image),
        "vit": (VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=10), image),
        "words": (Words(), torch.zeros(1, 7, dtype=torch.int64)),
    }
    figures = {}
    for name, (model, x) in models.items():
        model.eval()
        for parameter in model.parameters():
            nn.init.normal_(parameter)
        with FlopCounterMode(display=False) as counter:  # on meta: kernels of the CPU escape the counter
            deepcopy(model).to("meta")(x.to("meta"))
        buffers = sum(b.numel() for n, b in model.named_buffers() if "running" in n)
        figures[name] = {
            "macs": counter.get_total_flops() // 2,
            "params": sum(p.numel() for p in model.parameters()),
            "buffers": buffers,
        }
        for dynamo in (True, False):
            with TemporaryDirectory() as folder:
                path = str(Path(folder) / "model.onnx")
                torch.onnx.export(model, (x,), path, dynamo=dynamo)
                made = small(onnx.load(path, load_external_data=False))
            onnx.save(made, HERE / f"{name}.{'dynamo' if dynamo else 'script'}.onnx")
    (HERE / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
