"""Do imports point one way, and does a command import no more than it needs?"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import archcost

ROOT = Path(archcost.__file__).parent

# Each module may import those above it, and its neighbours on the same line.
ORDER = [
    {"errors"},
    {"dims", "trace", "guarded", "workers"},
    {"window"},
    {"kinds"},
    {"cost"},
    {"layers"},
    {"net"},
    {"source"},
    {"expression"},
    {"spec", "repeated", "foreign"},
    {"meaning"},
    {"expand", "dump", "blocks"},
    {"zoo"},
    {"importers"},
    {"convention"},
    {"presets"},
    {"memory", "receptive", "fold", "symbolic"},
    {"report"},
    {"axes"},
    {"sweep"},
    {"dataset"},
    {"search"},
    {"explain"},
    {"figure", "claims", "comparison", "overview"},
    {"reconcile", "variations", "countings"},
    {"identify"},
    {"judge"},
    {"schema"},
    {"render"},
    {"api"},
    {"cli"},
]
RANK = {module: rank for rank, modules in enumerate(ORDER) for module in modules}
FILES = [path for path in ROOT.rglob("*.py") if path.stem not in ("__init__", "__main__") or path.parent != ROOT]


def module_of(path: Path) -> str:
    """The top-level part of the package that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The parts of the package that a file imports when it is itself imported."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module]
    return {n.module.split(".")[1] for n in nodes if n.module.startswith("archcost.")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    """A module imports only modules that answer an earlier question."""
    for module in imported(path) - {module_of(path)}:
        assert RANK[module] <= RANK[module_of(path)], f"{module_of(path)} imports {module}"


@pytest.mark.parametrize("arguments", [["table", "alexnet"], ["table", "alexnet", "--format", "json"]])
def test_heavy_libraries_stay_out(arguments: list[str]) -> None:
    """The main command imports no extra, and JSON not even rich."""
    heavy = {"numpy", "sympy", "torch", "jsonschema", *(["rich"] if "json" in arguments else [])}
    program = (
        "import sys\nfrom archcost.cli import cli\n"
        f"cli({arguments!r}, standalone_mode=False)\n"
        f"loaded = {heavy!r} & sys.modules.keys()\nassert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
