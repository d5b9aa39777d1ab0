"""How many cores each fit of a study gets: one alone all, several of one model a part each."""

from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.pipeline.planned_model import cores_each
from vestry.pipeline.planner import Planner
from vestry.storage.run_folder import RunFolder
from vestry.study.reader import read_study

DATA = '[data]\nsource = "digits"\ntraining_rows = { count = 300 }\n'
ASIDE = "validation = { fraction = 0.2 }\n"
CONV = "{ conv = 64, kernel = 3 }"
WIDE = f"layers = [{CONV}, {CONV}, {{ flatten = true }}]\nbatch_size = 128\n"
SMALL = "layers = [{ flatten = true }]\n"
FOREST = 'estimator = "sklearn.ensemble.RandomForestClassifier"\n'


def cores_of_fits(folder: Path, cores: int, data: str, model: str) -> list[int]:
    """Of all fits of a study of one model."""
    path = folder / "study.toml"
    path.write_text(f'title = "t"\n{data}[[model]]\nname = "m"\n{model}')
    study, places = read_study(path).study, DataPaths.of(base=folder)
    dataset = load_dataset(study.data, places)
    (planned,) = Planner(study, dataset, places, RunFolder(folder / "run"), cores).models({})
    return [task.cores for task in planned.fits]


@pytest.mark.parametrize(
    ("cores", "data", "model", "expected"),
    [
        (2, DATA + ASIDE, WIDE, [2]),
        (2, DATA + ASIDE, WIDE + "seeds = [0, 1]\n", [1, 1]),
        (2, DATA + ASIDE, WIDE + "seeds = [0, 1, 2]\n", [2, 2, 2]),  # the third would be alone
        (16, DATA + ASIDE, WIDE + "seeds = [0, 1, 2]\n", [5, 5, 5]),
        (16, DATA + ASIDE, WIDE, [8]),  # more it would not use well
        (16, DATA + ASIDE, SMALL + "seeds = [0, 1]\n", [1, 1]),
        (2, DATA, WIDE, [1] * 6),  # five folds, and all rows
        (16, DATA, WIDE, [2] * 6),
        (16, DATA, WIDE + "threads = 4\n", [4] * 6),
        (2, DATA, FOREST, [1] * 6),
        (2, DATA, FOREST + "threads = 2\n", [2] * 6),
        (2, "reproducible = true\n" + DATA + ASIDE, WIDE, [1]),
    ],
)
def test_fits_of_one_model_share_the_cores(
    tmp_path: Path, cores: int, data: str, model: str, expected: list[int]
) -> None:
    assert cores_of_fits(tmp_path, cores, data, model) == expected


@given(st.integers(1, 40), st.integers(1, 64))
def test_no_other_share_would_be_done_sooner(fits: int, cores: int) -> None:
    """Of fits that are half as fast again on two cores, and so on."""

    def rounds(each: int) -> float:
        return ceil(fits / (cores // each)) / each**0.6

    each = cores_each(fits, cores)
    assert 1 <= each <= cores
    assert rounds(each) <= min(rounds(other) for other in range(1, cores + 1))
    assert cores_each(1, cores) == cores
