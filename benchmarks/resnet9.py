"""A plain ResNet-9 recipe in PyTorch for small colour images, trained for a given time.

Nothing of Vestry is used here. The network is Page's ("How to train your ResNet", 2018), whose 64
filters of the first layer make 6.6 million parameters, and 16 of them 0.4 million; images are
mirrored and moved by up to four pixels; SGD with Nesterov's momentum goes once up and down (Smith,
2018). As its users write it for a processor: channels last, and autocast to bfloat16 or float32,
whichever is faster here.
"""

import time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

Images, Labels = NDArray[np.uint8], NDArray[np.int64]
_BATCH, _PEAK, _MOMENTUM, _DECAY, _SMOOTHING, _MOVED = 64, 0.1, 0.9, 5e-4, 0.1, 4
_TIMED, _RESERVED, _LEAST = 4, 0.95, 8
"""Steps that are timed; the part of the time that epochs are planned for; and the least steps that
the schedule takes."""


def resnet9(
    images: Images, labels: Labels, others: Images, seconds: float, seed: int, width: int = 64
) -> tuple[Labels, int]:
    """Labels of `others`, and after how many epochs: as many as the time is enough for."""
    started = time.perf_counter()
    torch.manual_seed(seed)
    x, y = torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)
    pixels = x.float() / 255
    mean, spread = pixels.mean((0, 2, 3), keepdim=True), pixels.std((0, 2, 3), keepdim=True)
    x = ((pixels - mean) / spread).contiguous(memory_format=torch.channels_last)
    classes = int(labels.max()) + 1
    half, step = min(
        ((half, _seconds_a_step(x, y, classes, width, half)) for half in (False, True)),
        key=lambda pair: pair[1],
    )
    steps = -(-len(x) // _BATCH)
    left = _RESERVED * (seconds - (time.perf_counter() - started))
    epochs = max(1, int(left / (steps * step)))
    model = _Trained(classes, width, epochs * steps, half)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(_BATCH):
            model.step(_altered(x[rows]), y[rows])
    asked = (torch.from_numpy(others).permute(0, 3, 1, 2).float() / 255 - mean) / spread
    return model.answers(asked), epochs


def _seconds_a_step(x: Tensor, y: Tensor, classes: int, width: int, half: bool) -> float:
    model = _Trained(classes, width, _TIMED + 1, half)
    model.step(_altered(x[:_BATCH]), y[:_BATCH])
    started = time.perf_counter()
    for _ in range(_TIMED):
        model.step(_altered(x[:_BATCH]), y[:_BATCH])
    return (time.perf_counter() - started) / _TIMED


class _Trained:
    def __init__(self, classes: int, width: int, steps: int, half: bool) -> None:
        self.half = half
        self.model = network(classes, width).to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), _PEAK, _MOMENTUM, weight_decay=_DECAY, nesterov=True
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, _PEAK, total_steps=max(_LEAST, steps), pct_start=0.25
        )

    def step(self, images: Tensor, labels: Tensor) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            scores = self.model(images)
        loss = functional.cross_entropy(scores.float(), labels, label_smoothing=_SMOOTHING)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.schedule.step()

    def answers(self, images: Tensor) -> Labels:
        self.model.eval()
        with torch.inference_mode():
            found = [self.model(part).argmax(dim=1) for part in images.split(200)]
        return torch.cat(found).numpy()


class _Sum(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


def network(classes: int, width: int) -> nn.Sequential:
    """For images of 32 x 32 and three channels. width: filters of the first layer."""
    twice, four, eight = 2 * width, 4 * width, 8 * width
    return nn.Sequential(
        _conv(3, width),
        _conv(width, twice, nn.MaxPool2d(2)),
        _Sum(nn.Sequential(_conv(twice, twice), _conv(twice, twice))),
        _conv(twice, four, nn.MaxPool2d(2)),
        _conv(four, eight, nn.MaxPool2d(2)),
        _Sum(nn.Sequential(_conv(eight, eight), _conv(eight, eight))),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(eight, classes),
    )


def _conv(before: int, after: int, *more: nn.Module) -> nn.Sequential:
    filters = nn.Conv2d(before, after, 3, padding=1, bias=False)
    return nn.Sequential(filters, nn.BatchNorm2d(after), nn.ReLU(inplace=True), *more)


def _altered(images: Tensor) -> Tensor:
    """Each mirrored or not, and moved."""
    count, _, height, width = images.shape
    mirrored = torch.where(torch.rand(count, 1, 1, 1) < 0.5, images.flip(3), images)
    padded = functional.pad(mirrored, [_MOVED] * 4)
    down, across = torch.randint(0, 2 * _MOVED + 1, (2, count, 1))
    rows, columns = down + torch.arange(height), across + torch.arange(width)
    moved = padded.permute(0, 2, 3, 1)[
        torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]
    ]
    return moved.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
