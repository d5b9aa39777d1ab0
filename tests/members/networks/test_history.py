import csv
import io

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss, precision_score, recall_score

from vestry.members.networks.checkpoint import COLUMNS, figures, to_csv


def test_figures_are_scikit_learns():
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.full(6, 0.5), 500).astype(np.float32)
    labels = random.integers(0, 5, 500)  # class 5 never occurs
    found = figures(torch.from_numpy(probabilities).log(), torch.from_numpy(labels))
    predicted = probabilities.argmax(1)
    assert found["accuracy"] == accuracy_score(labels, predicted)
    assert found["loss"] == pytest.approx(
        log_loss(labels, probabilities, labels=range(6)), rel=1e-5
    )
    for name, score in (("precision", precision_score), ("recall", recall_score)):
        expected = score(labels, predicted, labels=range(6), average="macro", zero_division=0)
        assert found[f"{name}_macro"] == pytest.approx(expected)
        one_hot = np.eye(6)[labels]
        expected = score(one_hot, probabilities > 0.5, average="micro")
        assert found[f"{name}_micro_at_half"] == pytest.approx(expected)


def test_csv_leaves_what_is_not_known_empty():
    row = dict.fromkeys(COLUMNS[:4], 1) | {"train_loss": 0.5}
    (read,) = csv.DictReader(io.StringIO(to_csv([row])))
    assert tuple(read) == COLUMNS
    assert read["train_loss"] == "0.5"
    assert read["validation_loss"] == ""
