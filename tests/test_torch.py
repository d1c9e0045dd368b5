"""Do the layers agree with PyTorch, on shapes, parameters, buffers, multiply-accumulates and on what is impossible?

It runs on its meta device: shapes without numbers. Its flop counter takes a multiply-accumulate for two operations.
Left out: `num_batches_tracked`, a counter that batch normalisation keeps as a buffer and that no network computes with.

Known differences, around which the random configurations are drawn:
- PyTorch limits the padding of pooling to half the kernel; archcost refuses only padding that hides whole windows.
- PyTorch takes no mean in three dimensions over a kernel larger than the map, even if it fits into the padded map.
- PyTorch knows `same` without a stride only, and refuses to normalise a group of one element.
- PyTorch wants `output_pad` below the stride or the dilation, though not on the meta device; archcost does not mind.
- PyTorch repeats an axis of one before the tokens of attention, and counts axes from the end too where it permutes.
- A cut that leaves nothing is an empty tensor to PyTorch and an error to archcost.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from archcost.dims import Shape, each
from archcost.errors import ShapeError
from archcost.net import apply

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402  (only where PyTorch is installed)
from torch.nn import functional  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

SIZES = st.integers(1, 24)
SMALL = st.integers(1, 4)
FLAGS = st.booleans()
MAPS = st.tuples(SMALL, SIZES) | st.tuples(SMALL, SIZES, SIZES) | st.tuples(SMALL, SIZES, SIZES, SIZES)
SHAPES = st.tuples(SIZES) | MAPS
thorough = settings(max_examples=300, derandomize=True, deadline=None)


class Facts(NamedTuple):
    """What both sides say of a layer."""

    out: Shape
    params: int
    buffers: int
    macs: float


class Applied(nn.Module):
    """A plain function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.forward = function


def ours(op: str, shapes: tuple[Shape, ...], attributes: dict[str, Any]) -> Facts | None:
    """The facts by archcost, None if it refuses."""
    try:
        cost = apply(op, shapes, attributes)
    except ShapeError:
        return None
    return Facts(cost.out, sum(cost.params.values()), sum(cost.buffers.values()), cost.ops.get("mac", 0))


def theirs(build: Callable[[], nn.Module], shapes: tuple[Shape, ...]) -> Facts | None:
    """The facts by PyTorch, None if it refuses to build the module or to run it."""
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        try:
            module = build().eval()
            out = module(*(torch.empty(1, *shape) for shape in shapes))
        except (RuntimeError, ValueError, IndexError):
            return None
    return Facts(
        tuple(out.shape[1:]),
        sum(p.numel() for p in module.parameters()),
        sum(b.numel() for name, b in module.named_buffers() if not name.endswith("num_batches_tracked")),
        counter.get_total_flops() / 2,
    )


def agree(op: str, shapes: tuple[Shape, ...], attributes: dict[str, Any], build: Callable[[], nn.Module]) -> None:
    """Both sides say the same, or both refuse."""
    assert ours(op, shapes, attributes) == theirs(build, shapes)


def module(name: str, rank: int) -> Callable[..., nn.Module]:
    """The class of PyTorch for maps of so many axes: Conv1d, Conv2d, Conv3d."""
    return getattr(nn, f"{name}{rank}d")


def around(pads: tuple[tuple[int, int], ...]) -> list[int]:
    """Padding per axis in the order of PyTorch, which begins at the last axis."""
    return [end for ends in reversed(pads) for end in ends]


@st.composite
def per_axis(draw: st.DrawFn, rank: int, least: int, most: int) -> Any:
    """One number for all axes or a list with one for each."""
    number = st.integers(least, most)
    return draw(number | st.tuples(*[number] * rank))


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Shape, dict[str, Any]]:
    """A map and the attributes that all kinds of convolution share; now and then they are impossible."""
    x = draw(MAPS)
    rank = len(x) - 1
    groups = draw(SMALL)
    attributes = {
        "out": draw(SMALL) * draw(st.sampled_from([groups, groups, groups, 1])),
        "kernel": draw(per_axis(rank, 1, 5)),
        "stride": draw(per_axis(rank, 1, 4)),
        "pad": draw(per_axis(rank, 0, 3)),
        "dilation": draw(per_axis(rank, 1, 3)),
        "groups": groups,
        "bias": draw(FLAGS),
    }
    return (x[0] * draw(st.sampled_from([groups, groups, groups, 1])), *x[1:]), attributes


def torch_conv(kind: str, x: Shape, attributes: dict[str, Any], **other: Any) -> nn.Module:
    """The convolution of PyTorch with these attributes of ours, or others in their place."""
    names = {"kernel": "kernel_size", "out": "out_channels", "pad": "padding", "output_pad": "output_padding"}
    renamed = {names.get(key, key): value for key, value in attributes.items()}
    return module(kind, len(x) - 1)(x[0], **{**renamed, **other})


@thorough
@given(convolutions())
def test_conv(case: tuple[Shape, dict[str, Any]]) -> None:
    """Convolution with equal padding at both ends."""
    x, attributes = case
    agree("conv", (x,), attributes, lambda: torch_conv("Conv", x, attributes))


@thorough
@given(convolutions(), st.data())
def test_conv_with_asymmetric_padding(case: tuple[Shape, dict[str, Any]], data: st.DataObject) -> None:
    """Convolution of a map padded differently before and after."""
    x, attributes = case
    rank = len(x) - 1
    pads = data.draw(st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * rank))
    padded = module("ConstantPad", rank)
    agree(
        "conv",
        (x,),
        {**attributes, "pad": pads},
        lambda: nn.Sequential(padded(tuple(around(pads)), 0), torch_conv("Conv", x, attributes, padding=0)),
    )


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@thorough
@given(convolutions(), st.sampled_from(["same", "valid"]))
def test_conv_with_padding_in_words(case: tuple[Shape, dict[str, Any]], word: str) -> None:
    """Convolution with `same` and `valid`."""
    x, attributes = case
    attributes = {**attributes, "pad": word, "stride": 1 if word == "same" else attributes["stride"]}
    agree("conv", (x,), attributes, lambda: torch_conv("Conv", x, attributes))


@thorough
@given(convolutions(), SMALL)
def test_depthwise(case: tuple[Shape, dict[str, Any]], multiplier: int) -> None:
    """Depthwise convolution is convolution with as many groups as channels."""
    x, attributes = case
    del attributes["groups"], attributes["out"]
    agree(
        "depthwise",
        (x,),
        {**attributes, "multiplier": multiplier},
        lambda: torch_conv("Conv", x, attributes, out_channels=multiplier * x[0], groups=x[0]),
    )


@thorough
@given(convolutions(), st.data())
def test_transposed_conv(case: tuple[Shape, dict[str, Any]], data: st.DataObject) -> None:
    """Transposed convolution, with padding of the output less than the stride."""
    x, attributes = case
    strides = attributes["stride"]
    least = min(strides) if isinstance(strides, tuple) else strides
    attributes["output_pad"] = data.draw(per_axis(len(x) - 1, 0, least - 1))
    agree("transposed_conv", (x,), attributes, lambda: torch_conv("ConvTranspose", x, attributes))


@thorough
@given(st.tuples(SIZES) | st.tuples(SIZES, SIZES), SIZES, FLAGS)
def test_linear(x: Shape, out: int, bias: bool) -> None:
    """Fully connected layer on a vector and on tokens."""
    agree("linear", (x,), {"out": out, "bias": bias}, lambda: nn.Linear(x[-1], out, bias))


@thorough
@given(SHAPES, SIZES, FLAGS)
def test_linear_over_the_last_axis(x: Shape, out: int, bias: bool) -> None:
    """Fully connected layer on the last axis of whatever it is given."""
    agree("linear", (x,), {"out": out, "bias": bias, "over": "last"}, lambda: nn.Linear(x[-1], out, bias))


@st.composite
def poolings(draw: st.DrawFn) -> tuple[Shape, dict[str, Any]]:
    """A map and a pooling with padding up to half its kernel."""
    x = draw(MAPS)
    rank = len(x) - 1
    kernel = draw(per_axis(rank, 1, 5))
    least = min(kernel) if isinstance(kernel, tuple) else kernel
    attributes = {"kernel": kernel, "pad": draw(per_axis(rank, 0, least // 2))}
    if draw(FLAGS):
        attributes["stride"] = draw(per_axis(rank, 1, 7))
    attributes["rounding"] = draw(st.sampled_from(["floor", "ceil"]))
    return x, attributes


def torch_pool(kind: str, x: Shape, attributes: dict[str, Any], **other: Any) -> nn.Module:
    """The pooling of PyTorch with these attributes of ours."""
    kernel, stride, pad = attributes["kernel"], attributes.get("stride"), attributes["pad"]
    return module(kind, len(x) - 1)(kernel, stride, pad, ceil_mode=attributes["rounding"] == "ceil", **other)


@thorough
@given(poolings(), st.data())
def test_maxpool(case: tuple[Shape, dict[str, Any]], data: st.DataObject) -> None:
    """Maximum over windows, rounding down and up, with strides also beyond the kernel."""
    x, attributes = case
    dilation = data.draw(per_axis(len(x) - 1, 1, 3))
    attributes["dilation"] = dilation
    agree("maxpool", (x,), attributes, lambda: torch_pool("MaxPool", x, attributes, dilation=dilation))


@thorough
@given(poolings())
def test_avgpool(case: tuple[Shape, dict[str, Any]]) -> None:
    """Mean over windows, rounding down and up."""
    x, attributes = case
    rank = len(x) - 1
    assume(rank < 3 or all(k <= n for n, k in zip(x[1:], each(attributes["kernel"], rank), strict=True)))
    agree("avgpool", (x,), attributes, lambda: torch_pool("AvgPool", x, attributes))


@pytest.mark.parametrize(("op", "kind"), [("maxpool", "MaxPool"), ("avgpool", "AvgPool")])
@pytest.mark.parametrize(("pad", "we", "they"), [(1, True, True), (2, True, False), (3, False, False)])
def test_padding_of_pooling(op: str, kind: str, pad: int, we: bool, they: bool) -> None:
    """Padding by more than half the kernel is accepted as long as no window lies in it whole; PyTorch refuses it."""
    x, attributes = (2, 9, 9), {"kernel": 3, "stride": 1, "pad": pad, "rounding": "floor"}
    assert (ours(op, (x,), attributes) is not None) == we
    assert (theirs(lambda: torch_pool(kind, x, attributes), (x,)) is not None) == they


@pytest.mark.parametrize(
    ("op", "kind"), [("adaptive_maxpool", "AdaptiveMaxPool"), ("adaptive_avgpool", "AdaptiveAvgPool")]
)
@thorough
@given(MAPS, st.data())
def test_adaptive(op: str, kind: str, x: Shape, data: st.DataObject) -> None:
    """Pooling over a grid of cells, coarser or finer than the map."""
    out = data.draw(per_axis(len(x) - 1, 1, 12))
    agree(op, (x,), {"out": out}, lambda: module(kind, len(x) - 1)(out))


@pytest.mark.parametrize(("op", "kind"), [("global_maxpool", "AdaptiveMaxPool"), ("global_avgpool", "AdaptiveAvgPool")])
@thorough
@given(MAPS)
def test_global_pooling(op: str, kind: str, x: Shape) -> None:
    """Pooling over the whole map is a grid of one cell."""
    agree(op, (x,), {}, lambda: module(kind, len(x) - 1)(1))


@thorough
@given(MAPS, st.data(), st.sampled_from(["nearest", "linear"]))
def test_upsample(x: Shape, data: st.DataObject, mode: str) -> None:
    """Enlarging a map by whole factors."""
    scale = data.draw(per_axis(len(x) - 1, 1, 4))
    theirs_mode = mode if mode == "nearest" else ("linear", "bilinear", "trilinear")[len(x) - 2]
    agree("upsample", (x,), {"scale": scale, "mode": mode}, lambda: nn.Upsample(scale_factor=scale, mode=theirs_mode))


@thorough
@given(MAPS, st.data())
def test_pad(x: Shape, data: st.DataObject) -> None:
    """Zeros around the space and the channels."""
    ends = st.tuples(st.integers(0, 4), st.integers(0, 4))
    channels, *pads = data.draw(st.tuples(*[ends] * len(x)))
    zeros = around((channels, *pads))
    attributes = {"pad": tuple(pads), "channels": channels}
    agree("pad", (x,), attributes, lambda: Applied(lambda t: functional.pad(t, zeros)))


@thorough
@given(MAPS, FLAGS)
def test_batchnorm(x: Shape, affine: bool) -> None:
    """Batch normalisation: two buffers per channel beside scale and shift."""
    attributes = {"scale": affine, "shift": affine}
    agree("batchnorm", (x,), attributes, lambda: module("BatchNorm", len(x) - 1)(x[0], affine=affine))


@thorough
@given(MAPS.filter(lambda x: max(x[1:]) > 1), SMALL, FLAGS)
def test_groupnorm(x: Shape, groups: int, affine: bool) -> None:
    """Group normalisation, also where the channels do not divide into the groups."""
    attributes = {"groups": groups, "scale": affine, "shift": affine}
    agree("groupnorm", (x,), attributes, lambda: nn.GroupNorm(groups, x[0], affine=affine))


@thorough
@given(SHAPES, st.sampled_from(["last", "all"]), st.sampled_from([(True, True), (True, False), (False, False)]))
def test_layernorm(x: Shape, over: str, trained: tuple[bool, bool]) -> None:
    """Layer normalisation over the last axis and over all; PyTorch has none over the channels of a map.

    It trains a shift only beside a scale.
    """
    normalised = x if over == "all" else x[-1]
    scale, shift = trained
    attributes = {"over": over, "scale": scale, "shift": shift}
    agree("layernorm", (x,), attributes, lambda: nn.LayerNorm(normalised, elementwise_affine=scale, bias=shift))


@thorough
@given(SHAPES)
def test_unit_norm(x: Shape) -> None:
    """Rows divided by their length."""
    agree("unit_norm", (x,), {}, lambda: Applied(lambda t: functional.normalize(t, dim=-1)))


@thorough
@given(MAPS, SMALL)
def test_lrn(x: Shape, size: int) -> None:
    """Local response normalisation."""
    agree("lrn", (x,), {"size": size}, lambda: nn.LocalResponseNorm(size))


@thorough
@given(SHAPES, FLAGS)
def test_prelu(x: Shape, per_channel: bool) -> None:
    """A trained slope for each channel or one for all."""
    agree("prelu", (x,), {"per_channel": per_channel}, lambda: nn.PReLU(x[0] if per_channel else 1))


ACTIVATIONS = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softplus": nn.Softplus,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "hardsigmoid": nn.Hardsigmoid,
    "hardswish": nn.Hardswish,
    "dropout": nn.Dropout,
    "flatten": nn.Flatten,
}


@pytest.mark.parametrize("op", ACTIVATIONS)
@thorough
@given(SHAPES)
def test_without_attributes(op: str, x: Shape) -> None:
    """Layers of the input shape alone."""
    agree(op, (x,), {}, ACTIVATIONS[op])


@thorough
@given(SHAPES, st.sampled_from([-1, 1]))
def test_softmax(x: Shape, axis: int) -> None:
    """Softmax over the last axis and over the channels."""
    agree("softmax", (x,), {}, lambda: nn.Softmax(axis))


@thorough
@given(MAPS, SMALL)
def test_channel_shuffle(x: Shape, groups: int) -> None:
    """Channels dealt out to groups, also where they do not divide."""
    agree("channel_shuffle", (x,), {"groups": groups}, lambda: nn.ChannelShuffle(groups))


@st.composite
def alike(draw: st.DrawFn) -> tuple[Shape, ...]:
    """Two or three shapes, equal but for an axis here and there that is 1 or does not fit."""
    x = draw(SHAPES)
    changed = st.tuples(*[st.sampled_from([n, n, n, n, 1, n + 1]) for n in x])
    return (x, *draw(st.lists(changed, min_size=1, max_size=2)))


@pytest.mark.parametrize("op", ["add", "multiply"])
@thorough
@given(alike())
def test_elementwise_joins(op: str, shapes: tuple[Shape, ...]) -> None:
    """Sums and products of equal shapes and of gates, and those that do not fit."""

    def joined(first: Any, *others: Any) -> Any:
        for other in others:
            first = first + other if op == "add" else first * other
        return first

    agree(op, shapes, {}, lambda: Applied(joined))


@thorough
@given(alike(), st.integers(0, 2))
def test_concat(shapes: tuple[Shape, ...], axis: int) -> None:
    """Inputs side by side, also where another axis differs."""
    axis %= len(shapes[0])
    agree("concat", shapes, {"axis": axis}, lambda: Applied(lambda *ts: torch.cat(ts, axis + 1)))


@thorough
@given(MAPS, st.data())
def test_crop(x: Shape, data: st.DataObject) -> None:
    """The centre of a map, by indexing."""
    kept = data.draw(st.tuples(*[st.integers(1, n) for n in x[1:]]))
    centre = tuple(slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(x[1:], kept, strict=True))
    agree("crop", (x,), {"out": kept}, lambda: Applied(lambda t: t[:, :, *centre]))


@thorough
@given(SHAPES, st.data())
def test_slice(x: Shape, data: st.DataObject) -> None:
    """Every so many elements along any axis, by indexing."""
    axis = data.draw(st.integers(0, len(x) - 1))
    stop = data.draw(st.integers(1, x[axis]))
    start = data.draw(st.integers(0, stop - 1))
    step = data.draw(SMALL)
    index = (slice(None),) * (axis + 1) + (slice(start, stop, step),)
    attributes = {"axis": axis, "start": start, "stop": stop, "step": step}
    agree("slice", (x,), attributes, lambda: Applied(lambda t: t[index]))


@thorough
@given(SHAPES, st.data())
def test_reshape(x: Shape, data: st.DataObject) -> None:
    """The same elements as another shape, now and then not as many."""
    out = list(data.draw(st.permutations(x)))
    cut = data.draw(st.integers(1, len(out)))
    out[:cut] = [prod(out[:cut]) + data.draw(st.sampled_from([0, 0, 0, 1]))]
    agree("reshape", (x,), {"out": tuple(out)}, lambda: Applied(lambda t: t.view(1, *out)))


@thorough
@given(SHAPES, st.data())
def test_permute(x: Shape, data: st.DataObject) -> None:
    """Axes in any order, now and then one twice, one too few or one too many."""
    axes = data.draw(st.permutations(range(len(x))) | st.lists(st.integers(0, len(x)), min_size=1, max_size=len(x) + 1))
    moved = [0, *(axis + 1 for axis in axes)]
    agree("permute", (x,), {"axes": tuple(axes)}, lambda: Applied(lambda t: t.permute(moved)))


@st.composite
def attention(draw: st.DrawFn) -> tuple[Shape, Shape, int]:
    """Queries, keys or values, and heads, with axes before the tokens; now and then they do not fit."""
    heads = draw(SMALL)
    features = draw(SMALL) * draw(st.sampled_from([heads, heads, heads, 1]))
    outer = draw(st.lists(SMALL, max_size=2))
    others = [n + draw(st.sampled_from([0, 0, 0, 0, 1])) for n in outer]
    query = (*outer, draw(SIZES), features)
    return query, (*others, draw(SIZES), features + draw(st.sampled_from([0, 0, 0, 0, 1]))), heads


def dealt_out(t: Any, heads: int) -> Any:
    """The features of `... x tokens x features` dealt out to the heads: `... x heads x tokens x features`."""
    return t.view(*t.shape[:-1], heads, t.shape[-1] // heads).transpose(-2, -3)


@thorough
@given(attention())
def test_attention_scores(case: tuple[Shape, Shape, int]) -> None:
    """Queries times keys, head by head."""
    query, key, heads = case

    def scores(q: Any, k: Any) -> Any:
        if q.shape[:-2] != k.shape[:-2]:
            raise ValueError("the axes before the tokens differ")
        return dealt_out(q, heads) @ dealt_out(k, heads).transpose(-1, -2)

    agree("attention_scores", (query, key), {"heads": heads}, lambda: Applied(scores))


@thorough
@given(attention(), FLAGS)
def test_weighted_values(case: tuple[Shape, Shape, int], fits: bool) -> None:
    """Weights times values, head by head, and the heads side by side."""
    (*outer, tokens, _), value, heads = case
    weights = (*outer, heads, tokens, value[-2] + (not fits))

    def weighted(w: Any, v: Any) -> Any:
        if w.shape[:-3] != v.shape[:-2]:
            raise ValueError("the axes before the tokens differ")
        return (w @ dealt_out(v, heads)).transpose(-2, -3).flatten(-2)

    agree("weighted_values", (weights, value), {}, lambda: Applied(weighted))


@pytest.mark.parametrize(("tokens", "features", "heads"), [(17, 24, 3), (50, 64, 8), (9, 10, 1)])
def test_attention_step_by_step(tokens: int, features: int, heads: int) -> None:
    """The layers that attention is made of cost together what PyTorch's own layer has and does."""
    x = (tokens, features)
    weights = (heads, tokens, tokens)
    steps = [
        *[ours("linear", (x,), {"out": features})] * 3,
        ours("attention_scores", (x, x), {"heads": heads}),
        ours("softmax", (weights,), {}),
        ours("weighted_values", (weights, x), {}),
        ours("linear", (x,), {"out": features}),
    ]
    with torch.device("meta"):
        whole = nn.MultiheadAttention(features, heads, batch_first=True)
    pytorch = theirs(lambda: Applied(lambda t: whole(t, t, t)[0]), (x,))
    assert pytorch is not None
    assert steps[-1].out == pytorch.out
    assert sum(step.params for step in steps) == sum(p.numel() for p in whole.parameters())
    assert sum(step.macs for step in steps) == pytorch.macs


@thorough
@given(st.tuples(SMALL, SMALL), SMALL, FLAGS)
def test_relative_position_bias(window: tuple[int, int], heads: int, fits: bool) -> None:
    """Rows of a table, looked up by the distances between the positions of a window, as many as there are."""
    positions = torch.cartesian_prod(*map(torch.arange, window)).reshape(-1, 2)
    distances = positions[:, None] - positions[None, :]
    rows = len(distances.reshape(-1, 2).unique(dim=0))
    cost = ours("relative_position_bias", ((rows + (not fits), heads),), {"window": window})
    if not fits:
        assert cost is None
    else:
        assert cost == Facts((1, heads, *distances.shape[:2]), 0, distances[..., 0].numel(), 0)


@thorough
@given(SHAPES, FLAGS)
def test_parameter(shape: Shape, trained: bool) -> None:
    """A tensor of the module itself, trained or not."""

    class Tensor(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tensor = (nn.Parameter if trained else nn.Buffer)(torch.empty(1, *shape))

        def forward(self) -> Any:
            return self.tensor

    agree("parameter", (), {"shape": shape, "trained": trained}, Tensor)
