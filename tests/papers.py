"""Networks that no library builds, written in PyTorch from their papers, for the tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import nn
from torch.nn import functional


class Sum(nn.Module):
    """A residual unit: `after(main(y) + shortcut(y))` of `y = before(x)`."""

    def __init__(
        self, main: nn.Module, shortcut: nn.Module, before: nn.Module | None = None, after: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.before, self.after = before or nn.Identity(), after or nn.Identity()
        self.main, self.shortcut = main, shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.before(x)
        return self.after(self.main(x) + self.shortcut(x))


class Concat(nn.ModuleList):
    """Branches side by side, their channels behind each other."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([branch(x) for branch in self], 1)


class Padded(nn.Module):
    """The shortcut without parameters, option A of He et al. 2015, section 3.3: every so many positions, and zeros."""

    def __init__(self, stride: int, new: int) -> None:
        super().__init__()
        self.stride, self.new = stride, new

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new))


class Shuffle(nn.Module):
    """Channel shuffle, Zhang et al. 2017, section 3.1: the groups by the channels of each, transposed."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(1, (self.groups, -1)).transpose(1, 2).flatten(1, 2)


def conv(inp: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution without a bias that keeps the size of the map but for its stride."""
    return nn.Conv2d(inp, out, kernel, stride, kernel // 2, groups=groups, bias=False)


def conv_bn(inp: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1, act: bool = True) -> nn.Sequential:
    """A convolution, batch norm and perhaps ReLU."""
    made = nn.Sequential(conv(inp, out, kernel, stride, groups), nn.BatchNorm2d(out))
    return made.append(nn.ReLU()) if act else made


def bn_relu(width: int) -> nn.Sequential:
    """What stands before a convolution with pre-activation."""
    return nn.Sequential(nn.BatchNorm2d(width), nn.ReLU())


def head(width: int, classes: int, bias: bool = True) -> nn.Sequential:
    """The mean of the map and a linear layer."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes, bias))


def stages(
    unit: Callable[[int, int, int], nn.Module], inp: int, outs: Sequence[int], depths: Sequence[int], first: int = 1
) -> nn.Sequential:
    """So many units to a stage, each of its inputs, outputs and stride; stages halve the map, the first if told to."""
    made = nn.Sequential()
    for stage, (out, depth) in enumerate(zip(outs, depths, strict=True)):
        for index in range(depth):
            made.append(unit(inp, out, 1 if index else 2 if stage else first))
            inp = out
    return made


def resnet(depths: Sequence[int], plain: bool = False) -> nn.Module:
    """He et al. 2015, table 1 (four stages) and section 4.2 (three, for CIFAR), with shortcuts of option A or none."""

    def unit(inp: int, out: int, stride: int) -> nn.Module:
        main = nn.Sequential(conv_bn(inp, out, 3, stride), conv_bn(out, out, 3, act=False))
        return main.append(nn.ReLU()) if plain else Sum(main, Padded(stride, out - inp), after=nn.ReLU())

    if len(depths) == 3:
        return nn.Sequential(conv_bn(3, 16, 3), stages(unit, 16, (16, 32, 64), depths), head(64, 10))
    stem = nn.Sequential(conv_bn(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(stem, stages(unit, 64, (64, 128, 256, 512), depths), head(512, 1000))


def preresnet(units: int, width: int = 1, bottlenecks: bool = False, projected: bool = True) -> nn.Module:
    """He et al. 2016, section 5 and appendix; Zagoruyko & Komodakis 2016, table 1 (so many times wider).

    Where the shortcut is a projection, batch norm and ReLU are before both paths. Bottlenecks have four times the
    channels. Without projections, shortcuts are those of option A.
    """

    def unit(inp: int, out: int, stride: int) -> nn.Module:
        before = bn_relu(inp)
        if bottlenecks:
            mid = out // 4
            main = nn.Sequential(
                conv(inp, mid, 1, stride), bn_relu(mid), conv(mid, mid, 3), bn_relu(mid), conv(mid, out)
            )
        else:
            main = nn.Sequential(conv(inp, out, 3, stride), bn_relu(out), conv(out, out, 3))
        if inp != out and projected:
            return Sum(main, conv(inp, out, 1, stride), before)
        return Sum(main.insert(0, before), Padded(stride, out - inp))

    outs = [channels * width * (4 if bottlenecks else 1) for channels in (16, 32, 64)]
    return nn.Sequential(conv(3, 16, 3), stages(unit, 16, outs, [units] * 3), bn_relu(outs[-1]), head(outs[-1], 10))


def resnext(cardinality: int) -> nn.Module:
    """ResNeXt-29 of Xie et al. 2016, section 5.3: groups of 64 channels in the first stage, of twice as many next."""

    def unit(inp: int, out: int, stride: int) -> nn.Module:
        mid = out // 4 * cardinality
        main = nn.Sequential(conv_bn(inp, mid), conv_bn(mid, mid, 3, stride, cardinality), conv_bn(mid, out, act=False))
        return Sum(main, conv_bn(inp, out, 1, stride, act=False) if inp != out else nn.Identity(), after=nn.ReLU())

    return nn.Sequential(conv_bn(3, 64, 3), stages(unit, 64, (256, 512, 1024), (3, 3, 3)), head(1024, 10))


def densenet(depth: int, growth: int, bc: bool = False) -> nn.Module:
    """Huang et al. 2016, section 3; BC: with bottlenecks of four times the growth, and half the channels kept."""
    width = 2 * growth if bc else 16
    made = nn.Sequential(conv(3, width, 3))
    for block in range(3):
        if block:
            kept = width // 2 if bc else width
            made.extend([bn_relu(width), conv(width, kept), nn.AvgPool2d(2)])
            width = kept
        for _ in range((depth - 4) // (6 if bc else 3)):
            mid = 4 * growth if bc else width
            reduce = [bn_relu(width), conv(width, mid)] if bc else []
            made.append(Concat([nn.Identity(), nn.Sequential(*reduce, bn_relu(mid), conv(mid, growth, 3))]))
            width += growth
    return made.extend([bn_relu(width), head(width, 10)])


def shufflenet(groups: int, width: int, stem: int = 24) -> nn.Module:
    """Zhang et al. 2017, sections 3.2 and 3.3, table 1; no bias in the classifier, as in the authors' code.

    The bottleneck has a quarter of the unit's channels. Units that halve the map concatenate their input, pooled; the
    first of these has no groups in its first convolution.
    """

    def unit(inp: int, out: int, stride: int) -> nn.Module:
        mid = out // 4
        main = nn.Sequential(
            conv_bn(inp, mid, groups=1 if inp == stem else groups),
            Shuffle(groups),
            conv_bn(mid, mid, 3, stride, mid, act=False),
            conv_bn(mid, out - inp if stride == 2 else out, groups=groups, act=False),
        )
        if stride == 2:
            return nn.Sequential(Concat([nn.AvgPool2d(3, 2, 1), main]), nn.ReLU())
        return Sum(main, nn.Identity(), after=nn.ReLU())

    body = stages(unit, stem, (width, 2 * width, 4 * width), (4, 8, 4), first=2)
    return nn.Sequential(conv_bn(3, stem, 3, 2), nn.MaxPool2d(3, 2, 1), body, head(4 * width, 1000, bias=False))


def inception_v2() -> nn.Module:
    """BN-Inception, Ioffe & Szegedy 2015, figure 5 and section 4.2 (a separable first convolution, multiplier 8).

    Modules are the figure's rows: 1x1, reduced and 3x3, reduced and double 3x3, projection of the pool. Those without
    the first and the last halve the map. Behind the pools of 4c and 4d are 96 channels, which make the figure's 576.
    """
    rows = (
        (64, 64, 64, 64, 96, 32),
        (64, 64, 96, 64, 96, 64),
        (0, 128, 160, 64, 96, 0),
        (224, 64, 96, 96, 128, 128),
        (192, 96, 128, 96, 128, 128),
        (160, 128, 160, 128, 160, 96),
        (96, 128, 192, 160, 192, 96),
        (0, 128, 192, 192, 256, 0),
        (352, 192, 320, 160, 224, 128),
        (352, 192, 320, 192, 224, 128),
    )
    made = nn.Sequential(conv(3, 24, 7, 2, groups=3), conv_bn(24, 64), nn.MaxPool2d(3, 2, 1))
    made.extend([conv_bn(64, 64), conv_bn(64, 192, 3), nn.MaxPool2d(3, 2, 1)])
    inp = 192
    for row in rows:
        one, reduce, three, reduce_double, double, proj = row
        stride = 1 if proj else 2
        pool = nn.AvgPool2d(3, 1, 1) if proj and row is not rows[-1] else nn.MaxPool2d(3, stride, 1)
        branches = [
            nn.Sequential(conv_bn(inp, reduce), conv_bn(reduce, three, 3, stride)),
            nn.Sequential(
                conv_bn(inp, reduce_double), conv_bn(reduce_double, double, 3), conv_bn(double, double, 3, stride)
            ),
            nn.Sequential(pool, conv_bn(inp, proj)) if proj else pool,
        ]
        made.append(Concat([conv_bn(inp, one), *branches] if one else branches))
        inp = one + three + double + (proj or inp)
    return made.append(head(inp, 1000))


MODELS: dict[str, Callable[[], nn.Module]] = {
    **{f"resnet{depth}_cifar": partial(resnet, [(depth - 2) // 6] * 3) for depth in (20, 32, 44, 56, 110, 1202)},
    **{f"plain{depth}_cifar": partial(resnet, [(depth - 2) // 6] * 3, plain=True) for depth in (20, 32, 44, 56)},
    "resnet18_a": partial(resnet, [2, 2, 2, 2]),
    "resnet34_a": partial(resnet, [3, 4, 6, 3]),
    "plain18": partial(resnet, [2, 2, 2, 2], plain=True),
    "plain34": partial(resnet, [3, 4, 6, 3], plain=True),
    "preresnet110_cifar": partial(preresnet, 18, projected=False),
    "preresnet164_cifar": partial(preresnet, 18, bottlenecks=True),
    "preresnet1001_cifar": partial(preresnet, 111, bottlenecks=True),
    **{
        f"wrn_{depth}_{width}": partial(preresnet, (depth - 4) // 6, width)
        for depth, width in ((28, 10), (40, 4), (40, 2), (16, 8), (16, 10), (22, 8), (16, 4))
    },
    **{f"resnext29_{cardinality}x64d_cifar": partial(resnext, cardinality) for cardinality in (8, 16)},
    **{
        f"densenet_{depth}_{growth}_cifar": partial(densenet, depth, growth)
        for depth, growth in ((40, 12), (100, 12), (100, 24))
    },
    **{
        f"densenet_bc_{depth}_{growth}_cifar": partial(densenet, depth, growth, bc=True)
        for depth, growth in ((100, 12), (250, 24), (190, 40), (40, 36), (40, 48), (40, 60))
    },
    "shufflenet_v1": partial(shufflenet, 3, 240),
    "shufflenet_v1_g1": partial(shufflenet, 1, 144),
    "shufflenet_v1_g2": partial(shufflenet, 2, 200),
    "shufflenet_v1_g4": partial(shufflenet, 4, 272),
    "shufflenet_v1_g8": partial(shufflenet, 8, 384),
    # Their stems are those of the authors' code.
    "shufflenet_v1_x0_25": partial(shufflenet, 3, 60, 12),
    "shufflenet_v1_x0_5": partial(shufflenet, 3, 120, 12),
    "shufflenet_v1_x1_5": partial(shufflenet, 3, 360),
    "shufflenet_v1_x2_0": partial(shufflenet, 3, 480, 48),
    "shufflenet_v1_g8_x0_5": partial(shufflenet, 8, 192, 16),
    "shufflenet_v1_g8_x1_5": partial(shufflenet, 8, 576),
    "shufflenet_v1_g8_x2_0": partial(shufflenet, 8, 768, 48),
    "inception_v2": inception_v2,
}
