"""Nothing is lost: a study that is killed, or robbed of power, again and again.

    python benchmarks/durability.py [--kills 200] [--cuts 300] [--seed 0] [--keep FOLDER]

A study of some seconds (pictures in an archive, a network with checkpoints, an estimator, a search,
a head on a frozen file, a committee) is run once in peace. Then it is killed at random moments, and
its files are damaged as a loss of power may leave them: emptied, zeroed, halved, without their
second half, under the temporary name that they had before, with files that are left over, several
at a time; half of these in a run that was killed before. Each is run again and has to end: with the
same `results.json`, but for times, and the same tables. What does not is printed with its number,
which with the seed draws the same again. Needs Linux.

stuck: no end in 120 s, an exit code, or a traceback. silent: an end, with other results. left:
temporary files that are in the run still (in the cache they go after a day).
"""

import argparse
import contextlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parent.parent / "tests")]
import io  # noqa: E402
import zipfile  # noqa: E402

from PIL import Image  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

from killed_commands import KillableCommands, end_tree, workers_of  # noqa: E402
from lost_power import LOSSES, lose  # noqa: E402
from made_onnx_models import network, network_model  # noqa: E402
from studies_at_hand import LEFT_OUT  # noqa: E402
from test_run import without_times  # noqa: E402
from vestry.storage.run_folder import TEMPORARY  # noqa: E402

STUDY = f"""
title = "Durable"
{LEFT_OUT}[data]
source = "zip:pictures.zip"
validation = {{ fraction = 0.2 }}
[training]
batch_size = 64
[[model]]
name = "Net"
layers = [{{ conv = 4, kernel = 3 }}, {{ pool = 2 }}, {{ flatten = true }}, {{ dense = 16 }}]
epochs = 12
early_stopping = {{ patience = 12 }}
[[model]]
name = "Bayes"
estimator = "sklearn.naive_bayes.GaussianNB"
features = [{{ hog = 2, bins = 4 }}]
[[model]]
name = "Searched"
estimator = "sklearn.linear_model.RidgeClassifier"
params = {{ alpha = {{ between = [0.1, 10.0], log = true }} }}
search = {{ trials = 3 }}
[[model]]
name = "Head"
backbone = "onnx:theirs.onnx"
layers = [{{ flatten = true }}]
epochs = 2
[[committee]]
name = "All"
members = ["Net", "Bayes", "Searched", "Head"]
"""
ROWS = 700
MOST_SECONDS = 120
OWN = ("runs", "cache", "looks", "data")
"""What of a home is Vestry's; the rest is the user's."""
TRIED = ("cache/vestry/precision",)
"""What is fastest on this machine; written and synced before it is used."""
KILLS = ("whole tree", "parent alone", "worker alone", "writing: tree", "writing: one")


class Trials:
    """folder: for homes, of which `now` is at work. keep: where faulty homes go."""

    def __init__(self, folder: Path, seed: int, keep: Path | None) -> None:
        self.folder, self.seed, self.keep = folder, seed, keep
        self.now, self.whole, self.empty = folder / "now", folder / "whole", folder / "empty"
        self.commands = KillableCommands(folder)
        self.broken: list[Path] = []
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)

    def prepare(self) -> None:
        """In peace, twice: what a run of the study comes to, and that it is always that.

        What the first finds fastest on this machine is kept for all others: another choice, by the
        clock, rightly comes to other weights.
        """
        write_home(self.empty)
        found = []
        for _ in range(2):
            self.take(self.empty)
            begun = time.monotonic()
            code, said = self.end()
            self.seconds = time.monotonic() - begun
            assert code == 0, said
            found.append(outcome(self.now))
            for name in TRIED:
                copy(self.now / name, self.empty / name)
        unlike = list(differences(*found))
        assert not unlike, f"the study is not repeatable: {unlike[:5]}"
        self.expected = found[0]
        copy(self.now, self.whole)

    def take(self, home: Path) -> None:
        """A copy of `home` as the one at work."""
        shutil.rmtree(self.now, ignore_errors=True)
        copy(home, self.now)

    def end(self) -> tuple[int | None, str]:
        """Run the study to its end: exit code and what was said; None where there was no end."""
        process = self.commands.start(self.now)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(MOST_SECONDS)
        code = process.returncode
        end_tree(process)
        self.commands.wait_for_all()
        return code, self.commands.said()

    def kill(self, number: int) -> None:
        """Kill a run once, or twice; run it again, and judge."""
        draw = random.Random(f"{self.seed}-kill-{number}")  # noqa: S311
        kind = KILLS[number % len(KILLS)]
        self.take(self.empty)
        for _ in range(draw.choice([1, 1, 2])):
            self.killed(kind, draw)
        if number % 7 < 2:
            self.broken.append(self.folder / f"broken-{number}")
            copy(self.now, self.broken[-1])
        self.judge(kind, f"kill {number}")

    def killed(self, kind: str, draw: random.Random) -> None:
        moment = draw.uniform(0.02, 1.0) * self.seconds
        if kind.startswith("writing"):
            process = self.commands.start(self.now, f"{kind[9:]} {draw.random()}")
            self.wait(process, MOST_SECONDS)
        else:
            process = self.commands.start(self.now)
            self.wait(process, moment)
            if kind == "parent alone":
                process.kill()
            elif kind == "worker alone" and (found := workers_of(process.pid)):
                end_tree(process, [draw.choice(found)])
            elif kind == "whole tree":
                end_tree(process)
            self.wait(process, MOST_SECONDS)
        if outlived := self.commands.wait_for_all():
            print(f"{len(outlived)} processes outlived a killed run", flush=True)
            self.counts[kind]["stuck"] += 1

    def wait(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)

    def cut(self, number: int) -> None:
        """Damage what a run has left; run it again, and judge."""
        draw = random.Random(f"{self.seed}-cut-{number}")  # noqa: S311
        kind = list(LOSSES)[number % len(LOSSES)]
        self.take(draw.choice(self.broken) if draw.random() < 0.5 and self.broken else self.whole)
        files = self.files(draw)
        told = lose(kind, files, draw) if files else []
        self.judge(kind, f"cut {number}", [str(path.relative_to(self.now)) for path in told])

    def files(self, draw: random.Random) -> list[Path]:
        """Those that may be lost; of the archive's many pictures one for ten others."""
        places = [path for name in OWN for path in sorted((self.now / name).rglob("*"))]
        kept = [self.now / name for name in TRIED]
        files = [p for p in places if p.is_file() and not p.is_symlink() and p.stat().st_size]
        files = [p for p in files if not any(p.is_relative_to(place) for place in kept)]
        pictures = [p for p in files if p.suffix == ".png"]
        others = [p for p in files if p.suffix != ".png"]
        return others + draw.sample(pictures, min(len(pictures), len(others) // 10))

    def judge(self, kind: str, which: str, damaged: list[str] | tuple[()] = ()) -> None:
        code, said = self.end()
        verdict = self.verdict(code, said)
        left = [p for p in (self.now / "runs").rglob("*") if TEMPORARY.fullmatch(p.name)]
        self.counts[kind].update({"tried": 1, verdict: 1, "left": bool(left)})
        if verdict != "equal" or left:
            names = [*damaged[:8], *(f"left:{p.relative_to(self.now)}" for p in left[:8])]
            print(f"{which} ({kind}): {verdict} {' '.join(names)}", flush=True)
            if self.keep:
                copy(self.now, self.keep / which.replace(" ", "-"))

    def verdict(self, code: int | None, said: str) -> str:
        if code != 0 or "Traceback" in said:
            print(said[-1000:])
            return "stuck"
        found = list(differences(outcome(self.now), self.expected))
        if found:
            print(f"{len(found)} differ: {'; '.join(found[:5])}")
        return "silent" if found else "equal"

    def table(self) -> str:
        names = ("tried", "equal", "stuck", "silent", "left")
        rows = [f"{'kind':20}" + "".join(f"{name:>8}" for name in names)]
        total: Counter[str] = sum(self.counts.values(), Counter())
        for kind, counts in [*self.counts.items(), ("all", total)]:
            rows.append(f"{kind:20}" + "".join(f"{counts[name]:8}" for name in names))
        return "\n".join(rows)


def outcome(home: Path) -> dict[str, Any]:
    """Results without times, and every array of the models' tables and of the pictures."""
    run = home / "runs/durable"
    arrays = {}
    for path in sorted(run.glob("[mcf]*/**/*.npz")):  # members, committees, figures
        with np.load(path) as stored:
            for name in stored:
                found = stored[name]
                arrays[f"{path.relative_to(run)}/{name}"] = (str(found.dtype), found.tobytes())
    results = without_times(json.loads((run / "results.json").read_text()))
    return {"results": without_what_was_at_hand(results), "arrays": arrays}


def without_what_was_at_hand(value: Any) -> Any:
    """Without how much was found computed, which docs/results.md says may differ, too."""
    if isinstance(value, dict):
        kept = value.keys() - {"images_through", "images_found"}
        return {name: without_what_was_at_hand(value[name]) for name in kept}
    if isinstance(value, list):
        return [without_what_was_at_hand(part) for part in value if "at hand from" not in str(part)]
    return value


def differences(found: Any, expected: Any, place: str = "") -> Iterator[str]:
    """The places in results where the two are not the same."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for name in found.keys() | expected.keys():
            inner = f"{place}/{name}"
            yield from differences(found.get(name), expected.get(name), inner)
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for number, pair in enumerate(zip(found, expected, strict=True)):
            yield from differences(*pair, f"{place}/{number}")
    elif found != expected:
        yield f"{place}: {str(found)[:60]}, not {str(expected)[:60]}"


def copy(home: Path, target: Path) -> None:
    """With times and hard links as they are: a file under two names is damaged under both."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(home), str(target)], check=True)  # noqa: S607


def write_home(home: Path) -> None:
    """The study, its pictures and its file of weights."""

    home.mkdir()
    (home / "durable.toml").write_text(STUDY)
    network_model(home / "theirs.onnx", network())
    digits = load_digits()
    pictures = (digits.images[:ROWS] * 15).astype(np.uint8)
    with zipfile.ZipFile(home / "pictures.zip", "w") as archive:
        for number, (pixels, label) in enumerate(zip(pictures, digits.target, strict=False)):
            stream = io.BytesIO()
            Image.fromarray(pixels).save(stream, "PNG")
            archive.writestr(f"{label}/{number:04}.png", stream.getvalue())


def repeated(count: int, trial: Callable[[int], None], trials: Trials) -> None:
    for number in range(count):
        trial(number)
        if number % 50 == 49:
            print(f"{number + 1} done\n{trials.table()}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--cuts", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for what did not end well")
    options = parser.parse_args()
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="durability-"))  # no finalizer, which forks would run
    try:
        trials = Trials(folder, options.seed, options.keep)
        trials.prepare()
        print(f"seed {options.seed}; a run takes {trials.seconds:.1f} s", flush=True)
        repeated(options.kills, trials.kill, trials)
        repeated(options.cuts, trials.cut, trials)
    finally:
        shutil.rmtree(folder)
    print(trials.table())
    print(f"{time.monotonic() - begun:.0f} s")
    faults = sum(counts["tried"] - counts["equal"] for counts in trials.counts.values())
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
