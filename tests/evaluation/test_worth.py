import pytest
from makers import analysed, makers_of, small_run, with_validation_accuracy

from vestry.evaluation.ensemble_gain import ensemble_gain
from vestry.evaluation.paired_tests import mcnemar


def found(skills, **cost):
    results, evidence = small_run(skills, committee=tuple(skills))
    for name, entry in cost.items():
        (results["members"] | results["committees"])[name].update(entry)
    makers = makers_of((results, evidence))
    return ensemble_gain(makers["Committee"], [makers[name] for name in skills]), makers


def test_a_gain_is_shown_where_interval_and_test_both_say_so():
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


def test_an_interval_alone_is_no_gain(monkeypatch):
    import vestry.evaluation.ensemble_gain as module

    monkeypatch.setattr(module, "mcnemar", lambda *_: mcnemar(0, 0))
    gain, _ = found({"A": 1.2, "B": 1.2, "C": 1.2})
    assert gain.difference.interval[0] > 0 and gain.verdict == "no gain shown"


def test_the_best_member_is_not_chosen_by_test_images():
    makers = makers_of(small_run({"A": 1.2, "B": 1.0}, committee=("A", "B")))
    others = [
        with_validation_accuracy(makers[name], share) for name, share in (("A", 0.1), ("B", 0.2))
    ]
    assert ensemble_gain(makers["Committee"], others).best_member == "B"


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
