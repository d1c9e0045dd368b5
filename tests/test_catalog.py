"""Do `list`, `show`, `validate`, `layers` and `schema` tell the truth?"""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from archcost.cost import layer_names, layer_type
from archcost.dump import dump
from archcost.expand import expand
from archcost.net import propagate
from archcost.source import Source, parse
from archcost.spec import read_spec
from archcost.zoo import SPECS, find, load_net, names, spec_files


def test_list_names_every_network(archcost) -> None:
    """One entry for each variant, with exact counts."""
    items = {item["name"]: item for item in json.loads(archcost("list", "--format", "json").stdout)["architectures"]}
    assert sorted(items) == sorted(names())
    assert (items["vgg16"]["params"], items["vgg16"]["year"], items["vgg16"]["input"]) == (
        138_357_544,
        2014,
        [3, 224, 224],
    )
    assert all(item["source"] for item in items.values())


def test_names_that_scripts_rely_on() -> None:
    """Beside those of torchvision, timm and Keras, which have references."""
    depths = (20, 32, 44, 56, 110, 1202)
    assert {
        *(f"resnet{depth}_cifar" for depth in depths),
        *("plain20_cifar", "plain56_cifar", "plain34", "wrn_28_10", "resnext29_8x64d_cifar"),
        *("densenet_bc_100_12_cifar", "inception_v2", "shufflenet_v1", "nasnet_a_mobile", "nin"),
    } <= {*names()}


def test_list_has_published_accuracy(archcost) -> None:
    """torchvision's of ResNet-50; nothing where nothing was published."""
    items = {item["name"]: item for item in json.loads(archcost("list", "--format", "json").stdout)["architectures"]}
    accuracy = {"top1": 76.13, "top5": 92.862, "source": "torchvision", "data": "ImageNet", "note": "IMAGENET1K_V1"}
    assert items["resnet50"]["accuracy"] == accuracy
    assert items["plain_residual"]["accuracy"] is None
    rows = archcost("list", "resnet50", "--format", "csv").stdout.splitlines()
    assert "resnet50,2015,3x224x224,25557032,4091090944,76.13,92.862," in rows[1]
    assert " 99.1 " in archcost("list", "lenet5").stdout, "0.95 % of errors on MNIST; halves are rounded up"


def test_accuracy_names_a_known_source(archcost, tmp_path: Path) -> None:
    """`validate` looks it up."""
    net = tmp_path / "net.yaml"
    net.write_text("input: [3, 8, 8]\nlayers: [relu]\naccuracy: {top1: 50, source: torchvison}\n")
    message = "net.yaml:3:11: sources.yaml has no 'torchvison', did you mean 'torchvision'?"
    assert message in archcost("validate", str(net), exit_code=2).stderr


def test_list_is_the_field_by_year(archcost) -> None:
    """From 1998 on, and a family's source is shown once."""
    years = [item["year"] for item in json.loads(archcost("list", "--format", "json").stdout)["architectures"]]
    assert years == sorted(years) and years[0] == 1998
    assert archcost("list", "vgg").stdout.count("Simonyan") == 1


def test_list_filters_by_text(archcost) -> None:
    """A word in the name, title or source."""
    found = json.loads(archcost("list", "ZFNET", "--format", "json").stdout)["architectures"]
    assert {item["name"] for item in found} >= {"zfnet"} and len(found) < 5


@pytest.mark.parametrize("name", names())
def test_expanded_specs_read_back(name: str) -> None:
    """The flat form of a net is a specification of the same net, layer by layer."""
    net = load_net(name)
    again = expand(read_spec(parse(Source("flat", dump(net))), "flat"))
    assert [(n.name, n.op, n.inputs, dict(n.attributes)) for n in again.nodes] == [
        (n.name, n.op, n.inputs, dict(n.attributes)) for n in net.nodes
    ]


def test_show_prints_the_file(archcost) -> None:
    """As it is written, comments included."""
    assert archcost("show", "vgg16").stdout == (SPECS / "vgg.yaml").read_text("utf-8")
    assert "conv1" in archcost("show", "alexnet", "--expanded", "--set", "resolution=224").stdout


def test_validate_accepts_the_shipped_specs(archcost) -> None:
    """Every file, every variant."""
    files = [str(path) for path in spec_files()]
    assert archcost("validate", *files).stdout.count(": ok") == len(files)


def test_validate_reports_each_bad_file(archcost, tmp_path: Path) -> None:
    """All files are looked at; one bad one makes exit code 2."""
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("input: [3, 8, 8]\nlayers: [relu]\n")
    bad.write_text("input: [3, 8, 8]\nlayers: [rellu]\n")
    result = archcost("validate", str(bad), str(good), exit_code=2)
    assert f"{good}: ok" in result.stdout
    assert f"{bad}:2:10: there is no layer or block 'rellu', did you mean 'relu'?" in result.stderr


@pytest.mark.parametrize("name", layer_names())
def test_layers_explains_each(archcost, name: str) -> None:
    """Every attribute is listed, and where the formula comes from."""
    text = archcost("layers", name).stdout
    assert "Source: " in text
    assert all(attribute in text for attribute in layer_type(name).attributes)


def test_unknown_layer_is_suggested(archcost) -> None:
    """A near name is offered."""
    assert "there is no layer 'convv', did you mean 'conv'?" in archcost("layers", "convv", exit_code=2).stderr


def test_schema_accepts_what_archcost_accepts(archcost) -> None:
    """Every shipped specification is valid by the JSON Schema, and the schema itself is one."""
    schema = json.loads(archcost("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in spec_files():
        validator.validate(yaml.safe_load(path.read_text("utf-8")))


@pytest.mark.parametrize(
    "layers",
    ["[{conv: {kernel: 3}}]", "[{conv: {out: 3, kernel: 3, strid: 1}}]", "[{conv: {out: yes, kernel: 3}}]", "[3]"],
)
def test_schema_refuses_what_archcost_refuses(archcost, layers: str) -> None:
    """A missing or unknown key, a wrong type."""
    schema = json.loads(archcost("schema").stdout)
    document = yaml.safe_load(f"input: [3, 8, 8]\nlayers: {layers}")
    assert not jsonschema.Draft202012Validator(schema).is_valid(document)


@pytest.mark.parametrize("name", names())
def test_classifiers_have_knobs(name: str) -> None:
    """Whatever ends in a thousand classes can be given another number, and another resolution."""
    spec, variant = find(name)
    if propagate(expand(spec, variant))[-1].cost.out == (1000,):
        assert {"resolution", "classes"} <= spec.params.keys()
        assert propagate(expand(spec, variant, {"classes": 10}))[-1].cost.out == (10,)
