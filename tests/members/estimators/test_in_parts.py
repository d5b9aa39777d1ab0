"""Logistic regression a part at a time: the model that scikit-learn fits, in bounded memory."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from made_jobs import fit_job
from vestry.members.estimators import estimator, in_parts
from vestry.members.estimators import kind as estimators
from vestry.members.estimators.in_parts import fit_in_parts
from vestry.members.estimators.kind import EstimatorSettings, fit_scaling, is_in_parts

PATH = "sklearn.linear_model.LogisticRegression"


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    return np.round(data.images * 255 / 16).astype(np.uint8), data.target.astype(np.int64)


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("intercept", [True, False])
def test_it_is_the_model_that_scikit_learn_fits(digits, monkeypatch, classes, intercept):
    monkeypatch.setattr(in_parts, "_ROWS", 100)
    images, labels = digits
    images, labels = images[labels < classes], labels[labels < classes]
    scaling = fit_scaling(images, "unit")
    settings = {"max_iter": 1000, "C": 0.5, "tol": 1e-5, "fit_intercept": intercept}
    theirs = LogisticRegression(**settings).fit(scaling.apply(images), labels)
    ours = LogisticRegression(**settings)
    fit_in_parts(ours, scaling, images, labels)
    assert ours.coef_.shape == theirs.coef_.shape
    assert np.abs(ours.coef_ - theirs.coef_).max() < 2e-3 * np.abs(theirs.coef_).max()
    features = scaling.apply(images)
    gap = np.abs(ours.predict_proba(features) - theirs.predict_proba(features)).max()
    assert gap < 5e-3
    assert np.array_equal(ours.predict(features), theirs.predict(features))


@pytest.mark.parametrize("scale", ["unit", "standard"])
def test_a_study_of_many_images_is_fitted_so_and_says_it(digits, tmp_path, monkeypatch, scale):
    images, labels = digits
    job = fit_job(images, labels, (800, 1200), 10, tmp_path / "work")
    settings = EstimatorSettings(estimator=PATH, params={"max_iter": 300}, scale=scale)
    whole = estimator.fit(settings, job)
    assert not whole.notes()
    monkeypatch.setattr(estimators, "LARGE", 1000)
    parted = estimator.fit(settings, job)
    assert parted.notes()[0].startswith("Its images are many")
    np.testing.assert_array_equal(parted.scaling.divisor, whole.scaling.divisor)
    agreed = parted.predict_proba(images[1200:]) - whole.predict_proba(images[1200:])
    assert np.abs(agreed).max() < 0.02
    parted.save(tmp_path)
    assert parted.card()["stored"], "its ONNX form answers as it does"
    (said,) = estimator.fit(
        replace_params(settings, max_iter=2), replace(job, workspace=tmp_path / "other")
    ).warnings
    assert said == "stopped before it converged; raise max_iter (it is 2)"


def replace_params(settings, **params):
    return settings.model_copy(update={"params": params})


def test_what_scikit_learn_alone_can_fit_is_left_to_it(monkeypatch):
    monkeypatch.setattr(estimators, "LARGE", 1000)
    plain = EstimatorSettings(estimator=PATH)
    assert is_in_parts(plain, 1000, 64)
    assert not is_in_parts(plain, 1, 64)
    for other in (
        EstimatorSettings(estimator=PATH, params={"solver": "saga"}),
        EstimatorSettings(estimator=PATH, params={"class_weight": "balanced"}),
        EstimatorSettings(estimator=PATH, features=[{"hog": 4}]),
        EstimatorSettings(estimator="sklearn.svm.SVC"),
    ):
        assert not is_in_parts(other, 1000, 64)


def test_memory_does_not_grow_with_the_images():
    images = np.random.default_rng(0).integers(0, 256, (20_000, 16, 16), np.uint8)
    labels = np.arange(len(images)) % 3
    scaling = fit_scaling(images, "unit")
    tracemalloc.start()
    try:
        with pytest.warns(match="failed to converge"):
            fit_in_parts(LogisticRegression(max_iter=1), scaling, images, labels)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < images.nbytes, "as float64 they would take eight times their bytes"
