"""Is each operator of PyTorch read with all that it reads, and does it cost what it does?"""

from __future__ import annotations

from typing import Any

import pytest
from come_back import comes_back

from archcost.errors import ArchcostError
from archcost.net import Net, propagate

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402  (only where PyTorch is installed)
from torch.nn import functional as F  # noqa: E402
from torch_twins import imported, stored, totals  # noqa: E402

from archcost.importers.aten.registry import OPERATORS, operator  # noqa: E402
from archcost.importers.torch import net_of  # noqa: E402


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
