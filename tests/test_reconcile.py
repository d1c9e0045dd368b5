"""Do the differences between conventions add up, and is a number held against the tool that should have printed it?"""

from __future__ import annotations

import json

import pytest

from archcost import load
from archcost.presets import convention, names
from archcost.reconcile import QUANTITIES, accounts, bridge


@pytest.mark.parametrize("network", ["alexnet", "resnet50", "vit_b_16", "densenet121"])
def test_accounts_are_the_reports(network: str) -> None:
    """Each row has the totals that a table under the same convention has, and its parts add up to its FLOPs."""
    net = load(network)
    for found in accounts(net.net, list(map(convention, names()))):
        totals = net.report(found.convention).totals
        assert found.total("flops") == (totals.flops if found.convention.flops else None)
        assert found.total("params") == totals.params
        assert found.total("memory") == (totals.memory_bytes if found.convention.memory else None)


def test_bridges_add_up() -> None:
    """Between any two conventions the differences make the one of the other."""
    found = accounts(load("mobilenet_v2").net, list(map(convention, names())))
    for start in found:
        for end in found:
            for quantity in QUANTITIES:
                first, second = start.total(quantity), end.total(quantity)
                found_bridge = bridge(quantity, start, end)
                assert (found_bridge is None) == (first is None or second is None)
                if found_bridge:
                    assert first + sum(found_bridge.differences.values()) == second
                    assert all(found_bridge.differences.values())


def test_the_bridge_to_fvcore(archcost) -> None:
    """ResNet-50: fvcore adds two for each of 11,113,984 normalised elements, one for each that the last pool reads."""
    shown = archcost("reconcile", "resnet50", "--between", "macs", "fvcore").stdout
    assert (
        "macs 4,089,184,256 + batchnorm.output 22,227,968 + global_avgpool.input 100,352 = fvcore 4,111,512,576"
        in shown
    )
    assert 22_227_968 == 2 * 11_113_984 and 100_352 == 2048 * 7 * 7


def test_other_quantities(archcost) -> None:
    """Parameters and memory have bridges too: Keras adds the statistics of batch norms, torchinfo counts twice."""
    shown = archcost("reconcile", "resnet50", "--between", "macs", "keras").stdout
    assert "params from macs to keras" in shown and "flops from macs" not in shown
    assert "macs 25,557,032 + batchnorm.buffers 53,120 = keras 25,610,152" in shown
    assert (
        "memory from lecture to torchinfo"
        in archcost("reconcile", "alexnet", "--between", "lecture", "torchinfo").stdout
    )


def test_the_same_under_two_names(archcost) -> None:
    """`lecture` counts the additions of a global pool, fvcore the elements that it reads: as many, so no difference."""
    shown = archcost("reconcile", "resnet50", "--between", "lecture", "fvcore").stdout
    assert "lecture 4,091,090,944 + batchnorm.output 22,227,968 - maxpool.cmp 1,806,336 = fvcore 4,111,512,576" in shown


def test_either_megabyte(archcost) -> None:
    """The number of the table is confirmed, whether the tool's MB are 10**6 or 2**20 bytes."""
    for printed in ("44.46MB", "42.4MB", "42.4MiB", "44,459,936B"):
        assert (
            ": yes, 44,459,936 bytes"
            in archcost("reconcile", "resnet50", "--against", f"fvcore.memory={printed}").stdout
        )


def test_conventions_of_one_name(tmp_path, archcost) -> None:
    """Files may have conventions of the same name: each number is held against its own."""
    for folder, worth in (("a", 1), ("b", 3)):
        (tmp_path / f"{folder}.yaml").write_text(f"mine: {{flops: {{mac: {worth}}}}}\n")
    arguments = [f"--against={tmp_path}/a.yaml=716.8M", f"--against={tmp_path}/b.yaml:mine=2.15G"]
    assert archcost("reconcile", "alexnet", *arguments).stdout.count("yes") == 2


def test_against(archcost) -> None:
    """A number that the tool prints is confirmed; exit 0."""
    for printed in ("fvcore=4.112G", "fvcore=4.111G"):  # rounded, and cut off
        archcost("reconcile", "resnet50", "--against", printed)
    archcost("reconcile", "resnet50", "--against", "fvcore=4.113G", exit_code=1)
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
