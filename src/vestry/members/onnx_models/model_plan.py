"""What planning must know of a model file before any work: that it is there, and that it fits."""

from dataclasses import dataclass
from pathlib import Path

from vestry.errors import MemberError, did_you_mean
from vestry.members.model_paths import ModelPaths
from vestry.members.onnx_models.image_form import image_form
from vestry.members.onnx_models.kind import OnnxSettings
from vestry.members.onnx_models.model_file import ModelFile, read_model_file
from vestry.members.onnx_models.wrapped_graph import Wrapping


@dataclass(frozen=True)
class Planned:
    """The file, and what has to stand around it."""

    file: ModelFile
    wrapping: Wrapping


def plan(
    settings: OnnxSettings,
    places: ModelPaths,
    image_shape: tuple[int, ...],
    classes: tuple[str, ...],
) -> Planned:
    """Read the file that `settings` name, and settle what it takes and gives.

    places: `path` finds it from the study's folder. Raises MemberError, saying how to go on, where
    it is missing, unsafe, another than it was, or does not fit these images and classes.
    """
    path = places.path(settings.onnx)
    if not path.is_file():
        raise MemberError(f"onnx = {settings.onnx!r}: there is no file {path}{_near(path)}")
    file = read_model_file(path, len(classes))
    if settings.sha256 not in (None, file.sha256):
        raise MemberError(
            f"{path} has the SHA-256 {file.sha256}, not {settings.sha256}: it is another file"
        )
    wrapping = Wrapping(
        image_form(file, settings.input, image_shape),
        image_shape,
        len(classes),
        settings.output == "logits",
        _column_order(file, settings, classes),
    )
    return Planned(file, wrapping)


def _near(path: Path) -> str:
    beside = [found.name for found in path.parent.glob("*.onnx")]
    return did_you_mean(path.name, beside)


def _column_order(
    file: ModelFile, settings: OnnxSettings, classes: tuple[str, ...]
) -> tuple[int, ...] | None:
    """For each class the file's column; by `classes`, else by names that the file holds."""
    names = tuple(settings.classes or file.names or classes)
    if sorted(names) != sorted(classes):
        whose = "classes" if settings.classes else f"{file.path} names classes that"
        strange = ", ".join(repr(name) for name in names if name not in classes)
        missing = ", ".join(repr(name) for name in classes if name not in names)
        said = " and ".join(
            filter(None, (strange and f"{strange} too many", missing and f"{missing} missing"))
        )
        how = "" if settings.classes else "; say classes = [...], the data's in its own order"
        raise MemberError(f"{whose} are not the data's: {said}{how}")
    return None if names == classes else tuple(names.index(name) for name in classes)
