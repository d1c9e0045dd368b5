"""Write down what counting tools say of torchvision's networks and Keras of its own, for the tests. For developers.

    pip install torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2 keras==3.15.1 transformers accelerate tabulate iopath yacs
    pip install psutil einops hjson py-cpuinfo && pip install --no-deps torchvision==0.29.2 torchprofile==0.1.0
    pip install --no-deps fvcore==0.1.5.post20221221 thop==0.1.1.post2209072238 ptflops==0.7.5 torchinfo==1.8.0
    pip install --no-deps calflops==0.3.2 deepspeed==0.19.8 onnx-tool==1.0.1 mmcv-lite==2.1.0
    python tests/record_tools.py [TOOL ...]

All but Keras, or only the tools that are named, which may be installed apart: each replaces its own part of the file.
What was published stands there too and is kept. Every tool runs as its README tells a user to, with a batch of one, in
evaluation; as a tool may leave its patches in torch, each network has a process of its own. None of them stands under
`no_grad`, for no README does it: nn.MultiheadAttention takes another path there, into which most cannot see.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import multiprocessing
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch import library as registry

FILE = Path(__file__).parent / "data" / "tools.json"
Counts = dict[str, int]
SAME = (
    *("resnet50", "mobilenet_v2", "densenet121", "squeezenet1_0", "efficientnet_b0", "convnext_tiny", "vit_b_16"),
    *("swin_t", "mobilenet_v3_large", "shufflenet_v2_x1_0", "regnet_y_400mf", "mnasnet1_0", "resnext50_32x4d"),
)


class Network(NamedTuple):
    """A network of torchvision."""

    name: str
    resolution: int = 224
    options: Mapping[str, bool] = MappingProxyType({})

    def model(self) -> nn.Module:
        """The network with fresh weights."""
        # torchvision's compiled operators do not load beside a CPU build of torch; their names are enough.
        operators = registry.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            operators.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        from torchvision import models

        model: nn.Module = models.get_model(self.name, weights=None, **self.options).eval()
        model.kept = operators  # type: ignore[assignment]  # which goes when nobody has it
        return model


# By our names. torchvision pools to a fixed number of cells before the classifiers of AlexNet and VGG.
NETWORKS: dict[str, Network] = {
    "alexnet@resolution=224;adaptive=true": Network("alexnet"),
    "vgg16@adaptive=true": Network("vgg16"),
    "vgg16_bn@adaptive=true": Network("vgg16_bn"),
    "googlenet_torchvision": Network("googlenet", options={"aux_logits": False, "init_weights": False}),
    **{name: Network(name) for name in SAME},
    "efficientnet_v2_s@resolution=224": Network("efficientnet_v2_s"),
    'inception_v3@aux="none"': Network(
        "inception_v3", 299, {"aux_logits": False, "init_weights": False, "transform_input": False}
    ),
    "swin_v2_t@resolution=224": Network("swin_v2_t"),
    "maxvit_t": Network("maxvit_t"),
}


def exact(number: float) -> int:
    """A whole number that a tool gives as a float."""
    if number != int(number):
        raise ValueError(f"not a whole number: {number!r}")
    return int(number)


def torch_meta(model: nn.Module, x: Tensor) -> Counts:
    """What torch counts on the meta device: on a CPU it counts no fused attention."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model.to("meta")(x.to("meta"))
    return {"flops": counter.get_total_flops()}


def fvcore(model: nn.Module, x: Tensor) -> Counts:
    """Its activations are elements of outputs, not bytes."""
    import fvcore.nn as fv

    flops, elements = (
        analysis(model, x).unsupported_ops_warnings(False).uncalled_modules_warnings(False).total()
        for analysis in (fv.FlopCountAnalysis, fv.ActivationCountAnalysis)
    )
    return {"flops": exact(flops), "params": fv.parameter_count(model)[""], "elements": exact(elements)}


def torchprofile(model: nn.Module, x: Tensor) -> Counts:
    """One number, the MACs."""
    from torchprofile import profile_macs

    return {"flops": int(profile_macs(model, x))}


def ptflops(model: nn.Module, x: Tensor, backend: str = "pytorch") -> Counts:
    """The MACs of either backend; the first is the default of its code, the other, aten, that of its README."""
    from ptflops import get_model_complexity_info

    said = io.StringIO()  # a failure is printed, and the results are None
    with redirect_stdout(said):
        macs, params = get_model_complexity_info(
            model, tuple(x.shape[1:]), as_strings=False, print_per_layer_stat=False, backend=backend
        )
    if macs is None or params is None:
        raise RuntimeError(said.getvalue())
    return {"flops": exact(macs), "params": int(params)}


def thop(model: nn.Module, x: Tensor) -> Counts:
    """Operations and parameters of the modules that it knows."""
    from thop import profile

    operations, params = profile(model, inputs=(x,), verbose=False)
    return {"flops": exact(operations), "params": exact(params)}


def torchinfo(model: nn.Module, x: Tensor) -> Counts:
    """Total mult-adds, total params and forward/backward pass size."""
    from torchinfo import summary

    found = summary(model, input_data=x, verbose=0)
    return {"flops": found.total_mult_adds, "params": found.total_params, "memory": found.total_output_bytes}


def calflops(model: nn.Module, x: Tensor) -> Counts:
    """Forward FLOPs and MACs, and parameters."""
    from calflops import calculate_flops

    shape = tuple(x.shape)
    flops, macs, params = calculate_flops(model, input_shape=shape, output_as_string=False, print_results=False)
    return {"flops": flops, "macs": macs, "params": params}


def deepspeed(model: nn.Module, x: Tensor) -> Counts:
    """Forward FLOPs and MACs, and parameters."""
    from deepspeed.profiling.flops_profiler import get_model_profile

    shape = tuple(x.shape)
    flops, macs, params = get_model_profile(model, input_shape=shape, as_string=False, print_profile=False)
    return {"flops": flops, "macs": macs, "params": params}


def onnx_tool(model: nn.Module, x: Tensor) -> Counts:
    """The last line of its table, in a CSV file because only there the numbers are whole.

    The numbers depend on the weights: the exporter leaves out biases that are all zero, and tensors that are equal are
    stored and counted once, as all those of fresh normalisations are. So they are drawn, as if the network were
    trained.
    """
    import onnx_tool

    draw(model)
    with TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        path, table = Path(folder) / "model.onnx", Path(folder) / "table.csv"
        torch.onnx.export(model, (x,), path)
        onnx_tool.model_profile(str(path), save_profile=str(table))
        with table.open(newline="") as lines:
            *_, total = csv.DictReader(lines)
    return {"flops": int(total["Forward_MACs"]), "params": int(total["Params"]), "memory": int(total["Memory"])}


def draw(model: nn.Module) -> None:
    """Give a model weights of which no two tensors are equal and none is zero."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.02, generator=generator)
        for name, buffer in model.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                buffer.uniform_(0.5, 1.5, generator=generator)


def mmpretrain(model: nn.Module, x: Tensor) -> Counts:
    """What mmpretrain's get_flops.py calls, on the whole network: that script leaves out the classifier.

    The counter is loaded alone, for all of mmcv needs OpenCV; mmcv's own layers, which it would know, never occur.
    """
    found = importlib.util.find_spec("mmcv")
    assert found and found.submodule_search_locations
    bricks = ModuleType("mmcv.cnn.bricks")
    for name in ("Conv2d", "Conv3d", "ConvTranspose2d", "Linear", "MaxPool2d", "MaxPool3d"):
        setattr(bricks, name, type(name, (getattr(nn, name),), {}))
    sys.modules.update({name: ModuleType(name) for name in ("mmcv", "mmcv.cnn")}, **{bricks.__name__: bricks})
    path = Path(found.submodule_search_locations[0]) / "cnn" / "utils" / "flops_counter.py"
    spec = importlib.util.spec_from_file_location("flops_counter", path)
    assert spec and spec.loader
    counter = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(counter)
    with torch.no_grad():
        flops, params = counter.get_model_complexity_info(model, tuple(x.shape[1:]), False, False)
    return {"flops": exact(flops), "params": int(params)}


class Tool(NamedTuple):
    """How a tool is asked, what it is installed as, and the call in words."""

    count: Callable[[nn.Module, Tensor], Counts]
    package: str
    call: str


PTFLOPS = "get_model_complexity_info(model, (3, 224, 224), as_strings=False, print_per_layer_stat=False, backend='{}')"
TOOLS = {
    "torch": Tool(torch_meta, "torch", "FlopCounterMode(display=False).get_total_flops(), on the meta device"),
    "fvcore": Tool(
        fvcore,
        "fvcore",
        "FlopCountAnalysis(model, x).total(), parameter_count(model)[''], ActivationCountAnalysis(model, x).total()",
    ),
    "torchprofile": Tool(torchprofile, "torchprofile", "profile_macs(model, x)"),
    "ptflops": Tool(ptflops, "ptflops", PTFLOPS.format("pytorch")),
    "ptflops-aten": Tool(partial(ptflops, backend="aten"), "ptflops", PTFLOPS.format("aten")),
    "thop": Tool(thop, "thop", "profile(model, inputs=(x,), verbose=False)"),
    "torchinfo": Tool(torchinfo, "torchinfo", "summary(model, input_data=x, verbose=0)"),
    "calflops": Tool(
        calflops,
        "calflops",
        "calculate_flops(model, input_shape=tuple(x.shape), output_as_string=False, print_results=False)",
    ),
    "deepspeed": Tool(
        deepspeed,
        "deepspeed",
        "get_model_profile(model, input_shape=tuple(x.shape), as_string=False, print_profile=False)",
    ),
    "onnx-tool": Tool(
        onnx_tool,
        "onnx-tool",
        "torch.onnx.export(model, (x,), 'model.onnx'), model_profile('model.onnx', save_profile='table.csv')",
    ),
    "mmpretrain": Tool(mmpretrain, "mmcv-lite", "get_model_complexity_info(model, (3, 224, 224), False, False)"),
}


def counted(job: tuple[str, str]) -> tuple[str, Counts]:
    """What a tool says of a network."""
    tool, name = job
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    size = NETWORKS[name].resolution
    return name, TOOLS[tool].count(NETWORKS[name].model(), torch.zeros(1, 3, size, size))


def parts(tool: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the file says of a tool; where it has MACs beside FLOPs, they are a part of their own."""
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        found = dict(pool.imap(counted, [(tool, name) for name in NETWORKS], chunksize=1))
    head = {"version": version(TOOLS[tool].package), "call": TOOLS[tool].call}
    macs = {name: counts.pop("macs") for name, counts in found.items() if "macs" in counts}
    yield tool, {**head, "models": found}
    if macs:
        yield f"{tool}-macs", {**head, "models": {name: {**found[name], "flops": n} for name, n in macs.items()}}


def keras_parts() -> Iterator[tuple[str, dict[str, Any]]]:
    """The total of Keras's summaries, which know neither operations nor activations, on top of torch."""
    os.environ.update(KERAS_BACKEND="torch", KERAS_TORCH_DEVICE="meta")
    import keras
    from keras.src.applications.nasnet import NASNet
    from record import KERAS

    # NASNetMobile itself refuses torch.
    mobile = partial(NASNet, None, 1056, 4, 32, skip_reduction=False, filter_multiplier=2, default_size=224)
    builders = {**vars(keras.applications), "NASNetMobile": mobile}
    found: dict[str, Counts] = {}
    for ours, (name, options) in KERAS.items():
        keras.backend.clear_session()
        lines: list[str] = []
        builders[name](weights=None, **options).summary(print_fn=lambda text, **_: lines.append(text))  # noqa: B023
        total = re.search(r"Total params: ([\d,]+)", "\n".join(lines))
        assert total
        base, at, variant = ours.partition("@")
        found[f"{base}_keras{at}{variant}"] = {"params": int(total[1].replace(",", ""))}
    yield "keras", {"version": version("keras"), "call": "model.summary(), total params", "models": found}


def write(tools: dict[str, Any], published: list[Any]) -> None:
    """One network per line, and one published figure."""

    def block(heads: str, lines: list[str], closed: str) -> str:
        return heads + "\n" + ",\n".join(lines) + "\n" + closed

    texts = []
    for name, tool in tools.items():
        models = [f"{json.dumps(key)}: {json.dumps(counts)}" for key, counts in tool["models"].items()]
        head = f'"version": {json.dumps(tool["version"])}, "call": {json.dumps(tool["call"])}'
        texts.append(block(f"{json.dumps(name)}: {{{head}, " + '"models": {', models, "}}"))
    text = block('{\n"tools": {', texts, "},\n") + block('"published": [', list(map(json.dumps, published)), "]\n}\n")
    FILE.write_text(text)


def main() -> None:
    """Record the tools that the command line names, or all but Keras."""
    known = [*TOOLS, "keras"]
    wanted = sys.argv[1:] or list(TOOLS)
    if not set(wanted) <= set(known):
        sys.exit(f"usage: python tests/record_tools.py [{'|'.join(known)} ...]")
    for tool in wanted:
        recorded = json.loads(FILE.read_text()) if FILE.exists() else {"tools": {}, "published": []}
        recorded["tools"].update(keras_parts() if tool == "keras" else parts(tool))
        write(recorded["tools"], recorded["published"])


if __name__ == "__main__":
    main()
