"""Study files with something wrong in them: what a slip of the hand or a merge makes of one.

`python tests/mutated_studies.py 2000 [SEED]` reads so many of them and prints those that end in
anything but a study or an error that says what is wrong; `test_mutated_studies.py` reads a few.
"""

import copy
import random
import sys
import tempfile
import traceback
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import tomli_w

from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.errors import VestryError
from vestry.pipeline.planner import Planner
from vestry.storage.run_folder import RunFolder
from vestry.study.reader import read_study, studies_before, study_inputs

STUDIES = Path(__file__).parent.parent / "studies"
SMALL = """title = "Small"
[data]
source = "digits"
training_rows = { count = 150 }
validation = { fraction = 0.2 }
seed = 3
[training]
epochs = 1
"""
OWN = {
    "search": """[[model]]
name = "SVM"
estimator = "sklearn.svm.SVC"
params = { kernel = "rbf", C = { choose = [0.1, 1.0, 10.0] } }
search = { trials = 3, sampler = "random" }
""",
    "layers": """[[model]]
name = "CNN"
layers = [{ conv = 4, kernel = 3, activation = "relu" }, { flatten = true }, { dense = 8 }]
early_stopping = { patience = 2 }
augmentation = { shift = 0.1, horizontal_flip = true }
""",
    "committee": """[[model]]
name = "A"
estimator = "sklearn.linear_model.LogisticRegression"
cross_validation = { folds = 3 }
[[model]]
name = "B"
estimator = "sklearn.naive_bayes.GaussianNB"
[[committee]]
name = "Both"
members = ["A", "B"]
rule = "weighted"
by = "accuracy"
[[pair]]
what = "a committee"
without = "A"
with = "Both"
[decision]
max_ms = 5
score = "macro_f1"
[abstention]
accuracy = 0.9
""",
    "folds": """[[model]]
name = "C"
estimator = "sklearn.linear_model.LogisticRegression"
images_per_class = [5, 10]
[[claim]]
says = "C is the best"
best = "C"
[robustness]
rows = 20
[explanation]
skip = true
""",
}
STRANGE: list[Any] = [
    *(0, -1, 1, 7, 10**30, -(2**63), 0.0, -0.5, 1e-300, 1e300, float("nan"), float("inf")),
    *(
        True,
        False,
        "",
        " ",
        "x",
        "../x",
        "/",
        "a\nb",
        "\u202e\u0000\ud7ff",
        "%s {0}",
        "mean",
        "NaN",
    ),
    *("sklearn.svm.SVC", "os.system", "a.b.c", "npz:", "folder:.", "x" * 5000, "(" * 90),
    *([], [[]], [1, "a"], ["a", "a"], {}, {"a": 1}, {"a": {"b": {}}}, [{}], [{"name": "A"}]),
    *({"fraction": 0.2}, {"folds": 2}, {"low": 3, "high": 1}, [0] * 300, {"": 1}),
]


def originals() -> dict[str, str]:
    """Twenty study files by name: those that come with the package, and small ones."""
    found = {path.stem: path.read_text(encoding="utf-8") for path in sorted(STUDIES.glob("*.toml"))}
    small = {name: SMALL + text for name, text in OWN.items()}
    joined = {f"{a}-{b}": SMALL + OWN[a] + OWN[b] for a, b in combinations(OWN, 2)}
    return found | small | joined


def mutated(text: str, seed: int) -> bytes:
    """The study with one to three things changed: in its tables, in its text, or in its bytes."""
    draw = random.Random(seed)  # noqa: S311
    for _ in range(draw.choice([1, 1, 2, 3])):
        way = draw.choice([_tables, _tables, _tables, _lines, _characters])
        text = way(text, draw)
    content = text.encode("utf-8", "surrogatepass")
    if draw.random() < 0.05:
        place = draw.randrange(len(content) + 1)
        content = content[:place] + draw.randbytes(draw.randrange(1, 9)) + content[place:]
    return content


def _tables(text: str, draw: random.Random) -> str:
    """A value that is another, is gone, stands elsewhere or under another name."""
    import tomllib

    try:
        tables = tomllib.loads(text)
    except ValueError:
        return text
    places = list(_places(tables))
    if not places:
        return text
    holder, key = draw.choice(places)
    match draw.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[str(key) + draw.choice(["s", "_", "", "x"])] = holder.pop(key)
        case 2:
            other, name = draw.choice(places)
            holder[key] = copy.deepcopy(other[name])
        case 3 if isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        case 4 if isinstance(holder, dict):
            holder[draw.choice(["search", "name", "kind", "rule", "seed", "layers", "onnx"])] = (
                copy.deepcopy(draw.choice(STRANGE))
            )
        case _:
            holder[key] = copy.deepcopy(draw.choice(STRANGE))
    try:
        return tomli_w.dumps(tables)
    except (ValueError, TypeError, RecursionError):
        return text


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in tables and lists: what holds it, and its key or number there."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in list(pairs):
        yield value, key
        if isinstance(part, dict | list):
            yield from _places(part)


def _lines(text: str, draw: random.Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    match draw.randrange(4):
        case 0:
            del lines[one]
        case 1:
            lines.insert(one, lines[other])
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case _:
            lines = lines[:one]
    return "".join(lines)


def _characters(text: str, draw: random.Random) -> str:
    place = draw.randrange(len(text) + 1)
    match draw.randrange(3):
        case 0:
            return text[:place] + text[place + 1 :]
        case 1:
            return (
                text[:place] + draw.choice("[]{}=\"'#.,0eE-_\n\t\\\u00e9\ufeff\x00") + text[place:]
            )
        case _:
            return text[:place]


def outcome(content: bytes, folder: Path) -> str | None:
    """What is wrong with how it was read and planned: None, or a traceback. Nothing is fitted."""
    path = folder / "study.toml"
    path.write_bytes(content)
    places = DataPaths.of(base=folder)
    run = RunFolder(folder / "run")
    try:
        file = read_study(path)
        study_inputs(file, places, run)
        studies_before(file)
        if file.study.data.source == "digits":
            planner = Planner(file.study, load_dataset(file.study.data, places), places, run, 1)
            planner.exploration()
            planner.texts()
            planner.fits()
            planner.models(planner.searches())
    except VestryError as error:
        return None if str(error).strip() else "an error without words"
    except OSError:
        return None
    except Exception:
        return traceback.format_exc()
    return None


def faults(count: int, first: int) -> Iterator[tuple[str, int, str]]:
    """Study, seed and traceback of each that ends in one: `count` of them from seed `first` on."""
    texts = list(originals().items())
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + count):
            name, text = texts[seed % len(texts)]
            said = outcome(mutated(text, seed), Path(folder))
            if said is not None:
                yield name, seed, said


if __name__ == "__main__":
    total, start = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    found = list(faults(total, start))
    for name, seed, said in found:
        print(f"--- {name}, seed {seed}\n{said}")
    print(
        f"{total:,} mutations of {len(originals())} studies from seed {start}: {len(found)} faults"
    )
    sys.exit(bool(found))
