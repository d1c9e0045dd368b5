"""Pools, norms, reductions and sums along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from archcost.errors import ArchcostError
from archcost.importers import axes as along
from archcost.importers.aten.elements import arithmetic
from archcost.importers.aten.places import behind
from archcost.importers.aten.registry import Handler, first, operator, pair
from archcost.importers.attributes import given, one, over_maps
from archcost.importers.graph import Graph, Tensor


def _pooled(kind: str) -> Handler:
    def handler(g: Graph, shape: Any, /, input: Tensor, kernel_size: Any, **a: Any) -> Tensor:
        rank = len(pair(kernel_size, 1)) if not isinstance(kernel_size, int) else 1
        rank = len(input.shape) - 2 if len(input.shape) > 2 else rank
        kernel = pair(kernel_size, rank)
        stride = pair(a.get("stride") or kernel_size, rank)
        attributes = given(
            kernel=one(kernel), pad=one(pair(a["padding"], rank)), dilation=one(pair(a.get("dilation", 1), rank))
        )
        if stride != kernel:
            attributes["stride"] = one(stride)
        if a.get("ceil_mode"):
            attributes["rounding"] = "ceil"
        x = g.batched(input)
        if x.batch == 0 or len(shape) != rank + 2:
            return g.add(kind, [x], shape, x.batch, **attributes)
        # Many maps at once: along a spatial axis of their own, with a window of 1.
        order = (1, 0, *range(2, rank + 2))
        moved = g.permute(g.whole(x), order)
        there = tuple(shape[i] for i in order)
        return g.permute(g.add(kind, [moved], there, None, **over_maps(attributes, rank)), order)

    return handler


for _rank in (1, 2, 3):
    operator(f"max_pool{_rank}d")(_pooled("maxpool"))
    operator(f"avg_pool{_rank}d")(_pooled("avgpool"))


@operator("max_pool2d_with_indices")
def pool_with_places(g: Graph, made: Any, /, **a: Any) -> list[Tensor | None]:
    """The maxima; where they stand is not supported."""
    return [_pooled("maxpool")(g, tuple(made[0].shape), **a), None]


def _adaptive(kind: str, whole: str) -> Handler:
    def handler(g: Graph, shape: Any, /, input: Tensor, **_: Any) -> Tensor:
        if {*shape[2:]} == {1}:
            return g.add(whole, [g.batched(input)], shape, 0)
        return g.add(kind, [g.batched(input)], shape, 0, out=one(shape[2:]))

    return handler


for _rank in (1, 2, 3):
    operator(f"adaptive_avg_pool{_rank}d")(_adaptive("adaptive_avgpool", "global_avgpool"))


def _adaptive_max(g: Graph, made: Any, /, input: Tensor, **_: Any) -> list[Tensor | None]:
    return [_adaptive("adaptive_maxpool", "global_maxpool")(g, first(made), input), None]


for _rank in (1, 2, 3):
    operator(f"adaptive_max_pool{_rank}d")(_adaptive_max)


def _normed(g: Graph, op: str, shape: Any, x: Tensor, own: Sequence[Tensor | None], **attributes: Any) -> Tensor:
    """A norm with its trained factors and offsets; those that are computed are applied behind it."""
    trained = {"scale": own[0], "shift": own[1]}
    computed = {name: tensor for name, tensor in trained.items() if tensor is not None and not g.owns(tensor)}
    missing = {name: False for name, tensor in trained.items() if tensor is None or name in computed}
    usual = {"instancenorm": {name: True for name in trained if name not in missing}}.get(op, missing)
    kept = [tensor for tensor in own[:2] if tensor is not None and g.owns(tensor)] + list(own[2:])
    made = g.add(op, [x], shape, x.batch, kept, **attributes, **usual)
    for name, tensor in computed.items():
        ones = (*tensor.shape, *[1] * (len(shape) - 2)) if op in CHANNELS else tensor.shape
        made = arithmetic(g, {"scale": "multiply", "shift": "add"}[name], shape, made, g.reshape(tensor, ones))
    return made


CHANNELS = ("batchnorm", "groupnorm", "instancenorm")  # are about the axis behind the batch


def _by_channel(g: Graph, op: str, shape: Any, x: Tensor, own: Sequence[Tensor | None], **attributes: Any) -> Tensor:
    """A norm of channels, also of many maps at once, which stand behind the channels then."""
    x = g.batched(x)
    if x.batch == 0:
        return _normed(g, op, shape, x, own, **attributes)
    order = (1, 0, *range(2, len(shape)))
    moved = g.permute(g.whole(x), order)
    return g.permute(_normed(g, op, tuple(shape[i] for i in order), moved, own, **attributes), order)


@operator("batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm")
def batch_norm(
    g: Graph, shape: Any, /, input: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, **a: Any
) -> Any:
    """Batch normalisation by stored statistics; by those of the tensor itself it is a group of each channel."""
    out = first(shape)
    if a.get("running_mean") is None:
        made = _by_channel(g, "groupnorm", out, input, [weight, bias], groups=out[1])
    else:
        made = _by_channel(g, "batchnorm", out, input, [weight, bias, a["running_mean"], a["running_var"]])
    return made if out is shape else [made, None, None]


@operator("layer_norm", "native_layer_norm")
def layer_norm(
    g: Graph,
    shape: Any,
    /,
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    **_: Any,
) -> Any:
    """Over the last axes."""
    out = first(shape)
    axes = {"axes": len(normalized_shape)} if len(normalized_shape) > 1 else {}
    made = _normed(g, "layernorm", out, _over_last(g, input, normalized_shape), [weight, bias], **axes)
    return made if out is shape else [made, None, None]


@operator("rms_norm")
def rms_norm(
    g: Graph, shape: Any, /, input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, **_: Any
) -> Tensor:
    """Over the last axes, without a mean."""
    axes = {"axes": len(normalized_shape)} if len(normalized_shape) > 1 else {}
    x = _over_last(g, input, normalized_shape)
    if weight is None or g.owns(weight):
        return g.add("rmsnorm", [x], shape, x.batch, [weight], **axes, **({} if weight else {"scale": False}))
    made = g.add("rmsnorm", [x], shape, x.batch, **axes, scale=False)
    return arithmetic(g, "multiply", shape, made, weight)


def _over_last(g: Graph, x: Tensor, normalized_shape: Sequence[int]) -> Tensor:
    """A tensor whose batch is none of the last axes, which are normalised."""
    return behind(g, x, range(-len(normalized_shape), 0))


@operator("group_norm")
def group_norm(
    g: Graph, shape: Any, /, input: Tensor, num_groups: int, weight: Any = None, bias: Any = None, **_: Any
) -> Tensor:
    """Over groups of channels."""
    return _by_channel(g, "groupnorm", shape, input, [weight, bias], groups=num_groups)


@operator("instance_norm")
def instance_norm(g: Graph, shape: Any, /, input: Tensor, weight: Any = None, bias: Any = None, **a: Any) -> Tensor:
    """Over each channel by itself."""
    tracked = {"tracked": True} if a.get("running_mean") is not None else {}
    own = [weight, bias, a.get("running_mean"), a.get("running_var")]
    return _by_channel(g, "instancenorm", shape, input, own, **tracked)


REDUCED = {
    "mean": "mean", "sum": "sum", "amax": "max", "amin": "min", "max": "max", "min": "min", "var": "variance",
    "argmax": "argmax", "argmin": "argmax", "prod": "product", "any": "any", "all": "any",
}  # fmt: skip


def _reduced(name: str) -> Handler:
    def handler(g: Graph, shape: Any, /, input: Tensor, dim: Any = None, keepdim: bool = False, **_: Any) -> Any:
        out = first(shape)
        made = reduced(g, REDUCED[name], out, input, dim, keepdim)
        return made if out is shape else [made, reduced(g, "argmax", out, input, dim, keepdim)]

    return handler


def reduced(g: Graph, op: str, shape: Any, x: Tensor, dim: Any, keep: bool) -> Tensor:
    """One value for all along some axes, or along all."""
    rank = len(x.shape)
    axes = [axis % rank for axis in (range(rank) if dim in (None, [], ()) else pair(dim, 1))]
    return along.reduced(g, op, x, axes, shape, keep)


for _name in REDUCED:
    operator(_name)(_reduced(_name))


@operator("std")
def deviation(g: Graph, shape: Any, /, input: Tensor, dim: Any = None, keepdim: bool = False, **_: Any) -> Tensor:
    """The root of the variance."""
    found = reduced(g, "variance", shape, input, dim, keepdim)
    return g.add("sqrt", [found], shape, found.batch)


@operator("logsumexp")
def logsumexp(g: Graph, shape: Any, /, input: Tensor, dim: Any = None, keepdim: bool = False, **_: Any) -> Tensor:
    """The logarithm of a sum of exponentials."""
    total = reduced(g, "sum", shape, g.add("exp", [input], input.shape, input.batch), dim, keepdim)
    return g.add("log", [total], shape, total.batch)


# What is taken of the absolute values, by the order of the norm.
NORMS: dict[Any, str] = {1: "sum", inf: "max", -inf: "min"}


@operator("linalg_vector_norm", "norm")
def norm(
    g: Graph,
    shape: Any,
    /,
    input: Tensor,
    ord: Any = 2,
    p: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    **_: Any,
) -> Tensor:
    """The length of vectors, as their order has it."""
    order = ord if p is None else p
    if order == 2:
        return reduced(g, "norm", shape, input, dim, keepdim)
    if order not in NORMS:
        raise ArchcostError(f"{g.where}: a norm of order {order} is not supported")
    return reduced(g, NORMS[order], shape, g.add("abs", [input], input.shape, input.batch), dim, keepdim)


@operator("cumsum")
def cumsum(g: Graph, shape: Any, /, input: Tensor, dim: int, **_: Any) -> Tensor:
    """Sums up to each element."""
    x = behind(g, input, [dim])
    return g.add("cumsum", [x], shape, x.batch, axis=x.axis(dim))
