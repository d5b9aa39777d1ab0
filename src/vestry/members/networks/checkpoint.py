"""Training that was cut short goes on where it was: everything that the next epoch depends on, in
one file.

Random numbers need no place in it, because each epoch draws its own from the seed and its number.
"""

import json
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from vestry.run_folder import atomic_path

NAME = "checkpoint.safetensors"


def write(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Replace the folder's checkpoint, whole or not at all."""
    with atomic_path(folder / NAME, synced=False) as temporary:
        save_file(tensors, temporary, {"state": json.dumps(state)})


def read(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    path = folder / NAME
    if not path.exists():
        return None
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return tensors, json.loads(file.metadata()["state"])


def remove(folder: Path) -> None:
    (folder / NAME).unlink(missing_ok=True)
