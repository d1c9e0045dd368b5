"""Fair timing of whole processes: in turn, several times, compared run by run."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from statistics import median


def seconds(command: Sequence[str]) -> float:
    """Wall time of one run; a command that fails ends the benchmark."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def compare(command: Sequence[str], baseline: Sequence[str], runs: int = 11) -> tuple[float, float, float]:
    """Median times of both, and the median of the ratios of neighbouring runs; the first pair only warms up."""
    pairs = [(seconds(command), seconds(baseline)) for _ in range(runs + 1)][1:]
    return median(a for a, _ in pairs), median(b for _, b in pairs), median(a / b for a, b in pairs)
