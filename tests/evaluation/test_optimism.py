"""What choosing adds to a figure of the rows that chose; benchmarks/optimism.py has more of it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import scored_entries, small_run

from vestry.evaluation.chosen_by import chosen_by
from vestry.evaluation.optimism import (
    Choice,
    best_of_several,
    carried_over,
    optimism,
    optimism_of_committee,
    optimism_of_member,
)
from vestry.evaluation.ranking import ranking
from vestry.predictions.choosing import choosing_score
from vestry.schema.optimism import Optimism
from vestry.storage.tried import Tried, TriedTrials, load_tried, load_tried_trials

STUDIES = 150


def fits(rng, rows, count, level=1.2, own=0.8):
    """(rows, count) margins of fits that find the same rows hard; 83% right at level 1.2."""
    return rng.normal(size=(rows, 1)) + level + rng.normal(0, own, (rows, count))


def gaps(rows, chosen, seed):
    """Mean validation accuracy of what is chosen less that of all it was chosen among, which is the
    truth where all are equally good: before and after correction, in points."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(STUDIES):
        margins = fits(rng, rows, 20)
        choice = chosen(margins)
        shown = choice.right.mean(axis=0)
        by = shown if choice.by is None else choice.by.mean(axis=0)
        gap = shown[by.argmax()] - shown.mean()
        found.append((gap, gap - optimism(choice)))
    return 100 * np.mean(found, axis=0)


@pytest.mark.parametrize(("rows", "flattered"), [(60, 5), (200, 3), (600, 1.5)])
def test_what_the_best_of_twenty_has_from_being_the_best_is_taken_off(rows, flattered):
    before, after = gaps(rows, lambda margins: Choice(margins > 0), seed=101)
    assert before > flattered and abs(after) < 0.12 * before


def test_a_choice_by_log_loss_flatters_accuracy_less_and_is_followed():
    def by_loss(margins):
        return Choice(margins > 0, by=-np.logaddexp(0, -2 * margins))

    before, after = gaps(200, by_loss, seed=102)
    assert before > 1 and abs(after) < 0.2 * before
    wrong = gaps(200, lambda margins: replace(by_loss(margins), by=None), seed=102)
    assert wrong[0] > before + 0.5


def test_trials_chosen_among_their_epochs_count_every_epoch():
    """Four trials of five epochs are as flattered as the twenty together, and their ends are not
    all that was tried."""
    rng, found = np.random.default_rng(103), []
    for _ in range(STUDIES):
        right = fits(rng, 200, 20) > 0
        nested = optimism(Choice(right, counts=[5] * 4))
        assert nested == pytest.approx(optimism(Choice(right)), abs=0.004)
        shown = right.mean(axis=0)
        found.append(shown.max() - shown.mean() - nested)
    assert abs(100 * np.mean(found)) < 0.4


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 80), st.integers(1, 6), st.integers(0, 10_000))
def test_it_is_a_share_and_none_where_nothing_differs(rows, count, seed):
    right = np.random.default_rng(seed).random((rows, count)) < 0.7
    assert 0 <= optimism(Choice(right)) <= 1
    assert optimism(Choice(np.repeat(right[:, :1], count, axis=1))) == 0


def test_min_delta_keeps_the_earlier_of_two_that_are_near():
    right = np.zeros((100, 2), dtype=bool)
    right[:70, 0], right[:71, 1] = True, True
    assert optimism(Choice(right, min_delta=0.5)) == 0


def test_what_is_carried_over_is_what_is_right_on_the_same_rows():
    rng = np.random.default_rng(104)
    settings_ = fits(rng, 4000, 8, own=0.57)
    trials = settings_ + rng.normal(0, 0.57, settings_.shape) > 0
    again = settings_[:, 3] + rng.normal(0, 0.57, 4000) > 0
    assert carried_over(trials[:, 3], trials, 3) == pytest.approx(1)
    assert 0.2 < carried_over(again, trials, 3) < 0.7
    assert carried_over(fits(rng, 4000, 1)[:, 0] > 0, trials, 3) < 0.1
    assert carried_over(again, trials[:, [3, 3]], 0) == 0


def epochs(rng, rows=200, count=10):
    right = fits(rng, rows, count) > 0
    return Tried.of(list(right.T), None, taken=int(right.mean(axis=0).argmax()))


def test_a_member_says_what_each_choice_adds():
    rng = np.random.default_rng(105)
    kept, trials = epochs(rng), [epochs(rng) for _ in range(6)]
    right = kept.right[:, [kept.taken]].T
    assert optimism_of_member([None], None, right) is None
    stopped = optimism_of_member([kept], None, right)
    assert stopped.search is None and stopped.early_stopping > 0.005
    assert stopped.corrected == pytest.approx(right.mean() - stopped.early_stopping)
    trials.append(kept)
    best = max(range(7), key=lambda place: trials[place].right.mean(axis=0).max())
    right = trials[best].right[:, [trials[best].taken]].T
    stopped = optimism_of_member([trials[best]], None, right)
    same = TriedTrials.of(trials, best, by_loss=False)
    searched = optimism_of_member([trials[best]], same, right)
    assert searched.early_stopping == stopped.early_stopping and searched.search > 0.005
    elsewhere = optimism_of_member([epochs(rng, rows=150)], None, right)
    assert elsewhere is None  # other rows chose, so that it flatters nothing here


def test_a_committee_has_what_its_members_have_in_the_mean():
    results, _ = small_run({"A": 1.2, "B": 1.0})
    plain, other = scored_entries(results)["members"].values()
    stopped = Optimism(early_stopping=0.02, search=None, corrected=0.5)
    flattered = other.model_copy(update={"optimism": stopped})
    assert optimism_of_committee([plain, other], 0.9) is None
    found = optimism_of_committee([plain, flattered], 0.9)
    assert found == Optimism(early_stopping=0.01, search=None, corrected=0.89)


def test_the_ranking_goes_by_what_is_left():
    results, evidence = small_run({"A": 1.2, "B": 1.15})
    models = scored_entries(results)["members"]
    by = chosen_by(choosing_score("accuracy"), list(models), evidence)
    first, second = ranking(models, by)
    assert best_of_several({first: models[first]}, evidence) is None
    several = best_of_several({name: models[name] for name in (first, second)}, evidence)
    assert several.first == first and 0 < several.optimism < 0.05
    shown = models[first].scores.validation.accuracy
    assert several.corrected == pytest.approx(shown - several.optimism)
    flattered = Optimism(early_stopping=0.3, search=None, corrected=shown - 0.3)
    models[first] = models[first].model_copy(update={"optimism": flattered})
    assert ranking(models, by) == [second, first]
    moved = best_of_several({name: models[name] for name in (second, first)}, evidence)
    assert moved.first == second and moved.optimism == 0  # the other is far behind it now


def test_the_best_of_five_equal_models_is_corrected():
    rng, found = np.random.default_rng(106), []
    for _ in range(STUDIES):
        right = fits(rng, 100, 5) > 0
        shown = right.mean(axis=0)
        found.append((shown.max() - shown.mean(), optimism(Choice(right))))
    before, taken_off = 100 * np.mean(found, axis=0)
    assert before > 2 and abs(before - taken_off) < 0.4


@pytest.mark.parametrize("by_loss", [False, True])
def test_what_was_tried_is_read_as_it_was_written(tmp_path, by_loss):
    rng = np.random.default_rng(107)
    right = rng.random((61, 7)) < 0.5
    loss = rng.gamma(1, 1, (61, 7))
    loss[0, 0] = np.inf
    tried = Tried.of(list(right.T), list(loss.T) if by_loss else None, 4, 0.01)
    tried.save(tmp_path / "one.npz")
    again = load_tried(tmp_path / "one.npz")
    assert np.array_equal(again.right, right) and (again.taken, again.min_delta) == (4, 0.01)
    assert (again.loss is not None) == by_loss
    if by_loss:
        assert np.isfinite(again.loss).all()
        assert again.loss[1:] == pytest.approx(loss[1:], rel=1e-3, abs=1e-4)
    trials = TriedTrials.of([tried, tried.alone(), tried], 2, by_loss)
    trials.save(tmp_path / "all.npz")
    found = load_tried_trials(tmp_path / "all.npz")
    assert (found.taken, found.by_loss) == (2, by_loss)
    assert [(e.right.shape, e.taken) for e in found.each] == [
        (e.right.shape, e.taken) for e in trials.each
    ]
    assert load_tried(tmp_path / "none.npz") is None
    assert load_tried_trials(tmp_path / "none.npz") is None


def test_trials_that_were_chosen_in_unlike_ways_count_by_their_ends():
    rng = np.random.default_rng(108)
    plain = epochs(rng)
    with_loss = Tried.of(list(plain.right.T), list(rng.random((10, 200))), 2)
    mixed = TriedTrials.of([plain, with_loss], 0, by_loss=False)
    assert [each.right.shape[1] for each in mixed.each] == [1, 1]
    alike = TriedTrials.of([with_loss, with_loss], 0, by_loss=True)
    assert [each.right.shape[1] for each in alike.each] == [10, 10]
