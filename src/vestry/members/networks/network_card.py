"""What the card of a trained network says of it."""

from dataclasses import dataclass, field
from typing import Any

from vestry.members.kind import FitJob
from vestry.members.networks.balance import balance_notes
from vestry.members.networks.progress import Progress
from vestry.members.networks.settings import ImageTrainingSettings
from vestry.members.networks.stopping import Stopper
from vestry.members.networks.trainable import Trainable

WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class Untrained:
    """A network before its first step, and what its card says of it.

    facts: at least `kind`, `parameters`, `trainable_parameters` and `definition`. precision,
    trials: by layer, as the card's `training` has them.
    """

    network: Trainable
    facts: dict[str, Any]
    precision: dict[str, str] = field(default_factory=dict)
    trials: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def trained_card(
    made: Untrained, settings: ImageTrainingSettings, progress: Progress, job: FitJob
) -> dict[str, Any]:
    return {
        **made.facts,
        "settings": settings.model_dump(mode="json"),
        "image_shape": list(job.images.shape[1:]),
        "classes": job.classes,
        "fitted_on": "Fitted on the training rows; early stopping, where it is set, watched the "
        "validation rows.",
        "fit_seconds": progress.seconds,
        "stored": WEIGHTS,
        "training": {
            "epochs": job.epochs or settings.epochs,
            "batch_size": settings.batch_size,
            "optimizer": settings.optimizer,
            "learning_rate": settings.initial_learning_rate,
            "patience": settings.early_stopping.patience if settings.early_stopping else None,
            "precision": made.precision,
            "trials": made.trials,
            "epochs_run": progress.epoch,
            **_ending(settings, progress.stopper),
        },
        "augmentation": None,
        "notes": balance_notes(settings.balance),
        "warnings": list(made.warnings),
    }


def _ending(settings: ImageTrainingSettings, stopper: Stopper) -> dict[str, Any]:
    """Which epoch was best by the monitored figure, and whether its weights were kept."""
    stopping = settings.early_stopping
    if stopping is None:
        return {"stopped_early": False, "best_epoch": None, "restored_best": False}
    return {
        "stopped_early": stopper.stops(stopping),
        "best_epoch": stopper.best_epoch,
        "restored_best": stopping.restore_best,
    }
