"""How long a whole comparison takes: ten members, two committees, 10,000 test rows.

Fitting is not what is timed, so members learn from few rows for two epochs; everything after it is
as large as in any study of Fashion-MNIST: altered images, costs, the comparison itself and the
page. Explanation maps are left out. The study is then run again, with nothing new in it.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from sides import keep
from vestry.data.paths import DataPaths
from vestry.pipeline.run_study import Finished, run_study
from vestry.storage.run_folder import RunFolder
from vestry.study.reader import read_study

HEAD = """
title = "Ten members and two committees"
explanation = { skip = true }
[data]
source = "fashion-mnist"
training_rows = { count = 15_000 }
validation = { count = 12_000, take = "last" }
[training]
epochs = 2
batch_size = 64
"""
ESTIMATORS = {
    "Logistic regression": ("sklearn.linear_model.LogisticRegression", "max_iter = 50"),
    "Ridge": ("sklearn.linear_model.RidgeClassifier", ""),
    "Tree": ("sklearn.tree.DecisionTreeClassifier", ""),
    "Forest": ("sklearn.ensemble.RandomForestClassifier", "n_estimators = 100"),
    "Bayes": ("sklearn.naive_bayes.GaussianNB", ""),
}
NETWORKS = {
    "Linear network": "[{ flatten = true }]",
    "Dense network": "[{ flatten = true }, { dense = 128 }]",
    "LeNet": "[{ conv = 6, kernel = 5 }, { pool = 2 }, { conv = 16, kernel = 5 }, { pool = 2 }, "
    "{ flatten = true }, { dense = 120 }, { dense = 84 }]",
    "CNN": "[{ conv = 32, kernel = 3, stride = 2 }, { pool = 2 }, { flatten = true }, "
    "{ dense = 256 }]",
    "Larger CNN": "[{ conv = 32, kernel = 3 }, { pool = 2 }, { flatten = true }, { dense = 128 }]",
}
RULES = {"Mean": "mean", "Stacked": "stacking"}


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory() as name:
        study = Path(name) / "ten.toml"
        study.write_text(study_text())
        first, again = (timed_run(study, options) for _ in range(2))
    for stage, seconds in first["seconds"].items():
        print(f"{stage:<16} {seconds:7.1f} s")
    compared = sum(first["seconds"][stage] for stage in ("asking again", "comparison", "page"))
    print(f"the whole comparison, with its page: {compared:.1f} s")
    print(f"the whole study again, with nothing new: {again['wall']:.1f} s")
    keep("comparison", {"first": first, "again": again, "compared": compared})


def study_text() -> str:
    members = [
        f'[[model]]\nname = "{name}"\nestimator = "{path}"\nparams = {{ {params} }}\n'
        for name, (path, params) in ESTIMATORS.items()
    ]
    members += [
        f'[[model]]\nname = "{name}"\nlayers = {layers}\n' for name, layers in NETWORKS.items()
    ]
    everyone = json.dumps([*ESTIMATORS, *NETWORKS])
    committees = [
        f'[[committee]]\nname = "{name}"\nrule = "{rule}"\nmembers = {everyone}\n'
        for name, rule in RULES.items()
    ]
    return HEAD + "".join(members + committees)


def timed_run(study: Path, options: argparse.Namespace) -> dict[str, Any]:
    places = DataPaths.of(data=options.data, base=study.parent)
    started = time.perf_counter()
    finished: Finished = run_study(
        read_study(study), places, RunFolder(study.parent / "run"), options.threads, said
    )
    wall = time.perf_counter() - started
    stages = finished.results.seconds
    page = wall - stages["total"]
    return {
        "wall": wall,
        "seconds": {key: value for key, value in stages.items() if key != "total"} | {"page": page},
        "page_bytes": finished.report.stat().st_size,
        "rows": finished.results.data.splits["test"].rows,
        "models": len(finished.results.ranking),
    }


def said(event: dict[str, Any]) -> None:
    if event["event"] in ("failed", "warning"):
        print(event)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder that holds fashion-mnist/")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="cores")
    return parser.parse_args()


if __name__ == "__main__":
    main()
