"""Is what `explain` writes on the board true: does each line, worked out as it is written, give its number?"""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction
from typing import Any

import pytest
from examples import EXAMPLES, Example
from test_laws import CASES, facts, with_numbers

from archcost import load
from archcost.cost import Cost
from archcost.explain import explanations
from archcost.net import propagate
from archcost.presets import convention
from archcost.receptive import receptive_fields
from archcost.trace import LATEX, TEXT, Traced, Writing, traced


def worked_out(text: str) -> Fraction:
    """The value of a line as a reader would work it out, with exact fractions."""
    for sign, python in {"·": "*", "−": "-", "⌊": "floor(", "⌈": "ceil(", "⌋": ")", "⌉": ")", ",": ""}.items():
        text = text.replace(sign, python)
    numbers = re.sub(r"\d+", lambda digits: f"Fraction({digits[0]})", text)
    return Fraction(eval(numbers, {"Fraction": Fraction, "floor": math.floor, "ceil": math.ceil}))


def on_traced(name: str, example: Example) -> Cost:
    """The cost of an example on numbers that remember how they were made."""
    return with_numbers(name, example, lambda size: traced(size, "n"))


@pytest.mark.parametrize(("name", "example"), CASES)
def test_traced_numbers_count_like_ints(name: str, example: Example) -> None:
    """A fourth arithmetic passes through every formula and changes no number."""
    assert facts(on_traced(name, example)) == facts(with_numbers(name, example, int))


@pytest.mark.parametrize(("name", "example"), CASES)
def test_what_is_written_gives_the_number(name: str, example: Example) -> None:
    """Every size and count, written with its numbers and worked out again, is itself."""
    cost = on_traced(name, example)
    for value in (*cost.out, *cost.params.values(), *cost.ops.values(), *cost.buffers.values()):
        assert worked_out(Writing(TEXT, False, {}).text(value)) == value


def test_most_numbers_remember() -> None:
    """The test above would pass for formulas that lose the trace. Four layers have plain counts for a reason: the
    groups of `groupnorm` have a default, `layernorm` over all has one, a vector is one row to `unit_norm`, and a mean
    of everything is one number.
    """
    forgotten = {
        name
        for name, examples in EXAMPLES.items()
        for example in examples
        for count in on_traced(name, example).ops.values()
        if count and not isinstance(count, Traced)
    }
    assert forgotten == {"groupnorm", "layernorm", "mean", "unit_norm"}


@pytest.mark.parametrize(
    "network", ["alexnet", "googlenet", "resnet18", "mobilenet_v2", "swin_t", "lenet5", "densenet121"]
)
def test_lines_of_networks(network: str) -> None:
    """In whole networks each line gives its number, and the receptive fields are those of the report."""
    steps = propagate(load(network).net)
    lecture = convention("lecture")
    fields = dict(zip((step.node.name for step in steps), receptive_fields(steps), strict=True))
    by_name = {step.node.name: step for step in steps}
    for found in explanations(steps, None, lecture, "float32"):
        for line in found.lines:
            if isinstance(line.value, int):
                assert worked_out(Writing(TEXT, False, line.known).text(line.value)) == line.value, found.step.node.name
        values = {(line.part, line.name): line.value for line in found.lines}
        step = by_name[found.step.node.name]
        assert tuple(map(int, found.step.cost.out)) == step.cost.out
        assert values["FLOPs", "lecture"] == lecture.flops_of(step)
        (memory,) = (value for (part, _), value in values.items() if part == "memory")
        assert memory == 4 * math.prod(step.cost.out)
        if ("receptive field", "r'") in values:
            assert set(fields[step.node.name]) == {values["receptive field", "r'"]}


def test_a_decoder(tmp_path, archcost) -> None:
    """Behind layers that grow the map a step is a fraction of a position; a field is whole positions still."""
    path = tmp_path / "net.yaml"
    path.write_text(
        "input: [3, 16, 16]\n"
        "layers: [conv: {out: 4, kernel: 3, stride: 2, pad: 1}, transposed_conv: {out: 2, kernel: 2, stride: 2},"
        " upsample: {scale: 2}, conv: {out: 4, kernel: 3}, add: {a: [conv: {out: 4, kernel: 3, pad: 1}], b: []}]\n"
    )
    layers = json.loads(archcost("explain", str(path), "--format", "json").stdout)["layers"]
    last = {line["name"]: line["value"] for line in layers[-1]["lines"] if line["part"] == "receptive field"}
    table = json.loads(archcost("table", str(path), "--format", "json").stdout)["layers"]
    assert last["r'"] == table[-1]["receptive_field"][0] and last["j'"] == "1/2"
    for form in ("rich", "markdown", "latex"):
        assert "upsample1" in archcost("explain", str(path), "--format", form).stdout


def test_layers_that_count_differently_stand_apart(archcost) -> None:
    """Equal pools, of which a convention counts that in a block by another rule, are explained one by one."""
    found = archcost("explain", "mobilenet_v3_large", "*pool*", "--convention", "convnet-burden", "--format", "json")
    for layer in json.loads(found.stdout)["layers"]:
        apart = {name == "pool" for name in (layer["name"], *layer["alike"])}
        assert len(apart) == 1


def test_one_dimension(tmp_path, archcost) -> None:
    """A map of one axis has channels and a length."""
    (tmp_path / "net.yaml").write_text("input: [2, 100]\nlayers: [conv: {out: 5, kernel: 3, dilation: 2}]\n")
    shown = archcost("explain", str(tmp_path / "net.yaml")).stdout
    assert "L − (dilation·(kernel − 1) + 1) + 1 100 − (2·(3 − 1) + 1) + 1 = 96" in shown
    assert "out · C·kernel" in shown


def lines(archcost: Any, *arguments: str) -> dict[str, str]:
    """What is printed of each number of one layer, by its name."""
    data = json.loads(archcost("explain", *arguments, "--format", "json").stdout)
    (layer,) = data["layers"]
    return {line["name"]: line["numbers"] for line in layer["lines"]}


def test_as_on_the_board(archcost) -> None:
    """The lecture's own two lines, from 003 (A. Machado): AlexNet's first convolution."""
    shown = archcost("explain", "alexnet", "conv1").stdout
    assert "(227 − 11 + 2·2) / 4 + 1 = 56" in shown
    assert "64·56·56 · 3·11·11 = 72,855,552" in shown
    assert "(H − kernel + 2·pad) / stride + 1" in shown
    assert "Source: Dumoulin & Visin 2016" in shown


def test_rounding_is_shown(archcost) -> None:
    """A window that does not fit is cut off or kept, and the line says which."""
    assert "⌊(56 − 3) / 2⌋ + 1 = 27" in archcost("explain", "alexnet", "pool1").stdout
    assert "⌈(112 − 3) / 2⌉ + 1 = 56" in archcost("explain", "googlenet", "pool1").stdout


def test_layers_are_chosen_by_path_block_pattern_and_number(archcost) -> None:
    """All four ways to name a layer; equal ones are explained once."""
    by_name = lines(archcost, "vgg16", "conv1_2/conv")
    assert by_name["weight"] == "64 · 64·3·3"
    assert lines(archcost, "vgg16", "3") == by_name  # conv, relu, conv
    whole = json.loads(archcost("explain", "vgg16", "conv5_*", "--format", "json").stdout)["layers"]
    assert [layer["op"] for layer in whole] == ["conv", "relu"]
    assert whole[0]["alike"] == ["conv5_2/conv", "conv5_3/conv"]
    block = json.loads(archcost("explain", "resnet18", "stage2", "--format", "json").stdout)["layers"]
    assert {layer["name"].split("/")[0] for layer in block} == {"stage2"}


def test_unknown_layer(archcost) -> None:
    """The nearest name is suggested, a number beyond the last layer says how many there are."""
    error = archcost("explain", "alexnet", "conv9", exit_code=2).stderr
    assert "there is no layer or block 'conv9', did you mean 'conv" in error
    block = archcost("explain", "resnet50", "stge1/", exit_code=2).stderr
    assert "there is no layer or block 'stge1', did you mean 'stage1'?" in block
    assert "numbered from 1 to 21" in archcost("explain", "alexnet", "0" * 20 + "1", exit_code=2).stderr
    assert "numbered from 1 to 21" in archcost("explain", "alexnet", "99", exit_code=2).stderr


def test_convention_is_used(archcost) -> None:
    """FLOPs are those of the convention that is named, and a convention that folds batch norms has none to explain."""
    assert "2·mac + bias" in archcost("explain", "alexnet", "fc8", "--convention", "full").stdout.replace(" · ", "·")
    assert (
        "there is no layer or block 'bn1'"
        in archcost("explain", "resnet50", "bn1", "--convention", "onnx-tool", exit_code=2).stderr
    )


def test_latex() -> None:
    """Fractions, dots and subscripts in LaTeX's words."""
    height, kernel, stride = Traced(112, "H"), Traced(3, "kernel"), Traced(2, "stride")
    named = Writing(LATEX, True, {}).text((height - kernel) // stride + 1)
    assert named == r"\left\lfloor \frac{H - \mathit{kernel}}{\mathit{stride}} \right\rfloor + 1"
    assert Writing(LATEX, True, {}).text(Traced(3, "C_1") * Traced(5, "C_2")) == r"C_{1} \cdot C_{2}"


def test_latex_of_a_layer(archcost) -> None:
    """Balanced braces, and an environment for each of AlexNet's layers but fc7's ReLU and dropout, equal to fc6's."""
    text = archcost("explain", "alexnet", "--format", "latex").stdout
    assert text.count("{") == text.count("}")
    assert r"&= 72{,}855{,}552" not in text and "= 72{,}855{,}552" in text
    assert text.count(r"\text{FLOPs, lecture}") == 21 - 2
    assert text.count(r"\begin{align*}") == text.count(r"\end{align*}") == 21 - 2


def test_simplification() -> None:
    """What says nothing is not written; what has a name is."""
    n, one = Traced(7, "n"), Traced(1, "stride")
    plain = Writing(TEXT, True, {})
    assert plain.text((n + 0) * 1 // 1) == "n"
    assert plain.text((n - 1) + 1) == "n"
    assert plain.text(n // one) == "n / stride"
    pad = Traced(2, "pad")
    assert plain.text(n + pad + pad) == "n + 2·pad"
    assert plain.text(-(-n // 2)) == "⌈n / 2⌉"
    assert plain.text(n * (n - 1)) == "n·(n − 1)"
