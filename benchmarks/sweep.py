"""How many settings of a network are counted per second, and how much longer do they take one by one?

python benchmarks/sweep.py             resnet50 at 200,000 resolutions, at once and one by one
python benchmarks/sweep.py --ptflops   also ptflops at the same resolutions: pip install torch torchvision ptflops
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from functools import cache
from statistics import median
from typing import Any

from archcost import load
from archcost.axes import axes
from archcost.presets import convention
from archcost.sweep import QUANTITIES, Subject, evaluate
from archcost.zoo import built_in

NAME = "resnet50"
CHUNK = 50_000  # as the command has it
POINTS = 4 * CHUNK
SMALLEST = 32  # of the resolutions


def seconds(action: Callable[[], Any]) -> float:
    """How long it takes once."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def at_once() -> int:
    """All points in chunks, as the command does it, the reading of the network among it; gives the possible ones."""
    spec, variant = built_in(NAME)
    subject = Subject(spec, variant, convention("lecture"))
    grid = axes([f"resolution={SMALLEST}:{SMALLEST + POINTS - 1}"], False, 0)
    return sum(int(evaluate(subject, points)[1].sum()) for points in grid.parts(CHUNK))


def by_itself(resolution: int) -> Any:
    """One point by the way that a single network takes."""
    return load(NAME, resolution=resolution).totals


def by_ptflops(resolution: int) -> Any:
    """One point by ptflops, on a network that is there already: it runs it."""
    from ptflops import get_model_complexity_info

    return get_model_complexity_info(
        network(), (3, resolution, resolution), as_strings=False, print_per_layer_stat=False, backend="pytorch"
    )


@cache
def network() -> Any:
    """The network of torchvision, without trained weights."""
    from torchvision.models import get_model

    return get_model(NAME, weights=None).eval()


def main() -> None:
    """A line for each way."""
    at_once()
    runs = [seconds(at_once) for _ in range(5)]
    each = median(runs) / POINTS
    possible = at_once()
    print(f"at once     {1 / each:12,.0f} points/s  {NAME}, {possible:,} resolutions, {', '.join(QUANTITIES)}")
    print(f"            {median(runs):12.2f} s         median of 5, {min(runs):.2f} to {max(runs):.2f} s")
    rng = random.Random(0)
    some = [rng.randrange(SMALLEST, SMALLEST + POINTS) for _ in range(50)]
    alone = median(seconds(lambda n=n: by_itself(n)) for n in some)
    print(f"one by one  {1 / alone:12,.1f} points/s  {alone / each:,.0f} times as long (median of {len(some)} points)")
    if "--ptflops" in sys.argv:
        from archcost.importers.torch import declare_torchvision

        operators = declare_torchvision()  # as long as it is held, torchvision loads without its compiled ones
        by_ptflops(224)
        for n in (224, 448):
            theirs = median(seconds(lambda n=n: by_ptflops(n)) for _ in range(3))
            print(f"ptflops     {1 / theirs:12,.1f} points/s  {theirs / each:,.0f} times as long (resolution {n})")
        del operators


if __name__ == "__main__":
    main()
