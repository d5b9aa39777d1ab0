"""Training that was cut short goes on where it was: everything that the next epoch depends on, in
one file.

Random numbers need no place in it, because each epoch draws its own from the seed and its number.
"""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from vestry.storage.run_folder import atomic_path

NAME = "checkpoint.safetensors"


def write(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Replace the folder's checkpoint, whole or not at all.

    No disk is waited for, so a loss of power may leave a file whose end is zeros: by a sum of its
    content it is known again.
    """
    text = json.dumps(state)
    with atomic_path(folder / NAME, synced=False) as temporary:
        save_file(tensors, temporary, {"state": text, "sum": _sum_of(tensors, text)})


def read(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """What was written last; None where there is nothing, or a loss of power has damaged it: then
    it is thrown away, and the fit begins anew."""
    path = folder / NAME
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            said = file.metadata()
        if said["sum"] == _sum_of(tensors, said["state"]):
            return tensors, json.loads(said["state"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError):
        pass
    path.unlink(missing_ok=True)
    return None


def _sum_of(tensors: dict[str, Tensor], state: str) -> str:
    """Of every tensor's name, form and bytes, and of the state."""
    digest = hashlib.sha256(state.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.cpu().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose names begin so, without that."""
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def remove(folder: Path) -> None:
    (folder / NAME).unlink(missing_ok=True)


# What each epoch gave: the figures of `history.csv`.


_FIGURES = (
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
    *(f"{split}_{figure}" for split in ("train", "validation") for figure in _FIGURES),
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
