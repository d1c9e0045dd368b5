"""Which layers do norms become?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from archcost.dims import sizes
from archcost.errors import ArchcostError
from archcost.importers.graph import Tensor
from archcost.importers.onnx.making import Maker
from archcost.importers.onnx.places import reshaped
from archcost.importers.onnx.pools import reduced
from archcost.importers.onnx.registry import Call, Made, operator
from archcost.importers.onnx.values import Value, axis_of, blank


def _trained(m: Maker, scale: Value | None, shift: Value | None) -> tuple[list[Tensor], dict[str, bool]]:
    """The vectors of a norm that are stored, and which are not."""
    own = m.own(*(value for value in (scale, shift) if m.is_weight(value)))
    return own, {key: False for key, value in (("scale", scale), ("shift", shift)) if not m.is_weight(value)}


@operator("BatchNormalization")
def batch_norm(m: Maker, c: Call) -> Made:
    """Batch normalisation by stored statistics; by those of the tensor itself it is a group of each channel."""
    x = c[0]
    channels = x.shape[1] if len(x.shape) > 1 else 0
    if any(c[place].shape != (channels,) for place in (1, 2, 3, 4)):
        raise ArchcostError(f"the statistics of {sizes(c[1].shape)} do not fit {sizes(x.shape)}")
    rest = [blank(value.shape) for value in c.inputs[3:5] if value is not None]
    if c.number("training_mode", 0):
        made = _by_channel(m, "groupnorm", x, *_trained(m, c[1], c[2]), groups=channels)
    elif c[3].tensor.node is None and c[4].tensor.node is None:
        own, trained = _trained(m, c[1], c[2])
        made = _by_channel(m, "batchnorm", x, [*own, *m.own(c[3], c[4], trained=False)], trained)
    else:
        return [_by_computed(m, x, *c.inputs[1:5]), *rest]
    for kind, vector in (("multiply", c[1]), ("add", c[2])):
        if vector.tensor.node is not None:
            made = m.joined(kind, [made, _along_channels(m, vector, x)])
    return [made, *rest]


def _by_channel(
    m: Maker, kind: str, x: Value, own: Sequence[Tensor], trained: Mapping[str, bool], /, **attributes: Any
) -> Value:
    """A norm of channels, also of many maps at once, which stand behind the channels then."""
    tensor = m.graph.batched(m.read(x))
    if tensor.batch == 0 or (x.constant and x.shape[0] == 1):
        tensor = Tensor(x.shape[1:]) if x.constant else tensor
        return Value(m.layer(kind, [tensor], 0, own, **attributes, **trained), x.shape)
    order = (1, 0, *range(2, len(x.shape)))
    moved = m.layer(kind, [m.graph.permute(m.graph.whole(tensor), order)], None, own, **attributes, **trained)
    return Value(m.graph.permute(moved, order), x.shape)


def _by_computed(m: Maker, x: Value, *vectors: Value | None) -> Value:
    """A norm by statistics that are computed elsewhere: what it does to each element."""
    scale, shift, mean, variance = (_along_channels(m, vector, x) for vector in vectors if vector is not None)
    root = m.single("rsqrt", m.single("affine", variance))  # of the variance and a little more
    made = m.joined("multiply", [m.joined("subtract", [x, mean]), root])
    return m.joined("add", [m.joined("multiply", [made, scale]), shift])


def _along_channels(m: Maker, vector: Value, x: Value) -> Value:
    """A number for each channel, for all positions."""
    return reshaped(m, vector, (*vector.shape, *[1] * (len(x.shape) - 2)))


@operator("InstanceNormalization")
def instance_norm(m: Maker, c: Call) -> Value:
    """Over each channel by itself; scale and shift that are numbers of the exporter do not count."""
    given = {"scale": c[1], "shift": c[2]}
    kept = {key: value for key, value in given.items() if value.tensor.weight and value.tensor.weight.trained}
    return m.on_map("instancenorm", c[0], m.own(*kept.values()), **dict.fromkeys(kept, True))


@operator("GroupNormalization")
def group_norm(m: Maker, c: Call) -> Value:
    """Over groups of channels; in older operator sets scale and shift are those of the groups."""
    x, groups = c[0], c.number("num_groups", 0)
    if groups < 1 or len(x.shape) < 3:
        raise ArchcostError(f"cannot take {groups} groups of {sizes(x.shape)}")
    if c[1].shape == (x.shape[1],):
        own, trained = _trained(m, c[1], c[2])
        return m.on_map("groupnorm", x, own, groups=groups, **trained)
    made = m.on_map("groupnorm", x, groups=groups, scale=False, shift=False)
    made = reshaped(m, made, (1, groups, prod(x.shape[1:]) // groups))
    for kind, vector in (("multiply", c[1]), ("add", c[2])):
        made = m.joined(kind, [made, reshaped(m, vector, (groups, 1))])
    return reshaped(m, made, x.shape)


@operator("LayerNormalization", "SkipLayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization",
          "SkipSimplifiedLayerNormalization")  # fmt: skip
def layer_norm(m: Maker, c: Call) -> Made:
    """Over the last axes, with or without a mean; perhaps of a sum."""
    x, after = c[0], 1
    if c.op.startswith("Skip"):
        x, after = m.joined("add", [x, c[1]]), 2
        bias = c.given(4 if c.op == "SkipLayerNormalization" else 3)
        x = x if bias is None else m.joined("add", [x, bias])
    axes = 1 if c.op.startswith("Skip") else len(x.shape) - axis_of(c.number("axis", -1), len(x.shape))
    scale = c.given(after)
    if scale is not None and prod(scale.shape) != prod(x.shape[len(x.shape) - axes :]):
        raise ArchcostError(f"a scale of {sizes(scale.shape)} does not fit the last {axes} axes of {sizes(x.shape)}")
    tensor = m.read(x)
    if tensor.batch is not None and tensor.batch >= len(x.shape) - axes:
        tensor = m.graph.whole(tensor)
    several = {"axes": axes} if axes > 1 else {}
    if "RMS" in c.op or "Simplified" in c.op:
        own, trained = _trained(m, scale, None)
        trained.pop("shift")
        made = m.layer("rmsnorm", [tensor], tensor.batch, own, **several, **trained)
    else:
        own, trained = _trained(m, scale, c.given(after + 1))
        made = m.layer("layernorm", [tensor], tensor.batch, own, **several, **trained)
    narrow = (*x.shape[: len(x.shape) - axes], *[1] * axes)
    return [Value(made, x.shape), *[blank(narrow)] * 2, x][: max(len(c.declared), 1)]


@operator("LRN")
def local_norm(m: Maker, c: Call) -> Value:
    """Across neighbouring channels."""
    size = c.number("size", 0)
    return m.on_map("lrn", c[0], size=max(size, 1))


@operator("LpNormalization")
def unit_norm(m: Maker, c: Call) -> Value:
    """Each row divided by its length."""
    x = c[0]
    axis = axis_of(c.number("axis", -1), len(x.shape))
    if c.number("p", 2) == 1:
        length = reduced(m, "sum", m.single("abs", x), [axis], True)
    else:
        length = reduced(m, "norm", x, [axis], True)
    return m.joined("divide", [x, length])
