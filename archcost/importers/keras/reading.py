"""A walk over the configuration, model by model and layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archcost.dims import sizes
from archcost.errors import ArchcostError
from archcost.importers.graph import Tensor, path
from archcost.importers.keras.calls import Call, Reference, check, ordered, output_of, references, uses
from archcost.importers.keras.config import (
    MASKED,
    Layer,
    flat,
    input_shape,
    is_size,
    kinds,
    label_of,
    named_once,
    open_sizes,
    sample_of,
)
from archcost.importers.keras.registry import handler_of
from archcost.importers.keras.values import Builder, Constant, Lost, Value
from archcost.net import Net

MOST_CALLS = 100_000  # of layers, when models within models are opened
DEEPEST = 20  # models within models
RECURRENT = {"LSTM", "GRU", "SimpleRNN"}  # their activations lie inside

ACTIVATIONS: Mapping[str, tuple[str, ...]] = {
    "relu": ("relu",), "relu6": ("relu6",), "leaky_relu": ("leaky_relu",), "elu": ("elu",), "selu": ("selu",),
    "celu": ("elu",), "gelu": ("gelu",), "silu": ("silu",), "swish": ("silu",), "mish": ("mish",), "tanh": ("tanh",),
    "sigmoid": ("sigmoid",), "hard_sigmoid": ("hardsigmoid",), "hard_silu": ("hardswish",),
    "hard_swish": ("hardswish",), "softmax": ("softmax",), "log_softmax": ("softmax",), "softplus": ("softplus",),
    "log_sigmoid": ("neg", "softplus", "neg"), "exponential": ("exp",), "hard_tanh": ("clamp",),
}  # fmt: skip


class Reading(Builder):
    """One walk over a configuration."""

    def __init__(self, config: Any, shape: Sequence[int] | None) -> None:
        formats = {*kinds(config, "data_format")}
        flat_maps = any(kind.startswith(("Conv1D", "SeparableConv1D", "DepthwiseConv1D")) for kind in kinds(config))
        super().__init__("channels_first" not in formats or "channels_last" in formats, flat_maps)
        self.config, self.asked, self.calls, self.inputs = config, shape, 0, 0
        self.kept: list[Tensor] = []  # what no output follows from and is counted all the same

    def net(self, name: str, title: str, skip_unknown: bool) -> Net:
        """The net of the configuration."""
        whole = self.entry(self.config, "", top=True)
        if not _is_model(whole):
            raise ArchcostError(
                f"{whole.registered or whole.kind or 'the model'} is a class of its own; only Sequential and "
                "Functional models have their layers in the configuration"
            )
        made = [value for value in flat(self.model(whole, None, 0)) if not isinstance(value, Constant)]
        output = made[0] if made else None
        if output is None or isinstance(output, Lost):
            if self.graph.unknown:
                text = self.graph.complaint()
                told = "" if not skip_unknown else "\nthe shape of what they make is not in the configuration"
                raise ArchcostError(text + told)
            raise ArchcostError("gives no tensor")
        self.graph.module = "output"
        outputs = [value.tensor for value in made if not isinstance(value, Lost)]
        return self.graph.net(name, title, [*outputs, *self.kept], skip_unknown)

    def entry(self, held: Any, prefix: str, top: bool = False) -> Layer:
        """A layer of the configuration."""
        where = prefix or "the model"
        if not isinstance(held, dict):
            raise ArchcostError(f"{where}: a layer must be a mapping, is {str(held)[:60]}")
        kind, config = held.get("class_name"), held.get("config")
        if not isinstance(kind, str) or not isinstance(config, dict):
            raise ArchcostError(f"{where}: a layer has no class_name and config")
        label = held.get("name") or config.get("name") or kind.lower()
        if not isinstance(label, str):
            raise ArchcostError(f"{where}: the name of a layer must be text, is {str(label)[:60]}")
        registered = held.get("registered_name") or ""
        module = held.get("module") or ("" if registered else "keras.layers")  # none for a class of a script
        name = "" if top else "/".join(part for part in (prefix, path(label)) if part)
        return Layer(name, kind, str(module), str(registered), config, held.get("build_config"))

    def model(self, model: Layer, given: Any, depth: int) -> Any:
        """What a model makes of what it is given; the outermost makes its inputs itself."""
        if depth > DEEPEST:
            raise ArchcostError(f"{model.name}: more than {DEEPEST} models within models")
        layers = model.config.get("layers")
        if not isinstance(layers, list) or not layers:
            raise ArchcostError(f"{model.where}: has no layers")
        if model.kind == "Sequential":
            return self.sequence(model, layers, given, depth)
        return self.functional(model, layers, given, depth)

    def sequence(self, model: Layer, layers: list[Any], given: Any, depth: int) -> Any:
        """A model whose layers read one another."""
        entries = [self.entry(held, model.name) for held in layers]
        named_once(entries)
        values = list(flat(given))
        if len(values) > 1:
            raise ArchcostError(f"{model.where}: has one input, is given {len(values)}")
        if entries[0].kind == "InputLayer":
            first, *entries = entries
            value = values[0] if values else self.input(first)
        elif values:
            value = values[0]
        else:
            held = model.config.get("build_input_shape") or input_shape(model.built)
            held = held or entries[0].config.get("batch_input_shape") or entries[0].config.get("batch_shape")
            held = held or input_shape(entries[0].built)
            shapeless = model._replace(name="input", config={"batch_shape": held})
            value = self.input(shapeless)
        for place, layer in enumerate(entries):
            follows = entries[place + 1] if place + 1 < len(entries) else None
            recorded = input_shape(follows.built) if follows else None
            value = self.call(layer, [value], {}, {0: recorded}, depth)
            if isinstance(value, list):
                value = value[0]
        return value

    def functional(self, model: Layer, layers: list[Any], given: Any, depth: int) -> Any:
        """A model of layers that read what they name, worked through so that each follows what it reads."""
        entries = [self.entry(held, model.name) for held in layers]
        names = named_once(entries, layers)
        inputs = [name for name, *_ in references(model, "input_layers")]
        values: dict[tuple[str, int], Any] = {}
        for name, value in zip(inputs, self.passed(model, inputs, given), strict=True):
            if name not in names:
                raise ArchcostError(f"{model.where}: its input {name!r} is no layer")
            values[name, 0] = self.input(entries[names[name]]) if value is None else value
        recorded: dict[tuple[str, int], dict[int, Any]] = {}
        calls: dict[tuple[str, int], Call] = {}
        for place, held in enumerate(layers):
            for call in uses(entries[place], place, held):
                label = label_of(held)
                if (label, 0) in values:
                    continue
                calls[label, call.node] = call
                for reference in flat([call.args, call.kwargs], Reference):
                    shapes = recorded.setdefault((reference.layer, reference.node), {})
                    shapes[reference.output] = reference.shape
            if entries[place].kind == "InputLayer" and (label_of(held), 0) not in values:
                values[label_of(held), 0] = self.input(entries[place])
        for key in ordered(calls, values, entries):
            call = calls[key]
            layer = entries[call.layer]
            args = self.looked_up(call.args, values, layer)
            kwargs = {name: self.looked_up(value, values, layer) for name, value in call.kwargs.items()}
            values[key] = self.call(layer, args, kwargs, recorded.get(key, {}), depth)
        outputs = []
        for name, node, output in references(model, "output_layers"):
            if (name, node) not in values:
                raise ArchcostError(f"{model.where}: its output {name!r} is no layer")
            outputs.append(output_of(values[name, node], output, name))
        return outputs[0] if len(outputs) == 1 else outputs

    def passed(self, model: Layer, inputs: Sequence[str], given: Any) -> list[Any]:
        """What a model is given for each of its inputs."""
        if given is None:
            return [None] * len(inputs)
        if isinstance(given, list) and len(given) == 1 and isinstance(given[0], dict | list):
            given = given[0]
        if isinstance(given, dict) and {*inputs} <= {*given}:
            return [given[name] for name in inputs]
        values = list(flat(given))
        if len(values) != len(inputs):
            raise ArchcostError(f"{model.name}: has {len(inputs)} inputs, is given {len(values)}")
        return values

    def looked_up(self, argument: Any, values: Mapping[tuple[str, int], Any], layer: Layer) -> Any:
        """An argument with values in the place of references."""
        if isinstance(argument, Reference):
            value = output_of(values[argument.layer, argument.node], argument.output, layer.name)
            if self.asked is None and isinstance(value, Value):
                check(value, argument, layer)
            return value
        if isinstance(argument, list):
            return [self.looked_up(part, values, layer) for part in argument]
        if isinstance(argument, dict):
            return {key: self.looked_up(part, values, layer) for key, part in argument.items()}
        return argument

    def count(self, layers: int) -> None:
        """Refuse more layers than anybody needs before they are made: a number is written quickly."""
        self.calls += layers
        if self.calls > MOST_CALLS:
            raise ArchcostError(f"there are more than {MOST_CALLS} layers")

    def call(
        self, layer: Layer, args: list[Any], kwargs: dict[str, Any], recorded: Mapping[int, Any], depth: int
    ) -> Any:
        """What a layer makes; its mistakes name it."""
        outer, self.layer, self.graph.module = self.layer, layer, layer.name
        try:
            self.count(1)
            return self.made(layer, args, kwargs, recorded, depth)
        except ArchcostError as error:
            text = str(error)
            raise ArchcostError(
                text if text.startswith((f"{layer.name}:", f"{layer.name}/")) else f"{layer.name}: {text}"
            ) from error
        except RecursionError:
            raise
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError, AssertionError) as error:
            told = f"its configuration cannot be read as a {layer.kind}: {type(error).__name__}: {str(error)[:80]}"
            raise ArchcostError(f"{layer.name}: {told}") from error
        finally:
            self.layer = outer

    def made(
        self, layer: Layer, args: list[Any], kwargs: dict[str, Any], recorded: Mapping[int, Any], depth: int
    ) -> Any:
        """What a layer makes, as its handler says."""
        lost = any(isinstance(part, Lost) for part in flat([args, kwargs]))
        given = {key: value for key, value in kwargs.items() if key != "training" and value is not None}
        if _is_model(layer):
            return Lost() if lost else self.inner(layer, args, given, depth + 1)
        handler = handler_of(layer)
        if handler is None:
            return self.unknown(layer, args, kwargs, recorded)
        if lost:
            return Lost()
        begin = len(self.graph.nodes)
        value = handler(self, layer, *args, **given)
        self.all_read(begin, {**{f"argument {i}": arg for i, arg in enumerate(args, 1)}, **given}, value)
        if isinstance(value, Value) and "activation" in layer.config and layer.kind not in RECURRENT | {"Activation"}:
            value = self.activated(layer, value)
        return value

    def inner(self, model: Layer, args: list[Any], given: dict[str, Any], depth: int) -> Any:
        """What a model within a model makes. A mask is handed on to the layers in it, which do not say so."""
        mask = given.pop("mask", None)
        if any(isinstance(part, Value) for part in flat([mask])):
            masked = [kind for kind in kinds(dict(model.config)) if kind in MASKED]
            if masked:
                raise ArchcostError(f"a mask that is handed on to a {masked[0]} in a model is not supported")
            self.keep(mask)
        if args and given:
            raise ArchcostError(f"a model that is called with {', '.join(given)} beside its inputs is not supported")
        return self.model(model, args or [*given.values()], depth)

    def keep(self, given: Any) -> None:
        """Count what makes the tensors that a layer is given, though ours has no input for them."""
        self.kept += (value.tensor for value in flat([given], Value) if value.tensor.node is not None)

    def all_read(self, begin: int, given: Mapping[str, Any], made: Any) -> None:
        """Refuse to leave out a tensor that a layer is given: all that it follows from would disappear with it."""
        used: set[int | None] = {index for node in self.graph.nodes[begin:] for index in node.inputs}
        used |= {tensor.node for tensor in self.kept}
        used |= {value.tensor.node for value in flat([made], Value)}
        for name, part in given.items():
            if any(value.tensor.node not in {None, *used} for value in flat([part], Value)):
                raise ArchcostError(f"is called with a tensor as {name}, which is not supported")

    def unknown(self, layer: Layer, args: list[Any], kwargs: dict[str, Any], recorded: Mapping[int, Any]) -> Any:
        """A layer that is not known: its output is what the layers behind it say that they read."""
        named = layer.registered if ">" in layer.registered else ""
        operator = layer.kind if layer.module.startswith("keras") else named or f"{layer.module}.{layer.kind}"
        read = [part.tensor for part in flat([args, kwargs]) if isinstance(part, Value)]
        made: list[Any] = []
        for _, shape in sorted(recorded.items()):
            sample = sample_of(shape)
            if sample is None or self.asked is not None or not read:
                made = []
                break
            axes = self.usual(len(sample))
            ours = (1, *(sample[axis] for axis in axes))
            tensor = self.graph.uncounted(operator, read, ours)
            made.append(Value(tensor, axes))
        if not made:
            self.graph.unknown.setdefault(operator, []).append(layer.name)
            return Lost()
        return made[0] if len(made) == 1 else made

    def input(self, layer: Layer) -> Value:
        """An input of the network."""
        held = layer.config.get("batch_shape", layer.config.get("batch_input_shape"))
        shape = open_sizes(held)
        if self.asked is not None:
            if self.inputs:
                raise ArchcostError("has several inputs; a shape can be given where there is one only")
            shape = self.fitting(shape)
        self.inputs += 1
        if shape is None or None in shape:
            known = "" if shape is None else f" of {sizes(['?' if n is None else n for n in shape])}"
            raise ArchcostError(f"the input {layer.name}{known} leaves its sizes open: give them with --input")
        if not shape:
            raise ArchcostError(f"the input {layer.name} has no axes beside the batch, which is not supported")
        axes = self.usual(len(shape))
        return Value(self.graph.input(layer.name, (1, *(shape[axis] or 1 for axis in axes))), axes)

    def fitting(self, shape: list[int | None] | None) -> list[int | None]:
        """The shape that is asked for, in the order of Keras: it may be given with the channels first, as ours are."""
        asked: list[Any] = [*(self.asked or ())]
        if not all(is_size(n) for n in asked) or not asked:
            raise ArchcostError(f"an input of {sizes(asked)} is none")
        moved = [*asked[1:], asked[0]]
        if shape is None:
            return moved if len(asked) == 3 and self.channels_last and asked[0] in (1, 3) else asked
        if len(shape) != len(asked):
            raise ArchcostError(f"an input of {sizes(asked)} has not as many axes as the model's {len(shape)}")
        if len(asked) < 3:
            return asked
        place = -1 if self.channels_last else 0
        for candidate in (moved, asked) if self.channels_last else (asked,):
            if shape[place] in (None, candidate[place]):
                return candidate
        raise ArchcostError(f"an input of {sizes(asked)} has not the {shape[place]} channels of the model's")

    def activated(self, layer: Layer, x: Value) -> Value:
        """What the `activation` of a layer makes of its output."""
        held = layer.config.get("activation")
        self.graph.module = f"{layer.name}/activation"
        return self.activation(held, x)

    def activation(self, held: Any, x: Value) -> Value:
        """An activation as the configuration has it: a name, a function or a layer."""
        if isinstance(held, dict) and isinstance(held.get("config"), dict):
            inner = self.entry(held, "")._replace(name=self.graph.module)
            value = self.made(inner, [x], {}, {0: [None, *x.shape]}, 0)
            if not isinstance(value, Value):
                raise ArchcostError("its activation gives no tensor of a known shape")
            return value
        word = held.get("config") if isinstance(held, dict) else held
        if word in (None, "linear"):
            return x
        if isinstance(word, str) and word in ACTIVATIONS and not _is_own(held):
            for op in ACTIVATIONS[word]:
                x = self.each(op, x)
            return x
        if word == "softsign":
            below = self.each("affine", self.each("abs", x), scale=False)
            return self.joined("divide", [x, below])
        tensor = self.graph.uncounted(f"activation {str(word)[:40]}", [x.tensor], x.tensor.shape)
        return Value(tensor, x.axes)


def _is_own(held: Any) -> bool:
    """Whether an activation is a function of the user's with a name that Keras has, too."""
    return isinstance(held, dict) and not str(held.get("module") or "builtins").startswith(("builtins", "keras"))


def _is_model(layer: Layer) -> bool:
    return layer.kind in ("Sequential", "Functional", "Model") and isinstance(layer.config.get("layers"), list)
