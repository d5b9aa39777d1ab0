"""Loss of power, simulated: every file of a finished run and of the cache is emptied, filled with
zeros, cut in half, or has zeros for its second half, one at a time, and the study is run again. It
has to end, without a traceback, with the results of the run that nothing had happened to.

    python tests/damaged_runs.py [STEP]

damages every STEP-th case, by default each, and prints what became of those that did not end well.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

from forked_command import Template
from studies_at_hand import LEFT_OUT
from test_run import without_times

STUDY = f"""
title = "Damaged"
{LEFT_OUT}[data]
source = "folder:pictures"
validation = {{ fraction = 0.2 }}
[[model]]
name = "Net"
layers = [{{ conv = 4, kernel = 3 }}, {{ flatten = true }}]
epochs = 1
[[model]]
name = "Features"
estimator = "sklearn.naive_bayes.GaussianNB"
features = [{{ hog = 2, bins = 4 }}]
[[committee]]
name = "Both"
members = ["Net", "Features"]
"""
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda _: b"",
    "zeroed": lambda content: bytes(len(content)),
    "halved": lambda content: content[: len(content) // 2],
    "half zeros": lambda content: content[: len(content) // 2] + bytes(-(-len(content) // 2)),
}


class Damage:
    """A finished run in `folder` and its cache; `vestry` is the command, as the fixture has it."""

    def __init__(self, folder: Path, vestry: Callable[..., CompletedProcess[str]]) -> None:
        self.folder, self.vestry = folder, vestry
        self.whole, self.now = folder / "whole", folder / "now"
        _write_pictures(self.whole)
        (self.whole / "damaged.toml").write_text(STUDY)
        done = self.run(self.whole)
        assert done.returncode == 0, done.stderr
        self.expected = _results(self.whole)

    def run(self, home: Path) -> CompletedProcess[str]:
        env = {"VESTRY_CORES": "1", "VESTRY_LOOKS": str(home / "looks")}
        env |= {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CACHE", "DATA")}
        return self.vestry("run", "damaged.toml", "--quiet", cwd=home, env=env)

    def cases(self) -> Iterator[tuple[str, str]]:
        """A file, by its way, and what happens to it; pictures and study are the user's own."""
        for path in sorted(self.whole.rglob("*")):
            way = path.relative_to(self.whole)
            own = way.parts[0] in ("runs", "cache", "looks")
            if own and path.is_file() and path.stat().st_size:
                yield from ((str(way), damage) for damage in DAMAGES)

    def fault(self, way: str, damage: str) -> str | None:
        """What is wrong with what the study came to; None where all is well."""
        shutil.rmtree(self.now, ignore_errors=True)
        shutil.copytree(self.whole, self.now)
        path = self.now / way
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
        done = self.run(self.now)
        if "Traceback" in done.stderr:
            return f"a traceback: {done.stderr.splitlines()[-1]}"
        if done.returncode:
            return f"stuck: {done.stderr.splitlines()[-1]}"
        return None if _results(self.now) == self.expected else "other results"


def _results(home: Path):
    return without_times(json.loads((home / "runs/damaged/results.json").read_text()))


def _write_pictures(folder: Path) -> None:
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    for number in range(120):
        place = folder / "pictures" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 150, (8, 8)).astype(np.uint8)
        pixels[number % 2 * 4 :][:3] += 80
        Image.fromarray(pixels).save(place / f"{number}.png")


def main(step: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        template = Template(Path(folder))
        damage = Damage(
            Path(folder), lambda *arguments, cwd, env: template.run([*arguments], cwd, env, 240)
        )
        cases = list(damage.cases())[::step]
        good = 0
        for number, (way, kind) in enumerate(cases, 1):
            fault = damage.fault(way, kind)
            good += fault is None
            said = f"{number} damaged, {good} ended as if nothing had happened"
            print(said if fault is None else f"{kind:8} {way}: {fault}", flush=True)
        template.stop()
    return int(good < len(cases))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
