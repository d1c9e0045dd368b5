"""Finding specifications: built-in networks and variants by name, files by path; and the sources they cite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from os.path import isfile
from pathlib import Path
from typing import Any

from archcost.errors import ArchcostError, Position, SpecError, did_you_mean, instead
from archcost.expand import expand
from archcost.foreign import is_foreign
from archcost.kinds import shown
from archcost.net import Net
from archcost.source import Limits, Value, read
from archcost.spec import NAME, Block, BlocksFile, Spec, read_blocks_file, read_spec

_HERE = Path(__file__).parent
# In a wheel the specs lie inside the package, in a checkout beside it.
SPECS: Path = next(folder for folder in (_HERE / "specs", _HERE.parent / "specs") if folder.is_dir())
SOURCES = SPECS / "sources.yaml"
CONVENTIONS = SPECS / "conventions.yaml"
BLOCKS = SPECS / "blocks"


def spec_files() -> list[Path]:
    """The built-in specifications."""
    return sorted(path for path in SPECS.glob("*.yaml") if path not in (SOURCES, CONVENTIONS))


def is_path(name: str) -> bool:
    """Whether a name is the path of a file, with or without what is meant in it."""
    return "/" in name or "\\" in name or name.endswith((".yaml", ".yml")) or ".yaml:" in name or ".yml:" in name


def find(name: str, limits: Limits = Limits()) -> tuple[Spec, str | None]:
    """The specification of a built-in network or of a file, and the variant that is meant, if one is named.

    `path/to/file.yaml:variant` names a variant in a file. What has a slash or ends in .yaml or .yml is a path. A
    foreign source is imported (see `archcost.importers`).
    """
    if is_foreign(name):
        from archcost.importers import specification

        return specification(name), None
    if is_path(name):
        file, _, variant = name.rpartition(":") if ":" in Path(name).name else (name, "", "")
        return _in_file(Path(file), variant, limits)
    try:
        return built_in(name)
    except ArchcostError:
        if not isfile(name):  # noqa: PTH113  (that of Path fails on a name that is too long)
            raise
        return _in_file(Path(name), "", limits)


def built_in(name: str) -> tuple[Spec, str | None]:
    """The specification of a built-in network, and the variant that is meant."""
    for path in sorted(spec_files(), key=lambda path: path.stem != name):
        if path.stem == name or f"\n  {name}:" in path.read_text("utf-8"):
            spec = load_spec(path)
            if name in spec.names:
                return spec, name if spec.variants else None
    hint = did_you_mean(name, names()) or "; archcost list shows all, a file is given by its path"
    raise ArchcostError(f"there is no network {name!r}{hint}")


def _in_file(path: Path, variant: str, limits: Limits) -> tuple[Spec, str | None]:
    spec = load_spec(path, limits)
    if variant and variant not in spec.variants:
        near = did_you_mean(variant, spec.variants)
        raise SpecError(f"{path} has no variant {variant!r}{near}")
    return spec, variant or None


def load_spec(path: Path, limits: Limits = Limits()) -> Spec:
    """The specification in a file, with the blocks that it uses from others."""
    name = path.name if path.parent == SPECS else str(path)
    spec = read_spec(read(path, limits, name), path.stem)
    blocks = dict(spec.blocks)
    for file, block in _used(spec.use, path.parent, limits, set(), 1):
        if block.name in spec.blocks:
            raise SpecError(f"{file.data} has a block {block.name!r} already", spec.blocks[block.name].at)
        if block.name in blocks:
            raise SpecError(f"the block {block.name!r} of {file.data} is there already", file.at)
        blocks[block.name] = block
    return spec._replace(blocks=blocks)


def _used(
    files: Sequence[Value], beside: Path, limits: Limits, seen: set[Path], depth: int
) -> Iterator[tuple[Value, Block]]:
    """The blocks of some files of blocks and of those that these use themselves, each file once."""
    for file in files:
        if depth > limits.depth:
            raise SpecError(
                f"files that use files, deeper than {limits.depth}; --limit depth=N raises the limit", file.at
            )
        path = _path(file, beside)
        if path in seen:
            continue
        seen.add(path)
        found = _shared(path) if path.parent == BLOCKS else read_blocks_file(read(path, limits, str(path)))
        yield from ((file, block) for block in found.blocks.values())
        yield from ((file, block) for _, block in _used(found.use, path.parent, limits, seen, depth + 1))


@cache
def block_names() -> frozenset[str]:
    """The blocks of all built-in networks and files of blocks."""
    of_networks = (spec.blocks for spec in specs())
    of_files = (_shared(path).blocks for path in BLOCKS.glob("*.yaml"))
    return frozenset(name for blocks in (*of_networks, *of_files) for name in blocks)


@cache
def _shared(path: Path) -> BlocksFile:
    """A built-in file of blocks, which many networks use."""
    return read_blocks_file(read(path, name=f"blocks/{path.name}"))


def _path(file: Value, beside: Path) -> Path:
    """Where a file of blocks lies: a built-in one is named without an ending, another lies beside its user."""
    if not file.is_text or not NAME.match(file.data) or "/" in file.data:
        message = "use takes names of files of blocks, built-in ones or FILE.yaml beside this one"
        raise SpecError(f"{message}, not {shown(file.data)}" if file.is_text else message, file.at)
    own = file.data.endswith(".yaml")
    path = beside / file.data if own else BLOCKS / f"{file.data}.yaml"
    if not path.is_file():
        known = [] if own else sorted(found.stem for found in BLOCKS.glob("*.yaml"))
        where = " beside this one" if own else ""
        near = instead(file.data, known)
        if not own and (beside / f"{file.data}.yaml").is_file():
            near = f"; the one beside this is called {file.data}.yaml"
        raise SpecError(f"there is no file of blocks {file.data!r}{where}{near}", file.at)
    return path


def load_net(name: str, knobs: Mapping[str, Any] | None = None, limits: Limits = Limits()) -> Net:
    """The net of a name or path, with some knobs set; of a family in a file the first variant."""
    spec, variant = find(name, limits)
    return expand(spec, variant or spec.first, knobs, limits)


def specs() -> Iterator[Spec]:
    """Every built-in specification."""
    return map(load_spec, spec_files())


def names() -> list[str]:
    """Every built-in network."""
    return [name for spec in specs() for name in spec.names]


def check_source(name: str, place: Position) -> None:
    """Refuse a short name that sources.yaml does not have; what has a space is a source in words."""
    if name not in sources() and " " not in name:
        raise SpecError(f"sources.yaml has no {name!r}{did_you_mean(name, sources())}", place)


@cache
def sources() -> dict[str, Value]:
    """What the specifications cite: for each short name its authors, title, year and place."""
    entries: dict[str, Value] = read(SOURCES, name=SOURCES.name).data
    for name, entry in entries.items():
        if not entry.is_map or not {"authors", "title", "where"} <= entry.data.keys():
            raise SpecError(f"the source {name!r} needs authors, title and where", entry.at)
    return entries
