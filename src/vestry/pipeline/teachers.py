"""Who teaches a student, and which of the teacher's fits each of the student's fits waits for.

A teacher's fit learns from no row that its student's fit does not get: in a fold, from that fold's
own rows alone. Out-of-fold answers in a fold are those of folds of that fold's rows, since a model
of another of the study's folds has learnt from the rows that this one holds out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Protocol

from vestry.data.folds import StudyFolds
from vestry.data.subset import Fold, NestedFold, Subset
from vestry.engine.task import Task
from vestry.members.kinds import KINDS
from vestry.members.networks.distillation import TEACHER_FILE, Targets
from vestry.pipeline.tasks.code_key import code_key
from vestry.study.entries import ModelEntry, entry_type
from vestry.study.settings import Study
from vestry.study.teachers import named_teachers, teacher_of

_STUDENT = "vestry.pipeline.tasks.student:fit_student"
_CODE = ("committees", "pipeline.tasks.student", "pipeline.tasks.stored_models")
_FOLDS = 5
"""Of the rows that a student's fit gets, where the study has none of its own."""


@dataclass(frozen=True)
class Lesson:
    """function: of the task. said: what its description has beside the rest. needs: the teacher's
    tasks."""

    function: str | None = None
    said: dict[str, Any] = field(default_factory=dict)
    needs: tuple[Task, ...] = ()

    def of(self, task: Task) -> Task:
        """The fit with what it needs; what lies here, the machine that asks alone can read."""
        if not self.needs:
            return task
        return replace(task, needs=self.needs, here=task.here or "it reads what its teacher says")


class _Fits(Protocol):
    """What makes tasks of models: the planner."""

    def fit(
        self, entry: ModelEntry, threads: int, seed: int, part: Subset | None = None
    ) -> Task: ...

    def threads_for(self, entry: ModelEntry) -> int: ...

    def study_folds(
        self, entry: ModelEntry, threads: int, in_folds: Sequence[ModelEntry]
    ) -> dict[int, list[Task]]: ...

    def finals(
        self, entry: ModelEntry, threads: int, chosen_by: Mapping[int, Sequence[Task]]
    ) -> dict[int, Task]: ...

    def describe(self, entry: ModelEntry) -> str: ...


@dataclass(frozen=True)
class Teachers:
    """Of one study. folds: where it chooses by these."""

    study: Study
    folds: StudyFolds | None
    planner: _Fits

    def entries(self, entry: ModelEntry) -> list[ModelEntry]:
        """The models that answer as its teacher: several of a committee."""
        name = str(teacher_of(entry))
        if name.startswith(TEACHER_FILE):
            path = name.removeprefix(TEACHER_FILE)
            return [_file_entry(f"teacher of {entry.name}", path)]
        models = {each.name: each for each in self.study.models if isinstance(each, ModelEntry)}
        return [models[each] for each in named_teachers(self.study, name)]

    def words(self, entry: ModelEntry) -> str:
        """ ", student of Committee"; nothing of a model without a teacher. Raises what planning
        finds wrong with the teacher, such as a file of other classes."""
        if (name := teacher_of(entry)) is None:
            return ""
        for each in self.entries(entry):
            self.planner.describe(each)
        return f", student of {name}"

    def targets(self, entry: ModelEntry) -> Targets:
        asked: Targets | None = entry.distilled.targets  # type: ignore[attr-defined]
        if asked is not None:
            return asked
        if self.folds is not None and not self.folds.tests:
            return "out_of_fold"
        return "augmented" if getattr(entry, "augmentation", None) else "in_sample"

    def waits(self, entry: ModelEntry, seed: int) -> bool:
        """Whether its fit on all rows waits for folds that find for how many epochs its teacher is
        trained."""
        if teacher_of(entry) is None:
            return False
        return any(self._fits(each, entry, seed, None) is None for each in self.entries(entry))

    def lesson(self, entry: ModelEntry, seed: int, part: Subset | None) -> Lesson:
        """For a fit on `part` of the training rows, which waits for its teacher's and is another
        one where these are. Of a model that teaches itself: in a fold, too, it is then stored."""
        kept = {"stored": True} if part is not None and self._is_asked(entry) else {}
        if (name := teacher_of(entry)) is None:
            return Lesson(said=kept)
        entries = self.entries(entry)
        fits = [self._fits(each, entry, seed, part) or () for each in entries]
        own = next((each for each in self.study.committee if each.name == name), None)
        said = {
            "name": name,
            "members": [each.name for each in entries] if own else [],
            "targets": self.targets(entry),
            "fits": [[fit.folder.name for fit in each] for each in fits],
            "rule": own and own.rule,
            "options": own.options if own else {},
            "code": code_key(*_CODE),
        }
        return Lesson(_STUDENT, {"teacher": said} | kept, tuple(chain.from_iterable(fits)))

    def _is_asked(self, entry: ModelEntry) -> bool:
        """Whether students ask the model itself, so that tables are not enough."""
        students = (each for each in self.study.models if isinstance(each, ModelEntry))
        asking = [e for e in students if teacher_of(e) and self.targets(e) != "out_of_fold"]
        return any(entry.name in named_teachers(self.study, str(teacher_of(e))) for e in asking)

    def _fits(
        self, teacher: ModelEntry, entry: ModelEntry, seed: int, part: Subset | None
    ) -> Sequence[Task] | None:
        seed = seed if seed in teacher.seeds else teacher.seeds[0]
        threads = self.planner.threads_for(teacher)
        if teacher.model_kind.is_finished:
            return [self.planner.fit(teacher, threads, seed)]
        if self.targets(entry) == "out_of_fold":
            parts = self._parts(part)
            fits = [self.planner.fit(teacher, threads, seed, each) for each in parts]
            named = part is not None or self.folds is None
            return [_named(fit, teacher, n) for n, fit in enumerate(fits, 1)] if named else fits
        if part is not None:
            return [self.planner.fit(teacher, threads, seed, part)]
        folds = self.planner.study_folds(teacher, threads, ())
        final = self.planner.finals(teacher, threads, folds).get(seed)
        return [final] if final else None

    def _parts(self, part: Subset | None) -> Sequence[Subset]:
        """Folds of the rows of `part`, of which each is answered once."""
        if part is None and self.folds is not None:
            return self.folds.parts()[: self.folds.settings.folds]
        count = self.folds.settings.folds if self.folds else _FOLDS
        seed = self.folds.seed if self.folds else 0
        own = [Fold(number=n, of=count, stratified=True, seed=seed) for n in range(1, count + 1)]
        return own if part is None else [NestedFold(outer=part, inner=fold) for fold in own]


def _named(fit: Task, teacher: ModelEntry, number: int) -> Task:
    """What people read of a fit that nobody but students waits for."""
    key = fit.folder.name[:4]
    group = f"{teacher.name} as a teacher"
    return replace(fit, name=f"{group}, {number} ({key})", group=group)


def _file_entry(name: str, path: str) -> ModelEntry:
    made: dict[str, Any] = {"name": name, "onnx": path}
    return entry_type(KINDS["onnx"])(**made)
