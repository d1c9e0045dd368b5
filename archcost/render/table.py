"""The cost table of one network, as the lectures draw it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.dims import sizes
from archcost.errors import ArchcostError, did_you_mean
from archcost.render.grid import FOLDED, Column, Grid, as_text
from archcost.render.units import EXACT, axes, bar, caption, incomplete, short, unit
from archcost.report import Report, Row, folded, grouped

if TYPE_CHECKING:
    from archcost.judge import Verdict


def _channels(row: Row) -> Any:
    """Channels of what a layer reads; of several inputs together where it lays them side by side."""
    read = row.inputs if row.op == "concat" else row.inputs[:1]
    return sum(shape[0] for shape in read) or None


def _filters(row: Row) -> Any:
    return row.attributes.get("out", row.output[0]) if "mac" in row.ops and row.params and row.attributes else None


def _space(shape: tuple[Any, ...]) -> Any:
    return list(shape[1:]) if len(shape) > 1 else None


class Field(NamedTuple):
    """A column that a table can have: its heading, its value in a row, and the total that gives its unit."""

    heading: str
    value: Callable[[Row], Any]
    total: str = ""  # the total it adds up to
    text: Callable[[Any], str] = as_text
    left: bool = False
    spare: int = 0


FIELDS: Mapping[str, Field] = {
    "layer": Field("layer", lambda r: r.name, left=True),
    "op": Field("op", lambda r: r.op, left=True),
    "input": Field("input", lambda r: ", ".join(map(sizes, r.inputs)), left=True),
    "in_channels": Field("input\nC", _channels, spare=1),
    "in_size": Field("\nH/W", lambda r: _space(r.inputs[0]) if r.inputs else None, text=axes, spare=1),
    "filters": Field("layer\nfilters", _filters, spare=4),
    "kernel": Field("\nkernel", lambda r: r.attributes.get("kernel"), text=axes, spare=4),
    "stride": Field("\nstride", lambda r: r.attributes.get("stride"), text=axes, spare=3),
    "pad": Field("\npad", lambda r: r.attributes.get("pad"), text=axes, spare=2),
    "dilation": Field("\ndilation", lambda r: r.attributes.get("dilation"), text=axes),
    "groups": Field("\ngroups", lambda r: r.attributes.get("groups")),
    "out_channels": Field("output\nC", lambda r: r.output[0]),
    "out_size": Field("\nH/W", lambda r: _space(r.output), text=axes),
    "output": Field("output", lambda r: sizes(r.output), left=True),
    "dtype": Field("dtype", lambda r: r.dtype, left=True),
    "storage": Field("storage", lambda r: r.storage, left=True),
    "elements": Field("elements", lambda r: r.elements, "elements"),
    "memory": Field("memory", lambda r: r.memory_bytes, "memory_bytes"),
    "params": Field("params", lambda r: r.params, "params"),
    "params_bytes": Field("params\nbytes", lambda r: r.params_bytes, "params_bytes"),
    "buffers": Field("buffers", lambda r: r.buffers, "buffers"),
    "macs": Field("MACs", lambda r: r.macs, "macs"),
    "flops": Field("FLOPs", lambda r: r.flops, "flops"),
    "uncounted": Field("not counted", lambda r: r.attributes["operator"] if r.op == "uncounted" else None, left=True),
    "receptive_field": Field("receptive\nfield", lambda r: r.receptive_field, text=axes),
}
SHARES = {f"{name}_share": name for name in ("memory", "params", "macs", "flops")}
NAMES = (*FIELDS, *SHARES, "published")
SHAPES = ["in_channels", "in_size", "filters", "kernel", "stride", "pad"]
DEFAULT = ["layer", *SHAPES, "out_channels", "out_size", "memory", "params", "flops", "flops_share"]


class View(NamedTuple):
    """How a table is to be looked at."""

    columns: Sequence[str] = ()
    every: bool = False  # do not fold in-place layers
    depth: int | None = None
    sort: str | None = None
    top: int | None = None
    unit: str = "auto"
    bars: bool = False
    receptive_field: bool = False


def rows_of(report: Report, view: View) -> list[Row]:
    """The rows that a view shows, in its order."""
    rows = list(report.rows) if view.every else folded(report.rows)
    if view.depth is not None:
        rows = grouped(rows, view.depth)
    if view.sort:
        field = FIELDS.get(SHARES.get(view.sort, view.sort))
        if not field or not field.total:
            sortable = [name for name, field in FIELDS.items() if field.total]
            near = did_you_mean(view.sort, sortable)
            raise ArchcostError(f"cannot sort by {view.sort!r}{near} (known: {', '.join(sortable)})")
        rows.sort(key=field.value, reverse=True)
    return rows[: view.top] if view.top is not None else rows


def _known(name: str) -> str:
    if name not in NAMES:
        raise ArchcostError(f"there is no column {name!r}{did_you_mean(name, NAMES)} (known: {', '.join(NAMES)})")
    return name


def table(report: Report, view: View = View(), published: Sequence[Verdict] | None = None) -> Grid:
    """The grid of a report."""
    rows = rows_of(report, view)
    names = list(dict.fromkeys(map(_known, view.columns))) or _default(rows, view)
    if view.receptive_field and "receptive_field" not in names:
        names.append("receptive_field")
    if published is not None and "published" not in names:
        names.append("published")
    if published is None and "published" in names:
        raise ArchcostError("the column 'published' needs --published")
    columns = [_column(name, report, view) for name in names]
    body = [_values(row, names, report, published or ()) for row in rows]
    footer = {names[0]: f"total of {report.totals.layers} layers" if view.top is not None else "total"}
    summed = {name: FIELDS[name].total for name in names if name in FIELDS and FIELDS[name].total}
    footer |= {_key(name): getattr(report.totals, total) for name, total in summed.items()}
    shape = ", ".join(map(sizes, report.inputs.values()))
    title = f"{report.net.name}: {report.net.title}" if report.net.title != report.net.name else report.net.name
    return Grid(f"{title}, input {shape}", columns, body, footer, _remarks(report, published or ()), STYLES)


STYLES = {"ok": "green", "erratum": "yellow", "mismatch": "red"}


def _default(rows: Sequence[Row], view: View) -> list[str]:
    never = {name for name in SHAPES if not any(FIELDS[name].value(row) for row in rows)}
    names = [name for name in DEFAULT if name not in never]
    if view.receptive_field:
        names.insert(names.index("memory"), "receptive_field")
    if view.bars:
        names = [name for name in names if name not in SHAPES]
        for quantity in ("memory", "params"):
            names.insert(names.index(quantity) + 1, f"{quantity}_share")
    return names


def _column(name: str, report: Report, view: View) -> Column:
    if name == "published":
        return Column(name, "published", left=True, folds=FOLDED)
    if name in SHARES:
        return Column(name, "share" if view.bars else "\n%", bar if view.bars else _percent, left=view.bars)
    found = FIELDS[name]
    key = _key(name)
    if not found.total:
        return Column(
            key, found.heading, found.text, found.left, folds=FOLDED * (name in ("layer", "input")), spare=found.spare
        )
    chosen = unit(name, view.unit, getattr(report.totals, found.total), report.convention.kilo)
    return Column(key, f"{found.heading}\n{chosen.name}", chosen.text)


def _key(name: str) -> str:
    return "memory_bytes" if name == "memory" else name


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _values(row: Row, names: Sequence[str], report: Report, published: Sequence[Verdict]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in names:
        if name in SHARES:
            total = getattr(report.totals, FIELDS[SHARES[name]].total)
            if not isinstance(total, int):
                continue  # a symbol or an array has no one share
            held = row.held if name == "memory_share" else 1
            values[name] = FIELDS[SHARES[name]].value(row) * held / total if total else 0.0
        elif name == "published":
            values[name] = " · ".join(_judged(v) for v in published if v.claim.at == row.name)
        else:
            values[_key(name)] = FIELDS[name].value(row)
    return values


def _judged(verdict: Verdict) -> str:
    mark = "ok" if verdict.verdict == "reproduced" else verdict.verdict
    return f"{verdict.claim.quantity} {verdict.claim.printed} {mark}"


def _weighed(report: Report) -> str:
    """What the parameters take, where some have types of their own."""
    if not any(node.dtypes for node in report.net.nodes):
        return ""
    return f" in {short(report.totals.params_bytes, report.convention.kilo, 'B')}"


def _remarks(report: Report, published: Sequence[Verdict]) -> list[str]:
    totals, kilo = report.totals, report.convention.kilo
    remarks = [
        f"{EXACT.text(totals.params)} parameters{_weighed(report)}, {EXACT.text(totals.flops)} FLOPs "
        f"({EXACT.text(totals.macs)} multiply-accumulates), "
        f"{short(totals.memory_bytes, kilo, 'B')} of outputs, "
        f"inference peak {short(totals.peak_memory_bytes, kilo, 'B')}, depth {totals.depth}",
        caption(report),
        *incomplete(report.net.name, report.uncounted),
    ]
    names = {row.name for row in report.rows}
    for verdict in published:
        at = verdict.claim.at
        if at not in names:
            remarks.append(f"published for {at}: {_judged(verdict)} [{verdict.claim.source}]")
        if verdict.verdict != "reproduced":
            remarks.append(f"{verdict.verdict} {at} {verdict.claim.printed}: {verdict.explanation}")
    return remarks
