"""What a report says, as a study file holds it: `[[claim]]`, in one of several forms."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from vestry.errors import StudyError, did_you_mean
from vestry.predictions.scores import CLASS_SCORES, SCORES
from vestry.system.registry import OneOf

Score = Annotated[str, OneOf(SCORES)]
_ScoreOfAll = Annotated[str, OneOf(SCORES, *CLASS_SCORES)]
"""Of all classes, or of one."""
_Split = Literal["validation", "test"]
_Here = Annotated[
    Literal["splits", "class counts", "seeds", "duplicates", "backbone", "cross-validation"],
    BeforeValidator(lambda fact: "backbone" if fact == "trunk" else fact),  # as it was called
]
_MODEL = AliasChoices("model", "maker")
"""A study's key for the model or committee that a claim is about, and what it was called before."""


class ClaimBase(BaseModel):
    """says: what the report says, or does; note: what went wrong there, said after our figures."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    says: str = Field(min_length=1, description="what the report says, or what it does")
    note: str = Field("", description="what went wrong there, in a plain sentence")

    @model_validator(mode="after")
    def two_models(self) -> "ClaimBase":
        if len(set(self.models)) < len(self.models):
            raise ValueError(f"{self.models[0]!r} cannot be compared with itself")
        return self

    @property
    def models(self) -> list[str]:
        """Models and committees that it names."""
        named = (getattr(self, key, None) for key in ("maker", "below", "above", "best"))
        return [name for name in named if name is not None]

    @property
    def classes(self) -> list[str]:
        """Classes that it names."""
        named = (getattr(self, key, None) for key in ("truth", "predicted", "class_"))
        return [name for name in named if name is not None]


class CountClaim(ClaimBase):
    """`count` test images of class `truth` are taken for `predicted`."""

    maker: str = Field(validation_alias=_MODEL)
    truth: str
    predicted: str
    count: int = Field(ge=0)
    of: int | None = Field(None, ge=1, description="test images of that class there; ours if left")


class BalanceClaim(ClaimBase):
    """The classes are, or are not, of about the same size."""

    balanced: bool


class BelowClaim(ClaimBase):
    """`model` is less accurate than `below`."""

    maker: str = Field(validation_alias=_MODEL)
    below: str


class AboveClaim(ClaimBase):
    """`model` is more accurate than `above`."""

    maker: str = Field(validation_alias=_MODEL)
    above: str


class BestClaim(ClaimBase):
    """`best` is the best model."""

    best: str


class ValuesClaim(ClaimBase):
    """One figure, given in several ways."""

    maker: str = Field(validation_alias=_MODEL)
    score: Score
    values: list[float] = Field(min_length=2)


class PrintedClaim(ClaimBase):
    """A fraction with a per-cent sign behind it."""

    maker: str = Field(validation_alias=_MODEL)
    score: Score
    printed: str = Field(pattern=r"^\d+(\.\d+)? ?%$", description='as it stands there: "0.8438%"')


class ValueClaim(ClaimBase):
    """A score of a model, or of one class of it."""

    maker: str = Field(validation_alias=_MODEL)
    score: _ScoreOfAll
    class_: str | None = Field(None, alias="class", description="for precision, recall, f1")
    value: float


class CalledClaim(ClaimBase):
    """One figure under two names."""

    maker: str = Field(validation_alias=_MODEL)
    score: Score
    called: tuple[_Split, _Split]


class RemarkClaim(ClaimBase):
    """What went wrong there and cannot be measured; said beside what was measured here.

    `here` names a fact of this run to set beside it; figures are those of `model`, or of every
    model where only a `class` is named.
    """

    remark: str = Field(min_length=1, description="a plain sentence of what was wrong there")
    maker: str | None = Field(None, validation_alias=_MODEL)
    score: _ScoreOfAll | None = None
    class_: str | None = Field(None, alias="class")
    here: _Here | None = None


FORMS: dict[str, type[ClaimBase]] = {
    "count": CountClaim,
    "balanced": BalanceClaim,
    "below": BelowClaim,
    "above": AboveClaim,
    "best": BestClaim,
    "values": ValuesClaim,
    "printed": PrintedClaim,
    "value": ValueClaim,
    "called": CalledClaim,
    "remark": RemarkClaim,
}


def form_of(value: Any) -> str | None:
    """The one key that says which form a claim has."""
    if isinstance(value, dict):
        return next((form for form in FORMS if form in value), None)
    return next((form for form, kind in FORMS.items() if isinstance(value, kind)), None)


def _check_forms(values: Any) -> Any:
    """Name the claim and the nearest form, which pydantic's own message would not."""
    known = {field.alias or name for m in FORMS.values() for name, field in m.model_fields.items()}
    known |= set(map(str, _MODEL.choices))
    for index, value in enumerate(values if isinstance(values, list) else []):
        if not isinstance(value, dict | ClaimBase):
            raise ValueError(
                f"claim {index + 1} is {str(value)[:40]!r}; it needs a table, [[claim]]"
            )
        if isinstance(value, dict) and form_of(value) is None:
            near = (did_you_mean(key, FORMS) for key in value if key not in known)
            hint = next((text for text in near if "mean" in text), "")
            raise ValueError(f"claim {index + 1} needs one of {', '.join(FORMS)}{hint}")
    return values


Claim = Annotated[
    Annotated[CountClaim, Tag("count")]
    | Annotated[BalanceClaim, Tag("balanced")]
    | Annotated[BelowClaim, Tag("below")]
    | Annotated[AboveClaim, Tag("above")]
    | Annotated[BestClaim, Tag("best")]
    | Annotated[ValuesClaim, Tag("values")]
    | Annotated[PrintedClaim, Tag("printed")]
    | Annotated[ValueClaim, Tag("value")]
    | Annotated[CalledClaim, Tag("called")]
    | Annotated[RemarkClaim, Tag("remark")],
    Discriminator(form_of),
]
Claims = Annotated[list[Claim], BeforeValidator(_check_forms)]


def check_classes(claims: Iterable[ClaimBase], classes: Iterable[str]) -> None:
    """Raise StudyError, one line a problem, where a claim names a class that the data lack."""
    known = list(classes)
    problems = [
        f"claim {number} ({claim.says}) names the class {name!r}, which the data do not have"
        f"{did_you_mean(name, known)}"
        for number, claim in enumerate(claims, 1)
        for name in claim.classes
        if name not in known
    ]
    if problems:
        raise StudyError("\n".join(problems))
