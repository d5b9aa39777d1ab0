"""Members of the kind `estimator`: what they predict is what the estimator predicts."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from made_jobs import fit_job
from vestry.errors import MemberError
from vestry.members.estimators import estimator as kind
from vestry.members.estimators.fitted_estimator import agree, fit_temperature, softmax
from vestry.members.estimators.kind import EstimatorSettings, fit_scaling
from vestry.members.kind import FitJob
from vestry.system.process_state import ProcessState


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    images = np.round(data.images * 255 / 16).astype(np.uint8)
    return images, data.target.astype(np.int64)


@pytest.fixture
def job(digits, tmp_path):
    images, labels = digits
    return fit_job(images, labels, (800, 1200), 10, tmp_path / "work")


def fit(job, path, **settings):
    return kind.fit(EstimatorSettings(estimator=path, **settings), job)


ESTIMATORS = [
    ("sklearn.svm.SVC", {}),
    ("sklearn.svm.LinearSVC", {"max_iter": 5000}),
    ("sklearn.linear_model.RidgeClassifier", {}),
    ("sklearn.linear_model.LogisticRegression", {"max_iter": 50}),
    ("sklearn.ensemble.RandomForestClassifier", {"n_estimators": 20}),
    ("sklearn.neighbors.KNeighborsClassifier", {}),
    ("sklearn.tree.DecisionTreeClassifier", {}),
    ("sklearn.naive_bayes.GaussianNB", {}),
]


@pytest.mark.parametrize(("path", "params"), ESTIMATORS, ids=[p for p, _ in ESTIMATORS])
@pytest.mark.parametrize("scale", ["none", "unit", "standard"])
def test_labels_are_the_estimators_own_and_the_stored_file_agrees(
    job, digits, tmp_path, path, params, scale
):
    member = fit(job, path, params=params, scale=scale)
    fresh = digits[0][1200:]
    probabilities = member.predict_proba(fresh)
    own = member.estimator.predict(member.scaling.apply(fresh))
    assert np.array_equal(probabilities.argmax(axis=1), own)
    assert np.abs(probabilities.sum(axis=1) - 1).max() < 1e-5
    member.save(tmp_path)
    card = member.card()
    if card["stored"] is None:  # the gate may refuse, but then says why
        assert "not stored" in card["stored_note"] and not (tmp_path / "model.onnx").exists()
        return
    restored = kind.load(tmp_path, card)
    assert np.abs(restored.predict_proba(fresh) - probabilities).max() < 1e-4


@pytest.mark.parametrize(
    "path",
    ["sklearn.svm.SVC", "sklearn.ensemble.RandomForestClassifier", ESTIMATORS[2][0]],
)
def test_what_study_a_uses_is_stored(job, tmp_path, path):
    member = fit(job, path, scale="standard")
    member.save(tmp_path)
    assert member.card()["stored"] == "model.onnx"
    assert {p.name for p in tmp_path.iterdir()} == {"model.onnx"}


def test_two_classes_work_too(job, tmp_path):
    two = FitJob(
        **{
            **vars(job),
            "labels": job.labels % 2,
            "validation_labels": job.validation_labels % 2,
            "classes": 2,
        }
    )
    for path in ("sklearn.svm.SVC", "sklearn.linear_model.RidgeClassifier"):
        member = fit(two, path)
        member.save(tmp_path)
        assert member.card()["stored"] == "model.onnx", member.card()["notes"]


def test_a_graph_that_gives_other_answers_is_refused(job, tmp_path, monkeypatch):
    from vestry.members.estimators import estimator_onnx

    member = fit(job, "sklearn.linear_model.LogisticRegression")
    other = fit(job, "sklearn.linear_model.LogisticRegression", params={"C": 1e-4})
    right = estimator_onnx.converted
    monkeypatch.setattr(estimator_onnx, "converted", lambda _, size: right(other.estimator, size))
    member.save(tmp_path)
    assert member.card()["stored"] is None and "differs from it" in member.card()["stored_note"]
    assert not list(tmp_path.iterdir())
    with pytest.raises(MemberError, match="differs from it"):
        kind.load(tmp_path, member.card())


def test_refit_keeps_the_held_out_table_and_tests_a_model_of_all_rows(job, digits):
    member = fit(job, "sklearn.svm.SVC", scale="standard", refit=True)
    once = fit(job, "sklearn.svm.SVC", scale="standard")
    assert np.array_equal(member.held_out_proba(), once.predict_proba(job.validation_images))
    images = digits[0][:1200]
    scaling = fit_scaling(images, "standard")
    reference = SVC().fit(scaling.apply(images), digits[1][:1200])
    fresh = digits[0][1200:]
    expected = reference.predict(scaling.apply(fresh))
    assert np.array_equal(member.predict_proba(fresh).argmax(axis=1), expected)


def test_an_unconverged_fit_says_so(job):
    member = fit(job, "sklearn.linear_model.LogisticRegression", params={"max_iter": 2})
    assert any("converge" in warning for warning in member.card()["warnings"])


def test_the_seed_is_the_studys_unless_the_params_name_one(job):
    path = "sklearn.ensemble.RandomForestClassifier"
    assert fit(job, path).estimator.random_state == 0
    assert fit(job, path, params={"random_state": 42}).estimator.random_state == 42


@pytest.mark.parametrize(
    ("path", "params", "said"),
    [
        ("sklearn.svm.SVCC", {}, "no sklearn.svm.SVCC to import"),
        ("nowhere.Model", {}, "no nowhere.Model to import"),
        ("sklearn.svm.SVC", {"c": 1}, "does not take these params"),
        ("sklearn.svm.SVC", {"C": -1.0}, "cannot be fitted"),
    ],
)
def test_what_cannot_be_built_or_fitted_is_one_clear_error(job, path, params, said):
    with pytest.raises(MemberError, match=said):
        fit(job, path, params=params)


def test_standard_scaling_is_the_training_rows_and_constant_pixels_do_no_harm(digits):
    images = digits[0]
    scaling = fit_scaling(images, "standard")
    features = scaling.apply(images)
    constant = images.reshape(len(images), -1).std(axis=0) == 0
    assert constant.any() and np.isfinite(features).all()
    assert np.abs(features.mean(axis=0)).max() < 1e-5
    assert features.std(axis=0)[~constant] == pytest.approx(1, abs=1e-5)
    assert np.abs(features[:, constant]).max() == 0


def test_the_count_of_exchanged_rows_is_that_of_its_tables(job, digits, tmp_path):
    member = fit(job, "sklearn.svm.SVC", scale="standard")
    features = member.scaling.apply(digits[0][800:])
    expected = (
        member.raw_proba(features).argmax(axis=1) != member.estimator.predict(features)
    ).sum()
    member.predict_proba(digits[0][800:])
    member.save(tmp_path)  # the parity gate predicts as well, and must not count
    assert member.predicted == len(digits[0]) - 800
    assert member.relabelled == expected


def test_agree_changes_only_rows_that_disagree_and_keeps_their_values():
    given = np.array([[0.6, 0.4], [0.3, 0.7]], np.float32)
    agreed, changed = agree(given, np.array([1, 1]))
    assert changed == 1
    assert agreed.argmax(axis=1).tolist() == [1, 1]
    assert np.allclose(agreed, [[0.4, 0.6], [0.3, 0.7]], atol=1e-6)


def test_agree_breaks_an_exact_tie_in_favour_of_the_label():
    agreed, _ = agree(np.array([[0.5, 0.5]], np.float32), np.array([1]))
    assert agreed.argmax(axis=1).tolist() == [1]


def test_the_temperature_is_the_one_with_the_least_log_loss(job):
    features = job.validation_images.reshape(400, -1) / 16.0
    model = LogisticRegression(max_iter=200).fit(features[:200], job.validation_labels[:200])
    scores = model.decision_function(features[200:])
    truth = job.validation_labels[200:]
    found = fit_temperature(scores, truth)

    def loss(temperature):
        return -np.log(softmax(scores / temperature)[np.arange(200), truth]).mean()

    assert loss(found) <= min(loss(found * 1.05), loss(found / 1.05))


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("leaf", [1, 3])
def test_votes_of_trees_that_tie_are_settled_as_scikit_learn_settles_them(
    job, tmp_path, classes, leaf
):
    """Eight trees on noise: hundreds of rows tie."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (1500, 5, 5), np.uint8)
    labels = random.integers(0, classes, 1500)
    noise = replace(
        job,
        images=images[:300],
        labels=labels[:300],
        validation_images=images[300:],
        validation_labels=labels[300:],
        classes=classes,
    )
    params = {"n_estimators": 8, "min_samples_leaf": leaf, "max_features": 2}
    member = fit(noise, "sklearn.ensemble.RandomForestClassifier", params=params)
    expected = member.predict_proba(images)
    own = member.estimator.predict(member.scaling.apply(images))
    differ = expected.argmax(axis=1) != own
    top = np.sort(expected, axis=1)
    tied = top[:, -1] - top[:, -2] < 1e-6
    assert not (differ & ~tied).any() and (leaf > 1 or (tied.sum() > 100 and not differ.any()))
    assert any("seven digits" in note for note in member.card()["notes"]) == differ.any()
    member.save(tmp_path)
    assert member.card()["stored"], member.card()["stored_note"]
    restored = kind.load(tmp_path, member.card()).predict_proba(images)
    assert np.array_equal(restored.argmax(axis=1), expected.argmax(axis=1))


@pytest.mark.parametrize("refit", [False, True])
def test_what_an_estimator_writes_into_is_its_own(job, refit):
    images, labels = job.images.copy(), job.labels.copy()
    parts = [["a", 1.0]]

    def answers(path, **params):
        return fit(job, path, refit=refit, params=params).predict_proba(job.validation_images)

    before, error = ProcessState.read(), np.geterr()
    written = answers("estimators_at_hand.Writes", parts=parts)
    assert np.array_equal(written, answers("sklearn.naive_bayes.GaussianNB"))
    assert np.array_equal(job.labels, labels) and np.array_equal(job.images, images)
    assert parts == [["a", 1.0]]
    assert np.geterr() == error and ProcessState.read().python[:4] == before.python[:4]


def test_generators_without_a_state_start_from_the_seed(job):
    def answers(seed):
        member = fit(replace(job, seed=seed), "estimators_at_hand.Draws")
        return member.predict_proba(job.validation_images)

    first = answers(0)
    np.random.rand(5)
    assert np.array_equal(answers(0), first) and not np.array_equal(answers(1), first)
