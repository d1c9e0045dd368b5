"""Are conventions data that anyone can read and write, and does a count follow from what they say?"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from archcost import load, presets
from archcost.fold import fold_batchnorms
from archcost.net import propagate
from archcost.presets import convention, in_file, names
from archcost.schema import schema
from archcost.source import parse
from archcost.zoo import CONVENTIONS

SPEC = """
input: [3, 8, 8]
conventions:
  mine: {flops: %s, memory: %s}
blocks:
  outer: {layers: [inner, relu]}
  inner: {layers: [{conv: {out: 4, kernel: 1, bias: false}}, relu]}
layers: [outer, conv: {out: 2, kernel: 1, bias: false}, relu]
"""
RELU, FIRST, SECOND = 4 * 8 * 8, 4 * 3 * 8 * 8, 2 * 4 * 8 * 8  # comparisons of a ReLU on 4 maps; multiplications
LAST = 2 * 8 * 8


def totals(tmp_path: Path, archcost: Any, flops: str = "{}", memory: str = "{}") -> dict[str, int]:
    """The totals of the network above under its own convention."""
    (tmp_path / "net.yaml").write_text(SPEC % (flops, memory))
    result = archcost("table", str(tmp_path / "net.yaml"), "--convention", "mine", "--format", "json")
    return json.loads(result.stdout)["totals"]


@pytest.mark.parametrize(
    ("flops", "expected"),
    [
        ("{mac: 1}", FIRST + SECOND),
        ("{mac: 2, cmp: 1}", 2 * (FIRST + SECOND) + 2 * RELU + LAST),
        ("{conv.mac: 1, relu.cmp: 3}", FIRST + SECOND + 3 * (2 * RELU + LAST)),
        ("{mac: 1, outer.mac: 0}", SECOND),  # a block goes before what is said of all
        ("{cmp: 1, relu.cmp: 5, outer.cmp: 2}", 2 * 2 * RELU + 5 * LAST),  # and before what is said of a layer type
        ("{cmp: 1, outer.cmp: 2, inner.cmp: 7}", (2 + 7) * RELU + LAST),  # the inner block before the outer
        ("{inner.cmp: 7, outer/relu.cmp: 3}", (3 + 3) * RELU),  # two names before one
        ("{outer/inner/relu.cmp: 9, outer/relu.cmp: 3}", (9 + 3) * RELU),  # three before two
        ("{outer/conv.mac: 1, inner/relu.mac: 5}", FIRST),  # all names must be true of the layer
        ("{net/relu.cmp: 1, cmp: 0}", 2 * RELU + LAST),  # the file of the network
        ("{conv.input: 1}", 3 * 64 + 4 * 64),
        ("{conv.output: 1}", 4 * 64 + 2 * 64),
        ("{conv.params: 10}", 10 * (3 * 4 + 4 * 2)),
        ("{relu.layer: 1}", 3),
        ("{layer: 1}", 5),  # the input of the network is no layer
        ("{output: 1}", 3 * 4 * 64 + 2 * 2 * 64),
        ("{conv.strides: 1}", 4 * 64 + 2 * 64),
    ],
)
def test_what_is_counted(tmp_path, archcost, flops: str, expected: int) -> None:
    """Kinds, layer types, blocks and files; what knows most about a layer wins."""
    assert totals(tmp_path, archcost, flops)["flops"] == expected


@pytest.mark.parametrize(
    ("memory", "elements"),
    [
        ("{new: 1}", (3 + 4 + 2) * 64),  # the input too
        ("{new: 1, input: 0}", (4 + 2) * 64),
        ("{conv: 2, relu: 1, outer/conv: 0}", (2 * 2 + 4 + 4 + 2) * 64),
        ("{inplace: 1, inner: 0}", (4 + 2) * 64),
    ],
)
def test_what_is_held(tmp_path, archcost, memory: str, elements: int) -> None:
    """Storages, layer types and blocks."""
    assert totals(tmp_path, archcost, memory=memory)["memory_bytes"] == 4 * elements


def test_fields(tmp_path) -> None:
    """A base gives what is not said; lists of parameters, bytes of a KB and of an element are taken over."""
    path = tmp_path / "some.yaml"
    path.write_text(
        "half: {base: macs, dtype: float16, kilo: 1000, params: [weight], text: mine, known: [none]}\n"
        "double: {base: half, flops: {mac: 2}}\n"
    )
    half, double = in_file(f"{path}:half"), in_file(f"{path}:double")
    assert (half.flops, half.dtype, half.kilo, half.known) == ({"mac": 1}, "float16", 1000, ("none",))
    assert (double.flops, double.params, double.dtype) == ({"mac": 2}, {"weight": 1}, "float16")
    net = load("alexnet")
    report = net.report(double)
    assert report.totals.flops == 2 * net.totals.macs
    assert 2 * report.totals.memory_bytes == net.totals.memory_bytes
    assert net.report(double, dtype="float32").totals.memory_bytes == net.totals.memory_bytes


BAD = {
    "flops: {mca: 1}": "2:11: there is no kind of operation 'mca', did you mean 'mac'?",
    "flops: {maxpol.cmp: 1}": "2:11: there is no layer or block 'maxpol', did you mean 'maxpool'?",
    "flops: {vit/sef_attention.mac: 1}": "2:11: there is no layer or block 'sef_attention', did you mean 'self_att",
    "flops: {mac: -1}": "2:16: what 'mac' is worth must be a whole number from 0 to 1,000,000, is -1",
    "flops: {mac: 0.5}": "2:16: what 'mac' is worth must be a whole number from 0 to 1,000,000, is 0.5",
    "flops: {mac: true}": "2:16: what 'mac' is worth must be a whole number from 0 to 1,000,000, is true",
    "flops: [mac]": "2:10: flops must be a map of names with whole numbers",
    "flop: {mac: 1}": "2:3: a convention has no 'flop', did you mean 'flops'?",
    "params: [wieght]": "2:12: there is no kind of parameter 'wieght', did you mean 'weight'?",
    "params: {conv.wieght: 1}": "2:12: there is no kind of parameter 'wieght', did you mean 'weight'?",
    "params: 3": "2:11: params must be a map of names with whole numbers",
    "memory: {nwe: 1}": "2:12: there is no layer or block 'nwe', did you mean 'new'?",
    "kilo: 1025": "2:9: kilo must be 1000 or 1024, is 1025",
    "dtype: float31": "2:10: there is no dtype 'float31', did you mean 'float32'?",
    "fold: maybe": "2:9: fold must be true or false, is 'maybe'",
    "known: none": "2:10: known must be a list of sentences",
    "text: [a]": "2:9: text must be text",
    "base: lectur": "2:9: there is no convention 'lectur', did you mean 'lecture'?",
    "base: mine": "2:9: the convention 'mine' is its own base, directly or by way of others",
}


@pytest.mark.parametrize(("line", "message"), BAD.items())
def test_bad_conventions(tmp_path, archcost, line: str, message: str) -> None:
    """One message with file, line and column, the line itself, and the nearest valid word."""
    path = tmp_path / "mine.yaml"
    path.write_text(f"mine:\n  {line}\n")
    for command in (["conventions"], ["table", "alexnet", "--convention"]):
        error = archcost(*command, str(path), exit_code=2).stderr
        assert f"mine.yaml:{message}" in error
        assert line in error


def test_bad_files(tmp_path, archcost) -> None:
    """Files that hold no convention, none of that name, several or one that is built in."""
    path = tmp_path / "some.yaml"

    def error(text: str, name: str = "") -> str:
        path.write_text(text)
        return archcost("conventions", f"{path}{name}", exit_code=2).stderr

    assert "1:1: a file of conventions is a map of names" in error("[a]")
    assert "1:4: a convention is a map of text, tool, base" in error("a: 1")
    assert "has 2 conventions: name one" in error("a: {}\nb: {}\n")
    assert "has no convention 'c', only a, b" in error("a: {}\nb: {}\n", ":c")
    assert "1:1: there is a built-in convention 'macs' already" in error("macs: {}")
    assert r"'x\x1b[31mred' is not a name" in error('"x\\e[31mred": {}')
    assert "2:11: the convention 'a' is its own base" in error("a: {base: b}\nb: {base: a}\n", ":a")
    chain = "".join(f"c{i}: {{base: c{i + 1}}}\n" for i in range(500))
    assert "more than 50 conventions, each the base of another" in error(chain, ":c0")
    assert "cannot be read" in archcost("conventions", str(tmp_path / "none.yaml"), exit_code=2).stderr


def test_conventions_of_a_specification(tmp_path, archcost) -> None:
    """They are shown, and used for other networks, by the name of the file; a file may name blocks of the network."""
    (tmp_path / "net.yaml").write_text(SPEC % ("{outer.mac: 1}", "{new: 1}"))
    path = str(tmp_path / "net.yaml")
    assert "outer.mac" in archcost("conventions", f"{path}:mine").stdout
    assert "convention mine" in archcost("table", "alexnet", "--convention", path).stdout
    (tmp_path / "other.yaml").write_text("other: {flops: {inner.cmp: 1}}\n")
    shown = archcost("table", path, "--convention", str(tmp_path / "other.yaml"), "--format", "json").stdout
    assert json.loads(shown)["totals"]["flops"] == RELU
    (tmp_path / "none.yaml").write_text("input: [3, 8, 8]\nlayers: [relu]\n")
    error = archcost("conventions", str(tmp_path / "none.yaml"), exit_code=2).stderr
    assert "has no conventions of its own" in error


# What an editor can see without knowing the layers, blocks and other conventions.
SEEN = [
    line for line in BAD if re.match(r"flop: |flops: (\[|\{mac: )|params: [\[3]|(kilo|dtype|fold|known|text): ", line)
]


@pytest.mark.parametrize("line", SEEN)
def test_schema_refuses_what_is_bad(line: str) -> None:
    """An editor marks what the command refuses."""
    document = {"input": [3, 8, 8], "layers": ["relu"], "conventions": {"mine": yaml.safe_load(line)}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema())
    jsonschema.validate({**document, "conventions": {"mine": {"base": "macs", "params": ["weight"]}}}, schema())


def test_own_conventions_are_validated(tmp_path, archcost) -> None:
    """`validate` reads the conventions of a specification."""
    (tmp_path / "net.yaml").write_text(SPEC % ("{mac: 1}", "{nwe: 1}"))
    assert "'nwe', did you mean 'new'?" in archcost("validate", str(tmp_path / "net.yaml"), exit_code=2).stderr


def test_list_and_explanation(archcost) -> None:
    """All are listed with a sentence; one is explained with its kinds in words, as data too."""
    listed = archcost("conventions").stdout
    assert all(name in listed for name in names())
    shown = archcost("conventions", "connections").stdout
    assert "subsample.add" in shown and "parameters: weight, bias" in shown
    (data,) = json.loads(archcost("conventions", "macs", "--format", "json").stdout)["conventions"]
    assert (data["name"], data["flops"], data["kilo"]) == ("macs", {"mac": 1}, 1024)


def test_unknown_convention(archcost) -> None:
    """The nearest name, or where to look."""
    assert "did you mean 'fvcore'?" in archcost("table", "alexnet", "--convention", "fvcor", exit_code=2).stderr
    assert "archcost conventions shows all" in archcost("table", "alexnet", "--convention", "xyz", exit_code=2).stderr


def test_fold() -> None:
    """A batch norm behind a convolution becomes its bias; where others read the convolution too it stays."""
    plain = load("resnet50").net
    folded = fold_batchnorms(plain)
    assert sum(node.op == "batchnorm" for node in plain.nodes) == 53
    assert not any(node.op == "batchnorm" for node in folded.nodes)
    steps = propagate(folded)
    channels = sum(step.cost.out[0] for step in propagate(plain) if step.node.op == "batchnorm")
    assert sum(step.cost.params["bias"] for step in steps if step.node.op == "conv") == channels
    assert sum(step.cost.ops.get("mac", 0) for step in steps) == load("resnet50").totals.macs
    assert [step.cost.out for step in steps if step.node.op == "conv"] == [
        step.cost.out for step in propagate(plain) if step.node.op == "conv"
    ]


def test_fold_in_densenet() -> None:
    """In DenseNet-121 only the batch norms behind a convolution are folded: the first, and that between the 1 x 1 and
    the 3 x 3 convolution of each of its 58 layers; the others follow a concatenation or a pool."""
    folded = fold_batchnorms(load("densenet121").net)
    assert sum(node.op == "batchnorm" for node in folded.nodes) == 121 - 59


@pytest.mark.parametrize(
    ("layers", "left"),
    [
        ("[conv: {out: 4, kernel: 1, bias: false}, batchnorm, relu]", ["conv1", "relu1"]),
        ("[depthwise: {kernel: 3, bias: false}, batchnorm]", ["depthwise1"]),
        ("[transposed_conv: {out: 4, kernel: 2}, batchnorm]", ["transposed_conv1"]),
        ("[flatten, linear: {out: 4, bias: false}, batchnorm]", ["flatten1", "linear1"]),
        ("[conv: {out: 4, kernel: 1}, relu, batchnorm]", ["conv1", "relu1", "batchnorm1"]),
        # Another layer reads the convolution too, and the output of a net stays its last node.
        ("[{conv: {out: 3, kernel: 1}, as: c}, add: {a: [batchnorm], b: [relu]}]", ["c", "add1/a/batchnorm1"]),
        (
            "[{conv: {out: 3, kernel: 1}, as: c}, conv: {out: 5, kernel: 1}, {batchnorm: , from: c}]",
            ["c", "conv1", "batchnorm1"],
        ),
    ],
)
def test_fold_of_each_kind(tmp_path, layers: str, left: list[str]) -> None:
    """What is folded into which layer, and what is not; what was folded into has a bias."""
    (tmp_path / "net.yaml").write_text(f"input: [3, 8, 8]\nlayers: {layers}\n")
    net = load(tmp_path / "net.yaml").net
    folded = fold_batchnorms(net)
    assert [node.name for node in folded.nodes][1 : 1 + len(left)] == left
    gone = len(net.nodes) > len(folded.nodes)
    (into, *_) = (step for step in propagate(folded) if "weight" in step.cost.params)
    assert into.cost.params["bias"] == into.cost.out[0] or not gone
    assert propagate(folded)[-1].cost.out == propagate(net)[-1].cost.out


def test_one_entry_is_read(monkeypatch) -> None:
    """Of the built-in file only the entry that is asked for is parsed, and its lines keep their numbers."""
    read = []

    def noted(source: Any) -> Any:
        read.append(parse(source))
        return read[-1]

    monkeypatch.setattr(presets, "parse", noted)
    presets.convention.cache_clear()
    convention("full")
    (entry,) = read[0].data.values()
    assert len(read) == 1 and list(read[0].data) == ["full"]
    assert CONVENTIONS.read_text().splitlines()[entry.key_at.line - 1] == "full:"
