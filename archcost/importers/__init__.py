"""Networks in foreign formats, a file for each: the only modules that import onnx, torch and keras.

A source is a file (model.onnx, model.keras), or what a package has: torchvision:resnet50, timm:mixnet_s,
package.module:function. What is imported becomes a specification, so that it is used like any other.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from archcost.dump import dump
from archcost.errors import ArchcostError, Source, did_you_mean
from archcost.foreign import OPTIONS, Options
from archcost.net import Net
from archcost.source import Limits, parse
from archcost.spec import Spec, read_spec

UNLIMITED = Limits(bytes=10**9, values=10**8, depth=64, layers=10**7)  # for text of our own making
COLLECTIONS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "torchvision": ("torchvision.models", "get_model", {"weights": None}),
    "timm": ("timm", "create_model", {"pretrained": False}),
}
_known: dict[Any, Net] = {}


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
    key = (source, repr(options), path.stat().st_mtime_ns if path.is_file() else 0)
    if key not in _known:
        _known[key] = _reader(source)(source, options)
    return _known[key]


def uncounted(net: Net) -> Iterator[str]:
    """The operators of a net that are not counted, each as often as it stands there."""
    return (str(node.attributes["operator"]) for node in net.nodes if node.op == "uncounted")


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

    return net_of(str(path), source, path.stem, dict(options.dims), options.skip_unknown)


def _from_keras(source: str, options: Options) -> Net:
    path = _file(source)
    from archcost.importers.keras import net_of_file

    shape = _shape(options.inputs[0])[0] if options.inputs else None
    return net_of_file(str(path), source, path.stem, shape, options.skip_unknown)


def _from_module(source: str, options: Options) -> Net:
    """A model of PyTorch or Keras: what a function makes that is called, or what a module holds."""
    module, _, name = source.partition(":")
    if module in COLLECTIONS:
        for package in ("torch", module):
            _need(package, "torch", source)
        build = _by_name(*COLLECTIONS[module], name)
    else:
        if "" not in sys.path:
            sys.path.insert(0, "")  # a module of the user's lies where the command is called
        build = _function(module, name)
    shapes = [_shape(text) for text in options.inputs]
    model = build if _is_of("keras", build) or _is_of("torch", build) else _made(build, dict(options.kwargs), source)
    title = source.rpartition(":")[2]
    if _is_of("keras", model):
        from archcost.importers import keras

        return keras.net_of(model, source, title, shapes[0][0] if shapes else None, options.skip_unknown)
    _need("torch", "torch", source)
    from archcost.importers import torch

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
    try:
        package = importlib.import_module(module)
    except Exception as error:  # whatever its installation lacks
        raise ArchcostError(f"{module} cannot be imported: {type(error).__name__}: {error}") from error
    known = package.list_models()
    if name not in known:
        raise ArchcostError(f"{module} has no model {name!r}{did_you_mean(name, known)}")
    return lambda **kwargs: getattr(package, create)(name, **{**fixed, **kwargs})


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
