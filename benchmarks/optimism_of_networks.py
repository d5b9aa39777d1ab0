"""What early stopping adds to a real network's validation figure, and what is left of it.

Small networks learn from 240 images of Fashion-MNIST. Each epoch is asked about 10,000 further
images; of these some are drawn as validation rows, many times, which choose the best epoch, and all
10,000 say how good that one is. Prints a row for each network: the figure of the rows drawn less
that, as it is and as it is corrected, in points. Needs the data (VESTRY_DATA).
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.data.split import Selection
from vestry.evaluation.optimism import Choice, optimism
from vestry.members.kind import FitJob
from vestry.members.networks.network_member import fit
from vestry.members.networks.settings import NetworkSettings
from vestry.storage.tried import Tried

ROWS, SEEDS, DRAWS = (60, 200, 600), 3, 100
NETWORKS: dict[str, list[dict[str, Any]]] = {
    "convolution": [{"conv": 8, "kernel": 3}, {"pool": 2}, {"flatten": True}, {"dense": 32}],
    "dense": [{"flatten": True}, {"dense": 64}],
}
DATA = DataSettings(
    source="fashion-mnist",
    training_rows=Selection(count=10_240),
    validation=Selection(count=10_000),
)


def main() -> None:
    print(f"{'network':<14}{'chosen by':<14}" + "".join(f"{f'{r} rows':>20}" for r in ROWS))
    for name, layers in NETWORKS.items():
        for monitor in ("val_accuracy", "val_loss"):
            every = [trained(layers, monitor, seed) for seed in range(SEEDS)]
            cells = [np.mean([g for e in every for g in gaps(e, rows)], axis=0) for rows in ROWS]
            shown = "".join(f"{100 * b:>+10.2f} ->{100 * left:>+7.2f}" for b, left in cells)
            print(f"{name:<14}{monitor[4:]:<14}{shown}", flush=True)


def trained(layers: list[dict[str, Any]], monitor: str, seed: int) -> Tried:
    """Which of the 10,000 rows each of 20 epochs is right on; other training rows for each seed."""
    dataset = load_dataset(DATA.model_copy(update={"seed": seed}), DataPaths.of())
    stopping = {"patience": 20, "restore_best": True, "monitor": monitor}
    settings = NetworkSettings(
        layers=layers, epochs=20, learning_rate=0.003, early_stopping=stopping
    )
    training, rows = dataset.training, dataset.validation
    with tempfile.TemporaryDirectory() as folder:
        job = FitJob(
            images=training.images,
            labels=training.labels,
            validation_images=rows.images,
            validation_labels=rows.labels,
            classes=10,
            seed=seed,
            threads=1,
            workspace=Path(folder),
            on_event=lambda _: None,
        )
        found = fit(settings, job).tried
    if found is None:
        raise RuntimeError("no epoch was chosen")
    return found


def gaps(tried: Tried, rows: int) -> list[tuple[float, float]]:
    """Of each draw the chosen epoch's accuracy less its true one, before and after correction; less
    what all epochs have in common, which is chance."""
    rng, true = np.random.default_rng(rows), tried.right.mean(axis=0)
    by = tried.right if tried.loss is None else -tried.loss.astype(np.float32)
    found = []
    for _ in range(DRAWS):
        drawn = rng.permutation(len(tried.right))[:rows]
        right = tried.right[drawn]
        best = int(by[drawn].mean(axis=0).argmax())
        above = right.mean(axis=0) - true
        before = float(above[best] - above.mean())
        choice = Choice(right, best, None if tried.loss is None else by[drawn])
        found.append((before, before - optimism(choice)))
    return found


if __name__ == "__main__":
    main()
