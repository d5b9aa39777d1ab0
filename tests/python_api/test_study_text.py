"""A study, its text, and the study that is read from that are equal."""

from pathlib import Path

import pytest

from studies_at_hand import SEARCH_STUDY
from vestry.study.reader import read_study

STUDIES = sorted((Path(__file__).parents[2] / "studies").glob("*.toml"))


def check_there_and_back(study, path):
    path.write_text(study.to_toml())
    again = read_study(path).study
    assert again == study
    assert again.digest == study.digest


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_here(path, tmp_path):
    check_there_and_back(read_study(path).study, tmp_path / "again.toml")


@pytest.mark.parametrize(
    "training",
    [
        'optimizer = "sgd"\nmomentum = 0.9',
        "learning_rate = 1\nweight_decay = 0",
        "schedule = { cosine = true }\nearly_stopping = { patience = 2 }",
    ],
)
def test_a_search_with_defaults_of_training(training, tmp_path):
    path = tmp_path / "search.toml"
    path.write_text(SEARCH_STUDY.replace("[training]\n", f"[training]\n{training}\n"))
    check_there_and_back(read_study(path).study, path)


def test_early_stopping_of_a_search_keeps_what_it_goes_by(tmp_path):
    """A study that names no score watches the loss; its text must not name one for it."""
    path = tmp_path / "search.toml"
    stopping = "early_stopping = { patience = 2 }\nlearning_rate = { between = [1e-3, 1e-2]"
    path.write_text(SEARCH_STUDY.replace("learning_rate = { between = [1e-3, 1e-2]", stopping))
    study = read_study(path).study
    check_there_and_back(study, path)
    again = read_study(path).study.models[1]
    assert again.table["early_stopping"] == {"patience": 2}
