"""Conventions as tables and as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archcost.convention import KINDS, Convention
from archcost.render.grid import FOLDED, Column, Grid

HELD: Mapping[str, str] = {
    "new": "outputs that need memory of their own",
    "inplace": "outputs that may overwrite what the layer reads",
    "view": "outputs that are what the layer reads, in another shape",
    "input": "the input of the network",
}


def grid(found: Sequence[Convention]) -> Grid:
    """A row for each convention: its name and what it counts."""
    columns = [Column("name", "convention", left=True), Column("text", "counts", left=True, folds=3 * FOLDED)]
    rows = [{"name": each.name, "text": each.text} for each in found]
    return Grid("conventions", columns, rows, remarks=["archcost conventions NAME shows what one is made of"])


def explained(convention: Convention) -> Grid:
    """All that a convention says: what each kind is worth, in words, and below what else counts."""
    columns = [
        Column("key", "a FLOP is", left=True),
        Column("worth", "worth"),
        Column("text", "", left=True, folds=3 * FOLDED),
    ]
    rows = [{"key": key, "worth": worth, "text": _words(key)} for key, worth in convention.flops.items()]
    title = convention.name + (f", as {convention.tool}" if convention.tool else "")
    return Grid(title, columns, rows, remarks=[convention.text, *_remarks(convention)])


def _words(key: str) -> str:
    owner, _, kind = key.rpartition(".")
    return KINDS[kind] + (f"; in {owner} only" if owner else "")


def _remarks(convention: Convention) -> Iterator[str]:
    yield f"parameters: {_times(convention.params)}{'; batch norms are folded' if convention.fold else ''}"
    yield f"memory: {_times(convention.memory)}; {convention.dtype}, KB = {convention.kilo} bytes"
    yield from (f"{word}: {text}" for word, text in HELD.items() if convention.memory.get(word))
    yield from (f"known: {sentence}" for sentence in convention.known)


def _times(counted: Mapping[str, int]) -> str:
    """What counts, and how often where that is not once."""
    return ", ".join(f"{name} {times}x" if times != 1 else name for name, times in counted.items() if times) or "none"


def as_json(convention: Convention) -> Mapping[str, Any]:
    """A convention with all that it took from its base."""
    fields = ("name", "text", "tool", "flops", "params", "memory", "fold", "kilo", "dtype", "known")
    return {name: getattr(convention, name) for name in fields}
