import pytest

from vestry.evaluation.overfitting import Guessing, overfitting


def history(train, validation):
    return {
        "epoch": list(range(1, len(train) + 1)),
        "train_loss": train,
        "validation_loss": validation,
        "train_accuracy": [0.9] * len(train),
        "validation_accuracy": [0.8] * len(train),
    }


FALLING = [0.9, 0.7, 0.5, 0.4, 0.3, 0.2]


@pytest.mark.parametrize(
    ("validation", "start"),
    [
        ([0.9, 0.6, 0.5, 0.55, 0.6, 0.7], 4),
        ([0.9, 0.5, 0.502, 0.55, 0.6, 0.7], 4),  # within 1% of the lowest: not risen yet
        ([0.9, 0.5, 0.7, 0.502, 0.6, 0.7], None),  # came back; two epochs are too few
        ([0.9, 0.8, 0.7, 0.6, 0.55, 0.5], None),  # the last is the lowest
        ([0.9, 0.6, 0.5, 0.45, 0.6, 0.7], None),  # two epochs are too few
        ([0.4, 0.5, 0.5, 0.5, 0.5, 0.5], 2),
    ],
)
def test_loss_rises_for_good_from_the_first_epoch_after_which_it_stays_up(validation, start):
    found = overfitting(history(FALLING, validation))
    assert found.rises_from == start
    assert found.lowest_epoch == validation.index(min(validation)) + 1
    assert found.at_last.accuracy_gap == pytest.approx(0.1)


def test_a_training_loss_that_does_not_fall_is_no_overfitting():
    rising = [0.9, 0.7, 0.5, 0.6, 0.7, 0.8]
    assert overfitting(history(rising, [0.9, 0.6, 0.5, 0.55, 0.6, 0.7])).rises_from is None


def test_without_epochs_or_losses_there_is_nothing_to_say():
    assert overfitting(None) is None
    assert overfitting({}) is None
    assert overfitting({"epoch": [1], "train_loss": [0.5]}) is None


def test_an_epoch_without_a_finite_loss_is_left_out():
    found = overfitting(history([0.9, 0.8, 0.7], [0.9, float("nan"), 0.8]))
    assert (found.epochs, found.lowest_epoch) == (2, 3)


def accuracies(train, validation):
    rows = history(FALLING, [0.9, 0.8, 0.7, 0.6, 0.55, 0.5])
    return rows | {"train_accuracy": train, "validation_accuracy": validation}


def test_the_gap_is_that_of_the_epoch_that_was_kept():
    rows = accuracies([0.3, 0.4, 0.5, 0.6, 0.61, 0.9], [0.3, 0.38, 0.45, 0.55, 0.34, 0.2])
    last, third = overfitting(rows), overfitting(rows, 3)
    assert last.far_above and last.at_kept == last.at_last
    assert not third.far_above and third.at_kept.accuracy_gap == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("right", "share", "rows", "guesses"),
    [
        (0.10, 0.1, 1000, True),
        (0.12, 0.1, 100, True),  # two more of a hundred are luck
        (0.12, 0.1, 10_000, False),
        (0.34, 0.1, 300, False),
        (0.74, 0.74, 500, True),  # two classes, one of them common
        (1.00, 1.0, 50, True),
        (0.50, 0.5, 0, False),
    ],
)
def test_chance_is_the_commonest_class(right, share, rows, guesses):
    found = overfitting(accuracies([0.9] * 6, [right] * 6), guessing=Guessing(share, rows))
    assert found.no_better_than_guessing == guesses
    assert not overfitting(accuracies([0.9] * 6, [right] * 6)).no_better_than_guessing
