"""Is a model of Keras that a function makes read as the file is that it would be saved as?

It stands with the comparisons with PyTorch, which Keras runs on here. No trained weights are made.
"""

from __future__ import annotations

import json
import os
import zipfile
from math import prod
from typing import Any

import pytest
from come_back import comes_back, told

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

from archcost.importers import net_of  # noqa: E402  (only where Keras is installed)
from archcost.importers.keras import net_of as net_of_model  # noqa: E402
from archcost.net import propagate  # noqa: E402

SOURCE = """
import keras
from keras import layers


def net(width=8):
    x = keras.Input((32, 32, 3))
    y = layers.Conv2D(width, 3, activation="relu")(x)
    y = layers.add([layers.Conv2D(width, 3, padding="same")(y), y])
    y = layers.GlobalAveragePooling2D()(layers.BatchNormalization()(y))
    return keras.Model(x, layers.Dense(10)(y))


def open_():
    filters = [layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    return keras.Sequential([keras.Input((None, None, 3)), *filters])


class Own(keras.Model):
    def call(self, x):
        return x


ready = net(4)
"""


def test_a_function_and_its_file(archcost, module: str) -> None:
    """Layer by layer the same, with the weights that Keras counts; the function has arguments."""
    made = __import__(module).net(width=16)
    with zipfile.ZipFile("net.keras", "w") as file:
        file.writestr("config.json", json.dumps(keras.saving.serialize_keras_object(made)))
    net = net_of("net.keras")
    params = sum(sum(step.cost.params.values()) for step in propagate(net))
    assert params == sum(prod(weight.shape) for weight in made.trainable_weights)
    comes_back(net)
    columns = ("--all", "--columns", "op,input,output,params,buffers,macs", "--format", "csv")
    of_file = archcost("table", "net.keras", *columns).stdout
    assert archcost("table", f"{module}:net", "--kwargs", "width=16", *columns).stdout == of_file
    assert archcost("table", f"{module}:ready", *columns).stdout != of_file


def test_applications(archcost) -> None:
    """A model of Keras's own, which no weights are loaded for."""
    net = archcost("table", "keras.applications:MobileNetV2", "--kwargs", "weights=null", "--format", "csv")
    twin = net_of("keras.applications:MobileNetV2")
    assert told(twin)[-1][-2].out == (1000,) and net.stdout


@pytest.mark.parametrize("kind", ["BatchNormalization", "LayerNormalization"])
@pytest.mark.parametrize("axis", [1, 3, -1, [2], [1, 3]])
def test_a_layer_for_each_step(kind: str, axis: Any) -> None:
    """As many weights as Keras has, whichever axis of a step they belong to."""
    if kind == "BatchNormalization" and isinstance(axis, list):
        pytest.skip("it has one axis")
    x = keras.Input((4, 8, 6, 5))
    model = keras.Model(x, keras.layers.TimeDistributed(getattr(keras.layers, kind)(axis=axis))(x))
    trained, shape = weights_and_output(model)
    assert trained == sum(prod(weight.shape) for weight in model.trainable_weights)
    assert prod(shape) == 4 * 8 * 6 * 5


@pytest.mark.parametrize("behind", ["LSTM", "GRU", "Bidirectional", "GlobalAveragePooling1D", "Attention"])
def test_masks_and_first_states(behind: str) -> None:
    """Where Keras writes a mask or states into the model, it is read with its weights and its output."""
    tokens = keras.Input((6,), dtype="int32")
    x = keras.layers.Embedding(9, 4, mask_zero=True)(tokens)
    if behind == "Attention":
        y = keras.layers.Attention()([x, x])
    elif behind == "GRU":
        first = keras.layers.Dense(5)(keras.layers.GlobalMaxPooling1D()(x))
        y = keras.layers.GRU(5)(x, initial_state=first)
    elif behind == "Bidirectional":
        y = keras.layers.Bidirectional(keras.layers.LSTM(5, return_sequences=True))(x)
    else:
        y = getattr(keras.layers, behind)(*([5] if behind == "LSTM" else []))(x)
    model = keras.Model(tokens, y)
    trained, shape = weights_and_output(model)
    assert trained == sum(prod(weight.shape) for weight in model.trainable_weights)
    assert prod(shape) == prod(model.output_shape[1:])


def weights_and_output(model: Any) -> tuple[int, tuple[int, ...]]:
    """What our net of a model of Keras has."""
    net = net_of_model(model, "m", "m")
    comes_back(net)
    steps = propagate(net)
    return sum(sum(step.cost.params.values()) for step in steps), steps[-1].cost.out


def test_what_cannot_be_read(archcost, module: str) -> None:
    """Sizes that the model leaves open are asked for; a class of its own says how it could be read."""
    assert "4 x 30 x 30" in archcost("table", f"{module}:open_", "--input", "32,32,3", "--columns", "output").stdout
    assert "--input" in archcost("table", f"{module}:open_", exit_code=2).stderr
    error = archcost("table", f"{module}:Own", "--input", "4", exit_code=2).stderr
    assert "Own is a class of its own" in error
