"""Which structures is a network drawn from: inputs, single layers, branches, blocks, attention?"""

from __future__ import annotations

from math import prod

import torch
from network_data import Attributes, Entry, Tensor
from network_drawing import Drawing
from network_table import GROUPS, ROWS


def draw_input(d: Drawing) -> None:
    """Maps mostly, tokens, vectors, words, and heads x tokens x features."""
    kind = d.one_of(["map", "map", "map", "map", "tokens", "tokens", "vector", "words", "heads"])
    if kind == "map":
        rank = d.one_of([2, 2, 1, 3])
        d.input((d.whole(1, 8), *d.some(1, (40, 20, 9)[rank - 1], rank)), False)
    else:
        many = {"tokens": 2, "vector": 1, "words": d.whole(1, 2) if kind == "words" else 0, "heads": 3}[kind]
        d.input(tuple(d.whole(1, 12) for _ in range(many)), kind == "words")


def kind_of(tensor: Tensor) -> str:
    """What a tensor holds."""
    return "float" if tensor.is_floating_point() else "bool" if tensor.dtype == torch.bool else "int"


def single(d: Drawing, x: int) -> int:
    """Any layer that reads a result of this shape; now and then with an attribute that does not fit."""
    shape, holds = d.shape(x), kind_of(d.tensor(x))
    fits = {
        name: [op for op, row in rows.items() if row.of == holds and row.reads(shape)]
        for name, (_, rows) in GROUPS.items()
    }
    group = d.one_of([name for name, (often, _) in GROUPS.items() if fits[name] for _ in range(often)])
    op = d.one_of(fits[group])
    reads = [x, *ROWS[op].others(d, x)]
    attributes = ROWS[op].draw(d, *(d.shape(i) for i in reads))
    return d.place(op, spoiled(d, op, attributes) if d.chance(1, 40) else attributes, reads)


def spoiled(d: Drawing, op: str, attributes: Attributes) -> Attributes:
    """The attributes with one number larger."""
    numbers = [(key, value) for key, value in attributes.items() if type(value) in (int, list) and key != "output_pad"]
    if not numbers:
        return attributes
    key, value = d.one_of(numbers)
    more = d.whole(1, 9)
    if isinstance(value, int):
        return {**attributes, key: value + more}
    place = d.whole(0, len(value) - 1)
    if isinstance(value[place], list):
        return attributes
    return {**attributes, key: [*value[:place], value[place] + more, *value[place + 1 :]]}


def chain(d: Drawing, x: int, most: int) -> int:
    """Some layers one after the other, mostly each of the one before."""
    for _ in range(d.whole(1, most)):
        x = step(d, x)
    return x


def step(d: Drawing, x: int) -> int:
    """A layer, a join of branches, a block, or attention from tokens."""
    if prod(d.shape(x)) > 20_000 and d.tensor(x).is_floating_point():
        return d.fitted(x, (d.whole(1, 8),))
    if not d.tensor(x).is_floating_point() or not d.shape(x):
        return single(d, x) if d.shape(x) else x
    structure = d.one_of(["layer"] * 13 + (["join", "join", "block", "attention"] if d.depth < 2 else []))
    if structure == "join":
        return join(d, x)
    if structure == "block" and d.depth == 0:
        return block(d, x)
    if structure == "attention" and len(d.shape(x)) == 2:
        return attention(d, x)
    return single(d, x)


def join(d: Drawing, x: int) -> int:
    """Branches from one result: a residual, a gate, or an inception."""
    op = d.one_of(["add", "multiply", "concat"])
    shape = d.shape(x)
    entry: Entry = {"op": op, "attributes": {}, "branches": [], "from": [x]}
    d.entries.append(entry)
    outer, visible, d.depth = d.entries, d.visible, d.depth + 1
    ends: list[int] = []
    wanted = list(shape)
    for i in range(d.whole(2, 3) if op != "concat" else d.whole(2, 4)):
        d.entries, d.visible = [], [*visible]
        entry["branches"].append(d.entries)
        end = x
        if i == 0 or d.chance(1, 2):
            end = chain(d, x, 2)
            if not d.tensor(end).is_floating_point() or not d.chance(29, 30):
                end = (
                    d.place("affine", {}, [end])
                    if d.tensor(end).is_floating_point()
                    else d.place("constant", {"shape": [*wanted]}, [])
                )
            gate = [1 if j and d.chance(1, 3) else n for j, n in enumerate(wanted)] if op == "multiply" else wanted
            goal = (d.whole(1, 5), *wanted[1:]) if op == "concat" else tuple(gate)
            if d.chance(29, 30):
                end = d.fitted(end, goal)
        ends.append(d.scope[end])
    d.entries, d.visible, d.depth = outer, visible, d.depth - 1
    if op == "concat" and d.chance(1, 6):
        entry["attributes"]["axis"] = 0
    return d.result(op, entry["attributes"], ends)


def block(d: Drawing, x: int) -> int:
    """Layers that stand there once or more; they know nothing but their input."""
    entry: Entry = {"block": [], "repeat": d.whole(1, 3), "from": [x]}
    d.entries.append(entry)
    outer = d.entries, d.scope, d.visible
    d.entries, d.scope, d.visible, d.depth = entry["block"], [d.scope[x]], [0], d.depth + 1
    shape = d.shape(0)
    end = chain(d, 0, 3)
    if d.tensor(end).is_floating_point() and d.chance(9, 10):
        end = d.fitted(end, shape)
    last = d.scope[-1]
    d.depth -= 1
    if not d.tensor(end).is_floating_point():
        entry["repeat"] = 1  # a layer need not read truths or numbers of words
    for _ in range(entry["repeat"] - 1):
        inside = [last]
        d.torch.walk(entry["block"], inside)
        last = inside[-1]
    d.entries, d.scope, d.visible = outer
    d.scope.append(last)
    d.visible.append(len(d.scope) - 1)
    return d.visible[-1]


def attention(d: Drawing, x: int) -> int:
    """Queries, keys and values from tokens, as transformers make them."""
    heads, features, shared = d.whole(1, 4), d.whole(1, 5), 1
    shared = d.divisor(heads) if d.chance(1, 3) else heads
    tokens = [i for i in d.visible if len(d.shape(i)) == 2 and d.tensor(i).is_floating_point()]
    memory = d.one_of(tokens) if d.chance(1, 3) else x
    made = []
    for of, many in ((x, heads), (memory, shared), (memory, shared)):
        rows = d.place("linear", {"out": many * features, "bias": d.chance(1, 2)}, [of])
        rows = d.place("reshape", {"out": [d.shape(of)[0], many, features]}, [rows])
        made.append(d.place("permute", {"axes": [1, 0, 2]}, [rows]))
    out = d.place("dot_product_attention", {"causal": True} if d.chance(1, 3) else {}, made)
    out = d.place("permute", {"axes": [1, 0, 2]}, [out])
    out = d.place("reshape", {"out": [d.shape(out)[0], heads * features]}, [out])
    return d.place("linear", {"out": d.shape(x)[1]}, [out])
