"""Do sizes that an ONNX file leaves open stay names where they can, and are they asked for where they cannot?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx")
from onnx_models import FLOAT, INT, model, node, numbers, out, weight

from archcost.errors import ArchcostError
from archcost.expand import expand
from archcost.importers import written
from archcost.net import Net, propagate

SHAPES = [numbers("1", [1]), numbers("2", [2]), numbers("3", [3]), numbers("none", [-1])]
# A map, halved with what is left over, then its positions one behind the other, compared with each other.
MAP = [
    node("Conv", "x w", "a", strides=[2, 2], pads=[1, 1, 1, 1]), node("MaxPool", "a", "b", kernel_shape=[2, 2],
    strides=[2, 2], ceil_mode=1), node("Shape", "b", "s"), node("Slice", "s 2 3", "h"), node("Slice", "s 3 4", "v"),
    node("Slice", "s 1 2", "c"), node("Mul", "h v", "n"), node("Concat", "1 c n", "t", axis=0),
    node("Reshape", "b t", "tokens"), node("Transpose", "tokens", "turned", perm=[0, 2, 1]),
    node("MatMul", "turned tokens", "scores"), node("Softmax", "scores"),
]  # fmt: skip
STORED = [*SHAPES, numbers("4", [4]), weight("w", 4, 3, 3, 3)]


def plain(net: Net) -> list[Any]:
    """What a network costs, layer by layer."""
    return [(one.node.name, one.node.op, one.inputs, one.cost) for one in propagate(net)]


def at(net: Net, **sizes: int) -> list[Any]:
    """What it costs where the names have these sizes."""
    return plain(expand(written("net", net), None, sizes))


def test_names_are_kept(read: Callable[..., Net]) -> None:
    """At sizes that it was not read at, the network with names is that which is read with the sizes given."""
    made = model(MAP, ("batch", 3, "height", "width"), STORED)
    net = read(made)
    assert net.nodes[0].attributes["shape"] == (3, "height", "width")
    for height, width in ((32, 48), (33, 17), (7, 64), (226, 5)):
        there = read(made, dims={"height": height, "width": width})
        positions = -(-height // 4) * -(-width // 4)
        assert out(there) == (positions, positions), "halved twice, rounded up"
        assert at(net, height=height, width=width) == plain(there)
    assert at(read(made, dims={"height": 20}), width=12) == plain(read(made, dims={"height": 20, "width": 12}))


# A stage halves a map, or nearly: rounded down, rounded up, around each second position, cut into parts.
STAGES = {
    "down": {"kernel_shape": [2, 2], "strides": [2, 2]},
    "up": {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1},
    "around": {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
    "thirds": {"kernel_shape": [3, 3], "strides": [3, 3]},
}


def staged(stages: Sequence[str], of: int, whole: bool) -> Any:
    """A pyramid of maps, the last one resized to one of the others, as positions; `whole` takes but whole multiples."""
    made = [node("MaxPool", f"m{i}", f"m{i + 1}", **STAGES[stage]) for i, stage in enumerate(stages)]
    last = f"m{len(stages)}"
    if whole:  # parts of 2 by 2 positions
        made += [node("Shape", last, "w"), node("Slice", "w 2 4", "wide"), node("Div", "wide 2", "parts"),
                 node("Mul", "parts 2", "all"), node("Concat", "1 3 all", "cut", axis=0), node("Reshape", f"{last} cut",
                 "whole")]  # fmt: skip
        last = "whole"
    made += [
        node("Shape", f"m{of}", "s"), node("Slice", "s 2 4", "there"), node("Concat", "1 3 there", "target", axis=0),
        node("Resize", f"{last} . . target", "r"), node("Shape", "r", "t"), node("Slice", "t 2 3", "h"),
        node("Slice", "t 3 4", "v"), node("Mul", "h v", "n"), node("Concat", "1 3 n", "flat", axis=0),
        node("Reshape", "r flat"),
    ]  # fmt: skip
    made.insert(0, node("Relu", "x", "m0"))
    return model(made, ("batch", 3, "height", "width"), [*SHAPES, numbers("4", [4])])


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([*STAGES]), min_size=1, max_size=5),
    st.integers(0, 5),
    st.booleans(),
    st.lists(st.tuples(st.integers(30, 1300), st.integers(30, 1300)), min_size=6, max_size=6),
)
def test_any_stages(read: Callable[..., Net], stages: list[str], of: int, whole: bool, sizes: Any) -> None:
    """At whatever size it is read, it costs there what the names say; at the others both refuse."""
    made = staged(stages, min(of, len(stages)), whole)
    try:
        net = read(made)
    except ArchcostError as error:
        assert "takes few of the sizes" in str(error)  # whole multiples of many
        return
    for height, width in [*sizes, *((h // 64 * 64 + 64, w // 64 * 64 + 64) for h, w in sizes)]:
        try:
            there = read(made, dims={"height": height, "width": width})
        except ArchcostError:
            continue
        named = at(net, height=height, width=width)
        if len(named) == len(plain(there)):  # where a map is as small as can be, a layer may have nothing to do
            assert named == plain(there)
        assert named[-1][-1].out == out(there)


def test_tokens(read: Callable[..., Net]) -> None:
    """A token more than words, each compared with each."""
    nodes = [
        node("Gather", "e x", "words"), node("Concat", "first words", "all", axis=1),
        node("Transpose", "all", "t", perm=[0, 2, 1]), node("MatMul", "all t", "scores"),
        node("Shape", "scores", "s"), node("Slice", "s 1 2", "n"), node("Concat", "1 n n 1", "shape", axis=0),
        node("Reshape", "scores shape"),
    ]  # fmt: skip
    stored = [*SHAPES, weight("e", 50, 6), weight("first", 1, 1, 6)]
    made = model(nodes, ("batch", "length"), stored, kind=INT)
    net = read(made)
    assert net.nodes[-1].attributes["out"] == ("length + 1", "length + 1", 1)
    assert at(net, length=77) == plain(read(made, dims={"length": 77}))


def test_a_size_that_nobody_gives(archcost, tmp_path: Path) -> None:
    """It is a knob without a value: named where it is needed, and kept where it is not."""
    file = tmp_path / "net.onnx"
    file.write_bytes(model(MAP, ("batch", 3, "height", "width"), STORED).SerializeToString())
    said = archcost("table", str(file), exit_code=2).stderr
    assert said == f"the parameter 'height' of {file} has no value: set it with --set height=...\n"
    target = tmp_path / "net.yaml"
    archcost("import", str(file), "-o", str(target))
    given = ("--set", "height=24", "--set", "width=40", "--columns", "output,params,macs", "--format", "csv")
    assert archcost("table", str(target), *given).stdout == archcost("table", str(file), *given).stdout
    assert archcost("validate", str(target), *given[:4]).stdout.startswith(f"{target}: ok, ")
    assert archcost("validate", str(file), *given[:4]).stdout.startswith(f"{file}: ok, ")
    swept = archcost("sweep", str(file), "height=24", "width=40:56:8", "--format", "csv").stdout.splitlines()
    assert len(swept) == 1 + 3
    assert "⌈" in archcost("formula", str(file), "height=h", "width=w").stdout


@pytest.mark.parametrize(
    ("nodes", "shape", "why"),
    [
        ([node("MatMul", "x w")], ("batch", 3, "n"), "it takes few of the sizes"),
        ([node("Relu", "x")], ("batch", 3, "n-1"), "'n-1' is no name of a knob"),
        ([node("Resize", "x . . big")], ("batch", 3, "m", "out"),
         "there are layers with arguments called out"),
        ([node("Shape", "x", "s"), node("Slice", "s 2 3", "n"), node("Mod", "n five", "r"), node("Add", "r 1", "k"),
          node("Concat", "1 three k", "t", axis=0), node("Expand", "one t", "e"), node("Concat", "x e", axis=2)],
         ("batch", 3, "n"), "is no formula of n"),
    ],
)  # fmt: skip
def test_names_that_cannot_be_kept(read: Callable[..., Net], nodes: Any, shape: Any, why: str) -> None:
    """The sizes are asked for, in one message, which says why."""
    stored = [
        weight("w", 50, 6), numbers("big", [1, 3, 64, 64]), numbers("five", [5]), numbers("three", [3]),
        weight("one", 1, 1, 1), *SHAPES,
    ]  # fmt: skip
    made = model(nodes, shape, stored)
    asked = f"leaves sizes open: .* --set {shape[-1]}=224"
    with pytest.raises(ArchcostError, match=f"{asked} .*cannot stay names: .*{why}"):
        read(made)


def test_only_open_sizes_can_be_given(read: Callable[..., Net]) -> None:
    """A name that the file does not have is a mistake."""
    made = model([node("Relu", "x")], ("batch", 3, "height", "width"), kind=FLOAT)
    assert out(read(made, dims={"height": 5, "width": 7})) == (3, 5, 7)
    with pytest.raises(ArchcostError, match="no size 'hight' to set, did you mean 'height'"):
        read(made, dims={"height": 5, "width": 7, "hight": 5})
