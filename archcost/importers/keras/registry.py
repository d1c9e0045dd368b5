"""Handlers of layers and operations by name, and how attributes are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from archcost.importers.keras.config import Layer

Handler = Callable[..., Any]
H = TypeVar("H", bound=Handler)
LAYERS: dict[str, Handler] = {}
OPERATIONS: dict[str, Handler] = {}


def layer(*names: str) -> Callable[[H], H]:
    """Store a handler under the names of its layers."""

    def store(function: H) -> H:
        LAYERS.update(dict.fromkeys(names, function))
        return function

    return store


def operation(*names: str) -> Callable[[H], H]:
    """Store a handler under the names of its operations, as `keras.ops` has them."""

    def store(function: H) -> H:
        OPERATIONS.update(dict.fromkeys(names, function))
        return function

    return store


def handler_of(layer: Layer) -> Handler | None:
    """The handler of a layer of Keras; what has the same name and is the user's own has none."""
    module = layer.module
    if (
        not (module == "keras" or module.startswith(("keras.", "tf_keras.", "tensorflow.keras.")))
        or ">" in layer.registered
    ):
        return None
    return (OPERATIONS if module.startswith("keras.src.ops") or module.startswith("keras.ops") else LAYERS).get(
        layer.kind
    )
