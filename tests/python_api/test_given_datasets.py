"""Data sets of Hugging Face's and torchvision's protocols, without either library."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB
from torch import from_numpy
from torch.utils.data import Dataset, TensorDataset

import vestry
from vestry.data.paths import DataPaths
from vestry.data.source import load_source
from vestry.errors import StudyError
from vestry.python_api import studies
from vestry.python_api.given_datasets import arrays_of_parts, is_dataset

pytestmark = pytest.mark.usefixtures("forked_workers")

PIXELS = load_digits().images[:240].astype(np.uint8) * 15
LABELS = load_digits().target[:240]
NAMES = [f"digit {number}" for number in range(10)]


class ClassLabel:
    names = NAMES


class HuggingFace:
    """As `datasets.Dataset`: rows are mappings, columns have features."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray, column: str = "image") -> None:
        self.rows = [
            {column: Image.fromarray(image), "label": int(label), "id": "x"}
            for image, label in zip(pixels, labels, strict=True)
        ]
        self.column_names = [column, "label", "id"]
        self.features = {column: object(), "label": ClassLabel(), "id": object()}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> dict[str, Any]:
        return self.rows[number]


class Torchvision(Dataset):
    """As `torchvision.datasets.ImageFolder`."""

    classes = NAMES

    def __init__(self, images: list[Any], labels: np.ndarray) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, number: int) -> tuple[Any, int]:
        return self.images[number], int(self.labels[number])


def pictures(pixels: np.ndarray) -> list[Image.Image]:
    return [Image.fromarray(image) for image in pixels]


COLUMNS = [HuggingFace(PIXELS[own], LABELS[own]) for own in (slice(180), slice(180, 240))]
PAIRS = [Torchvision(pictures(PIXELS[own]), LABELS[own]) for own in (slice(180), slice(180, 240))]
GIVEN = {
    "hugging face": COLUMNS,
    "several": [{"train": COLUMNS[0], "test": COLUMNS[1]}, None],
    "pictures": PAIRS,
}


@pytest.mark.parametrize("way", GIVEN)
def test_a_data_set_gives_the_run_that_its_arrays_give(way: str, tmp_path: Path) -> None:
    train, test = GIVEN[way]
    models = {"Bayes": GaussianNB()}
    more = {"data": {"validation": {"fraction": 0.25}}, "exploration": {"skip": True}}
    run = vestry.choose(train, None, models, test, out=tmp_path / "a", quiet=True, **more)
    names = np.array(NAMES)[LABELS]
    plain = vestry.choose(
        PIXELS[:180], names[:180], models, PIXELS[180:], names[180:],
        out=tmp_path / "b", quiet=True, **more,
    )  # fmt: skip
    assert run.results.data.fingerprint == plain.results.data.fingerprint
    assert run.results.data.classes == NAMES


STUDY = """title = "Bayes"
[data]
source = "digits"
validation = { fraction = 0.25 }
[exploration]
skip = true
[[model]]
name = "Bayes"
estimator = "sklearn.naive_bayes.GaussianNB"
"""


def test_a_study_runs_on_a_data_set_in_place_of_its_own_source(tmp_path: Path) -> None:
    (tmp_path / "bayes.toml").write_text(STUDY)
    parts = {"train": COLUMNS[0], "test": COLUMNS[1]}
    read = vestry.Study.model_validate(tomllib.loads(STUDY.replace("[[model]]", "[[member]]")))
    runs = [
        vestry.run(study, tmp_path / name, source=parts, cores=1, quiet=True)
        for study, name in ((tmp_path / "bayes.toml", "file"), (read, "object"))
    ]
    again = vestry.run(tmp_path / "bayes.toml", tmp_path / "file", source=parts, quiet=True)
    own = vestry.run(tmp_path / "bayes.toml", tmp_path / "own", cores=1, quiet=True)
    one, other = (run.results.data for run in runs)
    assert one.fingerprint == other.fingerprint == again.results.data.fingerprint
    assert one.splits["test"].rows == 60 and one.classes == NAMES
    assert own.results.data.fingerprint != one.fingerprint
    with pytest.raises(StudyError, match="labels"):
        vestry.run(tmp_path / "bayes.toml", tmp_path / "x", source=PIXELS)


@pytest.mark.parametrize("way", ["set", "arrays"])
def test_try_takes_a_data_set_or_arrays(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tried: list[Any] = []
    monkeypatch.setattr(studies, "try_source", lambda attempt, report: tried.append(attempt))
    monkeypatch.setattr(studies, "Run", lambda folder, data: folder)
    given, more = (COLUMNS[0], {}) if way == "set" else (PIXELS, {"labels": LABELS})
    assert vestry.try_(given, minutes=1, quiet=True, **more) == Path("runs/images")
    [attempt] = tried
    found = load_source(attempt.source, DataPaths.of(None, tmp_path)).train
    assert attempt.study == Path("images.toml")
    np.testing.assert_array_equal(found.images, PIXELS[: len(found)])
    with pytest.raises(StudyError, match="labels"):
        vestry.try_(PIXELS, quiet=True)


def test_tensors_with_channels_first_become_images() -> None:
    tensors = from_numpy(PIXELS[:, None].astype(np.float32) / 255)
    found = arrays_of_parts(TensorDataset(tensors, from_numpy(LABELS)))
    assert found["images"].shape == (240, 8, 8) and found["labels"].tolist() == LABELS.tolist()
    colour = from_numpy(np.repeat(PIXELS[:, None], 3, axis=1))
    assert arrays_of_parts(TensorDataset(colour, from_numpy(LABELS)))["images"].shape[3] == 3


def test_unlike_pictures_are_brought_to_one_size_and_it_is_said() -> None:
    images = pictures(PIXELS[:20])
    images[3] = images[3].resize((16, 9))
    images[4] = images[4].convert("RGB")
    with pytest.warns(UserWarning, match="1 of 20 images were resized to 8 x 8"):
        found = arrays_of_parts(Torchvision(images, LABELS[:20]))
    assert found["images"].shape == (20, 8, 8, 3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"train": COLUMNS[0], "extra": COLUMNS[1]}, "extra"),
        (HuggingFace(PIXELS[:5], LABELS[:5], column="photo"), "rename_column"),
        (HuggingFace(PIXELS[:0], LABELS[:0]), "no rows"),
        (TensorDataset(from_numpy(PIXELS)), "no .image, label."),
        (Torchvision(pictures(PIXELS[:5]), LABELS[:5] + 50), "class names"),
        (Torchvision([*PIXELS[:2], np.zeros((3, 3), np.uint8)], LABELS[:3]), "one array"),
    ],
)  # fmt: skip
def test_what_is_no_set_of_labelled_images_is_said(given: Any, words: str) -> None:
    assert is_dataset(given)
    with pytest.raises(StudyError, match=words):
        arrays_of_parts(given)


def test_arrays_paths_and_frames_are_no_data_sets() -> None:
    pandas = pytest.importorskip("pandas")
    for other in (PIXELS, "photos/", [[1]], pandas.DataFrame({"a": [1]}), {}, from_numpy(PIXELS)):
        assert not is_dataset(other)


def test_labels_beside_a_data_set_are_refused() -> None:
    with pytest.raises(StudyError, match="labels of its own"):
        vestry.choose(HuggingFace(PIXELS, LABELS), LABELS, {"A": GaussianNB()})


@pytest.mark.parametrize("library", ["datasets", "torchvision"])
def test_the_libraries_own(library: str) -> None:
    found = pytest.importorskip(library)
    if library == "datasets":
        rows = {"image": pictures(PIXELS[:20]), "label": LABELS[:20].tolist()}
        features = found.Features({"image": found.Image(), "label": found.ClassLabel(names=NAMES)})
        given = found.Dataset.from_dict(rows, features=features)
    else:
        given = found.datasets.FakeData(20, (3, 8, 8), 10)
    assert arrays_of_parts(given)["images"].shape[:3] == (20, 8, 8)
