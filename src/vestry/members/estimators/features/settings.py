"""What a study says of the features that go into an estimator: a list of steps."""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from vestry.members.estimators.features.feature_step import (
    FEATURES,
    Extractor,
    FeatureStep,
    Shape,
    check_kinds,
    check_order,
    kind_of,
)

if TYPE_CHECKING:
    Features = tuple[FeatureStep, ...]
else:
    _tagged = tuple(Annotated[step, Tag(name)] for name, step in FEATURES.items())
    Features = Annotated[
        tuple[Annotated[Union[_tagged], Discriminator(kind_of)], ...],  # noqa: UP007
        BeforeValidator(check_kinds),
        AfterValidator(check_order),
        Field(min_length=1),
    ]


def feature_width(steps: Features, shape: Shape) -> int:
    """How many numbers they make of an image of this shape, at most: components may be fewer where
    rows are. ValueError where a step cannot take it."""
    width = sum(step.width(shape) for step in steps if isinstance(step, Extractor))
    for step in steps:
        if not isinstance(step, Extractor):
            width = step.width(width)  # type: ignore[attr-defined]
    return width


def feature_words(steps: Features) -> str:
    """ "hog 4, bins 12; pixels; pca 150"."""
    return "; ".join(step.words() for step in steps)
