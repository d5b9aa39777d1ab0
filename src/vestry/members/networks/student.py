"""What a student's card and notes say of its teacher."""

from typing import Any

from vestry.errors import MemberError
from vestry.members.kind import FitJob, Teacher
from vestry.members.networks.distillation import TEACHER_FILE
from vestry.members.networks.settings import TrainingSettings

_TARGETS = {
    "out_of_fold": "out-of-fold: each row's by models of it that had not learnt from the row",
    "in_sample": "in-sample: it had learnt from the same rows, so that it is surer of them than of "
    "new ones",
    "augmented": "of the images as they are altered for its student, up to {copies} alterations of "
    "each; it had learnt from the same rows",
}
_FILE = (
    "asked as it is: which rows that file has learnt from is not known here, and where validation "
    "or test rows are among them, its student's figures are too good"
)


def check_taught(settings: TrainingSettings, job: FitJob) -> None:
    """Raise MemberError where there is no teacher to ask."""
    if settings.teacher is not None and job.teacher is None:
        raise MemberError(
            f"its teacher, {settings.teacher}, is not at hand: a student is fitted in a study, "
            "outside of a search"
        )


def taught_card(settings: TrainingSettings, teacher: Teacher) -> dict[str, Any]:
    """The teacher and how it taught, JSON-able."""
    said = settings.distilled
    facts = {**teacher.facts, "temperature": said.temperature, "mix": said.mix}
    return facts | ({"copies": said.copies} if teacher.table is None else {})


def taught_words(settings: TrainingSettings, teacher: Teacher) -> str:
    """A sentence for its notes."""
    said = settings.distilled
    how = _TARGETS[teacher.facts["targets"]].format(copies=said.copies)
    if teacher.facts["name"].startswith(TEACHER_FILE):
        how = _FILE
    rest = "" if said.mix == 1 else f", labels have the other {1 - said.mix:.0%}"
    return (
        f"It is a student of {teacher.facts['name']}: it learnt the probabilities that its teacher "
        f"gave to training rows (temperature {said.temperature:g}{rest}), {how}."
    )
