"""Activations, and what does nothing at inference."""

from __future__ import annotations

from math import prod
from typing import Any

from archcost.importers.graph import Tensor
from archcost.importers.keras.arguments import value_of
from archcost.importers.keras.config import Layer
from archcost.importers.keras.reading import Reading
from archcost.importers.keras.registry import LAYERS, Handler, layer
from archcost.importers.keras.values import Constant, Value


@layer("Activation")
def activation(r: Reading, c: Layer, x: Any) -> Value:
    """An activation by its name."""
    return r.activation(c.config.get("activation"), value_of(x))


@layer("ReLU")
def relu(r: Reading, c: Layer, x: Any) -> Value:
    """ReLU with a largest value, a slope below zero, or another threshold."""
    x, most, slope = value_of(x), c.config.get("max_value"), c.config.get("negative_slope") or 0
    made = r.each("leaky_relu", x) if slope else None
    if most is None:
        return made or r.each("relu", x)
    if made is None:
        return r.each("relu6" if most == 6 else "clamp", x)
    return r.each("clamp", made)


def same(op: str) -> Handler:
    """The handler of a layer that is one of ours."""

    def handler(r: Reading, c: Layer, x: Any, *_: Any, **__: Any) -> Value:
        return r.each(op, value_of(x))

    return handler


LAYERS["LeakyReLU"], LAYERS["ELU"] = same("leaky_relu"), same("elu")


@layer("Softmax")
def softmax(r: Reading, c: Layer, x: Any, mask: Any = None) -> Value:
    """Softmax; what a mask leaves out is replaced before it and behind it."""
    if mask is None:
        return r.each("softmax", value_of(x))
    seen = r.joined("where", [mask, x, Constant((1,))])
    return r.joined("where", [mask, r.each("softmax", seen), Constant((1,))])


@layer("PReLU")
def prelu(r: Reading, c: Layer, x: Any) -> Value:
    """A trained slope for each element, but for the axes along which it is shared."""
    x = value_of(x)
    shared = {x.at(axis) for axis in c.axes("shared_axes") or []}
    sample = x.tensor.sample
    slopes = tuple(1 if place in shared else n for place, n in enumerate(sample))
    if prod(slopes) == slopes[0] and (prod(slopes) > 1 or sample[0] == 1):
        return r.add("prelu", [x], x.axes, c.name)
    if prod(slopes) == 1:
        return r.add("prelu", [x], x.axes, c.name, per_channel=False)
    scaled = r.add("multiply", [x, r.stored("alpha", slopes)], x.axes)
    return r.add("where", [x, x, scaled], x.axes)


@layer("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout")
def dropout(r: Reading, c: Layer, x: Any) -> Value:
    """Nothing at inference; the layer stays, for people look for it."""
    rate = c.config.get("rate", 0.5)
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise c.wrong("rate", "a number from 0 to 1")
    return r.each("dropout", value_of(x), **({"rate": rate} if rate != 0.5 else {}))


def nothing(r: Reading, c: Layer, x: Any, *_: Any, **__: Any) -> Any:
    """What is read, unchanged."""
    return x if isinstance(x, Constant) else value_of(x)


for _name in (
    "GaussianNoise", "ActivityRegularization", "Identity", "StochasticDepth", "RandomFlip", "RandomRotation",
    "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness", "RandomShear", "RandomHue",
    "RandomSaturation", "RandomGrayscale", "RandomColorJitter", "RandomColorDegeneration", "RandomSharpness",
    "RandomPosterization", "RandomPerspective", "RandomElasticTransform", "RandomErasing", "RandomGaussianBlur",
    "RandomInvert", "RandAugment", "AugMix", "MixUp", "CutMix",
):  # fmt: skip
    LAYERS[_name] = nothing  # at inference


@layer("Masking")
def masking(r: Reading, c: Layer, x: Any) -> Value:
    """Steps that hold one value only are made zero."""
    x = r.plain(value_of(x))
    rank = len(x.axes)
    differs = r.add("compare", [x, Tensor((1,) * rank)], x.axes)
    return r.joined("multiply", [x, r.each("any", differs, axes=(rank - 1,), keep=True)])
