"""What net does a specification mean?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

from archcost.errors import ArchcostError, SpecError
from archcost.expand import expand
from archcost.net import INPUT, Net, apply, propagate
from archcost.source import Limits, Source, parse
from archcost.spec import Spec, read_spec

HEAD = "input: [3, 32, 32]\n"


def spec(text: str) -> Spec:
    """The specification in a text; the input is an image of 32 x 32 unless it has its own."""
    return read_spec(parse(Source("here", text if "input:" in text else HEAD + text)), "here")


def net(text: str, variant: str | None = None, **knobs: Any) -> Net:
    """The net of a text."""
    return expand(spec(text), variant, knobs)


def nodes(text: str, variant: str | None = None, **knobs: Any) -> list[str]:
    """Each layer of the net as `name <- what it reads`, and its attributes if it has any."""
    made = net(text, variant, **knobs).nodes
    return [
        f"{n.name} <- {', '.join(made[i].name for i in n.inputs)}" + (f" {dict(n.attributes)}" if n.attributes else "")
        for n in made
        if n.op != INPUT
    ]


# An entry is one layer.


def test_entries() -> None:
    """A name alone, a name with its first attribute, a name with its attributes."""
    assert nodes("layers: [relu, linear: 10, conv: {out: 8, kernel: 3}, dropout: ]") == [
        "relu1 <- input",
        "linear1 <- relu1 {'out': 10}",
        "conv1 <- linear1 {'out': 8, 'kernel': 3}",
        "dropout1 <- conv1",
    ]


def test_values_of_attributes() -> None:
    """Words, truths and lists; a fraction that is whole is a whole number."""
    assert nodes("layers: [conv: {out: 16/2, kernel: [3, 1.0], pad: [[0, 1], 2], bias: false}, avgpool: 2.0]") == [
        "conv1 <- input {'out': 8, 'kernel': (3, 1), 'pad': ((0, 1), 2), 'bias': False}",
        "avgpool1 <- conv1 {'kernel': 2}",
    ]
    assert nodes("layers: [maxpool: {kernel: 3, pad: same, rounding: ceil}]") == [
        "maxpool1 <- input {'kernel': 3, 'pad': 'same', 'rounding': 'ceil'}"
    ]


def test_names_count_by_type() -> None:
    """A layer without a name is called by its type and number in its list, past names that are given."""
    assert [n.partition(" ")[0] for n in nodes("layers: [relu, tanh, relu, {tanh: , as: relu3}, relu, tanh]")] == [
        "relu1",
        "tanh1",
        "relu2",
        "relu3",
        "relu4",
        "tanh2",
    ]


# Wiring.


def test_as_and_from() -> None:
    """`as` names a layer, `from` reads it; the layer after it reads the one before it as ever."""
    assert nodes("layers: [{relu: , as: a}, {tanh: , as: 2nd}, {elu: , from: a}, selu, {add: , from: [2nd, a]}]") == [
        "a <- input",
        "2nd <- a",
        "elu1 <- a",
        "selu1 <- elu1",
        "add1 <- 2nd, a",
    ]


def test_from_input() -> None:
    """`input` is the network's first input, or that of the block in which it stands."""
    text = "blocks: {unit: {layers: [tanh, {add: , from: [tanh, input]}]}}\nlayers: [relu, unit, {elu: , from: input}]"
    assert nodes(text.replace("[tanh, {add", "[{tanh: , as: tanh}, {add")) == [
        "relu1 <- input",
        "unit1/tanh <- relu1",
        "unit1/add1 <- unit1/tanh, relu1",
        "elu1 <- input",
    ]


def test_whole_sizes() -> None:
    """A fraction of a knob is a size where it is whole."""
    assert net("params: {rho: 0.5}\ninput: [3, rho*224, 224/2]\nlayers: [relu]").nodes[0].attributes == {
        "shape": (3, 112, 112)
    }


def test_several_inputs() -> None:
    """Each has a name; the first layer reads the first."""
    inputs = "input: {image: [3, 8, 8], mask: [1, 8, 8]}\n"
    layers = "layers: [{relu: , as: r}, {sigmoid: , from: mask, as: s}, {multiply: , from: [r, s]}]"
    assert nodes(inputs + layers) == [
        "r <- image",
        "s <- mask",
        "multiply1 <- r, s",
    ]
    assert [n.attributes["shape"] for n in net(inputs + "layers: [relu]").nodes[:2]] == [
        (3, 8, 8),
        (1, 8, 8),
    ]


def test_from_sees_the_lists_around() -> None:
    """A branch reads layers named before it outside; what it names itself is not seen from outside."""
    text = "layers: [{relu: , as: a}, tanh, concat: {x: [{elu: , from: a, as: b}], y: [selu]}, {relu: , from: %s}]"
    assert nodes(text % "a")[2] == "concat1/x/b <- a"
    with pytest.raises(SpecError, match="no layer before this one is named 'b'"):
        nodes(text % "b")


def test_repeat() -> None:
    """One layer after the other; a name is numbered, and means the last."""
    assert nodes(
        "params: {n: 2}\nlayers: [{relu: , repeat: n+1}, {tanh: , as: t, repeat: 2}, elu, {selu: , from: t}]"
    ) == [
        "relu1 <- input",
        "relu2 <- relu1",
        "relu3 <- relu2",
        "t1 <- relu3",
        "t2 <- t1",
        "elu1 <- t2",
        "selu1 <- t2",
    ]
    assert nodes("layers: [{relu: , repeat: 0}, tanh]") == ["tanh1 <- input"]
    assert len(nodes("layers: [{relu: , repeat: 0.5*4}]")) == 2


def test_when() -> None:
    """A layer that does not stand there leaves no trace."""
    text = (
        "params: {gate: true, n: 3}\n"
        "layers: [{relu: , when: gate}, {tanh: , when: n > 3}, {elu: , when: not gate}, selu]"
    )
    assert nodes(text) == ["relu1 <- input", "selu1 <- relu1"]
    assert nodes(text, gate=False, n=4) == ["tanh1 <- input", "elu1 <- tanh1", "selu1 <- elu1"]


# Branches.


def test_branches() -> None:
    """Each from the same input: with names, or numbered; an empty one is the identity."""
    assert nodes("layers: [relu, add: {main: [tanh, elu], shortcut: []}]") == [
        "relu1 <- input",
        "add1/main/tanh1 <- relu1",
        "add1/main/elu1 <- add1/main/tanh1",
        "add1 <- add1/main/elu1, relu1",
    ]
    assert nodes("layers: [concat: [[tanh], [], [relu]]]") == [
        "concat1/1/tanh1 <- input",
        "concat1/3/relu1 <- input",
        "concat1 <- concat1/1/tanh1, input, concat1/3/relu1",
    ]


def test_attributes_beside_branches() -> None:
    """What a join takes itself is no branch; with `from` it is the value."""
    assert nodes("layers: [concat: {axis: 1, a: [tanh], b: []}]")[-1] == (
        "concat1 <- concat1/a/tanh1, input {'axis': 1}"
    )
    assert nodes("layers: [{relu: , as: r}, {concat: 1, from: [r, input]}]")[-1] == "concat1 <- r, input {'axis': 1}"


# Blocks and scopes.

UNIT = (
    "blocks:\n  unit:\n    params: {out, kernel: 3, twice: 2*out}\n"
    "    layers: [conv: {out: out, kernel: kernel}, linear: twice]\n"
)


@pytest.mark.parametrize(
    ("use", "conv", "linear"),
    [
        ("unit: 8", {"out": 8, "kernel": 3}, 16),
        ("unit: {out: 8, kernel: 5}", {"out": 8, "kernel": 5}, 16),
        ("unit: [8, 1, 9]", {"out": 8, "kernel": 1}, 9),
        ("unit: [8]", {"out": 8, "kernel": 3}, 16),
        ("unit: {twice: 2, out: 4}", {"out": 4, "kernel": 3}, 2),
        ("unit: 2**3", {"out": 8, "kernel": 3}, 16),
    ],
)
def test_arguments_of_a_block(use: str, conv: dict[str, int], linear: int) -> None:
    """By name, in order, or the first alone; a default is read with the parameters before it."""
    assert nodes(f"{UNIT}layers: [{use}]") == [
        f"unit1/conv1 <- input {conv}",
        f"unit1/linear1 <- unit1/conv1 {{'out': {linear}}}",
    ]


def test_arguments_are_read_where_they_are_written() -> None:
    """Names in an argument are those of the caller, in a default those of the block."""
    text = (
        "params: {out: 5}\nblocks:\n  inner: {params: {out, also: out}, layers: [linear: out, linear: also]}\n"
        "  outer: {params: {out}, layers: [inner: out+1]}\nlayers: [outer: out+10]"
    )
    assert [n.partition("{")[2] for n in nodes(text)] == ["'out': 16}", "'out': 16}"]


def test_a_block_sees_the_knobs() -> None:
    """Those of the network, unless a parameter of its own has the name; not those of the block around it."""
    text = (
        "params: {width: 8, out: 1}\nblocks:\n  unit: {params: {out: 2*width}, layers: [linear: out, linear: width]}\n"
        "  around: {params: {secret: 3}, layers: [%s]}\nlayers: [around]"
    )
    assert [n.partition("{")[2] for n in nodes(text % "unit")] == ["'out': 16}", "'out': 8}"]
    with pytest.raises(SpecError, match="there is no name 'secret' here"):
        nodes((text % "unit").replace("linear: width", "linear: 2*secret"))


def test_list_of_layers_as_argument() -> None:
    """It is put where its name stands, as a layer or as a branch; its names are those of whoever wrote it."""
    text = (
        "blocks:\n  residual:\n    params: {body, n: 1, shortcut: []}\n"
        "    layers: [body, add: {main: [body, body], side: shortcut}]\n"
        "  user: {params: {n}, layers: [residual: {body: [linear: n], n: 99}]}\nlayers: [user: 7]"
    )
    assert nodes(text) == [
        "user1/residual1/body1/linear1 <- input {'out': 7}",
        "user1/residual1/add1/main/body1/linear1 <- user1/residual1/body1/linear1 {'out': 7}",
        "user1/residual1/add1/main/body2/linear1 <- user1/residual1/add1/main/body1/linear1 {'out': 7}",
        "user1/residual1/add1 <- user1/residual1/add1/main/body2/linear1, user1/residual1/body1/linear1",
    ]


@pytest.mark.parametrize("use", ["wrap: [relu, tanh]", "wrap: {body: [relu, tanh]}", "wrap: [[relu, tanh]]"])
def test_only_argument_a_list_of_layers(use: str) -> None:
    """A list of layers for a block with one parameter is that parameter, and not a list of parameters."""
    assert nodes(f"blocks: {{wrap: {{params: {{body}}, layers: [body]}}}}\nlayers: [{use}]") == [
        "wrap1/body1/relu1 <- input",
        "wrap1/body1/tanh1 <- wrap1/body1/relu1",
    ]


def test_empty_list_is_the_identity() -> None:
    """As an argument, and as a block."""
    text = "blocks: {wrap: {params: {body: []}, layers: [body]}, nothing: {layers: []}}\nlayers: [wrap, nothing, relu]"
    assert nodes(text) == ["relu1 <- input"]


def test_knob_that_is_a_list_of_layers() -> None:
    """The network has lists of layers for knobs as blocks have for parameters."""
    text = (
        "params: {act: [relu]}\nblocks: {unit: {layers: [tanh, act]}}\nlayers: [unit, act]\n"
        "variants: {soft: {act: [elu, selu]}}"
    )
    assert nodes(text) == ["unit1/tanh1 <- input", "unit1/act1/relu1 <- unit1/tanh1", "act1/relu1 <- unit1/act1/relu1"]
    assert [n.partition(" ")[0] for n in nodes(text, "soft")][-2:] == ["act1/elu1", "act1/selu1"]


def test_block_in_its_own_argument() -> None:
    """A block may stand in an argument of itself: the argument is read outside of it."""
    text = "blocks: {twice: {params: {x}, layers: [x, x]}}\nlayers: [twice: {x: [twice: {x: [relu]}]}]"
    assert len(nodes(text)) == 4


def test_paths() -> None:
    """The name of a layer says where it lies: blocks, branches and names on the way."""
    text = (
        "blocks: {unit: {layers: [relu]}}\n"
        "layers: [{unit: , as: stem}, {unit: , repeat: 2}, {unit: , as: s, repeat: 2}]"
    )
    assert [n.partition(" ")[0] for n in nodes(text)] == [
        "stem/relu1",
        "unit1/relu1",
        "unit2/relu1",
        "s1/relu1",
        "s2/relu1",
    ]


def test_nodes_know_where_they_were_written() -> None:
    """Line and column, and the chain of blocks."""
    relu = net("blocks:\n  unit:\n    layers: [relu]\nlayers:\n  - unit").nodes[-1]
    assert str(relu.at) == "here:4:14"
    assert relu.via is not None
    assert (relu.via.block, str(relu.via.at), relu.via.outer) == ("unit", "here:6:5", None)


# Blocks that read several layers.

CELL = "blocks:\n  cell:\n    inputs: [current, previous]\n    layers: [{add: , from: [current, previous]}, relu]\n"


def test_block_of_several_inputs() -> None:
    """It knows each layer that it reads by a name of its own; its first layer reads the first of them."""
    text = (
        "blocks:\n  cell:\n    inputs: [current, previous]\n    params: {out}\n"
        "    layers: [{linear: out, as: c}, {linear: out, from: previous, as: p}, {add: , from: [c, p]}]\n"
        "layers: [{relu: , as: a}, {tanh: , as: b}, elu, {cell: 8, from: [a, b]}]"
    )
    assert nodes(text)[3:] == [
        "cell1/c <- a {'out': 8}",
        "cell1/p <- b {'out': 8}",
        "cell1/add1 <- cell1/c, cell1/p",
    ]


def test_block_of_several_inputs_reads_the_latest_layers() -> None:
    """Without `from` it reads as many layers as it has inputs, the last one first; each repetition moves on by one."""
    assert nodes(f"{CELL}layers: [selu, tanh, {{cell: , repeat: 3}}, elu]") == [
        "selu1 <- input",
        "tanh1 <- selu1",
        "cell1/add1 <- tanh1, selu1",
        "cell1/relu1 <- cell1/add1",
        "cell2/add1 <- cell1/relu1, tanh1",
        "cell2/relu1 <- cell2/add1",
        "cell3/add1 <- cell2/relu1, cell1/relu1",
        "cell3/relu1 <- cell3/add1",
        "elu1 <- cell3/relu1",
    ]


def test_latest_layers_are_those_of_the_list() -> None:
    """What the list begins with counts, a layer left out does not, and of a block it is what it gives."""
    assert nodes(f"{CELL}layers: [selu, {{tanh: , when: false}}, cell, cell]") == [
        "selu1 <- input",
        "cell1/add1 <- selu1, input",
        "cell1/relu1 <- cell1/add1",
        "cell2/add1 <- cell1/relu1, selu1",
        "cell2/relu1 <- cell2/add1",
    ]


def test_repeat_from_several_layers() -> None:
    """With `from` the first repetition reads those, the next what the first gives and the first of those."""
    assert nodes(f"{CELL}layers: [{{selu: , as: a}}, {{tanh: , as: b}}, elu, {{cell: , from: [a, b], repeat: 2}}]")[
        3::2
    ] == ["cell1/add1 <- a, b", "cell2/add1 <- cell1/relu1, a"]


def test_parameter_reads_nothing() -> None:
    """Wherever it stands: first, in the middle, as a branch. What follows it reads it."""
    assert nodes("layers: [{parameter: {shape: [3, 1, 1]}, as: p}, {multiply: , from: [input, p]}]") == [
        "p <-  {'shape': (3, 1, 1)}",
        "multiply1 <- input, p",
    ]
    assert nodes("layers: [relu, add: [[], [parameter: {shape: [3, 1, 1], trained: false}]], parameter: [4], tanh]")[
        1:
    ] == [
        "add1/2/parameter1 <-  {'shape': (3, 1, 1), 'trained': False}",
        "add1 <- relu1, add1/2/parameter1",
        "parameter1 <-  {'shape': (4,)}",
        "tanh1 <- parameter1",
    ]


FIGURES = """accuracy:
  small: {top1: 70.1, top5: 90, source: torchvision, note: a remark}
  large: {top1: 80, source: x, data: CIFAR-10}
"""


def test_accuracy_of_a_family() -> None:
    """That of each variant for which it was published."""
    found = spec(f"{FAMILY}  none: {{}}\n{FIGURES}").accuracy
    assert {name: figures[:-1] for name, figures in found.items()} == {
        "small": (70.1, 90, "torchvision", "ImageNet", "a remark"),
        "large": (80, None, "x", "CIFAR-10", ""),
    }
    assert str(found["large"].at) == "here:11:10"


def test_accuracy_of_a_network() -> None:
    """Without variants the network's own; or none."""
    ((name, figures),) = spec("layers: [relu]\naccuracy: {top1: 77.1, source: torchvision}").accuracy.items()
    assert (name, figures.top1, figures.top5, figures.source) == ("here", 77.1, None, "torchvision")
    assert spec("layers: [relu]").accuracy == spec("layers: [relu]\naccuracy:").accuracy == {}


# Knobs and variants.

FAMILY = (
    "name: Family\nparams: {width: 8, depths: [1, 2], top: 'depths[-1]*width'}\n"
    "layers: [{linear: width, repeat: 'depths[0]'}, linear: top]\n"
    "variants:\n  small: {}\n  large: {width: 64, depths: [2, width]}\n"
)


def outs(variant: str | None = None, **knobs: Any) -> list[Any]:
    """What the layers of the family give."""
    return [n.attributes["out"] for n in net(FAMILY, variant, **knobs).nodes[1:]]


def test_variants() -> None:
    """Settings in place of defaults; each is read with the knobs before it."""
    assert spec(FAMILY).names == ("small", "large")
    assert outs("small") == outs() == [8, 2 * 8]
    assert outs("large") == [64, 64, 64 * 64]
    assert (net(FAMILY, "large").name, net(FAMILY, "large").title) == ("large", "Family (large)")
    assert (net(FAMILY).name, net(FAMILY).title) == ("here", "Family")


def test_knobs_of_a_caller() -> None:
    """Numbers, lists and values of YAML, before those of the variant."""
    assert outs("large", width=3) == [3, 3, 3 * 3]
    assert outs(depths=[3, 5]) == [8, 8, 8, 5 * 8]
    assert outs(depths=parse(Source("--set", "[1, 2*width]"))) == [8, 2 * 8 * 8]


def test_knob_that_is_a_symbol_or_an_array() -> None:
    """Numbers of any kind go through to the shapes."""
    n = sympy.Symbol("n", integer=True, positive=True)
    text = "params: {n: 1}\ninput: [3, 32*n, 32*n]\nlayers: [conv: {out: 4*n, kernel: 2, stride: 2}]"
    assert propagate(net(text, n=n))[-1].cost.out == (4 * n, 16 * n, 16 * n)
    assert [list(size) for size in propagate(net(text, n=np.array([1, 7])))[-1].cost.out] == [
        [4, 28],
        [16, 112],
        [16, 112],
    ]


def test_unknown_knob() -> None:
    """A knob that the network does not have is refused with its name."""
    with pytest.raises(SpecError, match="here has no parameter 'with', did you mean 'width'"):
        net(FAMILY, **{"with": 3})


def test_texts() -> None:
    """Names and sources are text, whatever YAML reads them as, without what would steer a terminal."""
    found = spec('name: "Le\\e[31mNet"\nsource: 1998\nnotes: ~\nyear: 1998\nlayers: [relu]')
    assert (found.title, found.source, found.notes, found.year) == ("Le [31mNet", "1998", "", 1998)
    assert spec("layers: [relu]").title == "here"


def test_number_of_inputs() -> None:
    """A net that no specification made may give a layer too few inputs."""
    with pytest.raises(ArchcostError, match="relu reads one layer, is given 2"):
        apply("relu", ((3,), (3,)), {})
    with pytest.raises(ArchcostError, match="add reads an input or more, is given 0"):
        apply("add", (), {})


# Limits.


def test_limits_allow_to_the_last() -> None:
    """As many layers and values as the limit says, and not one more."""
    text = spec("layers: [{relu: , repeat: 9}]")
    assert len(expand(text, limits=Limits(layers=9)).nodes) == 10
    with pytest.raises(SpecError, match="more than 8 layers; --limit layers=N raises the limit"):
        expand(text, limits=Limits(layers=8))
    nested = spec("layers: [add: [[add: [[relu], []]], []]]")
    assert len(expand(nested, limits=Limits(depth=2)).nodes) == 4
    with pytest.raises(SpecError, match="blocks and branches nested deeper than 1"):
        expand(nested, limits=Limits(depth=1))


def test_ordinary_networks_stay_far_below_the_limits() -> None:
    """A thousand residual blocks, as ResNet-1202 has, are no abuse."""
    text = (
        "blocks:\n  unit:\n    params: {out, stride: 1, shortcut: []}\n    layers:\n"
        "      - add: {main: [conv_bn: {out: out, kernel: 3, stride: stride, pad: 1}, relu,"
        " conv_bn: {out: out, kernel: 3, pad: 1}], shortcut: shortcut}\n      - relu\n"
        "  conv_bn:\n    params: {out, kernel, stride: 1, pad: 0}\n    layers:\n"
        "      - conv: {out: out, kernel: kernel, stride: stride, pad: pad, bias: false}\n      - batchnorm\n"
        "layers: [{unit: 3, repeat: 1000}]"
    )
    assert len(net(text).nodes) == 1 + 1000 * 7
