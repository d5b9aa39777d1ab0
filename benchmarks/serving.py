"""How fast a small network is served: in process, over HTTP, and beside FastAPI with PyTorch.

One core for the server, another for the load, where the machine has two. Both sides answer the
same PNG files with the same network; FastAPI gets them as a form's file, as its tutorials do, and
writes no access log, while Vestry writes one. The two take turns, and a side's figures are those
of its best round, since whatever else runs on the machine can only slow it down.

Without --model the network is study A's CNN with random weights. With `--beside OTHER/src` another
tree's server is set beside this one instead: both stand ready, and short loads go to one and the
other by turns; given is the ratio of the processor's time a request and its 95% interval over
pairs of turns.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t

from cnn_a import write_cnn, write_pictures
from served import ServerProcess, cores, load_on, vestry_server
from sides import HERE, keep
from vestry.serve.predictor import Predictor
from vestry.serve.preprocessing import prepare

TARGETS = {
    "ready_seconds": 1.5,
    "one_image_median_ms": 0.1,
    "one_image_p99_ms": 0.2,
    "batched_images_per_second": 10_000,
    "requests_per_second": 2_500,
    "p99_ms": 10,
}


def main() -> None:
    options = arguments()
    server_core, load_core = cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = options.model or folder / "cnn_a.onnx"
        if options.model is None:
            write_cnn(model)
        predictor = Predictor(model)
        write_pictures(folder, predictor.image_shape)
        if options.beside:
            beside(model, folder, options, server_core, load_core)
            return
        print(f"{predictor.name}, one core for the server, another for the load", flush=True)
        measured = in_process(predictor, folder, server_core)
        rounds = [served(model, folder, options, server_core, load_core) for _ in range(2)]
        best = max(rounds, key=lambda found: found["vestry"]["per_second"])
        measured["ready_seconds"] = min(found["ready_seconds"] for found in rounds)
        measured |= http_figures(best["vestry"])
        other = [found["fastapi"] for found in rounds if "fastapi" in found]
    show(measured)
    if other:
        compare(measured, max(other, key=lambda found: found["per_second"]))
    keep("serving", {"measured": measured, "targets": TARGETS, "rounds": rounds})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="an exported file of grey 28 x 28 images")
    parser.add_argument("--seconds", type=float, default=8, help="of load a round (default 8)")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--beside", type=Path, help="the src of another tree of Vestry")
    parser.add_argument("--turns", type=int, default=20, help="of --beside, a side (default 20)")
    parser.add_argument("--alone", action="store_true", help="without FastAPI's side")
    return parser.parse_args()


def in_process(predictor: Predictor, folder: Path, core: int | None) -> dict[str, float]:
    """One image at a time and 256 together, on one thread."""
    before = os.sched_getaffinity(0) if core is not None else None
    if core is not None:
        os.sched_setaffinity(0, {core})
    data = [path.read_bytes() for path in sorted(folder.glob("*.png"))]
    images = np.stack([prepare(body, "image", predictor.bundle).image for body in data])
    one = times(lambda number: predictor(images[number % len(images)]), 5000)
    many = np.repeat(images, 256 // len(images) + 1, axis=0)[:256]
    batch = times(lambda _: predictor(many), 100)
    decoded = times(lambda number: prepare(data[number % len(data)], "", predictor.bundle), 2000)
    if before is not None:
        os.sched_setaffinity(0, before)
    return {
        "one_image_median_ms": float(np.median(one)) * 1000,
        "one_image_p99_ms": float(np.percentile(one, 99)) * 1000,
        "batched_images_per_second": len(many) / float(np.median(batch)),
        "prepare_median_ms": float(np.median(decoded)) * 1000,
    }


def times(work: Any, count: int) -> list[float]:
    """Seconds of each call, after a tenth as many that are not counted."""
    found = []
    for number in range(count + count // 10):
        start = time.perf_counter()
        work(number)
        found.append(time.perf_counter() - start)
    return found[count // 10 :]


def served(
    model: Path,
    folder: Path,
    options: argparse.Namespace,
    server_core: int | None,
    load_core: int | None,
) -> dict[str, Any]:
    """One round: each side started, warmed up, measured and stopped."""
    load = {"seconds": options.seconds, "connections": options.connections}
    server = vestry_server(model, folder / "log.txt", server_core)
    found: dict[str, Any] = {"ready_seconds": server.ready}
    found["vestry"] = measured_load(server, folder, load_core, load)
    if not options.alone:
        other = ServerProcess([HERE / "fastapi_serving.py"], folder / "other.txt", server_core)
        found["fastapi"] = measured_load(other, folder, load_core, load | {"form": True})
    return found


def beside(
    model: Path,
    folder: Path,
    options: argparse.Namespace,
    server_core: int | None,
    load_core: int | None,
) -> None:
    """This tree's server and another's by turns, the first of each pair too."""
    sides = {"this tree": None, "the other": options.beside}
    servers = {
        name: vestry_server(model, folder / f"{name}.txt", server_core, sources=sources)
        for name, sources in sides.items()
    }
    load = {"seconds": 1, "connections": options.connections}
    used: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(-1, options.turns):  # the first pair warms up
        for name in list(sides)[:: 1 if turn % 2 else -1]:
            found = loaded(servers[name], folder, load_core, load)
            used[name] += [found["processor_ms_a_request"]] * (turn >= 0)
    ratios = np.array(used["this tree"]) / np.array(used["the other"])
    for server in servers.values():
        server.stop()
    show({f"{name}, processor ms": float(np.median(found)) for name, found in used.items()})
    logs = np.log(ratios)
    width = t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    mean, low, high = np.exp([logs.mean(), logs.mean() - width, logs.mean() + width])
    print(f"this tree over the other: {mean:.3f} ({low:.3f} to {high:.3f}), {len(ratios)} pairs")
    keep("serving_beside", {"ratios": ratios.tolist(), "mean": float(mean)})


def measured_load(
    server: ServerProcess, folder: Path, core: int | None, load: dict[str, Any]
) -> dict[str, Any]:
    load_on(server.port, folder, core, **(load | {"seconds": 1}))
    found = loaded(server, folder, core, load)
    server.stop()
    return found


def loaded(
    server: ServerProcess, folder: Path, core: int | None, load: dict[str, Any]
) -> dict[str, Any]:
    before = server.processor_seconds()
    result = load_on(server.port, folder, core, **load)
    used = server.processor_seconds() - before
    if set(result["statuses"]) != {"200"}:
        raise SystemExit(f"not every request was answered: {result}")
    found: dict[str, Any] = result["statuses"]["200"]
    return found | {"processor_ms_a_request": used / found["count"] * 1000}


def http_figures(found: dict[str, Any]) -> dict[str, float]:
    return {
        "requests_per_second": found["per_second"],
        "p50_ms": found["p50_ms"],
        "p99_ms": found["p99_ms"],
        "processor_ms_a_request": found["processor_ms_a_request"],
    }


def show(measured: dict[str, float]) -> None:
    for name, value in measured.items():
        target = TARGETS.get(name)
        wanted = "" if target is None else f"   target {target:g}"
        print(f"{name.replace('_', ' '):<28} {value:12,.3f}{wanted}")


def compare(measured: dict[str, float], other: dict[str, Any]) -> None:
    ratio = measured["requests_per_second"] / other["per_second"]
    print(
        f"FastAPI and PyTorch          {other['per_second']:12,.3f} requests/s, p50 "
        f"{other['p50_ms']:.2f} ms, p99 {other['p99_ms']:.2f} ms, processor "
        f"{other['processor_ms_a_request']:.3f} ms a request; ratio {ratio:.2f}"
    )


if __name__ == "__main__":
    main()
