"""Two ways of computing a model answer alike, classes that tie aside."""

import numpy as np

from vestry.predictions.same_answers import SameAnswers, same_answers


def test_another_one_of_classes_that_tie_is_the_same_answer():
    wanted = np.array([[0.5, 0.5, 0], [0.5, 0.5, 0], [0.2, 0.8, 0], [0.6, 0.4, 0]], np.float32)
    given = np.array([[0.5, 0.4999999, 0], [0.4999999, 0.5, 0], [0.2, 0.8, 0], [0.4, 0.6, 0]])
    assert same_answers(given.astype(np.float32), wanted) == SameAnswers(equal=3, ties=1)


def test_a_small_lead_is_no_tie():
    wanted, given = np.array([[0.50001, 0.49999]]), np.array([[0.49999, 0.50001]])
    assert same_answers(given.astype(np.float32), wanted.astype(np.float32)).equal == 0
