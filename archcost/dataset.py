"""Points of a sweep as a Parquet dataset: a folder with a file for each chunk, which a later run goes on with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from archcost.errors import ArchcostError
from archcost.kinds import shown

ABOUT = "_sweep.json"  # what was asked for; readers of datasets pass over names that begin like this


def begun(folder: Path, about: Mapping[str, Any], force: bool) -> frozenset[int]:
    """The chunks that an earlier run of the same sweep has finished; a folder with anything else is refused."""
    note = folder / ABOUT
    same = note.is_file() and note.read_text("utf-8") == _text(about)
    if folder.exists() and not same and not force and any(folder.iterdir()):
        raise ArchcostError(f"{folder} holds something else: --force puts this sweep in its place")
    folder.mkdir(parents=True, exist_ok=True)
    if not same:
        for old in folder.glob("part-*.parquet"):
            old.unlink()
        note.write_text(_text(about), "utf-8")
    return frozenset(int(path.stem.partition("-")[2]) for path in folder.glob("part-*.parquet"))


def _text(about: Mapping[str, Any]) -> str:
    return json.dumps(about, indent=1, sort_keys=True) + "\n"


def write(folder: Path, chunks: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """A file for each chunk, whole or not at all: under another name first, then renamed."""
    for number, columns in chunks:
        path = folder / f"part-{number:06d}.parquet"
        temporary = path.with_suffix(".writing")
        pq.write_table(pa.table({name: _plain(values) for name, values in columns.items()}), temporary)
        temporary.replace(path)


def _plain(values: Any) -> Any:
    """Numbers as they are; words, truths and lists as text."""
    if values.dtype != object:
        return values
    return pa.array([value if isinstance(value, str) else shown(value) for value in values], type=pa.string())
