"""AlexNet and ResNet-50 as PyTorch modules, for the tools that need one."""

from __future__ import annotations

from torch import Tensor, nn


def alexnet() -> nn.Module:
    """The one-tower AlexNet."""
    features: list[nn.Module] = []
    last = 3
    for out, kernel, stride, pad, pooled in [
        (64, 11, 4, 2, True),
        (192, 5, 1, 2, True),
        (384, 3, 1, 1, False),
        (256, 3, 1, 1, False),
        (256, 3, 1, 1, True),
    ]:
        features += [nn.Conv2d(last, out, kernel, stride, pad), nn.ReLU(inplace=True)]
        features += [nn.MaxPool2d(3, 2)] if pooled else []
        last = out
    head = [nn.Flatten(), nn.Linear(9216, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)]
    return nn.Sequential(*features, *head)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with a shortcut."""

    def __init__(self, channels: int, mid: int, stride: int) -> None:
        super().__init__()
        out = 4 * mid
        self.main = nn.Sequential(
            *(nn.Conv2d(channels, mid, 1, bias=False), nn.BatchNorm2d(mid), nn.ReLU(inplace=True)),
            *(nn.Conv2d(mid, mid, 3, stride, 1, bias=False), nn.BatchNorm2d(mid), nn.ReLU(inplace=True)),
            *(nn.Conv2d(mid, out, 1, bias=False), nn.BatchNorm2d(out)),
        )
        projected = [nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)]
        self.shortcut = nn.Sequential(*projected) if stride != 1 or channels != out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """The block's output."""
        return (self.main(x) + self.shortcut(x)).relu_()


def resnet50() -> nn.Module:
    """ResNet-50 with the stride in the 3x3."""
    layers: list[nn.Module] = [
        nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
    ]
    channels = 64
    for mid, depth, stride in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]:
        for i in range(depth):
            layers.append(Bottleneck(channels, mid, stride if i == 0 else 1))
            channels = 4 * mid
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))
