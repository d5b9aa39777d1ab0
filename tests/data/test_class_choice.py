"""Some classes of a source, in the study's order."""

from pathlib import Path

import numpy as np
import pytest
from made_files import nowhere
from pydantic import ValidationError

from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.data.sources import digits
from vestry.errors import StudyError


def settings(**values: object) -> DataSettings:
    return DataSettings.model_validate({"source": "digits"} | values)


def test_labels_follow_the_order_of_the_names(tmp_path: Path) -> None:
    dataset = load_dataset(
        settings(classes=["7", "3"], validation={"fraction": 0.2}), nowhere(tmp_path)
    )
    known = dict(zip(digits.load().train.ids.tolist(), digits.load().train.labels, strict=True))
    for rows in (dataset.training, dataset.validation, dataset.test.unsealed()):
        assert rows.classes == ("7", "3")
        truth = np.array([known[name] for name in rows.ids.tolist()])
        assert np.array_equal(rows.labels, np.where(truth == 7, 0, 1))
    assert sum(dataset.provenance.rows.values()) == sum(label in (3, 7) for label in known.values())
    assert "only 2 of 10 classes, 7, 3: 362 of 1,797 training rows" in dataset.provenance.notes


def test_both_parts_of_a_source_are_chosen_from(published: Path, tmp_path: Path) -> None:
    places = DataPaths(published.parent, tmp_path, tmp_path, ())
    names = ["Coat", "Shirt", "Bag"]
    dataset = load_dataset(settings(source="fashion-mnist", classes=names), places)
    assert dataset.provenance.rows == {"training": 14_400, "validation": 3_600, "test": 3_000}
    assert dataset.test.class_counts().tolist() == [1000, 1000, 1000]
    note = dataset.provenance.notes[-1]
    assert note.endswith("18,000 of 60,000 training rows and 3,000 of 10,000 test rows")


def test_an_unknown_class_is_an_error_with_the_nearest_name(
    published: Path, tmp_path: Path
) -> None:
    places = DataPaths(published.parent, tmp_path, tmp_path, ())
    with pytest.raises(StudyError, match=r"no class 'Shirts'; did you mean `Shirt`\?"):
        load_dataset(settings(source="fashion-mnist", classes=["Coat", "Shirts"]), places)


@pytest.mark.parametrize(
    ("names", "words"), [(["3"], "at least 2"), (["3", "4", "3"], "'3' is named 2 times")]
)
def test_too_few_and_repeated_names_are_refused(names: list[str], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(classes=names)
    assert words in str(caught.value)
