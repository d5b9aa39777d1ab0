"""What a study says of the features that go into an estimator: a list of steps."""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from vestry.members.estimators.features.feature_step import (
    FEATURES,
    Extractor,
    FeatureStep,
    Reduction,
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


def feature_widths(steps: Features, shape: Shape) -> tuple[int, int]:
    """How many numbers they make of an image of this shape, and how many of these are left in the
    end at most: components may be fewer where rows are. ValueError where a step cannot take it."""
    extracted = sum(step.width(shape) for step in steps if isinstance(step, Extractor))
    width = extracted
    for step in steps:
        if isinstance(step, Reduction):
            width = step.width(width)
    return extracted, width


def feature_words(steps: Features) -> str:
    """ "hog 4, bins 12; pixels; pca 150"."""
    return "; ".join(step.words() for step in steps)
