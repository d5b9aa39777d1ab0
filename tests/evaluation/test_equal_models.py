"""Four models that are equally good, three seeds each, and their committee, as a whole run."""

import pytest
from makers import analysed, small_run

from vestry.evaluation.difference import sign

DRAWS = 12


@pytest.fixture(scope="module")
def found():
    skills = dict.fromkeys("ABCD", 2.0)
    return [
        analysed(*small_run(skills, rows=250, seed=seed, seeds=3, committee=tuple(skills)))
        for seed in range(DRAWS)
    ]


def test_none_is_called_better_or_worse_than_another(found):
    def said(run):
        steps = [sign(step.difference) for step in run.steps]
        members = set("ABCD")
        pairs = [p.told_apart for p in run.comparisons.pairs if {p.one, p.other} <= members]
        return any(steps), any(pairs)

    alarms = [said(run) for run in found]
    assert sum(any(each) for each in alarms) <= 2


def test_every_figure_uses_all_seeds(found):
    run = found[0]
    for model in [*run.members.values(), *run.committees.values()]:
        for split in ("validation", "test"):
            own = [each.scores.on(split) for each in model.seeds]
            assert len(own) == 3
            for score in ("accuracy", "log_loss", "f1_macro"):
                mean = sum(scores[score] for scores in own) / 3
                assert model.scores.on(split).number(score) == pytest.approx(mean)
    assert {pair.seeds for pair in run.comparisons.pairs} == {(3, 3)}
    for row in run.ranking:
        model = (run.members | run.committees)[row.name]
        assert row.test_accuracy == model.scores.test.accuracy
        low, high = model.intervals.test["accuracy"]
        assert low < row.test_accuracy < high


def test_the_page_knows_how_many_tests_there_were(found):
    counts = {family.name: family.tests for family in found[0].families}
    assert counts == {"pairs": 10, "committees": 4, "without": 4, "steps": 3}
    assert all(family.level == 0.05 for family in found[0].families)
