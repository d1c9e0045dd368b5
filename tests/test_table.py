"""Does `archcost table` show what the lectures print, and what each option says?"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from archcost import load
from archcost.net import propagate
from archcost.report import depth, folded, grouped
from archcost.zoo import load_net

# The lectures' table of AlexNet: layer; input C, H/W; filters, kernel, stride, pad; output C, H/W; memory KB;
# params K, MFLOP. Two cells are errata there: conv4 prints 145 M (43,264 * 3,456 = 149.5 M), fc6 prints weights only.
LECTURE = """
conv1 3 227 64 11 4 2 64 56 784 23 73
pool1 64 56 - 3 2 0 64 27 182 0 0
conv2 64 27 192 5 1 2 192 27 547 307 224
pool2 192 27 - 3 2 0 192 13 127 0 0
conv3 192 13 384 3 1 1 384 13 254 664 112
conv4 384 13 256 3 1 1 256 13 169 885 150
conv5 256 13 256 3 1 1 256 13 169 590 100
pool5 256 13 - 3 2 0 256 6 36 0 0
flatten 256 6 - - - - 9216 - 36 0 0
fc6 9216 - 4096 - - - 4096 - 16 37,753 38
"""


def test_alexnet_row_for_row(archcost) -> None:
    """The rows of the lecture, in its units, under its names."""
    lines = archcost("table", "alexnet").stdout.splitlines()[3:13]
    expected = [[cell for cell in row.split() if cell != "-"] for row in LECTURE.strip().splitlines()]
    assert [line.split()[: len(row)] for line, row in zip(lines, expected, strict=True)] == expected


def test_convention_is_named(archcost) -> None:
    """Every table says what it counts by."""
    for form in ("rich", "markdown"):
        assert "convention macs: " in archcost("table", "alexnet", "--convention", "macs", "--format", form).stdout


def test_json_contract(archcost) -> None:
    """Names and values that scripts rely on, exact to the unit."""
    data = json.loads(archcost("table", "alexnet", "--format", "json").stdout)
    assert {"name", "title", "input", "batch", "convention", "layers", "totals"} <= data.keys()
    assert (data["name"], data["input"], data["batch"], data["convention"]) == ("alexnet", [3, 227, 227], 1, "lecture")
    conv1 = data["layers"][0]
    assert conv1 == {
        "name": "conv1",
        "op": "conv",
        "inputs": [[3, 227, 227]],
        "output": [64, 56, 56],
        "attributes": {
            "out": 64,
            "kernel": [11, 11],
            "stride": [4, 4],
            "pad": [2, 2],
            "dilation": [1, 1],
            "groups": 1,
            "bias": True,
        },
        "dtype": "float32",
        "memory_bytes": 64 * 56 * 56 * 4,
        "storage": "new",
        "params": 64 * 3 * 11 * 11 + 64,
        "buffers": 0,
        "params_bytes": 4 * (64 * 3 * 11 * 11 + 64),
        "macs": 64 * 56 * 56 * 3 * 11 * 11,
        "flops": 64 * 56 * 56 * 3 * 11 * 11,
        "ops": {"mac": 64 * 56 * 56 * 3 * 11 * 11, "bias": 64 * 56 * 56},
        "receptive_field": [11, 11],
    }
    assert [row["op"] for row in data["layers"]].count("relu") == 7, "rows of the JSON are never folded"
    totals = data["totals"]
    assert (totals["params"], totals["buffers"], totals["macs"]) == (61_100_840, 0, 716_767_232)
    assert totals["flops"] == 716_767_232 + 9 * (64 * 27 * 27 + 192 * 13 * 13 + 256 * 6 * 6)
    assert totals["memory_bytes"] == 4 * sum(
        [64 * 56**2, 64 * 27**2, 192 * 27**2, 192 * 13**2, 384 * 13**2, 2 * 256 * 13**2, 256 * 6**2, 2 * 4096, 1000]
    )
    assert totals["peak_memory_bytes"] == 4 * (3 * 227**2 + 64 * 56**2), "the input and conv1's output"


def test_csv_is_exact(archcost) -> None:
    """CSV holds column keys and whole numbers, one row for each row of the table."""
    rows = list(csv.DictReader(io.StringIO(archcost("table", "alexnet", "--format", "csv").stdout)))
    assert [row["layer"] for row in rows][:3] == ["conv1", "pool1", "conv2"]
    assert (rows[0]["memory_bytes"], rows[0]["params"], rows[0]["flops"]) == ("802816", "23296", "72855552")


def test_all_outputs_are_the_input_more(archcost) -> None:
    """What the lectures hold, and the input: also of a network that pads, concatenates and attends."""
    for name in ("vgg16", "googlenet", "vit_b_16"):
        held = [
            json.loads(archcost("table", name, "--convention", convention, "--format", "json").stdout)["totals"]
            for convention in ("lecture", "all-outputs")
        ]
        assert held[1]["memory_bytes"] - held[0]["memory_bytes"] == 4 * 3 * 224 * 224


def test_in_place_layers_fold(archcost) -> None:
    """ReLU and batch norm join the convolution before them; --all gives each its row."""
    folded_names = [line.split()[0] for line in archcost("table", "vgg11_bn").stdout.splitlines()]
    assert not any(name.startswith(("relu", "batchnorm")) for name in folded_names)
    every = archcost(
        "table", "vgg11_bn", "--all", "--columns", "layer,op,params", "--format", "csv"
    ).stdout.splitlines()
    ops = [line.split(",")[1] for line in every]
    assert (ops.count("batchnorm"), ops.count("relu"), ops.count("dropout")) == (8, 8 + 2, 2)
    rows = load("vgg11_bn").rows
    first = folded(rows)[0]
    assert first.params == (64 * 3 * 9 + 64) + 2 * 64, "scale and shift count with the convolution"


def test_depth_groups_by_path(archcost) -> None:
    """--depth 1 sums each stage; nothing is lost."""
    rows = load("resnet50").rows
    groups = grouped(rows, 1)
    assert sum(row.params for row in groups) == 25_557_032
    assert {"stage1", "stage2", "stage3", "stage4"} <= {row.name for row in groups}
    assert "stage3" in archcost("table", "resnet50", "--depth", "1").stdout


def test_sort_and_top(archcost) -> None:
    """The largest first, and no more than asked for."""
    lines = archcost("table", "alexnet", "--sort", "params", "--top", "2", "--format", "csv").stdout.splitlines()
    assert [line.split(",")[0] for line in lines] == ["layer", "fc6", "fc7"]


@pytest.mark.parametrize(
    ("unit", "memory", "params", "flops"),
    [("exact", "802,816", "23,296", "72,855,552"), ("K", "784", "23", "72,856"), ("M", "1", "0", "73")],
)
def test_units(archcost, unit: str, memory: str, params: str, flops: str) -> None:
    """One unit for a column; halves round up."""
    line = archcost("table", "alexnet", "--unit", unit, "--columns", "layer,memory,params,flops").stdout.splitlines()[3]
    assert line.split() == ["conv1", memory, params, flops]


def test_small_networks_get_small_units(archcost) -> None:
    """LeNet-5 has 60 thousand parameters: a column of zeros would say nothing."""
    head = archcost("table", "lenet5", "--columns", "layer,params").stdout
    assert "156" in head and "48,120" in head


def test_batch_and_dtype(archcost) -> None:
    """A batch multiplies work and memory, not parameters; half precision halves the memory."""
    one = json.loads(archcost("table", "alexnet", "--format", "json").stdout)["totals"]
    many = json.loads(archcost("table", "alexnet", "--batch", "8", "--dtype", "float16", "--format", "json").stdout)[
        "totals"
    ]
    for name, factor in {"macs": 8, "flops": 8, "memory_bytes": 4, "peak_memory_bytes": 4, "params": 1}.items():
        assert many[name] == factor * one[name]


def test_set_changes_the_network(archcost) -> None:
    """At resolution 224 and ten classes: torchvision's AlexNet but for its last layer."""
    data = json.loads(
        archcost("table", "alexnet", "--set", "resolution=224", "--set", "classes=10", "--format", "json").stdout
    )
    assert data["totals"]["params"] == 61_100_840 - 990 * 4097
    assert data["layers"][0]["output"] == [64, 55, 55]


def test_published_figures_stand_beside(archcost) -> None:
    """The printed figure with ok or erratum, and the reason below."""
    text = archcost("table", "alexnet", "--published").stdout
    row = next(line for line in text.splitlines() if line.startswith("conv4"))
    assert "memory 169 KB ok" in row and "flops 145 M erratum" in row
    assert "erratum conv4 145 M: " in text


def test_bars_show_shares(archcost) -> None:
    """A bar for each share: most parameters of AlexNet lie in fc6, most work in conv2."""
    rows = {line.split()[0]: line for line in archcost("table", "alexnet", "--bars").stdout.splitlines() if line}
    assert rows["fc6"].count("█") > rows["conv2"].count("█") > rows["pool1"].count("█") == 0


@pytest.mark.parametrize(
    ("network", "layer", "size"),
    [("alexnet", "pool5", 195), ("vgg16", "pool5", 212), ("resnet50_v1", "stage4", 483)],
)
def test_receptive_fields(archcost, network: str, layer: str, size: int) -> None:
    """Receptive fields of Araujo et al. 2019, "Computing receptive fields of convolutional neural networks"."""
    lines = archcost(
        "table", network, "--depth", "1", "--columns", "layer,receptive_field", "--format", "csv"
    ).stdout.splitlines()
    assert f"{layer},{size}x{size}" in lines


@pytest.mark.parametrize(
    ("network", "layers"),
    [("alexnet", 8), ("vgg16", 16), ("vgg19", 19), ("googlenet", 22)]
    + [(f"resnet{n}", n) for n in (18, 34, 50, 101, 152)],
)
def test_depth_counts_weighted_layers(network: str, layers: int) -> None:
    """The depth that each network is named or known for."""
    assert depth(propagate(load_net(network))) == layers


def test_output_is_whole_and_told_by_its_ending(archcost, tmp_path: Path) -> None:
    """--output writes the format of the file's ending and leaves nothing else behind."""
    target = tmp_path / "alexnet.csv"
    assert archcost("table", "alexnet", "--output", str(target)).stdout == ""
    assert target.read_text().startswith("layer,")
    assert [path.name for path in tmp_path.iterdir()] == ["alexnet.csv"]


def test_output_into_a_missing_folder(archcost, tmp_path: Path) -> None:
    """A file that cannot be written is bad input."""
    result = archcost("table", "alexnet", "--output", str(tmp_path / "no" / "x.csv"), exit_code=2)
    assert "cannot be written" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["table", "alexnte"], "there is no network 'alexnte', did you mean 'alexnet'?"),
        (["table", "alexnet", "--columns", "layer,prams"], "there is no column 'prams', did you mean 'params'?"),
        (["table", "alexnet", "--sort", "flop"], "cannot sort by 'flop', did you mean 'flops'?"),
        (["table", "alexnet", "--convention", "lectur"], "there is no convention 'lectur', did you mean 'lecture'?"),
        (["table", "alexnet", "--set", "resolution"], "--set takes K=V, such as resolution=192, not 'resolution'"),
        (["table", "alexnet", "--set", "resolutoin=9"], "has no parameter 'resolutoin', did you mean 'resolution'?"),
        (["table", "alexnet", "--limit", "layer=9"], "there is no limit 'layer', did you mean 'layers'?"),
        (["table", "alexnet", "--published", "--set", "classes=10"], "leave --set and other counting out"),
        (["tabel", "alexnet"], "there is no command 'tabel', did you mean 'table'?"),
    ],
)
def test_bad_words_are_named_and_mended(archcost, arguments: list[str], message: str) -> None:
    """A wrong word ends with exit code 2, what was wrong, and the nearest right one."""
    assert message in archcost(*arguments, exit_code=2).stderr


def test_output_keeps_links_and_devices(archcost, tmp_path: Path) -> None:
    """What a link points to is written; a pipe is written into."""
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "real.csv")
    archcost("table", "alexnet", "--output", str(link))
    assert link.is_symlink() and (tmp_path / "real.csv").read_text().startswith("layer,")
    archcost("table", "alexnet", "--output", "/dev/null")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(("layers", "channels"), [("concat: [[], []]", "8"), ("multiply: [[], [global_avgpool]]", "4")])
def test_input_channels_of_joins(archcost, tmp_path: Path, layers: str, channels: str) -> None:
    """Side by side they add up; element by element they do not."""
    path = tmp_path / "net.yaml"
    path.write_text(f"input: [4, 8, 8]\nlayers: [{{{layers}}}]")
    lines = archcost("table", str(path), "--columns", "op,in_channels", "--format", "csv").stdout.splitlines()
    assert lines[-1].split(",")[1] == channels


UNKNOWN = """
params: {wide: 4}
input: [3, 8, 8]
layers:
  - {conv: {out: wide, kernel: 3}, as: a}
  - uncounted: {operator: fft, out: [4, 6, 6]}
"""


@pytest.mark.parametrize(
    "arguments",
    [
        *(("table", "--format", form) for form in ("rich", "markdown", "csv", "json")),
        *(("explain", "--format", form) for form in ("rich", "markdown", "json", "latex")),
        *(("formula", "--format", form) for form in ("text", "markdown", "json", "latex", "python")),
        *(("reconcile", "--format", form) for form in ("rich", "markdown", "json")),
        *(("compare", "alexnet", "--format", form) for form in ("rich", "markdown", "json")),
        *(("identify", "params=112", "--format", form) for form in ("rich", "json")),
        *(("sweep", "wide=4,8", "--format", form) for form in ("rich", "json", "csv")),
        *(
            ("search", "wide=4:64", "--maximize", "wide", "--where", "params < 500", "--format", form)
            for form in ("rich", "json")
        ),
    ],
    ids=" ".join,
)
def test_what_is_not_counted_is_said(archcost, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """In each format of each report, and it parses as before."""
    (tmp_path / "net.yaml").write_text(UNKNOWN)
    command, *options = arguments
    if command in ("formula", "sweep", "search"):
        pytest.importorskip("sympy" if command == "formula" else "numpy")
    result = archcost(command, str(tmp_path / "net.yaml"), *options)
    shown = result.stderr if command == "sweep" and options[-1] == "csv" else result.stdout
    if options[-1] == "json":
        assert "fft" in str({key: part for key, part in json.loads(shown).items() if key != "layers"})
    elif options[-1] == "csv" and command == "table":
        assert shown.splitlines()[-1].endswith(",fft")
    else:
        assert "INCOMPLETE: not counted are fft" in shown
    if options[-1] == "python":
        compile(shown, "formula", "exec")
