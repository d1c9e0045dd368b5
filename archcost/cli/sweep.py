"""`archcost sweep`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archcost import __version__
from archcost.cli.options import (
    Network,
    chosen_format,
    convention_option,
    counted,
    draw,
    emit,
    emit_parts,
    limited,
    output,
    parsed_limits,
)
from archcost.errors import ArchcostError, did_you_mean
from archcost.zoo import find

if TYPE_CHECKING:
    from archcost.axes import Axes
    from archcost.sweep import Chunk, Columns, Subject

FORMATS = ("rich", "csv", "json", "parquet")
CHUNK = 50_000  # points at once
SHOWN = 20  # rows of a table, unless --top says otherwise
MANY = 4  # chunks: of fewer there is no need to show how far they are


@dataclass
class Tally:
    """What became of the points so far."""

    wanted: int
    done: int = 0
    impossible: int = 0
    first: str = ""  # the first impossible point and why it is, in words
    kept: int = 0
    stopped: bool = False

    def add(self, found: Chunk) -> None:
        """Count what a chunk brought."""
        self.done += found.done
        self.impossible += found.impossible
        self.first = self.first or found.first
        self.kept += len(found.columns["network"])

    def remarks(self) -> list[str]:
        """What there is to say of them."""
        impossible = f"; {self.impossible:,} impossible, left out, first {self.first}" if self.impossible else ""
        stopped = f"; stopped before the other {self.wanted - self.done:,}" if self.stopped else ""
        return [f"{self.done:,} points, {self.kept:,} kept{impossible}{stopped}"]


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

    names = [term for term in terms if "=" not in term]
    grid = axes([term for term in terms if "=" in term], options["zipped"], options["seed"])
    if not names or not grid.groups:
        raise ArchcostError("sweep takes networks and values of knobs: NAME... K=V1,V2,...")
    subjects = [_subject(name, grid, options["convention_name"], limits) for name in names]
    tally = Tally(len(subjects) * grid.points)
    finished = _begun(terms, options) if form == "parquet" else frozenset()
    with _executor(options["workers"], options["scheduler"]) as submit:
        _written(_kept(subjects, grid, submit, finished, options, tally), form, options, tally)
    if tally.stopped:
        raise click.exceptions.Exit(130)


def _need_numpy() -> None:
    if find_spec("numpy") is None:
        raise ArchcostError("sweeps need NumPy: pip install 'archcost[arrays]'")


def _subject(name: str, grid: Axes, convention: str, limits: Sequence[str]) -> Subject:
    from archcost.sweep import Subject

    allowed = parsed_limits(limits)
    spec, variant = find(name, allowed)
    for knob in grid.knobs:
        if knob not in spec.params:
            raise ArchcostError(f"{name} has no parameter {knob!r}{did_you_mean(knob, spec.params)}")
        default = (spec.variants[variant] if variant else {}).get(knob, spec.params[knob]).data
        words = [value for value in grid.values(knob) if isinstance(value, str)]
        if words and isinstance(default, int | float) and not isinstance(default, bool):
            raise ArchcostError(f"{knob} takes numbers, not {words[0]!r}")
    return Subject(spec, variant or spec.first, counted(convention, [name], limits), limits=allowed)


def _begun(terms: tuple[str, ...], options: Mapping[str, Any]) -> frozenset[int]:
    """The chunks of a Parquet dataset that an earlier run has finished."""
    if find_spec("pyarrow") is None:
        raise ArchcostError("Parquet needs pyarrow: pip install 'archcost[parquet]'")
    if not options["output"] or any(options[key] for key in ("sort", "top", "pareto", "columns")):
        raise ArchcostError(
            "parquet writes all points to the folder of --output: no --sort, --top, --pareto, --columns"
        )
    from archcost.dataset import begun

    asked = {key: options[key] for key in ("zipped", "where", "seed", "convention_name")}
    about = {"version": __version__, "terms": terms, "chunk": CHUNK, **asked}
    return begun(Path(options["output"]), about, options["force"])


def _kept(
    subjects: Sequence[Subject],
    grid: Axes,
    submit: Callable[..., Any] | None,
    finished: frozenset[int],
    options: Mapping[str, Any],
    tally: Tally,
) -> Iterator[tuple[int, Columns]]:
    """The points that are possible and wanted, in numbered chunks, until all are done or the user stops them."""
    from archcost.sweep import chunk, in_order, is_safe

    numbers = all(grid.values(knob).dtype != object for knob in grid.knobs)
    try:
        for place, subject in enumerate(subjects):
            name = subject.variant or subject.spec.name
            safe = numbers and is_safe(subject, {knob: grid.values(knob) for knob in grid.knobs})
            work = partial(chunk, subject, where=options["where"], safe=safe)
            many = -(-grid.points // CHUNK)
            wanted = [i for i in range(many) if place * many + i not in finished]
            parts = (grid.part(i * CHUNK, (i + 1) * CHUNK) for i in wanted)
            tally.done += grid.points - sum(min(CHUNK, grid.points - i * CHUNK) for i in wanted)
            for i, found in zip(wanted, _shown(in_order(submit, work, parts), len(wanted), name), strict=False):
                if options["strict"] and found.impossible:
                    raise ArchcostError(f"{name} is impossible with {found.first}")
                tally.add(found)
                yield place * many + i, found.columns
    except KeyboardInterrupt:
        tally.stopped = True


@contextmanager
def _executor(workers: int | None, scheduler: str | None) -> Iterator[Callable[..., Any] | None]:
    """What hands chunks out: local processes, a Dask cluster, or nothing: then they are worked out here."""
    if scheduler:
        if find_spec("distributed") is None:
            raise ArchcostError("a scheduler needs Dask: pip install 'archcost[dask]'")
        from distributed import Client

        try:
            client: Any = Client(scheduler, timeout=10)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise ArchcostError(f"there is no Dask scheduler at {scheduler}: {error}") from error
        with client:
            yield client.submit
    elif workers and workers > 1:
        from concurrent.futures import ProcessPoolExecutor

        with ProcessPoolExecutor(workers, initializer=_deaf) as pool:
            try:
                yield pool.submit
            finally:
                pool.shutdown(cancel_futures=True)
    else:
        yield None


def _deaf() -> None:
    """A worker leaves Ctrl-C to the process that hands out the work."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _shown(chunks: Iterator[Chunk], many: int, name: str) -> Iterator[Chunk]:
    """The chunks; on a terminal, if there are many, with a bar that says how far they are."""
    if many < MANY or not sys.stderr.isatty():
        yield from chunks
        return
    with click.progressbar(chunks, length=many, label=name, file=sys.stderr) as shown:
        yield from shown


def _written(chunks: Iterator[tuple[int, Columns]], form: str, options: Mapping[str, Any], tally: Tally) -> None:
    """The points in their format. Where nothing must be seen together, they are written as they come."""
    from archcost.render import sweep as render
    from archcost.sweep import joined, reduced

    wanted = [name.strip() for name in (options["columns"] or "").split(",") if name.strip()]
    if form == "parquet":
        from archcost.dataset import write

        write(Path(options["output"]), chunks)
        click.echo(tally.remarks()[0], err=True)
        return
    if form == "csv" and not any(options[key] for key in ("sort", "top", "pareto")):
        texts = (render.csv(chunk, _names(chunk, wanted), first=i == 0) for i, chunk in chunks)
        emit_parts(texts, options["output"])
        click.echo(tally.remarks()[0], err=True)
        return
    limit = options["top"] or (SHOWN if form == "rich" and not options["sort"] and not options["pareto"] else None)
    kept: Columns = {}
    for _, chunk in chunks:
        # The first rows of a front are known only when all of it is.
        kept = reduced(joined(kept, chunk), options["pareto"], options["sort"], None if options["pareto"] else limit)
    if kept and options["pareto"]:
        kept = reduced(kept, None, options["sort"], limit)
    names = _names(kept, wanted)
    if form == "csv":
        emit(render.csv(kept, names, first=True), options["output"])
        click.echo(tally.remarks()[0], err=True)
    elif form == "json":
        from archcost.render import json

        emit(json.text({"points": render.rows(kept, names), "remarks": tally.remarks()}), options["output"])
    else:
        grid = render.grid(kept, names, options["top"] or SHOWN, tally.remarks())
        emit(draw("rich", [grid], options["output"]), options["output"])


def _names(columns: Columns, wanted: Sequence[str]) -> list[str]:
    """The columns that are shown: those that are asked for, else all."""
    for name in wanted:
        if columns and name not in columns:
            near = did_you_mean(name, columns)
            raise ArchcostError(f"there is no column {name!r}{near} (known: {', '.join(columns)})")
    return list(wanted or columns)
