import pytest
from makers import analysed, makers_of, small_run, with_validation_accuracy

from vestry.evaluation.difference import difference
from vestry.evaluation.ensemble_gain import against_members, ensemble_gain
from vestry.evaluation.paired_tests import holm, mcnemar
from vestry.evaluation.two_way import mean_difference


def found(skills, **cost):
    results, evidence = small_run(skills, committee=tuple(skills))
    for name, entry in cost.items():
        (results["members"] | results["committees"])[name].update(entry)
    makers = makers_of((results, evidence))
    return gain_of(makers, [makers[name] for name in skills]), makers


def gain_of(makers, members):
    own = {"Committee": makers["Committee"]}
    against = against_members(own, {"Committee": members})["Committee"]
    return ensemble_gain(makers["Committee"], members, against)


def test_a_gain_is_shown_where_it_is_better_than_each_member():
    gain, makers = found({"A": 1.2, "B": 1.2, "C": 1.2})
    ours, best = makers["Committee"], makers[gain.best_member]
    only_one = int((ours.right & ~best.right).sum())
    only_other = int((best.right & ~ours.right).sum())
    assert gain.p == mcnemar(only_one, only_other).p
    assert gain.verdict == "worth" and gain.difference.interval[0] > 0
    assert gain.log_loss.change == pytest.approx(
        ours.entry.scores.test.log_loss - best.entry.scores.test.log_loss
    )
    worse, _ = found({"A": 3.0, "B": 0.1, "C": 0.1})
    assert worse.verdict == "worse" and worse.difference.interval[1] < 0
    even, _ = found({"A": 2.5, "B": 0.8})
    assert even.verdict == "no gain shown"


def test_one_member_that_it_is_not_shown_to_be_ahead_of_is_enough_for_no_gain():
    gain, _ = found({"A": 2.5, "B": 0.8})
    assert gain.verdict == "no gain shown" and gain.not_ahead_of == ["A"]


def test_all_committees_and_members_are_one_family():
    makers = makers_of(small_run({"A": 1.2, "B": 1.0, "C": 0.9}, committee=("A", "B", "C")))
    own = dict.fromkeys(("one", "other"), makers["Committee"])
    members = {"one": [makers["A"], makers["B"]], "other": [makers["C"]]}
    against = against_members(own, members)
    tests = [each for side in against.values() for each in side.values()]
    assert [each.p_holm for each in tests] == holm([each.p for each in tests])


def test_over_seeds_a_committee_and_its_members_are_held_seed_against_seed():
    makers = makers_of(small_run({"A": 1.2, "B": 1.2}, seeds=4, committee=("A", "B")))
    found = difference(makers["Committee"], makers["A"])
    assert found.seeds == (4, 4) and found.method == "two-way"
    paired = mean_difference(makers["Committee"].rights, makers["A"].rights, paired=True)
    assert found.interval == paired.interval()


def test_the_best_member_is_not_chosen_by_test_images():
    makers = makers_of(small_run({"A": 1.2, "B": 1.0}, committee=("A", "B")))
    others = [
        with_validation_accuracy(makers[name], share) for name, share in (("A", 0.1), ("B", 0.2))
    ]
    assert gain_of(makers, others).best_member == "B"


def test_costs_stand_where_both_were_measured_and_are_null_elsewhere():
    def cost(size, ms):
        latency = ms and {"median_ms": ms, "p99_ms": 2 * ms, "rounds": 200}
        unknown = dict.fromkeys(("images_per_second", "threads", "reason"))
        return unknown | {"bytes": size, "latency": latency}

    own = {"cost": cost(3500, 5.0), "fit_seconds": 6.0, "milliseconds_per_image": None}
    gain, _ = found({"A": 1.2, "B": 0.8}, A={"cost": cost(1000, 2.0)}, Committee=own)
    assert gain.best_member == "A"
    assert gain.costs.latency_ms.as_json() == {
        "committee": 5.0, "member": 2.0, "added": 3.0, "times": 2.5,
    }  # fmt: skip
    assert gain.costs.bytes.added == 2500 and gain.costs.fit_seconds.added == 4.0
    assert gain.costs.milliseconds_per_image is None
    without, _ = found({"A": 1.2, "B": 0.8}, A={"cost": cost(None, None)})
    assert without.costs.latency_ms is None and without.costs.bytes is None


def test_every_committee_of_a_run_has_it_and_a_run_without_any_has_not():
    results = analysed(*small_run({"A": 1.2, "B": 1.0, "C": 0.8}, committee=("A", "B", "C")))
    entry = results.committees["Committee"]
    for part in (entry.worth, entry.leave_one_out, entry.diversity, entry.repairs):
        assert type(part).model_validate(part.as_json()) == part
    agreement = results.agreement
    assert type(agreement).model_validate(agreement.as_json()) == agreement
    alone = analysed(*small_run({"A": 1.2}))
    assert alone.committees == {} and alone.agreement is None
