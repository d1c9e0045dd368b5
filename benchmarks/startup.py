"""How long does `archcost table` take as a whole process, beside its own libraries and beside tools that need PyTorch?

python benchmarks/startup.py            against importing click, rich and yaml
python benchmarks/startup.py --peers    also against torch, torchinfo and fvcore, where they are installed
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from timing import compare

LIBRARIES = "import click, rich.console, rich.table, yaml"
MODELS = Path(__file__).with_name("models.py")
PEERS = {
    "torch": "from torch.utils.flop_counter import FlopCounterMode\n"
    "counter = FlopCounterMode(display=False)\n"
    "with counter, torch.no_grad(): model(x)\n"
    "print(counter.get_total_flops())",
    "torchinfo": "from torchinfo import summary\nprint(summary(model, input_data=[x], device='meta', verbose=0))",
    "fvcore": "from fvcore.nn import FlopCountAnalysis, flop_count_table\n"
    "print(flop_count_table(FlopCountAnalysis(model, x)))",
}


def program(network: str, peer: str) -> str:
    """A script that prints what a peer says of the same network, where it can on the meta device without weights."""
    device = "cpu" if peer == "fvcore" else "meta"  # fvcore runs the network
    return (
        f"import sys; sys.path.insert(0, {str(MODELS.parent)!r})\nimport torch, models\n"
        f"with torch.device('{device}'):\n model, x = models.{network}().eval(), torch.empty(1, 3, 224, 224)\n"
        f"{PEERS[peer]}"
    )


def main() -> None:
    """Print one line a comparison: both medians and the ratio."""
    archcost = str(Path(sys.executable).with_name("archcost"))
    ours, base, ratio = compare([archcost, "table", "alexnet"], [sys.executable, "-c", LIBRARIES])
    print(f"archcost table alexnet {ours * 1e3:6.0f} ms   {LIBRARIES!r} {base * 1e3:6.0f} ms   {ratio:.2f}x as long")
    for network in ("alexnet", "resnet50") if "--peers" in sys.argv else ():
        for peer in PEERS:
            if importlib.util.find_spec(peer) is None:
                print(f"{peer} is not installed")
                continue
            script = [sys.executable, "-c", program(network, peer)]
            theirs, ours, ratio = compare(script, [archcost, "table", network], runs=5)
            times = f"{theirs * 1e3:6.0f} ms   archcost {ours * 1e3:6.0f} ms"
            print(f"{network:9} {peer:10} {times}   {ratio:.1f} times faster")


if __name__ == "__main__":
    main()
