"""Random networks, drawn as plain data, that PyTorch and archcost both build: do they agree on every layer?

    python tests/networks.py 10000 SEED    how often each layer type was drawn, and every failure as JSON

A network is its inputs and a list of entries. An entry is a layer, `{"op", "attributes", "from"}`, with `branches`
if it joins lists of entries, or a `block` of entries that stands there `repeat` times. `from` holds numbers: inputs are
counted first, then the entries of the list with those of its branches before them; a block counts anew from its input.
PyTorch works on its meta device with a batch of two; shapes while drawing are its own, so most of what is drawn fits.
A network ends with the first layer that PyTorch refuses; archcost must refuse the same one.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from network_data import Entry, Network
from network_difference import difference
from network_drawing import Drawing
from network_structures import draw_input, kind_of, step
from network_table import ROWS, build
from network_torch import Refused, Torch


class Drawn(NamedTuple):
    """A network, and what PyTorch said of it while it was drawn."""

    network: Network
    torch: Torch

    def __repr__(self) -> str:
        return json.dumps(self.network)


@st.composite
def networks(draw: st.DrawFn, most: int = 7) -> Drawn:
    """A network of a few layers, blocks and branches."""
    random = draw(st.randoms(use_true_random=False))  # hypothesis draws each number, but keeps no parts to mutate
    d = Drawing(random, Torch(build))
    for _ in range(1 if d.chance(4, 5) else 2):
        draw_input(d)
    entries = d.entries
    try:
        x = d.one_of([len(d.inputs) - 1, 0])
        for _ in range(d.whole(1, most)):
            found = [i for i in d.visible if kind_of(d.tensor(i)) == "float" and d.shape(i)]
            x = step(d, d.one_of(found) if found and (d.chance(1, 5) or not d.shape(x)) else x)
    except Refused:
        pass
    return Drawn({"inputs": d.inputs, "layers": entries}, d.torch)


def counted(network: Network) -> Iterator[str]:
    """The structures of a network."""

    def inside(entries: Sequence[Entry]) -> Iterator[str]:
        for entry in entries:
            yield "blocks" if "block" in entry else "branches" if "branches" in entry else ""
            for nested in [entry["block"]] if "block" in entry else entry.get("branches", []):
                yield from inside(nested)

    return (name for name in inside(network["layers"]) if name)


class Enough(Exception):
    """As many networks as wanted; some that are drawn are drawn twice."""


ALL = [*HealthCheck]


def main() -> None:
    """So many networks from a seed: counts for each layer type, and every failure."""
    many, number = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    drawn: Counter[str] = Counter()
    structures: Counter[str] = Counter()
    failures: dict[str, Network] = {}
    seen: set[str] = set()
    start = time.perf_counter()

    @seed(number)
    @settings(max_examples=4 * many, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=ALL)
    @given(networks())
    def run(case: Drawn) -> None:
        if len(seen) >= many:
            raise Enough
        if repr(case) in seen:
            return
        seen.add(repr(case))
        drawn.update(op for op, _, _ in case.torch.layers)
        structures.update(["networks", *counted(case.network)])
        structures["refused by PyTorch"] += case.torch.facts[-1] is None
        try:
            found = difference(case.network, case.torch)
        except Exception as error:  # a crash is a failure like any other
            found = f"{type(error).__name__}: {error}"
        if found:
            failures.setdefault(found, case.network)
            structures["failures"] += 1

    with suppress(Enough):
        run()
    print(f"{structures['networks']} networks, seed {number}, {time.perf_counter() - start:.1f} s")
    print(f"{drawn.total() - drawn['input']} layers")
    print(", ".join(f"{name} {times}" for name, times in structures.items()))
    print(", ".join(f"{op} {times}" for op, times in drawn.most_common()))
    print("never drawn:", ", ".join(op for op in ROWS if not drawn[op]) or "none")
    for found, network in islice(sorted(failures.items(), key=lambda pair: len(repr(pair[1]))), 40):
        print(f"\n{found}\n{json.dumps(network)}")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
