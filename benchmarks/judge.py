"""How long `vestry judge` takes: ten tables of 10,000 test and 10,000 validation rows, ten classes.

Files are read, matched and checked, everything is compared, and the page is drawn, in a process of
its own as a user starts it. `--profile` says where the time goes.
"""

import argparse
import cProfile
import csv
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from sides import keep

CLASSES, MODELS, ROWS = 10, 10, 10_000


def write_tables(folder: Path, form: str) -> list[str]:
    """Models of rising skill that err on the same hard rows; their files, the truth's first."""
    random = np.random.default_rng(20_261_127)
    names = [f"class {number}" for number in range(CLASSES)]
    labels = random.integers(0, CLASSES, 2 * ROWS)
    ids = [f"row-{number:05d}" for number in range(2 * ROWS)]
    with (folder / "truth.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "label", "split"])
        table.writerows(
            [name, names[label], "test" if row % 2 else "validation"]
            for row, (name, label) in enumerate(zip(ids, labels, strict=True))
        )
    hard = random.standard_normal(2 * ROWS)
    files = ["truth.csv"]
    for model in range(MODELS):
        scores = random.standard_normal((2 * ROWS, CLASSES))
        scores[np.arange(2 * ROWS), labels] += 2.5 + 0.1 * model + hard
        odds = np.exp(2 * scores)
        said = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
        files.append(f"model-{model}.{form}")
        if form == "npz":
            whole = {"ids": np.array(ids), "classes": np.array(names), "probabilities": said}
            np.savez(folder / files[-1], **whole)
            continue
        with (folder / files[-1]).open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["id", *names])
            table.writerows([name, *row] for name, row in zip(ids, said.tolist(), strict=True))
    return files


def seconds(folder: Path, files: list[str]) -> dict[str, float]:
    """By the clock, and of processors, which other work on the machine does not move."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "vestry", "judge", *files, "--quiet", "--out", "judged"],
        cwd=folder,
        env=os.environ | {"VESTRY_LOOKS": str(folder / "looks")},
        check=True,
        capture_output=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"clock": time.perf_counter() - started, "processors": spent}


def profile(folder: Path, files: list[str]) -> None:
    from vestry.cli.app import app  # noqa: PLC0415 - the other way needs none

    os.chdir(folder)
    os.environ["VESTRY_LOOKS"] = str(folder / "looks")
    with cProfile.Profile() as found:
        app(["judge", *files, "--quiet", "--out", "judged"], standalone_mode=False)
    pstats.Stats(found).sort_stats("cumulative").print_stats(45)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    for form in ("npz", "csv"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            files = write_tables(folder, form)
            if arguments.profile:
                profile(folder, files)
                continue
            found = [seconds(folder, files) for _ in range(arguments.turns)]
            for each in found:
                print(form, *(f"{key} {value:.1f} s" for key, value in each.items()), flush=True)
            keep(f"judge-{form}", {"seconds": found})


if __name__ == "__main__":
    main()
