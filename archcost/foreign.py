"""Which names are models in other formats, and what is to be known of these besides."""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import Any, NamedTuple

ENDINGS = (".onnx", ".keras")
FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_0-9][\w.-]*\Z")  # package.module:function, torchvision:resnet50


class Options(NamedTuple):
    """What is to be known besides the source."""

    inputs: tuple[str, ...] = ()  # shapes of one sample: 3,224,224, or 77:int64
    kwargs: tuple[tuple[str, Any], ...] = ()  # of the function that makes the model
    settings: tuple[tuple[str, Any], ...] = ()  # of --set: sizes that a file leaves open
    skip_unknown: bool = False
    several: bool = False  # networks are asked for, and each takes what it can use


USUAL = Options()
OPTIONS: ContextVar[Options] = ContextVar("options", default=USUAL)


def is_foreign(name: str) -> bool:
    """Whether a name is a model in another format: a file of one, or PACKAGE:NAME."""
    return name.endswith(ENDINGS) or bool(FUNCTION.match(name) and ".yaml:" not in name and ".yml:" not in name)
