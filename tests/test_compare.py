"""Does `archcost compare` show the lectures' ratios, what they should have been, and why?"""

from __future__ import annotations

import json


def test_totals_and_ratios(archcost) -> None:
    """Totals side by side; ratios of the last network to the first."""
    data = json.loads(archcost("compare", "alexnet", "vgg16", "--format", "json").stdout)
    first, second = data["architectures"]
    assert (first["name"], second["name"]) == ("alexnet", "vgg16")
    assert (first["totals"]["params"], second["totals"]["params"]) == (61_100_840, 138_357_544)
    assert (first["totals"]["macs"], second["totals"]["macs"]) == (716_767_232, 15_470_264_320)
    assert data["ratios"]["params"] == 138_357_544 / 61_100_840
    assert second["ratios"] == data["ratios"] and set(first["ratios"].values()) == {1}


def test_published_accuracy_stands_beside(archcost) -> None:
    """As torchvision publishes it, with who and on what; not of a network that was changed, nor of a part."""
    text = archcost("compare", "vgg16", "resnet50").stdout
    rows = [line.split() for line in text.splitlines()]
    assert ["top-1,", "%", "71.592", "76.13"] in rows and ["top-5,", "%", "90.382", "92.862"] in rows
    assert "accuracy of vgg16, resnet50: ImageNet, torchvision, IMAGENET1K_V1" in text
    assert "top-1" not in archcost("compare", "vgg16", "resnet50", "--set", "resolution=160").stdout
    assert "top-1" not in archcost("compare", "vgg16", "resnet50", "--until", "56").stdout
    data = json.loads(archcost("compare", "vgg16", "resnet50", "--format", "json").stdout)
    assert [item["accuracy"]["top1"] for item in data["architectures"]] == [71.592, 76.13]


def test_lecture_ratios_are_judged(archcost) -> None:
    """25X, 2.3X and 19.4X: one is right, two were computed for a drawing with a layer missing."""
    published = json.loads(archcost("compare", "alexnet", "vgg16", "--format", "json").stdout)["published"]
    by_print = {claim["published"].replace(" ", "").lower(): claim["verdict"] for claim in published}
    assert by_print["2.3x"] == "reproduced"
    assert by_print["25x"] == by_print["19.4x"] == "erratum"


def test_stem_comparison(archcost) -> None:
    """Up to the first 28 x 28 map: the stem of GoogLeNet against VGG-16, as the lecture has it and as it is."""
    data = json.loads(archcost("compare", "googlenet", "vgg16", "--until", "28", "--format", "json").stdout)
    googlenet, vgg = (item["totals"] for item in data["architectures"])
    assert googlenet["memory_bytes"] == 4 * (64 * 112**2 + 64 * 56**2 * 2 + 192 * 56**2 + 192 * 28**2), "7.5 MB"
    assert googlenet["params"] == (64 * 3 * 49 + 64) + (64 * 64 + 64) + (192 * 64 * 9 + 192), "124 K"
    assert vgg["macs"] == 9_335_144_448, "the lecture prints 7485 M, for two conv3 layers"
    assert {claim["at"] for claim in data["published"]} == {"until 28"}
    prints = {claim["published"].replace(" ", "").lower() for claim in data["published"]}
    assert {"5.7x", "8.9x", "17.8x"} <= prints


def test_from_is_the_rest(archcost) -> None:
    """What lies up to a map and what lies behind it add up to the whole."""
    whole, head, tail = (
        [
            a["totals"]
            for a in json.loads(archcost("compare", "vgg16", "vgg19", *part, "--format", "json").stdout)[
                "architectures"
            ]
        ]
        for part in ([], ["--until", "28"], ["--from", "28"])
    )
    for a, b, c in zip(whole, head, tail, strict=True):
        for name in ("params", "macs", "flops", "memory_bytes", "layers"):
            assert b[name] + c[name] == a[name]


def test_stages_sum_to_the_total(archcost) -> None:
    """The table by scale leaves nothing out."""
    for item in json.loads(archcost("compare", "alexnet", "resnet50", "--format", "json").stdout)["architectures"]:
        for name in ("params", "macs", "flops", "memory_bytes"):
            assert sum(stage[name] for stage in item["stages"]) == item["totals"][name]


def test_stages_align_by_scale(archcost) -> None:
    """AlexNet's 27 x 27 and VGG's 28 x 28 are both an eighth of the input."""
    text = archcost("compare", "alexnet", "vgg16").stdout
    row = next(line for line in text.splitlines() if line.startswith("1/8"))
    assert row.split()[1] == "27" and "28" in row.split()


def test_tokens_belong_to_their_map(archcost) -> None:
    """ViT-B/16 works on one scale, Swin-T on four, however windows and tokens are shaped."""
    data = json.loads(archcost("compare", "vit_b_16", "swin_t", "--format", "json").stdout)
    maps = [{stage["scale"]: stage["maps"] for stage in item["stages"]} for item in data["architectures"]]
    assert maps[0] == {4: [[14, 14]], None: []}
    assert maps[1] == {2: [[56, 56]], 3: [[28, 28]], 4: [[14, 14]], 5: [[7, 7]], None: []}


def test_one_network_is_no_comparison(archcost) -> None:
    """Two networks at least, and only one of --until and --from."""
    assert "two networks or more" in archcost("compare", "alexnet", exit_code=2).stderr
    assert "exclude" in archcost("compare", "alexnet", "vgg16", "--until", "28", "--from", "28", exit_code=2).stderr


def test_a_map_that_never_comes(archcost) -> None:
    """The error says which maps there are."""
    text = archcost("compare", "alexnet", "vgg16", "--until", "30", exit_code=2).stderr
    assert "never becomes a map of 30 x 30; its maps are 56, 27, 13, 6" in text


def test_behind_a_map_depth_and_peak_are_of_the_rest(archcost) -> None:
    """VGG-16 has seven layers with weights up to 28 x 28, and nine behind it."""
    data = json.loads(archcost("compare", "vgg16", "vgg19", "--from", "28", "--format", "json").stdout)
    totals = data["architectures"][0]["totals"]
    assert totals["depth"] == 16 - 7
    assert totals["peak_memory_bytes"] == 4 * (512 + 512) * 28 * 28


def test_each_network_takes_the_settings_that_it_has(archcost, onnx_file: str) -> None:
    """What only a file leaves open is its own; what both have is for both; what a specification has stays."""
    given = ("--set", "height=10", "--set", "resolution=256", "--set", "classes=7")
    data = json.loads(archcost("compare", onnx_file, "alexnet", *given, "--format", "json").stdout)
    first, second = (item["totals"] for item in data["architectures"])
    assert first["macs"] == 4 * 3 * 9 * 10 * 256
    own = ("--set", "resolution=256", "--set", "classes=7")
    alone = json.loads(archcost("table", "alexnet", *own, "--format", "json").stdout)
    assert (second["macs"], second["params"]) == (alone["totals"]["macs"], alone["totals"]["params"])


def test_settings_that_nobody_has(archcost, onnx_file: str) -> None:
    """A name is a mistake, and so is a size that is none."""
    given = ("--set", "resolution=256", "--set", "hight=10")
    error = archcost("compare", onnx_file, "alexnet", *given, exit_code=2).stderr
    assert "alexnet has 'hight' to set, did you mean 'height'" in error
    given = ("--set", "resolution=256", "--set", "height=1.5")
    error = archcost("compare", onnx_file, "alexnet", *given, exit_code=2).stderr
    assert error == "height must be a whole number from 1, is 1.5\n"
    error = archcost("compare", onnx_file, "alexnet", "--input", "3,8,8", exit_code=2).stderr
    assert "--input is for models of PyTorch and Keras" in error
