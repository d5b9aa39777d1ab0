"""The kind `predictions`: a model of any framework, of which its answers alone are at hand."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vestry.errors import MemberError
from vestry.members.kind import ModelKind, Plan, PlanContext
from vestry.members.model_paths import ModelPaths
from vestry.predictions.given import FORMS, GIVEN_KIND, GivenPredictions, read_given, several

SEED = "{seed}"


class PredictionsSettings(BaseModel):
    """What a model said of the study's validation and test images, in a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["predictions"] = "predictions"
    predictions: str = Field(
        description="path of a .csv or .npz file, from the study's folder; with `{seed}` in it, a "
        "file for each of `seeds`"
    )

    @field_validator("predictions")
    @classmethod
    def is_table(cls, text: str) -> str:
        if Path(text).suffix.lower() not in (".csv", ".npz"):
            raise ValueError(f"{text!r}: predictions are {FORMS}")
        return text

    def file(self, seed: int, paths: ModelPaths) -> Path:
        return paths.path(self.predictions.replace(SEED, str(seed)))


class _PredictionsPlan(Plan):
    """Files are read before any work; whether they fit the rows is found when they are matched."""

    def __init__(self, context: PlanContext) -> None:
        super().__init__(context)
        self.read: dict[Path, GivenPredictions] = {}

    def describe(self, settings: Any) -> str:
        """settings: the entry, which has `seeds` among its keys."""
        found = [self.given(path) for path in self.files(settings)]
        what = "labels" if found[0].probabilities is None else "probabilities"
        count = f", {len(found)} seeds" if len(found) > 1 else ""
        rows = several(len(found[0]), "row")
        return f"{what} from {Path(settings.predictions).name}, {rows}{count}"

    def identity(self, settings: Any) -> str:
        digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in self.files(settings)]
        return " ".join(digests)

    def files(self, settings: Any) -> list[Path]:
        seeds = getattr(settings, "seeds", [0])
        if len(seeds) > 1 and SEED not in settings.predictions:
            raise MemberError(
                f"{len(seeds)} seeds and one file; name a file for each with {SEED} in its name, "
                f'such as predictions = "theirs@{SEED}.npz"'
            )
        return [settings.file(seed, self.context.paths) for seed in seeds]

    def given(self, path: Path) -> GivenPredictions:
        """Raises DataError where the file cannot be used."""
        if path not in self.read:
            self.read[path] = read_given(path)
        return self.read[path]


def _inputs(table: Mapping[str, Any], paths: ModelPaths) -> Iterator[Path]:
    text = table.get(GIVEN_KIND)
    if isinstance(text, str):
        for seed in table.get("seeds") or [0]:
            yield paths.path(text.replace(SEED, str(seed)))


GIVEN = ModelKind(
    name=GIVEN_KIND,
    settings=PredictionsSettings,
    implementation="vestry.members.given_predictions.given_model",
    plan=_PredictionsPlan,
    words="predictions",
    inputs=_inputs,
    is_finished=True,
    tied=lambda _: "its predictions lie on this machine",
    is_by_id=True,
)
