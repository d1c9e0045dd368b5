"""Which laws hold for every layer type, whatever it computes?"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from examples import EXAMPLES, Example
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost import layers
from archcost.cost import OPERATIONS, PARAMETERS, Cost, layer_names, layer_type
from archcost.dims import Disagreement
from archcost.errors import ShapeError
from archcost.kinds import check
from archcost.window import slide

CASES = [
    pytest.param(name, example, id=f"{name}{i}")
    for name, examples in EXAMPLES.items()
    for i, example in enumerate(examples)
]
WHOLE = ("Dim", "Count", "Spatial", "Padding", "Sequence[Dim]", "Ends")  # the kinds of attribute that are sizes
# Layers to which 1 means "as large as the other", beside those that join, and layers that may not know of symbols or of
# some points how far a window reaches.
REPEATING = {"subtract", "divide", "maximum", "minimum", "compare", "power", "where", "matmul", "expand"}
UNSURE = {"adaptive_maxpool", "adaptive_avgpool", "resize"}


def with_numbers(name: str, example: Example, change: Callable[[int], Any]) -> Cost:
    """The cost of the example with every size changed, of the inputs and of the attributes; words and flags stay."""

    def changed(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(changed, value))
        return change(value) if type(value) is int else value

    found = layer_type(name)
    kinds = {key: attribute.kind.removesuffix(" | None") for key, attribute in found.attributes.items()}
    attributes = {key: changed(v) if kinds[key] in WHOLE else v for key, v in example.attributes.items()}
    for key, value in attributes.items():
        check(found.attributes[key].kind, value)
    return found.cost(*changed(example.shapes), **attributes)


def with_sizes(name: str, example: Example, sizes: list[Any]) -> Cost:
    """The cost of the example with these sizes in place of its own, in order."""
    remaining = iter(sizes)
    return with_numbers(name, example, lambda _: next(remaining))


def sizes_of(name: str, example: Example) -> list[int]:
    """Every size in the example, in order."""
    found: list[int] = []

    def noted(size: int) -> int:
        found.append(size)
        return size

    with_numbers(name, example, noted)
    return found


def variations(name: str, example: Example) -> Iterator[list[int]]:
    """The sizes, and what else the layer accepts: each size changed alone, and together with all that equal it.

    Where the layer ties sizes together in another way, the example says which are possible.
    """
    sizes = sizes_of(name, example)
    yield sizes
    yield from map(list, example.also)
    for place, size in enumerate(sizes):
        for larger in (size + 1, 2 * size, 3 * size):
            alone = [larger if i == place else n for i, n in enumerate(sizes)]
            together = [larger if n == size else n for n in sizes]
            for varied in alone, together:
                try:
                    with_sizes(name, example, varied)
                except ShapeError:
                    continue
                yield varied


def on_arrays(name: str, example: Example, points: list[list[int]]) -> Iterator[tuple[list[list[int]], Cost]]:
    """Points and their cost as arrays; where they answer a question differently, each side by itself."""
    try:
        yield points, with_sizes(name, example, list(np.array(points).T))
    except Disagreement as found:
        for side in (True, False):
            yield from on_arrays(
                name, example, [p for p, answer in zip(points, found.answers, strict=True) if answer == side]
            )


def repeats(name: str) -> bool:
    """Whether a size of 1 is none that varies."""
    return layer_type(name).joins or name in REPEATING


def is_steady(name: str, example: Example, size: int) -> bool:
    """Whether a size cannot vary: a 1 that is repeated, or the rank of a map, which the last axis of a grid is."""
    return (repeats(name) and size == 1) or (name == "grid_sample" and size == len(example.shapes[0]) - 1)


def without_windows(name: str, cost: Cost, expected: dict[str, Any]) -> dict[str, Any]:
    """What is expected where windows are not known of symbols or all points."""
    unsure = name in UNSURE and not isinstance(cost.windows, tuple)
    return {**expected, "windows": cost.windows, "grows": cost.grows} if unsure else expected


def facts(cost: Cost, number: Callable[[Any], int] = int) -> dict[str, Any]:
    """All that a cost says, with every count as a plain number."""
    return {
        "out": tuple(map(number, cost.out)),
        "params": {kind: number(n) for kind, n in cost.params.items()},
        "ops": {kind: number(n) for kind, n in cost.ops.items()},
        "buffers": {kind: number(n) for kind, n in cost.buffers.items()},
        "windows": [tuple(map(number, (w.kernel, w.stride, *w.pad, w.dilation))) for w in cost.windows]
        if isinstance(cost.windows, tuple)
        else cost.windows,
        "storage": cost.storage,
        "grows": cost.grows,
    }


def test_every_layer_type_has_examples() -> None:
    """Whoever adds a layer type adds its row of examples; whoever removes one removes the row."""
    assert set(EXAMPLES) == set(layer_names())
    assert all(EXAMPLES.values())


@pytest.mark.parametrize(("name", "example"), CASES)
def test_example_by_hand(name: str, example: Example) -> None:
    """A layer costs what was found by hand."""
    cost = layer_type(name).cost(*example.shapes, **example.attributes)
    assert cost.out == example.gives
    assert {kind: n for kind, n in cost.params.items() if n} == example.params
    assert {kind: n for kind, n in cost.ops.items() if n} == example.ops
    assert cost.buffers == example.buffers
    assert not example.windows or cost.windows == example.windows


@pytest.mark.parametrize(("name", "example"), CASES)
def test_symbols_count_like_ints(name: str, example: Example) -> None:
    """Counts on symbols, with the sizes put in their place, are the counts on the sizes.

    Some sizes are no symbols: 0 and less, because symbols are positive, and in a layer that joins 1, because it means
    "as large as the other". Whether cells of adaptive pooling are all alike is not known of symbols, so its windows may
    be None.
    """
    sizes = sizes_of(name, example)
    symbols = [
        n if n < 1 or (n == 1 and repeats(name)) else sympy.Symbol(f"n{i}", integer=True, positive=True)
        for i, n in enumerate(sizes)
    ]
    values = [(symbol, n) for symbol, n in zip(symbols, sizes, strict=True) if symbol is not n]
    cost = with_sizes(name, example, symbols)
    symbolic = facts(cost, lambda n: int(sympy.sympify(n).subs(values)))
    assert symbolic == without_windows(name, cost, facts(with_sizes(name, example, sizes)))


@pytest.mark.parametrize(("name", "example"), CASES)
def test_arrays_count_like_ints(name: str, example: Example) -> None:
    """Counts on arrays are the counts on their elements, for variations of an example in which every size varies.

    Where cells of adaptive pooling are alike at some points only, its windows may be None.
    """
    points = list(variations(name, example))
    steady = [values[0] for values in zip(*points, strict=True) if len(set(values)) == 1]
    assert all(is_steady(name, example, size) for size in steady), "some size never varies: choose another example"
    for side, cost in on_arrays(name, example, points):
        for i, point in enumerate(side):
            on_point = facts(cost, lambda n, i=i: int(n[i]) if isinstance(n, np.ndarray) else int(n))
            assert on_point == without_windows(name, cost, facts(with_sizes(name, example, point))), point


@pytest.mark.parametrize(("name", "example"), CASES)
def test_vocabulary(name: str, example: Example) -> None:
    """Formulas count in the words of the vocabulary only."""
    cost = layer_type(name).cost(*example.shapes, **example.attributes)
    assert cost.ops.keys() <= OPERATIONS.keys()
    assert cost.params.keys() <= PARAMETERS.keys()
    assert cost.storage in ("new", "inplace", "view")


@pytest.mark.parametrize("name", layer_names())
def test_formula_names_its_source(name: str) -> None:
    """A reader can look up where a formula comes from."""
    assert "Source: " in layer_type(name).doc


@pytest.mark.parametrize("path", sorted(Path(layers.__path__[0]).glob("*.py")), ids=lambda path: path.stem)
def test_formulas_keep_to_generic_arithmetic(path: Path) -> None:
    """No formula divides with `/`, calls `int`, `float`, `round`, `min` or `max`, or compares sizes by operators.

    Those give a wrong answer on symbols without an error (`n % 4 == 0` is False), or fail on arrays; `dims` has what
    to use instead. Comparisons of what is no size are allowed: with a word, with a rank by `len`, of axis
    numbers and of labels.
    """
    banned = {"int", "float", "round", "min", "max"}
    for node in ast.walk(ast.parse(path.read_text())):
        line = f"{path.name}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.BinOp | ast.AugAssign):
            assert not isinstance(node.op, ast.Div), line
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in banned, line
        if isinstance(node, ast.Compare) and not all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            assert any(map(_is_no_size, [node.left, *node.comparators])), line


def _is_no_size(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str()) | ast.Name(id="axis" | "axes" | "label") | ast.Call(func=ast.Name(id="len")):
            return True
    return False


thorough = settings(max_examples=1000, derandomize=True, deadline=None)
SIZES = st.integers(1, 30)
SMALL = st.integers(1, 5)
PADDING = st.tuples(st.integers(0, 6), st.integers(0, 6))
SPACES = st.integers(1, 3).flatmap(lambda rank: st.tuples(*[st.tuples(SIZES, SMALL, SMALL, SMALL, PADDING)] * rank))


def placed(n: int, span: int, stride: int, pad: tuple[int, int], rounding: str, padded: bool) -> list[int]:
    """Where the windows begin on a padded axis, found by placing one after the other."""
    before, after = pad
    lacking = 0 if rounding == "floor" else stride - 1  # a window is kept while it lacks less than a stride
    starts = list(takewhile(lambda start: start + span <= before + n + after + lacking, count(0, stride)))
    if starts and (rounding == "ceil" or (rounding == "caffe" and padded)) and starts[-1] >= n + before:
        starts.pop()
    return starts


@thorough
@given(SPACES, st.sampled_from(["floor", "ceil", "caffe"]))
def test_positions_are_those_of_placed_windows(axes: tuple[Any, ...], rounding: str) -> None:
    """`slide` counts as many positions as windows can be placed, and refuses where there are none.

    Rounding up supposes padding narrower than the window, as pooling demands.
    """
    space, kernel, stride, dilation, pad = zip(*axes, strict=True)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if rounding != "floor":
        pad = tuple((min(b, span - 1), min(a, span - 1)) for (b, a), span in zip(pad, spans, strict=True))
    padded = any(ends != (0, 0) for ends in pad)  # along any axis: Caffe asks for both at once
    expected = tuple(len(placed(*axis, rounding, padded)) for axis in zip(space, spans, stride, pad, strict=True))
    if 0 in expected:
        with pytest.raises(ShapeError):
            slide(space, kernel, stride, pad, dilation, rounding)
    else:
        positions, windows = slide(space, kernel, stride, pad, dilation, rounding)
        assert positions == expected
        assert [w.span for w in windows] == spans


@thorough
@given(SIZES, SMALL, SMALL, SMALL)
def test_same_begins_a_window_at_every_stride(n: int, kernel: int, stride: int, dilation: int) -> None:
    """`same` places a window for every `stride` elements of the map, with the least padding in which all fit."""
    (positions,), (window,) = slide((n,), kernel, stride, "same", dilation)
    starts = range(0, n, stride)
    least = next(total for total in count() if starts[-1] + dilation * (kernel - 1) + 1 <= n + total)
    assert positions == len(starts)
    assert window.pad == (least // 2, least - least // 2)


@thorough
@given(SIZES, SMALL, SMALL, SMALL)
def test_valid_pads_nothing(n: int, kernel: int, stride: int, dilation: int) -> None:
    """`valid` keeps the windows that lie inside the map."""
    starts = placed(n, dilation * (kernel - 1) + 1, stride, (0, 0), "floor", padded=False)
    if starts:
        assert slide((n,), kernel, stride, "valid", dilation) == slide((n,), kernel, stride, 0, dilation)
        assert slide((n,), kernel, stride, "valid", dilation)[0] == (len(starts),)
    else:
        with pytest.raises(ShapeError):
            slide((n,), kernel, stride, "valid", dilation)


@thorough
@given(st.lists(st.tuples(SIZES, SIZES), min_size=1, max_size=3))
def test_adaptive_cells(axes: list[tuple[int, int]]) -> None:
    """Adaptive pooling adds and compares as many elements as its cells hold, counted cell by cell."""
    space, out = zip(*axes, strict=True)
    elements = 1
    for n, cells in axes:
        bounds = [(i * n // cells, -(-(i + 1) * n // cells)) for i in range(cells)]
        elements *= sum(end - begin for begin, end in bounds)
    assert layer_type("adaptive_avgpool").cost((7, *space), out=out).ops["add"] == 7 * elements
    assert layer_type("adaptive_maxpool").cost((7, *space), out=out).ops["cmp"] == 7 * elements
