"""What was said of rows, asked by ids and nothing else."""

import numpy as np
import pytest

from made_tables import write_csv
from vestry.errors import DataError, MemberError
from vestry.members.given_predictions.given_model import fit, load
from vestry.members.given_predictions.kind import SEED, PredictionsSettings
from vestry.members.kind import FitJob
from vestry.members.model_paths import ModelPaths

IDS = {"validation": np.array(["v1", "v2"]), "test": np.array(["t1"])}


def job(tmp_path, training=("a", "b"), seed=0):
    images = np.zeros((2, 4, 4), np.uint8)
    labels = np.array([0, 1])
    paths = ModelPaths(tmp_path, (), (), tmp_path)
    return FitJob(
        *(images, labels, images, labels, 2, seed, 1, tmp_path, print, paths),
        ids=np.array(training),
        class_names=("x", "y"),
        asked=IDS,
    )


def fitted(tmp_path, rows, **how):
    write_csv(tmp_path / "said-0.csv", ["id", "y", "x"], rows)
    settings = PredictionsSettings(predictions=f"said-{SEED}.csv")
    return fit(settings, job(tmp_path, **how))


ROWS = [["t1", 0.25, 0.75], ["v2", 1, 0], ["v1", 0, 1]]


def test_rows_and_columns_are_put_in_order(tmp_path):
    model = fitted(tmp_path, ROWS)
    assert model.proba_of(IDS["validation"]).tolist() == [[1, 0], [0, 1]]
    assert model.proba_of(IDS["test"]).tolist() == [[0.75, 0.25]]
    assert model.held_out_proba() is None and not model.only_labels
    with pytest.raises(MemberError, match="only its predictions"):
        model.predict_proba(np.zeros((1, 4, 4), np.uint8))
    with pytest.raises(MemberError, match="only its predictions"):
        load(tmp_path, model.card())


def test_a_study_that_chooses_by_folds_needs_out_of_fold_rows_and_says_so(tmp_path):
    card = fitted(tmp_path, ROWS, training=("v1", "v2")).card()
    assert "out-of-fold predictions" in " ".join(card["warnings"])
    assert "out-of-fold" not in " ".join(fitted(tmp_path, ROWS).card()["warnings"])


def test_another_seed_is_another_file(tmp_path):
    fitted(tmp_path, ROWS)
    with pytest.raises(DataError, match=r"said-1\.csv"):
        fit(PredictionsSettings(predictions="said-{seed}.csv"), job(tmp_path, seed=1))
