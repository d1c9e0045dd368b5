"""Do files of blocks mean what they say, wherever they lie, and does the flat form leave nothing of them?"""

from __future__ import annotations

from pathlib import Path

import pytest

from archcost.dump import dump
from archcost.errors import SpecError
from archcost.net import propagate
from archcost.zoo import load_net

HEAD = "input: [3, 32, 32]\n"


def loaded(folder: Path, text: str, **files: str) -> list[str]:
    """The layers of a file, by name; each of the other files lies beside it as NAME.yaml."""
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(content)
    path = folder / "net.yaml"
    path.write_text(HEAD + text)
    return [n.name for n in load_net(str(path)).nodes[1:]]


@pytest.mark.parametrize("use", ["use: conv", "use: [conv]"])
def test_use_built_in_blocks(use: str, tmp_path: Path) -> None:
    """By name, one or a list."""
    assert loaded(tmp_path, f"{use}\nlayers: [conv_bn: {{out: 8, kernel: 3}}, conv_bn: {{out: 4, act: [relu]}}]") == [
        "conv_bn1/conv1",
        "conv_bn1/batchnorm1",
        "conv_bn2/conv1",
        "conv_bn2/batchnorm1",
        "conv_bn2/act1/relu1",
    ]


def test_use_a_file_beside_the_specification(tmp_path: Path) -> None:
    """Its blocks, those of built-in files and those of the specification use each other."""
    text = (
        "use: [own.yaml, conv, more.yaml]\nblocks: {tail: {layers: [gelu]}}\nlayers: [unit: 8, {pair: , as: p}, tail]"
    )
    own = "unit: {params: {out}, layers: [conv_bn: {out: out}, pair]}"
    assert loaded(tmp_path, text, own=own, more="pair: {layers: [elu, tail]}") == [
        "unit1/conv_bn1/conv1",
        "unit1/conv_bn1/batchnorm1",
        "unit1/pair1/elu1",
        "unit1/pair1/tail1/gelu1",
        "p/elu1",
        "p/tail1/gelu1",
        "tail1/gelu1",
    ]


def test_files_of_blocks_use_each_other(tmp_path: Path) -> None:
    """Each file counts once, by whatever way it is used, also where two use each other."""
    own = "use: [conv, more.yaml]\nunit: {params: {out}, layers: [conv_bn: {out: out}, pair]}"
    more = "use: own.yaml\npair: {layers: [elu]}\ntwice: {layers: [unit: 3, unit: 4]}"
    for use in ("own.yaml", "[conv, own.yaml]", "[own.yaml, more.yaml, own.yaml]"):
        assert loaded(tmp_path, f"use: {use}\nlayers: [twice]", own=own, more=more)[::3] == [
            "twice1/unit1/conv_bn1/conv1",
            "twice1/unit2/conv_bn1/conv1",
        ]


def test_files_of_blocks_in_a_long_row(tmp_path: Path) -> None:
    """As deep as anything else may be nested."""
    files = {f"f{i}": f"use: f{i + 1}.yaml\nb{i}: {{layers: [relu]}}" for i in range(99)}
    with pytest.raises(SpecError, match=r"f\d+\.yaml:1:6: files that use files, deeper than 64"):
        loaded(tmp_path, "use: f0.yaml\nlayers: [b1]", **files)


def test_block_of_another_file_sees_the_knobs(tmp_path: Path) -> None:
    """Those of the network that uses it, as its own blocks do."""
    text = "params: {deep: true}\nuse: own.yaml\nlayers: [unit]"
    assert loaded(tmp_path, text, own="unit: {layers: [relu, {tanh: , when: deep}]}") == ["unit1/relu1", "unit1/tanh1"]


def test_mistake_in_a_file_that_is_used(tmp_path: Path) -> None:
    """It is shown where it stands, and from where the block was used."""
    with pytest.raises(SpecError) as error:
        loaded(tmp_path, "use: own.yaml\nlayers: [unit]", own="unit:\n  layers:\n    - rulu\n")
    assert str(error.value) == (
        f"{tmp_path}/own.yaml:3:7: there is no layer or block 'rulu', did you mean 'relu'?\n"
        f"  in unit, used at {tmp_path}/net.yaml:3:10\n"
        "    3 |     - rulu\n"
        "      |       ^"
    )


def test_same_block_in_two_files_that_are_used(tmp_path: Path) -> None:
    """Which of them is meant cannot be known."""
    with pytest.raises(SpecError, match=r"net\.yaml:2:17: the block 'unit' of more\.yaml is there already"):
        loaded(
            tmp_path,
            "use: [own.yaml, more.yaml]\nlayers: [unit]",
            own="unit: {layers: [elu]}",
            more="unit: {layers: []}",
        )


FLAT = """use: conv
input: [3, 8, 6]
blocks:
  cell:
    inputs: [current, previous]
    layers:
      - {parameter: {shape: [4, 1, 1]}, as: gate}
      - {multiply: , from: [previous, gate], as: gated}
      - {add: , from: [current, gated]}
layers:
  - conv_bn: {out: 4, kernel: 3, act: [silu]}
  - conv_bn: 4
  - {cell: , repeat: 2}
  - reshape: [4, 48]
  - {permute: [1, 0], as: rows}
  - {parameter: {shape: [1, 4]}, as: token}
  - {concat: , from: [token, rows]}
  - add: [[], [parameter: {shape: [49, 4], trained: false}]]
  - {linear: {out: 12, over: last}, as: qkv}
  - {slice: {axis: -1, stop: 4}, from: qkv}
  - {unit_norm: , as: q}
  - {slice: {axis: -1, start: 4, stop: 8}, from: qkv, as: k}
  - {slice: {axis: -1, start: 8}, from: qkv, as: v}
  - {attention_scores: 2, from: [q, k]}
  - {reshape: [1, 2, 49, 49], as: scores}
  - parameter: {shape: [169, 2]}
  - {relative_position_bias: 7, as: bias}
  - {add: , from: [scores, bias]}
  - reshape: [2, 49, 49]
  - {softmax: , as: weights}
  - {weighted_values: , from: [weights, v]}
"""


def test_flat_form_is_the_same_net(tmp_path: Path) -> None:
    """Also where layers read nothing or two layers, and where blocks come from elsewhere."""
    path = tmp_path / "net.yaml"
    path.write_text(FLAT)
    first = load_net(str(path))
    path.write_text(dump(first))
    assert "use" not in path.read_text() and "blocks" not in path.read_text()
    again = load_net(str(path))
    for mine, theirs in zip(propagate(first), propagate(again), strict=True):
        assert mine.node[:4] == theirs.node[:4]
        assert (mine.inputs, mine.cost) == (theirs.inputs, theirs.cost)
    assert propagate(again)[-1].cost.out == (49, 4)
    assert sum(sum(step.cost.params.values()) for step in propagate(again)) == (
        (3 * 4 * 9 + 2 * 4) + (4 * 4 + 2 * 4) + 2 * 4 + 4 + (4 + 1) * 12 + 169 * 2
    )


# Accuracy.
