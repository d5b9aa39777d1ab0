"""What is recommended, and why, over made-up models."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from makers import analysed, small_run
from pydantic import ValidationError

from vestry.evaluation.candidates import Candidate, front
from vestry.evaluation.choice import cheapest, chosen
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.decision_tests import beside, rows_to_decide
from vestry.evaluation.predictions import Predictions
from vestry.evaluation.standing import above_majority
from vestry.schema.decision import Change

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
        rights=right[None],
    )


def wish(prefer, within):
    """Every difference in cost counts that is as much again."""
    none = {"ms": 0, "mb": 0, "parameters": 0}
    return DecisionSettings(prefer=prefer, within=within, cost_floor=none)


BEST = maker("Best", range(50), ms=4.0, size=8e6)
NEAR = maker("Near", range(53), ms=1.0, size=2e6)
FAR = maker("Far", range(150), ms=0.1, size=1e5)
TREE = maker("Tree", range(300), ms=0.02, size=2e5, explains=True)


def test_the_cheapest_of_those_that_are_shown_to_be_near_the_best_is_taken():
    choice = chosen([BEST, NEAR, FAR], wish("accuracy", 0.01))
    assert (choice.taken, choice.best, choice.decided_by) == (NEAR, BEST, "latency")
    assert choice.level == [BEST, NEAR] and choice.shown == "level"
    near, far = choice.tests
    assert near.within and not near.behind and near.only_best == 3 and near.p == 0.25
    assert near.p_holm == 0.25  # the larger of two is not multiplied
    assert far.behind and not far.within and far.difference == 0.1


def test_a_best_that_is_told_apart_from_all_others_is_taken_whatever_it_costs():
    choice = chosen([BEST, FAR, TREE], wish("accuracy", 0.01))
    assert choice.taken is BEST and choice.level == [BEST] and choice.decided_by is None
    assert choice.shown == "clear"


def few(candidate, rows):
    """The candidate on the first `rows` of its validation rows and a tenth of its mistakes."""
    right = candidate.right[:: len(candidate.right) // rows]
    return replace(candidate, rights=right[None], accuracy=float(right.mean()))


@pytest.mark.parametrize("rows", [10, 50, 100, 200])
def test_not_told_apart_on_few_rows_is_not_near(rows):
    """A cheaper one that is behind, or even equal, is not taken where rows cannot show it."""
    first, twin = few(BEST, rows), few(maker("Twin", range(50), ms=0.1), rows)
    behind = few(maker("Behind", range(70), ms=0.1), rows)
    for other in (twin, behind):
        choice = chosen([first, replace(other, place=51)], wish("accuracy", 0.01))
        assert choice.taken is first and choice.shown == "too_few"
    assert chosen([first, behind], wish("accuracy", 0.6)).taken is behind


def test_leaving_others_out_does_not_turn_to_a_worse_one():
    """Of few rows no cheap one is taken, in whichever company it comes."""
    everyone = [few(each, 100) for each in (BEST, NEAR, FAR, TREE)]
    for count in range(2, 5):
        for some in combinations(everyone, count):
            choice = chosen(some, wish("accuracy", 0.01))
            assert choice.taken is choice.best is min(some, key=lambda each: each.place)


def test_a_better_first_seed_does_not_hide_a_mean_that_is_behind():
    leader = replace(maker("Leader", range(150), ms=4.0, place=0), accuracy=0.96)
    lucky = maker("Lucky", range(50), ms=1.0, place=1)
    choice = chosen([leader, lucky], wish("accuracy", 0.005))
    assert choice.taken is leader and not choice.tests[0].behind
    assert chosen([leader, lucky], wish("accuracy", 0.02)).taken is lucky


@pytest.mark.parametrize(("prefer", "taken"), [("latency", TREE), ("size", FAR)])
def test_latency_and_size_take_the_cheapest_of_all(prefer, taken):
    assert chosen([BEST, NEAR, FAR, TREE], wish(prefer, 0.01)).taken is taken


FLOORS = {"latency": 1.0, "bytes": 1e6, "parameters": 10}


def taken_of(*candidates, floors=FLOORS):
    found = cheapest(candidates, ("latency", "bytes", "parameters"), floors)
    return found.taken, found.decided_by


def test_cost_counts_from_twice_and_a_floor_on_and_else_the_next_criterion_decides():
    fast = maker("Fast", (), ms=2.0, size=4e6, parameters=20, place=0)
    small = maker("Small", (), ms=3.9, size=2e6, parameters=20, place=1)
    assert taken_of(fast, small) == (small, "bytes")
    slower = maker("Slower", (), ms=4.0, size=2e6, place=1)
    assert taken_of(fast, slower) == (fast, "latency")
    nearly = maker("Nearly", (), ms=2.0, size=2.1e6, parameters=10, place=1)
    assert taken_of(fast, nearly) == (nearly, "parameters")
    twin = maker("Twin", (), ms=2.0, size=4e6, parameters=11, place=1)
    assert taken_of(twin, fast) == (fast, "ranking")
    uncounted = maker("Uncounted", (), ms=2.0, size=4e6, parameters=None, place=1)
    assert taken_of(uncounted, fast) == (fast, "ranking")
    unmeasured = maker("Unmeasured", (), ms=None, size=None, place=0)
    assert taken_of(unmeasured, slower) == (slower, "latency")
    assert taken_of(unmeasured) == (unmeasured, None)


def test_a_difference_below_the_floor_saves_nothing():
    """Microseconds and kilobytes are no reason, by whatever factor they differ."""
    first = maker("First", range(50), ms=0.9, size=9e5, parameters=9, place=0)
    tiny = maker("Tiny", range(50), ms=0.004, size=1e3, parameters=1, place=1)
    assert taken_of(tiny, first) == (first, "ranking")
    assert chosen([first, tiny], DecisionSettings()).taken is first
    assert chosen([first, tiny], DecisionSettings(prefer="latency")).taken is tiny
    assert chosen([first, tiny], DecisionSettings(cost_floor={"ms": 0.5})).taken is tiny
    assert chosen([first, tiny], DecisionSettings(cost_floor={"mb": 0.5})).taken is tiny


@pytest.mark.parametrize(("prefer", "ms", "mb"), [("latency", 0.1, 1e6), ("size", 1.0, 1e5)])
def test_who_asks_for_little_has_a_lower_floor(prefer, ms, mb):
    floors = DecisionSettings(prefer=prefer).floors
    assert (floors["latency"], floors["bytes"]) == (ms, mb)
    own = DecisionSettings(prefer=prefer, cost_floor={"ms": 3, "mb": 2}).floors
    assert (own["latency"], own["bytes"]) == (3.0, 2e6)


# How far the rows bear the choice.


def test_a_dear_one_that_cannot_be_much_better_is_not_undecided():
    """It is not shown to be near, but the first is shown to be near it, and it costs no less."""
    first = maker("First", range(50), ms=1.0, size=1e6, place=0)
    dear = maker("Dear", [*range(6, 50), *range(200, 212)], ms=9.0, size=1e6, place=1)
    choice = chosen([first, dear], DecisionSettings())
    (test,) = choice.tests
    assert not (test.behind or test.within) and test.best_within and not test.undecided
    assert (choice.taken, choice.shown) == (first, "level")
    cheap = replace(dear, latency=0.0, bytes=0)
    choice = chosen([replace(first, latency=9.0), cheap], DecisionSettings())
    assert (choice.taken.name, choice.shown) == ("First", "too_few")
    assert [each.name for each in choice.undecided] == ["Dear"]


def test_one_that_is_surely_behind_does_not_make_rows_too_few():
    first = few(maker("First", range(50), place=0), 200)
    near = few(maker("Near", range(10, 60), place=1), 200)
    far = few(maker("Far", range(250), place=2), 200)
    choice = chosen([first, near, far], DecisionSettings())
    assert choice.shown == "too_few" and [each.name for each in choice.undecided] == ["Near"]
    assert chosen([first, far], DecisionSettings()).shown == "clear"


@pytest.mark.parametrize("prefer", ["latency", "size"])
def test_where_cost_comes_first_the_rows_bear_the_choice_among_those_that_cost_as_much(prefer):
    first = maker("First", range(50), ms=0.2, size=2e4, place=0)
    dear = maker("Dear", range(40), ms=50.0, size=5e7, place=1)
    alone = chosen([first, dear], DecisionSettings(prefer=prefer))
    assert (alone.taken, alone.shown, alone.bearing) == (first, "clear", [])
    behind = maker("Behind", range(150), ms=0.19, size=1e4, place=2)
    surely = chosen([first, dear, behind], DecisionSettings(prefer=prefer))
    assert (surely.taken, surely.shown) == (first, "clear")
    near = replace(behind, rights=maker("Near", range(20, 80)).rights)
    some = [few(each, 100) for each in (first, dear, near)]
    unknown = chosen(some, DecisionSettings(prefer=prefer))
    assert (unknown.taken.name, unknown.shown) == ("First", "too_few")
    assert [each.name for each in unknown.undecided] == ["Behind"]


def test_the_rows_that_would_decide_do_decide():
    """Of models that differ as the shares found say, so many rows leave few choices undecided."""
    rng, rows = np.random.default_rng(3), 200
    tests = chosen(pair_of(rng, rows), DecisionSettings()).tests
    assert tests[0].undecided
    needed = rows_to_decide(tests, rows, 0.01)
    shares = [tests[0].only_best / rows, tests[0].only_other / rows]
    decided = [
        not chosen(pair_of(rng, needed, *shares), DecisionSettings()).undecided for _ in range(100)
    ]
    assert np.mean(decided) > 0.7
    fewer = [
        not chosen(pair_of(rng, needed // 4, *shares), DecisionSettings()).undecided
        for _ in range(100)
    ]
    assert np.mean(fewer) < 0.5
    assert rows_to_decide([], rows, 0.01) is None


def pair_of(rng, rows, only_best=0.06, only_other=0.02):
    """Two models as dear as each other, of which only the one is right so often."""
    drawn = rng.random(rows)
    rights = [drawn >= only_other, (drawn < only_other) | (drawn >= only_other + only_best)]
    figures = [float(right.mean()) for right in rights]
    order = sorted((0, 1), key=lambda each: -figures[each])
    return [
        replace(BEST, name="ab"[each], place=place, rights=rights[each][None],
                accuracy=figures[each])
        for place, each in enumerate(order)
    ]  # fmt: skip


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
    found = analysed(results, evidence, both, deciding=DecisionSettings(**(settings or {})))
    return found.decision, found


def test_without_limits_the_cheapest_near_one_is_taken_and_the_page_learns_why():
    decision, found = run({"within": 0.1})
    assert found.ranking[0].name == "Big"
    assert decision.recommended == "Middle" and decision.runner_up == "Big"
    assert decision.level_with == ["Big", "Middle"] and decision.evidence == "level"
    assert decision.admissible == ["Big", "Middle", "Small"] and decision.excluded == []
    assert decision.reason.best == "Big" and decision.reason.decided_by == "latency"
    against = decision.reason.against
    assert against.name == "Middle" and against.within
    assert decision.binding is None and decision.nearest is None
    assert Change(kind="outright", name="Big") in decision.changes
    assert Change(kind="prefer", prefer="latency", name="Small") in decision.changes
    entry = found.members["Middle"]
    assert decision.test.accuracy == entry.scores.test.accuracy
    assert decision.test.interval == entry.intervals.test["accuracy"]
    assert decision.test.agrees and decision.test.limits == []
    big = found.members["Big"].scores.test.accuracy
    difference = big - entry.scores.test.accuracy
    assert decision.test.best_less_taken.value == pytest.approx(difference)


def test_a_limit_that_keeps_the_winner_out_is_binding_and_its_loosening_is_found():
    decision, _ = run({"max_ms": 1.0, "within": 0.1})
    assert decision.recommended == "Small" and decision.admissible == ["Small"]
    assert [row.name for row in decision.excluded] == ["Big", "Middle"]
    limit = {"limit": "max_ms", "asked": 1.0, "found": 3.0, "class": None}
    held = {"interval": [3.0, 6.0], "meets": "not"}
    assert decision.binding.as_json() == {"name": "Middle", "limits": [limit | held]}
    assert decision.changes[0].as_json() == {"kind": "limit", **limit, "name": "Middle"}
    assert decision.runner_up is None
    again, _ = run({"max_ms": decision.changes[0].found, "within": 0.1})
    assert again.recommended == "Middle"


def test_a_winner_that_breaks_two_limits_needs_both():
    decision, _ = run({"max_ms": 1.0, "max_mb": 1.0})
    assert [row.limit for row in decision.binding.limits] == ["max_ms", "max_mb"]
    assert not [row for row in decision.changes if row.kind == "limit"]


def test_limits_on_accuracy_hold_on_validation_and_test_is_asked_afterwards():
    decision, found = run({"min_accuracy": 0.9, "prefer": "latency"})
    middle = found.members["Middle"].scores
    assert decision.recommended == "Middle"
    assert decision.excluded[0].name == "Small"
    just = middle.validation.accuracy
    assert run({"min_accuracy": just, "prefer": "latency"})[0].recommended == "Middle"
    above, _ = run({"min_accuracy": just + 1e-6, "prefer": "latency"})
    assert above.recommended == "Big"
    (limit,) = decision.test.limits
    assert limit.found == middle.test.accuracy
    assert limit.met == decision.test.agrees == (middle.test.accuracy >= 0.9)


def test_a_test_figure_below_the_limit_is_told_and_changes_nothing():
    small = run()[1].members["Small"].scores
    asked = small.validation.accuracy
    assert small.test.accuracy < asked
    decision, _ = run({"min_accuracy": asked, "prefer": "latency"})
    assert decision.recommended == "Small" and not decision.test.agrees
    (limit,) = decision.test.limits
    assert limit.found == small.test.accuracy and limit.met is False


def test_every_class_must_reach_its_limit():
    _, found = run()
    classes = found.members["Big"].scores.validation.per_class
    lowest = min(classes, key=lambda name: classes[name].recall)
    recall = classes[lowest].recall
    decision, _ = run({"min_accuracy_per_class": recall + 1e-6}, skills={"Big": 3.5})
    assert decision.recommended is None
    (limit,) = decision.nearest.limits
    assert (limit.class_, limit.found) == (lowest, recall)


def test_nothing_that_meets_the_limits_leaves_the_nearest():
    decision, _ = run({"max_ms": 0.2, "min_accuracy": 0.5})
    assert decision.recommended is None and decision.admissible == []
    assert decision.reason is decision.test is decision.runner_up is None
    assert decision.changes == []
    assert decision.nearest.name == "Small"
    assert len(decision.excluded) == 3


def test_must_explain_takes_linear_models_single_trees_and_committees_of_them():
    kinds = {
        "Big": "sklearn.ensemble.RandomForestClassifier",
        "Middle": "sklearn.linear_model.LogisticRegression",
        "Small": "sklearn.tree.DecisionTreeClassifier",
    }
    decision, _ = run({"must_explain": True}, kinds=kinds, committee=("Middle", "Small"))
    assert set(decision.explains) == {"Middle", "Small", "Committee"}
    mixed, _ = run({"must_explain": True}, kinds=kinds, committee=("Big", "Small"))
    assert set(mixed.explains) == {"Middle", "Small"}
    none, _ = run({"must_explain": True})
    assert none.recommended is None
    (limit,) = none.nearest.limits
    assert limit.limit == "must_explain" and limit.found is False


def test_a_committee_that_asks_one_member_alone_is_no_choice_of_its_own():
    """Were it one, it would be left open whether it is better than the model that it is."""
    results, evidence = small_run(SKILLS, committee=("Big", "Small"))
    costs = {"members": COSTS, "committees": {"Committee": cost(0.1, 100)}}
    both = analysed(results, evidence, costs).decision
    assert "Committee" in both.admissible
    results["committees"]["Committee"]["asked"] = ["Big"]
    alone = analysed(results, evidence, costs).decision
    assert all("Committee" not in names for names in (alone.admissible, *alone.pareto.values()))
    assert alone.recommended == "Big"


def test_a_model_without_figures_cannot_meet_a_limit_on_them():
    costs = COSTS | {"Small": None}
    decision, found = run({"max_ms": 1.0}, costs=costs)
    assert found.members["Small"].cost.reason == "it was not measured"
    row = next(row for row in decision.excluded if row.name == "Small")
    assert row.limits[0].found is None
    assert decision.recommended is None and decision.nearest.name == "Middle"


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
    before = analysed(results, evidence, both).decision
    evidence.tables.update(turned)
    after = analysed(results, evidence, both).decision
    assert after.model_copy(update={"test": before.test}) == before


def test_by_default_three_hundred_rows_are_too_few_and_the_first_by_validation_stays():
    decision, found = run()
    assert decision.evidence == "too_few"
    assert decision.recommended == decision.reason.best == found.ranking[0].name
    assert decision.settings["within"] == 0.01


NO_SKILL = {"Guess": -0.6, "Other guess": -0.7}


def test_nothing_is_recommended_that_is_not_shown_to_be_better_than_one_class():
    costs = dict.fromkeys(NO_SKILL, cost(0.1, 1000))
    decision, found = run(skills=NO_SKILL, costs=costs)
    assert decision.recommended is decision.evidence is decision.nearest is None
    assert decision.majority.not_above == [row.name for row in found.ranking]
    assert decision.admissible and not decision.excluded and not decision.changes
    mixed, _ = run({"prefer": "latency"}, NO_SKILL | {"Net": 2.0}, costs | {"Net": cost(9.0)})
    assert mixed.recommended == "Net" and mixed.runner_up is None
    assert mixed.majority.above == ["Net"]


def test_the_usual_class_is_that_of_the_training_rows():
    results, evidence = small_run(SKILLS)
    everyone = [maker("Never", range(1000))]
    truths = {"training": np.array([0, 2, 2, 1]), "validation": np.array([2, 0, 0, 0, 1] * 200)}
    known = Predictions(evidence.tables, truths)
    found = above_majority(everyone, known, results["data"]["classes"])
    assert (found.class_, found.accuracy, found.not_above) == ("c", 0.2, ["Never"])


@pytest.mark.parametrize("rows", [10, 50, 200])
def test_models_that_guess_are_rarely_called_better_than_one_class(rows):
    rng = np.random.default_rng(rows)
    truth, alarms, draws = np.arange(rows) % 2, 0, 300
    evidence = Predictions({}, {"training": np.zeros(3, int), "validation": truth})
    for _ in range(draws):
        right = rng.random((6, rows)) < 0.5
        guesses = [replace(BEST, rights=own[None], accuracy=float(own.mean())) for own in right]
        alarms += bool(above_majority(guesses, evidence, ("a", "b")).above)
    assert alarms / draws < 0.08


def test_without_costs_there_is_no_decision():
    results, evidence = small_run(SKILLS)
    assert analysed(results, evidence).decision is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_ms": 0},
        {"within": 1},
        {"within": -0.1},
        {"min_accuracy": 90},
        {"prefer": "beauty"},
        {"max_seconds": 1},
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        DecisionSettings(**wrong)


def test_what_choosing_added_to_a_figure_shows_nobody_to_be_near():
    """Both are right on all rows but ten of a thousand, and near; were two points of the other's
    due to choosing its epoch on these rows, it is not shown to be."""
    best, other = maker("best", range(10), place=0), maker("other", range(5, 15), place=1)
    flattered = replace(other, optimism=0.02, accuracy=other.accuracy - 0.02)
    (near,), (far,) = (beside(best, [each], (), 0.02) for each in (other, flattered))
    assert near.within and near.best_within
    assert not far.within and far.best_within
    assert far.p_best_within_holm < near.p_best_within_holm
