"""Layers that work through the steps of a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcost.dims import sizes
from archcost.errors import ArchcostError
from archcost.importers.attributes import given
from archcost.importers.keras.arguments import value_of
from archcost.importers.keras.config import MASKED, Layer, flat
from archcost.importers.keras.reading import RECURRENT, Reading
from archcost.importers.keras.registry import handler_of, layer
from archcost.importers.keras.values import ALONG_BATCH, Value

MOST_STEPS = 256  # of a layer that is applied to each step of a sequence
ALONE = (
    "Dropout", "GaussianNoise", "ReLU", "LeakyReLU", "ELU", "Rescaling", "Identity", "BatchNormalization",
    "LayerNormalization",
)  # fmt: skip


def _recurrent(r: Reading, c: Layer, x: Any, begin: Any, mask: Any, both: bool = False) -> Value:
    """What each step gives. Keras has one bias for each gate, but for a GRU that resets after the product; we have two.

    Activations other than the usual ones count as these.
    """
    first, *states = x if isinstance(x, list) and x else [x]
    _begun(r, c, [*states, *flat([begin])], both)
    bias, units = c.flag("use_bias", True), c.count("units")
    kind, gates = {"LSTM": ("lstm", 4), "GRU": ("gru", 3), "SimpleRNN": ("rnn", 1)}[c.kind]
    twice = kind == "gru" and c.flag("reset_after", True)
    attributes = {**given(bias=bias and twice), **({"bidirectional": True} if both else {})}
    if bias and not twice:
        for direction in ("forward/", "backward/") if both else ("",):
            r.stored(f"{direction}bias", (gates * units,))
    steps = r.add(kind, [r.plain(value_of(first))], (0, 1), r.layer.name, out=units, **attributes)
    return steps if mask is None else _masked(r, c, steps, value_of(mask))


def _begun(r: Reading, c: Layer, states: Sequence[Any], both: bool) -> None:
    """States to begin with change nothing in what the steps cost; what makes them is counted."""
    units, wanted = c.count("units"), (2 if c.kind == "LSTM" else 1) * (1 + both)
    fit = all(isinstance(state, Value) and state.shape == (units,) for state in states)
    if states and not (fit and len(states) == wanted):
        raise ArchcostError(f"begins with {wanted} states of {units}; others are not supported")
    r.keep(states)


def _masked(r: Reading, c: Layer, steps: Value, mask: Value) -> Value:
    """The states of the step before where a step is masked: a choice for each state."""
    chosen = r.seen(mask, (*mask.shape, 1), (0, 1))
    for _ in range(2 if c.kind == "LSTM" else 1):
        steps = r.joined("where", [chosen, steps, steps])
    return steps


def _outputs(r: Reading, c: Layer, steps: Value, states: int) -> Any:
    """All steps or the last one, and the states behind it."""
    count, features = steps.shape
    last = r.dropped(r.cut(steps, 0, count - 1, count), [0]) if not c.flag("return_sequences", False) else steps
    if not c.flag("return_state", False):
        return last
    final = r.dropped(r.cut(steps, 0, count - 1, count), [0])
    width = features * (2 if c.kind == "LSTM" else 1) // states
    return [last, *(r.cut(final, 0, 0, width) if width < features else final for _ in range(states))]


@layer("LSTM", "GRU", "SimpleRNN")
def recurrent(r: Reading, c: Layer, x: Any, initial_state: Any = None, mask: Any = None, *_: Any) -> Any:
    """A recurrent layer over the steps of a sequence."""
    steps = _recurrent(r, c, x, initial_state, mask)
    return _outputs(r, c, steps, 2 if c.kind == "LSTM" else 1)


@layer("Bidirectional")
def bidirectional(r: Reading, c: Layer, x: Any, initial_state: Any = None, mask: Any = None, *_: Any) -> Any:
    """A recurrent layer in both directions."""
    inner = r.entry(c.config.get("layer"), "")
    if inner.kind not in RECURRENT or handler_of(inner) is None:
        raise ArchcostError(f"a Bidirectional {inner.kind} is not supported")
    steps = _recurrent(r, inner, x, initial_state, mask, both=True)
    mode = c.config.get("merge_mode", "concat")
    if mode == "concat":
        return _outputs(r, inner, steps, 4 if inner.kind == "LSTM" else 2)
    if inner.flag("return_state", False):
        raise ArchcostError(f"states of both directions with merge_mode {mode} are not supported")
    made = _outputs(r, inner, steps, 2)
    units, axis = inner.count("units"), len(made.axes) - 1
    parts = [r.cut(made, axis, 0, units), r.cut(made, axis, units, 2 * units)]
    if mode is None:
        return parts
    word = c.word("merge_mode", "concat", "sum", "mul", "ave")
    joined = r.joined("multiply" if word == "mul" else "add", parts)
    return r.each("affine", joined, shift=False) if word == "ave" else joined


@layer("TimeDistributed")
def time_distributed(r: Reading, c: Layer, x: Any, *_: Any, mask: Any = None) -> Any:
    """A layer that is applied to each step: at once where that is the same, else step by step with shared weights."""
    x, inner = value_of(x), r.entry(c.config.get("layer"), "")
    inner = inner._replace(name=c.name)
    if mask is not None and inner.kind in MASKED:
        raise ArchcostError(f"a mask for the steps of a {inner.kind} is not supported")
    r.keep(mask)  # other layers do nothing with it
    alone = handler_of(inner) is not None
    if alone and inner.kind in (*ALONE, "Dense", "Activation") and not isinstance(inner.config.get("activation"), dict):
        return r.made(_with_outer_axes(inner, x), [x], {}, {}, 0)
    steps, *rest = x.shape
    if not rest or steps > MOST_STEPS:
        raise ArchcostError(f"{inner.kind} over {steps} steps of {sizes(rest)} is not supported")
    made = []
    for step in range(steps):
        part = r.dropped(r.cut(x, 0, step, step + 1), [0])
        value = r.call(inner, [part], {}, {0: None}, 1)
        if not isinstance(value, Value):
            return value
        made.append(value)
        r.graph.module = c.name
    tensors, axes = r.together(made)
    if steps == 1:
        return r.seen(made[0], (1, *made[0].tensor.sample), (0, *(axis + 1 for axis in made[0].axes)))
    return r.add("stack", tensors, (0, *(axis + 1 for axis in axes)))


def _with_outer_axes(inner: Layer, x: Value) -> Layer:
    """A layer whose `axis` counts from the end, where the axes of a step are those of the whole sequence."""
    axes, rank = inner.axes("axis"), len(x.axes)  # the batch of a step takes the place of the steps
    if axes is None:
        return inner
    places = [axis + rank if axis < 0 else axis for axis in axes]
    if 0 in places:
        raise ArchcostError(ALONG_BATCH)
    if not all(0 < place < rank for place in places):
        raise ArchcostError(f"has no axis {axes} in {sizes(x.shape[1:])}")
    return inner._replace(config={**inner.config, "axis": [place - rank for place in places]})
