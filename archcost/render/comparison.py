"""Networks side by side: totals with ratios, costs stage by stage, and what was published about the pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archcost.comparison import ratios, stages
from archcost.dims import sizes
from archcost.judge import Verdict
from archcost.render.grid import Column, Grid
from archcost.render.json import of_accuracy, of_inputs, of_verdict
from archcost.render.units import axes, caption, incomplete, ratio, short
from archcost.render.verdicts import verdicts
from archcost.report import Report

LABELS: Mapping[str, str] = {
    "params": "parameters",
    "flops": "FLOPs",
    "macs": "MACs",
    "memory_bytes": "memory",
    "peak_memory_bytes": "inference peak",
    "depth": "depth",
}


def grids(reports: Sequence[Report], part: str, judged: Sequence[Verdict]) -> list[Grid]:
    """Totals, stages, and the published figures."""
    found = [_totals(reports, part), _stages(reports)]
    return [*found, verdicts("what was published about them", judged)] if judged else found


def _text(name: str, value: Any, kilo: int) -> str:
    return short(value, kilo, "B") if "bytes" in name else short(value)


def _totals(reports: Sequence[Report], part: str) -> Grid:
    base, convention = reports[0], reports[0].convention
    columns = [Column("quantity", "", left=True)]
    for index, report in enumerate(reports):
        columns.append(Column(f"net#{index}", report.net.name))
        if index:
            columns.append(Column(f"ratio#{index}", f"/ {base.net.name}" if len(reports) > 2 else "ratio"))
    rows: list[dict[str, Any]] = [{"quantity": "input"}]
    for index, report in enumerate(reports):
        rows[0][f"net#{index}"] = sizes(next(iter(report.inputs.values())))
    for name, label in LABELS.items():
        row: dict[str, Any] = {"quantity": label}
        for index, report in enumerate(reports):
            row[f"net#{index}"] = _text(name, getattr(report.totals, name), convention.kilo)
            times = ratios(report, base)[name]
            row[f"ratio#{index}"] = None if times is None else ratio(times)
        rows.append(row)
    title = f"{' and '.join(r.net.name for r in reports)}{part}"
    remarks = [caption(base), *(text for report in reports for text in incomplete(report.net.name, report.uncounted))]
    if part:
        return Grid(title, columns, rows, remarks=remarks)
    return Grid(title, columns, rows + _accuracies(reports), remarks=[*remarks, *_measured(reports)])


def _accuracies(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """What was published about the whole networks, where any has something."""
    rows = []
    for name, label in (("top1", "top-1, %"), ("top5", "top-5, %")):
        row = {f"net#{i}": getattr(report.net.accuracy, name, None) for i, report in enumerate(reports)}
        if any(value is not None for value in row.values()):
            rows.append({"quantity": label, **row})
    return rows


def _measured(reports: Sequence[Report]) -> list[str]:
    """By whom and on what data, each once."""
    found: dict[str, list[str]] = {}
    for report in reports:
        if report.net.accuracy:
            _, _, source, data, note, _ = report.net.accuracy
            found.setdefault(f"{data}, {source}{f', {note}' if note else ''}", []).append(report.net.name)
    return [f"accuracy of {', '.join(names)}: {text}" for text, names in found.items()]


def _stages(reports: Sequence[Report]) -> Grid:
    columns = [Column("scale", "\nscale", left=True)]
    cut = [{stage.scale: stage for stage in stages(report)} for report in reports]
    for index, report in enumerate(reports):
        columns += [
            Column(f"maps#{index}", f"{report.net.name}\nmaps"),
            Column(f"memory#{index}", "\nmemory", spare=1),
            Column(f"params#{index}", "\nparams", spare=2),
            Column(f"flops#{index}", "\nFLOPs"),
        ]
        if index:
            columns.append(Column(f"ratio#{index}", "FLOPs\nratio"))
    scales = sorted({scale for stage in cut for scale in stage}, key=lambda scale: (scale is None, scale))
    rows = []
    for scale in scales:
        row: dict[str, Any] = {"scale": _scale(scale)}
        for index, (report, found) in enumerate(zip(reports, cut, strict=True)):
            stage = found.get(scale)
            if stage is None:
                continue
            row[f"maps#{index}"] = ", ".join(map(axes, stage.maps))
            row[f"memory#{index}"] = short(stage.memory_bytes, report.convention.kilo, "B")
            row[f"params#{index}"] = short(stage.params)
            row[f"flops#{index}"] = short(stage.flops)
            base = cut[0].get(scale)
            if index and base and base.flops:
                row[f"ratio#{index}"] = ratio(stage.flops / base.flops)
        rows.append(row)
    return Grid("by scale of the maps", columns, rows)


def _scale(scale: int | None) -> str:
    if scale is None:
        return "vector"
    return f"1/{2**scale}" if scale >= 0 else f"{2**-scale}x"


def as_json(reports: Sequence[Report], judged: Sequence[Verdict]) -> dict[str, Any]:
    """The comparison as data; `ratios` are those of the last network to the first."""
    base = reports[0]
    return {
        "convention": base.convention.name,
        "batch": base.batch,
        "dtype": base.dtype,
        "architectures": [
            {
                "name": report.net.name,
                "title": report.net.title,
                **of_inputs(report),
                "totals": report.totals._asdict(),
                **({"incomplete": dict(report.uncounted)} if report.uncounted else {}),
                "ratios": ratios(report, base),
                "accuracy": of_accuracy(report.net.accuracy),
                "stages": [stage._asdict() for stage in stages(report)],
            }
            for report in reports
        ],
        "ratios": ratios(reports[-1], base),
        "published": list(map(of_verdict, judged)),
    }
