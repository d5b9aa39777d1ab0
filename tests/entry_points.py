"""Every way into Vestry, each used once: the commands, and the names of the package.

`test_sends_nothing.py` holds both against what there is, so that a new one cannot be left out, and
what is said here is done in an empty home without a network.
"""

import sys
from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np

from studies_at_hand import LEFT_OUT, SMALL_STUDY, with_everything

PROGRAM = "Python"
ROWS = (
    f'title = "Rows"\n{LEFT_OUT}[data]\nsource = "npz:some.npz"\n'
    "validation = { fraction = 0.2 }\n"
    '[[model]]\nname = "Bayes"\nestimator = "sklearn.naive_bayes.GaussianNB"\n'
)
COMMANDS = {
    "studies": ["--json"],
    "schema": [],
    "check": ["--json"],
    "data list": [],
    "data verify": ["mnist"],
    "init": ["npz:some.npz", "--study", "drafted.toml"],
    "run": ["small.toml"],
    "explore": ["digits", "--sample", "200", "--out", "look"],
    "try": ["npz:some.npz", "--minutes", "0.5", "--study", "tried.toml"],
    "runs": [],
    "report": ["runs/small", "--format", "csv", "--out", "home"],
    "export": [
        *("runs/small", "--model", "Both", "-o", "both.onnx", "--quantize", "--web", "site"),
    ],
    PROGRAM: [],
    "compare": ["runs/small", "runs/door", "--out", "compared.html"],
    "predict": ["both.onnx", "some.npz"],
    "judge": ["truth.csv", "first.csv", "second.csv"],
    "serve": ["--port", "0", "--workers", "2"],
}
"""What follows each command, in the order in which they need each other; among them the program
that uses the names of the package."""
RAY = "run --engine ray"
ENGINES = {RAY: ["run", "rows.toml", "--engine", "ray", "--cores", "1"]}
"""The same command with what else does its work, where that is installed."""
ASKED_FOR = {"data fetch": "it downloads, and does nothing else"}
"""Commands of which the network is the purpose."""
LACKING = {"data verify": "is not here"}
"""Of those that end in an error in an empty home, what they say."""

PYTHON = {
    "__version__": "vestry.__version__",
    "Study": "study = vestry.Study.model_validate(skipped | {'title': 'S',"
    " 'data': {'source': 'digits'},"
    " 'member': [{'name': 'A', 'estimator': 'sklearn.naive_bayes.GaussianNB'},"
    " {'name': 'B', 'estimator': 'sklearn.tree.DecisionTreeClassifier'}]})",
    "run": "done = vestry.run(study, 'runs/door', quiet=True)",
    "open": "done = vestry.open('runs/door')",
    "Run": "drawing = done.figure(done.figures[0])\n"
    "drawing.save('drawing.svg')\n"
    "[done.results, done.page, done.recommended, done.summary, done.ranking, done.per_class]\n"
    "[done.history, done.predictions, done.tables, done.table('compare'), done._repr_html_()]\n"
    "done.export('door.onnx', 'A')\n"
    "done.predictor('A')(images)\n"
    "with contextlib.suppress(ImportError):\n    done.log_to_mlflow('trust')\n"
    "with contextlib.suppress(ImportError):\n    done.write_tensorboard('events')",
    "Network": "network = vestry.Network.model_validate({'layers': [{'flatten': True}],"
    " 'epochs': 1})",
    "Committee": "both = vestry.Committee.model_validate({'name': 'All', 'members': ['N', 'E']})",
    "Model": "model = vestry.Model('E', estimator='sklearn.naive_bayes.GaussianNB')",
    "choose": "vestry.choose(some['images'], some['labels'], {'N': network, 'E': model},"
    " committees=[both], data=aside, out='runs/chosen', quiet=True, **skipped)",
    "try_": "vestry.try_('npz:some.npz', 0.5, study='door.toml', out='runs/tried-here',"
    " quiet=True)",
    "Predictor": "vestry.Predictor('both.onnx')(images)\nvestry.Predictor()",
    "CommitteeClassifier": "vestry.CommitteeClassifier([('a', GaussianNB()),"
    " ('b', GaussianNB(var_smoothing=0.1))]).fit(rows, labels)",
    "NetworkClassifier": "vestry.NetworkClassifier(epochs=1).fit(images, labels)",
}
"""What is done with each name of the package, in the order in which they need each other."""
_FIRST = """
import contextlib
import numpy as np
import vestry
from sklearn.naive_bayes import GaussianNB

some = np.load("some.npz")
images = np.random.RandomState(0).randint(0, 255, (60, 8, 8)).astype(np.uint8)
rows, labels = images.reshape(60, -1), np.arange(60) % 3
skipped = {part: {"skip": True} for part in ("exploration", "robustness", "explanation")}
aside = {"validation": {"fraction": 0.2}}
"""
_FEW = """
from vestry.pipeline.tryout import try_source

found = try_source.candidates
try_source.candidates = lambda *given: (found(*given)[0][:2], [])
"""
"""Trying two models instead of all, which takes a tenth of the time."""
_TRY = f"{_FEW}\nfrom vestry.cli.entry import main\nmain()"


def commands() -> Iterator[tuple[str, list[str]]]:
    """Name and command line of each but the server, and the program among them."""
    for name, arguments in COMMANDS.items():
        if name == PROGRAM:
            yield name, [sys.executable, "-c", "\n".join([_FIRST, _FEW, *PYTHON.values()])]
        elif name != "serve":
            start = [sys.executable, "-c", _TRY] if name == "try" else line()
            yield name, [*start, *name.split(), *arguments]


def engines() -> Iterator[tuple[str, list[str]]]:
    """Name and command line of each run by another engine that is there."""
    if find_spec("ray") is not None:
        yield from ((name, line(*arguments)) for name, arguments in ENGINES.items())


def line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "vestry", *arguments]


def prepared(folder) -> None:
    """The files that the above speak of."""
    (folder / "small.toml").write_text(with_everything(SMALL_STUDY))
    (folder / "rows.toml").write_text(ROWS)
    labels = np.arange(90) % 3
    images = np.random.RandomState(0).randint(0, 80, (90, 8, 8))
    images[np.arange(90), labels * 2] += 150
    np.savez(folder / "some.npz", images=images.astype(np.uint8), labels=labels)
    parts = ("validation", "test")
    truth = [f"{n},{'ab'[n % 2]},{parts[n % 4 // 2]}" for n in range(80)]
    (folder / "truth.csv").write_text("\n".join(["id,label,split", *truth]))
    for name, wrong in (("first", 7), ("second", 5)):
        said = [f"{n},{'ab'[(n + (n % wrong == 0)) % 2]}" for n in range(80)]
        (folder / f"{name}.csv").write_text("\n".join(["id,label", *said]))
