import numpy as np
import pytest
from makers import CLASSES, makers_of, mean_of, small_run, table

from vestry.committees.committee import Committee
from vestry.committees.rules import stacking
from vestry.errors import TableError
from vestry.evaluation.leave_one_out import judged_together, leave_one_out, verdict
from vestry.evaluation.paired_tests import holm
from vestry.evaluation.predictions import EvaluatedModel as Maker
from vestry.evaluation.predictions import Predictions
from vestry.schema.models import ScoredCommittee

SKILLS = {"A": 1.5, "B": 1.3, "C": 0.2}


def committee(rule, evidence, names=("A", "B", "C"), **entry):
    rest = {"fitted_on": None, "options": {}, "learnt": {}} | entry
    given = ScoredCommittee.model_construct(rule=rule, members=list(names), **rest)
    return Maker("Committee", given, np.zeros_like(evidence.truth), evidence.truth)


@pytest.fixture
def evidence():
    return small_run(SKILLS, rows=600)[1]


def judged(found):
    return judged_together({"one": found})["one"]


def rows_of(found):
    return {row.name: row for row in found.members}


def test_each_is_left_out_in_turn(evidence):
    found = judged(leave_one_out(committee("mean", evidence), evidence))
    tests = {name: evidence.tables[name]["test"] for name in SKILLS}
    whole = mean_of(list(tests.values()), "all").labels == evidence.truth
    assert found.whole.accuracy == pytest.approx(whole.mean())
    for name, row in rows_of(found).items():
        others = [tests[other] for other in SKILLS if other != name]
        right = mean_of(others, "others").labels == evidence.truth
        assert row.accuracy == pytest.approx(right.mean())
        assert row.difference.value == pytest.approx(right.mean() - whole.mean())
        assert row.difference.only_one == int((right & ~whole).sum())
    assert rows_of(found)["C"].verdict == "better"
    assert rows_of(found)["A"].verdict == "worse"
    adjusted = [row.p_holm for row in found.members]
    assert adjusted == holm([row.p for row in found.members])
    assert found.learnt_from is None and found.reason is None


@pytest.mark.parametrize(
    ("rule", "options"), [("weighted", {"by": "log_loss"}), ("greedy", {"rounds": 9, "start": 2})]
)
def test_rules_that_learn_are_fitted_again_on_their_own_rows(evidence, rule, options):
    made = committee(rule, evidence, options=options, fitted_on="validation")
    found = leave_one_out(made, evidence)
    for name, row in rows_of(found).items():
        others = [other for other in SKILLS if other != name]
        again = Committee("x", rule, options)
        again.fit([evidence.validated[n] for n in others], evidence.truths["validation"])
        labels = again.table([evidence.tested[n] for n in others]).labels
        assert row.accuracy == pytest.approx((labels == evidence.truth).mean())
    assert found.learnt_from.as_json() == {"split": "validation", "rows": 600, "of": 600}


def test_out_of_fold_rules_learn_from_training_rows_again(evidence):
    rng = np.random.default_rng(1)
    truth = rng.integers(0, len(CLASSES), 400)
    held_out = {name: table(truth, skill, rng, "training", name) for name, skill in SKILLS.items()}
    more = Predictions(evidence.tables, {**evidence.truths, "training": truth}, held_out)
    made = committee("weighted", more, options={"by": "accuracy"}, fitted_on="out_of_fold")
    assert leave_one_out(made, more).learnt_from.as_json() == {
        "split": "out_of_fold", "rows": 400, "of": 400,
    }  # fmt: skip


def test_of_two_the_other_is_left_alone(evidence):
    found = leave_one_out(committee("vote", evidence, ("A", "B")), evidence)
    alone = {n: (evidence.tested[n].labels == evidence.truth).mean() for n in "AB"}
    rows = rows_of(found)
    assert rows["A"].accuracy == pytest.approx(alone["B"])
    assert rows["B"].accuracy == pytest.approx(alone["A"])


def stacked(evidence):
    return committee("stacking", evidence, fitted_on="validation", learnt={"c": 0.01})


def test_stacking_keeps_its_penalty_and_learns_from_all_rows_where_it_may(evidence):
    found = leave_one_out(stacked(evidence), evidence)
    assert found.learnt_from.as_json() == {"split": "validation", "rows": 600, "of": 600}
    again = Committee("x", "stacking", {"strength": 0.01})
    again.fit([evidence.validated[n] for n in "AB"], evidence.truths["validation"])
    labels = again.table([evidence.tested[n] for n in "AB"]).labels
    right = (labels == evidence.truth).mean()
    assert rows_of(found)["C"].accuracy == pytest.approx(right, abs=0.004)


def test_stacking_of_many_learns_from_some_rows_and_says_how_many(evidence, monkeypatch):
    monkeypatch.setattr(stacking, "WORK", 200 * 3 * 16 * 4)
    found = leave_one_out(stacked(evidence), evidence)
    assert found.learnt_from.as_json() == {"split": "validation", "rows": 200, "of": 600}
    monkeypatch.setattr(stacking, "WORK", 30 * 3 * 16 * 4)
    found = leave_one_out(stacked(evidence), evidence)
    assert found.members == [] and "4 times" in found.reason


@pytest.mark.parametrize(
    ("interval", "p_holm", "says"),
    [
        ((-0.02, -0.01), 0.04, "worse"),
        ((-0.02, -0.01), 0.2, "no loss shown"),
        ((-0.02, 0.01), 1.0, "no loss shown"),
        ((0.001, 0.01), 0.06, "no loss shown"),
        ((0.001, 0.01), 0.04, "better"),
    ],
)
def test_what_is_said_of_a_member_is_adjusted(interval, p_holm, says):
    assert verdict(interval, p_holm) == says


def test_the_members_of_all_committees_are_adjusted_together(evidence):
    found = leave_one_out(committee("mean", evidence), evidence)
    both = judged_together({"one": found, "other": found})
    rows = [row for entry in both.values() for row in entry.members]
    assert [row.p_holm for row in rows] == holm([row.p for row in rows])


def test_a_rule_is_never_fitted_on_test_rows(evidence):
    swapped = {n: {"validation": t["test"], "test": t["test"]} for n, t in evidence.tables.items()}
    wrong = Predictions(swapped, evidence.truths)
    with pytest.raises(TableError, match="cannot be fitted on the test table"):
        leave_one_out(committee("weighted", wrong, fitted_on="validation"), wrong)


def test_a_committee_of_a_run_is_left_out_of_as_it_stands():
    run = small_run(SKILLS, committee=tuple(SKILLS))
    made = makers_of(run)["Committee"]
    found = leave_one_out(made, run[1])
    assert found.whole.accuracy == pytest.approx(made.right.mean())
