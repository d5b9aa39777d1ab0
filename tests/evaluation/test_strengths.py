import numpy as np
import pytest
from makers import makers_of, small_run

from vestry.evaluation.mistakes import confused_pairs, ends, misclassified, per_class_performance
from vestry.schema.scores import ClassScores, Scores


def rows(*values):
    return [row(value) for value in values]


def row(f1, support=5):
    return ClassScores(precision=f1, recall=f1, f1=f1, support=support)


def labels(found):
    high, low = found
    return {"high": [row.class_ for row in high], "low": [row.class_ for row in low]}


def test_the_ends_are_the_highest_and_lowest_f1_and_share_no_class():
    assert labels(ends(rows(0.5, 0.9, 0.7))) == {"high": [1], "low": [0]}
    assert labels(ends(rows(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8))) == {
        "high": [7, 6, 5],
        "low": [0, 1, 2],
    }


def test_there_are_no_ends_where_all_classes_are_alike_and_none_without_images():
    assert labels(ends(rows(0.9, 0.9002, 0.9))) == {"high": [], "low": []}
    missing = [*rows(0.5, 0.9), row(0.0, support=0)]
    assert labels(ends(missing)) == {"high": [1], "low": [0]}
    assert labels(ends([])) == {"high": [], "low": []}


def test_confused_pairs_add_both_ways_and_come_in_order():
    found = confused_pairs(np.array([[9, 3, 0], [4, 9, 7], [0, 0, 9]]))
    assert [pair.as_json() for pair in found] == [
        {"classes": [0, 1], "count": 7, "i_as_j": 3, "j_as_i": 4},
        {"classes": [1, 2], "count": 7, "i_as_j": 7, "j_as_i": 0},
    ]


def test_pairs_account_for_every_mistake():
    results, *_ = small_run({"A": 1.0})
    scores = results["members"]["A"]["scores"]["test"]
    found = per_class_performance(Scores.model_validate(scores))
    confusion = np.array(scores["confusion"])
    assert found.confused_pairs == len(found.confused) == 6
    assert sum(pair.count for pair in found.confused) == confusion.sum() - confusion.trace()


def test_the_misclassified_are_counted_image_by_image():
    run = small_run({"A": 1.0, "B": 1.5, "C": 0.5})
    makers = list(makers_of(run).values())
    found = misclassified(makers)
    for label, row in enumerate(found.classes):
        images = [i for i, truth in enumerate(makers[0].truth) if truth == label]
        said = [[int(maker.labels[i]) for maker in makers] for i in images]
        assert row.support == len(images)
        assert row.some_wrong == sum(any(s != label for s in each) for each in said)
        assert row.all_wrong == sum(all(s != label for s in each) for each in said)
        wrong = [s for each in said for s in each if s != label]
        assert row.wrong == len(wrong)
        top = row.taken_for[0]
        assert top.count == max(wrong.count(other) for other in range(4))
        assert wrong.count(top.class_) == top.count
    assert found.all_wrong == sum(row.all_wrong for row in found.classes)
    assert found.classes[0].mean_f1 == pytest.approx(
        np.mean([m.entry.scores.test.per_class["a"].f1 for m in makers])
    )
