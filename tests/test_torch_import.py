"""Do models of PyTorch become nets that cost what PyTorch says, layer by layer?

pip install torch==2.13.0; pip install --no-deps torchvision==0.29.2
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from come_back import comes_back

from archcost.errors import ArchcostError
from archcost.net import Net, propagate
from archcost.zoo import load_net

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402  (only where PyTorch is installed)
from torch.nn import functional as F  # noqa: E402
from torch_twins import imported, macs, stored, totals  # noqa: E402

from archcost.importers.torch import net_of  # noqa: E402

# The smallest of each family of torchvision.models; the built-in network of the same name, unless another is named.
MODELS = {
    "alexnet": "", "convnext_tiny": "", "densenet121": "", "efficientnet_b0": "", "googlenet": "googlenet_torchvision",
    "inception_v3": "", "maxvit_t": "", "mnasnet0_5": "", "mobilenet_v2": "", "mobilenet_v3_small": "",
    "regnet_y_400mf": "", "resnet18": "", "shufflenet_v2_x0_5": "", "squeezenet1_1": "", "swin_t": "", "swin_v2_t": "",
    "vgg11": "", "vit_b_16": "",
}  # fmt: skip


def built(models: Any, name: str) -> nn.Module:
    """A model of torchvision on the meta device; a few look at numbers as they are made."""
    try:
        with torch.device("meta"):
            return models.get_model(name, weights=None).eval()
    except RuntimeError:
        return models.get_model(name, weights=None).eval().to("meta")


def weighted(net: Net) -> Counter[Any]:
    """The layers that have parameters: the sizes that each makes, in any order of the axes, and its parameters."""
    read = {index for node in net.nodes for index in node.inputs}
    steps = [step for index, step in enumerate(propagate(net)) if index in read or step.node.op != "parameter"]
    steps = [step for step in steps if sum(step.cost.params.values())]
    return Counter((tuple(sorted(n for n in step.cost.out if n > 1)), sum(step.cost.params.values())) for step in steps)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore")
def test_torchvision(models: Any, name: str) -> None:
    """Parameters, buffers and multiply-accumulates are PyTorch's; read back from YAML the net is the same."""
    model = built(models, name)
    twin = load_net(MODELS[name] or name)
    shape = next(node.attributes["shape"] for node in twin.nodes if node.op == "input")
    x = torch.empty(1, *shape, device="meta")
    net = net_of(model, [x], name, name)
    found = totals(net)
    assert (found.params, found.buffers) == stored(model)
    assert found.macs == macs(model, [x])
    comes_back(net)
    if name != "swin_v2_t":  # whose zoo specification has the biases of queries and values beside the projection
        knobs = {"aux": False} if MODELS[name] == "googlenet_torchvision" or name == "inception_v3" else {}
        assert weighted(load_net(MODELS[name] or name, knobs)) == weighted(net)  # auxiliary heads run in training only


class Shared(nn.Module):
    """A convolution that is used three times."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Any) -> Any:
        for _ in range(3):
            x = F.relu(self.block(x)) + x
        return x


def test_shared_modules() -> None:
    """Stored once, computed each time."""
    net = imported(Shared(), (1, 4, 8, 8))
    assert totals(net).params == 4 * 4 * 9 + 4
    assert totals(net).macs == 3 * 4 * 4 * 9 * 8 * 8
    assert [node.name for node in net.nodes if node.op == "conv"] == ["block/conv1", "block/conv2", "block/conv3"]


class Tied(nn.Module):
    """A language model whose last layer has the weights of its first."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(100, 16), nn.Linear(16, 100)
        self.head.weight = self.embed.weight

    def forward(self, tokens: Any) -> Any:
        return self.head(self.embed(tokens))


def test_tied_weights() -> None:
    """One tensor, read in two ways."""
    net = imported(Tied(), (1, 7), dtype=torch.int64)
    assert totals(net).params == 100 * 16 + 100
    assert totals(net).macs == 7 * 16 * 100


class Functional(nn.Module):
    """What is not a module: matrix products, einsum, attention, computed weights, slices, gates."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.kernel = nn.Parameter(torch.empty(8, 8, 3, 3))
        self.unread = nn.Parameter(torch.empty(5))
        self.register_buffer("mask", torch.empty(16, 16))
        self.qkv = nn.Linear(8, 24)

    def forward(self, x: Any) -> Any:
        x = F.conv2d(x, self.kernel * self.scale, padding=1)
        x = x * torch.sigmoid(x.mean((2, 3), keepdim=True))
        tokens = x.flatten(2).transpose(1, 2)
        q, k, v = self.qkv(tokens).reshape(1, 16, 3, 2, 4).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask)
        b = torch.softmax(q @ k.transpose(-2, -1) / 2, dim=-1) @ v
        c = torch.einsum("bhid,bhjd->bhij", q, k)[..., :4]
        return torch.cat([a, b, c], dim=-1).transpose(1, 2).reshape(1, 16, -1)[:, 0]


def test_functional_operations() -> None:
    """Each is counted as the modules are; what nothing reads is stored all the same."""
    net = imported(Functional(), (1, 8, 4, 4))
    assert totals(net).params == 8 * 24 + 24 + 8 * 8 * 9 + 1 + 5
    assert totals(net).macs == 8 * 8 * 9 * 16 + 16 * 8 * 24 + 5 * (2 * 16 * 16 * 4)


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.LSTM(8, 5, 2, batch_first=True, bidirectional=True), (1, 7, 8)),
        (nn.GRU(8, 5, batch_first=True), (1, 7, 8)),
        (nn.MultiheadAttention(16, 4, batch_first=True), None),
        (nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), (1, 6, 16)),
        (nn.Sequential(nn.Conv1d(4, 6, 3, 2), nn.BatchNorm1d(6), nn.PReLU(6), nn.AdaptiveMaxPool1d(2)), (1, 4, 17)),
        (
            nn.Sequential(nn.Conv3d(2, 4, (1, 3, 3)), nn.GroupNorm(2, 4), nn.MaxPool3d(2, ceil_mode=True)),
            (1, 2, 5, 9, 9),
        ),
        (
            nn.Sequential(nn.ConvTranspose2d(4, 6, 3, 2, output_padding=1), nn.InstanceNorm2d(6, affine=True)),
            (1, 4, 5, 6),
        ),
        (nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(12, 12, 1, groups=12), nn.PixelShuffle(2)), (1, 3, 8, 8)),
        (
            nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.ReflectionPad2d(1), nn.Hardtanh(0, 6)),
            (1, 3, 5, 5),
        ),
        (nn.Sequential(nn.Unfold(3, padding=1), nn.LayerNorm((27, 25)), nn.Flatten(), nn.Dropout(0.1)), (1, 3, 5, 5)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_modules(module: nn.Module, shape: tuple[int, ...] | None) -> None:
    """Of one to three dimensions, recurrent, normalising, resizing."""
    if shape is None:
        module, shape = Own(module), (1, 6, 16)
    if isinstance(module, nn.LSTM | nn.GRU):
        inputs = [torch.empty(shape, device="meta")]
        net = net_of(module, inputs, "net", "Net")  # PyTorch's counter knows no recurrent layers
        assert (totals(net).params, totals(net).buffers) == stored(module)
    else:
        imported(module.eval(), shape)


class Own(nn.Module):
    """Attention of a tensor to itself."""

    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self.attention = attention

    def forward(self, x: Any) -> Any:
        return self.attention(x, x, x)[0]


SOURCE = """
import torch
from torch import nn


class Odd(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        return self.head(torch.fft.fft(torch.fft.fft(x)).real)


def build(width=8):
    return Odd(width)


def broken():
    raise KeyError("no such key")


def nothing():
    return 3
"""


def test_unknown_operators(archcost, module: str) -> None:
    """All are listed with how often and where; by the user's word they are left out, and every format says so."""
    arguments = (f"{module}:build", "--input", "8")
    error = archcost("table", *arguments, exit_code=2).stderr
    assert error.splitlines() == [
        "2 operators are not known; --unknown skip goes on without counting them:",
        "  aten.fft_fft.default: 2 times, in the model",
        "  aten.real.default: once, in the model",
    ]
    listed = "aten.fft_fft.default (2), aten.real.default (1)"
    for form in ("rich", "markdown"):
        shown = archcost("table", *arguments, "--unknown", "skip", "--format", form)
        assert f"INCOMPLETE: not counted are {listed}" in shown.stdout
        assert f"is incomplete: not counted are {listed}" in shown.stderr
    data = json.loads(archcost("table", *arguments, "--unknown", "skip", "--format", "json").stdout)
    assert data["incomplete"] == {"aten.fft_fft.default": 2, "aten.real.default": 1}
    assert data["totals"]["params"] == 8 * 10 + 10
    assert "incomplete" in archcost("table", *arguments, "--unknown", "skip", "--format", "csv").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("their_models:broken",), "their_models:broken cannot be made: KeyError: 'no such key'"),
        (("their_models:nothing",), "their_models:nothing gives no model of PyTorch or Keras but int"),
        (("their_models:buidl",), "their_models has no 'buidl', did you mean 'build'?"),
        (("no_such_module:build",), "there is no module 'no_such_module'"),
        (("their_models:build", "--input", "3,x"), "--input takes the sizes of one sample, such as 3,224,224"),
        (("their_models:build", "--input", "8:float23"), "there is no type 'float23' of numbers"),
        (("their_models:build", "--kwargs", "depth=3"), "unexpected keyword argument 'depth'"),
        (("their_models:build", "--input", "9"), "torch.export cannot export build"),
    ],
)
def test_bad_input(archcost, module: str, arguments: tuple[str, ...], message: str) -> None:
    """One message, whatever the user's code raises."""
    error = archcost("table", *arguments, exit_code=2).stderr
    assert message in error and "Traceback" not in error


def test_import(archcost, module: str, tmp_path: Path) -> None:
    """A specification that is read like any other; an existing file is kept."""
    arguments = (f"{module}:build", "--input", "8", "--kwargs", "width=8", "--unknown", "skip")
    archcost("import", *arguments, "-o", "net.yaml")
    of_file, of_model = (
        json.loads(archcost("table", *a, "--format", "json").stdout) for a in (("net.yaml",), arguments)
    )
    assert of_file["layers"] == of_model["layers"] and of_file["incomplete"] == of_model["incomplete"]
    assert "exists: --force overwrites it" in archcost("import", *arguments, "-o", "net.yaml", exit_code=2).stderr
    assert "is no model to import" in archcost("import", "resnet18", exit_code=2).stderr


def test_a_file_is_never_run(archcost, tmp_path: Path, monkeypatch) -> None:
    """A path of Python is no model."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text("raise SystemExit('run')")
    assert "a specification is a map" in archcost("table", "model.py", exit_code=2).stderr


class Several(nn.Module):
    """Three outputs: the second follows from the first, the third has no weights."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 5, 1)

    def forward(self, x: Any) -> Any:
        out = self.body(x)
        return {"out": out, "aux": self.head(out), "scores": torch.matmul(out, out.transpose(2, 3))}


def test_several_outputs() -> None:
    """All are counted; the first is the last node."""
    net = imported(Several(), (1, 3, 6, 6))
    assert totals(net).macs == 6 * 6 * (3 * 4 * 9 + 4 * 5) + 4 * 6 * 6 * 6
    assert propagate(net)[-1].cost.out == (4, 6, 6)


def test_weights_in_several_ways() -> None:
    """A norm whose factors are read elsewhere as well cannot be told from them."""

    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm2d(3)

        def forward(self, x: Any) -> Any:
            return self.norm(x) * self.norm.weight.sum()

    imported(Odd().eval(), (1, 3, 4, 4))
    with pytest.raises(ArchcostError, match="gives no tensor"):
        net_of(Empty(), [torch.empty(1, 3, device="meta")], "net", "Net")


class Empty(nn.Module):
    """A model without a tensor."""

    def forward(self, x: Any) -> Any:
        return 3


def test_a_backbone_has_no_trained_weights_either(models: Any, archcost) -> None:
    """Nothing is fetched for what segments or detects."""
    name = "lraspp_mobilenet_v3_large"
    shown = archcost("table", f"torchvision:{name}", "--format", "json").stdout
    with torch.device("meta"):
        model = models.get_model(name, weights=None, weights_backbone=None)
    assert json.loads(shown)["totals"]["params"] == stored(model)[0]


@pytest.mark.parametrize("source", ["torchvision:alexnet", "torchvision:squeezenet1_1"])
def test_a_program_of_its_own(models: Any, source: str) -> None:
    """Also where torchvision's compiled operators do not fit PyTorch, as is usual where only one was updated."""
    command = [sys.executable, "-m", "archcost", "table", source, "--format", "json"]
    shown = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert shown["totals"]["params"] == stored(built(models, source.partition(":")[2]))[0]
