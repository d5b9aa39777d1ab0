"""`vestry init`: a study file to begin with, written for some images."""

from pathlib import Path

from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.errors import StudyError
from vestry.pipeline.tryout.candidates import candidates
from vestry.pipeline.tryout.draft import data_table, name_of, smaller_side, source_from, study_text
from vestry.storage.run_folder import write_text

_NAMES = ("Linear", "Forest", "SVM", "Small CNN", "CNN")
_EPOCHS = 15
_CLASSES_SHOWN = 9
_MORE = """# What may it cost, and what counts? Take the marks away where you need them.
# [decision]
# max_ms = 5.0            # for one image
# max_mb = 10.0
# min_accuracy = 0.9
# score = "balanced_accuracy"   # where classes are unlike in size
"""


def init_study(source: str, file: Path, places: DataPaths) -> Path:
    """Write a commented study for `source` to `file`.

    Raises StudyError where the file is there already, DataError where the images are not right.
    """
    if file.exists():
        raise StudyError(f"{file} is there already; name another file with --study")
    named = source_from(source, file.parent)
    dataset = load_dataset(DataSettings(source=source), places)
    shape, rows, side = dataset.training.image_shape, len(dataset.training), smaller_side(dataset)
    models, _ = candidates((side, side, *shape[2:]) if side else shape, rows)
    text = study_text(
        _comments(source, file, dataset.training.classes, rows, shape),
        f"Which model for {name_of(source)}?",
        "",
        data_table(named, side),
        _MORE,
        [each for each in models if each.name in _NAMES],
        _EPOCHS,
    )
    write_text(file, text)
    return file


def _comments(
    source: str, file: Path, classes: tuple[str, ...], rows: int, shape: tuple[int, ...]
) -> list[str]:
    more = ", ..." if len(classes) > _CLASSES_SHOWN else ""
    shown = " ".join(f"{', '.join(classes[:_CLASSES_SHOWN])}{more}".split())
    return [
        f"A study of {name_of(source)}: {len(classes)} classes ({shown}),",
        f"{rows:,} training images of {shape[0]} x {shape[1]} pixels (height x width).",
        f"Run it:  vestry run {file.name}",
        "Every key stands in docs/study.md; `vestry schema` prints them, too.",
    ]
