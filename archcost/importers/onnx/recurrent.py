"""Which layers do operators become that work through the steps of a sequence?"""

from __future__ import annotations

from archcost.dims import sizes
from archcost.errors import ArchcostError
from archcost.importers.attributes import given
from archcost.importers.onnx.making import Maker
from archcost.importers.onnx.places import cut
from archcost.importers.onnx.registry import Call, Made, operator
from archcost.importers.onnx.values import Value
from archcost.net import INPUT

GIVEN = {INPUT, "parameter", "constant", "slice", "reshape", "flatten", "permute", "concat"}  # compute nothing


@operator("LSTM", "GRU", "RNN")
def recurrent(m: Maker, c: Call) -> Made:
    """A recurrent layer of one or two directions; the last state is what its last position gives."""
    x, weight, state = c[0], c[1], c[2]
    kind = c.op.lower()
    gates = {"lstm": 4, "gru": 3, "rnn": 1}[kind]
    directions = 2 if c.text("direction", "forward") == "bidirectional" else 1
    last = c.number("layout", 0)
    if len(x.shape) != 3 or len(weight.shape) != 3 or len(state.shape) != 3:
        raise ArchcostError(f"needs tokens of one sequence, gets {sizes(x.shape)}")
    hidden = state.shape[2]
    if weight.shape != (directions, gates * hidden, x.shape[2]) or state.shape != (directions, gates * hidden, hidden):
        raise ArchcostError(f"weights of {sizes(weight.shape)} do not fit {sizes(x.shape)}")
    if not weight.stored or c.given(7) is not None:
        tokens, many = x.shape[1 if last else 0], x.shape[0 if last else 1]
        full = (many, tokens, directions, hidden) if last else (tokens, directions, many, hidden)
        sides = (many, directions, hidden) if last else (directions, many, hidden)
        read = [m.read(value) for value in c.inputs if value is not None]
        return m.uncounted(c.op, read, full, sides, sides)
    if any(value is not None and not _is_given(m, value) for value in c.inputs[5:7]):
        raise ArchcostError("an initial state that is computed is not supported")
    place = 0 if last else 1
    tensor = m.graph.batched(m.read(x), place)
    if tensor.batch != place:
        raise ArchcostError(f"{kind} over {sizes(x.shape)} needs one sequence")
    attributes = given(out=hidden, bidirectional=directions == 2 or None, bias=c.given(3) is not None)
    tokens = x.shape[1 if last else 0]
    made = m.layer(kind, [tensor], place, m.own(weight, state, c.given(3)), **attributes)
    wide = m.graph.seen_as(made, (tokens, directions * hidden), None)
    final = cut(m, Value(wide, wide.shape), 0, tokens - 1, tokens)
    order = (1, directions, hidden) if last else (directions, 1, hidden)
    ends = Value(m.graph.seen_as(final.tensor, order, 0 if last else 1), order)
    full = (1, tokens, directions, hidden) if last else (tokens, directions, 1, hidden)
    sequence = Value(m.graph.seen_as(wide, full, 0 if last else 2), full)
    return [sequence, ends, ends][: max(len(c.declared), 1)]


def _is_given(m: Maker, state: Value) -> bool:
    """Whether a state is an input of the network or stored, perhaps a part of it: nothing is computed for it."""
    left = [state.tensor.node] if state.tensor.node is not None else []
    while left:
        node = m.graph.nodes[left.pop()]
        if node.op not in GIVEN:
            return False
        left += node.inputs
    return True
