"""What is recommended, and why, over made-up makers."""

import numpy as np
import pytest
from makers import small_run
from pydantic import ValidationError

from vestry.evaluation.analysis import analysed
from vestry.evaluation.candidate import Candidate
from vestry.evaluation.choice import cheapest, chosen
from vestry.evaluation.cost import with_costs
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.pareto import front

ROWS = 1000


def maker(name, wrong, ms=1.0, size=1e6, parameters=1000, explains=False, place=None):
    """wrong: validation rows that it gets wrong, a range of them."""
    right = np.ones(ROWS, bool)
    right[list(wrong)] = False
    accuracy = float(right.mean())
    return Candidate(
        name=name,
        place=round(1000 * (1 - accuracy)) if place is None else place,
        accuracy=accuracy,
        lowest=("a", accuracy - 0.1),
        latency=ms,
        bytes=size,
        parameters=parameters,
        explains=explains,
        right=right,
    )


BEST = maker("Best", range(50), ms=4.0, size=8e6)
NEAR = maker("Near", range(53), ms=1.0, size=2e6)
FAR = maker("Far", range(150), ms=0.1, size=1e5)
TREE = maker("Tree", range(300), ms=0.02, size=2e5, explains=True)


def test_the_cheapest_of_those_that_validation_cannot_tell_from_the_best_is_taken():
    choice = chosen([BEST, NEAR, FAR], "accuracy")
    assert (choice.taken, choice.best, choice.decided_by) == (NEAR, BEST, "latency")
    assert choice.tied == [BEST, NEAR]
    near, far = choice.tests
    assert not near["told_apart"] and near["only_best"] == 3 and near["p"] == 0.25
    assert near["p_holm"] == 0.25  # the larger of two is not multiplied
    assert far["told_apart"] and far["difference"] == 0.1


def test_a_best_that_is_told_apart_from_all_others_is_taken_whatever_it_costs():
    choice = chosen([BEST, FAR, TREE], "accuracy")
    assert choice.taken is BEST and choice.tied == [BEST] and choice.decided_by is None


def test_one_that_is_better_on_the_first_seed_is_not_called_behind():
    mean_leader = maker("Leader", range(150), ms=4.0, place=0)
    first_seed_leader = maker("Other", range(50), ms=1.0, place=1)
    assert chosen([mean_leader, first_seed_leader], "accuracy").taken is first_seed_leader


@pytest.mark.parametrize(("prefer", "taken"), [("latency", TREE), ("size", FAR)])
def test_latency_and_size_take_the_cheapest_of_all(prefer, taken):
    assert chosen([BEST, NEAR, FAR, TREE], prefer).taken is taken


def test_costs_within_a_tenth_are_equal_and_the_next_criterion_decides():
    criteria = ("latency", "bytes", "parameters")
    fast = maker("Fast", (), ms=1.0, size=2e6, parameters=20, place=0)
    small = maker("Small", (), ms=1.09, size=1e6, parameters=20, place=1)
    assert cheapest([fast, small], criteria) == (small, "bytes")
    slower = maker("Slower", (), ms=1.11, size=1e6, place=1)
    assert cheapest([fast, slower], criteria) == (fast, "latency")
    few = maker("Few", (), ms=1.05, size=2.1e6, parameters=10, place=1)
    assert cheapest([fast, few], criteria) == (few, "parameters")
    twin = maker("Twin", (), ms=1.0, size=2e6, parameters=20, place=1)
    assert cheapest([twin, fast], criteria) == (fast, "ranking")
    uncounted = maker("Uncounted", (), ms=1.0, size=2e6, parameters=None, place=1)
    assert cheapest([uncounted, fast], criteria) == (fast, "ranking")
    unmeasured = maker("Unmeasured", (), ms=None, size=None, place=0)
    assert cheapest([unmeasured, slower], criteria) == (slower, "latency")
    assert cheapest([unmeasured], criteria) == (unmeasured, None)


def test_the_front_holds_what_nothing_beats():
    beaten = maker("Beaten", range(160), ms=0.2, size=1e5)
    unmeasured = maker("Unmeasured", (), ms=None)
    everyone = [BEST, NEAR, FAR, TREE, beaten, unmeasured]
    assert front(everyone, "latency") == ["Tree", "Far", "Near", "Best"]
    assert front(everyone, "bytes") == ["Far", "Unmeasured"]
    twin = maker("Twin", range(50), ms=4.0)
    assert front([BEST, twin], "latency") == ["Best", "Twin"]


def cost(ms=1.0, size=1_000_000):
    latency = {"median_ms": ms, "p99_ms": 2 * ms, "rounds": 200}
    return {
        "bytes": size,
        "latency": latency,
        "images_per_second": 1000.0,
        "threads": 1,
        "reason": None,
    }


SKILLS = {"Big": 3.5, "Middle": 3.3, "Small": 1.8}
COSTS = {"Big": cost(9.0, 90_000_000), "Middle": cost(3.0, 30_000_000), "Small": cost(0.3, 300_000)}


def run(settings=None, skills=SKILLS, costs=COSTS, committee=(), kinds=()):
    """The key `decision` of a run of 300 rows; kinds: each estimator's class by its name."""
    results, evidence = small_run(skills, committee=committee)
    for name, entry in results["members"].items():
        path = dict(kinds).get(name)
        entry |= {"kind": "estimator" if path else "layers", "definition": [f"{path}(C = 1)"]}
    both = {"members": costs, "committees": {"Committee": cost(12.0, 120_000_000)}}
    found = analysed(
        with_costs(results, both), evidence, deciding=DecisionSettings(**(settings or {}))
    )
    return found["decision"], found


def test_without_limits_the_cheapest_tied_one_is_taken_and_the_page_learns_why():
    decision, found = run()
    assert found["ranking"][0]["name"] == "Big"
    assert decision["recommended"] == "Middle" and decision["runner_up"] == "Big"
    assert decision["tied"] == ["Big", "Middle"]
    assert decision["admissible"] == ["Big", "Middle", "Small"] and decision["excluded"] == []
    assert decision["reason"]["best"] == "Big" and decision["reason"]["decided_by"] == "latency"
    against = decision["reason"]["against"]
    assert against["name"] == "Middle" and against["p_holm"] >= decision["level"]
    assert decision["binding"] is None and decision["nearest"] is None
    assert {"kind": "outright", "name": "Big"} in decision["changes"]
    assert {"kind": "prefer", "prefer": "latency", "name": "Small"} in decision["changes"]
    entry = found["members"]["Middle"]
    assert decision["test"]["accuracy"] == entry["scores"]["test"]["accuracy"]
    assert decision["test"]["interval"] == list(entry["intervals"]["test"]["accuracy"])
    assert decision["test"]["agrees"] and decision["test"]["limits"] == []
    big = found["members"]["Big"]["scores"]["test"]["accuracy"]
    difference = big - entry["scores"]["test"]["accuracy"]
    assert decision["test"]["best_less_taken"]["value"] == pytest.approx(difference)


def test_a_limit_that_keeps_the_winner_out_is_binding_and_its_loosening_is_found():
    decision, _ = run({"max_ms": 1.0})
    assert decision["recommended"] == "Small" and decision["admissible"] == ["Small"]
    assert [row["name"] for row in decision["excluded"]] == ["Big", "Middle"]
    limit = {"limit": "max_ms", "asked": 1.0, "found": 3.0, "class": None}
    assert decision["binding"] == {"name": "Middle", "limits": [limit]}
    assert decision["changes"][0] == {"kind": "limit", **limit, "name": "Middle"}
    assert decision["runner_up"] is None
    again, _ = run({"max_ms": decision["changes"][0]["found"]})
    assert again["recommended"] == "Middle"


def test_a_winner_that_breaks_two_limits_needs_both():
    decision, _ = run({"max_ms": 1.0, "max_mb": 1.0})
    assert [row["limit"] for row in decision["binding"]["limits"]] == ["max_ms", "max_mb"]
    assert not [row for row in decision["changes"] if row["kind"] == "limit"]


def test_limits_on_accuracy_hold_on_validation_and_test_is_asked_afterwards():
    decision, found = run({"min_accuracy": 0.9, "prefer": "latency"})
    middle = found["members"]["Middle"]["scores"]
    assert decision["recommended"] == "Middle"
    assert decision["excluded"][0]["name"] == "Small"
    just = middle["validation"]["accuracy"]
    assert run({"min_accuracy": just, "prefer": "latency"})[0]["recommended"] == "Middle"
    above, _ = run({"min_accuracy": just + 1e-6, "prefer": "latency"})
    assert above["recommended"] == "Big"
    (limit,) = decision["test"]["limits"]
    assert limit["found"] == middle["test"]["accuracy"]
    assert limit["met"] == decision["test"]["agrees"] == (middle["test"]["accuracy"] >= 0.9)


def test_a_test_figure_below_the_limit_is_told_and_changes_nothing():
    small = run()[1]["members"]["Small"]["scores"]
    asked = small["validation"]["accuracy"]
    assert small["test"]["accuracy"] < asked
    decision, _ = run({"min_accuracy": asked, "prefer": "latency"})
    assert decision["recommended"] == "Small" and not decision["test"]["agrees"]
    (limit,) = decision["test"]["limits"]
    assert limit["found"] == small["test"]["accuracy"] and limit["met"] is False


def test_every_class_must_reach_its_limit():
    _, found = run()
    classes = found["members"]["Big"]["scores"]["validation"]["per_class"]
    lowest = min(classes, key=lambda name: classes[name]["recall"])
    recall = classes[lowest]["recall"]
    decision, _ = run({"min_accuracy_per_class": recall + 1e-6}, skills={"Big": 3.5})
    assert decision["recommended"] is None
    (limit,) = decision["nearest"]["limits"]
    assert (limit["class"], limit["found"]) == (lowest, recall)


def test_nothing_that_meets_the_limits_leaves_the_nearest():
    decision, _ = run({"max_ms": 0.2, "min_accuracy": 0.5})
    assert decision["recommended"] is None and decision["admissible"] == []
    assert decision["reason"] is decision["test"] is decision["runner_up"] is None
    assert decision["changes"] == []
    assert decision["nearest"]["name"] == "Small"
    assert len(decision["excluded"]) == 3


def test_must_explain_takes_linear_models_single_trees_and_committees_of_them():
    kinds = {
        "Big": "sklearn.ensemble.RandomForestClassifier",
        "Middle": "sklearn.linear_model.LogisticRegression",
        "Small": "sklearn.tree.DecisionTreeClassifier",
    }
    decision, _ = run({"must_explain": True}, kinds=kinds, committee=("Middle", "Small"))
    assert set(decision["explains"]) == {"Middle", "Small", "Committee"}
    mixed, _ = run({"must_explain": True}, kinds=kinds, committee=("Big", "Small"))
    assert set(mixed["explains"]) == {"Middle", "Small"}
    none, _ = run({"must_explain": True})
    assert none["recommended"] is None
    (limit,) = none["nearest"]["limits"]
    assert limit["limit"] == "must_explain" and limit["found"] is False


def test_a_maker_without_figures_cannot_meet_a_limit_on_them():
    costs = COSTS | {"Small": None}
    decision, found = run({"max_ms": 1.0}, costs=costs)
    assert found["members"]["Small"]["cost"]["reason"] == "it was not measured"
    row = next(row for row in decision["excluded"] if row["name"] == "Small")
    assert row["limits"][0]["found"] is None
    assert decision["recommended"] is None and decision["nearest"]["name"] == "Middle"


def test_what_is_measured_about_the_test_set_has_no_say():
    """The decision is the same when every test answer is another one."""
    results, evidence = small_run(SKILLS)
    turned = {
        name: {**tables, "test": evidence.tables[other]["test"]}
        for (name, tables), other in zip(
            evidence.tables.items(), ["Small", "Big", "Middle"], strict=True
        )
    }
    both = {"members": COSTS}
    for entry in results["members"].values():
        entry |= {"kind": "layers", "definition": []}
    before = analysed(with_costs(results, both), evidence)["decision"]
    evidence.tables.update(turned)
    after = analysed(with_costs(results, both), evidence)["decision"]
    left = {key: value for key, value in after.items() if key != "test"}
    assert left == {key: value for key, value in before.items() if key != "test"}


def test_without_costs_there_is_no_decision():
    results, evidence = small_run(SKILLS)
    assert analysed(results, evidence)["decision"] is None


@pytest.mark.parametrize(
    "wrong", [{"max_ms": 0}, {"min_accuracy": 90}, {"prefer": "beauty"}, {"max_seconds": 1}]
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        DecisionSettings(**wrong)
