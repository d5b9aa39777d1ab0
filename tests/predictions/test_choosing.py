"""Scores that models are chosen by, beside scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics

from vestry.predictions.choosing import SensitivityAt, choosing_score

THEIRS = {
    "accuracy": lambda t, p: metrics.accuracy_score(t, p.argmax(1)),
    "balanced_accuracy": lambda t, p: metrics.balanced_accuracy_score(t, p.argmax(1)),
    "macro_f1": lambda t, p: metrics.f1_score(t, p.argmax(1), average="macro"),
    "log_loss": metrics.log_loss,
    "roc_auc": lambda t, p: metrics.roc_auc_score(
        t, p[:, 1] if p.shape[1] == 2 else p, multi_class="ovr"
    ),
}


def drawn(rng, classes, rows=300, rare=0.1):
    """Unbalanced labels, and probabilities with ties."""
    shares = np.array([rare, *[(1 - rare) / (classes - 1)] * (classes - 1)])
    truth = rng.choice(classes, rows, p=shares)
    values = np.round(rng.random((rows, classes)) + 0.4 * np.eye(classes)[truth], 1) + 0.1
    return truth, values / values.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("name", THEIRS)
def test_they_are_scikit_learns_on_rows_and_on_resamples(name, classes):
    rng = np.random.default_rng(classes)
    truth, values = drawn(rng, classes)
    score = choosing_score(name)
    assert score.of(values, truth) == pytest.approx(THEIRS[name](truth, values))
    order = np.argsort(truth, kind="stable")
    rows = np.concatenate([rng.choice(part, len(part)) for part in
                           (order[truth[order] == k] for k in range(classes))])  # fmt: skip
    counts = np.bincount(rows, minlength=len(truth)).astype(float)[:, None]
    on = score.values((one for one in (values, values[:, ::-1])), truth)
    found = on(np.hstack([counts, counts + 1]))
    assert found.shape == (2, 2)
    assert on(counts + 1)[:, 0] == pytest.approx(found[:, 1]), "asked again for others"
    assert found[0, 0] == pytest.approx(THEIRS[name](truth[rows], values[rows]))


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95])
def test_sensitivity_is_that_of_the_roc_curve_at_the_specificity(share):
    truth, values = drawn(np.random.default_rng(3), 2)
    asked = SensitivityAt(sensitivity_at_specificity=share)
    score = choosing_score(asked, ("ill", "well"), truth)
    assert "ill" in score.words, "the rarer class"
    false, found, _ = metrics.roc_curve(truth == 0, values[:, 0], drop_intermediate=False)
    assert score.of(values, truth) == pytest.approx(found[false <= 1 - share + 1e-9].max())
    named = choosing_score(asked.model_copy(update={"positive": "well"}), ("ill", "well"), truth)
    assert "well" in named.words and named.of(values, truth) != score.of(values, truth)


def test_what_does_not_suit_the_classes_is_refused():
    asked = SensitivityAt(sensitivity_at_specificity=0.9, positive="sick")
    with pytest.raises(ValueError, match="two classes, and there are 3"):
        choosing_score(asked, ("a", "b", "c"))
    with pytest.raises(ValueError, match="no class 'sick'; there are a, b"):
        choosing_score(asked, ("a", "b"))


def test_an_area_without_two_kinds_of_rows_says_nothing():
    score = choosing_score("roc_auc")
    assert score.of(np.array([[0.1, 0.9], [0.3, 0.7]]), np.array([1, 1])) == 0.5
