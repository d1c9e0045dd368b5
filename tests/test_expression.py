"""What do expressions in a specification mean?"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import sympy

from archcost.errors import ArchcostError, Position, Source, SpecError
from archcost.expression import FUNCTIONS, evaluate, is_word

NAMES = {"width": 64, "alpha": 0.75, "depths": (3, 4, 6, 3), "word": "same", "flag": True, "table": ((1, 16), (6, 24))}


def at(text: str) -> Position:
    """A place at which the text begins."""
    return Position(Source("here", text), 1, 1)


def value(text: str, **names: Any) -> Any:
    """The value of an expression over these names, or those above."""
    return evaluate(text, names or NAMES, at(text))


def refused(text: str, **names: Any) -> tuple[int, str]:
    """The column and the message with which an expression is refused."""
    with pytest.raises(SpecError) as error:
        value(text, **names)
    assert error.value.at is not None
    return error.value.at.column, error.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4*width", 4 * 64),
        ("width + 2*3", 64 + 6),
        ("-width", -64),
        ("+width", 64),
        ("width // 3", 21),
        ("width % 10", 4),
        ("2**10", 1024),
        ("2**63", 2**63),
        ("2**-1", 0.5),
        ("1**64", 1),
        ("width / 4", 16),
        ("width / 3", 64 / 3),
        ("alpha * width", 48.0),
        ("  width ", 64),
        ("floor(alpha*10)", 7),
        ("ceil(alpha*10)", 8),
        ("floor(-0.5)", -1),
        ("ceil(-0.5)", 0),
        ("round(2.5)", 3),
        ("round(3.5)", 4),
        ("round(2.4)", 2),
        ("abs(3 - width)", 61),
        ("min(width, 3, 9)", 3),
        ("max(depths)", 6),
        ("max(2, alpha)", 2),
        ("sum(depths)", 3 + 4 + 6 + 3),
        ("len(depths)", 4),
        ("len(table)", 2),
        ("depths[0]", 3),
        ("depths[-1]", 3),
        ("table[1][0]", 6),
        ("[1, width]", (1, 64)),
        ("[width, [1, 2]]", (64, (1, 2))),
        ("width > 63", True),
        ("width >= 65", False),
        ("width != 64", False),
        ("1 < width < 65", True),
        ("1 < width < 3", False),
        ("word == 'same'", True),
        ("word != 'valid'", True),
        ("flag and width == 64", True),
        ("not flag", False),
        ("false or flag", True),
        ("true", True),
        ("1 if flag else 2", 1),
        ("1 if width < 3 else 2", 2),
        ("flag + flag", 2),
    ],
)
def test_value(text: str, expected: Any) -> None:
    """An expression means what it means in arithmetic; a quotient that is whole is an int."""
    found = value(text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("size", "divisor", "expected"),
    [(3, 8, 8), (8, 8, 8), (11, 8, 16), (12, 8, 16), (19, 8, 24), (20.8, 8, 24), (32 * 0.75, 8, 24), (18, 8, 24)],
)
def test_round_to(size: float, divisor: int, expected: int) -> None:
    """The nearest multiple, halves up, at least one, and never less than nine tenths: 11 becomes 16, 18 becomes 24."""
    assert value("round_to(size, divisor)", size=size, divisor=divisor) == expected


def test_only_what_is_needed_is_worked_out() -> None:
    """The other side of a condition may be impossible."""
    assert value("1 if flag else 1/0") == 1
    assert value("flag or 1/0") is True
    assert value("not flag and 1/0") is False


def test_symbols() -> None:
    """An expression over symbols is the formula."""
    n = sympy.Symbol("n", integer=True, positive=True)
    assert value("4*n**2 + n//2", n=n) == 4 * n**2 + n // 2
    assert value("floor(n/2)", n=n) == sympy.floor(n / 2)
    assert value("max(n, 3)", n=n).subs({n: 2}) == 3


def test_arrays() -> None:
    """An expression over an array is worked out for each of its elements."""
    sizes = np.array([3, 4, 7])
    assert value("2*n + 1", n=sizes).tolist() == [7, 9, 15]
    assert value("floor(n/2)", n=sizes).tolist() == [1, 2, 3]
    assert value("ceil(n/2)", n=sizes).tolist() == [2, 2, 4]
    assert value("min(n, 4)", n=sizes).tolist() == [3, 4, 4]


@pytest.mark.parametrize("text", ["n > 3 and true", "1 if n > 3 else 2", "not n > 3"])
def test_truth_of_a_symbol(text: str) -> None:
    """What depends on the value of a symbol is refused and not guessed; the message says what would settle it."""
    message = refused(text, n=sympy.Symbol("n"))[1]
    assert "'n > 3' holds depends on n: take a number, or a multiple of one" in message


@pytest.mark.parametrize("text", ["n > 3 and true", "1 if n > 3 else 2", "not n > 3"])
def test_truth_of_an_array(text: str) -> None:
    """The points of an array that differ are not of one network."""
    assert "'n > 3' holds differs between the points of an array" in refused(text, n=np.array([2, 5]))[1]


def test_power_of_a_symbol_is_bounded() -> None:
    """A large power would take hours to expand."""
    assert refused("(n + 1)**65", n=sympy.Symbol("n")) == (1, "'(n + 1) ** 65' is too large")


def test_own_functions() -> None:
    """A caller may give functions; what they refuse is reported at their place, in their words."""

    def refuse(_: int, /, also: int = 0) -> int:
        raise ArchcostError(f"not this one, nor {also}")

    with pytest.raises(SpecError) as error:
        evaluate("2 * refuse(1, also=3)", {}, at("2 * refuse(1, also=3)"), {**FUNCTIONS, "refuse": refuse})
    assert str(error.value).splitlines()[0] == "here:1:5: not this one, nor 3"


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("4*widht", 3, "there is no name 'widht' here, did you mean 'width'?"),
        ("   4*widht", 6, "there is no name 'widht' here, did you mean 'width'?"),
        ("cail(2)", 1, "there is no function 'cail', did you mean 'ceil'?"),
        ("2*cail", 3, "there is no name 'cail' here, did you mean 'ceil'?"),
        ("1 + floor", 5, "floor is a function: write floor(...)"),
        ("1 + 'a'", 5, "\"'a'\" is not a number but 'a'"),
        ("1 + word", 5, "'word' is not a number but 'same'"),
        ("1 + table", 5, "'table' is not a number but [[1, 16], [6, 24]]"),
        ("1 + (2 if flag else 3) % 0", 5, "division by zero in '(2 if flag else 3) % 0'"),
        ("1 + len(5)", 5, "'len(5)': len cannot take these values"),
        ("1 + max([])", 5, "'max([])': max cannot take these values"),
        ("1 + min()", 5, "'min()': min cannot take these values"),
        ("floor(word)", 1, "'floor(word)': floor cannot take these values"),
        ("round_to(1, 0)", 1, "'round_to(1, 0)': round_to cannot take these values"),
        ("floor(y=1)", 1, "'floor(y=1)': floor cannot take these values"),
        ("width[0]", 1, "'width[0]': only a list has numbered items"),
        ("depths[word]", 1, "'depths[word]': only a list has numbered items"),
        ("1 + depths[-5]", 5, "there is no item -5 in a list of 4"),
        ("word < 3", 1, "cannot compare 'same' with 3"),
        ("1 in depths", 1, "'1 in depths' is not allowed in an expression"),
        ("1 + (2, 3)", 5, "'(2, 3)' is not allowed in an expression"),
        ("{}", 1, "'{}' is not allowed in an expression"),
        ("b''", 1, "\"b''\" is not allowed in an expression"),
        ("1j", 1, "'1j' is not allowed in an expression"),
        ("1e400 + 1", 1, "'1e309' is too large"),
        ("2**64", 1, "'2 ** 64' is too large"),
        ("10.0**400", 1, "'10.0 ** 400' is too large"),
        ("(-8)**0.5", 1, "'(-8) ** 0.5' is not a real number"),
        ("f'{width}'", 1, "\"f'{width}'\" is not allowed in an expression"),
        ("width.real", 1, "'width.real' is not allowed in an expression"),
        ("(x := 3)", 2, "'(x := 3)' is not allowed in an expression"),
        ("await x", 1, "'await x' is not allowed in an expression"),
        ("1or 2", 1, "cannot read the expression '1or 2': invalid decimal literal"),
        ("", 1, "cannot read the expression '': invalid syntax"),
    ],
)
def test_refused(text: str, column: int, message: str) -> None:
    """Each mistake is shown at its own column, and what Python would only warn of is a mistake."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert refused(text) == (column, message)


@pytest.mark.parametrize(
    "text", ["(" * 250 + "1" + ")" * 249, "-" * 499 + "1", "[" * 249 + "]" * 249, "1\0", "1" * 501]
)
def test_refused_at_all(text: str) -> None:
    """Whatever Python says of it, and in whatever version."""
    assert refused(text)[0] >= 1


def test_words() -> None:
    """A single name may stand for itself; whether it may is up to who asked."""
    assert is_word("same") and is_word("widht")
    assert not is_word("2*width") and not is_word("same as") and not is_word("3a")
