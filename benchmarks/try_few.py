"""What `vestry try` recommends for few images, beside what one writes by hand for the same ones.

    python benchmarks/try_few.py [--draws 4] [--minutes 3] [--rows 500] [--test 2000]
        [--source fashion-mnist] [--side 32]

Each draw takes as many training images of every class; `vestry try` is run on them as a user runs
it, with images of the source's own test part, or of the rest where it has none, as its test part,
and every family of `by_hand.py` (of grey images; `--families` with none leaves them out) is fitted
to the same images and asked about the same test images. Of colour images of 32 x 32, `--families
ResNet-9 "narrow ResNet-9"` trains the plain recipe of `resnet9.py`, each network for as long as
`vestry try` may take. Prints a line a draw, accuracies in per cent and seconds; then means, and by
how much the recommended model is ahead of the family that has the highest mean, which is known only
afterwards, from the test images.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import vestry
from by_hand import FAMILIES
from resnet9 import resnet9
from sides import keep
from vestry.data.image_set import ImageSet
from vestry.data.paths import DataPaths
from vestry.data.source import load_source

TRY = "vestry try"
TIMED = {"ResNet-9": 64, "narrow ResNet-9": 16}
"""Filters of the first layer."""


def main() -> None:
    options = _options()
    size = None if options.side is None else (options.side, options.side)
    source = load_source(options.source, DataPaths.of(data=options.data), image_size=size)
    draws = []
    for seed in range(options.seed, options.seed + options.draws):
        draws.append(drawn(source.train, source.test, seed, options))
        print(_line(draws[-1]), flush=True)
    summary = summed(draws)
    print("\n".join(f"{key}: {value}" for key, value in summary.items()))
    keep("try_few", {"options": vars(options) | {"data": None}, "draws": draws} | summary)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", default="fashion-mnist")
    parser.add_argument("--side", type=int, help="pixels to which the source's images are resized")
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0, help="of the first draw")
    parser.add_argument("--rows", type=int, default=500, help="training images")
    parser.add_argument("--test", type=int, default=2_000, help="test images")
    parser.add_argument("--minutes", type=float, default=3.0, help="for vestry try")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="by hand")
    parser.add_argument("--families", nargs="*", default=list(FAMILIES), help="by hand")
    parser.add_argument("--without-try", action="store_true", help="by hand alone")
    parser.add_argument("--data", type=Path, help="folder that holds fashion-mnist/")
    return parser.parse_args()


def drawn(
    train: ImageSet, test: ImageSet | None, seed: int, options: argparse.Namespace
) -> dict[str, Any]:
    """Accuracies and seconds by family, and what `vestry try` recommends."""
    rows = _balanced(train.labels, options.rows, seed)
    learnt = train.rows(rows)
    rest = test or train.rows(np.setdiff1d(np.arange(len(train)), rows))
    asked = rest.rows(np.random.default_rng(seed).permutation(len(rest))[: options.test])
    found: dict[str, Any] = {"seed": seed, "accuracy": {}, "seconds": {}}
    for name in options.families:
        started = time.perf_counter()
        with threadpool_limits(options.threads):
            given = _answers(name, learnt, asked.images, seed, 60 * options.minutes)
        found["seconds"][name] = time.perf_counter() - started
        found["accuracy"][name] = float((given == asked.labels).mean())
        print(f"  {seed}: {name} {found['accuracy'][name]:.4f}", file=sys.stderr, flush=True)
    return found if options.without_try else _tried(learnt, asked, options.minutes, found)


def _answers(
    name: str, learnt: ImageSet, others: np.ndarray, seed: int, seconds: float
) -> np.ndarray:
    if name in TIMED:
        return resnet9(learnt.images, learnt.labels, others, seconds, seed, TIMED[name])[0]
    return FAMILIES[name](learnt.images, learnt.labels, others)


def _balanced(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """As many rows of each class."""
    random, classes = np.random.default_rng(seed), np.unique(labels)
    each = count // len(classes)
    own = [random.permutation(np.flatnonzero(labels == label))[:each] for label in classes]
    return random.permutation(np.concatenate(own))


def _tried(
    learnt: ImageSet, asked: ImageSet, minutes: float, found: dict[str, Any]
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        arrays = {"images": learnt.images, "labels": learnt.labels}
        arrays |= {"test_images": asked.images, "test_labels": asked.labels}
        np.savez(Path(folder) / "few.npz", **arrays)
        command = [sys.executable, "-m", "vestry", "try", "few.npz", "--minutes", str(minutes)]
        started = time.perf_counter()
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ
        )
        found["seconds"][TRY] = time.perf_counter() - started
        if done.returncode:
            raise SystemExit(done.stderr[-2_000:])
        run = vestry.open(Path(folder) / "runs" / "few")
        found["recommended"] = run.recommended
        models = {row.name: row for row in run.results.ranking}
        found["models"] = {
            name: (row.validation_accuracy, row.test_accuracy) for name, row in models.items()
        }
        found["study"] = (Path(folder) / "few.toml").read_text()
    found["accuracy"][TRY] = found["models"][run.recommended][1]
    return found


def _line(draw: dict[str, Any]) -> str:
    shown = ", ".join(
        f"{name} {100 * share:.1f} ({draw['seconds'][name]:.0f} s)"
        for name, share in draw["accuracy"].items()
    )
    models = ", ".join(
        f"{name} {100 * chosen:.1f} / {100 * tested:.1f}"
        for name, (chosen, tested) in draw.get("models", {}).items()
    )
    recommended = f"; recommended {draw['recommended']} of {models}" if models else ""
    return f"draw {draw['seed']}: {shown}{recommended}"


def summed(draws: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over draws in per cent, and points by which `vestry try` is ahead."""
    names = list(draws[0]["accuracy"])
    shares = {name: np.array([100 * draw["accuracy"][name] for draw in draws]) for name in names}
    summary: dict[str, Any] = {
        "mean accuracy": {name: round(float(of.mean()), 2) for name, of in shares.items()}
    }
    own = shares.pop(TRY, None)
    if shares and own is not None:
        best = max(shares, key=lambda name: shares[name].mean())
        highest = np.max(list(shares.values()), axis=0)
        summary["best family"] = best
        summary["ahead of it"] = [round(float(points), 2) for points in own - shares[best]]
        summary["on the mean"] = round(float((own - shares[best]).mean()), 2)
        summary["ahead of each draw's best"] = round(float((own - highest).mean()), 2)
    return summary


if __name__ == "__main__":
    main()
