"""`archcost sweep`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archcost.cli.options import (
    Network,
    check_used,
    chosen_format,
    convention_option,
    counted,
    draw,
    emit,
    emit_parts,
    left_out,
    limited,
    output,
    parsed_limits,
)
from archcost.errors import ArchcostError, did_you_mean
from archcost.zoo import find

if TYPE_CHECKING:
    from archcost.axes import Axes
    from archcost.sweep import Chunk, Columns, Job, Subject, Tally
    from archcost.workers import Stop

FORMATS = ("rich", "csv", "json", "parquet")
SHOWN = 20  # rows of a table, unless --top says otherwise
MANY = 4  # chunks: of fewer there is no need to show how far they are


@click.command("sweep")
@click.argument("terms", type=Network(), nargs=-1, required=True, metavar="NAME... K=VALUES...")
@limited
@convention_option
@click.option("--zip", "zipped", is_flag=True, help="Values side by side instead of crossed.")
@click.option("--where", metavar="CONDITION", help="Keep points where it holds: 'macs < 300e6 and params <= 3.5e6'.")
@click.option("--sort", metavar="COLUMN", help="Largest first; -COLUMN smallest first.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="The first N rows only.")
@click.option("--pareto", metavar="A,B,…", help="Points that no other beats: each column small, -COLUMN large.")
@click.option("--columns", metavar="A,B,…", help="Columns to show, in this order.")
@click.option("--seed", default=0, show_default=True, metavar="N", type=click.IntRange(0), help="Of random values.")
@click.option("--strict", is_flag=True, help="Impossible points are an error instead of being left out.")
@click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="Local processes that share the work.")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask cluster that does the work: tcp://HOST:PORT.")
@click.option("--force", is_flag=True, help="Overwrite the output file.")
@output(*FORMATS)
def sweep_command(terms: tuple[str, ...], limits: tuple[str, ...], **options: Any) -> None:
    """Compute what networks cost at many settings of their knobs.

    VALUES is a list 160,192,224, a range START:STOP:STEP whose stop is included when a step lands on it,
    log(32,512,n=9) or random(0.1,2,n=1000). Columns are the knobs and params, macs, flops, memory and peak_memory (in
    bytes), by name also in --where, --sort and --pareto. Ctrl-C stops, and what is finished is kept.

    \b
    archcost sweep mobilenet_v2 alpha=0.5,0.75,1 resolution=128:224:32
    archcost sweep resnet50 resolution=64:512:32 --where 'macs < 2e9' --sort macs --top 3
    archcost sweep resnet18 resnet34 resnet50 resolution=128,224 --pareto macs,-params --format csv
    """
    form = chosen_format(options["form"], options["output"], FORMATS)
    path = options["output"]
    if form != "parquet" and path and Path(path).is_file() and not options["force"]:
        raise ArchcostError(f"{path} exists: --force overwrites it")
    _need_numpy()
    from archcost.axes import axes
    from archcost.sweep import Job
    from archcost.workers import Stop, executor

    names = [term for term in terms if "=" not in term]
    grid = axes([term for term in terms if "=" in term], options["zipped"], options["seed"])
    if not names or not grid.groups:
        raise ArchcostError("sweep takes networks and values of knobs: NAME... K=V1,V2,...")
    check_used(names)
    incomplete = [text for name in names for text in left_out(name, find(name, parsed_limits(limits))[0])]
    job = Job([_subject(name, grid, options["convention_name"], limits) for name in names], grid, options["where"])
    finished = _finished(job, options) if form == "parquet" else {}
    tallies = [*finished.values()]
    with executor(options["workers"], options["scheduler"]) as submit, Stop() as stop:
        running = _shown(stop.until(job.run(submit, finished)), job.chunks - len(finished))
        chunks = _noted(running, tallies, options["strict"])
        if form == "parquet":
            _stored(chunks, job, not finished, options)
        elif form == "csv" and not any(options[key] for key in ("sort", "top", "pareto")):
            _streamed(chunks, options)
        else:
            kept = _gathered(chunks, form, options)
            _drawn(kept, len(names) > 1, form, options, [*_remarks(tallies, job, stop), *incomplete])
    if form in ("csv", "parquet"):
        click.echo("\n".join([*_remarks(tallies, job, stop), *incomplete]), err=True)
    if stop.why:
        raise click.exceptions.Exit(130 if stop.by_user else 2)


def _remarks(tallies: Sequence[Tally], job: Job, stop: Stop) -> list[str]:
    """What became of the points, in words."""
    from archcost.sweep import Tally

    whole = reduce(Tally.plus, tallies, Tally())
    impossible = f"; {whole.impossible:,} impossible, left out, first {whole.first}" if whole.impossible else ""
    stopped = f"; stopped before the other {job.points - whole.done:,} ({stop.why})" if stop.why else ""
    return [f"{whole.done:,} points, {whole.kept:,} kept{impossible}{stopped}"]


def _need_numpy() -> None:
    if find_spec("numpy") is None:
        raise ArchcostError("sweeps need NumPy: pip install 'archcost[arrays]'")


def _subject(name: str, grid: Axes, convention: str, limits: Sequence[str]) -> Subject:
    from archcost.sweep import QUANTITIES, Subject

    allowed = parsed_limits(limits)
    spec, variant = find(name, allowed)
    for knob in grid.knobs:
        if knob in ("network", *QUANTITIES):
            raise ArchcostError(f"{name}: a parameter called {knob} cannot be swept, for a column is called so")
        if knob not in spec.params:
            raise ArchcostError(f"{name} has no parameter {knob!r}{did_you_mean(knob, spec.params)}")
        default = (spec.variants[variant] if variant else {}).get(knob, spec.params[knob]).data
        words = [value for value in grid.values(knob) if isinstance(value, str)]
        if words and isinstance(default, int | float) and not isinstance(default, bool):
            raise ArchcostError(f"{knob} takes numbers, not {words[0]!r}")
    return Subject(spec, variant or spec.first, counted(convention, [name], limits), limits=allowed)


def _finished(job: Job, options: Mapping[str, Any]) -> dict[int, Tally]:
    """The chunks of a Parquet dataset that an earlier run has finished."""
    if find_spec("pyarrow") is None:
        raise ArchcostError("Parquet needs pyarrow: pip install 'archcost[parquet]'")
    if not options["output"] or any(options[key] for key in ("sort", "top", "pareto", "columns")):
        raise ArchcostError(
            "parquet writes all points to the folder of --output: no --sort, --top, --pareto, --columns"
        )
    from archcost.dataset import begun

    return begun(Path(options["output"]), job.fingerprint, options["force"])


def _noted(chunks: Iterator[tuple[int, Chunk]], tallies: list[Tally], strict: bool) -> Iterator[tuple[int, Chunk]]:
    """The chunks, after a note of what became of their points."""
    for tally in tallies:
        _refuse_impossible(tally, strict)
    for number, chunk in chunks:
        _refuse_impossible(chunk.tally, strict)
        tallies.append(chunk.tally)
        yield number, chunk


def _refuse_impossible(tally: Tally, strict: bool) -> None:
    if strict and tally.impossible:
        raise ArchcostError(f"impossible: {tally.first}")


def _shown(chunks: Iterator[tuple[int, Chunk]], many: int) -> Iterator[tuple[int, Chunk]]:
    """The chunks; on a terminal, if there are many, with a bar that says how far they are."""
    if many < MANY or not sys.stderr.isatty():
        yield from chunks
        return
    with click.progressbar(chunks, length=many, label="sweep", file=sys.stderr) as shown:
        yield from shown


def _stored(chunks: Iterator[tuple[int, Chunk]], job: Job, fresh: bool, options: Mapping[str, Any]) -> None:
    """A Parquet dataset, chunk by chunk."""
    from archcost.dataset import write

    for _ in write(Path(options["output"]), job.fingerprint, fresh, chunks):
        pass


def _streamed(chunks: Iterator[tuple[int, Chunk]], options: Mapping[str, Any]) -> None:
    """Lines of CSV, as they come."""
    from archcost.render import sweep as render

    emit_parts(
        (render.csv(chunk.columns, _names(chunk.columns, options["columns"]), first=i == 0) for i, chunk in chunks),
        options["output"],
    )


def _gathered(chunks: Iterator[tuple[int, Chunk]], form: str, options: Mapping[str, Any]) -> Columns:
    """What must be seen together: the best and the first of the points."""
    from archcost.sweep import joined, reduced

    pareto, sort = options["pareto"], options["sort"]
    some = options["top"] or (SHOWN + 1 if form == "rich" and not sort and not pareto else None)
    kept: Columns = {}
    for _, chunk in chunks:
        # The first rows of a front are known only when all of it is.
        kept = reduced(joined(kept, chunk.columns), pareto, sort, None if pareto else some)
    return reduced(kept, None, sort, some) if kept and pareto else kept


def _drawn(kept: Columns, several: bool, form: str, options: Mapping[str, Any], remarks: Sequence[str]) -> None:
    """The points as a table, as CSV or as data."""
    from archcost.render import sweep as render

    names = _names(kept, options["columns"])
    if form == "csv":
        emit(render.csv(kept, names, first=True), options["output"])
    elif form == "json":
        from archcost.render import json

        emit(json.text({"points": render.rows(kept, names), "remarks": remarks}), options["output"])
    else:
        grid = render.grid(kept, names, options["top"] or SHOWN, remarks, several)
        emit(draw("rich", [grid], options["output"]), options["output"])


def _names(columns: Columns, wanted: str | None) -> list[str]:
    """The columns that are shown, each once: those that are asked for, else all."""
    names = [name.strip() for name in (wanted or "").split(",") if name.strip()]
    for name in names:
        if columns and name not in columns:
            near = did_you_mean(name, columns)
            raise ArchcostError(f"there is no column {name!r}{near} (known: {', '.join(columns)})")
    return [*dict.fromkeys(names)] or list(columns)
