"""Are many settings counted at once counted like each by itself, and are the points those that were asked for?"""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from itertools import count, product, takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost.api import Architecture
from archcost.axes import axes
from archcost.errors import ArchcostError
from archcost.expand import expand
from archcost.presets import convention, names
from archcost.source import plain_data
from archcost.sweep import QUANTITIES, Subject, evaluate, front, holds, joined, picked, reduced
from archcost.zoo import built_in, load_spec, spec_files

IN_A_REPORT = {"memory": "memory_bytes", "peak_memory": "peak_memory_bytes"}
CONVENTIONS = names()
FILES = [pytest.param(path, CONVENTIONS[i % len(CONVENTIONS)], i, id=path.stem) for i, path in enumerate(spec_files())]
some = settings(max_examples=200, derandomize=True, deadline=None)


def column(values: list[Any]) -> Any:
    """An array of numbers, or of anything else as objects."""
    if len({*map(type, values)}) == 1 and type(values[0]) in (int, float):
        return np.array(values)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def columns(points: list[dict[str, Any]]) -> dict[str, Any]:
    """The points as arrays."""
    return {name: column([point[name] for point in points]) for name in points[0]}


def one_by_one(subject: Subject, point: dict[str, Any]) -> dict[str, int] | None:
    """What `load(name, **point).report(convention)` gives; None where it is impossible or too large for 64 bits."""
    try:
        totals = Architecture(expand(subject.spec, subject.variant, point)).report(subject.convention).totals
    except ArchcostError:
        return None
    counts = {name: getattr(totals, IN_A_REPORT.get(name, name)) for name in QUANTITIES}
    return counts if max(counts.values()) < 2**63 else None


def agree(subject: Subject, points: list[dict[str, Any]]) -> int:
    """Check every point against the network by itself; gives how many are possible."""
    found, possible = evaluate(subject, columns(points))
    for i, point in enumerate(points):
        at_once = {name: values[i].item() for name, values in found.items()} if possible[i] else None
        assert at_once == one_by_one(subject, point), (subject.variant or subject.spec.name, point)
    return int(possible.sum())


def turned(value: Any) -> list[Any]:
    """Some settings of a knob, its own among them."""
    if isinstance(value, bool):
        return [True, False]
    if isinstance(value, int):
        return [value, 2 * value, 1, value // 2, -1]
    if isinstance(value, float):
        return [value, value / 2, 1.3 * value]
    if isinstance(value, tuple) and value and all(type(n) is int for n in value):
        return [value, (value[0] + 1, *value[1:]), value[:-1]]
    return []


@pytest.mark.parametrize(("path", "counted", "seed"), FILES)
def test_a_sweep_counts_like_one_by_one(path: Path, counted: str, seed: int) -> None:
    """At tiny, odd, usual and impossible sizes, with every knob turned by itself and all together."""
    spec, rng = load_spec(path), random.Random(seed)
    variant = rng.choice([*spec.variants]) if spec.variants else None
    subject = Subject(spec, variant, convention(counted))
    given = {**spec.params, **(spec.variants[variant] if variant else {})}
    knobs = {name: turned(plain_data(value)) for name, value in given.items() if value is not None}
    size = next(name for name in ("resolution", "height") if name in knobs)
    usual = knobs[size][0]
    drawn = [rng.randint(*bounds) for bounds in ((1, 60), (1, 60), (60, 400), (60, 700))]
    assert agree(subject, [{size: n} for n in (usual, usual + 1, 0, -7, *drawn)])
    for name, values in knobs.items():
        if values and name != size:
            crossed = [{size: n, name: value} for value in values for n in (usual, rng.choice(drawn))]
            agree(subject, rng.sample(crossed, min(4, len(crossed))))
    agree(subject, [{name: rng.choice(values) for name, values in knobs.items() if values} for _ in range(2)])


@pytest.mark.parametrize("counted", CONVENTIONS)
def test_every_convention(counted: str) -> None:
    """Whatever counts, and whether or not batch norms are folded."""
    for name in ("resnet18", "shufflenet_v2_x1_0", "vit_b_32"):
        spec, variant = built_in(name)
        assert agree(Subject(spec, variant, convention(counted)), [{"resolution": n} for n in (64, 224, 227, 256)])


@pytest.mark.parametrize(
    ("name", "knob", "values"),
    [
        ("mobilenet_v2", "alpha", [0.25, 0.35, 0.5, 0.75, 1.0, 1.3, 1.4, 0.01, 0.0, -1.0]),
        ("mobilenet_v3_large", "alpha", [0.1, 0.2, 0.77, 1.0, 1.25, 3.0]),
        ("efficientnet_b0", "width", [1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0]),
        ("efficientnet_b0", "depth", [1.0, 1.1, 1.4, 2.2, 3.1]),
        ("mnasnet1_0", "alpha", [0.33, 0.5, 0.75, 1.0, 1.3]),
        ("resnext50_32x4d", "cardinality", [1, 2, 3, 32, 64, 0, -32]),
        ("se_resnet50", "groups", [1, 2, 3, 4, 0, -1]),
        ("shufflenet_v1", "groups", [1, 2, 3, 4, 5, 8, 9]),
        ("conv5x5_192", "kernel", [1, 2, 3, 4, 5, 7, 0, -3]),
        ("squeezenet1_0", "kernel", [3, 7, 4, -3]),
        ("vit_b_16", "patch", [8, 14, 16, 32, 224, 225, 0]),
        ("densenet121", "growth", [12, 24, 32, 48]),
    ],
)
def test_widths_groups_and_kernels(name: str, knob: str, values: list[Any]) -> None:
    """What scales a network, crossed with sizes: also where a factor is no whole number, nothing, or less."""
    spec, variant = built_in(name)
    subject = Subject(spec, variant, convention("lecture"))
    assert agree(subject, [{knob: value, "resolution": n} for value in values for n in (28, 224, 33)])


def test_words_truths_and_lists_beside_numbers() -> None:
    """They make networks of their own; true is not 1, nor 1 true."""
    spec, variant = built_in("resnet50")
    subject = Subject(spec, variant, convention("lecture"))
    depths = [(3, 4, 6, 3), (1, 1, 1), (3, 4, 6, 3), (2,)]
    points = product((True, False, 1, "yes", [1]), depths, (64, 224))
    assert agree(subject, [{"bottlenecks": b, "depths": d, "resolution": n} for b, d, n in points])
    spec, variant = built_in("inception_v2")
    assert agree(subject._replace(spec=spec, variant=variant), [{"conv1": ({"conv": {"out": 8}},), "proj": 8}]) == 0


@pytest.mark.parametrize("path", spec_files(), ids=lambda path: path.stem)
def test_no_count_wraps_around(path: Path) -> None:
    """Past 64 bits a point is left out, never a wrong number; what fits beside it is exact."""
    spec, rng = load_spec(path), random.Random(1)
    subject = Subject(spec, spec.first if spec.variants else None, convention("lecture"))
    size = "resolution" if "resolution" in spec.params else "height"
    for bounds in ((10**7, 2**31), (10**18, 2**62)):
        whole = [224, *(n // 32 * 32 for n in (*bounds, rng.randint(*bounds)))]
        assert agree(subject, [{size: n} for n in whole])
        assert agree(subject, [{size: n + odd} for n in whole for odd in (0, 1)])


HUMPED = """
params: {n: 1, k: 1}
input: [3, 8, 8]
layers:
  - conv: {out: "1 + n * (2000000 - n)", kernel: 1}
  - conv: {out: "k * k * k * k * k // (k * k * k * k)", kernel: 1}
"""


def test_what_passes_64_bits_on_the_way_is_no_number(tmp_path: Path) -> None:
    """Counts that are large between two settings, and a product that would wrap before it is divided."""
    (tmp_path / "net.yaml").write_text(HUMPED)
    subject = Subject(load_spec(tmp_path / "net.yaml"), None, convention("lecture"))
    assert agree(subject, [{"n": n, "k": 3} for n in (0, 1, 10**6, 2 * 10**6 - 1, 2 * 10**6)]) == 5
    assert agree(subject, [{"n": 10**6, "k": k} for k in (1, 10**3, 10**6)]) == 2
    assert agree(subject, [{"k": k} for k in (3, 6000, 10**4, 2 * 10**4)]) == 2


def test_counts_up_to_the_last_bit() -> None:
    """What fits into 64 bits is exact also where it nearly does not, beside small ones."""
    spec, variant = built_in("conv5x5")
    subject = Subject(spec, variant, convention("lecture"))
    points = [(56, 56), (4 * 10**13, 2), (9 * 10**13, 1), (10**15, 1)]
    assert agree(subject, [{"height": height, "width": width} for height, width in points]) == 3


JOINED = """
params: {k: 3, j: 3}
input: [3, 8, 8]
layers:
  - add:
      a: [conv: {out: k, kernel: 1}]
      b: [conv: {out: j, kernel: 1}]
"""


def test_sizes_of_one_are_repeated_at_their_points_only(tmp_path: Path) -> None:
    """An array that mixes 1 with other sizes is split where layers join."""
    (tmp_path / "net.yaml").write_text(JOINED)
    subject = Subject(load_spec(tmp_path / "net.yaml"), None, convention("full"))
    assert agree(subject, [{"k": k, "j": j} for k in (1, 2, 3, 5) for j in (1, 3)]) == 6


def values_of(text: str, seed: int = 0) -> list[Any]:
    """The values of one knob."""
    ((found,),) = [group.values() for group in axes([f"k={text}"], False, seed).groups]
    return found.tolist()


@some
@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-9, 9))
def test_ranges_of_whole_numbers(start: int, stop: int, step: int) -> None:
    """From start on by steps, up to the stop and with it if a step lands there."""
    text = f"{start}:{stop}:{step}"
    if not step or (stop - start) * step < 0:
        with pytest.raises(ArchcostError, match="empty"):
            values_of(text)
    else:
        steps = count(start, step)
        assert values_of(text) == list(takewhile(lambda n: n <= stop if step > 0 else n >= stop, steps))


@some
@given(st.integers(-(10**9), 10**9), st.integers(0, 30000), st.integers(1, 99), st.integers(1, 15))
def test_ranges_of_decimals(first: int, further: int, step: int, digits: int) -> None:
    """The same of decimal fractions, which come out as they are written: 0.1:1:0.1 holds 0.3 and 1."""
    start, stop, by = (Fraction(n, 10**digits) for n in (first, first + further, step))
    text = ":".join(f"{Decimal(n.numerator) / Decimal(n.denominator):.{digits}f}" for n in (start, stop, by))
    many = takewhile(lambda n: n <= stop, (start + i * by for i in count()))
    assert values_of(text) == [float(n) for n in many]


def test_no_step_goes_too_far() -> None:
    """Also where it nearly lands on the stop."""
    assert values_of("0:2999999999:3000000000") == [0]
    assert values_of("1:3:5") == [1]
    assert values_of("7:7") == [7]


@some
@given(st.integers(-100, 100), st.integers(1, 1000), st.integers(1, 200), st.integers(0, 5))
def test_random_values(low: int, width: int, many: int, seed: int) -> None:
    """Within their bounds, the same for the same seed; whole between whole bounds."""
    for factor in (1, 0.5):
        text = f"random({low * factor},{(low + width) * factor},n={many})"
        values = values_of(text, seed)
        assert values == values_of(text, seed)
        assert len(values) == many
        assert all(low * factor <= value <= (low + width) * factor for value in values)
        assert {*map(type, values)} == {type(low * factor)}
    assert values_of("random(0,1000000,n=9)", seed) != values_of("random(0,1000000,n=9)", seed + 1)


@some
@given(st.integers(1, 100), st.integers(1, 10**6), st.integers(2, 50))
def test_log_values(low: int, more: int, many: int) -> None:
    """Both ends and equal ratios between; whole values stand there once."""
    high = low + more
    ratios = [low * (high / low) ** (i / (many - 1)) for i in range(many)]
    assert values_of(f"log({low}.0,{high},n={many})") == pytest.approx(ratios)
    whole = values_of(f"log({low},{high},n={many})")
    assert whole == sorted({*whole})
    assert (whole[0], whole[-1]) == (low, high)
    assert all(min(abs(value - ratio) for ratio in ratios) < 0.501 for value in whole)


LISTS = st.lists(st.lists(st.integers(-99, 99), min_size=1, max_size=5), min_size=1, max_size=4)


def points_of(part: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The points of a part as Python has them."""
    return list(zip(*(values.tolist() for values in part.values()), strict=True))


@some
@given(LISTS, st.integers(1, 40), st.booleans())
def test_points_in_parts(lists: list[list[int]], size: int, zipped: bool) -> None:
    """Crossed, the last knob fastest, or side by side; in parts of any size they are all the points in order."""
    if zipped:
        lists = [values[: min(map(len, lists))] for values in lists]
    grid = axes([f"k{i}={','.join(map(str, values))}" for i, values in enumerate(lists)], zipped, 0)
    expected = list(zip(*lists, strict=True)) if zipped else list(product(*lists))
    parts = [points_of(part) for part in grid.parts(size)]
    assert [point for part in parts for point in part] == expected
    assert all(len(part) == size for part in parts[:-1])
    assert grid.points == len(expected)
    assert grid.knobs == tuple(f"k{i}" for i in range(len(lists)))


def test_random_knobs_are_drawn_together() -> None:
    """Beside a crossed knob, each of its values meets every draw."""
    grid = axes(["a=random(0,9,n=4)", "b=1,2", "c=random(0.0,1.0,n=4)"], False, 3)
    drawn = list(zip(*(grid.part(0, 4)[name].tolist() for name in "ac"), strict=True))
    everything = grid.part(0, grid.points)
    found = list(zip(*(everything[name].tolist() for name in "bac"), strict=True))
    assert found == [(b, *draw) for b in (1, 2) for draw in drawn]


def test_lists_words_and_truths() -> None:
    """A comma in brackets parts nothing."""
    assert values_of("[3,4,6,3],[2,2]") == [(3, 4, 6, 3), (2, 2)]
    assert values_of("true,false") == [True, False]
    assert values_of("s,m,l") == ["s", "m", "l"]
    assert values_of("1,0.5") == [1.0, 0.5]


LARGE = 10**22  # more than 64 bits hold


@pytest.mark.parametrize(
    "texts",
    [
        ["resolution"],
        ["resolution="],
        ["=3"],
        ["r=,"],
        ["r=1,,2"],
        ["r=5:1"],
        ["r=1:5:-1"],
        ["r=1:5:0"],
        ["r=1:5:2:3"],
        ["r=1:5,7"],
        ["r=1:5,a:b"],
        ["r=random(1,5)"],
        ["r=random(5,1,n=3)"],
        ["r=random(1,5,n=0)"],
        ["r=log(0,5,n=3)"],
        ["r=log(a,b,n=3)"],
        ["r=1:2000000000"],
        ["r=random(1,2,n=2000000000)"],
        ["r=1:10:1e-320"],
        ["r=1e308:-1e308:-1e-300"],
        ["r=0:1e400:1e399"],
        [f"r={LARGE}"],
        [f"r=0:{LARGE}:{LARGE // 10}"],
        [f"r=random(0,{LARGE},n=3)"],
        [f"r=log(1,{LARGE},n=3)"],
        ["r=1", "r=2"],
        ["r=random(1,9,n=3)", "s=random(1,9,n=4)"],
        [f"k{i}=1:1000" for i in range(10)],
    ],
    ids=lambda texts: texts[0],
)
def test_what_describes_no_points(texts: list[str]) -> None:
    """One clear error, before anything is counted."""
    with pytest.raises(ArchcostError):
        axes(texts, False, 0)


def test_side_by_side_as_many_each() -> None:
    """Knobs side by side have as many values each."""
    with pytest.raises(ArchcostError, match="side by side"):
        axes(["a=1,2", "b=3"], True, 0)


NUMBERS = st.recursive(
    st.sampled_from(["a", "b", "f", "0", "1", "2.5", "4e15", "1e300"]),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda parts: f"({' '.join(parts)})"),
    max_leaves=3,
)
COMPARED = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
CONDITIONS = st.recursive(
    st.tuples(NUMBERS, COMPARED, NUMBERS).map(" ".join)
    | st.tuples(NUMBERS, COMPARED, NUMBERS, COMPARED, NUMBERS).map(" ".join)
    | st.sampled_from(["true", "false"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})")
        | inner.map(lambda text: f"(not {text})")
    ),
    max_leaves=5,
)
ROWS = st.lists(
    st.fixed_dictionaries({"a": st.integers(-3, 3), "b": st.integers(0, 2**61), "f": st.floats(-3, 3)}), min_size=1
)


@some
@given(CONDITIONS, ROWS)
def test_conditions_hold_where_python_says_so(text: str, rows: list[dict[str, Any]]) -> None:
    """Point by point, with and, or, not and chained comparisons; also of constants, and where b*b is past 64 bits."""
    expected = [eval(text, {"true": True, "false": False}, row) for row in rows]
    assert holds(text, columns(rows)).tolist() == expected


def test_conditions_on_words_and_truths() -> None:
    """A truth is a condition by itself, a name or a number is none."""
    found = {"network": column(["x", "y"]), "bias": column([True, False]), "macs": np.array([3, 9])}
    assert holds("network == 'y'", found).tolist() == [False, True]
    assert holds("not bias and macs > 5", found).tolist() == [False, True]
    assert holds("bias", found).tolist() == [True, False]
    assert holds("macs > 5 if bias else macs < 10", found).tolist() == [False, True]
    assert holds("depths[0] == 2", {"depths": column([(2, 3), (3, 3)])}).tolist() == [True, False]
    for text in ("macs", "macs + 1", "mac < 3", "macs <", "macs in macs", "network < 3"):
        with pytest.raises(ArchcostError):
            holds(text, found)


TABLES = st.lists(st.tuples(*[st.integers(0, 6)] * 3), min_size=1, max_size=40)


def table(rows: list[tuple[int, ...]]) -> dict[str, Any]:
    """Points with three numbers and where they stood."""
    found = {name: np.array(values) for name, values in zip("abc", zip(*rows, strict=True), strict=True)}
    return {"network": column(["net"] * len(rows)), **found, "place": np.arange(len(rows))}


@some
@given(TABLES, st.sampled_from(["a", "-a", "a,b", "a,-b", "-a,-c", "a,b,c", "a,-b,c"]))
def test_front_is_what_nothing_dominates(rows: list[tuple[int, ...]], names: str) -> None:
    """Pareto's definition, pair by pair; equal points stay together."""
    signs = [(-1 if name[0] == "-" else 1, "abc".index(name[-1])) for name in names.split(",")]
    costs = [[sign * row[i] for sign, i in signs] for row in rows]

    def dominates(one: list[int], other: list[int]) -> bool:
        return all(a <= b for a, b in zip(one, other, strict=True)) and one != other

    expected = [i for i, cost in enumerate(costs) if not any(dominates(other, cost) for other in costs)]
    assert front(table(rows), names.split(",")).tolist() == expected


@some
@given(
    TABLES,
    st.integers(1, 9),
    st.sampled_from([None, "a,b", "a,-b", "-a,b,-c"]),
    st.sampled_from([None, "a", "-b"]),
    st.none() | st.integers(1, 5),
)
def test_parts_reduce_like_the_whole(
    rows: list[tuple[int, ...]], size: int, pareto: str | None, sort: str | None, top: int | None
) -> None:
    """What is kept of each part and of it with the next is kept of all. A front is cut to its top at the end only."""
    every = table(rows)
    kept: dict[str, Any] = {}
    for first in range(0, len(rows), size):
        part = picked(every, np.arange(first, min(first + size, len(rows))))
        kept = reduced(joined(kept, part), pareto, sort, None if pareto else top)
    kept, expected = reduced(kept, pareto, sort, top), reduced(every, pareto, sort, top)
    assert {name: values.tolist() for name, values in kept.items()} == {
        name: values.tolist() for name, values in expected.items()
    }


@some
@given(TABLES, st.sampled_from(["a", "-a", "c"]), st.integers(1, 50))
def test_sorted_and_cut(rows: list[tuple[int, ...]], sort: str, top: int) -> None:
    """Largest first, or smallest with a minus; equal ones in their order."""
    sign = 1 if sort[0] == "-" else -1
    expected = sorted(range(len(rows)), key=lambda i: sign * rows[i]["abc".index(sort[-1])])[:top]
    assert reduced(table(rows), None, sort, top)["place"].tolist() == expected


def test_front_of_large_whole_numbers_and_fractions() -> None:
    """Each column is compared as it is: 2**53 is not 2**53 + 1."""
    columns = {"a": np.array([2**53, 2**53 + 1]), "b": np.array([1.0, 1.0]), "c": np.array([1, 1])}
    assert front(columns, ["a", "b"]).tolist() == [0]
    assert front(columns, ["-a", "b", "c"]).tolist() == [1]


def test_no_such_column() -> None:
    """A mistake in --sort or --pareto says what was meant."""
    for pareto, sort in (("a,d", None), (None, "d"), (None, "network")):
        with pytest.raises(ArchcostError, match="no column"):
            reduced(table([(1, 2, 3)]), pareto, sort, None)
