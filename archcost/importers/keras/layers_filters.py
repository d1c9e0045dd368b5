"""Layers with filters or other tables of weights."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

from archcost.dims import Shape, sizes
from archcost.errors import ArchcostError
from archcost.importers.attributes import given, one
from archcost.importers.keras.arguments import padding_of, rank_of, value_of
from archcost.importers.keras.config import Layer, is_amount, is_size
from archcost.importers.keras.reading import Reading
from archcost.importers.keras.registry import layer
from archcost.importers.keras.values import Value


@layer("Conv1D", "Conv2D", "Conv3D", "Convolution1D", "Convolution2D", "Convolution3D")
def conv(r: Reading, c: Layer, x: Any) -> Value:
    """A convolution; depthwise where each channel has its own filters."""
    x = r.mapped(value_of(x), c)
    rank = rank_of(x, c)
    kernel, dilation = c.counts("kernel_size", rank), c.counts("dilation_rate", rank, 1)
    pad: Any = padding_of(c, "causal")
    if c.config.get("padding") == "causal":
        pad = ((dilation[0] * (kernel[0] - 1), 0),)
    out, groups = c.count("filters"), c.count("groups", 1)
    attributes = given(
        kernel=one(kernel), stride=one(c.counts("strides", rank, 1)), pad=pad, dilation=one(dilation),
        bias=c.flag("use_bias", True),
    )  # fmt: skip
    channels = x.tensor.sample[0]
    if groups > 1 and groups == channels and out % channels == 0:
        return r.add("depthwise", [x], x.axes, c.name, **given(multiplier=out // channels), **attributes)
    return r.add("conv", [x], x.axes, c.name, out=out, **attributes, **given(groups=groups))


@layer("DepthwiseConv1D", "DepthwiseConv2D")
def depthwise(r: Reading, c: Layer, x: Any, bias: bool | None = None) -> Value:
    """A convolution of each channel by itself."""
    x = r.mapped(value_of(x), c)
    rank = rank_of(x, c)
    attributes = given(
        kernel=one(c.counts("kernel_size", rank)), multiplier=c.count("depth_multiplier", 1),
        stride=one(c.counts("strides", rank, 1)), pad=padding_of(c),
        dilation=one(c.counts("dilation_rate", rank, 1)), bias=c.flag("use_bias", True) if bias is None else bias,
    )  # fmt: skip
    return r.add("depthwise", [x], x.axes, f"{c.name}/depthwise", **attributes)


@layer("SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D", "SeparableConvolution2D")
def separable(r: Reading, c: Layer, x: Any) -> Value:
    """A depthwise convolution and one with a kernel of 1, which has the bias."""
    r.graph.module = f"{c.name}/depthwise"
    made = depthwise(r, c, x, bias=False)
    r.graph.module = f"{c.name}/pointwise"
    bias = given(bias=c.flag("use_bias", True))
    return r.add("conv", [made], made.axes, f"{c.name}/pointwise", out=c.count("filters"), kernel=1, **bias)


@layer("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def transposed_conv(r: Reading, c: Layer, x: Any) -> Value:
    """A transposed convolution: VALID makes room for a kernel smaller than the stride, SAME makes `n * stride`."""
    x = r.mapped(value_of(x), c)
    rank = rank_of(x, c)
    kernel, stride = c.counts("kernel_size", rank), c.counts("strides", rank, 1)
    dilation, same = c.counts("dilation_rate", rank, 1), padding_of(c) == "same"
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    pad: Any = "same" if same else 0
    extra: Any = [0 if same else max(s - k, 0) for s, k in zip(stride, spans, strict=True)]
    if c.config.get("output_padding") is not None:
        extra = [ends[0] for ends in c.ends("output_padding", rank)] if rank > 1 else _whole_of(c, "output_padding")
        pad = one([k // 2 for k in spans]) if same else 0
    attributes = given(
        kernel=one(kernel), stride=one(stride), pad=pad, output_pad=one(extra), dilation=one(dilation),
        groups=c.count("groups", 1), bias=c.flag("use_bias", True),
    )  # fmt: skip
    return r.add("transposed_conv", [x], x.axes, c.name, out=c.count("filters"), **attributes)


def _whole_of(c: Layer, key: str) -> list[int]:
    """A whole number from 0, which may stand in a list."""
    value = c.config.get(key)
    values: list[Any] = value if isinstance(value, list) else [value]
    if len(values) != 1 or not is_amount(values[0]):
        raise c.wrong(key, "a whole number from 0")
    return values


@layer("Dense")
def dense(r: Reading, c: Layer, x: Any) -> Value:
    """A fully connected layer over the last axis."""
    return r.linear(value_of(x), c.count("units"), c.flag("use_bias", True), c.name)


@layer("EinsumDense")
def einsum_dense(r: Reading, c: Layer, x: Any) -> Value:
    """Products with weights over axes that an equation names; a linear layer where it is one."""
    x = value_of(x)
    e = _equation(c, x)
    biased = c.config.get("bias_axes") or ""
    if not isinstance(biased, str):
        raise c.wrong("bias_axes", "text")
    if e.linear and (not biased or {*biased} == {*e.new}):
        flat = r.reshaped(x, (*e.sizes(e.kept), prod(e.sizes(e.summed))))
        made = r.linear(flat, prod(e.sizes(e.new)), bool(biased), c.name)
        return r.reshaped(made, e.sizes(e.result))
    weight = r.stored("kernel", e.sizes(e.kernel))
    text = f"{e.read},{e.kernel}->{e.result}"
    made = r.add("einsum", [r.plain(x), weight], tuple(range(len(e.result))), equation=text)
    if not biased:
        return made
    bias = r.stored("bias", tuple(e.size[n] if n in biased else 1 for n in e.result))
    return r.add("add", [made, bias], made.axes)


class Equation(NamedTuple):
    """Which axes are read, are the weights', and are made, without the batch; and the size of each."""

    read: str
    kernel: str
    result: str
    size: Mapping[str, int]

    @property
    def summed(self) -> str:
        """The axes that are read and gone."""
        return "".join(n for n in self.read if n not in self.result)

    @property
    def new(self) -> str:
        """The axes that come."""
        return "".join(n for n in self.result if n not in self.read)

    @property
    def kept(self) -> str:
        """The axes in front of those that come."""
        return self.result[: len(self.result) - len(self.new)]

    @property
    def linear(self) -> bool:
        """Whether the last axes that are read become the last ones that are made."""
        ends = self.read == self.kept + self.summed and self.result == self.kept + self.new
        return ends and bool(self.summed and self.new) and sorted(self.kernel) == sorted(self.summed + self.new)

    def sizes(self, axes: str) -> Shape:
        """The sizes of some axes."""
        return tuple(self.size[n] for n in axes)


def _equation(c: Layer, x: Value) -> Equation:
    """The equation of a layer, with letters in the place of dots."""
    text = c.config.get("equation")
    if not isinstance(text, str):
        raise c.wrong("equation", "text")
    terms, _, result = text.replace(" ", "").partition("->")
    read, _, kernel = terms.partition(",")
    if "..." in read:
        spare = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in text]
        letters = "".join(spare[: len(x.axes) + 1 - len(read.replace("...", ""))])
        read, result = read.replace("...", letters), result.replace("...", letters)
    if len(read) != len(x.axes) + 1 or read[:1] != result[:1]:
        raise ArchcostError(f"its equation {text} does not fit {sizes(x.shape)} and a batch")
    size = dict(zip(read[1:], x.shape, strict=True))
    held = c.config.get("output_shape")
    told = [*held] if isinstance(held, list | tuple) else [held]
    for letter, n in zip(result[::-1], told[::-1], strict=False):
        if letter not in size and is_size(n):
            size[letter] = n
    if not {*kernel, *result[1:]} <= {*size}:
        raise ArchcostError(f"its output_shape does not say all sizes of {text}")
    return Equation(read[1:], kernel, result[1:], size)


@layer("Embedding")
def embedding(r: Reading, c: Layer, x: Any) -> Value:
    """Rows of a table by their numbers."""
    x = r.plain(value_of(x))
    count, features = c.count("input_dim"), c.count("output_dim")
    return r.add("embed", [x], tuple(range(len(x.axes) + 1)), c.name, count=count, features=features)
