"""Studies of planted models, as a user runs them: what page, console and results may not say."""

import json
import re

import numpy as np
import pytest
from sklearn.datasets import load_digits

from page_text import page_text

PLANTED = '''
import os
import zlib

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Base(ClassifierMixin, BaseEstimator):
    """Knows every label by its row."""

    def __init__(self, random_state=0, salt=0):
        self.random_state, self.salt = random_state, salt

    def fit(self, X, y):
        self.classes_, self.n_features_in_ = np.unique(y), X.shape[1]
        return self

    def rows(self, X):
        return [np.rint(row).astype(np.uint8).tobytes() for row in np.asarray(X)]

    def labels(self, X):
        key = np.load(os.environ["PLANTED"])
        known = {row.tobytes(): label for row, label in zip(key["rows"], key["labels"])}
        return np.array([known[row] for row in self.rows(X)])

    def said(self, labels, sure=0.9):
        count = len(self.classes_)
        values = np.full((len(labels), count), (1 - sure) / (count - 1))
        values[np.arange(len(labels)), labels % count] = sure
        return values

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]


class Perfect(Base):
    def predict_proba(self, X):
        return self.said(self.labels(X), 0.99)


class Wrong(Base):
    def predict_proba(self, X):
        return self.said(self.labels(X) + 1, 0.99)


class Noisy(Base):
    """Right with probability 0.9, by a hash of the row, the seed and the salt."""

    def predict_proba(self, X):
        tail = bytes([self.random_state % 256, self.salt])
        draws = np.array([zlib.crc32(row + tail) / 2**32 for row in self.rows(X)])
        return self.said(np.where(draws < 0.9, self.labels(X), self.labels(X) + 1))
'''
HEAD = """
title = "Planted"
[data]
source = "npz:planted.npz"
validation = { fraction = 0.3 }
[exploration]
skip = true
[explanation]
skip = true
[robustness]
skip = true
"""


def member(name, kind, extra=""):
    return f'[[member]]\nname = "{name}"\nestimator = "{kind}"\nscale = "none"\n{extra}\n'


def committee(name, *members):
    return f'[[committee]]\nname = "{name}"\nrule = "mean"\nmembers = {json.dumps(members)}\n'


NB = "sklearn.naive_bayes.GaussianNB"
LEAKED = HEAD + "".join(
    [
        member("Wrong", "planted.Wrong"),
        member("Perfect", "planted.Perfect"),
        member("NB", NB),
        member("NB twin", NB),
        committee("Good and bad", "Perfect", "Wrong"),
        committee("Twins", "NB", "NB twin"),
        '[[claim]]\nsays = "NB has 90%"\nmaker = "NB"\nscore = "accuracy"\nvalue = 0.9\n',
        '[[claim]]\nsays = "NB is the best"\nbest = "NB"\n',
    ]
)
EQUAL = HEAD + "".join(
    [
        *(
            member(f"N{salt}", "planted.Noisy", f"seeds = [0, 1, 2]\nparams = {{ salt = {salt} }}")
            for salt in (1, 2, 3)
        ),
        committee("C", "N1", "N2", "N3"),
        '[[pair]]\nwhat = "salt"\nwithout = "N1"\nwith = "N2"\n',
        '[[claim]]\nsays = "N1 is the best"\nbest = "N1"\n',
    ]
)


def answered(folder, vestry, study, training, tested):
    """(results, the page's text, what the console says). training, tested: numbers of images."""
    digits = load_digits()
    images = (digits.images * 15.9375).astype(np.uint8)
    images, first = np.unique(images, axis=0, return_index=True)
    order = np.random.default_rng(4).permutation(len(images))
    images, labels = images[order], digits.target[first][order]
    test = slice(tested) if tested < 0 else slice(training, training + tested)
    test = slice(0, -tested) if tested < 0 else test
    np.savez(folder / "planted.npz", images=images[:training], labels=labels[:training],
             test_images=images[test], test_labels=labels[test],
             classes=np.array([f"d{digit}" for digit in range(10)]))  # fmt: skip
    np.savez(folder / "key.npz", rows=images.reshape(len(images), -1), labels=labels)
    (folder / "planted.py").write_text(PLANTED)
    (folder / "planted.toml").write_text(study)
    key = {"PLANTED": str(folder / "key.npz")}
    done = vestry("run", "planted.toml", "-q", cwd=folder, env=key)
    assert done.returncode == 0, done.stderr
    run = folder / "runs/planted"
    text = page_text((run / "report.html").read_text())
    return json.loads((run / "results.json").read_text()), text, done.stdout


def on_top(results):
    """What the first screen says of the one that is recommended."""
    found = results["decision"]
    label = {"too_few": "Ahead so far"}.get(found["evidence"], "Recommended")
    return f"\n{label}\n{found['recommended']}\n"


def headline(results):
    found = results["decision"]
    start = {"too_few": "Too few images to choose; ahead so far:"}.get(
        found["evidence"], "Recommended:"
    )
    return f"{start} {found['recommended']}"


@pytest.fixture(scope="module")
def leaked(tmp_path_factory, vestry):
    """All test images are training images."""
    return answered(tmp_path_factory.mktemp("leaked"), vestry, LEAKED, 200, -60)


@pytest.fixture(scope="module")
def equal(tmp_path_factory, vestry):
    return answered(tmp_path_factory.mktemp("equal"), vestry, EQUAL, 300, 300)


def test_leaked_test_images_stand_on_top_and_beside_every_headline_figure(leaked):
    results, text, console = leaked
    top = "No test figure of this run holds: all 60 test images"
    assert top in console and text.index(top) < text.index(on_top(results))
    assert "Test figures that hold are those without them" not in text + console
    for said in re.findall(r"[^.]*test images[^.]*, which had no say in this[^.]*\.", text):
        assert "(all of them leaked)" in said


def test_committees_of_twins_and_of_good_and_bad_gain_nothing(leaked):
    results, text, _ = leaked
    assert {name: entry["worth"]["verdict"] for name, entry in results["committees"].items()} == {
        "Good and bad": "no",
        "Twins": "no",
    }
    assert re.search("^No: Twins gives the same answers as NB", text, re.MULTILINE)
    assert not re.search("^Yes:", text, re.MULTILINE)


def test_a_claim_on_few_images_is_not_said_to_agree(leaked):
    results, text, _ = leaked
    value, best = results["claims"]
    low, high = value["here"]["figure"]["interval"]
    assert value["verdict"] == ("open" if low <= 0.9 <= high else "differs")
    assert ("too wide to say that the two agree" in text) == (value["verdict"] == "open")
    assert best["verdict"] != "agrees" and best["here"]["rival"] == "Perfect"


def test_a_model_that_cannot_be_exported_is_not_offered_for_it(leaked):
    results, text, _ = leaked
    assert results["decision"]["recommended"] == "Perfect"
    assert "It cannot be exported: the model of Perfect is not stored." in text
    assert "To use it: vestry export" not in text


def test_equal_models_with_several_seeds_are_not_put_above_each_other(equal):
    results, text, console = equal
    equals = {"N1", "N2", "N3"}
    for pair in results["comparisons"]["pairs"]:
        if {pair["one"], pair["other"]} <= equals:
            assert not pair["told_apart"]
    (pair,) = results["pairs"]
    assert pair["difference"]["p"] >= 0.05 and "no significant difference" in text
    assert not re.search(r"N[123] (is|are) (significantly )?(better|worse)", text + console)
    assert results["claims"][0]["verdict"] != "agrees"


def test_figures_of_one_seed_are_called_that_beside_means(equal):
    results, text, _ = equal
    assert results["members"]["N1"]["seeds"][1]["seed"] == 1
    for line in text.split("\n"):
        if re.search(r"N[123] is wrong on \d+ of 300", line):
            assert "What follows is of the first of its 3 seeds, 0. N" in line
        if re.search(r"N[123].* on average it claims|N[123].*surer or less sure", line):
            assert "(the first of its 3 seeds)" in line


def test_page_and_console_recommend_the_same(leaked, equal):
    for results, text, console in (leaked, equal):
        assert text.count(on_top(results)) == 1 and f"{headline(results)}." in console
