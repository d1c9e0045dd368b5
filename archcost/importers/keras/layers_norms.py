"""Norms, and fixed or trained factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcost.errors import ArchcostError
from archcost.importers.attributes import given
from archcost.importers.keras.arguments import value_of
from archcost.importers.keras.config import Layer
from archcost.importers.keras.reading import Reading
from archcost.importers.keras.registry import layer
from archcost.importers.keras.values import Value


@layer("BatchNormalization", "SyncBatchNormalization")
def batch_norm(r: Reading, c: Layer, x: Any, *_: Any, mask: Any = None) -> Value:
    """Batch normalisation by stored statistics, along one axis. A mask is for training."""
    r.keep(mask)
    if c.config.get("renorm"):
        raise ArchcostError("batch renormalisation is not supported")
    x = _leading(value_of(x), c, r)
    return r.add("batchnorm", [x], x.axes, c.name, **_trained(c))


def _trained(c: Layer) -> dict[str, Any]:
    """Whether a factor and an offset are trained."""
    trained = {"scale": c.flag("scale", True), "shift": c.flag("center", True)}
    return {name: False for name, kept in trained.items() if not kept}


def _leading(x: Value, c: Layer, r: Reading) -> Value:
    """The same with the axis along which statistics are taken in front."""
    axes = c.axes("axis", -1)
    if axes is None or len(axes) != 1:
        raise c.wrong("axis", "one axis")
    place = x.own(axes[0])
    if x.axes[0] == place:
        return x
    return r.arranged(x, (place, *(axis for axis in range(len(x.axes)) if axis != place)))


def trailing(x: Value, axes: Sequence[int], r: Reading) -> Value:
    """The same with some axes of Keras behind the others."""
    wanted = sorted(x.own(axis) for axis in axes)
    if {*x.axes[len(x.axes) - len(wanted) :]} == {*wanted}:
        return x
    return r.arranged(x, (*(axis for axis in range(len(x.axes)) if axis not in wanted), *wanted))


@layer("LayerNormalization")
def layer_norm(r: Reading, c: Layer, x: Any) -> Value:
    """Over some axes: the channels, the last ones, or all."""
    x, axes = value_of(x), c.axes("axis", -1) or [-1]
    if c.config.get("rms_scaling"):
        return rms_norm(r, c, x)
    trained = _trained(c)
    rank, places = len(x.axes), {x.at(axis) for axis in axes}
    if rank > 1 and places == {0}:
        return r.add("layernorm", [x], x.axes, c.name, over="channels", **trained)
    if rank > 1 and len(places) == rank:
        return r.add("layernorm", [x], x.axes, c.name, over="all", **trained)
    x = trailing(x, axes, r)
    many = {"axes": len(places)} if len(places) > 1 else {}
    return r.add("layernorm", [x], x.axes, c.name, **many, **trained)


@layer("RMSNormalization")
def rms_norm(r: Reading, c: Layer, x: Any) -> Value:
    """Over some axes, without a mean."""
    axes = c.axes("axis", -1) or [-1]
    x = trailing(value_of(x), axes, r)
    many = {"axes": len(axes)} if len(axes) > 1 else {}
    return r.add("rmsnorm", [x], x.axes, c.name, **many)


@layer("GroupNormalization")
def group_norm(r: Reading, c: Layer, x: Any) -> Value:
    """Over groups of channels; -1 is a group for each."""
    x = _leading(value_of(x), c, r)
    groups = x.tensor.sample[0] if c.config.get("groups") == -1 else c.count("groups", 32)
    return r.add("groupnorm", [x], x.axes, c.name, groups=groups, **_trained(c))


@layer("UnitNormalization")
def unit_norm(r: Reading, c: Layer, x: Any) -> Value:
    """Rows divided by their length."""
    axes = c.axes("axis", -1) or [-1]
    if len(axes) > 1:
        raise c.wrong("axis", "one axis")
    return r.each("unit_norm", trailing(value_of(x), axes, r))


@layer("Normalization")
def normalization(r: Reading, c: Layer, x: Any) -> Value:
    """A difference and a quotient for each element, by statistics that are given or stored."""
    x, axes = value_of(x), c.axes("axis", -1)
    if c.config.get("mean") is None:
        shape = tuple(x.shape[x.own(axis)] for axis in axes) if axes else (1,)
        for name in ("mean", "variance"):
            r.stored(name, shape, trained=False)
        r.stored("count", (1,), trained=False)
    return r.each("affine", x)


@layer("Rescaling")
def rescaling(r: Reading, c: Layer, x: Any) -> Value:
    """A factor, and an offset if there is one."""
    return r.each("affine", value_of(x), **given(shift=c.config.get("offset") not in (0, None)))


@layer("LayerScale")
def layer_scale(r: Reading, c: Layer, x: Any) -> Value:
    """A trained factor for each channel."""
    x = value_of(x)
    last = len(x.axes) - 1
    gamma = r.stored(
        "gamma", tuple(size if axis == last else 1 for size, axis in zip(x.tensor.sample, x.axes, strict=True))
    )
    return r.add("multiply", [x, gamma], x.axes)
