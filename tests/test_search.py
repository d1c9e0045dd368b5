"""Does `archcost search` find the very setting beyond which a condition fails?"""

from __future__ import annotations

import json
import sys
from decimal import Context, Decimal
from typing import Any

import pytest

from archcost import load
from archcost.search import Range, span


def answer(archcost: Any, *arguments: str, exit_code: int = 0) -> dict[str, Any]:
    """What is found, as data."""
    return json.loads(archcost("search", *arguments, "--format", "json", exit_code=exit_code).stdout)


def costs(name: str, **knobs: Any) -> dict[str, int]:
    """What the table of the network says, loaded by itself."""
    totals = load(name, **knobs).totals
    return {
        "params": totals.params,
        "macs": totals.macs,
        "flops": totals.flops,
        "memory": totals.memory_bytes,
        "peak_memory": totals.peak_memory_bytes,
    }


def following(value: float, step: int) -> float:
    """The next number with twelve digits, up or down."""
    digits = Context(prec=12)
    return float(digits.next_plus(Decimal(str(value))) if step > 0 else digits.next_minus(Decimal(str(value))))


# Network, knob, range, other knobs, which way, quantity, sign, bound, and from an answer to the next setting, which
# fails: a step, or None for the next number with twelve digits.
SOLVED = [
    ("mobilenet_v1", "alpha", "0.1:2", {"resolution": 192}, "max", "macs", "<", 300e6, None),
    ("mobilenet_v1", "alpha", "0.1:2", {}, "max", "params", "<=", 4231976, None),
    ("mobilenet_v2", "alpha", "0.25:2", {"resolution": 160}, "max", "peak_memory", "<", 3e6, None),
    ("efficientnet_b0", "width", "0.5:4", {}, "max", "params", "<", 10e6, None),
    ("efficientnet_b0", "depth", "0.5:4", {}, "max", "macs", "<", 1e9, None),
    ("mobilenet_v1", "alpha", "0.1:2", {"resolution": 192}, "min", "macs", ">", 300e6, None),
    ("mobilenet_v1", "alpha", "0.1:2:0.05", {"resolution": 192}, "max", "macs", "<", 300e6, Decimal("0.05")),
    ("mobilenet_v2", "alpha", "0.25:2:0.0001", {}, "max", "params", "<", 3e6, Decimal("0.0001")),
    ("mobilenet_v2", "alpha", "0.25:2:0.0001", {}, "min", "params", ">=", 3e6, Decimal("0.0001")),
    ("resnet50", "resolution", "32:100000", {}, "max", "macs", "<", 4e9, 1),
    ("resnet50", "resolution", "32:1024:32", {}, "max", "peak_memory", "<=", 32 * 2**20, 32),
    ("resnet50", "resolution", "33:1000:7", {}, "min", "memory", ">", 10**8, 7),
    ("alexnet", "classes", "1:10000000", {"resolution": 224}, "max", "params", "<", 10**9, 1),
    ("mobilenet_v1", "units", "1:100", {}, "max", "params", "<", 6e6, 1),
]


@pytest.mark.parametrize(("name", "knob", "text", "others", "way", "quantity", "sign", "bound", "step"), SOLVED)
def test_the_answer_holds_and_the_next_fails(
    archcost, name, knob, text, others, way, quantity, sign, bound, step
) -> None:
    """Both are worked out one by one, without an array, and are what the search says they are."""
    where = f"{quantity} {sign} {bound}"
    given = [f"{other}={value}" for other, value in others.items()]
    found = answer(archcost, name, f"{knob}={text}", *given, f"--{way}imize", knob, "--where", where)
    here, beyond = found["value"], found["next"].pop("value")
    up = 1 if way == "max" else -1
    expected = following(here, up) if step is None else type(here)(Decimal(str(here)) + up * step)
    assert (found["knob"], beyond, found["limited_by"]) == (knob, expected, "condition")
    assert found["at"] == costs(name, **others, **{knob: here})
    assert found["next"] == costs(name, **others, **{knob: beyond})
    compare = {"<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__}[sign]
    assert compare(found["at"][quantity], int(bound)) and not compare(found["next"][quantity], int(bound))


def test_all_whole_settings(archcost) -> None:
    """Of a short range the answer is that of looking at every setting."""
    macs = {n: load("resnet18", resolution=n).totals.macs for n in range(32, 100)}
    asked = ("resnet18", "resolution=32:99", "--maximize", "resolution", "--where")
    for most in (10**8, 2 * 10**8, macs[77], macs[77] + 1):
        assert answer(archcost, *asked, f"macs < {most}")["value"] == max(n for n in macs if macs[n] < most)


WIDEST = ("search", "mobilenet_v1", "alpha=0.1:2", "resolution=192", "--maximize", "alpha", "--where", "macs < 300e6")


def test_text(archcost, tmp_path) -> None:
    """A line with the answer, what was asked for first, and one with the setting that fails; also in a file."""
    # stage1 to stage5 have floor(0.84375 * 64) = 54 channels at first; just below, 53.
    text = archcost(*WIDEST).stdout
    assert text == (
        "alpha = 0.843749999999: macs 297,281,240, params 3,146,584, flops 297,312,308, memory 12,347,100 bytes, "
        "peak_memory 2,912,256 bytes\n"
        "alpha = 0.84375: macs 300,535,488 (fails)\n"
    )
    archcost(*WIDEST, "--output", str(tmp_path / "found.txt"))
    assert (tmp_path / "found.txt").read_text() == text
    archcost(*WIDEST, "--output", str(tmp_path / "found.json"))
    assert json.loads((tmp_path / "found.json").read_text())["value"] == 0.843749999999


def test_convention(archcost) -> None:
    """Numbers and condition are those of the convention."""
    found = answer(
        archcost, "resnet50", "resolution=32:999", "--maximize", "resolution", "--where", "flops < 8e9",
        "--convention", "fvcore",
    )  # fmt: skip
    for point, fits in ((found["value"], True), (found["next"]["value"], False)):
        flops = load("resnet50", resolution=point).report("fvcore").totals.flops
        assert (flops < 8e9) is fits


def test_several_quantities_and_the_knob(archcost) -> None:
    """A condition may join quantities and name knobs; other knobs may be lists."""
    found = answer(
        archcost, "resnet50", "resolution=32:512", "depths=[2,2,2,2]", "--maximize", "resolution",
        "--where", "macs < 9e9 and peak_memory < 2**24 and resolution % 1 == 0 and depths[0] == 2",
    )  # fmt: skip
    here = costs("resnet50", depths=[2, 2, 2, 2], resolution=found["value"])
    beyond = costs("resnet50", depths=[2, 2, 2, 2], resolution=found["value"] + 1)
    assert here["macs"] < 9e9 and here["peak_memory"] < 2**24
    assert beyond["macs"] >= 9e9 or beyond["peak_memory"] >= 2**24


def test_nowhere(archcost) -> None:
    """It is said plainly, and the exit code is 1."""
    asked = ("resnet50", "resolution=32:512", "--maximize", "resolution", "--where", "macs < 3")
    assert archcost("search", *asked, exit_code=1).stdout == (
        "'macs < 3' does not hold at any of the 481 settings of resolution\n"
    )
    nothing = {"knob": "resolution", "value": None, "at": None, "next": None, "limited_by": None}
    assert answer(archcost, *asked, exit_code=1) == nothing


@pytest.mark.parametrize(("way", "bound"), [("--maximize", 512), ("--minimize", 32)])
def test_everywhere(archcost, way: str, bound: int) -> None:
    """The bound itself, with a remark."""
    asked = ("resnet50", "resolution=32:512", way, "resolution", "--where", "macs > 3")
    lines = archcost("search", *asked).stdout.splitlines()
    assert lines[0].startswith(f"resolution = {bound}: macs ")
    assert lines[1:] == [f"it holds there still: the bound {bound} is what limits"]
    found = answer(archcost, *asked)
    assert (found["value"], found["next"], found["limited_by"]) == (bound, None, "bound")


def test_a_single_setting(archcost) -> None:
    """A range of one value is answered like any other."""
    asked = ("resnet50", "resolution=64:64", "--maximize", "resolution", "--where")
    assert answer(archcost, *asked, "macs < 1e12")["value"] == 64
    assert answer(archcost, *asked, "macs > 1e12", exit_code=1)["value"] is None


def test_a_step_that_misses_the_bound(archcost) -> None:
    """The last setting on the grid limits, not the bound behind it."""
    found = answer(archcost, "resnet50", "resolution=32:100:32", "--maximize", "resolution", "--where", "macs > 3")
    assert (found["value"], found["limited_by"]) == (96, "bound")


def test_impossible_settings_fail(archcost) -> None:
    """A network that does not fit together counts as one that does not meet the condition."""
    asked = ("vgg16", "resolution=1:1000", "--minimize", "resolution", "--where", "macs < 1e10")
    found = answer(archcost, *asked)
    assert (found["value"], found["limited_by"]) == (32, "condition")
    assert found["next"] == {"value": 31, **dict.fromkeys(found["at"])}
    assert archcost("search", *asked).stdout.splitlines()[1] == (
        "resolution = 31: the network is impossible: pool5: a window of 2 does not fit into 1 positions"
    )
    nowhere = archcost("search", "vgg16", "resolution=1:9", *asked[2:], exit_code=1).stdout
    assert nowhere.startswith("the network is not possible at any of the 9 settings of resolution: pool1")


def test_not_monotone(archcost) -> None:
    """Of few settings all are tried, so that any condition is answered; of many, one that changes twice is refused."""
    asked = ("resnet50", "resolution=32:512", "--maximize", "resolution", "--where")
    assert answer(archcost, *asked, "resolution < 50 or 100 < resolution < 110")["value"] == 109
    assert answer(archcost, *asked, "resolution < 50 or resolution == 512")["value"] == 512
    wide = ("search", "resnet50", "resolution=32:5000031", "--minimize", "resolution", "--where")
    error = archcost(*wide, "resolution > 300000 and not 301000 < resolution < 302000", exit_code=2).stderr
    assert "a search among so many needs one stretch where it holds" in error
    assert len(error.splitlines()) == 1
    error = archcost(*wide, "resolution == 777", exit_code=1).stdout
    assert "does not hold at any of the 50,001 settings of resolution that were tried: narrow the range" in error


def test_a_narrow_window(archcost) -> None:
    """Found also far from where most settings lie."""
    asked = ("resnet50", "resolution=32:50000", "--maximize", "resolution", "--where", "4e9 < macs < 4.1e9")
    fitting = [n for n in range(200, 300) if 4e9 < load("resnet50", resolution=n).totals.macs < 4.1e9]
    assert answer(archcost, *asked)["value"] == fitting[-1]


def test_bounds_in_any_spelling(archcost) -> None:
    """1e2 is a whole number; a fraction of a knob that takes none is refused, with the range that would do."""
    where = ("--maximize", "resolution", "--where", "macs < 4e9")
    plain = answer(archcost, "resnet50", "resolution=100:512", *where)
    assert answer(archcost, "resnet50", "resolution=1e2:512", *where) == plain
    error = archcost("search", "resnet50", "resolution=99.5:512", *where, exit_code=2).stderr
    assert "takes whole numbers only, as it seems: write resolution=100:512" in error


def test_where_networks_are_impossible_between(archcost) -> None:
    """The width of a transformer must divide into its heads: the largest that does is found."""
    asked = ("vit_b_16", "width=1:1000", "--maximize", "width", "--where", "params < 50e6")
    assert answer(archcost, *asked)["value"] == 576


def test_a_stretch_in_the_middle(archcost) -> None:
    """A window of costs has a largest and a smallest setting."""
    asked = ("resnet50", "resolution=32:512")
    where = ("--where", "1e9 < macs < 4e9")
    low = answer(archcost, *asked, "--minimize", "resolution", *where)["value"]
    high = answer(archcost, *asked, "--maximize", "resolution", *where)["value"]
    fitting = [n for n in range(100, 230) if 1e9 < load("resnet50", resolution=n).totals.macs < 4e9]
    assert (low, high) == (fitting[0], fitting[-1])


def test_settings_inside() -> None:
    """Between neighbours there is none; elsewhere all are on the grid and in order."""
    grid = span("alpha", "0.1:2:0.3")
    assert grid == Range(Decimal("0.1"), Decimal("1.9"), Decimal("0.3"))
    assert grid.inside(Decimal("0.1"), Decimal("1")) == [Decimal("0.4"), Decimal("0.7")]
    assert grid.inside(Decimal("0.4"), Decimal("0.7")) == []
    digits = span("alpha", "0:2.0")
    assert digits.inside(Decimal("0.843749999999"), Decimal("0.84375")) == []
    assert digits.inside(Decimal("0.843749999998"), Decimal("0.84375")) == [Decimal("0.843749999999")]
    assert len(digits.inside(Decimal(0), Decimal(2), 1000)) == 1000
    whole = span("resolution", "1:100000000")
    assert whole.inside(Decimal(5), Decimal(8)) == [6, 7]
    assert whole.setting(Decimal(7)) == 7 and type(whole.setting(Decimal(7))) is int
    assert type(digits.setting(Decimal(1))) is float


MACS = ("--where", "macs < 3e9")
SIZES = "resolution=32:64"
LARGEST = ("--maximize", "resolution")
RESOLUTION = (*LARGEST, *MACS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("resnet5", SIZES, *RESOLUTION), "there is no network 'resnet5', did you mean 'resnet50'?"),
        (("resnet50", "resolutio=32:64", *RESOLUTION), "no parameter 'resolutio', did you mean 'resolution'?"),
        (("resnet50", SIZES, "clases=3", *RESOLUTION), "'clases', did you mean 'classes'?"),
        (("resnet50", *RESOLUTION), "no knob has a range: search takes one network, a range"),
        (("resnet50", "resolution=32", *RESOLUTION), "no knob has a range: search takes one network, a range"),
        (("resnet50", "resnet18", SIZES, *RESOLUTION), "search takes one network, a range"),
        (("resnet50", "resolution=", *RESOLUTION), "search takes one network, a range"),
        (("resnet50", SIZES, "classes=3:9", *RESOLUTION), "one knob has a range, not resolution and classes"),
        (("resnet50", SIZES, "resolution=3", *RESOLUTION), "resolution is given twice"),
        (("resnet50", "resolution=64:32", *RESOLUTION), "resolution=64:32 is empty: the lower bound comes first"),
        (("resnet50", "resolution=32:64:0", *RESOLUTION), "resolution=32:64:0 is empty: the lower bound comes first"),
        (("resnet50", "resolution=64:32:-1", *RESOLUTION), "the lower bound comes first, and a step is above 0"),
        (("resnet50", "resolution=a:b", *RESOLUTION), "resolution=a:b: a range is LOW:HIGH or"),
        (("resnet50", "resolution=1:nan", *RESOLUTION), "a range is LOW:HIGH or LOW:HIGH:STEP, in numbers"),
        (("resnet50", "resolution=1:2:3:4", *RESOLUTION), "a range is LOW:HIGH or LOW:HIGH:STEP, in numbers"),
        (("resnet50", "resolution=1:1e99", *RESOLUTION), "a number too large for any size or count"),
        (("resnet50", "resolution=1:2:1e-99", *RESOLUTION), "has more than 10**15 values"),
        (("resnet50", "depths=1:3", "--maximize", "depths", *MACS), "depths is a list: it has no range"),
        (("mobilenet_v1", "keras=0:1", "--maximize", "keras", *MACS), "keras is true or false: it has no range"),
        (("resnet50", SIZES, "classes=3,4", *RESOLUTION), "classes takes one value here, not 2"),
        (("resnet50", SIZES, "classes=many", *RESOLUTION), "classes takes numbers, not 'many'"),
        (("resnet50", SIZES, *MACS), "either --maximize resolution or --minimize resolution"),
        (("resnet50", SIZES, "--minimize", "resolution", *RESOLUTION), "say what is searched for: either"),
        (("resnet50", SIZES, "--maximize", "resolutio", *MACS), "did you mean 'resolution'?"),
        (("resnet50", SIZES, "--minimize", "classes", *MACS), "the knob with the range is resolution"),
        (("resnet50", SIZES, "--maximize", "resolution"), "search takes a condition: --where"),
        (("resnet50", SIZES, *LARGEST, "--where", ""), "search takes a condition: --where"),
        (("resnet50", SIZES, *LARGEST, "--where", "macs + 1"), "--where takes a condition, such as"),
        (("resnet50", SIZES, *LARGEST, "--where", "3"), "--where takes a condition, such as"),
        (("resnet50", SIZES, *LARGEST, "--where", "mcs < 3"), "'mcs' here, did you mean 'macs'?"),
        (("resnet50", SIZES, *LARGEST, "--where", "macs <"), "cannot read the expression"),
        (("resnet50", SIZES, *LARGEST, "--where", "macs < 'a'"), "cannot compare"),
        (("resnet50", SIZES, *LARGEST, "--where", "macs**3 < 9"), "is too large"),
        (("resnet50", SIZES, *LARGEST, "--where", "macs/0 < 9"), "division by zero"),
        (("resnet50", SIZES, *LARGEST, "--where", "macs" + "+1" * 400 + " < 9"), "500 characters"),
        (("resnet50", SIZES, *LARGEST, "--where", "().__class__"), "is not allowed in an expression"),
        (("resnet50", SIZES, *RESOLUTION, "--convention", "lectur"), "did you mean 'lecture'?"),
        (("resnet50", SIZES, *RESOLUTION, "--limit", "layer=3"), "did you mean 'layers'?"),
        (("resnet50", SIZES, *RESOLUTION, "--output", "x.csv"), "there is no csv here, only rich, json"),
    ],
)  # fmt: skip
def test_bad_input(archcost, arguments: tuple[str, ...], message: str) -> None:
    """One clear message."""
    assert message in archcost("search", *arguments, exit_code=2).stderr


def test_without_numpy(archcost, monkeypatch) -> None:
    """One line with the command that mends it."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    error = archcost(*WIDEST, exit_code=2).stderr
    assert error == "searches need NumPy: pip install 'archcost[arrays]'\n"
