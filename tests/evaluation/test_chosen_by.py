"""The score that chooses: the order, margins, the majority class, how probably one is best."""

import sys
from pathlib import Path

import numpy as np
import pytest
from makers import analysed, entry, small_run
from pydantic import ValidationError
from sklearn.dummy import DummyClassifier
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss
from test_decision import COSTS, SKILLS, cost

from vestry.evaluation.baselines import baselines
from vestry.evaluation.chosen_by import chosen_by, probability_best
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.predictions import Predictions
from vestry.predictions.choosing import SensitivityAt, choosing_score
from vestry.predictions.table import ProbabilityTable

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import margins

RANKED_BY = ["accuracy", "balanced_accuracy", "macro_f1", "log_loss", "roc_auc"]


@pytest.mark.parametrize("name", RANKED_BY)
def test_the_order_is_by_the_score_on_validation_rows(name):
    results, evidence = small_run(SKILLS | {"Twin": 3.4, "Weak": 0.3}, rows=120)
    found = analysed(results, evidence, deciding=DecisionSettings(score=name))
    score, truth = choosing_score(name), evidence.truths["validation"]
    figures = [score.of(evidence.validated[r.name].probabilities, truth) for r in found.ranking]
    assert figures == sorted(figures, reverse=score.better == "higher")
    assert [row.validation_score for row in found.ranking] == pytest.approx(figures, abs=1e-6)
    assert [row.rank for row in found.ranking] == [1, 2, 3, 4, 5]
    assert sum(row.probability_best for row in found.ranking) == pytest.approx(1)
    assert found.score.name == name and found.ranking[-1].name == "Weak"


def test_what_the_test_rows_say_moves_no_score_that_chooses():
    results, evidence = small_run(SKILLS)
    swapped = dict(zip(SKILLS, ["Small", "Big", "Middle"], strict=True))
    other = {
        name: {**tables, "test": evidence.tables[swapped[name]]["test"]}
        for name, tables in evidence.tables.items()
    }
    settings = DecisionSettings(score="balanced_accuracy")
    one, two = (
        analysed(results, each, {"members": COSTS}, deciding=settings)
        for each in (evidence, Predictions(other, evidence.truths))
    )
    for key in ("validation_score", "probability_best", "above_majority", "name"):
        assert [getattr(r, key) for r in one.ranking] == [getattr(r, key) for r in two.ranking]


def test_twins_share_the_probability_to_be_the_best_and_seeds_spread_it():
    _, evidence = small_run({"A": 3.0, "B": 0.5})
    twins = {"A": evidence.tables["A"], "Again": evidence.tables["A"], "B": evidence.tables["B"]}
    score = choosing_score("accuracy")
    found = probability_best(chosen_by(score, list(twins), Predictions(twins, evidence.truths)))
    assert found == {"A": 0.5, "Again": 0.5, "B": 0.0}
    _, many = small_run({"Good": 2.0, "Bad": 1.2, "Ugly": 0.2})
    seeds = {
        "Both": [many.tables["Good"], many.tables["Ugly"]],
        "Bad": [many.tables["Bad"]],
    }
    first = {name: each[0] for name, each in seeds.items()}
    evidence = Predictions(first, many.truths, seeds=seeds)
    found = probability_best(chosen_by(score, list(seeds), evidence))
    assert 0.2 < found["Both"] < 0.8, "a quarter of the draws are the good seed twice"


def unbalanced(rows=400, seed=0, found=0.85, left=0.85):
    """One in ten is ill: a model that finds them, and one that calls nearly all well."""
    rng = np.random.default_rng(seed)
    truths = {
        split: (np.arange(rows) % 10 > 0).astype(np.int64)
        for split in ("training", "validation", "test")
    }
    tables = {"Finder": {}, "Blind": {}}
    for split in ("validation", "test"):
        truth, draws = truths[split], rng.random(rows)
        finds = np.where(truth == 0, draws < found, draws > left)
        calls = {"Finder": np.where(finds, 0.1, 0.9), "Blind": np.where(draws < 0.002, 0.4, 0.95)}
        for name, positive in calls.items():
            ids = np.array([f"{split}/{row}" for row in range(rows)])
            values = np.column_stack([1 - positive, positive]).astype(np.float32)
            tables[name][split] = ProbabilityTable(ids, ("ill", "well"), values, name, split)
    return tables, truths


def results_of(tables, truths):
    results, _ = small_run({"A": 1.0})
    counts = {name: np.bincount(truth, minlength=2).tolist() for name, truth in truths.items()}
    for name, split in results["data"]["splits"].items():
        split |= {"rows": sum(counts[name]), "class_counts": counts[name]}
    results["data"]["classes"] = ["ill", "well"]
    results["members"] = {name: entry([each], truths) for name, each in tables.items()}
    return results


def decided(tables, truths, **settings):
    costs = {"members": dict.fromkeys(tables, cost())}
    results = results_of(tables, truths)
    return analysed(
        results, Predictions(tables, truths), costs, deciding=DecisionSettings(**settings)
    )


AT = {"sensitivity_at_specificity": 0.7}


@pytest.mark.parametrize("score", ["balanced_accuracy", "macro_f1", "roc_auc", AT])
def test_where_accuracy_misleads_another_score_finds_the_model_that_is_of_use(score):
    """By accuracy nothing is better than calling everybody well."""
    tables, truths = unbalanced()
    plain = decided(tables, truths)
    assert plain.decision.recommended is None and plain.ranking[0].name == "Blind"
    assert plain.score.rarest == pytest.approx(1 / 9)
    found = decided(tables, truths, score=score)
    assert found.decision.recommended == "Finder" == found.ranking[0].name
    assert found.decision.majority.not_above == ["Blind"]
    assert [row.above_majority for row in found.ranking] == [True, False]
    assert found.decision.evidence == "clear"


def test_a_limit_may_be_set_to_the_score_that_chooses():
    tables, truths = unbalanced()
    found = decided(tables, truths, score="balanced_accuracy", min_score=0.8).decision
    assert found.recommended == "Finder"
    (limit,) = next(each for each in found.held if each.name == "Finder").limits
    assert limit.found == pytest.approx(0.85, abs=0.06) and limit.meets in ("surely", "probably")
    assert limit.interval[0] < limit.found < limit.interval[1]
    none = decided(tables, truths, score="balanced_accuracy", min_score=0.99).decision
    assert none.recommended is None and none.nearest.name == "Finder"
    with pytest.raises(ValidationError, match="not log_loss"):
        DecisionSettings(score="log_loss", min_score=0.5)


@pytest.mark.parametrize(("rows", "meets"), [(100, "probably"), (1000, "surely")])
def test_limits_are_judged_by_the_end_of_the_interval(rows, meets):
    results, evidence = small_run({"Big": 3.5}, rows=rows)
    truth = evidence.truths["validation"]
    share = float((evidence.validated["Big"].labels == truth).mean())
    costs = {"members": {"Big": cost(3.0)}}  # 3 ms at the median, 6 in the slowest hundredth
    asked = {"min_accuracy": share - 0.03, "max_ms": 4.0, "max_mb": 2.0}
    found = analysed(results, evidence, costs, deciding=DecisionSettings(**asked)).decision
    assert found.recommended == "Big" and found.excluded == []
    (only,) = found.held
    words = {limit.limit: limit.meets for limit in only.limits}
    assert words == {"min_accuracy": meets, "max_ms": "probably", "max_mb": "surely"}
    slow = DecisionSettings(max_ms=2.9)
    out = analysed(results, evidence, costs, deciding=slow).decision
    assert out.recommended is None and out.excluded[0].limits[0].meets == "not"
    quick = analysed(results, evidence, costs, deciding=DecisionSettings(max_ms=6.0)).decision
    assert quick.held[0].limits[0].meets == "surely"


@pytest.mark.parametrize("classes", [2, 4])
def test_baselines_are_scikit_learns_dummies(classes):
    rng = np.random.default_rng(classes)
    shares = np.arange(1, classes + 1) / np.arange(1, classes + 1).sum()
    truths = {s: rng.choice(classes, 500, p=shares) for s in ("training", "validation", "test")}
    names = tuple("abcd"[:classes])
    usual, chance = baselines(Predictions({}, truths), names, choosing_score("macro_f1"))
    blank, test = np.zeros((500, 1)), truths["test"]
    dummy = DummyClassifier(strategy="prior").fit(blank, truths["training"])
    said, given = dummy.predict(blank), dummy.predict_proba(blank)
    assert usual.name == f"Always “{names[-1]}”"
    assert usual.scores.test == pytest.approx({
        "accuracy": (said == test).mean(),
        "recall_macro": balanced_accuracy_score(test, said),
        "f1_macro": f1_score(test, said, average="macro"),
        "log_loss": log_loss(test, given, labels=range(classes)),
    })  # fmt: skip
    assert usual.by_score.test == usual.scores.test["f1_macro"]
    random = DummyClassifier(strategy="uniform", random_state=np.random.RandomState(0)).fit(
        blank, truths["training"]
    )
    many = [f1_score(test, random.predict(blank), average="macro") for _ in range(60)]
    assert chance.scores.test["f1_macro"] == pytest.approx(np.mean(many), abs=0.01)
    assert chance.scores.test["accuracy"] == pytest.approx(1 / classes)
    assert chance.scores.test["log_loss"] == pytest.approx(np.log(classes))


@pytest.mark.parametrize("asked", ["balanced_accuracy", "log_loss", "roc_auc"])
def test_margin_tests_of_other_scores_keep_their_level(asked):
    """80 studies; benchmarks/margins.py has more, and other seeds."""
    score = choosing_score(asked, margins.CLASSES)
    behind, within = margins.alarms(score, 300, 80, first=40)
    assert behind <= 0.1 and within <= 0.1


def test_no_difference_on_a_few_rows_shows_a_level():
    tables, truths = unbalanced(rows=150, found=1.0, left=0.95)
    twins = {"One": tables["Finder"], "Other": tables["Finder"]}
    for score in ("balanced_accuracy", "roc_auc"):
        found = decided(twins, truths, score=score)
        assert found.decision.evidence == "too_few"
        assert not any(test.within for test in found.decision.reason.tests)


def test_a_sensitivity_needs_two_classes():
    results, evidence = small_run({"A": 2.0})
    asked = SensitivityAt(sensitivity_at_specificity=0.9)
    with pytest.raises(ValueError, match="two classes"):
        analysed(results, evidence, deciding=DecisionSettings(score=asked))
