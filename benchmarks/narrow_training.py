"""Images a second in training, beside plain PyTorch, of the networks of `narrow_networks.py`.

Plain PyTorch is as its users write it: channels last, a fused optimizer, and autocast to bfloat16
or float32, whichever is faster. All take turns, so that a busy machine hits all; each one's fastest
turn counts. On one thread, seconds are those of the processor, which do not count what other
programs take. Data are random, and a batch lies in memory.

    python benchmarks/narrow_training.py r9-8 r9-16
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from narrow_networks import PUBLISHED
from vestry.members.networks import machine
from vestry.members.networks.network import Network
from vestry.members.networks.precision import choose
from vestry.members.networks.rows import Rows
from vestry.members.networks.settings import NetworkSettings
from vestry.members.networks.trainer import Trainer

BATCH, CLASSES, IMAGE = 128, 10, (28, 28)
Step = Callable[[], None]


class Sum(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


class Mean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


def plain(layers: list[dict], channels: int) -> tuple[nn.Sequential, int]:
    """The module, and how many channels leave it."""
    model = nn.Sequential()
    for layer in layers:
        match layer:
            case {"conv": filters, "kernel": kernel, "padding": padding, "bias": bias}:
                model.append(nn.Conv2d(channels, filters, kernel, 1, padding, bias=bias))
                channels = filters
            case {"depthwise": _, "kernel": kernel, "stride": stride, "bias": bias}:
                sides = (channels, channels, kernel, stride, kernel // 2)
                model.append(nn.Conv2d(*sides, groups=channels, bias=bias))
            case {"batch_norm": _}:
                model.append(nn.BatchNorm2d(channels))
            case {"activation": name}:
                model.append({"gelu": nn.GELU(), "relu": nn.ReLU()}[name])
            case {"pool": size}:
                model.append(nn.MaxPool2d(size))
            case {"add": inner}:
                model.append(Sum(plain(inner, channels)[0]))
            case {"global_pool": _}:
                model.append(Mean())
    return model, channels


def torch_step(layers: list[dict], images: Tensor, labels: Tensor, halves: bool) -> Step:
    body, channels = plain(layers, 1)
    model = body.append(nn.Linear(channels, CLASSES)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, 0.9, nesterov=True, fused=True)
    x = images.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=halves):
            scores = model(x)
        functional.cross_entropy(scores.float(), labels).backward()
        optimizer.step()

    return step


def own_step(layers: list[dict], images: Tensor, labels: Tensor, threads: int) -> Step:
    settings = NetworkSettings(
        layers=layers, batch_size=BATCH, optimizer="sgd", learning_rate=0.01, momentum=0.9
    )
    traced = Network(settings.layers, IMAGE, CLASSES).traced
    with torch.inference_mode():
        choices = choose(traced, BATCH, settings.precision, threads)
    computations = {index: choice.computation for index, choice in choices.items()}
    network = Network(settings.layers, IMAGE, CLASSES, 0, computations)
    bytes_of = (images[..., 0] * 255).to(torch.uint8)
    rows = Rows.of(bytes_of.numpy(), labels.numpy())
    none = Rows.of(bytes_of[:0].numpy(), labels[:0].numpy())
    trainer = Trainer(network, settings, rows, none, 0, Path(), lambda _: None)
    network.seed(np.random.default_rng(0))
    truth, seen = trainer.truths[labels], torch.empty(BATCH, CLASSES)

    def step() -> None:
        with torch.inference_mode():
            trainer.step(images, truth, seen, 0.01)

    return step


def fastest(
    steps: dict[str, Step], rounds: int, seconds: float, clock: Callable[[], float]
) -> dict[str, float]:
    """Images a second."""
    best = dict.fromkeys(steps, 0.0)
    for _ in range(rounds):
        for name, step in steps.items():
            start, done = clock(), 0
            while clock() - start < seconds:
                step()
                done += 1
            best[name] = max(best[name], done * BATCH / (clock() - start))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(PUBLISHED))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=0.5, help="of a turn")
    given = parser.parse_args()
    clock = time.process_time if given.threads == 1 else time.perf_counter
    images, labels = torch.rand(BATCH, *IMAGE, 1), torch.randint(CLASSES, (BATCH,))
    with machine.prepared(given.threads):
        for name in given.names:
            layers = PUBLISHED[name][0]
            steps = {
                "bf16": torch_step(layers, images, labels, halves=True),
                "fp32": torch_step(layers, images, labels, halves=False),
                "own": own_step(layers, images, labels, given.threads),
            }
            speed = fastest(steps, given.rounds, given.seconds, clock)
            times = speed["own"] / max(speed["bf16"], speed["fp32"])
            plain_speeds = f"{speed['bf16']:,.0f} (bf16), {speed['fp32']:,.0f} (fp32)"
            print(f"{name}: {speed['own']:,.0f}; PyTorch {plain_speeds}: {times:.2f} times")


if __name__ == "__main__":
    main()
