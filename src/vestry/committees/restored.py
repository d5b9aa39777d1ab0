"""A fitted rule from the card that a run keeps of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from vestry.committees.averaging import Geometric, Mean, Weighted
from vestry.committees.rule import Rule
from vestry.committees.selection import Greedy
from vestry.committees.stacking import Regression, Stacking
from vestry.committees.voting import Vote
from vestry.errors import TableError

Card = Mapping[str, Any]


def restored_rule(card: Card, classes: int) -> Rule:
    """The rule whose `card` it is, ready to combine; TableError where there is no such rule."""
    plain: dict[str, type[Rule]] = {"mean": Mean, "geometric": Geometric, "vote": Vote}
    name = card["rule"]
    if name in plain:
        return plain[name]()
    if name == "weighted":
        weighted = Weighted(card["by"])
        weighted.weights_ = np.array(card["weights"], np.float64)
        return weighted
    if name == "greedy":
        greedy = Greedy(card["rounds"], card["start"])
        greedy.chosen_ = np.array(card["chosen"], np.int64)
        return greedy
    if name == "stacking":
        return restored_stacking(card, classes)
    raise TableError(f"there is no rule {name!r}")


def restored_stacking(card: Card, classes: int) -> Stacking:
    stacking = Stacking(card["c"])
    coefficients = np.array(card["coefficients"], np.float64)
    stacking.model_ = Regression(coefficients, np.array(card["intercepts"], np.float64), True)
    stacking.present_ = np.array(card["classes_learnt"], np.int64)
    stacking.shape_ = (len(coefficients) // classes, classes)
    return stacking
