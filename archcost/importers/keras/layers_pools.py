"""Pools: over windows, over a grid of cells, and over a whole map."""

from __future__ import annotations

from typing import Any

from archcost.importers.attributes import given, one
from archcost.importers.keras.arguments import padding_of, rank_of, value_of
from archcost.importers.keras.config import Layer
from archcost.importers.keras.reading import Reading
from archcost.importers.keras.registry import LAYERS, Handler, layer
from archcost.importers.keras.values import Constant, Value


def _pooled(kind: str) -> Handler:
    def handler(r: Reading, c: Layer, x: Any) -> Value:
        x = r.mapped(value_of(x), c)
        rank = rank_of(x, c)
        kernel = c.counts("pool_size", rank, 2)
        stride = c.counts("strides", rank) if c.config.get("strides") is not None else kernel
        attributes = given(kernel=one(kernel), pad=padding_of(c))
        return r.each(kind, x, **attributes, **({"stride": one(stride)} if stride != kernel else {}))

    return handler


def _pooled_whole(kind: str, reduction: str) -> Handler:
    def handler(r: Reading, c: Layer, x: Any) -> Value:
        x = value_of(x)
        rank = rank_of(x, c)
        keep = c.flag("keepdims", False)
        if rank == 1 and x.axes == (0, 1):  # tokens: their features stay where they are
            gone = 0 if c.channels_last() else 1
            made = r.each(reduction, x, axes=(gone,), keep=True)
        else:
            x = r.mapped(x, c)
            made, gone = r.each(kind, x), -1
        if keep:
            return made
        return r.dropped(made, [gone] if gone >= 0 else made.axes[1:])

    return handler


for _rank in (1, 2, 3):
    for _mean, _kind in (("Average", "avgpool"), ("Max", "maxpool")):
        LAYERS[f"{_mean}Pooling{_rank}D"] = _pooled(_kind)
        LAYERS[f"{_mean}Pool{_rank}D"] = LAYERS[f"{_mean}Pooling{_rank}D"]
        _whole = _pooled_whole(f"global_{_kind}", {"Average": "mean", "Max": "max"}[_mean])
        LAYERS[f"Global{_mean}Pooling{_rank}D"] = LAYERS[f"Global{_mean}Pool{_rank}D"] = _whole


@layer("GlobalAveragePooling1D", "GlobalAvgPool1D")
def mean_of_steps(r: Reading, c: Layer, x: Any, mask: Any = None) -> Value:
    """The mean of all steps, or of those that a mask chooses."""
    if mask is None:
        return value_of(_pooled_whole("global_avgpool", "mean")(r, c, x))
    x, mask = value_of(x), value_of(mask)
    rank_of(x, c)
    steps = 0 if c.channels_last() else 1
    seen = r.seen(mask, (*mask.shape, 1) if steps == 0 else (1, *mask.shape), (0, 1))
    chosen = r.arranged(seen, x.axes)
    kept = r.joined("where", [chosen, x, Constant((1,))])
    total, count = (r.each("sum", each, axes=(each.axes.index(steps),), keep=True) for each in (kept, chosen))
    mean = r.joined("divide", [total, count])
    return mean if c.flag("keepdims", False) else r.dropped(mean, [steps])


@layer("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D")
@layer("AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D")
def adaptive(r: Reading, c: Layer, x: Any) -> Value:
    """Means or maxima over a grid of cells."""
    x = r.mapped(value_of(x), c)
    kind = "adaptive_maxpool" if "Max" in c.kind else "adaptive_avgpool"
    return r.each(kind, x, out=one(c.counts("output_size", rank_of(x, c))))
