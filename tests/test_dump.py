"""Does a net that is written as a specification come back, with blocks and repeats as well as flat?"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from come_back import comes_back, read_back, told
from examples import EXAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost.dump import dump, folded
from archcost.net import INPUT, Net, Node
from archcost.source import Limits, Source, parse
from archcost.zoo import load_net, names


def chain(*layers: tuple[Any, ...], shape: tuple[int, ...] = (4, 8, 8)) -> Net:
    """A net of (name, op, attributes, names that are read); what names nothing reads the layer before it."""
    nodes = [Node(INPUT, INPUT, (), {"shape": shape})]
    for name, op, *rest in layers:
        given_ = rest[0] if rest else {}
        index = {node.name: i for i, node in enumerate(nodes)}
        reads = tuple(index[read] for read in rest[1]) if len(rest) > 1 else (len(nodes) - 1,)
        nodes.append(Node(name, op, reads, given_, shares=index[rest[2]] if len(rest) > 2 else None))
    return Net("net", tuple(nodes), "a net")


def body(text: str) -> str:
    """The text behind the head."""
    return text[text.index("blocks:" if "blocks:" in text else "layers:") :]


@pytest.mark.parametrize("name", names())
def test_built_in_networks(name: str) -> None:
    """Every one, to the last name and number, and never longer than flat."""
    net = load_net(name)
    assert comes_back(net).count("\n") <= dump(net).count("\n")


@pytest.mark.parametrize("op", EXAMPLES)
def test_layer_types(op: str) -> None:
    """Attributes that are left away or written short mean the same."""
    for shapes, given_ in [(example.shapes, example.attributes) for example in EXAMPLES[op]]:
        inputs = tuple(Node(f"x{i}", INPUT, (), {"shape": shape}) for i, shape in enumerate(shapes))
        inputs = inputs or (Node(INPUT, INPUT, (), {"shape": (3, 8, 8)}),)
        node = Node("layer", op, tuple(range(len(shapes))), given_)
        comes_back(Net("net", (*inputs, node), op))


def test_short_values() -> None:
    """One number for all axes, no defaults, the first attribute alone; truths and lists keep their name."""
    net = chain(
        ("c", "conv", {"out": 4, "kernel": (3, 3), "stride": [1, 1], "pad": ((1, 1), (1, 1)), "bias": False}),
        ("d", "conv", {"out": 4, "kernel": (1, 3), "pad": ((0, 0), (2, 0)), "bias": True}),
        ("prelu1", "prelu", {"per_channel": False}),
        ("dropout1", "dropout", {"rate": 0.25}),
        ("permute1", "permute", {"axes": [0, 2, 1]}),
        ("flatten1", "flatten"),
        ("linear1", "linear", {"out": 10, "bias": True}),
    )
    assert body(comes_back(net)) == (
        "layers:\n"
        "  - {conv: {out: 4, kernel: 3, pad: 1, bias: false}, as: c}\n"
        "  - {conv: {out: 4, kernel: [1, 3], pad: [0, [2, 0]]}, as: d}\n"
        "  - prelu: {per_channel: false}\n"
        "  - dropout: 0.25\n"
        "  - permute: {axes: [0, 2, 1]}\n"
        "  - flatten\n"
        "  - linear: 10\n"
    )


def residual(path: str, before: str, out: int = 4, stride: int = 1) -> list[tuple[Any, ...]]:
    """The layers of a basic block as a module of PyTorch names them."""
    conv = {"out": out, "kernel": (3, 3), "pad": (1, 1), "bias": False}
    return [
        (f"{path}/conv1", "conv", {**conv, "stride": (stride, stride)}, [before]),
        (f"{path}/bn1", "batchnorm"),
        (f"{path}/relu", "relu"),
        (f"{path}/conv2", "conv", conv),
        (f"{path}/bn2", "batchnorm"),
        *([(f"{path}/downsample/0", "conv", {"out": out, "kernel": 1, "stride": 2}, [before])] if stride > 1 else []),
        (f"{path}/add", "add", {}, [f"{path}/bn2", f"{path}/downsample/0" if stride > 1 else before]),
        (f"{path}/relu_1", "relu"),
    ]


def test_modules_of_a_list_are_repeated() -> None:
    """They count from 0, and what differs in channels is one block."""
    layers = residual("layer1/0", INPUT)
    for before, path in pairwise(["layer1/0", "layer1/1", "layer1/2"]):
        layers += residual(path, f"{before}/relu_1")
    layers += residual("layer2/0", "layer1/2/relu_1", 8, 2)
    layers += residual("layer2/1", "layer2/0/relu_1", 8)
    assert (
        body(comes_back(chain(*layers)))
        == """\
blocks:
  layer:
    params: {out}
    layers:
      - conv: {out: out, kernel: 3, pad: 1, bias: false}
      - {batchnorm: , as: bn1}
      - {relu: , as: relu}
      - conv: {out: out, kernel: 3, pad: 1, bias: false}
      - {batchnorm: , as: bn2}
      - {add: , as: add, from: [bn2, input]}
      - {relu: , as: relu_1}
layers:
  - {layer: 4, as: layer1/, repeat: 3, first: 0}
  - {conv: {out: 8, kernel: 3, stride: 2, pad: 1, bias: false}, as: layer2/0/conv1}
  - {batchnorm: , as: layer2/0/bn1}
  - {relu: , as: layer2/0/relu}
  - {conv: {out: 8, kernel: 3, pad: 1, bias: false}, as: layer2/0/conv2}
  - {batchnorm: , as: layer2/0/bn2}
  - {conv: {out: 8, kernel: 1, stride: 2}, as: layer2/0/downsample/0, from: layer1/}
  - {add: , as: layer2/0/add, from: [layer2/0/bn2, layer2/0/downsample/0]}
  - {relu: , as: layer2/0/relu_1}
  - {layer: 8, as: layer2/1}
"""
    )


def test_numbers_of_repeated_layers() -> None:
    """From `first` on, from 1 without it."""

    def named(layers: str) -> list[str]:
        return [node.name for node in read_back(f"input: [3]\nlayers: {layers}").nodes[1:]]

    assert named("[{relu: , as: act/, repeat: 3, first: 0}]") == ["act/0", "act/1", "act/2"]
    assert named("[{relu: , as: act, repeat: 2}, {tanh: , as: t, repeat: 1, first: 2*2}]") == ["act1", "act2", "t4"]


def encoder(*paths: str) -> list[tuple[Any, ...]]:
    """Layers one behind the other, four in each module."""
    parts = [("norm", "batchnorm", {}), ("mlp/0", "conv", {"out": 4, "kernel": 1}), ("mlp/1", "gelu", {})]
    return [(f"{path}/{name}", *rest) for path in paths for name, *rest in [*parts, ("out", "batchnorm", {})]]


def test_names_of_blocks() -> None:
    """What the names of the modules have in common; never that of a layer type, a wiring key or a parameter."""

    def name(*paths: str) -> str:
        text = comes_back(chain(*encoder(*paths)))
        return text.split("blocks:\n")[1].split(":")[0].strip()

    assert name("encoder/layers/encoder_layer_0", "encoder/layers/encoder_layer_1") == "encoder_layer"
    assert name("features/2/0", "features/2/1", "features/2/2") == "features_2"
    assert name("features/2/0", "features/3/0", "features/4/0") == "features"
    assert name("mixed/4b", "mixed/4c") == "block_4b"
    assert name("relu/0", "relu/1") == "relu_block"
    assert name("repeat/0", "repeat/1") == "repeat_block"
    assert name("0", "1") == "block_0"
    assert name("h.0", "h.1") == "h"
    assert name("layers/0", "layers/1") == "layer"
    assert name("input/0", "input/1") == "input_block"


def test_repeats_break_where_something_is_read() -> None:
    """A layer in the middle that another reads has a name of its own; the third to fifth are counted on from there."""
    paths = [f"block{i}" for i in (1, 2, 3, 4, 5, 7)]
    text = comes_back(chain(*encoder(*paths), ("add", "add", {}, ["block2/out", "block7/out"])))
    assert text.endswith("""
  - block
  - {block: , as: block2}
  - {block: , repeat: 3}
  - {block: , as: block7}
  - {add: , as: add, from: [block2, block7]}
""")


def test_shared_weights() -> None:
    """Inside a block they stay there; a module that shares outside is written out."""
    conv = {"out": 4, "kernel": 3, "pad": 1}
    twice = [("a", "conv", conv), ("b", "relu", {}), ("c", "conv", conv), ("d", "relu", {}), ("e", "tanh", {})]

    def nodes(path: str, start: int, owner: int | None = None) -> list[Node]:
        shares = [None, None, start if owner is None else owner, None, None]
        return [
            Node(f"{path}/{name}", op, (start + i - 1,), given_, shares=shares[i])
            for i, (name, op, given_) in enumerate(twice)
        ]

    head = Node(INPUT, INPUT, (), {"shape": (4, 8, 8)})
    inside = comes_back(Net("net", (head, *nodes("m/0", 1), *nodes("m/1", 6)), "inside"))
    assert inside.count("shares: a") == 1 and "repeat: 2" in inside
    outside = comes_back(Net("net", (head, *nodes("m/0", 1), *nodes("m/1", 6, 1)), "outside"))
    assert "blocks" not in outside and "shares: m/0/a" in outside


def test_inputs_and_outputs() -> None:
    """Several inputs, one behind layers, one that a layer has the old name of; layers that nobody reads."""
    nodes = (
        Node("pixels", INPUT, (), {"shape": (4, 8, 8)}),
        Node("head/input", "relu", (0,)),
        Node("0", INPUT, (), {"shape": (4, 8, 8)}),
        Node(INPUT, "add", (1, 2)),
        Node("yes", "tanh", (2,)),
        Node("010", "concat", (3,), {"axis": 1}),
        Node("1e5", "add", (3, 3)),
    )
    text = folded(Net("net", nodes, 'A "net": of two\nlines', "a source"))
    again = read_back(text)
    assert again.title == 'A "net": of two lines' and again.source == "a source"
    assert [node.name for node in again.nodes] == ["pixels", "0", "head/input", "input", "yes", "010", "1e5"]
    assert [node.inputs for node in again.nodes] == [(), (), (0,), (2, 1), (1,), (3,), (3, 3)]
    assert told(read_back(dump(again))) == told(again) == told(read_back(folded(again)))


def test_blocks_of_several_inputs() -> None:
    """They are read in the order in which the block reads them, here not the latest first."""
    layers: list[tuple[Any, ...]] = [("a", "relu"), ("b", "tanh", {}, [INPUT])]
    for i, read in enumerate((["a", "b"], ["b", "m/0/3"], ["a", "m/0/3"], ["a", "m/1/3"])):
        layers += [
            (f"m/{i}/0", "add", {}, read),
            (f"m/{i}/1", "conv", {"out": 4, "kernel": 1}),
            (f"m/{i}/input1", "multiply", {}, [read[0], f"m/{i}/1"]),
            (f"m/{i}/3", "relu"),
        ]
    text = comes_back(chain(*layers))
    assert "inputs: [input_1, input_2]" in text


def test_text_is_quoted() -> None:
    """Words stand as they are, anything else in quotes, also in lists."""
    odd = {"equation": "bhid,bhjd->bhij", "pad": "same", "how": ["a: b"]}
    node = Node("x", "conv", (0,), {"out": 2, "kernel": 2, **odd})
    text = dump(Net("net", (Node(INPUT, INPUT, (), {"shape": (1,)}), node), "t"))
    given_ = parse(Source("t", text)).data["layers"].data[0].data["conv"].data
    assert given_["equation"].data == "bhid,bhjd->bhij" and given_["how"].data[0].data == "a: b"
    assert "pad: same" in text


# Nets that nobody thought of: a few modules, each put in several places, of layers that keep the shape.

NUMBERS = ["0", "1", "2", "9", "10"]
PARTS = [*NUMBERS, "conv", "conv1", "relu1", "relu2", "add1", "layer", "layer1", "a.b", "x_0", "input1", INPUT]
LAYERS: list[tuple[str, dict[str, Any]]] = [
    ("relu", {}),
    ("relu", {}),
    ("conv", {"out": 4, "kernel": (1, 1)}),
    ("conv", {"out": 4, "kernel": 3, "pad": [1, 1], "bias": False}),
    ("conv", {"out": 4, "kernel": 3, "pad": "same"}),
    ("conv", {"out": 4, "kernel": 3, "pad": 1}),  # of another size in each place
    ("depthwise", {"kernel": 3, "pad": 1, "bias": False}),
    ("conv", {"out": 4, "kernel": 5, "pad": ((2, 2), (1, 3)), "groups": 2}),
    ("layernorm", {"over": "all"}),
    ("layernorm", {"over": "channels", "scale": False}),
    ("dropout", {"rate": 0.1}),
    ("parameter", {"shape": (4, 8, 8)}),
    ("add", {}),
    ("add", {}),
    ("multiply", {}),
]


TYPES = [{"output": "int8"}, {"output": "uint8", "weight": "int8", "bias": "int32"}, {"weight": "bool"}]


@st.composite
def nets(draw: st.DrawFn) -> Net:
    """A net of modules with names as paths, that read what comes before them."""
    path = st.lists(st.sampled_from(PARTS), min_size=1, max_size=2).map("/".join)
    back = st.lists(st.sampled_from([1, 1, 1, 1, 2, 3, 6]), min_size=1, max_size=3)
    layer = st.tuples(path, st.sampled_from(LAYERS), back)
    modules = draw(
        st.lists(st.lists(layer, min_size=2, max_size=6, unique_by=lambda item: item[0]), min_size=1, max_size=2)
    )
    inputs = draw(st.sampled_from([[INPUT], ["x"], ["x", "y/0"]]))
    nodes = [Node(name, INPUT, (), {"shape": (4, 8, 8)}) for name in inputs]
    taken = set(inputs)
    outer = st.sampled_from(["", "", "net/", "0/"])
    sizes = st.sampled_from([1, 3, 3, 3, 5])
    placed = st.tuples(st.sampled_from(modules), outer, st.sampled_from(["m", "m/", "n_", "1/"]), sizes, sizes)
    row = st.tuples(placed, st.integers(0, 2), st.integers(1, 4))
    rows = [
        (*one, number + i) for one, number, times in draw(st.lists(row, min_size=1, max_size=4)) for i in range(times)
    ]
    for module, outside, base, *kernels, number in rows:
        for name, (op, plain_), reads in module:
            full = f"{outside}{base}{number}/{name}"
            if full in taken:
                continue
            taken.add(full)
            kernel = kernels[len(reads) % 2]
            given_ = {**plain_, "kernel": kernel, "pad": kernel // 2} if plain_.get("pad") == 1 else plain_
            many = 0 if op == "parameter" else len(reads) if op in ("add", "multiply") else 1
            read = tuple(max(0, len(nodes) - back) for back in reads[:many])
            alike = [i for i, node in enumerate(nodes) if (node.op, node.attributes, node.shares) == (op, given_, None)]
            shares = alike[-1] if op == "conv" and alike and draw(st.integers(0, 9)) == 0 else None
            typed = draw(st.integers(0, 9)) == 0
            types = draw(st.sampled_from(TYPES if op == "conv" else TYPES[:1])) if typed else {}
            nodes.append(Node(full, op, read, given_, shares=shares, dtypes=types))
    return Net("net", tuple(nodes), "drawn")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(nets())
def test_any_net(net: Net) -> None:
    """Whatever the names and the wiring, the text is the net."""
    if len({node.op for node in net.nodes}) > 1:
        comes_back(net)


def test_limits_are_met() -> None:
    """A long list is one entry, and stays within what a file may ask for."""
    net = chain(*encoder(*(f"m/{i}" for i in range(2000))))
    assert len(folded(net)) < 500 < Limits().layers
    comes_back(net)
