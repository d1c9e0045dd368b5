"""Is every published number recomputed, and does a false one fail?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archcost.claims import claims_of
from archcost.judge import Judge
from archcost.source import Source, parse
from archcost.spec import read_spec
from archcost.zoo import names, sources, specs

NET = """
input: [3, 8, 8]
params: {width: 4}
layers:
- {conv: {out: width, kernel: 3, pad: 1}, as: c}
- flatten
- {linear: 10, as: fc}
claims:
"""


def verdicts(claim: str) -> list[tuple[str, str]]:
    """Verdict and explanation of claims about a small net: 112 + 2,570 parameters, 6,912 + 2,560 MACs."""
    spec = read_spec(parse(Source("net", NET + claim)), "net")
    return [(v.verdict, v.explanation) for v in map(Judge().judge, claims_of(spec))]


def test_every_claim_comes_out(archcost) -> None:
    """No shipped figure is a mismatch, and each names a known source."""
    data = json.loads(archcost("verify", "--format", "json").stdout)
    assert data["summary"]["mismatch"] == 0
    assert len(data["claims"]) >= 2000, "what was published is not lost"
    assert {"architecture", "source", "at", "quantity", "published", "computed", "verdict", "explanation"} == set(
        data["claims"][0]
    )
    measured = {accuracy.source for spec in specs() for accuracy in spec.accuracy.values()}
    assert {claim["source"] for claim in data["claims"]} | measured == sources().keys()


def test_every_network_has_claims() -> None:
    """What nobody published a number about is not proven."""
    claimed = {claim.architecture for spec in specs() for claim in claims_of(spec)}
    assert set(names()) <= claimed


@pytest.mark.parametrize(
    "claim",
    [
        "- {source: x, params: 2.7 K}",
        '- {source: x, params: "2,682"}',
        "- {source: x, at: c, params: 112, output: 4 x 8 x 8, memory: 1 KB}",
        "- {source: x, at: c, output: 8}",
        "- {source: x, at: c, params: 108, convention: weights}",
        "- {source: x, macs: 9.4 K, rounded: down}",
        "- {source: x, macs: 9500, digits: 2}",
        "- {source: x, params: 22.95x, of: params(at='fc') / params(at='c'), rounded: up}",
        "- {source: x, at: fc, params: 100 %, of: params / params(at='fc')}",
        "- {source: x, set: {width: 8}, at: c, params: 224}",
        "- {source: x, symbols: w, set: {width: w}, at: c, params: 28*w}",
        "- {source: x, at: c, memory: 1024 B}",
        "- {source: x, at: c, memory: 1.02 KB, convention: {kilo: 1000}}",
        "- {source: x, at: c, elements: 2048, of: elements * 32 / 4}",
    ],
)
def test_right_figures_are_reproduced(claim: str) -> None:
    """Units, precision, parts, knobs, conventions, ratios and symbols."""
    assert {verdict for verdict, _ in verdicts(claim)} == {"reproduced"}


@pytest.mark.parametrize(
    "claim",
    [
        "- {source: x, params: 2.6 K}",
        '- {source: x, params: "2,683"}',
        "- {source: x, at: c, output: 4 x 8 x 9}",
        "- {source: x, macs: 9.5 K, rounded: down}",
        "- {source: x, symbols: w, set: {width: w}, at: c, params: 28*w + (w - 1)*(w - 2)*(w - 3)}",
        "- {source: x, params: 2.7 K, erratum: it is right}",
        "- {source: x, params: 3 M, erratum: wrong, reproduced_by: {set: {width: 5}}}",
        '- {source: x, params: "2,628", erratum: digits, reproduced_by: {set: {width: 4}}}',
    ],
)
def test_wrong_figures_are_mismatches(claim: str) -> None:
    """A figure that does not round to the print, an erratum that holds, an explanation that gives other digits."""
    assert {verdict for verdict, _ in verdicts(claim)} == {"mismatch"}


@pytest.mark.parametrize(
    "claim",
    [
        "- {source: x, params: 3.3 K, erratum: five filters, reproduced_by: {set: {width: 5}}}",
        '- {source: x, params: "2,628", erratum: digits exchanged, reproduced_by: {transposed: true}}',
        "- {source: x, params: 9 K, erratum: nobody knows}",
        "- {source: x, params: 16 K, erratum: counted six times, reproduced_by: {of: 6 * params}}",
    ],
)
def test_errata_are_explained(claim: str) -> None:
    """A wrong figure with the reading that gives its digits, or honestly without."""
    assert {verdict for verdict, _ in verdicts(claim)} == {"erratum"}


def test_mismatch_exits_1(archcost, tmp_path: Path) -> None:
    """A script sees that a check failed."""
    path = tmp_path / "net.yaml"
    path.write_text(NET + "- {source: lecun-1998, params: 5 M}")
    assert "mismatch" in archcost("verify", str(path), exit_code=1).stdout


def test_unknown_source_is_bad_input(archcost, tmp_path: Path) -> None:
    """A claim cites a source that the project knows."""
    path = tmp_path / "net.yaml"
    path.write_text(NET + "- {source: lecun-1989, params: 2.7 K}")
    assert (
        "sources.yaml has no 'lecun-1989', did you mean 'lecun-1998'?"
        in archcost("verify", str(path), exit_code=2).stderr
    )


def test_only_shows_one_verdict(archcost) -> None:
    """--only leaves the others out of the list, not out of the count."""
    data = json.loads(archcost("verify", "alexnet", "--only", "erratum", "--format", "json").stdout)
    assert {claim["verdict"] for claim in data["claims"]} == {"erratum"}
    assert data["summary"]["reproduced"] > 20


def test_every_variant_of_a_file_is_verified(archcost, tmp_path: Path) -> None:
    """A wrong figure is found in whichever variant it stands, also in a file named like a built-in one."""
    path = tmp_path / "alexnet.yaml"
    path.write_text(
        "input: [c, 8, 8]\nparams: {c: 1}\nlayers: [{conv: {out: 1, kernel: 1}}]\nvariants: {a: {}, b: {c: 2}}\n"
        "claims:\n  a:\n  - {source: lecun-1998, params: 2}\n  b:\n  - {source: lecun-1998, params: 2}\n"
    )
    summary = json.loads(archcost("verify", "alexnet", str(path), "--format", "json", exit_code=1).stdout)["summary"]
    assert summary["mismatch"] == 1
