"""CommitteeClassifier: this project's rules over scikit-learn's classifiers."""

import copy
import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ShuffleSplit, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import shuffle

from vestry import CommitteeClassifier, NetworkClassifier
from vestry.committees.committee import Committee
from vestry.members.estimators.fitted_estimator import fit_temperature, softmax
from vestry.predictions.table import ProbabilityTable
from vestry.sklearn_api.checks import ParameterError, held_out_rows

TREE = DecisionTreeClassifier(max_depth=6, random_state=0)
BAYES = GaussianNB(var_smoothing=1e-2)
FOREST = RandomForestClassifier(10, random_state=0)
MEMBERS = [("tree", TREE), ("bayes", BAYES), ("forest", FOREST)]
NAMES = np.array([f"digit {number}" for number in range(10)])


@pytest.fixture(scope="module")
def digits():
    """400 real digits to learn from and 200 others, flat, under names."""
    pixels, labels = shuffle(*load_digits(return_X_y=True), random_state=0)
    return pixels[:400], NAMES[labels[:400]], pixels[400:600], NAMES[labels[400:600]]


def tables(found, split):
    """found: (n, classes) by name."""
    return [
        ProbabilityTable(
            np.arange(len(values)).astype(str), tuple(NAMES), values.astype(np.float32), name, split
        )
        for name, values in found.items()
    ]


def by_hand(rule, options, held_out, truth, asked):
    committee = Committee("both", rule, options).fit(tables(held_out, "validation"), truth)
    return committee.table(tables(asked, "fresh")).probabilities


@pytest.mark.parametrize("rule", ["mean", "geometric", "vote"])
def test_rules_that_learn_nothing_let_members_see_all_rows(digits, rule):
    rows, labels, fresh, _ = digits
    committee = CommitteeClassifier(MEMBERS, rule).fit(rows, labels)
    alone = {name: clone(member).fit(rows, labels) for name, member in MEMBERS}
    own = {name: member.predict_proba(fresh) for name, member in alone.items()}
    given = committee.members_proba(fresh)
    assert list(given) == list(own)
    for name, expected in own.items():
        np.testing.assert_allclose(given[name], expected, atol=1e-7)
    anything = {name: member.predict_proba(rows) for name, member in alone.items()}
    expected = by_hand(rule, {}, anything, np.searchsorted(NAMES, labels), own)
    np.testing.assert_array_equal(committee.predict_proba(fresh), expected)
    assert committee.held_out_rows_ is None


def test_the_mean_is_the_mean_of_the_members(digits):
    rows, labels, fresh, truth = digits
    committee = CommitteeClassifier(MEMBERS).fit(rows, labels)
    members = list(committee.members_proba(fresh).values())
    mean = np.mean(members, axis=0, dtype=np.float64).astype(np.float32)
    np.testing.assert_array_equal(committee.predict_proba(fresh), mean)
    assert (committee.predict(fresh) == NAMES[mean.argmax(axis=1)]).all()
    assert committee.score(fresh, truth) == (NAMES[mean.argmax(axis=1)] == truth).mean() > 0.8


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("weighted", {"by": "accuracy"}),
        ("weighted", {"by": "log_loss"}),
        ("stacking", {}),
        ("greedy", {"rounds": 7, "start": 2}),
    ],
)
def test_rules_that_learn_see_only_rows_that_no_member_has_seen(digits, rule, options):
    rows, labels, fresh, _ = digits
    committee = CommitteeClassifier(MEMBERS, rule, **options, cv=None, random_state=4).fit(
        rows, labels
    )
    truth = np.searchsorted(NAMES, labels)
    learnt, held = held_out_rows(truth, 0.2, 4)
    np.testing.assert_array_equal(committee.held_out_rows_, held)
    alone = {name: clone(m).fit(rows[learnt], labels[learnt]) for name, m in MEMBERS}
    expected = by_hand(
        *(rule, options, {name: m.predict_proba(rows[held]) for name, m in alone.items()}),
        *(truth[held], {name: m.predict_proba(fresh) for name, m in alone.items()}),
    )
    np.testing.assert_array_equal(committee.predict_proba(fresh), expected)


def test_out_of_fold_rows_teach_the_rule_and_members_see_all(digits):
    rows, labels, fresh, _ = digits
    truth = np.searchsorted(NAMES, labels)
    committee = CommitteeClassifier(MEMBERS, "stacking", cv=3).fit(rows, labels)
    held = {name: np.zeros((400, 10)) for name, _ in MEMBERS}
    for learnt, unseen in StratifiedKFold(3).split(rows, truth):
        for name, member in MEMBERS:
            part = clone(member).fit(rows[learnt], labels[learnt])
            held[name][unseen] = part.predict_proba(rows[unseen])
    own = {name: clone(m).fit(rows, labels).predict_proba(fresh) for name, m in MEMBERS}
    np.testing.assert_array_equal(
        committee.predict_proba(fresh), by_hand("stacking", {}, held, truth, own)
    )
    assert committee.held_out_rows_ is None


@pytest.mark.parametrize("cv", [None, 3])
def test_decision_scores_speak_through_a_temperature_fitted_on_held_out_rows(digits, cv):
    rows, labels, fresh, _ = digits
    truth = np.searchsorted(NAMES, labels)
    members = [("svm", SVC()), ("tree", TREE)]
    committee = CommitteeClassifier(members, cv=cv, random_state=1).fit(rows, labels)
    assert list(committee.temperatures_) == ["svm"]
    if cv is None:
        learnt, held = held_out_rows(truth, 0.2, 1)
        svm = SVC().fit(rows[learnt], labels[learnt])
        temperature = fit_temperature(svm.decision_function(rows[held]), truth[held])
    else:
        svm = SVC().fit(rows, labels)
        scores = np.zeros((400, 10))
        for learnt, held in StratifiedKFold(3).split(rows, truth):
            part = SVC().fit(rows[learnt], labels[learnt])
            scores[held] = part.decision_function(rows[held])
        temperature = fit_temperature(scores, truth)
    assert committee.temperatures_["svm"] == pytest.approx(temperature)
    expected = softmax(svm.decision_function(fresh) / temperature)
    np.testing.assert_allclose(committee.members_proba(fresh)["svm"], expected, atol=1e-6)


def test_two_classes_and_a_single_score(digits):
    rows, labels, fresh, truth = digits
    few, asked = np.isin(labels, NAMES[[3, 8]]), np.isin(truth, NAMES[[3, 8]])
    committee = CommitteeClassifier(
        [("svm", SVC()), ("tree", TREE)], "weighted", cv=None, random_state=0
    )
    committee.fit(rows[few], labels[few])
    assert committee.members_proba(fresh)["svm"].shape == (200, 2)
    assert committee.score(fresh[asked], truth[asked]) > 0.9


def test_a_class_that_a_fold_lacks_gets_nothing_from_it(digits):
    rows, labels, _, _ = digits
    few = np.concatenate(
        [np.flatnonzero(labels == NAMES[k])[:count] for k, count in [(0, 30), (1, 30), (2, 1)]]
    )
    members = [("svm", SVC()), ("bayes", BAYES)]
    committee = CommitteeClassifier(
        members, "weighted", cv=StratifiedKFold(3, shuffle=True, random_state=0)
    )
    with pytest.warns(UserWarning, match="least populated class"):
        committee.fit(rows[few], labels[few])
    assert (committee.predict(rows[few]) == labels[few]).mean() > 0.95


def test_a_network_and_flat_learners_sit_together(digits):
    rows, labels, fresh, truth = digits
    network = NetworkClassifier(
        [{"conv": 8, "kernel": 3}, {"flatten": True}],
        image_shape=(8, 8),
        epochs=16,
        random_state=0,
    )
    committee = CommitteeClassifier([("network", network), ("forest", FOREST)]).fit(rows, labels)
    alone = clone(network).fit(rows, labels).predict_proba(fresh)
    np.testing.assert_array_equal(committee.members_proba(fresh)["network"], alone)
    assert committee.score(fresh, truth) > 0.9


def test_images_go_to_members_that_take_images(digits):
    rows, labels, fresh, _ = digits
    images = rows.reshape(-1, 8, 8)
    flatten = FunctionTransformer(np.reshape, kw_args={"shape": (-1, 64)})
    members = [
        ("network", NetworkClassifier(epochs=1, random_state=0)),
        ("tree", make_pipeline(flatten, clone(TREE))),
    ]
    committee = CommitteeClassifier(members, "weighted", cv=None, random_state=0).fit(
        images, labels
    )
    assert committee.n_features_in_ == 64
    assert committee.predict_proba(fresh.reshape(-1, 8, 8)).shape == (200, 10)


def test_members_are_reached_and_dropped_by_name(digits):
    rows, labels, fresh, _ = digits
    committee = CommitteeClassifier(list(MEMBERS))
    assert committee.get_params()["tree__max_depth"] == 6
    assert "tree" not in committee.get_params(deep=False)
    committee.set_params(tree="drop", forest__n_estimators=5).fit(rows, labels)
    assert list(committee.named_estimators_) == ["bayes", "forest"]
    assert len(committee.named_estimators_["forest"].estimators_) == 5
    two = CommitteeClassifier(
        [("bayes", BAYES), ("forest", RandomForestClassifier(5, random_state=0))]
    )
    np.testing.assert_array_equal(
        committee.predict_proba(fresh), two.fit(rows, labels).predict_proba(fresh)
    )
    FOREST.set_params(n_estimators=10)
    assert not hasattr(BAYES, "classes_")


def test_a_fitted_committee_is_copied_and_pickled_by_its_user(digits):
    rows, labels, fresh, _ = digits
    committee = CommitteeClassifier(MEMBERS, "stacking", cv=None, random_state=0).fit(rows, labels)
    expected = committee.predict_proba(fresh)
    for other in (pickle.loads(pickle.dumps(committee)), copy.deepcopy(committee)):  # noqa: S301
        np.testing.assert_array_equal(other.predict_proba(fresh), expected)
    assert committee.committee_.card()["rule"] == "stacking"


@pytest.mark.parametrize(
    ("estimators", "parameters", "words"),
    [
        (MEMBERS, {"rule": "average"}, "`rule` cannot be 'average'"),
        (MEMBERS, {"rule": "mean", "rounds": 3}, "`rounds` belongs to rule 'greedy'"),
        (MEMBERS, {"rule": "greedy", "rounds": 0}, "`rounds`.*greater than or equal to 1"),
        (MEMBERS[:1], {}, "needs two members or more; `estimators` has 1"),
        ([*MEMBERS[:1], ("b", "drop")], {}, "needs two members or more; `estimators` has 1"),
        ([("a", TREE), ("a", BAYES)], {}, "not unique"),
        ([("rule", TREE), ("a", BAYES)], {}, "conflict with constructor arguments"),
        ([("a", TREE), ("b", NearestNeighbors())], {}, "member b: NearestNeighbors has neither"),
        (
            MEMBERS,
            {"rule": "weighted", "cv": None, "validation_fraction": 0},
            "not between 0 and 1",
        ),
        (MEMBERS, {"rule": "weighted", "cv": ShuffleSplit(2, random_state=0)}, "exactly once"),
        (
            [("a", TREE), ("b", SVC(decision_function_shape="ovo"))],
            {"cv": None, "random_state": 0},
            "member b: 45 scores a row for 10 classes",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(digits, estimators, parameters, words):
    with pytest.raises(ValueError, match=words):
        CommitteeClassifier(estimators, **parameters).fit(*digits[:2])


def test_one_class_is_refused(digits):
    with pytest.raises(ParameterError, match="one class only"):
        CommitteeClassifier(MEMBERS).fit(digits[0], np.zeros(400))


def test_sparse_rows_go_to_members_that_take_them(digits):
    rows, labels, fresh, _ = digits
    members = [("tree", TREE), ("linear", LogisticRegression(max_iter=20, C=0.01, tol=0.1))]
    committee = CommitteeClassifier(members, "weighted", cv=None, random_state=0)
    expected = committee.fit(rows, labels).predict_proba(fresh)
    committee.fit(sparse.coo_array(rows), labels)
    np.testing.assert_allclose(
        committee.predict_proba(sparse.csr_array(fresh)), expected, atol=0.05
    )


class Writes(GaussianNB):
    """Writes into its rows and labels."""

    def fit(self, X, y):  # noqa: N803
        super().fit(X, y)
        X[:], y[:] = 0, 0
        return self


def test_a_member_that_writes_into_its_rows_spoils_neither_them_nor_the_next(digits):
    rows, labels, fresh, _ = digits
    given = rows.copy(), labels.copy()

    def scores(first):
        members = [("first", first), ("second", GaussianNB())]
        return CommitteeClassifier(members, rule="mean").fit(*given).predict_proba(fresh)

    assert np.array_equal(scores(Writes()), scores(GaussianNB()))
    assert all(map(np.array_equal, given, (rows, labels)))
