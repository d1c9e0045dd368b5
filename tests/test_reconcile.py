"""Do the differences between conventions add up, and is a number held against the tool that should have printed it?"""

from __future__ import annotations

import json

import pytest

from archcost import load
from archcost.presets import convention, names
from archcost.reconcile import accounts, bridge


@pytest.mark.parametrize("network", ["alexnet", "resnet50", "vit_b_16", "densenet121"])
def test_accounts_are_the_reports(network: str) -> None:
    """Each row has the totals that a table under the same convention has, and its parts add up to its FLOPs."""
    net = load(network)
    for found in accounts(net.net, list(map(convention, names()))):
        totals = net.report(found.convention).totals
        assert found.flops == (totals.flops if found.convention.flops else None)
        assert found.params == totals.params
        assert found.memory == (totals.memory_bytes if found.convention.memory else None)
        assert sum(found.parts.values()) == (found.flops or 0)


def test_bridges_add_up() -> None:
    """Between any two conventions the differences make the one of the other."""
    found = accounts(load("mobilenet_v2").net, list(map(convention, names())))
    for start in found:
        for end in found:
            differences = bridge(start, end).differences
            assert (start.flops or 0) + sum(differences.values()) == (end.flops or 0)
            assert all(differences.values())


def test_the_bridge_to_fvcore(archcost) -> None:
    """ResNet-50: fvcore adds two for each of 11,113,984 normalised elements, one for each that the last pool reads."""
    shown = archcost("reconcile", "resnet50", "--between", "macs", "fvcore").stdout
    assert (
        "macs 4,089,184,256 + batchnorm.output 22,227,968 + global_avgpool.input 100,352 = fvcore 4,111,512,576"
        in shown
    )
    assert 22_227_968 == 2 * 11_113_984 and 100_352 == 2048 * 7 * 7


def test_against(archcost) -> None:
    """A number that the tool prints is confirmed; exit 0."""
    result = archcost("reconcile", "resnet50", "--against", "fvcore=4.11G", "--against", "torch.params=25,557,032")
    assert "fvcore, flops 4.11G: yes, 4,111,512,576" in result.stdout
    assert "torch, params 25,557,032: yes" in result.stdout


def test_against_another_tool(archcost) -> None:
    """A number that another tool prints is said to be that one's; exit 1."""
    result = archcost("reconcile", "resnet50", "--against", "fvcore=8.178G", exit_code=1)
    assert "fvcore, flops 8.178G: no, it should be 4,111,512,576; it is what torch would say" in result.stdout
    assert "from macs to fvcore" in result.stdout


def test_against_nothing(archcost) -> None:
    """A number that no convention gives; and one that a tool does not print at all."""
    result = archcost("reconcile", "resnet50", "--against", "fvcore=9G", "--against", "keras=4G", exit_code=1)
    assert "fvcore, flops 9G: no, it should be 4,111,512,576; no convention here gives it" in result.stdout
    assert "keras, flops 4G: no, it prints none" in result.stdout


def test_json(archcost) -> None:
    """Exact integers, and null for what a tool does not print."""
    data = json.loads(
        archcost("reconcile", "alexnet", "--against", "torch=1.4G", "--format", "json", exit_code=0).stdout
    )
    by_name = {row["name"]: row for row in data["conventions"]}
    assert data["macs"] == 716_767_232
    assert by_name["torch"]["flops"] == 2 * 716_767_232
    assert by_name["keras"]["flops"] is None
    assert data["against"][0]["holds"] is True
    fully = 9216 * 4096 + 4096 * 4096 + 4096 * 1000  # the three fully connected layers
    assert data["bridges"][0]["differences"] == {"conv.mac": 716_767_232 - fully, "linear.mac": fully}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--against", "fvcore"], "--against takes TOOL=NUMBER, such as fvcore=4.11G, not 'fvcore'"),
        (["--against", "fvcor=4G"], "there is no convention 'fvcor', did you mean 'fvcore'?"),
        (["--against", "fvcore.flop=4G"], "there is no quantity 'flop', did you mean 'flops'?"),
        (["--against", "fvcore=4 Q"], "there is no unit 'Q'"),
        (["--against", "fvcore=4.11"], "has no unit"),
        (["--against", "torchinfo.memory=177"], "has no unit"),
        (["--between", "macs", "ful"], "there is no convention 'ful', did you mean 'full'?"),
    ],
)
def test_bad_input(archcost, arguments: list[str], message: str) -> None:
    """One clear line."""
    assert message in archcost("reconcile", "resnet50", *arguments, exit_code=2).stderr
