"""Models of Keras as nets: the configuration is read, no weights are, and nothing that a file holds is ever run.

A model of Keras has its channels last, a net has them first. Nothing is gained by moving them before and behind every
layer: a value knows which of its axes is which one of Keras, and a layer that needs them in an order has them moved
only if they are not in it already. So maps are read with their channels first from the input on.

The files `layers_*` say what each layer of Keras is in terms of ours, and the files `operations_*` what each operation
of keras.ops is, which stands in functional models as a layer. Importing them fills the registry. Handlers take the
reading, the layer, and what the layer is called with.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from archcost.errors import ArchcostError
from archcost.importers.keras import (
    layers_attention,
    layers_elements,
    layers_filters,
    layers_joins,
    layers_norms,
    layers_pools,
    layers_recurrent,
    layers_shapes,
    operations_elements,
    operations_shapes,
    operations_sums,
)
from archcost.importers.keras.file import configuration
from archcost.importers.keras.reading import Reading
from archcost.net import Net

__all__ = [
    "layers_attention",
    "layers_elements",
    "layers_filters",
    "layers_joins",
    "layers_norms",
    "layers_pools",
    "layers_recurrent",
    "layers_shapes",
    "net_of",
    "net_of_config",
    "net_of_file",
    "operations_elements",
    "operations_shapes",
    "operations_sums",
]


def net_of_file(
    file: str, name: str, title: str, shape: Sequence[int] | None = None, skip_unknown: bool = False
) -> Net:
    """The net of a `.keras` file. The shape is that of one sample, for inputs whose sizes are left open or others."""
    return net_of_config(configuration(file), name, title, shape, skip_unknown)


def net_of(model: Any, name: str, title: str, shape: Sequence[int] | None = None, skip_unknown: bool = False) -> Net:
    """The net of a model of Keras that is in memory."""
    import keras

    try:
        held = json.dumps(keras.saving.serialize_keras_object(model), default=str)
    except Exception as error:  # whatever the user's layers raise when they are asked for their configuration
        raise ArchcostError(f"{name} cannot be written by Keras: {type(error).__name__}: {error}") from error
    return net_of_config(json.loads(held), name, title, shape, skip_unknown)


def net_of_config(
    config: Any, name: str, title: str, shape: Sequence[int] | None = None, skip_unknown: bool = False
) -> Net:
    """The net of what `config.json` holds."""
    try:
        return Reading(config, shape).net(name, title, skip_unknown)
    except ArchcostError as error:
        raise ArchcostError(f"{name}: {error}") from error
    except RecursionError as error:
        raise ArchcostError(f"{name}: the configuration is nested too deeply") from error
