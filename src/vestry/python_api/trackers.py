"""What a run came to, written where experiments are kept: MLflow, TensorBoard.

Plain functions over the results: nothing is measured or fitted here.
"""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vestry.schema.results import Results
from vestry.storage.names import stored_name
from vestry.system.parts import require
from vestry.system.telemetry import switch_off_mlflow


def log_to_mlflow(results: Results, page: Path, experiment: str | None) -> list[str]:
    """An MLflow run for each model and committee; their ids.

    Raises MissingPartError where MLflow is not installed.
    """
    require("mlflow", "log_to_mlflow")
    switch_off_mlflow()
    mlflow = importlib.import_module("mlflow")
    if experiment is not None:
        mlflow.set_experiment(experiment)
    return [_logged(mlflow, results, name, page) for name in _makers(results)]


def _logged(mlflow: Any, results: Results, name: str, page: Path) -> str:
    with mlflow.start_run(run_name=name) as kept:
        recommended = results.decision is not None and results.decision.recommended == name
        mlflow.set_tags(
            {
                "vestry.study": results.title,
                "vestry.hash": results.study.hash,
                "vestry.recommended": str(recommended).lower(),
            }
        )
        mlflow.log_metrics(dict(_figures(results, name)))
        for tag, step, value in _curves(results, name):
            mlflow.log_metric(tag, value, step=step)
        mlflow.log_artifact(str(page))
        return str(kept.info.run_id)


def write_tensorboard(results: Results, folder: Path) -> list[Path]:
    """A folder of events for each model and committee, in `folder`; their places.

    Raises MissingPartError where TensorBoard is not installed.
    """
    require("tensorboard", "write_tensorboard")
    writer = importlib.import_module("torch.utils.tensorboard").SummaryWriter
    places = []
    for number, name in enumerate(_makers(results), 1):
        place = folder / f"{number}-{stored_name(name)}"
        with writer(str(place)) as events:
            events.add_text("model", name)
            for tag, value in _figures(results, name):
                events.add_scalar(tag, value)
            for tag, step, value in _curves(results, name):
                events.add_scalar(tag, value, step)
        places.append(place)
    return places


def _makers(results: Results) -> list[str]:
    return [*results.members, *results.committees]


def _figures(results: Results, name: str) -> Iterator[tuple[str, float]]:
    """Every score of validation and test rows, and what it costs."""
    maker = (results.members | results.committees)[name]
    for split in ("validation", "test"):
        for key, value in maker.scores.on(split).numbers.items():
            yield f"{split}/{key}", value
    if maker.milliseconds_per_image is not None:
        yield "milliseconds_per_image", maker.milliseconds_per_image


def _curves(results: Results, name: str) -> Iterator[tuple[str, int, float]]:
    """Of what is trained in epochs: a value for each epoch and column of its history."""
    history = results.members[name].history if name in results.members else None
    for key, values in (history or {}).items():
        if key != "epoch":
            for epoch, value in enumerate(values, 1):
                if value is not None:
                    yield f"epochs/{key}", epoch, float(value)
