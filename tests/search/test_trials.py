"""Trials: what they draw, what they come to, and how a search goes on after a kill."""

import re

import pytest

from vestry.errors import MemberError
from vestry.predictions.scores import SCORES
from vestry.search.space import Between, Choose, SearchSettings
from vestry.search.trials import JOURNAL, Search

SPACE = {
    "x": Between(between=(0.0, 1.0)),
    "n": Between(between=(1, 6)),
    "rate": Between(between=(1e-4, 1e-1), log=True),
    "kind": Choose(choose=["a", [1, 2], 3]),
}


class Killed(BaseException):
    """As a kill would end it: nothing may catch it."""


def objective(number, values, watch):
    for epoch in (1, 2, 3):
        watch(epoch, 1.0 / epoch + values["x"])
    return {"accuracy": 1 - values["x"], "log_loss": values["x"]}


def run(folder, objective=objective, **settings):
    sign = SCORES[settings.get("score", "accuracy")].sign
    search = Search(SPACE, SearchSettings(**settings), folder, sign)
    return search.run(objective, lambda trial: None)


def without_seconds(trials):
    return [{k: v for k, v in vars(trial).items() if k != "seconds"} for trial in trials]


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_values_lie_in_the_space_and_differ_from_trial_to_trial(tmp_path, sampler):
    trials = run(tmp_path, sampler=sampler, trials=15, pruning=False)
    assert [trial.number for trial in trials] == list(range(15))
    for trial in trials:
        assert 0 <= trial.values["x"] <= 1 and trial.values["n"] in range(1, 7)
        assert 1e-4 <= trial.values["rate"] <= 1e-1
        assert trial.values["kind"] in ("a", [1, 2], 3)
        assert trial.state == "complete" and trial.score == 1 - trial.values["x"]
    assert len({trial.values["x"] for trial in trials}) == 15


def test_tpe_learns_where_random_does_not(tmp_path):
    for name in ("random", "tpe"):
        (tmp_path / name).mkdir()
    late = {
        name: sum(t.values["x"] for t in run(tmp_path / name, sampler=name, trials=40)[20:])
        for name in ("random", "tpe")
    }
    assert late["tpe"] < 0.7 * late["random"]


@pytest.mark.parametrize("sampler", ["random", "tpe"])
@pytest.mark.parametrize("kill_at", [(0, 2), (6, 2), (11, 1)])
def test_a_killed_search_ends_as_one_that_was_not(tmp_path, sampler, kill_at):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    expected = run(whole, sampler=sampler, trials=14)
    fitted = []

    def killed(number, values, watch):
        fitted.append(number)
        for epoch in (1, 2, 3):
            if (number, epoch) == kill_at and fitted.count(number) == 1:
                raise Killed
            watch(epoch, 1.0 / epoch + values["x"])
        return {"accuracy": 1 - values["x"], "log_loss": values["x"]}

    with pytest.raises(Killed):
        run(broken, killed, sampler=sampler, trials=14)
    with (broken / JOURNAL).open("ab") as journal:
        journal.write(b'{"op_code": 6, "wor')  # a line that was being written
    again = run(broken, killed, sampler=sampler, trials=14)
    assert without_seconds(again) == without_seconds(expected)
    assert sorted(set(fitted)) == list(range(14)) and len(fitted) == 15


@pytest.mark.parametrize("value", ["{}", "null", '"x"', "[1.0]"])
def test_a_journal_whose_losses_are_no_numbers_is_made_anew(tmp_path, value):
    whole = run(tmp_path, trials=7)
    journal = tmp_path / JOURNAL
    changed, count = re.subn(
        r'("intermediate_value": ?)[^,}]+', rf"\g<1>{value}", journal.read_text()
    )
    assert count
    journal.write_text(changed)
    assert without_seconds(run(tmp_path, trials=7)) == without_seconds(whole)


def test_pruning_stops_what_is_worse_than_half_of_the_trials_before(tmp_path):
    trials = run(tmp_path, trials=30)
    pruned = [trial for trial in trials if trial.state == "pruned"]
    done = [trial for trial in trials if trial.state == "complete"]
    assert pruned and all(trial.score is None and trial.epochs_run < 3 for trial in pruned)
    assert all(trial.number >= 5 for trial in pruned)
    assert max(t.score for t in done) > 1 - min(t.values["x"] for t in pruned)


def test_a_trial_that_fails_is_kept_with_its_reason(tmp_path):
    def failing(number, values, watch):
        if number == 1:
            raise MemberError("the image shrank away")
        return objective(number, values, watch)

    trials = run(tmp_path, failing, trials=3)
    assert [trial.state for trial in trials] == ["complete", "failed", "complete"]
    assert trials[1].reason == "the image shrank away" and trials[1].score is None


def test_the_same_values_are_not_fitted_twice(tmp_path):
    fitted = []

    def counting(number, values, watch):
        fitted.append(values["n"])
        return {"accuracy": values["n"] / 10, "log_loss": 1.0}

    space = {"n": Between(between=(1, 3))}
    search = Search(space, SearchSettings(trials=12), tmp_path, 1)
    trials = search.run(counting, lambda trial: None)
    assert len(fitted) == len(set(fitted)) <= 3 and len(trials) == 12
    assert all(trial.score == trial.values["n"] / 10 for trial in trials)
    assert any("again" in (trial.reason or "") for trial in trials)


def test_log_loss_is_made_small(tmp_path):
    trials = run(tmp_path, trials=5, score="log_loss", pruning=False)
    assert all(trial.score == trial.values["x"] for trial in trials)
