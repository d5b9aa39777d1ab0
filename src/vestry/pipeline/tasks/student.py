"""A student's task: its teacher's answers, from what the teacher's own tasks left, and its fit.

A teacher never knows more than its student may: that is checked here by the rows that each of the
teacher's fits has learnt from, whatever the description says.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.committees.rule import RULES
from vestry.data.image_set import ImageSet
from vestry.engine.task import OnEvent
from vestry.errors import MemberError
from vestry.members.kind import Teacher
from vestry.members.kinds import kind_named
from vestry.pipeline.tasks.fit import fit_model, parts_of
from vestry.pipeline.tasks.stored_models import Predict, predict_beside
from vestry.predictions.table import ProbabilityTable, load_table
from vestry.storage.file_sums import MANIFEST
from vestry.storage.run_folder import read_json

_Proba = NDArray[np.float32]
_FACTS = ("name", "members", "targets")


def fit_student(
    description: dict[str, Any],
    context: dict[str, Any],
    folder: Path,
    workspace: Path,
    on_event: OnEvent,
) -> None:
    """As `fit_model`; raises MemberError where the teacher's model was not stored, or has learnt
    from rows that its student does not get."""
    lesson = _Lesson(description["teacher"], folder.parent, description["threads"], on_event)
    fit_model(description, context, folder, workspace, on_event, lesson.teacher)


class _Lesson:
    """said: the description's `teacher`. tasks: the folder in which all tasks have theirs."""

    def __init__(self, said: dict[str, Any], tasks: Path, threads: int, on_event: OnEvent) -> None:
        self.said = said
        self.tasks = tasks
        self.threads = threads
        self.on_event = on_event

    def teacher(self, whole: ImageSet, own: ImageSet) -> Teacher:
        """whole: all training rows of the study. own: those that the student's fit gets."""
        facts = {key: self.said[key] for key in _FACTS}
        self.on_event({"event": "stage", "text": f"its teacher, {self.said['name']}, answers"})
        for key in (key for fits in self.said["fits"] for key in fits):
            self.check(key, whole, own)
        if self.said["targets"] == "augmented":
            return Teacher(facts, ask=self.asked())
        if self.said["targets"] == "in_sample":
            return Teacher(facts, table=self.asked()(own.images))
        answers = [self.unseen(fits, whole, own) for fits in self.said["fits"]]
        return Teacher(facts, table=self.together(answers))

    def check(self, key: str, whole: ImageSet, own: ImageSet) -> None:
        """Raise MemberError where that fit of the teacher has learnt from other rows than the
        student may: those that one of them is judged by."""
        task = read_json(self.tasks / key / MANIFEST)["task"]
        if kind_named(task["member"]["kind"]).is_finished:
            return
        learnt, _ = parts_of(whole, task.get("part"))
        if task["member"].get("refit") or not np.isin(learnt.ids, own.ids).all():
            raise MemberError(
                f"its teacher, {self.said['name']}, has learnt from rows that it is judged by"
            )

    def asked(self) -> Callable[[NDArray[np.uint8]], _Proba]:
        """The teacher's probabilities of any images."""
        asked = [predict_beside(self.tasks / key, self.threads) for (key,) in self.said["fits"]]
        return lambda images: self.together([predict(images) for predict in asked])

    def unseen(self, fits: Sequence[str], whole: ImageSet, own: ImageSet) -> _Proba:
        """A member's probabilities of the student's rows, each by a fit that has not learnt from
        it; by the model itself where it learns nothing here."""
        if not (self.tasks / fits[0] / "held_out.npz").is_file():
            predict: Predict = predict_beside(self.tasks / fits[0], self.threads)
            return predict(own.images)
        tables = [self.held_out(key, whole) for key in fits]
        places = {name: row for row, name in enumerate(np.concatenate([t.ids for t in tables]))}
        values = np.concatenate([table.probabilities for table in tables])
        return values[[places[name] for name in own.ids.tolist()]]

    def held_out(self, key: str, whole: ImageSet) -> ProbabilityTable:
        table = load_table(self.tasks / key / "held_out.npz")
        learnt, _ = parts_of(whole, read_json(self.tasks / key / MANIFEST)["task"]["part"])
        if np.isin(table.ids, learnt.ids).any():
            raise MemberError(f"its teacher, {self.said['name']}, answers rows that it learnt from")
        return table

    def together(self, answers: Sequence[_Proba]) -> _Proba:
        """One member's answers as they are, several by the committee's rule."""
        if self.said["rule"] is None:
            return answers[0]
        rule = RULES[self.said["rule"]](**self.said["options"])
        return rule.combine(np.stack(answers).astype(np.float64)).astype(np.float32)
