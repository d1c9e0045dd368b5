"""Products of two inputs or more: of matrices, and over whichever axes letters name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from math import prod
from typing import TypeAlias

from archcost.cost import Cost, layer
from archcost.dims import Dim, Shape, require, same, sizes, surely
from archcost.errors import ShapeError
from archcost.layers.shapes import aligned, or_number, wider, wider_side


@layer
def matmul(a: Shape, b: Shape) -> Cost:
    """Product of matrices, `... x n x k` times `... x k x m`; the axes before them are equal, 1 or left out.

    A vector `k` is a row where it comes first and a column where it comes second, and leaves no axis behind; of two of
    them the product is a vector of one. Nothing is stored. Refuses what does not fit.
    Source: numpy.matmul.
    """
    require(len(a) > 0 and len(b) > 0, "cannot multiply {} with {}", a, b)
    rows, columns = a[:-1][-1:], b[1:][-1:]
    inner, summed = a[-1], b[-2:][0]
    rank = len(a[:-2]) if len(a) > len(b) else len(b[:-2])
    outer = wider(aligned(a[:-2], rank), aligned(b[:-2], rank))
    if outer is None or same(inner, summed) is False:
        raise ShapeError(f"cannot multiply {sizes(a)} with {sizes(b)}")
    out = or_number((*outer, *rows, *columns))
    return Cost(out=out, ops={"mac": prod(out) * inner}, windows="mixed")


EQUATION = re.compile(r"TERM(,TERM)*(->TERM)?".replace("TERM", r"([a-zA-Z]|\.{3})*"))
# The size of each axis of an operand by its label: a letter, or "-2" for one of an ellipsis, counted from its end.
Labelled: TypeAlias = dict[str, Dim]


@layer
def einsum(x: Shape, *others: Shape, equation: str) -> Cost:
    """A sum of products over named axes: `hnk,hmk->hnm` are the products of all rows, head by head.

    The equation is about one sample, without an axis for the batch. Without `->` the letters that occur once remain,
    in the order of the alphabet; `...` stands for the axes that have no letter. The inputs are multiplied two by two
    from the left. What occurs in only one of them, and neither later nor in the result, is summed before: an addition
    for each element. Then both together take a multiply-accumulate for each combination of what is left; where they
    have nothing to sum, a multiplication. Refuses an equation of another number of inputs or axes, unknown letters in
    the result, and sizes that differ, but for one that is 1.
    Source: torch.einsum, without an optimised path.
    """
    xs = (x, *others)
    terms, result = _read(equation)
    require(len(terms) == len(xs), "{} has {} inputs, is given {}", equation, len(terms), len(xs))
    operands = list(map(_labelled, terms, xs))
    total = _agreed(operands, equation)
    kept = _result(result, terms, total, equation)
    held = [_narrow(operand, total) for operand in operands]
    ops: Counter[str] = Counter()
    left = held[0]
    for i, right in enumerate(held[1:], 2):
        left = _contracted(left, right, {*kept}.union(*held[i:]), ops)
    _summed(left, kept, ops)
    return Cost(out=or_number(tuple(total[label] for label in kept)), ops=ops, windows="mixed")


def _read(equation: str) -> tuple[list[str], str | None]:
    """The terms of an equation, and its result if it is written."""
    plain = equation.replace(" ", "")
    well_formed = EQUATION.fullmatch(plain)
    terms, arrow, result = plain.replace("...", ".").partition("->")
    once = all(len(term.split(".")) <= 2 for term in (*terms.split(","), result))
    require(well_formed is not None and once, "is no equation: {}", equation)
    return terms.split(","), result if arrow else None


def _labelled(term: str, x: Shape) -> Labelled:
    """The axes of an operand by their labels; one that occurs twice is its diagonal."""
    letters = term.replace(".", "")
    fits = len(letters) <= len(x) if "." in term else len(letters) == len(x)
    require(fits, "{} does not name the axes of {}", term.replace(".", "..."), x)
    labels = _spelled(term, len(x) - len(letters))
    found: Labelled = {}
    for label, n in zip(labels, x, strict=True):
        require(same(found.setdefault(label, n), n), "{} has no diagonal of {}", x, label)
    return found


def _spelled(term: str, hidden: int) -> list[str]:
    """The labels of a term, with those of the axes that hide in its ellipsis."""
    return [name for label in term for name in (map(str, range(-hidden, 0)) if label == "." else label)]


def _agreed(operands: Sequence[Labelled], equation: str) -> Labelled:
    """The size of each label; where operands differ, one is 1 and repeated."""
    total: Labelled = {}
    for operand in operands:
        for label, n in operand.items():
            size = wider_side(total.setdefault(label, n), n)
            if size is None:
                raise ShapeError(f"{equation} has {total[label]} and {n} of the same axis")
            total[label] = size
    return total


def _result(result: str | None, terms: Sequence[str], total: Labelled, equation: str) -> list[str]:
    """The labels of the result, in order."""
    if result is None:
        count = Counter("".join(terms))
        result = "." + "".join(sorted(label for label in count if label != "." and not count[label] - 1))
    labels = _spelled(result, sum(not label.isalpha() for label in total))
    require(len({*labels} & {*total}) == len(labels), "{} has a result that its inputs do not make", equation)
    return labels


def _narrow(operand: Labelled, total: Labelled) -> Labelled:
    """An operand without its axes of 1 that are repeated: they take no part in the arithmetic."""
    return {label: n for label, n in operand.items() if surely(same, total[label], 1) or not surely(same, n, 1)}


def _contracted(left: Labelled, right: Labelled, needed: Collection[str], ops: Counter[str]) -> Labelled:
    """The product of two operands, summed over what is not needed any more; its operations are added to `ops`."""
    left = _summed(left, {*needed, *right}, ops)
    right = _summed(right, {*needed, *left}, ops)
    both = {**left, **right}
    after = {label: n for label, n in both.items() if label in needed}
    ops["mac" if len(after) < len(both) else "mul"] += prod(both.values())
    return after


def _summed(operand: Labelled, needed: Collection[str], ops: Counter[str]) -> Labelled:
    """An operand summed over what is not needed."""
    after = {label: n for label, n in operand.items() if label in needed}
    if len(after) < len(operand):
        ops["add"] += prod(operand.values())
    return after
