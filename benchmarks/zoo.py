"""How long does each built-in network take to load and to work out, and how much longer does PyTorch count it?

python benchmarks/zoo.py            every network, the slowest first, and the whole of `archcost list`
python benchmarks/zoo.py --torch    also the same networks of torchvision, on the meta device, where it is installed
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from timing import compare

from archcost.report import counts
from archcost.zoo import load_net, names

LIBRARIES = "import click, rich.console, rich.table, yaml"


def milliseconds(action: Callable[[], Any], runs: int = 5) -> float:
    """The median of several runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(1e3 * (time.perf_counter() - start))
    return median(times)


def torch_counter(name: str) -> Callable[[], Any] | None:
    """What builds torchvision's network of that name on the meta device and counts it, if there is one."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from torchvision import models

    name = {"googlenet_torchvision": "googlenet", "googlenet": ""}.get(name, name)
    if name not in models.list_models(module=models) or name.startswith("regnet_"):
        return None  # RegNet computes its widths with tensors, so it cannot be built on the meta device
    size = next(iter(models.get_model_weights(name))).transforms.keywords["crop_size"]

    sized = {"image_size": size} if name.startswith("vit_") else {}

    def count() -> None:
        with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
            models.get_model(name, weights=None, **sized).eval()(torch.empty(1, 3, size, size))
        counter.get_total_flops()

    return count


def main() -> None:
    """One line a network."""
    against_torch = "--torch" in sys.argv
    if against_torch:
        from archcost.importers.torch import declare_torchvision

    operators = declare_torchvision() if against_torch else None
    found = []
    for name in names():
        net = load_net(name)
        loading, counting = milliseconds(lambda name=name: load_net(name)), milliseconds(lambda net=net: counts(net))
        found.append((loading + counting, loading, counting, len(net.nodes), name))
    for total, loading, counting, nodes, name in sorted(found, reverse=True):
        line = f"{name:32} {nodes:5} nodes  load {loading:7.1f} ms  propagate {counting:7.1f} ms"
        torch_count = torch_counter(name) if operators else None
        if torch_count:
            theirs = milliseconds(torch_count, runs=3)
            line += f"  torch {theirs:8.1f} ms  {theirs / total:6.1f} times as long"
        print(line)
    archcost = str(Path(sys.executable).with_name("archcost"))
    ours, base, ratio = compare([archcost, "list", "--format", "json"], [sys.executable, "-c", LIBRARIES])
    print(f"archcost list {ours:5.2f} s   {LIBRARIES!r} {base:5.2f} s   {ratio:.1f}x as long")


if __name__ == "__main__":
    main()
