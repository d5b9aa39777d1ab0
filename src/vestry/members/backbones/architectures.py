"""ResNet50 (He et al., 2016) without its last layer, named and built as in torchvision.

Its stride stands in the 3 x 3 convolution of a block, not in the first one as in the paper.
"""

import torch
from torch import Tensor, nn

_DEPTHS = (3, 4, 6, 3)
_WIDENING = 4


class _Convolution(nn.Conv2d):
    """Begins with whatever memory holds: `initialise` or a file's weights write over it, and torch
    takes longer to draw values than either."""

    def reset_parameters(self) -> None:
        pass


class _Bottleneck(nn.Module):
    """Narrows, convolves, widens, and adds the result to its input."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        out = width * _WIDENING
        self.conv1 = _Convolution(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _Convolution(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _Convolution(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(
                _Convolution(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        y += x if self.downsample is None else self.downsample(x)
        result: Tensor = self.relu(y)
        return result


class Resnet50(nn.Module):
    """Takes normalised images (n, 3, height, width), gives (n, 2048, height / 32, width / 32),
    rounded up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = _Convolution(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        channels = 64
        for index, depth in enumerate(_DEPTHS):
            width, stride = 64 * 2**index, 1 if index == 0 else 2
            blocks = [_Bottleneck(channels, width, stride)]
            channels = width * _WIDENING
            blocks += [_Bottleneck(channels, width, 1) for _ in range(depth - 1)]
            self.add_module(f"layer{index + 1}", nn.Sequential(*blocks))

    def initialise(self, random: torch.Generator) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, 0, "fan_out", "relu", random)

    def forward(self, images: Tensor) -> Tensor:
        x: Tensor = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        for index in range(len(_DEPTHS)):
            x = self.get_submodule(f"layer{index + 1}")(x)
        return x


# The convolutional part of VGG16 (Simonyan and Zisserman, 2015), named as torchvision names it.


_FILTERS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class Vgg16(nn.Module):
    """Takes normalised images (n, 3, height, width), gives (n, 512, height // 32, width // 32)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for block in _FILTERS:
            for filters in block:
                layers += [_Convolution(channels, filters, 3, padding=1), nn.ReLU(inplace=True)]
                channels = filters
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)

    def initialise(self, random: torch.Generator) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module.bias is not None:
                nn.init.kaiming_normal_(module.weight, 0, "fan_out", "relu", random)
                nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.features(images)
        return features
