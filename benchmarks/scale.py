"""What a whole study of many images takes: seconds and memory by its stages, and how both grow.

    python benchmarks/scale.py --sizes 10000,100000,1000000

Images of 28 x 28 are made of Fashion-MNIST's by shifts, mirroring, noise and another brightness,
into IDX files of N training and N/10 test images (`--test-rows` sets another number of these). Of
each size one study is run as `vestry run` does it, in a process of its own with an empty cache: a
linear model, one small CNN for one epoch, the mean of both, and everything that a comparison does
beside, with a tenth of the training images set aside for validation. Memory is that of the process
and all that it has started, each shared page divided among those that share it (PSS, Linux), less
the most that the same study takes of 1,000 images: what is then left is not the libraries'. Seconds
of a stage are those that processors spent on it, which other work on the machine changes little;
with more than one of `--cores` stages run beside each other, and have the seconds of all. The
exponent of a stage is the slope of a line through the logarithms of its seconds over those of the
sizes.
"""

import argparse
import functools
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_LIBRARIES = 1_000
"""Images of the run whose memory is taken for the libraries'."""
_PART = 2_000
_EVERY = 0.2
_SHORT = 1.0
"""Seconds at the largest size below which a stage has no exponent: it is all start-up."""
_STUDY = """title = "Scale"
[data]
source = "idx:{images}"
validation = {{ fraction = 0.1 }}
[training]
epochs = 1
[[model]]
name = "Linear model"
{linear}
[[model]]
name = "Small CNN"
layers = [
    {{ pool = 2 }}, {{ conv = 8, kernel = 3, padding = "same" }}, {{ pool = 2 }},
    {{ conv = 16, kernel = 3, padding = "same" }}, {{ pool = 2 }},
    {{ flatten = true }}, {{ dense = 32 }},
]
batch_size = 128
[[committee]]
name = "Committee"
rule = "mean"
members = ["Linear model", "Small CNN"]
"""
_LINEAR = {
    "regression": 'estimator = "sklearn.linear_model.LogisticRegression"\n'
    "params = {{ max_iter = {iterations} }}",
    "network": "layers = [{{ flatten = true }}]\nbatch_size = 128",
}


def main() -> None:
    asked = _asked()
    if asked.run is not None:
        _run(asked.run, asked.cores)
        return
    sizes = [int(text) for text in asked.sizes.split(",")]
    print(f"seed {asked.seed}, {asked.cores} core(s), linear model: {asked.linear}", flush=True)
    with tempfile.TemporaryDirectory(prefix="vestry-scale-", dir=asked.folder) as scratch:
        base = asked.libraries
        if base is None:
            libraries = _measured(Path(scratch), _LIBRARIES, asked)
            print(f"{_LIBRARIES:,} images: {libraries.told(0.0)}", flush=True)
            base = libraries.memory["in all"]
        found = {}
        for size in sizes:
            found[size] = _measured(Path(scratch), size, asked)
            print(f"{size:,} images: {found[size].told(base)}", flush=True)
    _print_table(found, base)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="3000,10000", help="training images, by commas")
    parser.add_argument("--test-rows", type=int, help="of every size; a tenth without")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--linear", choices=sorted(_LINEAR), default="regression")
    parser.add_argument("--iterations", type=int, default=100, help="of the linear model")
    parser.add_argument("--libraries", type=float, help="their MB; else a small run is measured")
    parser.add_argument("--data", type=Path, default=os.environ.get("VESTRY_DATA"))
    parser.add_argument("--folder", type=Path, help="where images and runs are kept meanwhile")
    parser.add_argument("--images", type=Path, help="where images are left for another time")
    parser.add_argument("--keep", type=Path, help="where run folders are moved to afterwards")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


# The images.


def make(folder: Path, rows: dict[str, int], data: Path, seed: int) -> None:
    """IDX files of that many images by part, "train" and "t10k", made a part at a time."""
    from vestry.data.idx_file import read_idx  # noqa: PLC0415

    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    for name, count in rows.items():
        images = read_idx(data / "fashion-mnist" / f"{name}-images-idx3-ubyte.gz", {3})
        labels = read_idx(data / "fashion-mnist" / f"{name}-labels-idx1-ubyte.gz", {1})
        chosen = np.resize(random.permutation(len(images)), count)
        with (folder / f"{name}-labels-idx1-ubyte").open("wb") as file:
            file.write(struct.pack(">HBBI", 0, 8, 1, count) + labels[chosen].tobytes())
        with (folder / f"{name}-images-idx3-ubyte").open("wb") as file:
            file.write(struct.pack(">HBB3I", 0, 8, 3, count, *images.shape[1:]))
            for start in range(0, count, _PART):
                file.write(altered(images[chosen[start : start + _PART]], random).tobytes())


def altered(images: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """(n, height, width) each moved by up to two pixels, half of them mirrored, at 0.7 to 1.3 times
    their brightness, with one of a thousand patterns of noise of 4 grey levels."""
    count, height, width = images.shape
    down, across = random.integers(-2, 3, (2, count, 1))
    rows = np.clip(np.arange(height) + down, 0, height - 1)
    columns = np.clip(np.arange(width) + across, 0, width - 1)
    mirrored = random.random((count, 1)) < 0.5
    columns = np.where(mirrored, width - 1 - columns, columns)
    starts = np.arange(count)[:, None] * height + rows
    places = starts[:, :, None] * width + columns[:, None, :]
    factors = random.uniform(0.7, 1.3, count).astype(np.float32)
    moved = np.take(images.ravel(), places).astype(np.float32)
    moved *= factors[:, None, None]
    moved += _noise(height, width)[random.integers(0, _NOISES, count)]
    np.clip(moved, 0, 255, out=moved)
    return moved.astype(np.uint8)


_NOISES = 1000


@functools.cache
def _noise(height: int, width: int) -> NDArray[np.float32]:
    pattern = np.random.default_rng(0).standard_normal((_NOISES, height, width), np.float32)
    return np.asarray(4 * pattern + 0.5, np.float32)


# One run, watched.


@dataclass
class _Run:
    """By stage: seconds of processors, and MB at most. total: seconds of the clock."""

    seconds: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    total: float = 0.0
    page: float = 0.0
    results: float = 0.0
    disk: float = 0.0

    def told(self, base: float) -> str:
        stages = [stage for stage in self.memory if stage != "in all"]
        most = max(stages, key=lambda stage: self.memory[stage])
        return (
            f"{self.total:.0f} s ({self.seconds['in all']:.0f} s of processors), "
            f"at most {self.memory[most]:,.0f} MB ({most}), "
            f"{self.memory[most] - base:,.0f} MB over the libraries; page {self.page:,.2f} MB, "
            f"results.json {self.results:,.2f} MB, run folder and cache {self.disk:,.0f} MB"
        )


def _measured(scratch: Path, size: int, asked: argparse.Namespace) -> _Run:
    home = scratch / f"of-{size}"
    home.mkdir()
    test = asked.test_rows or max(200, size // 10)
    if size == _LIBRARIES:
        test = 200
    made = (asked.images or home) / f"images-{size}-{test}"
    if not made.is_dir():
        make(made, {"train": size, "t10k": test}, asked.data, asked.seed)
    linear = _LINEAR[asked.linear].format(iterations=asked.iterations)
    text = _STUDY.format(images=made.absolute(), linear=linear)
    (home / "scale.toml").write_text(text, encoding="utf-8")
    started = time.time()
    command = [sys.executable, __file__, "--run", str(home), "--cores", str(asked.cores)]
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(home / "cache"),
        "VESTRY_LOOKS": str(home / "looks"),
    }
    samples: list[_Sample] = []
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        watcher = threading.Thread(target=_watch, args=(process, samples))
        watcher.start()
        code = process.wait()
        watcher.join()
    if code:
        raise SystemExit((home / "log").read_text(encoding="utf-8")[-4000:])
    run = _read_run(home, started, samples)
    if asked.keep:
        shutil.copytree(home / "run", asked.keep / f"of-{size}", dirs_exist_ok=True)
    shutil.rmtree(home)
    return run


@dataclass(frozen=True)
class _Sample:
    """Of a process and all that it started: seconds of processors so far, MB now."""

    at: float
    seconds: float
    memory: float


def _watch(process: subprocess.Popen[bytes], samples: list[_Sample]) -> None:
    while process.poll() is None:
        started = time.time()
        tree = _with_children(process.pid)
        samples.append(_Sample(started, sum(map(_spent, tree)), sum(map(_pss, tree))))
        time.sleep(max(_EVERY, 4 * (time.time() - started)))


def _with_children(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        try:
            tasks = list(Path(f"/proc/{one}/task").iterdir())
            for task in tasks:
                found += map(int, (task / "children").read_text(encoding="ascii").split())
        except OSError:
            continue
    return found


def _spent(pid: int) -> float:
    """Seconds of processors, with those of children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _pss(pid: int) -> float:
    """MB of a process's own pages, and its part of those that it shares."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def _run(home: Path, cores: int) -> None:
    """What `vestry run` does, with the time of every event written down."""
    from vestry.data.paths import DataPaths  # noqa: PLC0415
    from vestry.pipeline.engines import opened_engine  # noqa: PLC0415
    from vestry.pipeline.run_study import run_study  # noqa: PLC0415
    from vestry.storage.run_folder import RunFolder  # noqa: PLC0415
    from vestry.study.reader import read_study  # noqa: PLC0415

    with (
        (home / "events").open("w", encoding="utf-8") as file,
        opened_engine("local", None, cores) as engine,
    ):

        def note(event: dict[str, object]) -> None:
            if event["event"] not in ("step", "epoch"):
                print(json.dumps({**event, "at": time.time()}), file=file, flush=True)

        places = DataPaths.of(None, home)
        run_study(
            read_study(home / "scale.toml"), places, RunFolder(home / "run"), cores, note, engine
        )


def _read_run(home: Path, started: float, samples: list[_Sample]) -> _Run:
    lines = (home / "events").read_text(encoding="utf-8").splitlines()
    ended = samples[-1].at
    found = _Run(total=ended - started)
    times = [one.at for one in samples]
    # At its end a worker is counted nowhere for a moment, until its parent has waited for it.
    spent = np.maximum.accumulate([one.seconds for one in samples])
    spans = _spans([json.loads(line) for line in lines], started, ended)
    for stage, begin, end in [*spans, ("in all", started, ended)]:
        took = float(np.interp(end, times, spent) - np.interp(begin, times, spent, left=0.0))
        found.seconds[stage] = found.seconds.get(stage, 0.0) + took
        inside = [one.memory for one in samples if begin <= one.at <= end]
        found.memory[stage] = max(found.memory.get(stage, 0.0), *inside, 0.0)
    found.page = (home / "run" / "report.html").stat().st_size / 1e6
    found.results = (home / "run" / "results.json").stat().st_size / 1e6
    files = [path for name in ("run", "cache") for path in (home / name).rglob("*")]
    sizes = {path.stat().st_ino: path.stat().st_size for path in files if path.is_file()}
    found.disk = sum(sizes.values()) / 1e6
    return found


def _spans(
    events: list[dict[str, object]], started: float, ended: float
) -> list[tuple[str, float, float]]:
    """Stages with their beginnings and ends: those of the process itself, and of tasks."""
    spans, begun = [], {}
    stage, since = "loading", started
    for event in events:
        at = float(str(event["at"]))
        kind, task = event["event"], str(event.get("task", ""))
        if kind == "started":
            begun[task] = at
        elif kind in ("done", "failed"):
            spans.append((task, begun.pop(task), at))
        elif kind == "tasks" and stage is not None:
            spans.append((stage, since, at))
            stage = None
        elif kind == "stage" and not task and event["text"] in ("comparing", "drawing the page"):
            if stage is not None:
                spans.append((stage, since, at))
            stage, since = str(event["text"]), at
    spans.append((stage or "end", since, ended))
    return spans


# What it came to.


def exponent(sizes: list[int], seconds: list[float]) -> float | None:
    """The slope of log seconds over log sizes; None where there is nothing to fit."""
    if len(sizes) < 2 or seconds[-1] < _SHORT or min(seconds) <= 0:
        return None
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def _print_table(found: dict[int, _Run], base: float) -> None:
    sizes = list(found)
    stages = list(dict.fromkeys(stage for run in found.values() for stage in run.seconds))
    print("\n| stage |" + "".join(f" {size:,}: s | MB |" for size in sizes) + " exponent |")
    print("|---|" + "---:|---:|" * len(sizes) + "---:|")
    for stage in stages:
        seconds = [run.seconds.get(stage, 0.0) for run in found.values()]
        memory = [run.memory.get(stage, 0.0) - base for run in found.values()]
        cells = zip(seconds, memory, strict=True)
        slope = exponent(sizes, seconds)
        text = "".join(f" {took:.1f} | {held:,.0f} |" for took, held in cells)
        print(f"| {stage} |{text} {'' if slope is None else f'{slope:.2f}'} |")


if __name__ == "__main__":
    main()
