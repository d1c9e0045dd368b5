"""Does the search find by itself where the lectures' wrong or odd numbers come from?

The explanations were found by hand before there was a search: they are those of the errata in the specifications.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from archcost.figure import COUNTS, read_figure
from archcost.identify import Search, printed
from archcost.source import Limits
from archcost.variations import variations
from archcost.zoo import find


def readings(archcost: Any, *arguments: str, exit_code: int = 0) -> list[dict[str, Any]]:
    """What the command finds, best first."""
    result = archcost("identify", *arguments, "--seconds", "60", "--format", "json", exit_code=exit_code)
    return json.loads(result.stdout)["readings"]


# Command, quantity, the value that must come out, and words that must stand in the same reading.
VGG = ("vgg16", "flops=13.6G", "memory=48.6MB")
OUTPUTS = "the outputs of convolutions and linear layers only"
FOUND = [
    (VGG, "memory", 4 * (13_556_712 - 256 * 56 * 56), ("depths=[2, 2, 2, 3, 3]", "conv3_3 missing", OUTPUTS)),
    (VGG, "flops", 13_620_576_256 + 6_121_472, ("depths=[2, 2, 2, 3, 3]",)),  # with the windows of the pools
    (("vgg16", "elements=24M"), "elements", 15_087_080 + 999 * (4096 + 4096 + 1000), ("added up as thousands",)),
    (("googlenet", "params=6M"), "params", 6_998_552 - (1024 * 1000 + 1000), ("without the classifier",)),
    (("alexnet_original", "flops=1.5B"), "flops", 2 * 724_406_816, ("two FLOPs for each multiply-accumulate",)),
    (("alexnet", "params=62M"), "params", 62_378_344, ("alexnet_cs231n",)),
    (("alexnet_original", "params=62M"), "params", 62_378_344, ("groups ignored",)),
    (("vgg16", "flops=19.6B"), "flops", 19_632_062_464, ("vgg19",)),
    (
        ("inception_bottleneck", "macs=358M"),
        "macs",
        28 * 28 * (3 * 256 * 64 + 256 * 128 + 2 * 9 * 64 * 192 + 25 * 64 * 96),
        ("concat/3x3/conv counted twice",),
    ),
    (("resnet152", "params=60.3M"), "params", 60_268_520, ("resnet152_keras",)),
    (("resnet50", "memory=186MB"), "memory", 186_867_616, ("netscope", "resnet50_v1")),
]


@pytest.mark.parametrize(("arguments", "quantity", "value", "words"), FOUND)
def test_finds(archcost, arguments: tuple[str, ...], quantity: str, value: int, words: tuple[str, ...]) -> None:
    """The known explanation is among the first five readings, with its exact value."""
    best = readings(archcost, *arguments)[:5]
    texts = {
        f"{reading['text']}; {reading['found'][quantity]['text']}"
        for reading in best
        if reading["found"].get(quantity, {}).get("value") == value
    }
    assert any(all(word in text for word in words) for text in texts), best


def test_what_explains_all_comes_first(archcost) -> None:
    """Readings of both numbers stand before those of one, each list by its distance."""
    found = readings(archcost, "vgg16", "flops=13.6G", "memory=48.6MB")
    explained = [len(reading["found"]) for reading in found]
    assert explained[0] == 2 and explained[-1] == 1 and explained == sorted(explained, reverse=True)
    for many in (1, 2):
        distances = [reading["distance"] for reading in found if len(reading["found"]) == many]
        assert distances == sorted(distances)


def test_every_value_is_printed_like_the_number(archcost) -> None:
    """No reading is listed whose value does not round, by the rule that it names, to the printed digits."""
    for reading in readings(archcost, "resnet50", "params=25.5M", "macs=4.1G"):
        for quantity, found in reading["found"].items():
            rounding = next((key for key, words in ROUNDED.items() if words in found["text"]), "nearest")
            unit = 2**20 if quantity == "params" else 2**30
            decimal = 10**6 if quantity == "params" else 10**9
            factor = unit if "K = 1024" in found["text"] else decimal
            digits = "25.5" if quantity == "params" else "4.1"
            printed_value, last = Fraction(digits) * factor, Fraction(factor, 10)
            assert within(Fraction(found["value"]), printed_value, last, rounding), reading


ROUNDED = {"down": "cut off", "up": "rounded up", "twice": "rounded twice"}


def within(value: Fraction, shown: Fraction, last: Fraction, rounding: str) -> bool:
    """Whether a value is printed as shown, by a rule spelled out once more."""
    return {
        "nearest": abs(value - shown) <= last / 2,
        "down": shown <= value < shown + last,
        "up": shown - last < value <= shown,
        "twice": shown - last * Fraction(11, 20) <= value < shown - last / 2,
    }[rounding]


def test_nothing_found(archcost) -> None:
    """It is said plainly, with the nearest miss, and the exit code is 1."""
    result = archcost("identify", "vgg16", "flops=9.01G", exit_code=1)
    assert "nothing that was tried gives flops 9.01G; nearest is 1" in result.stdout
    assert "% off" in result.stdout


def test_one_of_two_found(archcost) -> None:
    """A number that is explained stands there, the other is said to be not."""
    result = archcost("identify", "vgg16", "params=138M", "flops=9.01G", exit_code=1)
    assert "params 138,357,544" in result.stdout
    assert "nothing that was tried gives flops 9.01G" in result.stdout


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        ("flops", "a number is given as QUANTITY=NUMBER, such as flops=13.6G, not 'flops'"),
        ("flops=", "a number is given as QUANTITY=NUMBER, such as flops=13.6G, not 'flops='"),
        ("flop=1G", "there is no quantity 'flop' to identify, did you mean 'flops'?"),
        ("flops=13.6", "flops 13.6 has no unit: add K, M, G or T"),
        ("memory=48", "memory 48 has no unit: add B, KB, MB, GB, KiB, MiB or GiB"),
        ("memory=48M", "there is no unit 'M', did you mean 'MB'?"),
        ("flops=13 Q", "there is no unit 'Q'"),
        ("flops=many", "'many' is not a figure: write digits and a unit"),
        ("flops=-3G", "'-3G' is not a figure: write digits and a unit"),
        ("flops=" + "9" * 5000, "is not a figure"),
    ],
)
def test_bad_numbers(archcost, figure: str, message: str) -> None:
    """One line that says what is wrong and what was expected."""
    error = archcost("identify", "vgg16", figure, exit_code=2).stderr
    assert message in error or "a figure has 40 digits at most" in error
    assert len(error.splitlines()) == 1


def test_stops_in_time() -> None:
    """A search without time tries nothing and says that it stopped."""
    spec, variant = find("vgg16")
    outcome = Search([printed("flops", "1G")], seconds=0).through(variations(spec, variant, {}, Limits()))
    assert outcome.stopped and not outcome.readings


@pytest.mark.parametrize("rounding", ["nearest", "down", "up", "twice"])
@pytest.mark.parametrize("text", ["1.5 K", "15", "0.02 M", "7 K"])
def test_bounds(text: str, rounding: str) -> None:
    """The bounds of a figure are the first and the last whole number that is printed like it."""
    figure = read_figure(text, COUNTS, None, rounding)
    printed_like = [n for n in range(40_000) if within(Fraction(n), figure.value, figure.last, rounding)]
    low, high = figure.bounds
    assert printed_like == [*range(low, high + 1)]
