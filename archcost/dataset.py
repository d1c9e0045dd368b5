"""Points of a sweep as a Parquet dataset: a folder with a file for each chunk, which a later run goes on with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from archcost.errors import ArchcostError
from archcost.kinds import shown
from archcost.sweep import Chunk, Tally

PART = re.compile(r"part-(\d+)\.parquet$")
NOTE = b"archcost"  # in each file: of which sweep it is a part, and what became of its points


def begun(folder: Path, sweep: str, force: bool) -> dict[int, Tally]:
    """What an earlier run of the same sweep has finished; a folder with anything else is refused."""
    if folder.exists() and not folder.is_dir():
        raise ArchcostError(f"{folder} is a file: a Parquet dataset is a folder")
    if force or not folder.is_dir():
        return {}
    found: dict[int, Tally] = {}
    for path in sorted(folder.iterdir()):
        matched, note = PART.match(path.name), _note(path)
        if path.suffix == ".writing" or (matched and not note):  # what an interrupt left; it is written anew
            continue
        if not matched or note["sweep"] != sweep:
            raise ArchcostError(f"{folder} holds something else, {path.name}: --force puts this sweep in its place")
        found[int(matched[1])] = Tally(*note["tally"])
    return found


def _note(path: Path) -> Any:
    """What a file says of itself, if it is a part and whole."""
    try:
        metadata = pq.read_metadata(path).metadata if PART.match(path.name) else None
        return json.loads(metadata[NOTE]) if metadata and NOTE in metadata else None
    except (OSError, pa.ArrowException):
        return None


def write(folder: Path, sweep: str, fresh: bool, chunks: Iterable[tuple[int, Chunk]]) -> Iterator[tuple[int, Chunk]]:
    """The chunks, and a file for each, whole or not at all: under another name first, then renamed."""
    for number, chunk in chunks:
        folder.mkdir(parents=True, exist_ok=True)
        if fresh:
            for old in folder.glob("*.parquet"):
                old.unlink()
        fresh = False
        path = folder / f"part-{number:06d}.parquet"
        temporary = path.with_suffix(".writing")
        table = pa.table({name: _plain(values) for name, values in chunk.columns.items()})
        note = json.dumps({"sweep": sweep, "tally": chunk.tally})
        pq.write_table(table.replace_schema_metadata({NOTE: note}), temporary)
        temporary.replace(path)
        yield number, chunk


def _plain(values: Any) -> Any:
    """Numbers as they are; words, truths and lists as text."""
    if values.dtype != object:
        return values
    return pa.array([value if isinstance(value, str) else shown(value) for value in values], type=pa.string())
