"""The zip that a `.keras` file is, its limits, and what may be wrong with it."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from archcost.errors import ArchcostError

LARGEST_CONFIG = 64_000_000  # bytes


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
        with zipfile.ZipFile(file) as opened_zip:
            held = opened_zip.getinfo("config.json")
            if held.file_size > LARGEST_CONFIG:
                raise ArchcostError(f"{file}: config.json has {held.file_size} bytes, more than {LARGEST_CONFIG}")
            with opened_zip.open(held) as stream:
                text = stream.read(LARGEST_CONFIG + 1)
    except KeyError as error:
        raise ArchcostError(f"{file}: holds no config.json, so it is no .keras file") from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,
        OverflowError,
    ) as error:
        raise ArchcostError(f"{file}: no .keras file, or a broken one: {error}") from error
    if len(text) > LARGEST_CONFIG:
        raise ArchcostError(f"{file}: config.json has more than {LARGEST_CONFIG} bytes")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ArchcostError(f"{file}: config.json is nested too deeply") from error
    except ValueError as error:
        raise ArchcostError(f"{file}: config.json is no JSON: {error}") from error
