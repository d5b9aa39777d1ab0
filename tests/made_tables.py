"""Truths and predictions in files, as somebody brings them to `vestry judge`."""

import csv
from pathlib import Path

import numpy as np


class Tables:
    """Rows with planted labels, and models of a known kind beside them."""

    def __init__(self, folder: Path, rows: int, classes: int, absent: int = 0, seed: int = 0):
        self.folder, self.rows = folder, rows
        random = np.random.default_rng(seed)
        self.names = [f"class {number}" for number in range(classes)]
        self.labels = random.integers(0, classes - absent, rows)
        self.ids = [f"row-{number}" for number in range(rows)]
        self.splits = ["validation" if number % 2 else "test" for number in range(rows)]

    def truth(self, name="truth.csv", **columns):
        path = self.folder / name
        given = {
            "id": self.ids,
            "label": [self.names[label] for label in self.labels],
            "split": self.splits,
        } | columns
        write_csv(path, list(given), zip(*given.values(), strict=True))
        return path

    def probabilities(self, kind, seed=0):
        """(rows, classes) of a model that is `perfect`, `wrong`, `constant`, `uniform` or noisy."""
        count = len(self.names)
        match kind:
            case "perfect":
                return np.eye(count)[self.labels]
            case "wrong":
                return np.eye(count)[(self.labels + 1) % count]
            case "constant":
                return np.tile(np.eye(count)[0], (self.rows, 1))
            case "uniform":
                return np.full((self.rows, count), 1 / count)
            case "unsure":
                return 0.9 / count + 0.1 * np.eye(count)[self.labels]
        scores = np.random.default_rng(seed).standard_normal((self.rows, count))
        scores[np.arange(self.rows), self.labels] += 1.5
        odds = np.exp(2 * scores)
        return odds / odds.sum(axis=1, keepdims=True)

    def npz(self, name, values):
        path = self.folder / f"{name}.npz"
        np.savez(path, ids=np.array(self.ids), classes=np.array(self.names), probabilities=values)
        return path

    def csv(self, name, values):
        path = self.folder / f"{name}.csv"
        rows = [
            [row, *map(repr, each)] for row, each in zip(self.ids, values.tolist(), strict=True)
        ]
        write_csv(path, ["id", *self.names], rows)
        return path

    def label_csv(self, name, values):
        path = self.folder / f"{name}.csv"
        said = [self.names[label] for label in values.argmax(axis=1)]
        write_csv(path, ["id", "label"], zip(self.ids, said, strict=True))
        return path


def write_csv(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path
