"""Which tests belong together.

A test finds a difference between equal models in 5% of cases, so that among many one is found
nearly always. The tests that answer one question are a family: Holm's procedure (1979) adjusts them
together, and a page that speaks of any difference among them speaks falsely in at most 5% of cases.
Sentences that say of two models "significant", "ahead", "behind", "better", "worse" or "worth" rest
on a test of one of these families. A model's own calibration is judged by itself, 5% a model.
Whatever is looked at beside these (altered images, pictures, further scores) is exploratory.
"""

from collections.abc import Mapping
from typing import Final

from vestry.schema.significance import TestFamily

LEVEL: Final = 0.05
"""The chance of any false alarm in a family, at most."""
_WHAT: Final = {
    "pairs": "every two models on the test images, by accuracy; claims, and marks of a ranking by "
    "accuracy, among them",
    "first": "each other model beside the first on the test images, by the score that orders them",
    "committees": "each committee against each of its members",
    "without": "a committee made without each of its members, of all committees",
    "steps": "each member against the first of the study",
    "changes": "the study\u2019s own pairs, with and without",
    "sizes": "learning curves, every two at every size that they share",
    "folds": "every two members on the same folds",
    "majority": "each model against the most frequent class, on the validation rows",
    "decision": "the best by validation against each other one, on the validation rows",
}


def families(tests: Mapping[str, int]) -> list[TestFamily]:
    """tests: how many there were, by the family's key; those with none are left out."""
    return [
        TestFamily(name=name, what=what, tests=tests[name], level=LEVEL)
        for name, what in _WHAT.items()
        if tests.get(name)
    ]


def strictest(tests: int) -> float:
    """The level at which Holm's procedure finds a difference whatever the others come to."""
    return LEVEL / max(1, tests)
