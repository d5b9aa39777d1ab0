"""The one gallery of mistakes: every stored one of every model, and what is known of each image."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, zip_longest

from vestry.report.formatting import per_cent, whole
from vestry.report.models import Model, models_by_rank, models_in_study_order
from vestry.report.section import Section
from vestry.report.table import Column, Table, rows_of, text_column
from vestry.schema.analysis import SaidImage
from vestry.schema.label_issues import DoubtedImage
from vestry.schema.results import Results
from vestry.schema.scores import Mistakes

LISTED = 6000
"""Rows of the table of mistakes, over all models: a page has to stay a page."""
FIRST_SHOWN = 8
_PICTURES_OF_A_PAIR = 16


@dataclass
class Known:
    """A test image. said: label and confidence, to four decimals, by the model's place in the
    study; a confidence that nobody stored is None."""

    id: str
    truth: int
    said: dict[int, tuple[int, float | None]] = field(default_factory=dict)

    def learn(self, series: int, label: int, confidence: float | None) -> None:
        """A confidence once known is kept."""
        if confidence is not None or series not in self.said:
            self.said[series] = label, None if confidence is None else round(confidence, 4)


@dataclass(frozen=True)
class OfModel:
    """A model's mistakes. mistakes: stored ones, the surest first, then cell by cell in turns.
    wrong: how many there are in all. of_seed: which one these are of, where there are several."""

    model: Model
    mistakes: list[Known]
    wrong: int
    of_seed: str

    @property
    def heading(self) -> str:
        return f"{whole(self.wrong)} mistakes" if self.wrong != 1 else "1 mistake"

    def first(self) -> list[tuple[Known, int, float | None]]:
        """What is seen before anybody chooses: image, answer, confidence."""
        place = self.model.series
        return [(one, *one.said[place]) for one in self.mistakes[:FIRST_SHOWN]]


@dataclass(frozen=True)
class Gallery:
    """models: in the page's order. chosen: the one that is shown at first, the recommended one.
    images: every stored image that some model gets wrong. doubts: images whose label is doubted, by
    id."""

    models: list[OfModel]
    chosen: OfModel
    images: list[Known]
    doubts: dict[str, DoubtedImage]
    table: Table


def gallery_data(results: Results) -> Gallery | None:
    """None without any model."""
    ranked = models_by_rank(results)
    if not ranked:
        return None
    known = _known_images(results)
    models = [_of_model(model, known) for model in ranked]
    doubts = {image.id: image for image in _doubted(results)}
    return Gallery(
        models=models,
        chosen=models[ranked.index(chosen_model(results, ranked))],
        images=list(known.values()),
        doubts=doubts,
        table=_table(models, results.data.classes, doubts),
    )


def chosen_model(results: Results, ranked: list[Model]) -> Model:
    """The recommended one; the first where none is."""
    name = results.decision.recommended if results.decision else None
    return next((model for model in ranked if model.name == name), ranked[0])


def _of_model(model: Model, known: Mapping[str, Known]) -> OfModel:
    found = model.mistakes
    seeds = model.entry.seeds
    return OfModel(
        model,
        [known[image] for image in _in_order(found)],
        sum(cell.count for cell in found.cells),
        f"of seed {seeds[0].seed}, the first of {len(seeds)}" if len(seeds) > 1 else "",
    )


def _in_order(found: Mistakes) -> Iterable[str]:
    """Ids of all stored mistakes, each once."""
    cells = sorted(found.cells, key=lambda cell: -cell.count)
    turns = chain(*zip_longest(*(cell.ids for cell in cells)))
    surest = (mistake.id for mistake in found.hardest)
    return dict.fromkeys(image for image in chain(surest, turns) if image is not None)


# What every model says of these images, from wherever the results tell it.


def _known_images(results: Results) -> dict[str, Known]:
    """By id: images that some model gets wrong, as far as they are stored."""
    models = models_in_study_order(results)
    known: dict[str, Known] = {}
    for model in models:
        for image, truth, label, confidence in _stored(model.mistakes):
            known.setdefault(image, Known(image, truth)).learn(model.series, label, confidence)
    for told in _told(results, {model.name: model.series for model in models}):
        image, series, label, confidence = told
        if image in known:
            known[image].learn(series, label, confidence)
    for model in models:
        _infer_right(model, known.values())
    return known


def _stored(found: Mistakes) -> Iterator[tuple[str, int, int, float | None]]:
    """A model's mistakes: image, label, answer and confidence."""
    for cell in found.cells:
        for image, confidence in zip_longest(cell.ids, cell.confidences[: len(cell.ids)]):
            yield image, cell.truth, cell.predicted, confidence
    for mistake in found.hardest:
        yield mistake.id, mistake.truth, mistake.predicted, mistake.confidence


def _infer_right(model: Model, known: Iterable[Known]) -> None:
    """An image is right where every mistake on its class is stored, and it is none of them."""
    cut = {cell.truth for cell in model.mistakes.cells if len(cell.ids) < cell.count}
    for image in known:
        if model.series not in image.said and image.truth not in cut:
            image.learn(model.series, image.truth, None)


_Told = Iterator[tuple[str, int, int, float | None]]


def _told(results: Results, series: Mapping[str, int]) -> _Told:
    """Image, model's place, label and confidence."""
    for image in results.votes.images:
        for name, vote in image.votes.items():
            yield image.id, series[name], vote.label, vote.confidence
    for said in _said_images(results):
        for name, (label, confidence) in said.said.items():
            yield said.id, series[name], label, confidence
    for doubted in _doubted(results):
        for name, voted in doubted.votes.items():
            yield doubted.id, series[name], voted.label, voted.confidence


def _doubted(results: Results) -> Iterator[DoubtedImage]:
    """Of every split: where folds test all images, doubts are told of the training split."""
    found = results.doubts
    for issues in (found.training, found.validation, found.test):
        yield from issues.images if issues else []


def _said_images(results: Results) -> Iterator[SaidImage]:
    if found := results.agreement:
        yield from found.all_wrong.images
        for member in found.one_right.members:
            yield from member.images


# What is taken home.


def _table(models: list[OfModel], classes: list[str], doubts: Mapping[str, DoubtedImage]) -> Table:
    """A row a stored mistake of a model; equally many of each model where not all have room."""
    most = LISTED // len(models)
    rows = [
        (one.id, classes[one.truth], classes[label], confidence, of.model.name, one.id in doubts)
        for of in models
        for one in of.mistakes[:most]
        for label, confidence in [one.said[of.model.series]]
    ]
    return Table(
        "mistakes",
        f"{_amount(models, len(rows))} on test images",
        (
            text_column("id", "Image"),
            text_column("true", "True"),
            text_column("predicted", "Predicted"),
            Column("confidence", "Confidence", per_cent),
            text_column("model", "Model"),
            text_column("label_doubted", "Label doubted"),
        ),
        rows_of(rows),
    )


def _amount(models: list[OfModel], listed: int) -> str:
    """How many of how many: runs store 40 images at most of each pair of classes."""
    wrong = sum(of.wrong for of in models)
    if listed == wrong:
        return f"All {whole(wrong)} mistakes of all models"
    return f"{whole(listed)} of {whole(wrong)} mistakes of all models, the surest of each pair"


def _images(gallery: Gallery | None) -> Iterator[str]:
    for of in gallery.models if gallery else []:
        yield from (one.id for one in of.mistakes[:FIRST_SHOWN])


def _more_images(gallery: Gallery | None) -> Iterator[str]:
    """Some of each pair of classes, in turns, so that a full sheet leaves each model some."""
    mistakes = [list(_pictured(of)) for of in (gallery.models if gallery else [])]
    yield from (image for image in chain(*zip_longest(*mistakes)) if image is not None)


def _pictured(of: OfModel) -> Iterator[str]:
    """Ids of those that a page has room for."""
    seen: Counter[tuple[int, int]] = Counter()
    for one in of.mistakes:
        pair = one.truth, one.said[of.model.series][0]
        seen[pair] += 1
        if seen[pair] <= _PICTURES_OF_A_PAIR:
            yield one.id


SECTION = Section(
    key="gallery",
    data=gallery_data,
    tables=lambda gallery: [gallery.table],
    images=_images,
    more_images=_more_images,
    dispensable=3,
)
