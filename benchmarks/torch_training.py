"""Train one network of `networks.toml` in plain PyTorch, as its users write it, and print one JSON
line: channels last, a fused optimizer, autocast to bfloat16 unless `--precision fp32`.

The images lie in memory as one tensor, and a batch is an index into it: a `DataLoader`, which
collates image by image, would take longer than the step of most of these networks.
"""

import argparse
import json
import math
import time
import tomllib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

NETWORKS = Path(__file__).with_name("networks.toml")
IMAGE = (1, 28, 28)
MOMENTUM, EPSILON = 0.01, 1e-3  # Keras's, as these networks name them
OPTIMIZERS = {
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=1e-3, fused=True),
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=1e-2, fused=True),
    "adagrad": lambda parameters: torch.optim.Adagrad(
        parameters, lr=1e-3, initial_accumulator_value=0.1, fused=True
    ),
}


class Concat(nn.Module):
    """Joins what comes out of `inner` to the flat input."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x.flatten(1), self.inner(x)], 1)


def build(layers: list[dict], classes: int) -> nn.Module:
    model, shape = nn.Sequential(), IMAGE
    for layer in layers:
        match layer:
            case {"conv": filters, "kernel": kernel}:
                stride = layer.get("stride", 1)
                if layer.get("padding") == "same":
                    model.append(nn.ZeroPad2d(same(shape[1:], kernel, stride)))
                model.extend([nn.Conv2d(shape[0], filters, kernel, stride), nn.ReLU()])
            case {"pool": size}:
                model.append(nn.MaxPool2d(size))
            case {"dense": units}:
                model.extend([nn.Linear(math.prod(shape), units), nn.ReLU()])
            case {"dropout": rate}:
                model.append(nn.Dropout(rate))
            case {"batch_norm": _}:
                norm = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
                model.append(norm(shape[0], EPSILON, MOMENTUM))
            case {"flatten": _}:
                model.append(nn.Flatten())
            case {"concat": "input"}:
                model = nn.Sequential(Concat(model))
            case _:
                raise ValueError(f"{layer}: not known on the PyTorch side of the benchmark")
        shape = shape_after(model)
    return model.append(nn.Linear(math.prod(shape), classes))


def shape_after(model: nn.Module) -> tuple[int, ...]:
    """Of one image."""
    with torch.no_grad():
        return tuple(model.eval()(torch.zeros(1, *IMAGE)).shape[1:])


def same(sides: tuple[int, ...], kernel: int, stride: int) -> tuple[int, int, int, int]:
    """TensorFlow's padding: left, right, top, bottom."""
    total = [max((math.ceil(n / stride) - 1) * stride + kernel - n, 0) for n in reversed(sides)]
    return tuple(part for n in total for part in (n // 2, n - n // 2))  # type: ignore[return-value]


def count(model: nn.Module) -> int:
    """Parameters and moving statistics, as Keras counts."""
    state = model.state_dict().items()
    return sum(tensor.numel() for name, tensor in state if not name.endswith("_tracked"))


def main() -> None:
    options = arguments()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    networks = tomllib.loads(NETWORKS.read_text())["network"]
    definition = next(network for network in networks if network["name"] == options.network)
    with np.load(options.data, allow_pickle=False) as data:
        train, test = planes(data["train_images"]), planes(data["test_images"])
        labels = torch.from_numpy(data["train_labels"].astype(np.int64))
        test_labels = torch.from_numpy(data["test_labels"].astype(np.int64))
    model = build(definition["layers"], 10).to(memory_format=torch.channels_last)
    optimizer = OPTIMIZERS[definition["optimizer"]](model.parameters())
    seconds = []
    for _ in range(options.epochs):
        start = time.perf_counter()
        epoch(model, optimizer, train, labels, definition["batch_size"], options.precision)
        seconds.append(time.perf_counter() - start)
    with torch.inference_mode():
        model.eval()
        guesses = torch.cat([model(part).argmax(1) for part in torch.split(test, 256)])
    result = {
        "parameters": count(model),
        "seconds": seconds,
        "images_per_second": [len(train) / taken for taken in seconds],
        "accuracy": float((guesses == test_labels).double().mean()),
        "threads": options.threads,
        "precision": options.precision,
        "version": f"torch {torch.__version__}",
    }
    print(json.dumps(result))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="npz of images and labels")
    parser.add_argument("--network", required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--precision", choices=["bf16", "fp32"], default="bf16")
    return parser.parse_args()


def planes(images: np.ndarray) -> Tensor:
    scaled = torch.from_numpy(images.astype(np.float32) / 255).unsqueeze(1)
    return scaled.contiguous(memory_format=torch.channels_last)


def epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    batch_size: int,
    precision: str,
) -> None:
    model.train()
    for rows in torch.split(torch.randperm(len(images)), batch_size):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = nn.functional.cross_entropy(model(images[rows]), labels[rows])
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
