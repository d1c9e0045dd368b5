"""Write down what other libraries' own models cost, for the tests. For developers; nobody else needs torch.

    pip install torch==2.13.0 && pip install --no-deps torchvision==0.29.2 timm==1.0.31
    pip install keras==3.15.1 huggingface_hub safetensors pyyaml pillow
    python tests/record.py torchvision|timm|keras

Everything runs on the meta device, in evaluation but for auxiliary heads, on a batch of one. Parameters and buffers are
summed, without the counters of batches that batch normalisation keeps; multiply-accumulates are half of what torch's
flop counter says.
The shapes are those of every convolution and linear layer in the order of execution, without the batch axis: of a
convolution channels first, of a linear layer features last and without axes of length one.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial, wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch import library as registry
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

# torchvision's compiled operators do not load beside a CPU build of torch; their names are enough for its models.
OPERATORS = registry.Library("torchvision", "DEF")
for operator in ("nms", "qnms"):
    OPERATORS.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

Shape = list[int]
Models = dict[str, dict[str, Any]]

# Networks recorded at other resolutions too: their other weights', or odd ones.
RESOLUTIONS = {
    "vit_b_16": (384,),
    "vit_l_16": (512,),
    "regnet_y_16gf": (384,),
    "resnet50": (257,),
    "densenet121": (256,),
    "efficientnet_b0": (193,),
    "shufflenet_v2_x1_0": (225,),
    "mobilenet_v3_small": (192,),
    "inception_v3": (341,),
    "swin_t": (256,),
    "swin_v2_t": (224,),
    "convnext_tiny": (257,),
    "squeezenet1_1": (230,),
    "mnasnet1_0": (160,),
}

# Our names of torchvision's models where they differ. Our AlexNet is the lectures' on 227 x 227.
OURS = {"googlenet": "googlenet_torchvision", "alexnet": "alexnet@resolution=224"}

# Our names of timm's models, with timm's own where they differ.
TIMM = {
    'inception_v3@aux="none"': "inception_v3",
    "inception_v4": "inception_v4",
    "inception_resnet_v2": "inception_resnet_v2",
    "xception": "legacy_xception",
    "nasnet_a_large": "nasnetalarge",
    "pnasnet_5_large": "pnasnet5large",
    "senet154": "legacy_senet154",
    **{f"se_resnet{depth}": f"legacy_seresnet{depth}" for depth in (18, 34, 50, 101, 152)},
    **{f"se_resnext{depth}_32x4d": f"legacy_seresnext{depth}_32x4d" for depth in (26, 50, 101)},
    "mnasnet_a1": "semnasnet_100",
    "mnasnet_b1": "mnasnet_100",
    "mobilenet_v1": "mobilenetv1_100",
    **{name: name for name in ("resnext101_32x4d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2")},
    **{f"densenet{depth}": f"densenet{depth}" for depth in (121, 161, 169, 201)},
    **{f"resnet{depth}_v2": f"resnetv2_{depth}" for depth in (50, 101, 152)},
    "convnext_xlarge": "convnext_xlarge.fb_in22k_ft_in1k",
    **{
        f"deit_{size}{distilled}": f"deit_{size}{distilled}_patch16_224"
        for size in ("tiny", "small", "base")
        for distilled in ("", "_distilled")
    },
    **{
        f"regnet_{kind}_{name}": f"regnet{kind}_{timm}"
        for kind in "xy"
        for name, timm in (("200mf", "002"), ("600mf", "006"), ("4gf", "040"), ("6_4gf", "064"), ("12gf", "120"))
    },
}

# Our names of the models of keras.applications, with Keras's class and its arguments where they are not the defaults.
KERAS: dict[str, tuple[str, dict[str, Any]]] = {
    "xception": ("Xception", {}),
    **{f"vgg{depth}": (f"VGG{depth}", {}) for depth in (16, 19)},
    **{f"resnet{depth}": (f"ResNet{depth}", {}) for depth in (50, 101, 152)},
    **{f"resnet{depth}_v2": (f"ResNet{depth}V2", {}) for depth in (50, 101, 152)},
    "inception_v3": ("InceptionV3", {}),
    "inception_resnet_v2": ("InceptionResNetV2", {}),
    "mobilenet_v1": ("MobileNet", {}),
    **{f"mobilenet_v1@alpha={alpha}": ("MobileNet", {"alpha": alpha}) for alpha in (0.25, 0.5, 0.75)},
    "mobilenet_v1@resolution=128": ("MobileNet", {"input_shape": (128, 128, 3)}),
    "mobilenet_v2": ("MobileNetV2", {}),
    **{f"mobilenet_v2@alpha={alpha}": ("MobileNetV2", {"alpha": alpha}) for alpha in (0.35, 0.5, 0.75, 1.3, 1.4)},
    # MobileNetV3's input has no size by default.
    **{
        f"mobilenet_v3_{size}{suffix}": (f"MobileNetV3{size.title()}", {"input_shape": (224, 224, 3), **options})
        for suffix, options in (("", {}), ("@minimalistic=true", {"minimalistic": True}))
        for size in ("small", "large")
    },
    **{f"densenet{depth}": (f"DenseNet{depth}", {}) for depth in (121, 169, 201)},
    **{f"nasnet_a_{size}": (f"NASNet{size.title()}", {}) for size in ("mobile", "large")},
    **{f"efficientnet_b{n}": (f"EfficientNetB{n}", {}) for n in range(8)},
    **{f"efficientnet_v2_{size}": (f"EfficientNetV2{size.upper()}", {}) for size in ("b0", "b1", "b2", "b3", *"sml")},
    **{
        f"convnext_{size}": (f"ConvNeXt{'XLarge' if size == 'xlarge' else size.title()}", {})
        for size in ("tiny", "small", "base", "large", "xlarge")
    },
}


def convolved(shape: torch.Size) -> Shape:
    """What is noted of a convolution: its output without the batch axis."""
    return list(shape[1:])


def mapped(shape: torch.Size) -> Shape:
    """What is noted of a linear layer: its output without axes of length one; the features stay."""
    return [n for n in shape[:-1] if n != 1] + [shape[-1]]


# Who looks up which function, and what is noted of its output. Every torch module looks its function up here.
Places = tuple[tuple[Any, str, Callable[[torch.Size], Shape]], ...]
TORCH: Places = ((nn.functional, "conv2d", convolved), (nn.functional, "linear", mapped))


def noting(
    function: Callable[..., Any], form: Callable[[torch.Size], Shape], shapes: list[Shape]
) -> Callable[..., Any]:
    """The same function, which also notes the shape of what it returns."""

    @wraps(function)
    def noted(*args: Any, **kwargs: Any) -> Any:
        output = function(*args, **kwargs)
        shapes.append(form(output.shape))
        return output

    return noted


def run(model: Callable[[Any], Any], x: torch.Tensor, places: Places = TORCH) -> dict[str, Any]:
    """Multiply-accumulates and shapes of one pass."""
    shapes: list[Shape] = []
    counter = FlopCounterMode(display=False)
    with ExitStack() as stack:
        for owner, name, form in places:
            stack.enter_context(patch.object(owner, name, noting(getattr(owner, name), form, shapes)))
        stack.enter_context(counter)
        stack.enter_context(torch.no_grad())
        model(x)
    return {"macs": counter.get_total_flops() // 2, "shapes": shapes}


def measure(
    reference: str, build: Callable[[], nn.Module], size: Shape, device: str = "meta", training: bool = False
) -> dict[str, Any]:
    """What a torch module, built on this device, costs for one sample of this size.

    Where it is in training, its parts are not: it runs its auxiliary heads, but batch norm takes a batch of one.
    """
    with torch.device(device):
        model = build().eval().to("meta")
    model.training = training
    return {
        "reference": reference,
        "input": size,
        "params": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "buffers": sum(b.numel() for name, b in model.named_buffers() if not name.endswith("num_batches_tracked")),
        **run(model, torch.empty(1, *size, device="meta")),
    }


def published(weights: Any) -> dict[str, Any]:
    """What torchvision says of its weights."""
    meta = weights.meta
    accuracy = meta["_metrics"]["ImageNet-1K"]
    return {
        "top1": accuracy["acc@1"],
        "top5": accuracy["acc@5"],
        "num_params": meta["num_params"],
        "gmacs": meta["_ops"],
        "weights": weights.name,
    }


def torchvision_models() -> Models:
    """The classification models of torchvision at the size of their first weights, some at other sizes too."""
    from torchvision import models

    found: Models = {}

    def add(ours: str, name: str, resolution: int, weights: Any, training: bool = False, **options: Any) -> None:
        """Measure one model, and hold it against its weights where they are for this resolution."""
        sized = {"image_size": resolution} if name.startswith("vit_") else {}
        text = ", ".join([f"torchvision {name}", *(f"{key}={value}" for key, value in {**options, **sized}.items())])
        quiet = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        found[ours] = measure(
            text,
            lambda: models.get_model(name, weights=None, **options, **sized, **quiet),
            [3, resolution, resolution],
            "cpu" if name.startswith("regnet_") else "meta",  # RegNet computes its widths with tensors
            training=training,
        )
        if weights:
            found[ours]["published"] = published(weights)
            assert found[ours]["params"] == weights.meta["num_params"], ours

    for name in models.list_models(module=models):
        sizes: dict[int, Any] = {}
        for weights in models.get_model_weights(name):
            sizes.setdefault(weights.transforms.keywords["crop_size"], weights)
        ours = OURS.get(name, name)
        options = {"aux_logits": False} if name == "googlenet" else {}
        first = next(iter(sizes))
        add(ours, name, first, sizes[first], **options)
        for other in RESOLUTIONS.get(name, ()):
            add(f"{ours}@resolution={other}", name, other, sizes.get(other), **options)
        if name == "inception_v3":
            add('inception_v3@aux="none"', name, first, None, aux_logits=False)
            add('inception_v3@aux="run"', name, first, None, training=True)
    blocks = (6, 12, 64, 48)
    found["densenet264"] = measure(
        f"torchvision DenseNet(growth_rate=32, block_config={blocks}, num_init_features=64)",
        lambda: models.DenseNet(growth_rate=32, block_config=blocks, num_init_features=64),
        [3, 224, 224],
    )
    return found


def timm_models() -> Models:
    """Models of timm at the size of their own weights."""
    import timm

    found: Models = {}
    for ours, name in TIMM.items():
        size = list(timm.get_pretrained_cfg(name).input_size)
        found[ours] = measure(f"timm {name}", partial(timm.create_model, name, pretrained=False), size)
    return found


def keras_models() -> Models:
    """The models of keras.applications with their tops, at their own sizes, on top of torch.

    Weights only are counted: neither states of random generators nor constants of normalised inputs. Keras executes
    its layers by their depth in the graph, so branches are interleaved.
    """
    os.environ.update(KERAS_BACKEND="torch", KERAS_TORCH_DEVICE="meta")
    import keras
    from keras.src.applications.nasnet import NASNet

    # NASNetMobile itself refuses torch, for no reason that shapes or counts would show.
    mobile = partial(NASNet, None, 1056, 4, 32, skip_reduction=False, filter_multiplier=2, default_size=224)
    builders = {**vars(keras.applications), "NASNetMobile": mobile}
    places = (*TORCH, (keras.layers.Dense, "call", mapped))
    found: Models = {}
    for ours, (name, options) in KERAS.items():
        keras.backend.clear_session()
        model = builders[name](weights=None, **options)
        _, height, width, channels = model.input_shape
        base, _, variant = ours.partition("@")
        found[f"{base}_keras@{variant}" if variant else f"{base}_keras"] = {
            "reference": ", ".join([f"keras {name}", *(f"{key}={value}" for key, value in options.items())]),
            "input": [channels, height, width],
            "params": sum(math.prod(w.shape) for w in model.trainable_weights),
            "buffers": sum(math.prod(w.shape) for w in model.non_trainable_weights),
            **run(partial(model, training=False), torch.empty(1, height, width, channels, device="meta"), places),
        }
    return found


def write(tool: str, models: Models, packages: tuple[str, ...]) -> None:
    """One network per line, below the versions."""
    versions = {package: version(package) for package in packages}
    lines = [f"{json.dumps(name)}:{json.dumps(models[name], separators=(',', ':'))}" for name in models]
    head = f'"versions": {json.dumps(versions)},\n"models": '
    text = f"{{\n{head}{{\n" + ",\n".join(lines) + "\n}\n}\n"
    (Path(__file__).parent / "data" / f"{tool}.json").write_text(text)


torch.backends.mha.set_fastpath_enabled(False)  # the fused attention hides its linear layers
RECORDERS = {"torchvision": torchvision_models, "timm": timm_models, "keras": keras_models}


def main() -> None:
    """Record the models of the tool that the command line names."""
    if len(sys.argv) != 2 or sys.argv[1] not in RECORDERS:
        sys.exit(f"usage: python tests/record.py {'|'.join(RECORDERS)}")
    tool = sys.argv[1]
    write(tool, RECORDERS[tool](), ("torch", tool))


if __name__ == "__main__":
    main()
