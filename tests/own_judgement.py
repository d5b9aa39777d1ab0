"""A package beside Vestry that brings a committee rule, a corruption and a score."""

import numpy as np
from pydantic import Field

from vestry.committees.rule import FLOOR, Figures, Options, Rule, log_losses, mean_nodes
from vestry.predictions.scores import Score
from vestry.robustness.corruption import Corruption


class PowerOptions(Options):
    most: int = Field(2, ge=1, le=9, description="the highest power that is tried")


class Sharpened(Rule):
    """The mean of the probabilities, raised to the power that does best and made to sum to 1."""

    name = "sharpened"
    words = "mean of the probabilities, sharpened"
    learns = True
    options = PowerOptions

    def __init__(self, most=2):
        self.most = most

    def fit(self, stacked, truth):
        powers = range(1, self.most + 1)
        tables = np.stack([raised(stacked.mean(axis=0), power) for power in powers])
        self.power_ = 1 + int(np.argmin(log_losses(tables, truth)))
        return self

    def combine(self, stacked):
        return raised(stacked.mean(axis=0), self.power_)

    def card(self):
        return {"power": self.power_}

    @classmethod
    def restored(cls, card, classes):
        rule = cls()
        rule.power_ = card["power"]
        return rule

    @classmethod
    def nodes(cls, graph, stacked, card, classes):
        floored = graph.add("Max", mean_nodes(graph, stacked), graph.number(FLOOR, "double"))
        powers = graph.add("Pow", floored, graph.number(card["power"], "double"))
        total = graph.add("ReduceSum", powers, graph.integers(1), keepdims=1)
        return graph.add("Div", powers, total)

    @classmethod
    def figures(cls, learnt):
        return Figures("; to the power of ", [str(learnt["power"])])


def raised(mean, power):
    powers = np.maximum(mean, FLOOR) ** power
    return powers / powers.sum(axis=1, keepdims=True)


def blinds(values, part, draws):
    """The lower rows are dark."""
    height = values.shape[1]
    covered = np.arange(height) >= round(height * (1 - part))
    return np.where(covered.reshape(1, -1, *[1] * (values.ndim - 2)), 0, values)


BLINDS = Corruption(
    "blinds",
    blinds,
    strengths=(0.125, 0.25, 0.375, 0.5, 0.75),
    unit="of the height",
    remark="dark from below",
    how="{} of it are dark from below",
)


def cosines(values, truth):
    return values[np.arange(len(truth)), truth] / np.linalg.norm(values, axis=1)


SPHERICAL = Score(
    "spherical",
    "Spherical",
    "spherical score",
    (cosines,),
    lambda sums: sums[cosines] / sums.rows,
    unit="cosine",
    best=1.0,
)
