"""What libraries warn of while they fit becomes a sentence about the model, everywhere the same."""

import html
import json
import re
import warnings

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Perceptron, RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer
from sklearn.svm import SVC, LinearSVC

from studies_at_hand import LEFT_OUT
from vestry.members.estimators.fit_warnings import fit_warnings

STOPPED = "stopped before it converged; raise max_iter"
SHORT = [
    *(LogisticRegression(max_iter=2, solver=solver) for solver in ("lbfgs", "saga", "newton-cg")),
    LogisticRegression(max_iter=2, solver="newton-cholesky"),
    LinearSVC(max_iter=2),
    SVC(max_iter=2),
    SGDClassifier(max_iter=2),
    Perceptron(max_iter=2),
    MLPClassifier(max_iter=2),
    MLPClassifier(max_iter=2, solver="lbfgs"),
    RidgeClassifier(max_iter=2, solver="sag"),
]


def said_of(estimator):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (120, 30)).astype(float)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(images, np.arange(120) % 3)
    return fit_warnings(caught, getattr(estimator, "max_iter", None))


@pytest.mark.parametrize("estimator", SHORT, ids=str)
def test_a_fit_that_ran_out_of_steps_says_what_to_raise(estimator):
    assert said_of(estimator) == [f"{STOPPED} (it is 2)"]


def test_where_the_limit_is_a_steps_it_is_not_guessed():
    made = make_pipeline(KBinsDiscretizer(3), LogisticRegression(max_iter=1, solver="saga"))
    assert STOPPED in said_of(made)


def in_words(message, max_iter=100):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for each in message if isinstance(message, list) else [message]:
            warnings.warn(each, stacklevel=1)
    return fit_warnings(caught, max_iter)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            ConvergenceWarning("lbfgs failed to converge after 7 iteration(s) (status=2):\nABNO"),
            "stopped before it converged, though it had steps left",
        ),
        (
            ConvergenceWarning("Number of distinct clusters (3) found smaller than n_clusters (5)"),
            "its library warns: Number of distinct clusters",
        ),
        (FutureWarning("'a' goes in 2.0. Use 'b'."), "is going to change what it uses: 'a' goes"),
        (DeprecationWarning("Old, i.e. bad. New"), "what it uses: Old, i.e. bad"),
        (UserWarning("Variables are collinear"), "its coefficients are not certain"),
        (RuntimeWarning("overflow encountered in exp"), "left the range of numbers (overflow enc"),
        (UserWarning("Mind the gap.\nIn detail"), "its library warns: Mind the gap"),
        (UserWarning(""), "its library warns: UserWarning('')"),
    ],
)
def test_other_warnings_in_words(message, said):
    (text,) = in_words(message)
    assert said in text and not text.endswith(".") and "\n" not in text


def test_warnings_that_differ_by_numbers_are_one_and_counted():
    found = in_words([UserWarning(f"Feature {n} is constant") for n in range(64)])
    assert found == ["its library warns: Feature 0 is constant (and 63 more like this)"]
    assert in_words([UserWarning("twice")] * 2) == ["its library warns: twice"]
    several = in_words([UserWarning("a 1"), UserWarning("b"), UserWarning("a 2")])
    assert [text.split(": ")[1][0] for text in several] == ["a", "b"]
    assert in_words(ConvergenceWarning("did not converge"), max_iter=-1) == [STOPPED]
    assert fit_warnings([], None) == [] and said_of(LinearDiscriminantAnalysis()) == []
    assert said_of(MultinomialNB()) == []


def test_console_results_and_page_say_the_same(tmp_path, vestry):
    (tmp_path / "s.toml").write_text(
        f'title = "Short"\n{LEFT_OUT}[data]\nsource = "digits"\nvalidation = {{ fraction = 0.2 }}\n'
        '[[model]]\nname = "Linear"\nestimator = "sklearn.linear_model.LogisticRegression"\n'
        "params = { max_iter = 2 }\n"
    )
    done = vestry("run", "s.toml", cwd=tmp_path)
    said = f"Linear: {STOPPED} (it is 2)"
    assert said in done.stderr.splitlines() and "lbfgs" not in done.stderr
    run = tmp_path / "runs/s"
    notices = json.loads((run / "results.json").read_text())["notices"]
    assert {"level": "note", "text": said} in notices
    text = html.unescape(re.sub(r"<[^>]+>", "", (run / "report.html").read_text()))
    assert said.partition(": ")[2] in text and "lbfgs failed" not in text
