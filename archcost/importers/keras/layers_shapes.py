"""Layers that move elements, or make maps of another size."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from archcost.dims import Shape, sizes
from archcost.errors import ArchcostError
from archcost.importers.attributes import one
from archcost.importers.keras.arguments import rank_of, value_of
from archcost.importers.keras.config import LARGEST_SIZE, Layer, is_whole
from archcost.importers.keras.reading import Reading
from archcost.importers.keras.registry import layer
from archcost.importers.keras.values import Value, channels_first


@layer("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def zero_padding(r: Reading, c: Layer, x: Any) -> Value:
    """Zeros around a map."""
    x = r.mapped(value_of(x), c)
    return r.each("pad", x, pad=c.ends("padding", rank_of(x, c)))


@layer("Cropping1D", "Cropping2D", "Cropping3D")
def cropping(r: Reading, c: Layer, x: Any) -> Value:
    """A part of a map."""
    made = r.mapped(value_of(x), c)
    ends = c.ends("cropping", rank_of(made, c))
    space = made.tensor.sample[1:]
    left = tuple(n - before - after for n, (before, after) in zip(space, ends, strict=True))
    if min(left) < 1:
        raise ArchcostError(f"leaves nothing of {sizes(made.shape)}")
    if all(after - before in (0, 1) for before, after in ends):
        return made if left == space else r.each("crop", made, out=one(left))
    for place, (before, _) in enumerate(ends, 1):
        made = r.cut(made, made.axes[place], before, before + left[place - 1])
    return made


@layer("UpSampling1D", "UpSampling2D", "UpSampling3D")
def upsampling(r: Reading, c: Layer, x: Any) -> Value:
    """A map enlarged by whole factors."""
    x = value_of(x)
    rank = rank_of(x, c)
    x = r.mapped(x, c) if rank > 1 else r.arranged(x, channels_first(2))
    scale = c.counts("size", rank, 2)
    mode = c.word("interpolation", "nearest", *MODES)
    if mode in ("nearest", "bilinear"):
        return r.each("upsample", x, scale=one(scale), **({"mode": "linear"} if mode != "nearest" else {}))
    return resized(r, x, tuple(n * s for n, s in zip(x.tensor.sample[1:], scale, strict=True)), mode, False)


MODES = {"nearest": "nearest", "bilinear": "linear", "bicubic": "cubic", "area": "", "lanczos3": "", "lanczos5": ""}


def resized(r: Reading, x: Value, out: Shape, mode: str, antialias: bool) -> Value:
    """A map of another size."""
    if x.tensor.sample[1:] == out:
        return x
    if not MODES[mode]:
        tensor = r.graph.uncounted(f"resize {mode}", [x.tensor], (1, x.tensor.sample[0], *out))
        return Value(tensor, x.axes)
    attributes = {"mode": MODES[mode]} if mode != "nearest" else {}
    return r.each("resize", x, out=one(out), **attributes, **({"antialias": True} if antialias else {}))


@layer("Resizing")
def resizing(r: Reading, c: Layer, x: Any) -> Value:
    """A map of another size."""
    x = r.mapped(value_of(x), c)
    if c.config.get("crop_to_aspect_ratio") or c.config.get("pad_to_aspect_ratio"):
        raise ArchcostError("resizing that keeps the aspect ratio is not supported")
    mode = c.word("interpolation", "bilinear", *MODES)
    return resized(r, x, (c.count("height"), c.count("width")), mode, c.flag("antialias", False))


@layer("CenterCrop")
def center_crop(r: Reading, c: Layer, x: Any) -> Value:
    """The middle of a map."""
    x = r.mapped(value_of(x), c)
    return r.each("crop", x, out=one((c.count("height"), c.count("width"))))


@layer("Flatten")
def flatten(r: Reading, c: Layer, x: Any) -> Value:
    """A vector of all elements, in whichever order: the layer behind it has its weights in the same."""
    x = value_of(x)
    return r.seen(x, (prod(x.shape),), (0,))


@layer("Reshape")
def reshape(r: Reading, c: Layer, x: Any) -> Value:
    """Another shape."""
    return r.reshaped(value_of(x), target_shape(value_of(x), c.config.get("target_shape")))


def target_shape(x: Value, shape: Any) -> Shape:
    """A shape in which one size may be left open."""
    if not isinstance(shape, list | tuple) or not all(is_whole(n) and (n == -1 or 0 < n < LARGEST_SIZE) for n in shape):
        raise ArchcostError(f"a shape must be a list of sizes, is {str(shape)[:60]}")
    known = prod(n for n in shape if n != -1)
    if shape.count(-1) > 1 or (shape.count(-1) == 1 and prod(x.shape) % known):
        raise ArchcostError(f"cannot shape {sizes(x.shape)} into {sizes(shape)}")
    return tuple(prod(x.shape) // known if n == -1 else n for n in shape)


@layer("Permute")
def permute(r: Reading, c: Layer, x: Any) -> Value:
    """Other names for the axes: they are moved where a layer needs them so."""
    dims = c.axes("dims")
    return renamed(value_of(x), [n - 1 for n in dims or []])


def renamed(x: Value, order: Sequence[int]) -> Value:
    """The axes of Keras in another order."""
    if sorted(order) != list(range(len(x.axes))):
        raise ArchcostError(f"the axes of {sizes(x.shape)} have no order {list(order)}")
    return Value(x.tensor, tuple(order.index(axis) for axis in x.axes))


@layer("RepeatVector")
def repeat_vector(r: Reading, c: Layer, x: Any) -> Value:
    """A vector for each of some steps."""
    x = value_of(x)
    n = c.count("n")
    wide = r.seen(x, (1, *x.shape), tuple(range(len(x.axes) + 1)))
    return r.each("tile", wide, times=(n, *[1] * len(x.axes))) if n > 1 else wide
