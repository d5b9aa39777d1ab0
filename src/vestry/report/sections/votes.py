"""What every model says of a few test images: those on which members disagree."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from vestry.report.formatting import counted, listed, per_cent
from vestry.report.models import Model, models_in_study_order
from vestry.report.section import Section
from vestry.report.table import Column, Table, Value, text_column
from vestry.schema.results import FirstRows, Results, VotedImage

# Votes in words.


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
class Answer:
    """A class, and who says it, each with its confidence in words."""

    label: str
    is_right: bool
    who: list[str]


@dataclass(frozen=True)
class Ballot:
    """All votes on one image. answers: the members', the one that most give first. committees:
    theirs, in words."""

    image: str
    truth: str
    agreement: str
    answers: list[Answer]
    committees: list[Answer]


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
    """ballots: where not all members say the same. table: every vote."""

    seed: int
    images: int
    ballots: list[Ballot]
    summary: str | None
    table: Table | None
    first_rows: list[tuple[Model, list[Vector]]]
    vector_classes: list[str] | None


def _votes_data(results: Results) -> Votes:
    models, classes = models_in_study_order(results), results.data.classes
    images = results.votes.images
    return Votes(
        seed=results.votes.seed,
        images=len(images),
        ballots=[_ballot(each, models, classes) for each in images if _is_divided(each, models)],
        summary=_summary(images, models),
        table=_table(images, models, classes) if images and models else None,
        first_rows=[
            (model, _vectors(results.first_rows, model.name, classes))
            for model in models
            if not model.only_labels
        ],
        vector_classes=classes if len(classes) <= _CLASSES_IN_FULL else None,
    )


def _said(image: VotedImage, models: list[Model]) -> list[int]:
    """The members' labels."""
    return [image.votes[model.name].label for model in models if not model.is_committee]


def _is_divided(image: VotedImage, models: list[Model]) -> bool:
    return len(set(_said(image, models))) > 1


def _ballot(image: VotedImage, models: list[Model], classes: list[str]) -> Ballot:
    members = [model for model in models if not model.is_committee]
    said = [classes[label] for label in _said(image, models)]
    return Ballot(
        image=image.id,
        truth=classes[image.truth],
        agreement=agreement(said, classes[image.truth]),
        answers=_answers(image, members, classes),
        committees=_answers(image, [m for m in models if m.is_committee], classes),
    )


def _answers(image: VotedImage, models: list[Model], classes: list[str]) -> list[Answer]:
    groups: dict[int, list[str]] = {}
    for model in models:
        cast = image.votes[model.name]
        sure = "" if cast.confidence is None else f" {per_cent(cast.confidence, 0)}"
        groups.setdefault(cast.label, []).append(f"{model.name}{sure}")
    order = sorted(groups.items(), key=lambda group: -len(group[1]))
    return [Answer(classes[label], label == image.truth, who) for label, who in order]


def _table(images: list[VotedImage], models: list[Model], classes: list[str]) -> Table:
    def row(image: VotedImage, model: Model) -> tuple[Value, ...]:
        cast = image.votes[model.name]
        second = cast.top[1] if len(cast.top) > 1 else None
        return (
            image.id,
            classes[image.truth],
            model.name,
            classes[cast.label],
            "yes" if cast.label == image.truth else "no",
            cast.confidence,
            classes[second[0]] if second else None,
            second[1] if second else None,
        )

    return Table(
        "votes",
        "Every vote on these test images",
        (
            text_column("image", "Image"),
            text_column("true_class", "Class"),
            text_column("model", "Model"),
            text_column("answer", "Answer"),
            text_column("right", "Right"),
            Column("confidence", "Confidence", per_cent),
            text_column("second_answer", "Next"),
            Column("second_confidence", "Its confidence", per_cent),
        ),
        tuple(row(image, model) for image in images for model in models),
    )


def _summary(images: list[VotedImage], models: list[Model]) -> str | None:
    if not images:
        return None
    right = [[label == image.truth for label in _said(image, models)] for image in images]
    all_right = sum(bool(votes) and all(votes) for votes in right)
    all_wrong = sum(bool(votes) and not any(votes) for votes in right)
    return _summary_words(all_right, all_wrong, len(images))


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
    is_shown=lambda votes: bool(votes.table or votes.first_rows),
    template="votes.html.j2",
    title="Votes on which members disagree",
    anchor="votes",
    chapter="committee",
    otherwise="failures",
    tables=lambda votes: [votes.table] if votes.table else [],
    images=_images,
    dispensable=1,
)
