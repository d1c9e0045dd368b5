"""Reports, comparisons and verdicts as JSON: exact integers, stable names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archcost.net import Accuracy
from archcost.report import Report, Row

if TYPE_CHECKING:
    from archcost.judge import Verdict


def text(data: Any) -> str:
    """Any of the structures below, as a document; a symbol is written as its formula."""
    return json.dumps(data, indent=1, ensure_ascii=False, default=_plain) + "\n"


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


def of_report(report: Report) -> dict[str, Any]:
    """A report: one item for each layer, never folded."""
    return {
        "name": report.net.name,
        "title": report.net.title,
        "source": report.net.source,
        **of_inputs(report),
        "batch": report.batch,
        "dtype": report.dtype,
        "convention": report.convention.name,
        "layers": [of_row(row) for row in report.rows],
        "totals": report.totals._asdict(),
        **({"incomplete": dict(report.uncounted)} if report.uncounted else {}),
    }


def of_inputs(report: Report) -> dict[str, Any]:
    """The input shape; where there are several, also each by its name."""
    shapes = {name: list(shape) for name, shape in report.inputs.items()}
    first = {"input": next(iter(shapes.values()))}
    return first if len(shapes) == 1 else {**first, "inputs": shapes}


def of_accuracy(accuracy: Accuracy | None) -> dict[str, Any] | None:
    """What was measured and published, by whom and on what data."""
    if accuracy is None:
        return None
    return {key: value for key, value in accuracy._asdict().items() if key != "at"}


def of_row(row: Row) -> dict[str, Any]:
    """One layer."""
    return {
        "name": row.name,
        "op": row.op,
        "inputs": [list(shape) for shape in row.inputs],
        "output": list(row.output),
        "attributes": dict(row.attributes),
        "dtype": row.dtype,
        "memory_bytes": row.memory_bytes,
        "storage": row.storage,
        "params": row.params,
        "params_bytes": row.params_bytes,
        "buffers": row.buffers,
        "macs": row.macs,
        "flops": row.flops,
        "ops": dict(row.ops),
        "receptive_field": None if row.receptive_field is None else list(row.receptive_field),
    }


def of_verdict(verdict: Verdict) -> dict[str, Any]:
    """A claim with what was computed for it."""
    return {
        "architecture": verdict.claim.architecture,
        "source": verdict.claim.source,
        "at": verdict.claim.at,
        "quantity": verdict.claim.quantity,
        "published": verdict.claim.printed,
        "computed": verdict.computed,
        "verdict": verdict.verdict,
        "explanation": verdict.explanation,
    }
