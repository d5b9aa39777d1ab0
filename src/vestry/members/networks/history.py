"""What each epoch gave: the figures of `history.csv`."""

import csv
import io

import torch
from torch import Tensor

FIGURES = (
    "loss",
    "accuracy",
    "precision_macro",
    "recall_macro",
    "precision_micro_at_half",
    "recall_micro_at_half",
)
COLUMNS = (
    "epoch",
    "seconds",
    "images_per_second",
    "learning_rate",
    *(f"{split}_{figure}" for split in ("train", "validation") for figure in FIGURES),
)


def figures(log_probabilities: Tensor, labels: Tensor) -> dict[str, float]:
    """Loss and scores of (n, classes) log probabilities against (n,) labels.

    Macro precision and recall are means over classes, where a class never predicted (or never
    there) counts as 0. The micro ones are Keras's `Precision` and `Recall` over one-hot outputs: an
    output above one half counts as a prediction, so an image may have none.
    """
    n, classes = log_probabilities.shape
    predicted = log_probabilities.argmax(1)
    own = log_probabilities.gather(1, labels.unsqueeze(1)).squeeze(1)
    confusion = torch.bincount(labels * classes + predicted, minlength=classes**2)
    confusion = confusion.view(classes, classes).double()
    hits = confusion.diagonal()
    sure = log_probabilities.exp() > 0.5
    sure_hits = int(sure.gather(1, labels.unsqueeze(1)).sum())
    return {
        "loss": float(-own.double().mean()),
        "accuracy": float(hits.sum() / n),
        "precision_macro": float((hits / confusion.sum(0).clamp(min=1)).mean()),
        "recall_macro": float((hits / confusion.sum(1).clamp(min=1)).mean()),
        "precision_micro_at_half": sure_hits / max(int(sure.sum()), 1),
        "recall_micro_at_half": sure_hits / n,
    }


def to_csv(rows: list[dict[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
