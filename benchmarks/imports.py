"""How long do `archcost table` and `import` of an ONNX file take, beside importing onnx and their own libraries?

python benchmarks/imports.py            ResNet-50, which PyTorch exports first
python benchmarks/imports.py FILE...    other files
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

from timing import compare

LIBRARIES = "import click, rich.console, rich.table, yaml, onnx"


def exported(folder: str) -> str:
    """ResNet-50 as PyTorch's exporter writes it."""
    import torch
    from models import resnet50

    file = Path(folder, "resnet50.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(resnet50().eval(), (torch.zeros(1, 3, 224, 224),), str(file), dynamo=False)
    return str(file)


def main() -> None:
    """Print two lines a file: both medians, the ratio, and the time that is our own."""
    archcost = str(Path(sys.executable).with_name("archcost"))
    with tempfile.TemporaryDirectory() as folder:
        for file in sys.argv[1:] or [exported(folder)]:
            for command in ("table", "import"):
                ours, base, ratio = compare([archcost, command, file], [sys.executable, "-c", LIBRARIES])
                times = f"{ours * 1e3:6.0f} ms   {LIBRARIES!r} {base * 1e3:6.0f} ms"
                more = f"{ratio:.2f}x as long, {(ours - base) * 1e3:.0f} ms more"
                print(f"archcost {command} {Path(file).name} {times}   {more}")


if __name__ == "__main__":
    main()
