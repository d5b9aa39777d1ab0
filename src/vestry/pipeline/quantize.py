"""An exported model once more in int8, with what that does to size, speed and accuracy."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.paths import DataPaths
from vestry.engine.task import OnEvent
from vestry.evaluation.intervals import paired_difference, share_interval
from vestry.evaluation.vault import Vault
from vestry.export.bundle import write_bundle
from vestry.export.model_card import write_card
from vestry.export.quantization import CALIBRATION_ROWS, quantized_model
from vestry.pipeline.export import Exported, int8_path
from vestry.serve.predictor import Predictor

BATCH, TURNS = 256, 5
_WHY = "what int8 does to an exported model"


def quantize_export(exported: Exported, places: DataPaths, report: OnEvent) -> Exported:
    """Write FILE.int8.onnx beside the float file, measured on all test rows, which is a look.

    Raises ModelError where nothing of the model can be quantised.
    """
    bundle, dataset = exported.bundle, exported.dataset
    path = int8_path(exported.path)
    report({"event": "stage", "text": f"{bundle.name}: quantising to int8"})
    calibration = _spread(dataset.validation.images, CALIBRATION_ROWS)
    with tempfile.TemporaryDirectory() as folder:
        model = quantized_model(exported.model, calibration, Path(folder))
        trial = Path(folder) / path.name
        write_bundle(trial, model, replace(bundle, quantized={}))
        report({"event": "stage", "text": f"{bundle.name}: measuring both on the test images"})
        facts = _measured(exported, trial, places) | {"calibrated_on": len(calibration)}
    changed = replace(bundle, quantized=facts, scores=_int8_scores(facts))
    write_bundle(path, model, changed)
    card = write_card(path, changed, exported.run.results)
    return replace(exported, path=path, card=card, model=model, bundle=changed)


def _spread(images: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """At most `count` of them, evenly spread."""
    return images[np.linspace(0, len(images) - 1, min(count, len(images))).astype(np.int64)]


def _measured(exported: Exported, trial: Path, places: DataPaths) -> dict[str, Any]:
    """Size, speed and accuracy of both files; the labels are opened by the vault."""
    files = {"before": exported.path, "after": trial}
    predictors = {name: Predictor(path) for name, path in files.items()}
    speeds = _interleaved(predictors, exported.dataset.test.images)
    test = exported.dataset.test
    answers = {name: predictor(test.images) for name, predictor in predictors.items()}
    vault = Vault(places.looks, exported.run.folder.looks)
    model_name = exported.bundle.name
    names = [model_name, f"{model_name}, int8"]
    truth = vault.open(test, exported.run.results.study.hash, names, _WHY).labels
    right = {name: table.argmax(axis=1) == truth for name, table in answers.items()}
    found: dict[str, Any] = {
        name: {
            "bytes": files[name].stat().st_size,
            "images_per_second": speeds[name],
            "accuracy": float(right[name].mean()),
            "interval": list(share_interval(int(right[name].sum()), len(truth))),
        }
        for name in files
    }
    gains = int((right["after"] & ~right["before"]).sum())
    losses = int((right["before"] & ~right["after"]).sum())
    labels = {name: table.argmax(axis=1) for name, table in answers.items()}
    return found | {
        "rows": len(truth),
        "labels_equal": int((labels["before"] == labels["after"]).sum()),
        "largest_gap": float(np.abs(answers["after"] - answers["before"]).max()),
        "difference": {
            "value": (gains - losses) / len(truth),
            "interval": list(paired_difference(gains, losses, len(truth))),
        },
    }


def _interleaved(
    predictors: Mapping[str, Predictor], images: NDArray[np.uint8]
) -> dict[str, float]:
    """Images a second on one core, the median of turns that both take in one run."""
    batch = np.resize(images, (BATCH, *images.shape[1:]))
    seconds: dict[str, list[float]] = {name: [] for name in predictors}
    for turn in range(TURNS + 1):
        for name, predictor in predictors.items():
            started = time.perf_counter()
            predictor(batch)
            if turn:  # the first one warms up
                seconds[name].append(time.perf_counter() - started)
    return {name: BATCH / float(np.median(times)) for name, times in seconds.items()}


def _int8_scores(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The only score that was measured of the int8 file itself."""
    after = facts["after"]
    return {
        "test": {
            "accuracy": {
                "value": after["accuracy"],
                "interval": after["interval"],
                "rows": facts["rows"],
            }
        }
    }
