"""The zip that a `.keras` file is, its limits, and what may be wrong with it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from archcost.errors import ArchcostError

LARGEST_CONFIG = 64_000_000  # bytes
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others are unpacked whole: 4 KB of bz2 may be 4 GB


def configuration(file: str) -> Any:
    """What `config.json` in the file holds. Whatever is wrong with the file is one line."""
    try:
        with Path(file).open("rb") as opened:
            start = opened.read(8)
    except OSError as error:
        raise ArchcostError(f"{file}: cannot be read: {error.strerror or error}") from error
    if start == b"\x89HDF\r\n\x1a\n":
        raise ArchcostError(
            f"{file}: an HDF5 file, which Keras 3 no longer writes: load it in Keras and save it as .keras"
        )
    try:
        text = _member(file)
    except ArchcostError:
        raise
    except Exception as error:  # a broken zip has anything anywhere, and each way to pack has errors of its own
        what = " ".join(str(error).split()) or type(error).__name__
        raise ArchcostError(f"{file}: no .keras file, or a broken one: {what}") from error
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ArchcostError(f"{file}: config.json is nested too deeply") from error
    except ValueError as error:
        raise ArchcostError(f"{file}: config.json is no JSON: {error}") from error


def _member(file: str) -> bytes:
    """What the zip holds as `config.json`, never more than it says that it does."""
    with zipfile.ZipFile(file) as opened:
        if "config.json" not in opened.namelist():
            raise ArchcostError(f"{file}: holds no config.json, so it is no .keras file")
        held = opened.getinfo("config.json")
        if held.file_size > LARGEST_CONFIG:
            raise ArchcostError(f"{file}: config.json has {held.file_size} bytes, more than {LARGEST_CONFIG}")
        if held.compress_type not in PACKED:
            raise ArchcostError(f"{file}: config.json is packed as neither Keras nor a usual zip has it")
        with opened.open(held) as stream:
            return stream.read(LARGEST_CONFIG)
