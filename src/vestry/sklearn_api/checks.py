"""What a classifier refuses, as an error that scikit-learn's callers know: a ValueError."""

from numbers import Integral
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError
from sklearn.utils import check_random_state

from vestry.errors import VestryError
from vestry.study.problems import lines_of

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


# The seed behind scikit-learn's `random_state`.


def seed_of(random_state: Any) -> int:
    """An int as it is; of anything else that scikit-learn takes, one drawn from it."""
    generator = check_random_state(random_state)
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(generator.randint(np.iinfo(np.int32).max))


# Rows set aside from fitting: every class has its share, and none loses its last row.


Rows = NDArray[np.int64]

_HELD_OUT = 2
"""What tells this drawing from what training draws of the same seed."""


def held_out_rows(labels: NDArray[np.int64], fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Rows to fit on and rows held out, each in ascending order.

    labels: (n,). Every class keeps at least one row to fit on, so a class of a single row has
    none held out. Raises ParameterError where `fraction` is not between 0 and 1 or takes no row.
    """
    if not 0 < fraction < 1:
        raise ParameterError(f"validation_fraction = {fraction!r} is not between 0 and 1")
    random = np.random.default_rng([seed, _HELD_OUT])
    order = np.lexsort((random.random(len(labels)), labels))
    # Going through the classes one after the other, each row adds `fraction` to what is owed.
    owed = np.floor(fraction * np.arange(len(labels) + 1) + random.random())
    taken = np.diff(owed) >= 1
    counts = np.bincount(labels)
    lost = np.bincount(labels[order][taken], minlength=len(counts))
    firsts = np.cumsum(counts) - counts
    taken[firsts[(lost == counts) & (counts > 0)]] = False
    if not taken.any():
        raise ParameterError(
            f"validation_fraction = {fraction!r} of {len(labels)} rows holds none out; "
            "give more rows or a larger fraction"
        )
    return np.sort(order[~taken]), np.sort(order[taken])
