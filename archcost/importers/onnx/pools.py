"""Which layers do pools become, reductions, and sums along an axis?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from archcost.errors import ArchcostError
from archcost.importers import axes as along
from archcost.importers.attributes import one, over_maps
from archcost.importers.onnx.making import Maker
from archcost.importers.onnx.registry import Call, Made, operator
from archcost.importers.onnx.values import Value, axis_of, blank, folds, known_as
from archcost.importers.onnx.windows import windows
from archcost.net import apply


@operator("MaxPool", "AveragePool")
def pool(m: Maker, c: Call) -> Made:
    """The largest or the mean in windows; the places of the largest cost nothing."""
    x = c[0]
    kernel = c.numbers("kernel_shape", usual=())
    attributes = {"kernel": one(kernel), **windows(c, x.shape[2:], kernel)} if kernel else {}
    if not attributes:
        raise ArchcostError("lacks kernel_shape")
    stride = attributes.pop("stride", 1)
    if stride != attributes["kernel"]:
        attributes["stride"] = stride
    if c.number("ceil_mode", 0) and c.text("auto_pad", "NOTSET") == "NOTSET":
        attributes["rounding"] = "ceil"
    if c.op == "AveragePool" and "dilation" in attributes:
        (space,) = [apply("maxpool", (x.shape[1:],), attributes).out]
        return m.uncounted("AveragePool with dilations", [m.read(x)], (x.shape[0], *space))
    made = _pooled(m, "maxpool" if c.op == "MaxPool" else "avgpool", x, attributes)
    return [made, blank(made.shape)] if len(c.declared) > 1 else made


def _pooled(m: Maker, kind: str, x: Value, attributes: Mapping[str, Any]) -> Value:
    """A pool, also of many maps at once."""
    tensor = m.graph.batched(m.read(x))
    if tensor.batch == 0 or x.constant:
        return m.on_map(kind, x, **attributes)
    order = (1, 0, *range(2, len(x.shape)))
    moved = m.graph.permute(m.graph.whole(tensor), order)
    made = m.graph.permute(m.layer(kind, [moved], None, **over_maps(attributes, len(x.shape) - 2)), order)
    return Value(made, made.shape)


@operator("GlobalAveragePool", "GlobalMaxPool")
def global_pool(m: Maker, c: Call) -> Value:
    """The mean or the largest of each channel."""
    return m.on_map("global_maxpool" if "Max" in c.op else "global_avgpool", c[0])


REDUCED = {
    "ReduceMean": ["mean"], "ReduceSum": ["sum"], "ReduceMax": ["max"], "ReduceMin": ["min"], "ReduceProd": ["product"],
    "ReduceL2": ["norm"], "ReduceL1": ["abs", "sum"], "ReduceSumSquare": ["square", "sum"],
    "ReduceLogSum": ["sum", "log"], "ReduceLogSumExp": ["exp", "sum", "log"],
}  # fmt: skip


SUMMED: dict[str, Callable[..., Any]] = {
    "ReduceMean": np.mean, "ReduceSum": np.sum, "ReduceMax": np.max, "ReduceMin": np.min, "ReduceProd": np.prod,
}  # fmt: skip


@operator(*REDUCED)
def reduction(m: Maker, c: Call) -> Value:
    """One value for all along some axes."""
    x: Value = c[0]
    axes = c.numbers("axes", 1, usual=())
    if not axes and c.number("noop_with_empty_axes", 0):
        return x
    keep = bool(c.number("keepdims", 1))
    if c.op in SUMMED and folds([x]) and x.known.size:
        picked_axes = tuple(axis_of(axis, len(x.shape)) for axis in axes) or None
        return known_as(SUMMED[c.op](x.known, axis=picked_axes, keepdims=keep))
    for kind in REDUCED[c.op]:
        x = m.single(kind, x) if kind in ("abs", "square", "exp", "log") else reduced(m, kind, x, axes, keep)
    return x


@operator("ArgMax", "ArgMin")
def argmax(m: Maker, c: Call) -> Value:
    """Where the largest stands."""
    return reduced(m, "argmax", c[0], [c.number("axis", 0)], bool(c.number("keepdims", 1)))


def reduced(m: Maker, op: str, x: Value, given: Sequence[int], keep: bool) -> Value:
    """One value for all along some axes; the batch has one already."""
    rank = len(x.shape)
    axes = sorted({axis_of(axis, rank) for axis in given}) or [*range(rank)]
    if keep:
        shape = tuple(1 if axis in axes else n for axis, n in enumerate(x.shape))
    else:
        shape = tuple(n for axis, n in enumerate(x.shape) if axis not in axes)
    if x.constant:
        return blank(shape)
    return Value(along.reduced(m.graph, op, m.read(x), axes, shape or (1,), keep), shape)


@operator("CumSum")
def cumsum(m: Maker, c: Call) -> Value:
    """Sums up to each element."""
    tensor = m.read(c[0])
    axis = axis_of(int((c.known(1) or [0])[0]), len(c[0].shape))
    if tensor.constant:
        return blank(c[0].shape)
    if tensor.batch == axis:
        tensor = m.graph.whole(tensor)
    return Value(m.layer("cumsum", [tensor], tensor.batch, axis=tensor.axis(axis)), c[0].shape)
