"""Does the cost of a layer stay flat from a hundred layers to a million?

python benchmarks/scale.py [LARGEST]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

from archcost.expand import expand
from archcost.report import report
from archcost.source import Limits, Source, parse
from archcost.spec import read_spec

SPEC = """
input: [16, 32, 32]
blocks:
  residual:
    layers:
      - add: {main: [{conv: {out: 16, kernel: 3, pad: 1}}, batchnorm, relu], skip: []}
layers:
"""
LAYERS = 4  # of a block


def measure(layers: int) -> tuple[float, float]:
    """Seconds and bytes for each layer of a generated net: text in, report out."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    text = SPEC + "  - residual\n" * (layers // LAYERS)
    limits = Limits(bytes=10**9, values=10**9, layers=10**8)
    net = expand(read_spec(parse(Source("generated", text), limits), "generated"), limits=limits)
    assert report(net).totals.layers == layers
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return (time.perf_counter() - start) / layers, used * 1024 / layers


def main() -> None:
    """Each size in a process of its own, so that one does not pay for another's memory."""
    if len(sys.argv) == 3:
        seconds, size = measure(int(sys.argv[2]))
        print(seconds, size)
        return
    largest = int(sys.argv[1]) if len(sys.argv) == 2 else 10**6
    layers, base = 100, 0.0
    while layers <= largest:
        found = subprocess.run([sys.executable, __file__, "-", str(layers)], check=True, capture_output=True, text=True)
        seconds, size = map(float, found.stdout.split())
        base = base or seconds
        rate = f"{1 / seconds:9,.0f} layers/s {size:7,.0f} bytes/layer"
        print(f"{layers:9,} layers {rate}   {seconds / base:.2f} times the time of a layer of the first")
        layers *= 10


if __name__ == "__main__":
    main()
