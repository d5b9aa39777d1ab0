"""How long a large folder of pictures takes to load, the first time and again, and how much memory.

    python benchmarks/loading.py --count 200000 --side 64 --kind jpeg

Makes the pictures, in a folder that goes afterwards or in `--folder`, and loads them in new
processes with a cache of their own: all that a study does with its data before it fits anything
(loading, splitting, fingerprints, images that stand in two parts, hashes of test images, the page's
summary). Seconds are without starting Python; those of processors are fewer than those of the clock
where the machine has other work, too. Memory is the largest that the process had, less what it had
with the libraries loaded; of it, what is not mapped from files is told apart.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

_CLASSES = 10
_DIFFERENT = 512


def main() -> None:
    asked = _asked()
    if asked.load is not None:
        print(json.dumps(_loaded(asked.load, asked.side)))
        return
    with tempfile.TemporaryDirectory(prefix="vestry-loading-") as scratch:
        folder = asked.folder or Path(scratch)
        if not (folder / "pictures").is_dir():
            started = time.perf_counter()
            make(folder / "pictures", asked.count, asked.side, asked.kind)
            print(f"pictures made in {time.perf_counter() - started:.1f} s", flush=True)
        shutil.rmtree(folder / "cache", ignore_errors=True)
        for name in ("first", "second"):
            print(f"{name:7} {_said(_in_a_process(folder, asked.side))}", flush=True)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--kind", choices=("jpeg", "png"), default="jpeg")
    parser.add_argument(
        "--folder", type=Path, help="where the pictures stay; a temporary one without"
    )
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def make(folder: Path, count: int, side: int, kind: str) -> None:
    """Coloured pictures, most of them unlike each other."""
    random = np.random.default_rng(0)
    rough = random.integers(0, 256, (_DIFFERENT, 8, 8, 3), np.uint8)
    grounds = [Image.fromarray(one).resize((side, side)) for one in rough]
    for label in range(_CLASSES):
        (folder / f"class-{label}").mkdir(parents=True)
    for row in range(count):
        picture = grounds[row % _DIFFERENT].copy()
        picture.paste(int(random.integers(0, 256**3)), (row % 7, row % 5, side // 2, side // 3))
        place = folder / f"class-{row % _CLASSES}" / f"{row:06}.{kind}"
        picture.save(place, kind.upper())


def _in_a_process(folder: Path, side: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--load", str(folder), "--side", str(side)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _loaded(folder: Path, side: int) -> dict[str, float]:
    import vestry.pipeline.run_study  # noqa: F401, PLC0415 - the libraries that are there anyway
    from vestry.data.dataset import load_dataset  # noqa: PLC0415
    from vestry.data.paths import DataPaths  # noqa: PLC0415
    from vestry.data.row_hashes import row_hashes  # noqa: PLC0415
    from vestry.data.settings import DataSettings  # noqa: PLC0415
    from vestry.data.shared_rows import shared_rows  # noqa: PLC0415
    from vestry.data.summary import data_summary, samples  # noqa: PLC0415

    libraries = _largest()
    started, used = time.perf_counter(), time.process_time()
    settings = DataSettings(source="folder:pictures", image_size=(side, side))
    dataset = load_dataset(settings, DataPaths(None, folder / "cache", folder))
    loaded = time.perf_counter() - started
    row_hashes(dataset.test)
    shared_rows(dataset)
    data_summary(dataset, samples(dataset.training, 10, 5, 0))
    return {
        "loaded": loaded,
        "ready": time.perf_counter() - started,
        "processor": time.process_time() - used,
        "peak": _largest() - libraries,
        "own": _own_memory(),
        "libraries": libraries,
    }


def _largest() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def _own_memory() -> float:
    """MB that this process has now and no file holds (Linux)."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 2**10
    return float("nan")


def _said(facts: dict[str, float]) -> str:
    return (
        f"loaded in {facts['loaded']:.1f} s, ready to fit in {facts['ready']:.1f} s "
        f"({facts['processor']:.1f} s of processors); peak "
        f"{facts['peak']:,.0f} MB over the {facts['libraries']:,.0f} MB of the libraries "
        f"({facts['own']:,.0f} MB of both not mapped from files, at the end)"
    )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
