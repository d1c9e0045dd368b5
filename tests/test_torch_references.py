"""Are the figures that the everyday tests go by those of the libraries themselves? Only where these are installed."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("torch")
import record


@pytest.mark.parametrize("library", record.RECORDERS)
def test_written_down_is_what_the_library_says(library: str) -> None:
    """Each model is built and counted again, on the meta device."""
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    written = json.loads((Path(__file__).parent / "data" / f"{library}.json").read_text())["models"]
    measured = json.loads(json.dumps(record.RECORDERS[library]()))
    assert measured.keys() == written.keys()
    for name in written:
        assert measured[name] == written[name], name
