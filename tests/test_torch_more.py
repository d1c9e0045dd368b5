"""Do the layers that networks of PyTorch are imported as agree with PyTorch? As in `test_torch`, on its meta device.

Known differences, around which the random configurations are drawn:
- PyTorch repeats shapes of fewer axes in sums and products of two, too, and axes of one before the heads of attention.
- PyTorch takes the length along an axis that is named twice, and leaves nothing of a map where padding is too wide.
- PyTorch takes no mask beside `is_causal`; archcost adds both.
- A single number is a vector of one to archcost.
- The flop counter of PyTorch does not see products with a vector: these are compared by shape alone.
"""

from __future__ import annotations

from math import prod
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from test_torch import (
    FLAGS,
    MAPS,
    SHAPES,
    SIZES,
    SMALL,
    Applied,
    agree,
    alike,
    convolutions,
    module,
    ours,
    per_axis,
    theirs,
    thorough,
    torch_conv,
)

from archcost.dims import Shape, each

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402  (only where PyTorch is installed)
from torch.nn import functional  # noqa: E402

ELEMENTWISE = {
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "erf": torch.erf,
    "pow": lambda t: torch.pow(t, 3),
    "square": torch.square,
    "reciprocal": torch.reciprocal,
    "abs": torch.abs,
    "sign": torch.sign,
    "round": torch.round,
    "neg": torch.neg,
    "clamp": lambda t: torch.clamp(t, -1, 1),
    "logical_not": torch.logical_not,
    "affine": lambda t: 2 * t + 1,
}
OF_TWO = {
    "subtract": torch.sub,
    "divide": torch.div,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "compare": torch.lt,
    "power": torch.pow,
}
REDUCTIONS = {
    "mean": torch.mean,
    "sum": torch.sum,
    "max": torch.amax,
    "min": torch.amin,
    "any": torch.any,
    "norm": lambda t, dim, keepdim: torch.linalg.vector_norm(t, dim=dim, keepdim=keepdim),
    "variance": lambda t, dim, keepdim: torch.var(t, dim, correction=0, keepdim=keepdim),
}


@pytest.mark.parametrize("op", ELEMENTWISE)
@thorough
@given(SHAPES)
def test_of_one(op: str, x: Shape) -> None:
    """Functions of each element."""
    agree(op, (x,), {}, lambda: Applied(ELEMENTWISE[op]))


@pytest.mark.parametrize("op", OF_TWO)
@thorough
@given(alike())
def test_of_two(op: str, shapes: tuple[Shape, ...]) -> None:
    """Two shapes that are equal, repeated or do not fit."""
    agree(op, shapes[:2], {}, lambda: Applied(OF_TWO[op]))


@thorough
@given(alike())
def test_where(shapes: tuple[Shape, ...]) -> None:
    """Three shapes that are equal, repeated or do not fit."""
    a, b, c = (*shapes, shapes[0])[:3]
    agree("where", (a, b, c), {}, lambda: Applied(lambda x, y, z: torch.where(x.bool(), y, z)))


@st.composite
def some_axes(draw: st.DrawFn) -> tuple[Shape, tuple[int, ...]]:
    """A shape and some of its axes, from either end; now and then one that does not exist or is named twice."""
    x = draw(SHAPES)
    axes = draw(st.lists(st.integers(-len(x), len(x) - 1), min_size=1, max_size=len(x)))
    return x, (*axes, *draw(st.sampled_from([(), (), (), (len(x),)])))


def with_batch(x: Shape, axes: tuple[int, ...]) -> list[int]:
    """The same axes where there is a batch before them."""
    return [axis + 1 if axis >= 0 else axis for axis in axes]


def number(t: Any) -> Any:
    """A single number as a vector of one."""
    return t if t.dim() > 1 else t[:, None]


@pytest.mark.parametrize("op", REDUCTIONS)
@thorough
@given(some_axes(), FLAGS)
def test_reduction(op: str, case: tuple[Shape, tuple[int, ...]], keep: bool) -> None:
    """Many elements to one along some axes, which stay or vanish."""
    x, axes = case
    assume(op != "norm" or len({axis % len(x) for axis in axes}) == len(axes))
    dims = with_batch(x, axes)
    agree(
        op,
        (x,),
        {"axes": axes, "keep": keep},
        lambda: Applied(lambda t: number(REDUCTIONS[op](t, dim=dims, keepdim=keep))),
    )


@pytest.mark.parametrize("op", ["product", "argmax"])
@thorough
@given(some_axes(), FLAGS)
def test_reduction_of_one_axis(op: str, case: tuple[Shape, tuple[int, ...]], keep: bool) -> None:
    """Those that PyTorch takes over one axis only."""
    x, axes = case[0], case[1][-1:]
    function = torch.prod if op == "product" else torch.argmax
    (dim,) = with_batch(x, axes)
    agree(op, (x,), {"axes": axes, "keep": keep}, lambda: Applied(lambda t: number(function(t, dim=dim, keepdim=keep))))


@thorough
@given(some_axes())
def test_along_an_axis(case: tuple[Shape, tuple[int, ...]]) -> None:
    """Sums up to each element."""
    x, axes = case
    (dim,) = with_batch(x, axes[-1:])
    agree("cumsum", (x,), {"axis": axes[-1]}, lambda: Applied(lambda t: torch.cumsum(t, dim)))


@thorough
@given(some_axes(), st.integers(-9, 9))
def test_moved(case: tuple[Shape, tuple[int, ...]], shift: int) -> None:
    """Elements rolled and in reverse; PyTorch may roll along one axis twice."""
    x, axes = case
    dims = with_batch(x, axes)
    agree("flip", (x,), {"axes": axes}, lambda: Applied(lambda t: torch.flip(t, dims)))
    assume(len({axis % len(x) for axis in axes}) == len(axes))
    shifts = (shift,) * len(axes)
    agree("roll", (x,), {"shifts": shifts, "axes": axes}, lambda: Applied(lambda t: torch.roll(t, shifts, dims)))


@st.composite
def factors(draw: st.DrawFn) -> tuple[Shape, Shape]:
    """Two factors of a matrix product with axes before them; now and then they do not fit."""
    rows, inner, columns = draw(SIZES), draw(SIZES), draw(SIZES)
    outer = draw(st.lists(SMALL, max_size=3))
    first = tuple(draw(st.sampled_from([n, n, n, 1])) for n in outer[draw(st.integers(0, len(outer))) :])
    second = tuple(draw(st.sampled_from([n, n, n, 1, n + 1])) for n in outer)
    other = inner + draw(st.sampled_from([0, 0, 0, 0, 1]))
    a = (*first, rows, inner) if draw(FLAGS) or first else (inner,)
    b = (*second, other, columns) if draw(FLAGS) or second else (other,)
    return a, b


@thorough
@given(factors())
def test_matmul(case: tuple[Shape, Shape]) -> None:
    """Matrices, vectors, and many of them at once; without a batch, which would be an axis of its own."""
    a, b = case
    found = ours("matmul", case, {})
    pytorch = theirs(lambda: Applied(lambda x, y: number(torch.matmul(x[0], y[0])[None])), case)
    assert (found and found.out) == (pytorch and pytorch.out)
    assert found is None or len(a) < 2 or len(b) < 2 or found.macs == pytorch.macs  # type: ignore[union-attr]


@st.composite
def equations(draw: st.DrawFn) -> tuple[str, tuple[Shape, ...]]:
    """One to three operands over five letters, with a result or without; now and then they do not fit."""
    size = {letter: draw(SMALL) + 1 for letter in "abcde"}
    many = draw(st.integers(1, 3))
    terms = ["".join(draw(st.lists(st.sampled_from("abcde"), min_size=1, max_size=4))) for _ in range(many)]
    shapes = [tuple(size[letter] + draw(st.sampled_from([0] * 30 + [1])) for letter in term) for term in terms]
    letters = sorted({*"".join(terms)})
    result = draw(st.permutations(letters))[: draw(st.integers(0, len(letters)))]
    if not draw(FLAGS):
        return ", ".join(terms), tuple(shapes)
    return ", ".join(terms) + " -> " + "".join(result), tuple(shapes)


def by_hand(equation: str) -> Any:
    """PyTorch's sum of products, without a batch and from the left."""

    def function(*tensors: Any) -> Any:
        with torch.backends.opt_einsum.flags(enabled=False):
            return number(torch.einsum(equation, *(t[0] for t in tensors))[None])

    return Applied(function)


@thorough
@given(equations())
def test_einsum(case: tuple[str, tuple[Shape, ...]]) -> None:
    """Sums of products over letters."""
    equation, shapes = case
    agree("einsum", shapes, {"equation": equation}, lambda: by_hand(equation))


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("...ij,...jk->...ik", ((3, 4, 5, 7), (4, 7, 9))),
        ("...ij,jk", ((3, 4, 5, 7), (7, 9))),
        ("...i,...i", ((3, 4, 5), (5,))),
        ("i...,i...->...", ((3, 4, 5), (3, 1, 5))),
        ("...ij->...", ((3, 4, 5),)),
        ("b...,...c->...bc", ((3, 4, 5), (4, 5, 6))),
        ("ij,jk->ik", ((4, 1), (5, 6))),
        ("ij,jk->ikz", ((4, 5), (5, 6))),
        ("ij,jk->ii", ((4, 5), (5, 6))),
        ("ij,jk->ik", ((4, 5),)),
        ("ijk,jk->ik", ((4, 5), (5, 6))),
        ("i.j->ij", ((4, 5),)),
    ],
)
def test_einsum_of_axes_without_letters(equation: str, shapes: tuple[Shape, ...]) -> None:
    """Ellipses, axes of one, and what is no equation."""
    agree("einsum", shapes, {"equation": equation}, lambda: by_hand(equation))


@st.composite
def heads(draw: st.DrawFn) -> tuple[Shape, ...]:
    """Queries, keys, values and now and then a mask; sometimes they do not fit."""
    outer, shared = draw(st.lists(SMALL, max_size=1)), draw(SMALL)
    many = shared * draw(SMALL) + draw(st.sampled_from([0, 0, 0, 0, 1]))
    tokens, keys, features = draw(SIZES), draw(SIZES), draw(SIZES)
    off = st.sampled_from([0] * 12 + [1])
    query = (*outer, many, tokens, features)
    key = (*outer, shared, keys, features + draw(off))
    value = (*outer, shared, keys + draw(off), draw(SIZES))
    if not draw(FLAGS):
        return query, key, value
    mask = tuple(draw(st.sampled_from([n, n, 1])) for n in (*outer, many, tokens, keys))
    return query, key, value, (*mask[:-1], mask[-1] + draw(off))


@thorough
@given(heads(), FLAGS)
def test_attention(shapes: tuple[Shape, ...], causal: bool) -> None:
    """Scaled dot-product attention with shared keys, masks, and values of other features."""
    assume(not (causal and len(shapes) > 3))
    shared = shapes[1][-3]

    def attend(query: Any, key: Any, value: Any, mask: Any = None) -> Any:
        if query.shape[-3] % shared:
            raise ValueError("PyTorch says so itself on a processor only")
        return functional.scaled_dot_product_attention(query, key, value, mask, is_causal=causal, enable_gqa=True)

    agree("dot_product_attention", shapes, {"causal": causal}, lambda: Applied(attend))


@thorough
@given(SHAPES, st.integers(1, 3), FLAGS, FLAGS)
def test_norms_of_the_last_axes(x: Shape, axes: int, scale: bool, shift: bool) -> None:
    """Layer normalisation and that by the root mean square."""
    assume(axes <= len(x))
    last = x[-axes:]
    agree("rmsnorm", (x,), {"axes": axes, "scale": scale}, lambda: nn.RMSNorm(last, elementwise_affine=scale))
    assume(scale or not shift)
    attributes = {"axes": axes, "scale": scale, "shift": shift}
    agree("layernorm", (x,), attributes, lambda: nn.LayerNorm(last, elementwise_affine=scale, bias=shift))


@thorough
@given(MAPS, FLAGS, FLAGS)
def test_instancenorm(x: Shape, trained: bool, tracked: bool) -> None:
    """Each channel by itself; PyTorch wants more than one position."""
    assume(prod(x[1:]) > 1)
    attributes = {"scale": trained, "shift": trained, "tracked": tracked}
    build = module("InstanceNorm", len(x) - 1)
    agree("instancenorm", (x,), attributes, lambda: build(x[0], affine=trained, track_running_stats=tracked))


@thorough
@given(SHAPES, SIZES, SIZES)
def test_embedding(tokens: Shape, count: int, features: int) -> None:
    """Rows of a table, which is a weight or an input."""
    attributes = {"count": count, "features": features}

    class Table(nn.Embedding):
        def forward(self, x: Any) -> Any:
            return super().forward(x.long())

    agree("embed", (tokens,), attributes, lambda: Table(count, features))
    agree(
        "embed",
        (tokens, (count, features)),
        attributes,
        lambda: Applied(lambda x, table: functional.embedding(x.long(), table[0])),
    )


@thorough
@given(SHAPES, SIZES)
def test_one_hot(tokens: Shape, count: int) -> None:
    """An axis more."""
    agree("one_hot", (tokens,), {"count": count}, lambda: Applied(lambda x: functional.one_hot(x.long(), count)))


@pytest.mark.parametrize(("op", "build"), [("rnn", nn.RNN), ("lstm", nn.LSTM), ("gru", nn.GRU)])
@thorough
@given(st.tuples(SMALL, SMALL), SIZES, SMALL, FLAGS, FLAGS, st.integers(0, 3))
def test_recurrent(op: str, build: Any, x: Shape, out: int, layers: int, both: bool, bias: bool, width: int) -> None:
    """Several layers, both ways, with a projection."""
    attributes = {"out": out, "layers": layers, "bidirectional": both, "bias": bias}
    projected: dict[str, int] = {}
    if op == "lstm" and 0 < width < out:
        attributes["projection"] = projected["proj_size"] = width

    class First(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = build(x[1], out, layers, bias=bias, batch_first=True, bidirectional=both, **projected)

        def forward(self, t: Any) -> Any:
            return self.cell(t)[0]

    agree(op, (x,), attributes, First)


@thorough
@given(SHAPES, st.data())
def test_repeated(x: Shape, data: st.DataObject) -> None:
    """Axes of one repeated, and any axes tiled, with new ones before."""
    many = data.draw(st.lists(SMALL, min_size=len(x), max_size=len(x) + 2))
    new = len(many) - len(x)
    ones = tuple(data.draw(st.sampled_from([n, n, 1])) for n in x)
    wide = tuple(data.draw(st.sampled_from([n, n, n, n + 1])) for n in x)
    out = (*many[:new], *wide)
    agree("expand", (ones,), {"out": out}, lambda: Applied(lambda t: t[0].expand(out)[None]))
    agree("tile", (x,), {"times": tuple(many)}, lambda: Applied(lambda t: t[0].repeat(many)[None]))


@thorough
@given(alike(), st.integers(-4, 4))
def test_stack(shapes: tuple[Shape, ...], axis: int) -> None:
    """A new axis anywhere."""
    agree("stack", shapes, {"axis": axis}, lambda: Applied(lambda *ts: torch.stack([t[0] for t in ts], axis)[None]))


MODES = {"linear": {1: "linear", 2: "bilinear", 3: "trilinear"}, "cubic": {2: "bicubic"}}


@thorough
@given(MAPS, st.sampled_from(["nearest", "linear", "cubic"]), st.data())
def test_resize(x: Shape, mode: str, data: st.DataObject) -> None:
    """To any size, in each mode that PyTorch has for so many axes."""
    rank = len(x) - 1
    theirs_is = "nearest" if mode == "nearest" else MODES[mode].get(rank)
    assume(theirs_is is not None)
    out = data.draw(per_axis(rank, 1, 40))
    agree(
        "resize",
        (x,),
        {"out": out, "mode": mode},
        lambda: Applied(lambda t: functional.interpolate(t, out, mode=theirs_is)),
    )


@thorough
@given(MAPS, st.data())
def test_grid_sample(x: Shape, data: st.DataObject) -> None:
    """Places in two or three axes; a coordinate too many is an assertion that fails in PyTorch."""
    rank = len(x) - 1
    assume(rank > 1)
    grid = (*data.draw(st.tuples(*[SIZES] * rank)), rank)
    assert ours("grid_sample", (x, (*grid[:-1], rank + 1)), {}) is None
    agree("grid_sample", (x, grid), {}, lambda: Applied(lambda t, g: functional.grid_sample(t, g, align_corners=False)))


@thorough
@given(SMALL, SMALL, SMALL, SMALL, st.sampled_from([0, 0, 1]))
def test_pixel_shuffle(channels: int, scale: int, height: int, width: int, off: int) -> None:
    """Channels to positions and back, now and then as many as do not divide."""
    x = (channels * scale * scale + off, height, width)
    agree("pixel_shuffle", (x,), {"scale": scale}, lambda: nn.PixelShuffle(scale))
    x = (channels, height * scale + off, width * scale)
    agree("pixel_unshuffle", (x,), {"scale": scale}, lambda: nn.PixelUnshuffle(scale))


@thorough
@given(convolutions(), st.sampled_from([0, 0, 0, 1]))
def test_unfold_and_fold(case: tuple[Shape, dict[str, Any]], off: int) -> None:
    """Windows as columns, and added up again."""
    x, given_attributes = case
    assume(len(x) == 3)
    ours_are = {key: given_attributes[key] for key in ("kernel", "stride", "pad", "dilation")}
    theirs_are = (ours_are["kernel"], ours_are["dilation"], ours_are["pad"], ours_are["stride"])
    agree("unfold", (x,), ours_are, lambda: nn.Unfold(*theirs_are))
    columns = ours("unfold", (x,), ours_are)
    assume(columns is not None)
    shape = (columns.out[0], columns.out[1] + off)  # type: ignore[union-attr]
    agree("fold", (shape,), {"out": x[1:], **ours_are}, lambda: nn.Fold(x[1:], *theirs_are))


@thorough
@given(SHAPES, st.data())
def test_pad_axes(x: Shape, data: st.DataObject) -> None:
    """Any axes padded and cut; PyTorch leaves empty axes."""
    end = st.integers(-3, 5)
    ends = data.draw(st.tuples(*[st.tuples(end, end)] * len(x)))
    assume(all(before + n + after for n, (before, after) in zip(x, ends, strict=True)))
    assume(all(n + before >= 0 and n + after >= 0 for n, (before, after) in zip(x, ends, strict=True)))
    flat = [end for pair in reversed(ends) for end in pair]
    agree("pad_axes", (x,), {"ends": ends}, lambda: Applied(lambda t: functional.pad(t, flat)))


@pytest.mark.parametrize(("op", "kind"), [("conv", "conv"), ("transposed_conv", "conv_transpose")])
@thorough
@given(convolutions(), st.sampled_from([0, 0, 0, 1]))
def test_computed_weights(op: str, kind: str, case: tuple[Shape, dict[str, Any]], off: int) -> None:
    """Weights that are an input, as many as are needed or not."""
    x, attributes = case
    attributes["bias"] = False
    groups, rank = attributes["groups"], len(x) - 1
    function = getattr(functional, f"{kind}{rank}d")
    assume(x[0] % groups == 0)
    sides = (attributes["out"], x[0] // groups) if op == "conv" else (x[0], attributes["out"] // groups)
    weight = (*sides, *each(attributes["kernel"], rank)[:-1], each(attributes["kernel"], rank)[-1] + off)
    assume(0 not in weight)
    place = {"stride": attributes["stride"], "padding": attributes["pad"], "dilation": attributes["dilation"]}
    if off:
        assert ours(op, (x, weight), attributes) is None
    elif attributes["out"] % groups == 0 and ours(op, (x,), attributes):
        agree(op, (x, weight), attributes, lambda: Applied(lambda t, w: function(t, w[0], groups=groups, **place)))


@thorough
@given(st.tuples(SMALL, SIZES) | st.tuples(SIZES), SIZES)
def test_computed_weights_of_linear(x: Shape, out: int) -> None:
    """Weights that are an input."""
    agree("linear", (x, (out, x[-1])), {"out": out, "bias": False}, lambda: Applied(lambda t, w: t @ w[0].T))


@thorough
@given(convolutions(), SMALL, FLAGS, st.sampled_from([0, 0, 0, 1]))
def test_deform_conv(case: tuple[Shape, dict[str, Any]], shared: int, masked: bool, off: int) -> None:
    """Offsets for as many positions as the convolution has, which is all that is compared: there is none in PyTorch."""
    x, attributes = case
    plain = ours("conv", (x,), attributes)
    assume(plain is not None)
    rank, positions = len(x) - 1, plain.out[1:]  # type: ignore[union-attr]
    elements = shared * prod(each(attributes["kernel"], rank))
    offset = (rank * elements, *positions[:-1], positions[-1] + off)
    inputs = (x, offset, (elements, *positions)) if masked else (x, offset)
    assert ours("deform_conv", inputs, attributes) == (None if off else plain)
    assert plain == theirs(lambda: torch_conv("Conv", x, attributes), (x,))
