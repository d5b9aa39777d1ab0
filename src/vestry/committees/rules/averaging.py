"""Committee rules that average probabilities, and the one that counts votes."""

from typing import Any, Self

import numpy as np
from pydantic import Field

from vestry.committees.rule import (
    FLOOR,
    RULES,
    Card,
    Figures,
    Nodes,
    Options,
    Rule,
    Stack,
    goodness,
    log_losses,
    log_nodes,
    mean_nodes,
    named_figures,
    weighted_mean,
    weighted_nodes,
)
from vestry.predictions.table import Labels
from vestry.schema.base import ScoreName

_BY: ScoreName = "accuracy"
_BY_WORDS = {
    "accuracy": ", weights in proportion to accuracy above chance",
    "balanced_accuracy": ", weights in proportion to balanced accuracy above chance",
    "macro_f1": ", weights in proportion to macro F1 above chance",
    "log_loss": ", weights in proportion to exp(\u2212log loss)",
    "roc_auc": ", weights in proportion to the area under the ROC curve above chance",
}


@RULES.register
class Mean(Rule):
    """The plain mean of the members' probability vectors; every member counts alike.

    The sum rule of Kittler, Hatef, Duin and Matas (1998), "On combining classifiers".
    """

    name = "mean"
    words = "mean of the probabilities"

    def combine(self, stacked: Stack) -> Stack:
        return np.asarray(stacked.mean(axis=0))

    @classmethod
    def nodes(cls, graph: Nodes, stacked: str, card: Card, classes: int) -> str:  # noqa: ARG003
        return mean_nodes(graph, stacked)


class _By(Options):
    by: ScoreName = Field(_BY, description="what the weights follow from")


@RULES.register
class Weighted(Rule):
    """A mean whose weights follow from how good each member is; they sum to 1.

    by accuracy: in proportion to the accuracy above chance, max(0, accuracy - 1 / classes), so that
    a member that guesses has no say; where no member is above chance, all count alike. So, too, by
    other scores of which more is better (chance is 0.5 for the area under the ROC curve). by
    log_loss: in proportion to exp(-log loss), which is the geometric mean of the probability that
    the member gave to the truth. Weights from each member's own quality are among those that
    Kuncheva (2014), "Combining Pattern Classifiers", section 5.2, compares.
    """

    name = "weighted"
    words = "weighted mean of the probabilities"
    learns = True
    options = _By
    by_member = ("weights",)
    say = "weights"

    def __init__(self, by: ScoreName = _BY) -> None:
        self.by = by

    def fit(self, stacked: Stack, truth: Labels) -> Self:
        self.notes_: list[str] = []
        if self.by == "log_loss":
            losses = log_losses(stacked, truth)
            quality = np.exp(losses.min() - losses)
        else:
            chance = 0.5 if self.by == "roc_auc" else 1 / stacked.shape[2]
            scores = np.array([goodness(values, truth, self.by) for values in stacked])
            quality = np.maximum(scores - chance, 0.0)
        if quality.sum() == 0:
            self.notes_ = ["no member was better than guessing, so all of them count alike"]
            quality = np.ones(len(stacked))
        self.weights_ = quality / quality.sum()
        return self

    def combine(self, stacked: Stack) -> Stack:
        return weighted_mean(stacked, self.weights_)

    def card(self) -> dict[str, Any]:
        return {"by": self.by, "weights": self.weights_.tolist(), "notes": self.notes_}

    @classmethod
    def restored(cls, card: Card, classes: int) -> Self:  # noqa: ARG003
        rule = cls(card["by"])
        rule.weights_ = np.array(card["weights"], np.float64)
        return rule

    @classmethod
    def nodes(cls, graph: Nodes, stacked: str, card: Card, classes: int) -> str:  # noqa: ARG003
        return weighted_nodes(graph, stacked, card["weights"])

    @classmethod
    def how(cls, learnt: Card) -> str:
        return cls.words + _BY_WORDS.get(learnt.get("by", ""), "")

    @classmethod
    def figures(cls, learnt: Card) -> Figures | None:
        weights = learnt.get("weights")
        return Figures(": ", named_figures(weights)) if weights else None


@RULES.register
class Geometric(Rule):
    """The normalised geometric mean of the members' probabilities, floored.

    A class that one member thinks impossible stays improbable however sure the others are. The
    logarithmic opinion pool with equal weights (Genest and Zidek 1986, "Combining probability
    distributions").
    """

    name = "geometric"
    words = "geometric mean of the probabilities, made to sum to 1"

    def combine(self, stacked: Stack) -> Stack:
        logs = np.log(np.maximum(stacked, FLOOR)).mean(axis=0)
        powers = np.exp(logs - logs.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def card(self) -> dict[str, Any]:
        return {"floor": FLOOR}

    @classmethod
    def nodes(cls, graph: Nodes, stacked: str, card: Card, classes: int) -> str:  # noqa: ARG003
        return graph.add("Softmax", mean_nodes(graph, log_nodes(graph, stacked)), axis=1)


@RULES.register
class Vote(Rule):
    """The class that most members name wins; among classes with equally many votes, the one with
    the highest mean probability.

    Its probabilities are (votes + mean probability) / (members + 1): the votes' shares, with the
    members' mean as one vote more. They sum to 1, no class gets 0 for want of votes, and the most
    probable class is the vote's winner: a vote more outweighs any difference of means. Plurality
    voting, as in Kuncheva (2014), "Combining Pattern Classifiers", section 4.3.
    """

    name = "vote"
    words = (
        "majority vote, ties by the mean probability; its probabilities are the shares of votes, "
        "with the members\u2019 mean as one vote more"
    )

    def combine(self, stacked: Stack) -> Stack:
        members, _, classes = stacked.shape
        votes = np.eye(classes)[stacked.argmax(axis=2)].sum(axis=0)
        return np.asarray((votes + stacked.mean(axis=0)) / (members + 1))

    @classmethod
    def nodes(cls, graph: Nodes, stacked: str, card: Card, classes: int) -> str:
        named = graph.add("ArgMax", stacked, axis=2, keepdims=0)
        values = graph.constant(np.array([0, 1], np.float32), "off-on")
        marks = graph.add("OneHot", named, graph.integers(classes), values, axis=-1)
        votes = graph.add("ReduceSum", graph.cast(marks, "double"), graph.integers(1), keepdims=0)
        total = graph.add("Add", votes, mean_nodes(graph, stacked))
        return graph.add("Div", total, graph.number(len(card["members"]) + 1, "double"))
