import numpy as np
import pytest

from vestry.evaluation import predictions as makers
from vestry.evaluation.ablations import ablation_steps


def maker(name: str, right: list[int]) -> makers.EvaluatedModel:
    truth = np.ones(len(right), dtype=np.int64)
    return makers.EvaluatedModel(name, {"over_seeds": None}, np.array(right, dtype=np.int64), truth)


def test_every_member_is_set_against_the_first() -> None:
    first, second, third = (
        maker("A", [1, 1, 0, 0]), maker("B", [1, 1, 1, 0]), maker("C", [1, 0, 0, 0]),
    )  # fmt: skip
    found = ablation_steps([first, second, third])
    assert [(row["name"], row["against"]) for row in found] == [("B", "A"), ("C", "A")]
    assert [row["difference"]["value"] for row in found] == pytest.approx([0.25, -0.25])
    for row in found:
        low, high = row["difference"]["interval"]
        assert low < row["difference"]["value"] < high


def test_one_member_changes_nothing() -> None:
    assert ablation_steps([maker("A", [1])]) == [] == ablation_steps([])
