"""What a kind of model is: a declaration without heavy imports, and what stands behind it.

A kind says everything about itself in one `ModelKind`, in a module of its own folder. The module
that it names as `implementation` offers `fit(settings, job)` and `load(folder, card)`, both giving
a `FittedModel`. Every kind passes the same contract test.
"""

import importlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from vestry.data.paths import Progress
from vestry.members.model_paths import ModelPaths
from vestry.predictions.table import Split
from vestry.storage.tried import Tried

WHOLE_MODEL = "model.onnx"
"""The file of a model that is stored as one graph, from raw images to probabilities."""


@dataclass(frozen=True)
class Teacher:
    """What a student learns from beside labels, of the rows that its fit gets.

    table: (n, classes) float32 probabilities of the training rows as they are, aside: of the
    validation rows where these may be learnt from; None where `ask` is asked about altered images.
    facts: who it is, for the card.
    """

    facts: Mapping[str, Any]
    table: NDArray[np.float32] | None = None
    aside: NDArray[np.float32] | None = None
    ask: Callable[[NDArray[np.uint8]], NDArray[np.float32]] | None = None

    def parted(self, learnt: NDArray[np.int64], aside: NDArray[np.int64]) -> "Teacher":
        """Of rows of which some are set aside for validation."""
        if self.table is None:
            return self
        return replace(self, table=self.table[learnt], aside=self.table[aside])

    def whole(self) -> "Teacher":
        """Of all rows, where those for validation are learnt from, too."""
        if self.table is None or self.aside is None:
            return self
        return replace(self, table=np.concatenate([self.table, self.aside]), aside=None)


@dataclass(frozen=True)
class FitJob:
    """Everything that fitting may see, and where it may write.

    images, labels: the training rows, (n, height, width[, 3]) uint8 and (n,) int64.
    validation_images, validation_labels: rows for early stopping and temperature.
    workspace: a folder for checkpoints that survives a kill.
    on_event: takes progress events, JSON-able.
    fewer_threads: whether fewer than `threads` may be taken where they are faster now.
    reproducible: whether nothing that its numbers hang on may be decided by a clock.
    paths: where weights and model files are looked for; None for this machine's own places.
    ids: the first training rows' ids, for what is said of single images; None where nobody asks.
    class_names: in label order, for a model that may have them in another; None where nobody asks.
    asked: the ids of the rows that it will be asked about, by split; without their labels.
    may_learn_all: whether the validation rows are there to be learnt from, too, by what needs none
    or needs them no longer: they are set aside of a fold's own rows. epochs: how many a network is
    trained for where folds have found that; it then stops by no validation rows. teacher: of a
    network that is a student.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    validation_images: NDArray[np.uint8]
    validation_labels: NDArray[np.int64]
    classes: int
    seed: int
    threads: int
    workspace: Path
    on_event: Callable[[dict[str, Any]], None]
    paths: ModelPaths | None = None
    ids: NDArray[np.str_] | None = None
    class_names: tuple[str, ...] | None = None
    fewer_threads: bool = False
    reproducible: bool = False
    asked: Mapping[Split, NDArray[np.str_]] = field(default_factory=dict)
    may_learn_all: bool = False
    epochs: int | None = None
    teacher: Teacher | None = None

    def whole(self) -> "FitJob":
        """The job with all its rows to learn from, and none for validation."""
        return replace(
            self,
            images=np.concatenate([self.images, self.validation_images]),
            labels=np.concatenate([self.labels, self.validation_labels]),
            validation_images=self.validation_images[:0],
            validation_labels=self.validation_labels[:0],
            may_learn_all=False,
            teacher=self.teacher and self.teacher.whole(),
        )


class FittedModel(Protocol):
    """A model that raw images go into and probabilities come out of."""

    def predict_proba(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, classes) probabilities of raw images; rows sum to 1."""
        ...

    def held_out_proba(self) -> NDArray[np.float32] | None:
        """Validation probabilities by a model that had not seen those rows.

        None where the model itself has not seen them, so that `predict_proba` serves.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write the model's files (never a pickle) into `folder`, made where it is not there."""
        ...

    def card(self) -> dict[str, Any]:
        """What a reader and `load` must know, JSON-able."""
        ...


class AnswersById(Protocol):
    """What a model of a kind that `is_by_id` has beside the rest. only_labels: it gave no
    probabilities, and what it gives are 0 and 1."""

    only_labels: bool

    def proba_of(self, ids: NDArray[np.str_]) -> NDArray[np.float32]:
        """(n, classes) probabilities of the rows of one split; MemberError for other rows."""
        ...


@runtime_checkable
class EarlyStopped(Protocol):
    """A fitted model that was chosen among its epochs by the validation rows."""

    @property
    def tried(self) -> Tried | None:
        """The epochs; None where none was chosen, or where that is no longer known."""
        ...


class Implementation(Protocol):
    """The two functions that the module behind a kind offers."""

    def fit(self, settings: Any, job: FitJob) -> FittedModel: ...

    def load(self, folder: Path, card: dict[str, Any]) -> FittedModel: ...


@dataclass(frozen=True)
class PlanContext:
    """What a model is planned for: the study's images and classes, and where files are looked for.

    image_shape: (height, width[, 3]). on_progress: told of downloads.
    """

    image_shape: tuple[int, ...]
    classes: tuple[str, ...]
    paths: ModelPaths
    on_progress: Progress | None = None


class Plan:
    """What is settled of a kind's models before any work, once a study; nothing heavy is imported.

    Every method raises a VestryError, saying how to go on, where the model cannot be made.
    """

    def __init__(self, context: PlanContext) -> None:
        self.context = context

    def describe(self, settings: Any) -> str:
        """What the model is, in a line."""
        raise NotImplementedError

    def threads_for(self, settings: Any) -> int:  # noqa: ARG002 - for others to use
        """How many cores it uses well."""
        return 1

    def gains_beside_others(self, settings: Any) -> bool:  # noqa: ARG002 - for others to use
        """Whether several fits are done sooner beside each other than one after the other on all
        cores."""
        return False

    def settled(self, settings: Any) -> Any:
        """The settings that it is fitted with: with what was found out filled in."""
        return settings

    def stops_early(self, settings: Any) -> bool:  # noqa: ARG002 - for others to use
        """Whether validation rows decide for how many epochs it is trained."""
        return False

    def memory(self, settings: Any, rows: int) -> int:  # noqa: ARG002 - for others to use
        """Bytes that a fit on so many rows takes at least beside the images; 0 where it takes them
        a part at a time."""
        return 0

    def fits_here(self, settings: Any) -> bool:  # noqa: ARG002 - for others to use
        """Whether this process alone can fit it, since it was handed over here."""
        return False

    def identity(self, settings: Any) -> str | None:  # noqa: ARG002 - for others to use
        """Text that changes with what a fit starts from beside its settings; None for nothing."""
        return None


@dataclass(frozen=True)
class ModelKind:
    """All that the rest of Vestry has to know of a kind of model.

    name: the key of a `[[model]]` that says that it is of this kind, a field of its settings.
    settings: what a study file says of such a model; one that has a `kind`, which is the name.
    implementation: the module with `fit` and `load`, imported where they are called only.
    plan: what is settled before any work.
    words: what the page calls such a model.
    libraries: distributions that fit it, whose versions are part of a fit's identity.
    graph: "module:function", called as `function(graph, folder, card)`, which adds a stored model
    to an ONNX graph and gives the name of its probabilities; None where it is stored as ONNX.
    inputs: files of the user's that it is made from, by its table; none may be written over.
    imports: import paths of other packages that a table names.
    files: a pattern for names of its files, beside `model.onnx` and `weights.safetensors`.
    is_trained: in epochs, by the trainer for which `[training]` has defaults, and which may take
    fewer cores than it gets. training_keys: by its table, the keys that say how such a model is
    trained; None for whatever its settings have.
    is_finished: nothing is fitted, so that neither seeds nor a search mean anything.
    tied: by its table, why such a model can be made on this machine alone, as where it is made of
    files that lie here; empty where any machine will do.
    is_by_id: its answers are known, and it cannot be asked about images: it `AnswersById`. It may
    have a file for each seed, though it is finished.
    """

    name: str
    settings: type[BaseModel]
    implementation: str
    plan: Callable[[PlanContext], Plan]
    words: str
    libraries: tuple[str, ...] = ()
    graph: str | None = None
    inputs: Callable[[Mapping[str, Any], ModelPaths], Iterable[Path]] = lambda *_: ()
    imports: Callable[[Mapping[str, Any]], Iterable[str]] = lambda _: ()
    files: str | None = None
    is_trained: bool = False
    training_keys: Callable[[Mapping[str, Any]], Collection[str]] | None = None
    is_finished: bool = False
    is_by_id: bool = False
    tied: Callable[[Mapping[str, Any]], str] = lambda _: ""

    def trained_by(self, table: Mapping[str, Any]) -> Collection[str]:
        """The keys that say how the model of this table is trained."""
        return (
            self.settings.model_fields if self.training_keys is None else self.training_keys(table)
        )

    def load_graph(self) -> Callable[[Any, Path, dict[str, Any]], str] | None:
        """`graph`, imported; None where there is none."""
        if self.graph is None:
            return None
        module, _, function = self.graph.partition(":")
        return cast(
            Callable[[Any, Path, dict[str, Any]], str],
            getattr(importlib.import_module(module), function),
        )

    def load_implementation(self) -> Implementation:
        return cast(Implementation, importlib.import_module(self.implementation))
