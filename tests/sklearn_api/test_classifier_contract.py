"""What scikit-learn asks of a classifier, of both classes, and its own tools at work on them."""

import doctest

import numpy as np
import pandas
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import shuffle
from sklearn.utils.estimator_checks import check_estimator

from vestry import CommitteeClassifier, NetworkClassifier
from vestry.sklearn_api import committee_classifier, network_classifier

MEMBERS = [
    ("bayes", GaussianNB()),
    ("tree", DecisionTreeClassifier(max_depth=3, random_state=0)),
]


@pytest.fixture(scope="module")
def digits():
    pixels, labels = shuffle(*load_digits(return_X_y=True), random_state=0)
    return pixels[:600], labels[:600]


@pytest.mark.parametrize(
    "classifier",
    [
        NetworkClassifier(),
        NetworkClassifier(early_stopping=True, patience=30, validation_fraction=0.2),
        CommitteeClassifier(MEMBERS),
        CommitteeClassifier(MEMBERS, "weighted"),
        CommitteeClassifier([*MEMBERS, ("svm", LinearSVC(random_state=0))], "greedy", cv=None),
    ],
    ids=["network", "early stopping", "mean", "out of fold", "held out"],
)
def test_every_check_of_scikit_learn_passes(classifier):
    """None is expected to fail; the one that is skipped asks for an array library of the user's."""
    results = check_estimator(classifier, on_skip=None)
    others = {result["check_name"] for result in results if result["status"] != "passed"}
    assert others <= {"check_array_api_input"}
    assert len(results) > 40


@pytest.mark.parametrize("module", [network_classifier, committee_classifier])
def test_the_examples_of_the_docstrings_run(module):
    results = doctest.testmod(module)
    assert results.failed == 0
    assert results.attempted > 3


@pytest.mark.parametrize(
    "classifier",
    [
        NetworkClassifier([{"dense": 8}], optimizer="sgd", momentum=0.9, random_state=3),
        CommitteeClassifier(MEMBERS, "greedy", rounds=4, start=2, cv=3),
    ],
)
def test_a_clone_has_the_same_parameters_and_nothing_learnt(classifier):
    other = clone(classifier)
    assert repr(other) == repr(classifier)
    assert not [name for name in vars(other) if name.endswith("_")]


def test_pipelines_and_cross_validation(digits):
    network = NetworkClassifier([{"dense": 32}], epochs=40, random_state=0)
    scores = cross_val_score(make_pipeline(StandardScaler(), network), *digits, cv=3)
    assert len(scores) == 3 and scores.min() > 0.8
    trees = [("deep", DecisionTreeClassifier(random_state=0)), ("network", network)]
    committee = CommitteeClassifier(trees, "stacking", cv=3)
    assert cross_val_score(committee, *digits, cv=3).min() > 0.8


def test_a_grid_reaches_layers_and_members(digits):
    layers = [[{"dense": 2}], [{"dense": 32}]]
    network = NetworkClassifier(epochs=6, schedule="constant", random_state=0)
    search = GridSearchCV(network, {"layers": layers, "batch_size": np.array([16, 64])}, cv=2)
    search.fit(*digits)
    assert search.best_params_ == {"layers": [{"dense": 32}], "batch_size": 16}
    committee = CommitteeClassifier([("network", network), *MEMBERS[1:]], cv=2)
    grid = {"network__layers": layers, "rule": ["mean", "weighted"], "tree__max_depth": [2]}
    assert GridSearchCV(committee, grid, cv=2).fit(*digits).best_params_ == {
        "network__layers": [{"dense": 32}],
        "rule": "weighted",
        "tree__max_depth": 2,
    }


def test_names_of_columns_are_kept_and_checked(digits):
    names = [f"pixel {number}" for number in range(64)]
    frame = pandas.DataFrame(digits[0], columns=names)
    network = NetworkClassifier(epochs=1)
    for classifier in (network, CommitteeClassifier([*MEMBERS[1:], ("network", network)])):
        classifier.fit(frame, digits[1])
        assert classifier.feature_names_in_.tolist() == names
        assert classifier.n_features_in_ == 64
        with pytest.raises(ValueError, match="feature names"):
            classifier.predict(frame.rename(columns={"pixel 0": "other"}))
