"""Is a block that stands again what it would be if it were worked out again?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archcost import expand as module
from archcost.errors import SpecError
from archcost.expand import expand
from archcost.net import Net, propagate
from archcost.source import Source, parse
from archcost.spec import Spec, read_spec
from archcost.zoo import load_spec, spec_files

CASES = {
    "list of layers as an argument": """
  b: {params: {body}, layers: [{body: , as: done}, {add: , from: [done, input]}]}
layers: [{relu: , as: body}, b: [conv: {out: 3, kernel: 1}], b: [tanh], b: [tanh], b: [conv: {out: 3, kernel: 1}]]""",
    "list that reads a layer around it": """
  b: {params: {body}, layers: [body]}
  c: {layers: [{relu: , as: far}, {elu: , as: near}, {b: [[{add: , from: [far, input]}]], repeat: 3}]}
layers: [c, c, tanh, c]""",
    "list that is passed on": """
  b: {params: {body}, layers: [tanh, body]}
  c: {params: {body}, layers: [b: body, {b: body, repeat: 2}]}
layers: [{relu: , as: far}, {c: [[{add: , from: [far, input]}]], repeat: 2}]""",
    "two inputs that are one, and two": """
  b: {inputs: [x, y], layers: [{relu: , from: y, as: r}, {add: , from: [r, x]}]}
layers: [{tanh: , as: t}, {b: , from: [t, t]}, {b: , from: [t, input]}, {b: , from: [t, t]}, {b: , repeat: 3}]""",
    "nothing": """
  b: {params: {n: 0}, layers: [{relu: , repeat: n}]}
layers: [{b: , repeat: 3}, {b: 1, as: x, repeat: 2}, {b: 0, from: input}, {add: [[], [b: 2], [b]]}]""",
    "blocks in blocks": """
  a: {params: {n}, layers: [linear: {out: n, over: last}]}
  b: {params: {n}, layers: [a: n, {a: 2*n, repeat: 2}, {a: n, as: last}]}
layers: [b: 2, {b: 3, repeat: 2}, b: 2, a: 3, a: 2]""",
}


def spec(blocks: str) -> Spec:
    """A specification of blocks and layers on a small map."""
    return read_spec(parse(Source("net", f"input: [3, 8, 8]\nblocks:{blocks}")), "net")


def told(net: Net) -> list[Any]:
    """All that is known of the nodes, the lines of every use of a block among it."""
    return [(n.name, n.op, n.inputs, dict(n.attributes), n.at, n.via) for n in net.nodes]


def same_without_repeating(monkeypatch: Any, found: Spec, variant: str | None = None) -> None:
    """The net with every block worked out anew."""
    repeated = told(expand(found, variant))
    monkeypatch.setattr(module, "_alike", lambda *_: None)
    assert repeated == told(expand(found, variant))


@pytest.mark.parametrize("case", CASES)
def test_small_nets(monkeypatch, case: str) -> None:
    """Lists of layers, several inputs, empty blocks, nested ones."""
    same_without_repeating(monkeypatch, spec(CASES[case]))


@pytest.mark.parametrize("path", spec_files(), ids=lambda path: path.stem)
def test_built_in_networks(monkeypatch, path: Path) -> None:
    """The first and the last variant of each family."""
    found = load_spec(path)
    same_without_repeating(monkeypatch, found, found.first)
    monkeypatch.undo()
    same_without_repeating(monkeypatch, found, next(reversed(found.variants), None))


def test_numbers_are_no_truths() -> None:
    """A list with a 1 is not the same as one with true, whichever comes first."""
    for first, second in (("[true]", "[1]"), ("[1]", "[true]")):
        net = spec(
            f"\n  b: {{params: {{xs}}, layers: [{{relu: , when: 'xs[0]'}}]}}\nlayers: [b: [{first}], b: [{second}]]"
        )
        with pytest.raises(SpecError, match="when must be true or false, is 1"):
            expand(net)


def test_mistake_in_the_second_use() -> None:
    """It is shown with the way by which the block was used there."""
    net = spec("\n  a: {layers: [maxpool: 2]}\n  b: {layers: [a]}\nlayers:\n- b\n- b\n- b\n- b")
    with pytest.raises(SpecError) as error:
        propagate(expand(net))
    assert "in a, used at net:4:16\n  in b, used at net:9:3" in str(error.value)
