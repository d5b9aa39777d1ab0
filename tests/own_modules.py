"""Torch modules as a user may write them beside a study."""

import torch
from torch import nn


class Small(nn.Module):
    """With all that needs care: a layer without a size yet, statistics, dropout, frozen weights."""

    def __init__(self, channels, classes, width=8, drop=0.1):
        super().__init__()
        self.frozen = nn.Conv2d(channels, width, 1).requires_grad_(False)
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3),
            nn.ReLU(),
        )
        self.drop = nn.Dropout(drop)
        self.head = nn.LazyLinear(classes)

    def forward(self, x):
        return self.head(self.drop(self.body(self.frozen(x)).flatten(1)))


class NoGraph(Small):
    """Has no ONNX form: no such operator."""

    def forward(self, x):
        return super().forward(torch.fft.fft2(x).real / 8)


class OtherGraph(Small):
    """Has a wrong ONNX form: what its first image was like when it was traced stays in it."""

    def forward(self, x):
        return super().forward(x) * (1.0 if float(x.detach().sum()) else -1.0)


class Cut(Small):
    def forward(self, x):
        return super().forward(x)[:, :3]


class Pair(Small):
    def forward(self, x):
        return super().forward(x), None


class Raises(Small):
    def forward(self, x):
        raise KeyError("nothing here")


class RaisesLater(Small):
    def forward(self, x):
        if self.training:
            raise ValueError("only in training")
        return super().forward(x)


class Detached(Small):
    def forward(self, x):
        return super().forward(x).detach()


class Nothing(nn.Module):
    def forward(self, x):
        return x.flatten(1)[:, :10]


class Refuses(nn.Module):
    def __init__(self, classes):
        super().__init__()
        raise ValueError("not today")


def made(classes: int):
    """A function of a user's own may make it, too."""
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))


not_a_module = dict
