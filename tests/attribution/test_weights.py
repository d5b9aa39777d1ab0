"""Weights read from stored files are those of the model: they give its scores on real rows."""

import numpy as np
import pytest

from vestry.attribution.weights import checked, has_trees, linear, read_graph
from vestry.data.sources import digits
from vestry.members.estimators.kind import EstimatorSettings
from vestry.members.kind import FitJob
from vestry.members.kinds import kind_named

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

LINEAR = [
    ("linear_model.LogisticRegression", {"max_iter": 300}),
    ("linear_model.RidgeClassifier", {}),
    ("linear_model.SGDClassifier", {}),
    ("svm.LinearSVC", {}),
    ("linear_model.Perceptron", {}),
]


def stored(estimator, params, classes, scale, folder):
    """The member from its file, that file, and validation images."""
    rows = digits.load().train
    kept = rows.labels < classes
    images, labels = rows.images[kept], rows.labels[kept]
    cut = len(images) * 2 // 3
    settings = EstimatorSettings(estimator=f"sklearn.{estimator}", params=params, scale=scale)
    parts = (images[:cut], labels[:cut], images[cut:], labels[cut:])
    job = FitJob(*parts, classes, 0, 1, folder, lambda _: None)
    member = kind_named("estimator").load_implementation().fit(settings, job)
    member.save(folder)
    card = member.card()
    assert card["stored"], card["stored_note"]
    loaded = kind_named("estimator").load_implementation().load(folder, card)
    return loaded, read_graph(folder / card["stored"]), images[cut:]


@pytest.mark.parametrize("classes", [10, 2])
@pytest.mark.parametrize(("estimator", "params"), LINEAR)
def test_weights_reproduce_the_stored_models_scores(estimator, params, classes, tmp_path):
    scale = "standard" if classes == 10 else "unit"
    member, model, images = stored(estimator, params, classes, scale, tmp_path)
    found = linear(model, (8, 8), classes)
    assert found is not None and found.weights.shape == (classes, 8, 8)
    held = checked(model, found, member.predict_proba, images)
    assert held.is_right, (held.gap, held.labels_equal, held.rows)
    assert held.rows == len(images) and held.gap < 1e-4
    # A white pixel more adds what its weight says.
    brighter = np.zeros((2, 8, 8), np.uint8)
    brighter[1, 3, 4] = 255
    dark, bright = found.scores(brighter)
    assert bright - dark == pytest.approx(found.weights[:, 3, 4])


def test_other_weights_are_refused(tmp_path):
    member, model, images = stored("linear_model.RidgeClassifier", {}, 10, "unit", tmp_path)
    found = linear(model, (8, 8), 10)
    assert found is not None
    found.weights[3] += 0.1
    assert not checked(model, found, member.predict_proba, images).is_right


@pytest.mark.parametrize(
    ("estimator", "params", "trees"),
    [
        ("tree.DecisionTreeClassifier", {}, True),
        ("ensemble.ExtraTreesClassifier", {"n_estimators": 5}, True),
        ("ensemble.GradientBoostingClassifier", {"n_estimators": 2}, True),
        ("svm.SVC", {"gamma": 0.1}, False),
        ("neural_network.MLPClassifier", {"hidden_layer_sizes": [8], "max_iter": 50}, False),
        ("neighbors.KNeighborsClassifier", {}, False),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_not_linear_has_no_weights(estimator, params, trees, tmp_path):
    _, model, _ = stored(estimator, params, 10, "unit", tmp_path)
    assert linear(model, (8, 8), 10) is None
    assert has_trees(model) == trees
