"""Certificates for every model of finished runs, on the 10,000 test images of Fashion-MNIST.

Each model is exported, which holds it against the run's own tables. It is then asked about all
10,000 images and set beside its source: a network computed by torch, an estimator fitted once more
from the study's own settings, rows and seed (none is stored but as ONNX), a committee's rule over
these. Labels must be equal on every image and probabilities within 0.0001.

    python benchmarks/parity.py runs/a-four-families runs/b-committee-of-cnns
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sides import keep
from vestry.data.dataset import Dataset
from vestry.data.paths import DataPaths
from vestry.data.source import load_source
from vestry.export.parity import certified
from vestry.members.estimators import estimator
from vestry.members.estimators.kind import EstimatorSettings
from vestry.members.kind import FitJob
from vestry.pipeline.export import ExportOptions, export_run, temperature_of
from vestry.pipeline.export_reference import combined, tempered
from vestry.pipeline.stored_run import RunData, StoredRun, stored_run
from vestry.pipeline.tasks.stored_models import stored_member
from vestry.serve.predictor import Predictor
from vestry.storage.run_folder import read_json

Values = NDArray[np.float32]


def main() -> None:
    options = arguments()
    places = DataPaths.of(options.data)
    source = load_source("fashion-mnist", places).test
    assert source is not None
    data, rows = RunData(places), []
    print(f"{'model':<46}   own rows       gap       images          gap")
    for path in options.runs:
        run = stored_run(path, path.name)
        sources = Sources(run, data.of(run), source.images)
        for name in run.tables:
            row = certificates(sources, name, places)
            rows.append(row)
            own, whole = row["own"], row["whole"]
            figures = (
                f"{part['labels_equal']:>{width},}{part['largest_gap']:>{width}.1e}"
                for part, width in ((own, 10), (whole, 13))
            )
            print(f"{run.name + ' / ' + name:<46}", *figures, flush=True)
    keep("parity", {"models": rows})


def certificates(sources: "Sources", name: str, places: DataPaths) -> dict[str, Any]:
    """Raises ModelError where a model does not pass."""
    run = sources.run
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "model.onnx"
        done = export_run(run.folder.path, name, target, ExportOptions(), places, lambda _: None)
        temperature = temperature_of(run, name, ExportOptions())
        expected = tempered(sources.answers(name), run.classes, temperature)
        whole = certified(Predictor(target, threads=2), sources.images, expected)
    return {"run": run.name, "model": name, "own": done.bundle.certificate, "whole": whole}


class Sources:
    """What the models of one run give for `images` where they come from."""

    def __init__(self, run: StoredRun, dataset: Dataset, images: NDArray[np.uint8]) -> None:
        self.run = run
        self.dataset = dataset
        self.images = images
        self.known: dict[str, Values] = {}

    def answers(self, name: str) -> Values:
        members = self.run.results.members
        return self.member(name) if name in members else self.committee(name)

    def member(self, name: str) -> Values:
        if name not in self.known:
            folder = self.run.folder.member(name)
            card = read_json(folder / "card.json")
            again = card["kind"] == "estimator"
            member = self.fitted_again(name, card) if again else stored_member(folder)
            self.known[name] = member.predict_proba(self.images)
        return self.known[name]

    def fitted_again(self, name: str, card: dict[str, Any]) -> Any:
        task, rows = card["task"], self.dataset
        job = FitJob(
            images=rows.training.images,
            labels=rows.training.labels,
            validation_images=rows.validation.images,
            validation_labels=rows.validation.labels,
            classes=len(rows.training.classes),
            seed=task["seed"],
            threads=task["threads"],
            workspace=Path(tempfile.gettempdir()),
            on_event=lambda _: None,
        )
        member = estimator.fit(EstimatorSettings(**task["member"]), job)
        table = member.predict_proba(rows.test.images)
        assert np.array_equal(table, self.run.tables[name].probabilities), f"{name} came out anew"
        return member

    def committee(self, name: str) -> Values:
        card = read_json(self.run.folder.committee(name) / "card.json")
        return combined(card, [self.member(member) for member in card["members"]])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, help="folders of finished runs")
    parser.add_argument("--data", type=Path, help="folder that holds fashion-mnist/")
    return parser.parse_args()


if __name__ == "__main__":
    main()
