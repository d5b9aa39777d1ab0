"""What a classifier refuses, as an error that scikit-learn's callers know: a ValueError."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from vestry.errors import VestryError
from vestry.study_problems import lines_of

Settings = TypeVar("Settings", bound=BaseModel)


class ParameterError(VestryError, ValueError):
    """A parameter, or the rows given, ask for something that cannot be done."""


def checked(model: type[Settings], place: str, **values: object) -> Settings:
    """Settings of the study file's own kind, so that a parameter means what its key there means.

    place: whom the message names. Raises ParameterError with a line for each problem.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = lines_of(error, model, place, skip="")
        raise ParameterError("\n".join(problems)) from None
