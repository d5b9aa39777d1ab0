"""Batches: what they draw, whom they stop, and that nothing hangs on what was done first."""

import random

import pytest
from test_trials import SPACE, objective, run, without_seconds

from vestry.search.batches import Batches
from vestry.search.ending import Ending, Pruned
from vestry.search.space import Between, SearchSettings
from vestry.search.trials import JOURNAL


def ended(asked):
    """As whatever fits a trial says it."""
    losses = {}

    def watch(epoch, loss):
        losses[epoch] = loss
        if min(losses.values()) > asked.limits.get(epoch, float("inf")):
            raise Pruned

    said = {"losses": losses, "epochs_run": 0, "seconds": 0.0, "score": None}
    try:
        scores = objective(asked.number, asked.values, watch)
        said |= {"state": "complete", "score": scores["accuracy"]}
        said |= {"validation_loss": scores["log_loss"]}
    except Pruned:
        said |= {"state": "pruned", "validation_loss": losses[max(losses)]}
    return Ending(**said | {"epochs_run": len(losses)})


def in_batches(order=sorted, known=None, space=SPACE, **settings):
    """All trials. order: in which those of a batch are done. known: endings by number, of which
    those that are there are not fitted again."""
    batches, known = Batches(space, SearchSettings(**settings), 1), {} if known is None else known
    while not batches.is_over:
        asked = {each.number: each for each in batches.ask()}
        for number in order(asked):
            known.setdefault(number, ended(asked[number]))
        batches.tell({number: known[number] for number in order(asked)})
    return batches


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_batch_of_one_comes_to_what_trials_one_after_the_other_do(tmp_path, sampler):
    """The same draws, and the same trials are pruned after the same epochs."""
    alone = run(tmp_path, sampler=sampler, trials=30)
    batched = in_batches(sampler=sampler, trials=30).trials()
    assert without_seconds(batched) == without_seconds(alone)
    assert {"pruned", "complete"} == {trial.state for trial in alone}


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_what_is_done_first_in_a_batch_changes_nothing(sampler):
    settings = {"sampler": sampler, "trials": 22, "batch": 4}
    calm = in_batches(**settings).trials()
    assert len(calm) == 22 and len({trial.values["x"] for trial in calm}) == 22

    def shuffled(numbers):
        return random.Random(3).sample(sorted(numbers), len(numbers))  # noqa: S311

    assert in_batches(order=shuffled, **settings).trials() == calm
    assert any(trial.state == "pruned" for trial in calm)


def test_a_search_that_begins_again_with_what_was_done_draws_the_same():
    settings, known = {"sampler": "tpe", "trials": 22, "batch": 4}, {}
    calm = in_batches(known=known, **settings).trials()
    half = {number: Ending.from_json(known[number].as_json()) for number in range(13)}
    assert in_batches(known=half, **settings).trials() == calm


def test_a_batch_knows_of_earlier_batches_alone():
    """Of its own trials none is stopped by another, whatever these come to."""
    settings = SearchSettings(trials=12, batch=6)
    batches = Batches(SPACE, settings, 1)
    first = batches.ask()
    assert [each.limits for each in first] == [{}] * 6
    batches.tell({each.number: ended(each) for each in first})
    median = sorted(each.values["x"] for each in first)
    assert [each.limits for each in batches.ask()] == [
        pytest.approx({epoch: 1 / epoch + (median[2] + median[3]) / 2 for epoch in (2, 3)})
    ] * 6
    unpruned = Batches(SPACE, SearchSettings(trials=12, batch=6, pruning=False), 1)
    unpruned.tell({each.number: ended(each) for each in unpruned.ask()})
    assert unpruned.ask()[0].limits == {}


def test_values_that_were_drawn_before_are_not_asked_for_in_the_same_batch_either():
    space, asked = {"n": Between(between=(1, 3))}, []
    batches = Batches(space, SearchSettings(trials=12, batch=4), 1)
    while not batches.is_over:
        new = batches.ask()
        asked += [each.values["n"] for each in new]
        scored = {"state": "complete", "losses": {}, "epochs_run": 0, "seconds": 2.0}
        batches.tell(
            {e.number: Ending(score=e.values["n"] / 10, validation_loss=1.0, **scored) for e in new}
        )
    trials = batches.trials()
    assert len(asked) == len(set(asked)) <= 3 and len(trials) == 12
    assert all(trial.score == trial.values["n"] / 10 for trial in trials)
    again = [trial for trial in trials if trial.reason]
    assert len(again) == 12 - len(asked) and all("again" in trial.reason for trial in again)
    assert sum(trial.seconds for trial in trials) == 2.0 * len(asked)


def test_failed_trials_keep_their_reason_and_the_journal_has_all(tmp_path):
    batches = Batches(SPACE, SearchSettings(trials=2, batch=2), 1)
    said = {"losses": {}, "validation_loss": None, "epochs_run": 0, "seconds": 1.0, "score": None}
    batches.ask()
    batches.tell({n: Ending("failed", reason="shrank away", **said) for n in (0, 1)})
    assert [(trial.state, trial.reason) for trial in batches.trials()] == [
        ("failed", "shrank away")
    ] * 2
    batches.save(tmp_path / JOURNAL)
    whole = (tmp_path / JOURNAL).read_bytes()
    assert whole.count(b"shrank away") == 2
    for left in (whole, whole[: len(whole) // 2]):  # by a run that was killed while it wrote
        (tmp_path / JOURNAL).write_bytes(left)
        batches.save(tmp_path / JOURNAL)
        assert (tmp_path / JOURNAL).read_bytes().count(b"shrank away") == 2
        assert [path.name for path in tmp_path.iterdir()] == [JOURNAL]


def test_studies_that_draw_one_at_a_time_are_known_by_what_they_were():
    assert "batch" not in SearchSettings().model_dump()
    assert SearchSettings(batch=4).model_dump()["batch"] == 4
