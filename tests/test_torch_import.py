"""Do models of PyTorch become nets that cost what PyTorch says, layer by layer?

pip install torch==2.13.0; pip install --no-deps torchvision==0.29.2
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from come_back import comes_back

from archcost.convention import Convention
from archcost.errors import ArchcostError
from archcost.net import Net, propagate
from archcost.presets import convention
from archcost.report import Totals, report
from archcost.zoo import load_net

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402  (only where PyTorch is installed)
from torch.nn import functional as F  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from archcost.importers.aten.registry import OPERATORS, operator  # noqa: E402
from archcost.importers.torch import net_of  # noqa: E402

# The smallest of each family of torchvision.models; the built-in network of the same name, unless another is named.
MODELS = {
    "alexnet": "", "convnext_tiny": "", "densenet121": "", "efficientnet_b0": "", "googlenet": "googlenet_torchvision",
    "inception_v3": "", "maxvit_t": "", "mnasnet0_5": "", "mobilenet_v2": "", "mobilenet_v3_small": "",
    "regnet_y_400mf": "", "resnet18": "", "shufflenet_v2_x0_5": "", "squeezenet1_1": "", "swin_t": "", "swin_v2_t": "",
    "vgg11": "", "vit_b_16": "",
}  # fmt: skip
MACS: Convention = convention("macs")


@pytest.fixture(scope="module")
def models() -> Iterator[Any]:
    """torchvision.models, also where its compiled operators are missing: no classifier needs them."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
    from zoo import declare_operators

    declared = None if hasattr(torch.ops.torchvision, "nms") else declare_operators()
    yield pytest.importorskip("torchvision.models")
    del declared


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


def imported(model: nn.Module, *shapes: tuple[int, ...], dtype: Any = torch.float32) -> Net:
    """The net of a small model, which must agree with PyTorch."""
    inputs = [torch.empty(shape, dtype=dtype, device="meta") for shape in shapes]
    net = net_of(model, inputs, "net", "Net")
    found = totals(net)
    assert (found.params, found.buffers) == stored(model)
    assert found.macs == macs(model, inputs)
    comes_back(net)
    return net


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


@pytest.fixture
def module(tmp_path: Path, monkeypatch) -> Iterator[str]:
    """A module of the user's, beside which the command is called."""
    (tmp_path / "their_models.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "their_models"
    sys.modules.pop("their_models", None)


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


class Overwriting(nn.Module):
    """Values are written into a part of computed ones, of zeros, and through a view of a view."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x: Any) -> Any:
        y = self.first(x)
        y[:, :4] = self.second(y)[:, :4]
        y[:, 0] = 0
        zeros = torch.zeros(1, 8, 2, device=x.device)
        zeros[:, :, 0][:, 2:] = self.first(y)[:, 2:]
        zeros[:, :, 1].add_(x)
        return zeros.flatten(1)


def test_values_written_over_others() -> None:
    """What is written into a part of a tensor is computed, and is there for all that read the whole."""
    kinds = [node.op for node in imported(Overwriting().eval(), (1, 8)).nodes]
    assert (kinds.count("linear"), kinds.count("scatter")) == (3, 3)


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


class Given(nn.Module):
    """A function of tensors, with the modules that it uses."""

    def __init__(self, function: Any, **modules: nn.Module) -> None:
        super().__init__()
        self.function = function
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, *xs: Any) -> Any:
        return self.function(self, *xs)


TOKENS = (1, 4, 6)  # of which 24 elements


def of(function: Any, *shapes: tuple[int, ...], **modules: nn.Module) -> Net:
    """The net of a function, which comes back from YAML."""
    inputs = [torch.empty(shape, device="meta") for shape in shapes or [TOKENS]]
    net = net_of(Given(function, **modules).to("meta"), inputs, "net", "Net")
    comes_back(net)
    return net


def costs(net: Net) -> list[tuple[str, dict[str, int]]]:
    """The layers that compute anything, with what they do."""
    done = [(step.node.op, {kind: n for kind, n in step.cost.ops.items() if n}) for step in propagate(net)]
    return [(op, ops) for op, ops in done if ops]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda m, x: x > 0.5, [("compare", {"cmp": 24})]),
        (lambda m, x: x == 0, [("compare", {"cmp": 24})]),
        (lambda m, x: torch.maximum(x, torch.tensor(0.5)), [("maximum", {"cmp": 24})]),
        (lambda m, x: x.clamp_min(0), [("maximum", {"cmp": 24})]),
        (lambda m, x: x.clamp(max=3), [("minimum", {"cmp": 24})]),
        (lambda m, x: x.clamp(0, 1), [("clamp", {"cmp": 2 * 24})]),
        (lambda m, x: x.clamp(x.exp(), None), [("exp", {"exp": 24}), ("maximum", {"cmp": 24})]),
        (lambda m, x: x % 3, [("divide", {"div": 24})]),
        (lambda m, x: x / 3 + 1, [("affine", {"mul": 24}), ("affine", {"add": 24})]),
        (lambda m, x: torch.add(x, x, alpha=2), [("affine", {"mul": 24}), ("add", {"add": 24})]),
        (lambda m, x: torch.sub(x, x[:, :1], alpha=2), [("affine", {"mul": 6}), ("subtract", {"add": 24})]),
        (lambda m, x: torch.add(x, 3, alpha=2), [("affine", {"add": 24})]),
        (lambda m, x: torch.rsub(x, 3, alpha=2), [("affine", {"mul": 24}), ("affine", {"add": 24})]),
        (
            lambda m, x: torch.addcmul(x, x, x, value=2),
            [("multiply", {"mul": 24}), ("affine", {"mul": 24}), ("add", {"add": 24})],
        ),
        (
            lambda m, x: torch.addmm(x[0], x[0], x[0].t() @ x[0], alpha=2),
            [
                ("matmul", {"mac": 6 * 4 * 6}),
                ("matmul", {"mac": 4 * 6 * 6}),
                ("affine", {"mul": 24}),
                ("add", {"add": 24}),
            ],
        ),
        (lambda m, x: torch.linalg.vector_norm(x, 1, dim=-1), [("abs", {"cmp": 24}), ("sum", {"add": 24})]),
        (lambda m, x: x.norm(p=float("inf"), dim=1), [("abs", {"cmp": 24}), ("max", {"cmp": 24})]),
        (lambda m, x: x.norm(dim=1), [("norm", {"mul": 24, "add": 24, "exp": 6})]),
    ],
)  # fmt: skip
def test_operations_with_numbers(function: Any, expected: list[Any]) -> None:
    """As much work as with tensors; a factor is a product for each element that it multiplies."""
    assert costs(of(function)) == expected


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda m, x, y: torch.max(x, y.exp()), ["exp", "maximum"]),
        (lambda m, x, y: torch.min(x, y.exp()), ["exp", "minimum"]),
        (lambda m, x, y: (x @ y.transpose(1, 2)).tril(), ["permute", "matmul"]),
        (lambda m, x, y: (x @ y.transpose(1, 2)).triu_(1), ["permute", "matmul"]),
        (lambda m, x, y: x.gather(2, y.argmax(-1, keepdim=True)), ["argmax", "gather"]),
        (lambda m, x, y: x[torch.arange(1), y.mean(-1).argmax(-1)], ["mean", "argmax", "gather"]),
        (lambda m, x, y: x.index_select(1, y[0].argmax(0)), ["argmax", "gather"]),
        (lambda m, x, y: x.take(y.exp().argmax(-1)), ["exp", "argmax", "gather"]),
        (lambda m, x, y: torch.take_along_dim(x, y.argmax(-1, keepdim=True), 2), ["argmax", "gather"]),
        (lambda m, x, y: torch.zeros(9, 3, device="meta")[x.argmax(-1)], ["argmax", "constant", "gather"]),
        (lambda m, x, y: y.exp().max(-1).indices, ["exp", "argmax"]),
        (lambda m, x, y: y.exp().min(-1).values, ["exp", "min"]),
        (lambda m, x, y: x.masked_fill(x > y, y.mean()), ["compare", "flatten", "mean", "reshape", "where"]),
        (lambda m, x, y: x * torch.zeros_like(y.exp()), ["constant", "multiply"]),
        (lambda m, x, y: F.max_pool2d(x[None], 2, return_indices=True)[0], ["reshape", "maxpool"]),
    ],
)
def test_what_follows_from_all_inputs(function: Any, expected: list[str]) -> None:
    """Nothing that is computed is lost: places that are looked up, masks, the second of two tensors."""
    net = of(function, TOKENS, TOKENS)
    assert sorted(node.op for node in net.nodes if node.op not in ("input", "output")) == sorted(expected)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda m, x: x.scatter(2, x.argmax(-1, keepdim=True), 0.0), "scatter.value: does not follow from one of its"),
        (
            lambda m, x: m.inner(x[:, 0], (x[:, 1, :5], x[:, 2, :5]))[0],
            "inner: aten.lstm.input: does not follow from one of its inputs, which is not supported",
        ),
        (lambda m, x: x * x.sum().item(), "aten.item.default: makes a number of computed values"),
        (lambda m, x: x.norm(p=3, dim=1), "the model: a norm of order 3 is not supported"),
        (
            lambda m, x: F.max_pool2d(x[None], 2, return_indices=True)[1] + 1,
            "the model: aten.max_pool2d_with_indices.default: result 1 is read, which is not supported",
        ),
        (lambda m, x: x[x > 0], "the model: aten.index.Tensor cannot be read: GuardOnDataDependentSymNode"),
    ],
)
def test_what_is_refused(function: Any, message: str) -> None:
    """In words, with the module and the operator."""
    with pytest.raises(ArchcostError) as error:
        of(function, inner=nn.LSTM(6, 5))
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("function", "out", "expected"),
    [
        (lambda m, x: F.pad(x.transpose(0, 1), (0, 0, 1, 2)), (4, 4, 6), []),
        (lambda m, x: F.pad(x, (0, 0, 0, 0, 1, 0)), (2, 4, 6), []),
        (lambda m, x: x.transpose(0, 1).cumsum(1), (4, 1, 6), [("cumsum", {"add": 24})]),
        (lambda m, x: x.flip(0, 1).roll((1, 2), (0, 2)), (1, 4, 6), []),
        (
            lambda m, x: F.layer_norm(x.transpose(0, 1), (1, 6)),
            (4, 1, 6),
            [("layernorm", {"add": 3 * 24, "mul": 2 * 24, "div": 2 * 4, "exp": 4})],
        ),
        (
            lambda m, x: F.rms_norm(x.transpose(0, 2), (4, 1)),
            (6, 4, 1),
            [("rmsnorm", {"add": 24, "mul": 2 * 24, "div": 2 * 6, "exp": 6})],
        ),
        (lambda m, x: x.flatten().t() * 2, (24,), [("affine", {"mul": 24})]),
    ],
)
def test_the_batch_as_an_axis(function: Any, out: tuple[int, ...], expected: list[Any]) -> None:
    """What works along the axis that is the batch sees it as one like any other."""
    net = of(function)
    assert propagate(net)[-1].cost.out == out
    assert costs(net) == expected


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize(
    ("layers", "directions", "batch_first", "states"),
    [(1, 1, True, ["slice"]), (1, 2, False, ["slice", "reshape"]), (2, 1, True, ["gather"]), (2, 2, False, ["gather"])],
)
def test_last_states(kind: Any, layers: int, directions: int, batch_first: bool, states: list[str]) -> None:
    """What a recurrent layer ends with follows from its sequence; where there are cells, they have its shape."""
    inner = kind(6, 5, layers, batch_first=batch_first, bidirectional=directions == 2)
    for state in (0, 1) if kind is nn.LSTM else (None,):

        def ends(m: Any, x: Any, state: int | None = state) -> Any:
            made = m.inner(x if batch_first else x.transpose(0, 1))[1]
            return (made if state is None else made[state]).exp()

        net = of(ends, inner=inner)
        assert [node.op for node in net.nodes[1:]] == [kind.__name__.lower(), *states, "exp"]
        assert propagate(net)[-1].cost.ops["exp"] == layers * directions * 5
        assert totals(net).params == stored(inner)[0]


def test_cells_behind_a_projection() -> None:
    """They are more than the outputs."""
    net = of(lambda m, x: m.inner(x)[1][1], inner=nn.LSTM(6, 5, batch_first=True, proj_size=3))
    assert [step.cost.out for step in propagate(net)[1:]] == [(4, 3), (1, 5)]


def types(model: nn.Module, shape: tuple[int, ...], dtype: Any) -> list[tuple[str, dict[str, str]]]:
    """The layers of a model with their types."""
    net = net_of(model, [torch.empty(shape, dtype=dtype, device="meta")], "net", "Net")
    comes_back(net)
    return [(node.op, dict(node.dtypes)) for node in net.nodes if node.op != "input"]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_types(dtype: Any) -> None:
    """Parameters, inputs and results keep theirs, and a cast in between is seen."""
    name = str(dtype).removeprefix("torch.")
    conv, norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
    model = Given(lambda m, x: m.norm(F.relu(m.conv(x)).float().exp().to(dtype)), conv=conv, norm=norm).to(dtype)
    assert types(model, (1, 3, 6, 6), dtype) == [
        ("conv", {"output": name, "weight": name, "bias": name}),
        ("relu", {}),
        ("exp", {"output": "float32"}),
        ("batchnorm", {"output": name, "scale": name, "shift": name}),
    ]
    table = Given(lambda m, x: m.table(x) @ m.table.weight.t(), table=nn.Embedding(20, 6)).to(dtype)
    assert types(table, (1, 7), torch.int64)[0] == ("parameter", {"output": name, "embedding": name})
    net = net_of(model, [torch.empty(1, 3, 6, 6, dtype=dtype, device="meta")], "net", "Net")
    assert totals(net).params_bytes == dtype.itemsize * (3 * 4 * 9 + 4 + 2 * 4)


def test_mixed_types() -> None:
    """Where halves and singles meet, the result is what PyTorch says."""
    model = Given(lambda m, x: (x.half().exp() + x, x.half().exp() * 2))
    assert types(model, TOKENS, torch.float32) == [
        ("exp", {"output": "float16"}),
        ("exp", {"output": "float16"}),
        ("affine", {}),
        ("add", {"output": "float32"}),
    ]


def test_handlers(monkeypatch) -> None:
    """A handler that loses an input, or makes another shape, is found out; no operator has two."""
    monkeypatch.setitem(OPERATORS, "atan2", lambda g, shape, /, input, **_: g.add("abs", [input], shape, input.batch))
    monkeypatch.setitem(OPERATORS, "trunc", lambda g, shape, /, input, **_: g.reshape(input, (1, 24)))
    assert costs(of(lambda m, x: torch.atan2(x, torch.ones(6, device="meta")))) == [("abs", {"cmp": 24})]
    with pytest.raises(
        ArchcostError, match=r"^the model: aten\.atan2\.default: does not follow from one of its inputs"
    ):
        of(lambda m, x, y: torch.atan2(x, y), TOKENS, TOKENS)
    with pytest.raises(
        ArchcostError, match=r"^the model: aten\.trunc\.default: makes 1 x 24, the model says 1 x 4 x 6$"
    ):
        of(lambda m, x: x.trunc())
    with pytest.raises(RuntimeError, match="defined twice: relu, tanh"):
        operator("tanh", "relu", "new_name")(len)
    assert "new_name" not in OPERATORS


SOME_MORE = {
    "transposed": lambda x: x[0] @ x[0].T,
    "matrices transposed": lambda x: x @ x.mT,
    "outer": lambda x: torch.outer(x[0, 0], x[0, 1]),
    "inner": lambda x: torch.inner(x[0], x[0]),
    "sum of products": lambda x: torch.baddbmm(x @ x.mT, x, x.mT, beta=0.5),
    "deviation": lambda x: x.std(-1),
    "logarithm of a sum": lambda x: torch.logsumexp(x, (1,)),
}


@pytest.mark.parametrize("name", SOME_MORE)
def test_some_more(name: str) -> None:
    """Each makes what PyTorch makes, and takes as many multiply-accumulates."""

    class Applied(nn.Module):
        def forward(self, x: Any) -> Any:
            return SOME_MORE[name](x)

    imported(Applied(), (1, 5, 8))


def test_a_product_of_vectors() -> None:
    """PyTorch's counter leaves it out; it takes a multiply-accumulate for each pair."""

    class Applied(nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.dot(x[0, 0], x[0, 1]).reshape(1)

    assert totals(net_of(Applied(), [torch.empty(1, 5, 8)], "net", "net")).macs == 8


class Branching(nn.Module):
    """What it does follows from what it is given."""

    def forward(self, x: Any) -> Any:
        return torch.cond(x.sum() > 0, lambda x: x * 2, lambda x: x - 1, (x,))


class Choosing(nn.Module):
    """How much it makes follows from what it is given."""

    def forward(self, x: Any) -> Any:
        return x[x > 0] * 2


@pytest.mark.parametrize("kind", [Branching, Choosing])
def test_what_follows_from_values(kind: type, capfd) -> None:
    """It is refused in a line, and nothing that PyTorch says at length is shown."""
    with pytest.raises(ArchcostError) as error:
        net_of(kind(), [torch.empty(1, 8)], "net", "net")
    assert len(str(error.value).splitlines()) == 1
    assert capfd.readouterr() == ("", "")


def test_a_backbone_has_no_trained_weights_either(models: Any, archcost) -> None:
    """Nothing is fetched for what segments or detects."""
    name = "lraspp_mobilenet_v3_large"
    shown = archcost("table", f"torchvision:{name}", "--format", "json").stdout
    with torch.device("meta"):
        model = models.get_model(name, weights=None, weights_backbone=None)
    assert json.loads(shown)["totals"]["params"] == stored(model)[0]
