"""Decision trees and forests: their votes tie, and ties must be settled alike everywhere."""

from typing import Any


def is_trees(estimator: Any) -> bool:
    """Whether it is a decision tree or a forest, whose answer is its most probable class.

    Equal sums of votes come out unequal in their last digits, and that would then decide: in
    scikit-learn by the sixteenth digit, in a converted forest by the eighth. So ties are looked
    for in float probabilities that were added up in double, and the first of the classes that tie
    is the answer, of the estimator and of its stored form.
    """
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier  # noqa: PLC0415
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415 - heavy, both

    return isinstance(
        estimator, RandomForestClassifier | ExtraTreesClassifier | DecisionTreeClassifier
    )
