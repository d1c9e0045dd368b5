"""Are the formulas true: does each, with numbers in the place of its symbols, give what is counted with those?"""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import archcost
from archcost.presets import names
from archcost.symbolic import Formula, symbol, tidied

n = symbol("n")

# What the lectures and the design say; the formulas of conv5x5 and its like are also claims that `verify` proves.
KNOWN = {
    "conv5x5 --quantity macs": "25·C²·H·W",
    "conv5x5 --quantity params": "25·C²",
    "conv3x3_twice": "18·C²·H·W",
    "resnet50 resolution=32*n": "83410944·n² + 2048000",
    "densenet121 growth=k --quantity params": "6700·k² + 34908·k + 1000",
    "resnet50 --quantity params": "25557032",
    "vgg16 --quantity shape": "1000",
    "conv5x5 channels=2**n height=1 width=1 --quantity params": "25·2^(2·n)",
}


@pytest.mark.parametrize(("command", "shown"), KNOWN.items())
def test_known_formulas(archcost, command: str, shown: str) -> None:
    """A formula alone is printed alone."""
    assert archcost("formula", *command.split()).stdout == f"{shown}\n"


NETWORKS = {
    "resnet50": {"resolution": n},
    "alexnet": {"resolution": n},
    "googlenet": {"resolution": n},
    "mobilenet_v2": {"resolution": n},
    "vgg16": {"resolution": n},
    "vit_b_16": {"resolution": n},
    "squeezenet1_0": {"resolution": n},
    "swin_t": {"resolution": 224 * n},
    "densenet121": {"growth": n},
    "lenet5": {"resolution": 4 * n},
}
SIZES = (64, 71, 224, 225, 227, 256, 299, 320, 333)
POINTS = {"lenet5": (8, 12, 16), "densenet121": (1, 2, 5, 32)}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("quantity", ["macs", "flops", "params", "memory", "elements"])
def test_formula_counts_like_numbers(name: str, quantity: str) -> None:
    """At sizes that divide and that do not; on an array as point by point."""
    ((knob, value),) = NETWORKS[name].items()
    formula = archcost.load(name, **{knob: value}).formula(quantity)
    points = POINTS.get(name, SIZES if value is n else (1, 2, 5))
    for point in points:
        totals = archcost.load(name, **{knob: int(sympy.sympify(value).subs(n, point))}).totals
        wanted = getattr(totals, {"memory": "memory_bytes"}.get(quantity, quantity))
        assert formula(**({"n": point} if formula.symbols else {})) == wanted
    if formula.symbols:
        assert list(formula(n=np.array(points))) == [formula(n=point) for point in points]


@pytest.mark.parametrize("counted", names())
@pytest.mark.parametrize("quantity", ["flops", "params", "memory"])
def test_formula_counts_like_tables_under_every_convention(counted: str, quantity: str) -> None:
    """Folded batch norms, constants of tools and what else a convention says are in the formula too."""
    formula = archcost.load("resnet50", resolution=32 * n).formula(quantity, convention=counted)
    for point in (1, 7):
        totals = archcost.load("resnet50", resolution=32 * point).report(counted).totals
        wanted = getattr(totals, {"memory": "memory_bytes"}.get(quantity, quantity))
        assert formula(**({"n": point} if formula.symbols else {})) == wanted


REMAINDER = """
params: {n: 1}
input: [3, 8, 8]
layers: [{conv: {out: "64 - 3 * (n % 4)", kernel: 1, bias: false}}]
"""


def test_remainders(archcost, tmp_path) -> None:
    """In code they bind as they do on paper."""
    (tmp_path / "net.yaml").write_text(REMAINDER)
    formula = archcost_of(str(tmp_path / "net.yaml"), n=n).formula("params")
    assert str(formula) == "192 - 9·(n mod 4)"
    assert [formula(n=point) for point in range(1, 6)] == [183, 174, 165, 192, 183]


def archcost_of(name: str, **knobs: object) -> archcost.Architecture:
    """`load`, for tests in which a fixture has the package's name."""
    return archcost.load(name, **knobs)


def test_equality_is_a_condition(archcost) -> None:
    """A symbol is not taken to differ from a number."""
    error = archcost("formula", "shufflenet_v1", "scale=s", "--quantity", "params", exit_code=2).stderr
    assert "whether 'scale == 2' holds depends on s" in error and "scale=3*s would do" in error
    four = archcost("formula", "shufflenet_v1", "scale=4*s", "--quantity", "params", "--format", "python").stdout
    scope: dict[str, object] = {}
    exec(four, scope)
    assert scope["shufflenet_v1"](s=1) == archcost_of("shufflenet_v1", scale=4).totals.params


@pytest.mark.parametrize(
    ("name", "settings", "of"),
    [
        ("mobilenet_v1", "alpha=0.1*k", lambda k: {"alpha": k / 10}),
        ("mobilenet_v1", "alpha=k/4", lambda k: {"alpha": k / 4}),
        ("mobilenet_v2", "alpha=k", lambda k: {"alpha": k}),
        ("efficientnet_b0", "width=2*k", lambda k: {"width": 2 * k}),
    ],
)
def test_width_multipliers(archcost, name: str, settings: str, of: object) -> None:
    """Decimals are exact, and channels that need no rounding are not rounded."""
    written = archcost("formula", name, settings, "--quantity", "params", "--format", "python").stdout
    scope: dict[str, object] = {}
    exec(written, scope)
    for k in (4, 8, 20):
        assert scope[name](k=k) == archcost_of(name, **of(k)).totals.params


def test_halves_are_no_channels(archcost) -> None:
    """What is not whole for every symbol is refused where a whole number is wanted."""
    error = archcost("formula", "densenet121", "growth=n/2", "--quantity", "params", exit_code=2).stderr
    assert "out must be a whole number from 1, is n/2" in error and "growth=n would do" in error


def test_where_the_network_is_impossible(archcost) -> None:
    """A formula of sizes that are too small holds only from some size on, which is said."""
    shown = archcost("formula", "alexnet", "resolution=n").stdout
    assert "alexnet is impossible with n = 1: conv1: a window of 11 does not fit into 5 positions" in shown
    assert "impossible" not in archcost("formula", "alexnet", "resolution=64*n").stdout


def test_arrays_do_not_wrap() -> None:
    """Beyond 64 bits an array refuses; a number does not end there."""
    formula = archcost.load("resnet50", resolution=32 * n).formula()
    assert formula(n=10**9) == 83410944 * 10**18 + 2048000
    with pytest.raises(OverflowError):
        formula(n=np.array([1, 10**9]))
    with pytest.raises(OverflowError):
        _ = archcost.load("resnet50", resolution=np.array([224, 10**10])).totals


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(-40, 40), st.integers(1, 9), st.booleans()), min_size=1, max_size=4),
    st.integers(1, 500),
)
def test_tidying_changes_no_value(roundings: list[tuple[int, int, bool]], value: int) -> None:
    """Roundings of roundings, in either direction and of either sign, become others of the same value."""
    expression, expected = n, value
    for shift, divisor, up in roundings:
        expression = (sympy.ceiling if up else sympy.floor)((expression + shift) / divisor)
        expected = -(-(expected + shift) // divisor) if up else (expected + shift) // divisor
        if shift % 2:
            expression, expected = -expression, -expected
    formula = Formula(tidied(expression))
    assert formula.expression.subs(n, value) == expected
    assert formula(**({"n": value} if formula.symbols else {})) == expected


def test_tidied_forms() -> None:
    """The forms that people write."""
    assert str(archcost.load("resnet50", resolution=n).formula()) == (
        "14417920·⌈n/32⌉² + 7471104·⌈n/16⌉² + 1310720·⌈n/8⌉² + 245760·⌈n/4⌉² + 9408·⌈n/2⌉² + 2048000"
    )
    assert archcost.load("resnet50", resolution=n).formula().multiples() == {"n": 32}
    assert archcost.load("vit_b_16", resolution=n).formula().multiples() == {"n": 16}
    assert archcost.load("resnet50", resolution=32 * n).formula().multiples() == {}


def test_ratio(archcost) -> None:
    """The lectures' 25/18; and half the map with twice the channels costs the same."""
    assert "conv5x5 / conv3x3_twice 25/18" in archcost("formula", "conv5x5", "/", "conv3x3_twice").stdout
    shown = archcost("formula", "conv_stage", "/", "conv_stage_half").stdout
    assert "conv_stage / conv_stage_half 1\nthe same, whatever the symbols stand for" in shown


def test_suggestion(archcost) -> None:
    """What would take the roundings out is said; and what would settle a condition."""
    assert "no rounding is left with 32*n for n" in archcost("formula", "resnet50", "resolution=n").stdout
    error = archcost("formula", "swin_t", "resolution=n", exit_code=2).stderr
    assert "whether 'padded > size' holds depends on n" in error
    assert "resolution=224*n would do" in error
    assert archcost("formula", "swin_t", "resolution=224*n").stdout == "4489798656·n² + 768000\n"


def test_part_of_a_network(archcost) -> None:
    """One layer, a block, each layer; the parts add up to the whole."""
    assert archcost("formula", "vgg16", "resolution=32*n", "--at", "fc8").stdout == "4096000\n"
    data = json.loads(archcost("formula", "vgg16", "resolution=32*n", "--per-layer", "--format", "json").stdout)
    whole = archcost("formula", "vgg16", "resolution=32*n", "--format", "json")
    made = {}
    for each in [*data["formulas"], *json.loads(whole.stdout)["formulas"]]:
        exec(each["python"].replace("def ", "def f_"), made)
    values = [made[f"f_{each['name'].replace('/', '_')}"] for each in data["formulas"]]
    assert sum(f(7) if f.__code__.co_argcount else f() for f in values) == made["f_vgg16"](7) == 15_470_264_320


def test_formats(archcost) -> None:
    """LaTeX, Markdown, a function of Python."""
    arguments = ("formula", "resnet50", "resolution=32*n", "--format")
    assert archcost(*arguments, "latex").stdout == "83410944 n^{2} + 2048000\n"
    assert archcost(*arguments, "markdown").stdout == "- resnet50: $83410944 n^{2} + 2048000$\n"
    assert archcost(*arguments, "python").stdout == "def resnet50(n):\n    return 83410944*n**2 + 2048000\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("resnet50", "resolutio=n"), "has no parameter 'resolutio', did you mean 'resolution'?"),
        (
            ("resnet50", "resolution=n/2"),
            "resolution=n/2 is not whole for every value: take multiples, such as 2*n for n",
        ),
        (("resnet50", "resolution=__import__('os')"), "there is no function '__import__'"),
        (("resnet50", "/"), "formula takes NAME K=EXPR ..., or two of these with / between them"),
        (("/", "resnet50"), "formula takes NAME K=EXPR ..., or two of these with / between them"),
        (("resolution=n",), "formula takes NAME K=EXPR ..., or two of these with / between them"),
        (("vgg16", "/", "vgg16", "/", "vgg16"), "a ratio is that of one quantity of two networks"),
        (("vgg16", "/", "vgg16", "--quantity", "shape"), "a ratio is that of one quantity of two networks"),
        (("vgg16", "--at", "conv9"), "there is no layer or block 'conv9'"),
        (("vgg17",), "there is no network 'vgg17', did you mean 'vgg1"),
    ],
)
def test_bad_input(archcost, arguments: tuple[str, ...], message: str) -> None:
    """One clear message."""
    assert message in archcost("formula", *arguments, exit_code=2).stderr


def test_without_sympy(archcost, monkeypatch) -> None:
    """One line with the command that mends it."""
    monkeypatch.setitem(sys.modules, "sympy", None)
    error = archcost("formula", "conv5x5", exit_code=2).stderr
    assert error == "formulas need SymPy: pip install 'archcost[formula]'\n"
