"""What every model says of a few test images."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from vestry.report.formatting import counted, listed
from vestry.report.models import Model, models_in_study_order
from vestry.report.section import Section
from vestry.schema.results import FirstRows, Results, VotedImage, VotesOfModel

# Votes in words.


def verdict(truth: str, label: str) -> str:
    """ "Correct", or what was confused with what, the truth first."""
    return "Correct" if label == truth else f"Incorrect: confused {truth} with {label}"


def agreement(labels: list[str], truth: str) -> str:
    """How many members agree, and whether they are right. labels: the members' votes."""
    counts = Counter(labels)
    most = max(counts.values(), default=0)
    if not most:
        return "No member voted."
    top = [label for label, count in counts.items() if count == most]
    if len(labels) == 1:
        return f"The one member says {top[0]}."
    right = f"{counts[truth]} of {len(labels)} right."
    if most == len(labels):
        return f"All {most} members say {top[0]}: {right}"
    if len(top) > 1:
        return f"No majority: {counted(most, 'vote')} each for {listed(top)}; {right}"
    return f"{most} of {len(labels)} members say {top[0]}; {right}"


def _summary_words(all_right: int, all_wrong: int, images: int) -> str:
    """The whole sample in a sentence."""
    split = images - all_right - all_wrong
    return (
        f"Of these {images} images, every member is right on {all_right}, every member is wrong "
        f"on {all_wrong}, and they are divided on {split}."
    )


_CLASSES_IN_FULL = 25
_MOST_PROBABLE = 10


@dataclass(frozen=True)
class Vote:
    """top: the most probable (class, probability), best first."""

    model: Model
    label: str
    confidence: float | None
    top: list[tuple[str, float]]
    right: bool
    verdict: str


@dataclass(frozen=True)
class Ballot:
    """All votes on one image."""

    image: str
    truth: str
    agreement: str
    votes: list[Vote]


@dataclass(frozen=True)
class Vector:
    """One model's probabilities for one image as (class, probability), in class order.

    Where there are many classes only the most probable stand here, best first.
    """

    image: str
    truth: str
    probabilities: list[tuple[str, float]]


@dataclass(frozen=True)
class Votes:
    seed: int
    ballots: list[Ballot]
    summary: str | None
    first_rows: list[tuple[Model, list[Vector]]]
    vector_classes: list[str] | None


def _votes_data(results: Results) -> Votes:
    models, classes = models_in_study_order(results), results.data.classes
    ballots = [_ballot(image, models, classes) for image in results.votes.images]
    return Votes(
        seed=results.votes.seed,
        ballots=ballots,
        summary=_summary(ballots),
        first_rows=[
            (model, _vectors(results.first_rows, model.name, classes))
            for model in models
            if not model.only_labels
        ],
        vector_classes=classes if len(classes) <= _CLASSES_IN_FULL else None,
    )


def _ballot(image: VotedImage, models: list[Model], classes: list[str]) -> Ballot:
    truth = classes[image.truth]
    votes = [_vote(model, image.votes[model.name], truth, classes) for model in models]
    members = [vote.label for vote in votes if not vote.model.is_committee]
    return Ballot(image.id, truth, agreement(members, truth), votes)


def _vote(model: Model, cast: VotesOfModel, truth: str, classes: list[str]) -> Vote:
    label = classes[cast.label]
    return Vote(
        model=model,
        label=label,
        confidence=cast.confidence,
        top=[(classes[number], probability) for number, probability in cast.top],
        right=label == truth,
        verdict=verdict(truth, label),
    )


def _summary(ballots: list[Ballot]) -> str | None:
    if not ballots:
        return None
    right = [[v.right for v in b.votes if not v.model.is_committee] for b in ballots]
    all_right = sum(bool(votes) and all(votes) for votes in right)
    all_wrong = sum(bool(votes) and not any(votes) for votes in right)
    return _summary_words(all_right, all_wrong, len(ballots))


def _vectors(first: FirstRows, name: str, classes: list[str]) -> list[Vector]:
    rows = zip(first.ids, first.truth, first.probabilities[name], strict=True)
    return [_vector(*row, classes) for row in rows]


def _vector(image: str, truth: int, values: list[float], classes: list[str]) -> Vector:
    pairs = list(zip(classes, values, strict=True))
    if len(classes) > _CLASSES_IN_FULL:
        pairs = sorted(pairs, key=lambda pair: -pair[1])[:_MOST_PROBABLE]
    return Vector(image, classes[truth], pairs)


def _images(page: Votes) -> Iterator[str]:
    yield from (ballot.image for ballot in page.ballots)
    yield from (vector.image for _, vectors in page.first_rows for vector in vectors)


SECTION = Section(
    key="votes",
    data=_votes_data,
    template="votes.html.j2",
    title="Votes",
    anchor="votes",
    chapter="committee",
    images=_images,
    dispensable=1,
)
