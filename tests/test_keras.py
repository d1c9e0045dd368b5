"""Models of Keras: every layer against Keras's own counts, whole applications, hand-made cases, and broken files.

`layers.json.gz` holds the configurations of small models, by Keras 3.15.1 on torch, with the sizes of their trainable
and other weights and of their outputs. The `.keras` files hold configurations of keras.applications, without weights.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import pytest
from come_back import comes_back

from archcost.errors import ArchcostError
from archcost.importers.keras import net_of_config, net_of_file
from archcost.net import Net, propagate

DATA = Path(__file__).parent / "data"
MODELS = json.loads(gzip.decompress((DATA / "keras_models" / "layers.json.gz").read_bytes()))["models"]
RECORDED = json.loads((DATA / "keras.json").read_text())["models"]


def facts(net: Net) -> tuple[int, int, int]:
    """Parameters, buffers and multiply-accumulates of a net."""
    costs = [step.cost for step in propagate(net)]
    return (
        sum(sum(cost.params.values()) for cost in costs),
        sum(sum(cost.buffers.values()) for cost in costs),
        sum(cost.ops.get("mac", 0) for cost in costs),
    )


def read(config: Any, shape: tuple[int, ...] | None = None, skip: bool = False) -> Net:
    """The net of a configuration."""
    return net_of_config(config, "m", "m", shape, skip)


def entry(kind: str, name: str, reads: Any = (), module: str = "keras.layers", **config: Any) -> dict[str, Any]:
    """A layer of a functional model, which reads the first outputs of some others."""

    def reference(layer: str) -> dict[str, Any]:
        return {"class_name": "__keras_tensor__", "config": {"keras_history": [layer, 0, 0]}}

    args = [reference(layer) for layer in reads]
    nodes = [{"args": args if len(args) < 2 else [args], "kwargs": {}}] if args else []
    return {
        "class_name": kind,
        "module": module,
        "name": name,
        "config": {"name": name, **config},
        "inbound_nodes": nodes,
    }


def given(*shape: int | None, name: str = "x") -> dict[str, Any]:
    """An input."""
    return entry("InputLayer", name, batch_shape=[None, *shape])


def functional(*layers: dict[str, Any], outputs: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """A functional model whose last layer is the output unless others are."""
    inputs = [[held["name"], 0, 0] for held in layers if held["class_name"] == "InputLayer"]
    out = [[name, 0, 0] for name in outputs or (layers[-1]["name"],)]
    config = {"name": "model", "layers": list(layers), "input_layers": inputs, "output_layers": out}
    return {"class_name": "Functional", "module": "keras", "config": config, **more}


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    """A model whose layers read one another."""
    return {"class_name": "Sequential", "module": "keras", "config": {"name": "model", "layers": list(layers)}}


CONV: Mapping[str, Any] = {"filters": 4, "kernel_size": [3, 3]}


@pytest.mark.parametrize("name", MODELS)
def test_layers_have_the_weights_and_outputs_of_keras(name: str) -> None:
    """Every kind of layer and operation, alone and in small models."""
    recorded = MODELS[name]
    net = read(recorded["config"])
    params, buffers, _ = facts(net)
    assert (params, buffers) == (recorded["params"], recorded["buffers"])
    comes_back(net)
    if None not in recorded["output"]:
        assert prod(propagate(net)[-1].cost.out) == prod(recorded["output"])


@pytest.mark.parametrize("name", ["convnext_tiny", "mobilenet_v3_small", "inception_resnet_v2"])
def test_applications_are_equal_to_what_keras_says(name: str) -> None:
    """Weights, multiply-accumulates and the maps of every convolution and linear layer."""
    recorded = RECORDED[f"{name}_keras"]
    net = net_of_file(str(DATA / "keras_models" / f"{name}.keras"), name, name, recorded["input"])
    assert facts(net) == (recorded["params"], recorded["buffers"], recorded["macs"])
    comes_back(net)
    steps = propagate(net)
    shapes = [step.cost.out for step in steps if step.node.op in ("conv", "depthwise", "linear")]
    plain = [[sorted(n for n in shape if n > 1) for shape in some] for some in (shapes, recorded["shapes"])]
    assert sorted(plain[0]) == sorted(plain[1])
    assert all(step.node.op != "permute" for step in steps)


def test_maps_have_their_channels_first() -> None:
    """Nothing is moved, neither behind the input nor before the activation, the gate and the classifier."""
    net = read(
        functional(
            given(8, 10, 3),
            entry("Conv2D", "c", ["x"], activation="relu", padding="same", **CONV),
            entry("GlobalAveragePooling2D", "g", ["c"]),
            entry("Reshape", "r", ["g"], target_shape=[1, 1, 4]),
            entry("Multiply", "m", ["c", "r"]),
            entry("Dense", "d", ["m"], units=7, activation="softmax"),
        )
    )
    made = [(step.node.name, step.node.op, step.cost.out) for step in propagate(net)]
    assert made == [
        ("x", "input", (3, 8, 10)),
        ("c/conv1", "conv", (4, 8, 10)),
        ("c/activation", "relu", (4, 8, 10)),
        ("g/global_avgpool1", "global_avgpool", (4, 1, 1)),
        ("g/flatten1", "flatten", (4,)),
        ("r", "reshape", (4, 1, 1)),
        ("m", "multiply", (4, 8, 10)),
        ("d/conv1", "conv", (7, 8, 10)),
        ("d/activation", "softmax", (7, 8, 10)),
    ]


@pytest.mark.parametrize("kind", ["channels_first", "channels_last"])
def test_the_channels_may_be_first(kind: str) -> None:
    """Both ways are one net; `Flatten` says channels_last in either."""
    shape = (3, 8, 10) if kind == "channels_first" else (8, 10, 3)
    net = read(
        sequential(
            given(*shape),
            entry("Conv2D", "c", data_format=kind, **CONV),
            entry("Flatten", "f", data_format="channels_last"),
        )
    )
    assert [step.cost.out for step in propagate(net)] == [(3, 8, 10), (4, 6, 8), (4 * 6 * 8,)]


def test_multiply_accumulates_by_hand() -> None:
    """What a separable convolution, an LSTM, a transposed convolution and attention take."""
    separable = entry("SeparableConv2D", "s", depth_multiplier=2, padding="same", **CONV)
    assert facts(read(sequential(given(8, 8, 3), separable)))[2] == 8 * 8 * (3 * 2 * 9 + 6 * 4)
    lstm = entry("LSTM", "l", units=5)
    assert facts(read(sequential(given(6, 4), lstm))) == (4 * 5 * (4 + 5 + 1), 0, 6 * 4 * 5 * (4 + 5))
    both = entry("Bidirectional", "b", layer=entry("GRU", "g", units=5, return_sequences=True))
    assert facts(read(sequential(given(6, 4), both))) == (2 * 3 * 5 * (4 + 5 + 2), 0, 2 * 6 * 3 * 5 * (4 + 5))
    transposed = entry("Conv2DTranspose", "t", strides=[2, 2], padding="same", **CONV)
    assert facts(read(sequential(given(5, 5, 3), transposed)))[2] == 5 * 5 * 3 * 4 * 9
    heads = entry("MultiHeadAttention", "a", ["x", "x"], num_heads=2, key_dim=3, value_dim=5)
    heads["inbound_nodes"][0]["args"] = heads["inbound_nodes"][0]["args"][0]
    projections = 6 * 4 * (2 * 3 + 2 * 3 + 2 * 5) + 6 * 2 * 5 * 4
    assert facts(read(functional(given(6, 4), heads)))[2] == projections + 2 * 6 * 6 * (3 + 5)


def test_weights_are_shared() -> None:
    """A layer of several uses, and a model within the model of several, are stored once and work each time."""
    inner = functional(given(8, name="i"), entry("Dense", "d", ["i"], units=4), name="inner")
    inner |= {"inbound_nodes": entry("", "", ["x"])["inbound_nodes"] + entry("", "", ["y"])["inbound_nodes"]}
    total = entry("Add", "s", ["inner", "inner"])
    total["inbound_nodes"][0]["args"][0][1]["config"]["keras_history"] = ["inner", 1, 0]
    net = read(functional(given(8), given(8, name="y"), inner, total))
    assert facts(net) == (8 * 4 + 4, 0, 2 * 8 * 4)
    assert [node.name for node in net.nodes] == ["x", "y", "inner/d/linear1", "inner/d/linear2", "s"]
    assert net.nodes[3].shares == 2


def test_an_output_that_another_follows_from_is_the_last() -> None:
    """The first output is that of the net; what lies behind it has weights all the same."""
    net = read(
        functional(
            given(8), entry("Dense", "a", ["x"], units=3), entry("Dense", "b", ["a"], units=2), outputs=("a", "b")
        )
    )
    assert facts(net) == (8 * 3 + 3 + 3 * 2 + 2, 0, 8 * 3 + 3 * 2)
    assert propagate(net)[-1].cost.out == (3,)


def test_configurations_of_keras_2_are_read() -> None:
    """Its inbound nodes are lists, and its inputs have a `batch_input_shape`."""
    layers = [
        {
            "class_name": "InputLayer",
            "name": "x",
            "config": {"batch_input_shape": [None, 8, 8, 3]},
            "inbound_nodes": [],
        },
        {"class_name": "Conv2D", "name": "c", "config": dict(CONV), "inbound_nodes": [[["x", 0, 0, {}]]]},
        {"class_name": "Add", "name": "a", "config": {}, "inbound_nodes": [[["c", 0, 0, {}], ["c", 0, 0, {}]]]},
    ]
    config = {"layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["a", 0, 0]]}
    net = read({"class_name": "Functional", "config": config})
    assert [(node.name, node.op) for node in net.nodes] == [("x", "input"), ("c", "conv"), ("a", "add")]


def test_open_sizes_are_given() -> None:
    """In the order of archcost or that of Keras; another resolution than the model's, too."""
    for held, asked in (((None, None, 3), (3, 20, 30)), ((None, None, 3), (20, 30, 3)), ((8, 8, 3), (3, 20, 30))):
        net = read(sequential(given(*held), entry("Conv2D", "c", **CONV)), asked)
        assert propagate(net)[-1].cost.out == (4, 18, 28)
    for asked, text in (
        (None, "the input x of ? x ? x 3 leaves its sizes open"),
        ((4, 20, 30), "has not the 3 channels"),
        ((5,), "has not as many axes"),
    ):
        with pytest.raises(ArchcostError, match=text.replace("?", r"\?")):
            read(sequential(given(None, None, 3), entry("Conv2D", "c", **CONV)), asked)


def test_what_is_not_known_is_listed() -> None:
    """All of it at once; nothing of it is run. It may be skipped where its output's shape is recorded."""
    after = entry("Dense", "d", ["o"], units=2)
    after["inbound_nodes"][0]["args"][0]["config"]["shape"] = [None, 4]
    own = entry("Dense", "o", ["l"], module="mine", units=4)
    own["inbound_nodes"][0]["args"][0]["config"]["shape"] = [None, 8]
    strange = entry("Lambda", "l", ["x"], function={"class_name": "__lambda__", "config": {"code": "x"}})
    model = functional(given(8), strange, own, after)
    with pytest.raises(ArchcostError) as raised:
        read(model)
    assert str(raised.value).splitlines() == [
        "m: 2 operators are not known; --unknown skip goes on without counting them:",
        "  Lambda: once, in l",
        "  mine.Dense: once, in o",
    ]
    net = read(model, skip=True)
    assert [node.op for node in net.nodes] == ["input", "uncounted", "uncounted", "linear"]
    with pytest.raises(ArchcostError, match="the shape of what they make is not in the configuration"):
        read(functional(given(8), strange), skip=True)


CIRCLE = functional(given(8), entry("Add", "a", ["x", "b"]), entry("Dense", "b", ["a"], units=8))
BOMB = entry("Dense", "d", units=4)
for _ in range(25):
    BOMB = {**sequential(BOMB), "name": "s"}
BROKEN: tuple[tuple[Any, str], ...] = (
    ([], "the model: a layer must be a mapping"),
    ({}, "the model: a layer has no class_name and config"),
    ({"class_name": "Mine", "config": {}}, "Mine is a class of its own"),
    (sequential(), "Mine|Sequential is a class of its own|has no layers"),
    (sequential(given(8), entry("Dense", "d", units="4")), "d: units must be a whole number from 1, is 4"),
    (sequential(given(8), entry("Dense", "d", units=-1)), "d: units must be a whole number from 1, is -1"),
    (sequential(given(8), entry("Dense", "d", units=10**30)), "d: units must be a whole number from 1"),
    (sequential(given(8), entry("Dense", "d")), "d: units must be a whole number from 1, is None"),
    (sequential(given(8), entry("Conv2D", "c", **CONV)), "c: Conv2D needs 2 axes and channels, gets 8"),
    (
        sequential(given(8, 8, 3), entry("Conv2D", "c", filters=4, kernel_size=[3])),
        "c: kernel_size must be 2 whole numbers",
    ),
    (sequential(given(2, 2, 3), entry("Conv2D", "c", **CONV)), "c: a window of 3 does not fit"),
    (sequential(given(8, 8, 3), entry("Conv2D", "c", padding="full", **CONV)), "c: padding must be one of"),
    (sequential(given(8), entry("BatchNormalization", "b", axis=4)), "b: has no axis 4 in 8"),
    (
        sequential(given(8), entry("Softmax", "b"), entry("Reshape", "r", target_shape=[3, -1])),
        "r: cannot shape 8 into",
    ),
    (sequential(given(8), entry("Dropout", "d", rate="x")), "d: rate must be a number from 0 to 1"),
    (sequential(given(8), entry("TimeDistributed", "t", layer=5)), "t: the model: a layer must be a mapping"),
    (sequential(given(8), entry("Dense", "d", units=4), entry("Dense", "d", units=4)), "two layers are named d"),
    (sequential(given("a"), entry("Dense", "d", units=4)), "the input x leaves its sizes open"),  # type: ignore[arg-type]
    (sequential(given(8), BOMB), "more than 20 models within models"),
    (functional(given(8), entry("Dense", "d", ["y"], units=4)), "d: reads 'y', which is no layer before it"),
    (functional(given(8), outputs=("z",)), "its output 'z' is no layer"),
    (CIRCLE, "a: reads what follows from itself, in a circle of 2 layers"),
    (functional(given(8), {**entry("Dense", "d", units=4), "inbound_nodes": 5}), "d: inbound_nodes must be a list"),
    (
        functional(given(8), {**entry("Dense", "d", units=4), "inbound_nodes": [[["x"]]]}),
        r"d: reads \['x'\], which is no output",
    ),
    (functional(given(8), given(6, name="y"), entry("Add", "a", ["x", "y"])), "a: cannot add 8 and 6"),
    (
        functional(given(8), entry("Add", "a", ["x"], module="keras.src.ops.numpy")),
        "a: its configuration cannot be read",
    ),
    (
        functional(given(8), entry("GetItem", "g", ["x"], module="keras.src.ops.numpy")),
        "g: its configuration cannot be",
    ),
    (functional(given(8), entry("Mean", "g", ["x"], module="keras.src.ops.numpy", axis=0)), "g: works along the batch"),
)


@pytest.mark.parametrize(("config", "text"), BROKEN)
def test_broken_configurations_are_errors_that_name_the_layer(config: Any, text: str) -> None:
    """Never a traceback."""
    with pytest.raises(ArchcostError, match=text):
        read(config)


def test_shapes_are_checked_against_those_that_keras_recorded() -> None:
    """A layer that reads another shape than it says is an error, unless another resolution is asked for."""
    dense = entry("Dense", "d", ["x"], units=4)
    dense["inbound_nodes"][0]["args"][0]["config"]["shape"] = [None, 9]
    with pytest.raises(ArchcostError, match="d: reads 9 from x, which gives 8"):
        read(functional(given(8), dense))
    assert facts(read(functional(given(8), dense), (8,))) == (8 * 4 + 4, 0, 8 * 4)


def written(path: Path, files: Mapping[str, bytes]) -> str:
    """A zip file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return str(path)


def test_files_are_read_and_broken_ones_are_one_line(tmp_path: Path) -> None:
    """Only `config.json` is opened; what is no .keras file says so."""
    model = json.dumps(sequential(given(8), entry("Dense", "d", units=4))).encode()
    good = written(tmp_path / "good.keras", {"config.json": model, "model.weights.h5": b"nothing"})
    assert facts(net_of_file(good, "m", "m"))[0] == 8 * 4 + 4
    (tmp_path / "old.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    (tmp_path / "text.keras").write_text("no zip")
    (tmp_path / "empty.keras").write_bytes(b"")
    (tmp_path / "cut.keras").write_bytes(Path(good).read_bytes()[:-30])
    files = {
        "old.h5": "an HDF5 file, which Keras 3 no longer writes",
        "text.keras": "no .keras file",
        "empty.keras": "no .keras file",
        "cut.keras": "no .keras file",
        "none.keras": "cannot be read",
        written(tmp_path / "other.keras", {"a": b""}): "holds no config.json",
        written(tmp_path / "json.keras", {"config.json": b"{"}): "is no JSON",
        written(tmp_path / "bytes.keras", {"config.json": b"\xff\xfe\xff"}): "is no JSON",
        written(tmp_path / "deep.keras", {"config.json": b"[" * 10**6}): "nested too deeply",
        written(
            tmp_path / "bomb.keras", {"config.json": b" " * (64_000_000 + 1)}
        ): "has 64000001 bytes, more than 64000000",
    }
    for name, text in files.items():
        with pytest.raises(ArchcostError) as raised:
            net_of_file(str(tmp_path / name), "m", "m")
        assert text in str(raised.value)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_files_that_are_damaged_are_one_line(tmp_path: Path, packed: int) -> None:
    """However it is packed, with any byte of it changed it is refused or read all the same."""
    file = tmp_path / "packed.keras"
    with zipfile.ZipFile(file, "w", packed) as archive:
        archive.writestr("config.json", json.dumps(sequential(given(8), entry("Dense", "d", units=4))))
    if packed in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert facts(net_of_file(str(file), "m", "m"))[0] == 8 * 4 + 4
    sound, refused = file.read_bytes(), 0
    for place in range(len(sound)):
        file.write_bytes(sound[:place] + bytes([sound[place] ^ 0x55]) + sound[place + 1 :])
        try:
            net_of_file(str(file), "m", "m")
        except ArchcostError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > len(sound) // 2


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_that_are_unpacked_whole_are_not_unpacked(tmp_path: Path, packed: int) -> None:
    """100 MB may be 113 bytes, whatever the zip says that there is."""
    file = tmp_path / "bomb.keras"
    with zipfile.ZipFile(file, "w", packed) as archive:
        archive.writestr("config.json", b" " * 1000)
    with pytest.raises(ArchcostError, match=r"bomb\.keras: config\.json is packed as neither Keras nor a usual zip"):
        net_of_file(str(file), "m", "m")


@pytest.mark.parametrize(
    ("cuts", "said"),
    [
        (3, "cannot split 8 at 3"),
        (0, "cannot split 8 at 0"),
        (2**31 - 1, "cannot split 8 at 2147483647"),
        ("x", "cannot split 8 at x"),
        ([1] * 200_000, "more than 100000 layers"),
    ],
)
def test_parts_that_cannot_be(cuts: Any, said: str) -> None:
    """Parts are counted before they are made."""
    split = entry("Split", "s", ["x"], "keras.src.ops.numpy", indices_or_sections=cuts, axis=-1)
    with pytest.raises(ArchcostError, match=said):
        read(functional(given(8), split))


def test_many_parts_of_a_long_axis() -> None:
    """As many parts as places are refused where these are many; a few are cut."""

    def parts(cuts: Any, size: int) -> Net:
        split = entry("Split", "s", ["x"], "keras.src.ops.numpy", indices_or_sections=cuts, axis=-1)
        return read(functional(given(size), split))

    with pytest.raises(ArchcostError, match="s: there are more than 100000 layers"):
        parts(2**31 - 1, 2**31 - 1)
    assert [n.attributes["shape"] for n in parts(4, 8).nodes if n.op == "input"] == [(8,)]
    assert propagate(parts(4, 8))[-1].cost.out == (2,)
    assert propagate(parts([3, 5], 8))[-1].cost.out == (3,)


@pytest.mark.parametrize(
    ("kind", "axis", "trained"),
    [
        ("BatchNormalization", 3, 2 * 5),
        ("BatchNormalization", -1, 2 * 5),
        ("BatchNormalization", [1], 2 * 8),
        ("LayerNormalization", [3], 2 * 5),
        ("LayerNormalization", 2, 2 * 6),
        ("LayerNormalization", [1, 3], 2 * 8 * 5),
        ("LayerNormalization", [1, 2, 3], 2 * 8 * 6 * 5),
        ("LayerNormalization", [-1, -2, -3], 2 * 8 * 6 * 5),
    ],
)
def test_axes_of_a_layer_for_each_step(kind: str, axis: Any, trained: int) -> None:
    """They count from the batch of a step, which the sequence has not (Keras 3.15.1 has as many weights)."""
    net = read(sequential(given(4, 8, 6, 5), entry("TimeDistributed", "t", layer=entry(kind, "n", axis=axis))))
    assert facts(net)[0] == trained
    assert propagate(net)[-1].cost.ops == alone(kind, axis, 4)


def alone(kind: str, axis: Any, times: int) -> dict[str, int]:
    """What a layer does to one step, times the steps."""
    cost = propagate(read(sequential(given(8, 6, 5), entry(kind, "n", axis=axis))))[-1].cost
    return {op: count * times for op, count in cost.ops.items()}


@pytest.mark.parametrize("axis", [0, -4, 4])
def test_axes_that_a_step_has_not(axis: int) -> None:
    """The batch, from either end, and one axis too many."""
    inner = entry("LayerNormalization", "n", axis=axis)
    with pytest.raises(ArchcostError, match=r"t: (works along the batch|has no axis \[4\] in 8 x 6 x 5)"):
        read(sequential(given(4, 8, 6, 5), entry("TimeDistributed", "t", layer=inner)))


def called(layer: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """The same with arguments that are outputs of other layers."""

    def reference(name: Any) -> Any:
        if isinstance(name, list):
            return [reference(part) for part in name]
        return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}

    layer["inbound_nodes"][0]["kwargs"] = {key: reference(name) for key, name in kwargs.items()}
    return layer


def state(name: str, units: int = 5) -> dict[str, Any]:
    """A vector that is made of another input."""
    return entry("Dense", name, ["v"], units=units)


def test_what_makes_the_first_states_is_counted() -> None:
    """The states are read by no layer of ours; the products that make them stay, and are not shared with another."""
    lstm = called(entry("LSTM", "l", ["x"], units=5), initial_state=["h", "c"])
    square = entry("Square", "q", ["h"], "keras.src.ops.numpy")
    net = read(functional(given(6, 4), given(3, name="v"), state("h"), state("c"), square, lstm))
    assert facts(net)[2] == 2 * 3 * 5 + 6 * 4 * 5 * (4 + 5)
    lstm = called(entry("GRU", "l", ["x"], units=5), initial_state="q")
    net = read(functional(given(6, 4), given(3, name="v"), state("h"), square, lstm))
    assert [step.node.op for step in propagate(net)].count("square") == 1, "it has no weights to be kept for"
    assert propagate(net)[-1].cost.out == (5,)
    comes_back(net)


def test_first_states_as_keras_2_writes_them() -> None:
    """Outputs of layers are lists there, also among the arguments."""
    dense = {"class_name": "Dense", "name": "h", "config": {"units": 5}, "inbound_nodes": [[["v", 0, 0, {}]]]}
    square = entry("Square", "q", ["h"], "keras.src.ops.numpy")
    more: dict[str, Any] = {"initial_state": ["q", 0, 0], "training": False, "mask": None}
    gru = {"class_name": "GRU", "name": "l", "config": {"units": 5}, "inbound_nodes": [[["x", 0, 0, more]]]}
    net = read(functional(given(6, 4), given(3, name="v"), dense, square, gru))
    assert [step.node.op for step in propagate(net)].count("square") == 1
    more["initial_state"] = [["q", 0, 0], ["h", 0, 0]]
    with pytest.raises(ArchcostError, match="begins with 1 states of 5"):
        read(functional(given(6, 4), given(3, name="v"), dense, square, gru))


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (called(entry("LSTM", "l", ["x"], units=5), initial_state="h"), "l: begins with 2 states of 5"),
        (called(entry("GRU", "l", ["x"], units=4), initial_state="h"), "l: begins with 1 states of 4"),
        (called(entry("Conv1D", "l", ["x"], filters=2, kernel_size=3), mask="h"), "unexpected keyword argument 'mask'"),
        (called(entry("ELU", "l", ["x"]), other="h"), "l: is called with a tensor as other, which is not supported"),
        (called(entry("MultiHeadAttention", "l", ["x"], num_heads=2, key_dim=2), value="x", query_mask="h"),
         "l: is called with a tensor as query_mask, which is not supported"),
        (called(entry("Softmax", "l", ["x"], "keras.src.ops.nn"), axis="h"), "l: is called with a tensor as axis"),
    ],
)  # fmt: skip
def test_a_tensor_that_is_not_understood_is_not_left_out(layer: dict[str, Any], said: str) -> None:
    """With it all would disappear that it follows from."""
    with pytest.raises(ArchcostError, match=said):
        read(functional(given(6, 4), given(3, name="v"), state("h"), layer))


def masked(layer: dict[str, Any], mask: Any = "m") -> Net:
    """A layer on tokens that are numbers, of which 0 is none, as Keras writes what `mask_zero` means."""
    differs = entry("NotEqual", "m", ["t"], "keras.src.ops.numpy")
    differs["inbound_nodes"][0]["args"].append(0)
    embedded = entry("Embedding", "x", ["t"], input_dim=9, output_dim=4)
    return read(functional(given(6, name="t"), embedded, differs, called(layer, mask=mask)))


@pytest.mark.parametrize(
    ("layer", "choices"),
    [
        (entry("LSTM", "l", ["x"], units=5), 2 * 6 * 5),
        (entry("GRU", "l", ["x"], units=5), 6 * 5),
        (entry("Bidirectional", "l", ["x"], layer=entry("LSTM", "i", units=5)), 2 * 6 * 2 * 5),
        (entry("GlobalAveragePooling1D", "l", ["x"]), 6 * 4),
        (entry("BatchNormalization", "l", ["x"]), 0),
        (entry("TimeDistributed", "l", ["x"], layer=entry("Dense", "i", units=5)), 0),
    ],
)
def test_masks_are_made_and_used(layer: dict[str, Any], choices: int) -> None:
    """A comparison for each token, and a choice for each number that the mask decides about."""
    net = masked(layer)
    assert sum(step.cost.ops.get("cmp", 0) for step in propagate(net)) == 6 + choices
    comes_back(net)


def test_masks_of_attention_and_softmax() -> None:
    """A mask is an addition to each score, one behind it a choice; softmax chooses before and behind."""
    pair = entry("Attention", "l", ["x", "x"])
    plain, net = (masked(pair, []), masked(pair, ["m", "m"]))
    more = {
        kind: sum(s.cost.ops.get(kind, 0) for s in propagate(net))
        - sum(s.cost.ops.get(kind, 0) for s in propagate(plain))
        for kind in ("add", "cmp", "mac")
    }
    assert more == {"add": 6 * 6, "cmp": 6 + 6 * 4, "mac": 0}
    soft = read(functional(given(6), given(6, name="y"), called(entry("Softmax", "s", ["x"]), mask="y")))
    assert [step.node.op for step in propagate(soft)] == [
        *("input", "input", "constant", "where", "softmax", "constant", "where")
    ]


def test_masks_that_are_handed_on() -> None:
    """To a model with a layer that a mask changes they are refused, to another they mean nothing."""
    inner = functional(given(6, 4, name="i"), entry("LSTM", "d", ["i"], units=4), name="inner")
    with pytest.raises(ArchcostError, match="a mask that is handed on to a LSTM in a model is not supported"):
        masked(inner | {"inbound_nodes": entry("", "", ["x"])["inbound_nodes"]})
    inner = functional(given(6, 4, name="i"), entry("Dense", "d", ["i"], units=4), name="inner")
    assert facts(masked(inner | {"inbound_nodes": entry("", "", ["x"])["inbound_nodes"]}))[2] == 6 * 4 * 4
    steps = entry("TimeDistributed", "l", ["x"], layer=entry("Softmax", "i"))
    with pytest.raises(ArchcostError, match="a mask for the steps of a Softmax is not supported"):
        masked(steps)
