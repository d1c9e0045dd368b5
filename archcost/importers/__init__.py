"""Networks in foreign formats, a file for each: the only modules that import onnx, torch and keras.

A source is a file (model.onnx, model.keras), or what a package has: torchvision:resnet50, timm:mixnet_s,
package.module:function. What is imported becomes a specification, so that it is used like any other.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from functools import partial
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any

from archcost.dump import dump
from archcost.errors import ArchcostError, Source, did_you_mean
from archcost.foreign import ENDINGS, OPTIONS, Options, is_foreign
from archcost.kinds import shown
from archcost.net import Net
from archcost.source import Limits, parse
from archcost.spec import Spec, read_spec

UNLIMITED = Limits(bytes=10**9, values=10**8, depth=64, layers=10**7)  # for text of our own making
COLLECTIONS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "torchvision": ("torchvision.models", "get_model", {"weights": None, "weights_backbone": None}),
    "timm": ("timm", "create_model", {"pretrained": False}),
}
_known: dict[Any, Net] = {}
_held: list[Any] = []  # what must last as long as the program


def specification(source: str) -> Spec:
    """The specification of what a source holds."""
    return written(source, net_of(source))


def written(source: str, net: Net) -> Spec:
    """A net as a specification; its text is nowhere, so that errors name no place in it."""
    spec = read_spec(parse(Source(source, dump(net)), UNLIMITED), net.name)
    return spec._replace(params={name: value._replace(key_at=None) for name, value in spec.params.items()})


def net_of(source: str) -> Net:
    """The net of what a source holds; it is read once, a file again after it has changed."""
    options, path = OPTIONS.get(), Path(source)
    if not options.several:
        _check_settings(source, options)
    key = (source, repr(options), path.stat().st_mtime_ns if path.is_file() else 0)
    if key not in _known:
        _known[key] = _reader(source)(source, options)
    return _known[key]


def open_sizes(source: str) -> list[str]:
    """The names of the sizes that a source leaves open, which only a file of ONNX does."""
    if Path(source).suffix != ".onnx":
        return []
    _need("onnx", "onnx", "an ONNX file")
    from archcost.importers.onnx.file import declared_sizes, loaded

    graph = loaded(str(_file(source)), source).graph
    stored = {tensor.name for tensor in graph.initializer}
    axes = {info.name: declared_sizes(info) or [] for info in graph.input if info.name not in stored}
    found = (size or f"{name}_{place}" for name, known in axes.items() for place, size in enumerate(known))
    return [size for size in dict.fromkeys(found) if isinstance(size, str)]


def check_used(names: Sequence[str]) -> None:
    """Refuse `--input` and `--kwargs` where none of the networks can use them."""
    options = OPTIONS.get()
    kinds = {Path(name).suffix if name.endswith(ENDINGS) else "code" for name in names if is_foreign(name)}
    if options.kwargs and "code" not in kinds:
        raise ArchcostError(f"--kwargs is for what makes a model: PACKAGE.MODULE:FUNCTION; {names[0]} is none")
    if options.inputs and not {"code", ".keras"} & kinds:
        more = "; --set NAME=N gives those that it leaves open" if ".onnx" in kinds else ""
        raise ArchcostError(f"--input is for models of PyTorch and Keras; {names[0]} says its sizes itself{more}")


def _check_settings(source: str, options: Options) -> None:
    """Refuse `--set` for what has nothing to set."""
    suffix = Path(source).suffix
    if options.settings and suffix != ".onnx":
        instead = "--input gives its sizes" if suffix == ".keras" else "--kwargs K=V gives what makes it arguments"
        raise ArchcostError(f"{source} has no knobs to set; {instead}")


def _reader(source: str) -> Callable[[str, Options], Net]:
    endings = {".onnx": _from_onnx, ".keras": _from_keras}
    return endings.get(Path(source).suffix, _from_module)


def _file(source: str) -> Path:
    path = Path(source)
    if not path.is_file():
        raise ArchcostError(f"there is no file {source}")
    return path


def _need(package: str, extra: str, what: str) -> None:
    if find_spec(package) is None:
        wanted = f"'archcost[{extra}]'" if package == extra else package
        raise ArchcostError(f"{what} needs {package}: pip install {wanted}")


def _from_onnx(source: str, options: Options) -> Net:
    path = _file(source)
    _need("onnx", "onnx", "an ONNX file")
    from archcost.importers.onnx import net_of

    given = _sizes(source, options) if options.settings else {}
    return net_of(str(path), source, path.stem, given, options.skip_unknown)


def _sizes(source: str, options: Options) -> dict[str, int]:
    """The sizes that are given for those that a file leaves open; of several networks each has its own."""
    known = open_sizes(source) if options.several else [name for name, _ in options.settings]
    given = {name: value for name, value in options.settings if name in known}
    for name, value in given.items():
        if type(value) is not int or value < 1:
            raise ArchcostError(f"{name} must be a whole number from 1, is {shown(value)}")
    return given


def _from_keras(source: str, options: Options) -> Net:
    path = _file(source)
    from archcost.importers.keras import net_of_file

    return net_of_file(str(path), source, path.stem, _keras_shape(source, options), options.skip_unknown)


def _keras_shape(source: str, options: Options) -> tuple[int, ...] | None:
    """The one shape that a model of Keras can be given."""
    if len(options.inputs) > 1:
        raise ArchcostError(f"{source}: a model of Keras can be given one --input, not {len(options.inputs)}")
    for text in options.inputs:
        if ":" in text:
            raise ArchcostError(f"{source}: a model of Keras says the types of its inputs itself: --input without one")
        return _shape(text)[0]
    return None


def _from_module(source: str, options: Options) -> Net:
    """A model of PyTorch or Keras: what a function makes that is called, or what a module holds.

    What the user's code prints goes to stderr, for stdout is ours; and it does not end the program.
    """
    try:
        with redirect_stdout(sys.stderr):
            return _from_code(source, options)
    except SystemExit as error:
        raise ArchcostError(f"{source} cannot be made: its code calls sys.exit({_said(error)})") from error


def _said(error: SystemExit) -> str:
    """What the program would have ended with, in one line."""
    return "" if error.code is None else " ".join(repr(error.code).split())


def _from_code(source: str, options: Options) -> Net:
    module, _, name = source.partition(":")
    if module in COLLECTIONS:
        for package in ("torch", module):
            _need(package, "torch", source)
        build = _by_name(*COLLECTIONS[module], name)
    else:
        if "" not in sys.path:
            sys.path.insert(0, "")  # a module of the user's lies where the command is called
        build = _function(module, name)
    made = _is_of("keras", build) or _is_of("torch", build)
    if made and options.kwargs and not options.several:
        raise ArchcostError(f"{source} is a model already, which takes no --kwargs")
    model = build if made else _made(build, dict(options.kwargs), source)
    title = source.rpartition(":")[2]
    if _is_of("keras", model):
        from archcost.importers import keras

        return keras.net_of(model, source, title, _keras_shape(source, options), options.skip_unknown)
    _need("torch", "torch", source)
    from archcost.importers import torch

    shapes = [_shape(text) for text in options.inputs]
    return torch.net_of_model(model, shapes, source, title, options.skip_unknown)


def _is_of(package: str, model: Any) -> bool:
    """Whether something is a model of Keras or of PyTorch, of which neither is imported for that."""
    return any(base.__module__.partition(".")[0] == package for base in type(model).__mro__)


def _made(build: Callable[..., Any], kwargs: Mapping[str, Any], source: str) -> Any:
    """The model that the user's code makes, if PyTorch is there without memory for its weights."""
    try:
        if find_spec("torch"):
            from archcost.importers import torch

            return torch.built(partial(build, **kwargs))
        return build(**kwargs)
    except Exception as error:  # whatever the user's code raises
        raise ArchcostError(f"{source} cannot be made: {type(error).__name__}: {error}") from error


def _by_name(module: str, create: str, fixed: Mapping[str, Any], name: str) -> Callable[..., Any]:
    """The function of a collection that makes the model of a name, without trained weights."""
    package = _collection(module)
    known = package.list_models()
    if name not in known:
        raise ArchcostError(f"{module} has no model {name!r}{did_you_mean(name, known)}")
    if hasattr(package, "get_model_builder"):  # not all have a backbone with weights of its own
        taken = signature(package.get_model_builder(name)).parameters
        fixed = {key: value for key, value in fixed.items() if key in taken}
    return lambda **kwargs: getattr(package, create)(name, **{**fixed, **kwargs})


def _collection(module: str) -> Any:
    """The module of a collection, also where the compiled operators of torchvision do not fit PyTorch."""
    try:
        try:
            return importlib.import_module(module)
        except RuntimeError as error:
            if "operator torchvision::" not in str(error):
                raise
            from archcost.importers import torch

            _held.append(torch.declare_torchvision())
            return importlib.import_module(module)
    except Exception as error:  # whatever its installation lacks
        raise ArchcostError(f"{module} cannot be imported: {type(error).__name__}: {error}") from error


def _function(module: str, name: str) -> Callable[..., Any]:
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ArchcostError(f"there is no module {error.name!r}") from error
    except Exception as error:  # whatever the user's code raises
        raise ArchcostError(f"{module} cannot be imported: {type(error).__name__}: {error}") from error
    target: Any = found
    for part in name.split("."):
        if not hasattr(target, part):
            raise ArchcostError(f"{module} has no {part!r}{did_you_mean(part, dir(target))}")
        target = getattr(target, part)
    if not callable(target):
        raise ArchcostError(f"{module}:{name} is no function that makes a model")
    made: Callable[..., Any] = target
    return made


def _shape(text: str) -> tuple[tuple[int, ...], str]:
    """The shape of one sample and the type of its numbers: `3,224,224`, `77:int64`."""
    sizes, _, kind = text.partition(":")
    parts = sizes.replace("x", ",").split(",")
    if not all(part.strip().isdecimal() and 0 < int(part) < 2**31 for part in parts):
        raise ArchcostError(f"--input takes the sizes of one sample, such as 3,224,224 or 77:int64, not {text!r}")
    return tuple(map(int, parts)), kind or "float32"
