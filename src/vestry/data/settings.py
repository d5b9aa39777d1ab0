"""What a study file says of its data."""

from typing import Annotated, Any

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    field_validator,
    model_serializer,
    model_validator,
)

from vestry.data.folds import BELOW, FIVE, Folds, TestFolds
from vestry.data.groups import Groups
from vestry.data.image_set import Resize
from vestry.data.own_parts import Use
from vestry.data.resplit import Fractions
from vestry.data.source import check_resizable, source_kind
from vestry.data.split import Rows, Selection
from vestry.errors import StudyError

_Side = Annotated[int, Field(ge=1, le=4096, strict=True)]
FIFTH = Selection(fraction=0.2)


def _validation_kind(value: Any) -> str:
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", ())
    return "folds" if "folds" in keys else "fraction"


_Validation = Annotated[
    Annotated[Folds, Tag("folds")] | Annotated[Selection, Tag("fraction")],
    Discriminator(_validation_kind),
]


_Test = Annotated[
    Annotated[TestFolds, Tag("folds")] | Annotated[Selection, Tag("fraction")],
    Discriminator(_validation_kind),
]


def validation_of(given: Selection | Folds | None, labels: Rows) -> Selection | Folds:
    """What models are chosen by where the source has no validation rows: what the study says, or
    by how many training rows there are. labels: (n,) theirs.

    A class of a single row would be answered by models that have never seen it. And with more folds
    than a class has rows, models learn from fewer rows of the very classes that they are then asked
    about, so that weak ones are wrong more often than chance: folds are five or as many as that.
    """
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    if given or len(labels) >= BELOW or counts.min() < 2:
        return given or FIFTH
    return FIVE.model_copy(update={"folds": min(FIVE.folds, int(np.median(counts)))})


_CORRECTING = ("corrections", "correct_test")
_STRETCHED: Resize = "stretch"
_PARTS = ("training_rows", "test_rows", "validation", "test", "source_validation")


class DataSettings(BaseModel):
    """The study file's [data].

    source: see `vestry data`. otherwise: the source to use, loudly, where that one is not to be
    had. classes: the only ones to keep, in the order of their labels. training_rows, test_rows:
    parts of the source's own rows, taken before validation rows are split off. validation: the part
    of the training rows that models are chosen by, or folds of all of them. test: the part that is
    held back where the source has no test rows of its own. source_validation: what the source's own
    validation rows are used for. split: instead of those five, all rows pooled and split again.
    groups: how rows are known to belong together; no split or fold parts these. corrections: a CSV
    file of labels put right and rows to leave out, from the study's folder; correct_test: of test
    rows, too. image_size: [height, width] that the images of a `folder:` source are resized to.
    resize: how: stretched, fitted whole into it on white, or cropped to their middle.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    otherwise: str | None = None
    classes: Annotated[list[str], Field(min_length=2)] | None = None
    training_rows: Selection | None = None
    test_rows: Selection | None = None
    validation: _Validation | None = None
    """Left out, five folds (fewer where most classes have fewer rows) below 2,000 training rows
    where no class has a single one, else a fifth; none beside `split`."""
    test: _Test | None = None
    """Left out, a fifth; none beside `split`. Folds pool all rows of the source."""
    source_validation: Use | None = None
    """Left out, "unused" where the study says `validation`, else "validation"."""
    split: Fractions | None = None
    groups: Groups | None = None
    corrections: Annotated[str, Field(min_length=1)] | None = None
    correct_test: bool = False
    image_size: tuple[_Side, _Side] | None = None
    resize: Resize = _STRETCHED
    seed: Annotated[int, Field(ge=0, lt=2**32, strict=True)] = 0

    @model_serializer(mode="wrap")
    def without_unused(self, given: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A study that corrects nothing, or stretches images, is what it was before it could do
        otherwise: fits and exported files are known by it."""
        tables: dict[str, Any] = given(self)
        if self.corrections is None:
            tables = {key: value for key, value in tables.items() if key not in _CORRECTING}
        if self.resize == _STRETCHED:
            tables.pop("resize", None)
        return tables

    @model_validator(mode="before")
    @classmethod
    def with_parts(cls, values: Any) -> Any:
        """The usual parts, so that the resolved study says them."""
        if not isinstance(values, dict) or values.get("split") is not None:
            return values
        given = {key: value for key, value in values.items() if value is not None}
        own = "unused" if "validation" in given else "validation"
        return {"test": FIFTH, "source_validation": own} | given

    @model_validator(mode="after")
    def one_way_to_split(self) -> "DataSettings":
        if self.split is not None:
            given = [name for name in _PARTS if getattr(self, name) is not None]
            if given:
                raise ValueError(
                    f"`split` cuts all rows anew, so {', '.join(given)} cannot be given beside it"
                )
        return self

    @model_validator(mode="after")
    def nested_folds_choose_by_folds(self) -> "DataSettings":
        if isinstance(self.test, TestFolds):
            if isinstance(self.validation, Selection):
                raise ValueError(
                    "`test` by folds sets no rows aside, so `validation` cannot either; give "
                    "validation = { folds = 5 }, or leave it out"
                )
            if self.test_rows is not None:
                raise ValueError("`test` by folds tests on all rows: test_rows cannot be given")
        return self

    @model_validator(mode="after")
    def corrects_what_it_tests(self) -> "DataSettings":
        if self.correct_test and self.corrections is None:
            raise ValueError("`correct_test` goes with `corrections`, the file that says how")
        if self.corrections and isinstance(self.test, TestFolds) and not self.correct_test:
            raise ValueError(
                "`test` by folds tests every image, so corrections change test labels: say "
                "correct_test = true, or set a test part aside"
            )
        return self

    @field_validator("classes")
    @classmethod
    def each_class_once(cls, names: list[str] | None) -> list[str] | None:
        twice = [name for name in names or [] if (names or []).count(name) > 1]
        if twice:
            raise ValueError(f"the class {twice[0]!r} is named {len(twice)} times; once is enough")
        return names

    @field_validator("source", "otherwise")
    @classmethod
    def known_source(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                source_kind(text)
            except StudyError as error:
                raise ValueError(str(error)) from None
        return text

    @model_validator(mode="after")
    def resizable(self) -> "DataSettings":
        if self.image_size is not None or self.resize != _STRETCHED:
            try:
                check_resizable(
                    self.source, "image_size" if self.image_size else f'resize = "{self.resize}"'
                )
            except StudyError as error:
                raise ValueError(str(error)) from None
        return self
