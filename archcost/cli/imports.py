"""`archcost import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archcost.cli.options import Network, emit, foreign, settings_option
from archcost.errors import ArchcostError
from archcost.foreign import is_foreign


@click.command("import")
@click.argument("source", type=Network())
@foreign
@settings_option("A size that the file leaves open, such as height=224; without, it stays a knob where it can.")
@click.option("--flat", is_flag=True, help="A layer a line, without blocks.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), metavar="FILE", help="Write to a file.")
def import_command(source: str, **options: Any) -> None:
    """Write a model in another format as a specification.

    SOURCE is a file of ONNX (model.onnx) or Keras (model.keras), or a model of PyTorch or Keras that code makes:
    torchvision:resnet50, timm:mixnet_s, package.module:function. Such a function is called, its module is run; a file
    is only read. Every command takes such a source where it takes a network.

    \b
    archcost import torchvision:resnet50 -o resnet50.yaml
    archcost import model.onnx --flat
    archcost import model.onnx --set height=224 --set width=224 -o model.yaml
    archcost import mypkg.models:build_net --input 3,224,224 --kwargs depth=18
    archcost import keras.applications:MobileNetV2 --kwargs weights=null
    """
    from archcost.dump import dump, folded
    from archcost.importers import net_of

    if not is_foreign(source):
        raise ArchcostError(f"{source} is no model to import: model.onnx, model.keras, torchvision:NAME, PACKAGE:NAME")
    path = options["output"]
    if path and Path(path).is_file() and not options["force"]:
        raise ArchcostError(f"{path} exists: --force overwrites it")
    emit((dump if options["flat"] else folded)(net_of(source)), path)
