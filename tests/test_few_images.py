"""Runs of few digits, as a user makes them: what page, console and export say, and do not say."""

import html
import json
import re

import numpy as np
import pytest
from sklearn.datasets import load_digits

WRONG = '''
import numpy as np
from sklearn.linear_model import LogisticRegression


class Wrong(LogisticRegression):
    """Answers the class after the one that it takes an image for."""

    def predict_proba(self, X):
        return np.roll(super().predict_proba(X), 1, axis=1)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]
'''
HEAD = """
title = "Few"
[data]
source = "npz:few.npz"
validation = { fraction = 0.2 }
[exploration]
skip = true
[explanation]
skip = true
[robustness]
skip = true
"""
LR = """
[[member]]
name = "LR"
estimator = "sklearn.linear_model.LogisticRegression"
"""
NB = """
[[member]]
name = "NB"
estimator = "sklearn.naive_bayes.GaussianNB"
[[member]]
name = "NB twin"
estimator = "sklearn.naive_bayes.GaussianNB"
[[committee]]
name = "Twins"
rule = "mean"
members = ["NB", "NB twin"]
"""
TREE = """
[[member]]
name = "Tree"
estimator = "sklearn.tree.DecisionTreeClassifier"
params = { max_depth = 6 }
"""
ALL_WRONG = """
[[member]]
name = "All wrong"
estimator = "wrong.Wrong"
"""


def save(folder, training, tested, shuffled=False):
    digits = load_digits()
    order = np.random.default_rng(5).permutation(len(digits.target))
    images = (digits.images * 15.9375).astype(np.uint8)[order]
    labels = digits.target[order]
    if shuffled:
        labels = np.random.default_rng(6).permutation(labels)
    np.savez(
        folder / "few.npz",
        images=images[:training],
        labels=labels[:training],
        test_images=images[-tested:],
        test_labels=labels[-tested:],
        classes=np.array([f"d{digit}" for digit in range(10)]),
    )


def run(folder, vestry, *members, code=0):
    """The results, the page's words and the console's."""
    (folder / "wrong.py").write_text(WRONG)
    (folder / "few.toml").write_text(HEAD + "".join(members))
    done = vestry("run", "few.toml", "-q", cwd=folder)
    assert done.returncode == code, done.stderr
    page = (folder / "runs/few/report.html").read_text()
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
    return json.loads((folder / "runs/few/results.json").read_text()), words, done.stdout


def by_name(results):
    return {row["name"]: row for row in results["ranking"]}


def test_ten_test_images_tell_nothing_and_pull_nobody_up(tmp_path, vestry):
    save(tmp_path, 120, 10)
    results, words, console = run(tmp_path, vestry, LR, NB, ALL_WRONG)
    ranking = results["ranking"]
    figures = [row["validation_accuracy"] for row in ranking]
    assert figures == sorted(figures, reverse=True)
    assert ranking[-1]["name"] == "All wrong" and ranking[-1]["rank"] == len(ranking)
    assert not {"level", "ahead"} & {row["on_test"]["mark"] for row in ranking[1:]}
    twins = [by_name(results)[name]["rank"] for name in ("NB", "NB twin", "Twins")]
    assert len(set(twins)) == 1, "the same figures on validation rows"
    assert "100.0 to 100.0" not in words
    unseen = results["resolution"]["test"]["difference"]
    assert unseen > 0.5
    assert f"differences under about {100 * unseen:.0f} points cannot be seen" in words
    assert "10 test images are too few" in words or "the test images are too few" in words
    assert "share the first rank" not in words + console
    assert results["decision"]["recommended"] == ranking[0]["name"]
    assert "All wrong" in results["decision"]["majority"]["not_above"]
    assert results["members"]["LR"]["intervals"]["test"]["accuracy"][0] < 0.75


@pytest.mark.parametrize("others", [(), (NB, ALL_WRONG)])
def test_a_cheap_tree_that_is_last_is_not_taken_in_whichever_company(tmp_path, vestry, others):
    save(tmp_path, 250, 500)
    results, words, console = run(tmp_path, vestry, TREE, LR, *others)
    rows = by_name(results)
    assert rows["LR"]["validation_accuracy"] > rows["Tree"]["validation_accuracy"]
    assert rows["LR"]["test_accuracy"] > rows["Tree"]["test_accuracy"]
    found = results["decision"]
    assert found["recommended"] == results["ranking"][0]["name"] != "Tree"
    assert found["evidence"] in ("clear", "too_few") and found["level_with"] == [
        found["recommended"]
    ]
    headline = {"clear": "Recommended: {}", "too_few": "Too few images to choose; ahead so far: {}"}
    said = headline[found["evidence"]].format(found["recommended"])
    label = {"clear": "Recommended", "too_few": "Ahead so far"}[found["evidence"]]
    assert f"{label} {found['recommended']} " in words and f"{said}." in console
    done = vestry("export", "runs/few", "-o", "m.onnx", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    card = (tmp_path / "m.md").read_text()
    assert f"{said}." in card and "This is another model" not in card
    assert f"\n# {found['recommended']}\n" in card
    other = vestry("export", "runs/few", "--model", "Tree", "-o", "t.onnx", cwd=tmp_path)
    assert other.returncode == 0, other.stderr
    assert f"{said}. This is another model." in (tmp_path / "t.md").read_text()


def test_where_nothing_meets_the_limits_nothing_is_exported_unnamed(tmp_path, vestry):
    save(tmp_path, 200, 100)
    limits = "[decision]\nmax_ms = 1e-9\n"
    results, words, console = run(tmp_path, vestry, limits, LR, TREE)
    assert results["decision"]["recommended"] is None
    assert "No model meets the limits of this study" in words
    assert "No model meets the limits of this study." in console
    done = vestry("export", "runs/few", "-o", "m.onnx", cwd=tmp_path)
    nearest = results["decision"]["nearest"]["name"]
    assert done.returncode == 2 and f"({nearest} comes nearest)" in done.stderr


def test_models_of_meaningless_labels_are_not_recommended_and_not_exported(tmp_path, vestry):
    save(tmp_path, 200, 100, shuffled=True)
    results, words, console = run(tmp_path, vestry, LR, TREE)
    found = results["decision"]
    assert found["recommended"] is None and found["majority"]["above"] == []
    usual = found["majority"]["class"]
    said = f"No model is shown to be better than always answering “{usual}”"
    assert said in words and said in console
    assert not re.search("Recommended:? (LR|Tree)|Ahead so far", words)
    done = vestry("export", "runs/few", "-o", "m.onnx", cwd=tmp_path)
    assert done.returncode == 2 and "name one with --model" in done.stderr
    assert not (tmp_path / "m.onnx").exists()
    named = vestry("export", "runs/few", "--model", "LR", "-o", "m.onnx", cwd=tmp_path)
    assert named.returncode == 0, named.stderr
