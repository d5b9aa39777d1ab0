from dataclasses import replace

import numpy as np
import pytest
from makers import CLASSES, analysed, makers_of, small_run, with_validation_accuracy

from vestry.evaluation.difference import difference, within_margin
from vestry.evaluation.ensemble_gain import against_members, ensemble_gains
from vestry.evaluation.paired_tests import holm, mcnemar
from vestry.evaluation.two_way import mean_difference

ROWS = 2000


def gains_of(parts, within=0.01):
    """parts: by name, a committee and its members."""
    committees = {name: whole for name, (whole, _) in parts.items()}
    members = {name: own for name, (_, own) in parts.items()}
    against = against_members(committees, members)
    best = {
        name: max(own, key=lambda member: member.entry.corrected_accuracy).name
        for name, own in members.items()
    }
    return ensemble_gains(committees, members, against, within, best)


def found(skills, rows=ROWS, seed=0, within=0.01):
    makers = makers_of(small_run(skills, rows=rows, seed=seed, committee=tuple(skills)))
    members = [makers[name] for name in skills]
    gains = gains_of({"Committee": (makers["Committee"], members)}, within)
    return gains["Committee"], makers


def discordant(one, other):
    return int((one.right & ~other.right).sum()), int((other.right & ~one.right).sum())


def test_yes_only_where_it_is_better_than_each_member():
    gain, makers = found({"A": 1.2, "B": 1.2, "C": 1.2})
    assert gain.verdict == "yes" and gain.family == 3
    assert all(each.verdict == "better" for each in gain.against)
    counts = [discordant(makers["Committee"], makers[name]) for name in "ABC"]
    p = [mcnemar(*pair).p for pair in counts]
    assert [each.difference.p for each in gain.against] == p
    assert [each.difference.p_holm for each in gain.against] == holm(p)
    near = [within_margin(*pair, ROWS, 0.01) for pair in counts]
    assert [each.p_within_holm for each in gain.against] == holm(near)
    least = min(gain.against, key=lambda each: each.difference.value)
    assert gain.decisive == least.name
    ours, theirs = (makers[name].entry.scores.test.log_loss for name in ("Committee", least.name))
    assert gain.over(least.name).log_loss.change == pytest.approx(ours - theirs)


def test_no_where_one_member_is_better_or_as_good():
    worse, _ = found({"A": 3.0, "B": 0.1, "C": 0.1})
    assert worse.verdict == "no" and worse.decisive == "A"
    assert worse.over("A").verdict == "worse" and worse.over("B").verdict == "better"
    even, _ = found({"A": 3.0, "B": 3.0}, within=0.05)
    assert even.verdict in ("no", "yes")
    assert {each.verdict for each in even.against} <= {"no gain", "better"}


def test_few_images_show_neither():
    gain, _ = found({"A": 2.0, "B": 2.0}, rows=60)
    assert gain.verdict == "not shown" and gain.over(gain.decisive).verdict == "not shown"


def test_the_best_by_validation_alone_does_not_decide():
    """Good by a hair on validation, but far behind on test: gaining over it is no gain."""
    makers = makers_of(small_run({"A": 3.0, "B": 0.5}, rows=ROWS, committee=("A", "B")))
    members = [
        with_validation_accuracy(makers["A"], 0.5),
        with_validation_accuracy(makers["B"], 0.51),
    ]
    gain = gains_of({"C": (makers["Committee"], members)}, 0.01)["C"]
    assert gain.best_member == "B" and gain.over("B").verdict == "better"
    assert gain.verdict != "yes" and gain.decisive == "A"


def test_twins_have_no_gain_however_few_the_images():
    makers = makers_of(small_run({"A": 1.2}, rows=40))
    twins = [replace(makers["A"], name=name) for name in ("One", "Two")]
    gain = gains_of({"Twins": (replace(makers["A"], name="Twins"), twins)}, 0.01)["Twins"]
    assert gain.verdict == "no" and all(each.same for each in gain.against)


def test_all_committees_of_a_study_are_one_family():
    makers = makers_of(small_run({"A": 1.2, "B": 1.1, "C": 1.0}, committee=("A", "B", "C")))
    members = [makers[name] for name in "ABC"]
    alone = gains_of({"X": (makers["Committee"], members)}, 0.01)["X"]
    both = gains_of(dict.fromkeys(("X", "Y"), (makers["Committee"], members)), within=0.01)
    assert alone.family == 3 and both["X"].family == both["Y"].family == 6
    tests = [each.difference for name in "XY" for each in both[name].against]
    assert [each.p_holm for each in tests] == holm([each.p for each in tests])
    assert tests[0].p == alone.against[0].difference.p


def test_over_seeds_a_committee_and_its_members_are_held_seed_against_seed():
    makers = makers_of(small_run({"A": 1.2, "B": 1.2}, seeds=4, committee=("A", "B")))
    found = difference(makers["Committee"], makers["A"])
    assert found.seeds == (4, 4) and found.method == "two-way"
    committee, member = makers["Committee"], makers["A"]
    paired = mean_difference(committee.rights, member.rights, paired=True, pool=member.pool)
    assert found.interval == paired.interval()
    gain = gains_of({"C": (makers["Committee"], [makers["A"], makers["B"]])})["C"]
    assert gain.over("A").difference.interval == found.interval


def answering(model, name, right):
    """The same model, right on those rows."""
    labels = np.where(right, model.truth, (model.truth + 1) % len(CLASSES))
    return replace(model, name=name, every=labels[None])


@pytest.mark.parametrize("count", [2, 5])
def test_committees_that_gain_nothing_are_seldom_said_to(count):
    """Three committees that are as good as each member: "yes" for any, or "worse" beside any, in at
    most 5% of studies, and without Holm's adjustment in more."""
    model = makers_of(small_run({"A": 1.2}, rows=400))["A"]
    rng, studies = np.random.default_rng(7), 200
    wrong, unadjusted = 0, 0
    for _ in range(studies):
        hard = rng.normal(size=400)

        def one(name, hard=hard):
            return answering(model, name, hard + rng.normal(0, 0.8, 400) < 1)

        parts = {
            name: (one(name), [one(f"{name}{place}") for place in range(count)]) for name in "XYZ"
        }
        against = [e for gain in gains_of(parts).values() for e in gain.against]
        wrong += any(each.verdict in ("better", "worse") for each in against)
        unadjusted += any(each.difference.p < 0.05 for each in against)
    assert wrong / studies <= 0.08
    assert unadjusted / studies > 0.12


def test_costs_stand_where_both_were_measured_and_are_null_elsewhere():
    def cost(size, ms):
        latency = ms and {"median_ms": ms, "p99_ms": 2 * ms, "rounds": 200}
        unknown = dict.fromkeys(("images_per_second", "threads", "reason"))
        return unknown | {"bytes": size, "latency": latency}

    def gain(**costs):
        results, evidence = small_run({"A": 1.2, "B": 0.8}, committee=("A", "B"))
        for name, entry in costs.items():
            (results["members"] | results["committees"])[name].update(entry)
        makers = makers_of((results, evidence))
        whole = {"C": (makers["Committee"], [makers[name] for name in "AB"])}
        return gains_of(whole)["C"]

    own = {"cost": cost(3500, 5.0), "fit_seconds": 6.0, "milliseconds_per_image": None}
    costs = gain(A={"cost": cost(1000, 2.0)}, Committee=own).over("A").costs
    assert costs.latency_ms.as_json() == {
        "committee": 5.0, "member": 2.0, "added": 3.0, "times": 2.5,
    }  # fmt: skip
    assert costs.bytes.added == 2500 and costs.fit_seconds.added == 4.0
    assert costs.milliseconds_per_image is None
    without = gain(A={"cost": cost(None, None)}).over("A").costs
    assert without.latency_ms is None and without.bytes is None


def test_every_committee_of_a_run_has_it_and_a_run_without_any_has_not():
    results = analysed(*small_run({"A": 1.2, "B": 1.0, "C": 0.8}, committee=("A", "B", "C")))
    entry = results.committees["Committee"]
    for part in (entry.worth, entry.leave_one_out, entry.diversity, entry.repairs):
        assert type(part).model_validate(part.as_json()) == part
    agreement = results.agreement
    assert type(agreement).model_validate(agreement.as_json()) == agreement
    alone = analysed(*small_run({"A": 1.2}))
    assert alone.committees == {} and alone.agreement is None
