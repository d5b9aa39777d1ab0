"""What a reader must know before the figures: what was replaced, skipped or not reached."""

import itertools

from vestry.data.dataset import Dataset
from vestry.data.folds import StudyFolds
from vestry.data.subset import CrossValidation, held_out_whole
from vestry.data.summary import shrink_note
from vestry.pipeline.fitting import PostFit
from vestry.pipeline.models import EvaluatedModels
from vestry.schema.models import ScoredMember
from vestry.schema.results import Notice, Results
from vestry.study.entries import ModelEntry, SearchedEntry
from vestry.study.settings import Study


def notices(dataset: Dataset, members: EvaluatedModels[ScoredMember], study: Study) -> list[Notice]:
    """What was replaced, skipped or failed, for the top of the page."""
    provenance = dataset.provenance
    texts = [*provenance.notes, *shrink_note(dataset.training.image_shape)]
    said = [Notice(level="warning", text=text) for text in (*provenance.warnings, *twins(study))]
    said += [Notice(level="note", text=text) for text in texts]
    if provenance.fell_back:
        text = f"This study asked for {provenance.asked} and ran on {provenance.used} instead: "
        said.insert(0, Notice(level="warning", text=text + provenance.fell_back))
    said += [
        Notice(level="note", text=f"{name}: {warning}")
        for name, entry in members.results.items()
        for warning in entry.warnings
    ]
    said += [Notice(level="note", text=text) for text in _unlearnt_in_folds(dataset, study)]
    said += [Notice(level="note", text=text) for text in _finished_in_folds(dataset, study)]
    said += [Notice(level="note", text=text) for text in _taught_less(dataset, study)]
    left_out = {
        "the look at the data ([exploration] skip = true)": study.exploration.skip,
        "altered images ([robustness] skip = true)": study.robustness.skip,
        "what models look at ([explanation] skip = true)": study.explanation.skip,
    }
    if dataset.folds and dataset.folds.tests and not study.explanation.skip:
        text = "What models look at is left out: those that stay have learnt from every image."
        said.append(Notice(level="note", text=text))
    said += [
        Notice(level="note", text=f"The study leaves out {what}.")
        for what, skipped in left_out.items()
        if skipped
    ]
    return said


_SAID_OF_A_MODEL = {"name", "note", "reported", "seeds", "cross_validation", "time_limit"}
"""What may differ between two models that are one and the same."""


def twins(study: Study) -> list[str]:
    """Models that are one under two names, which a committee gains nothing from."""
    said = []
    for one, other in itertools.combinations(study.models, 2):
        tables = (each.model_dump(mode="json", exclude=_SAID_OF_A_MODEL) for each in (one, other))
        if set(one.seeds) & set(other.seeds) and next(tables) == next(tables):
            said.append(
                f"{one.name} and {other.name} are the same model with the same seed: they answer "
                "alike, and a committee of both gains nothing. Give one of them other `seeds`."
            )
    return said


def _unlearnt_in_folds(dataset: Dataset, study: Study) -> list[str]:
    """What a cross-validation cannot judge: classes that a fold holds out and nothing learnt."""
    rows, said = dataset.training, []
    crossings: dict[str, CrossValidation | StudyFolds | None] = {
        f"{entry.name}: a fold of its cross-validation": entry.cross_validation
        for entry in study.member
    }
    crossings["one of the folds that models are chosen by"] = dataset.folds
    for what, crossed in crossings.items():
        parts = crossed.parts() if crossed else []
        if not parts or len(rows) < parts[0].of:
            continue
        names = [rows.classes[label] for label in held_out_whole(parts, rows)]
        if names:
            said.append(
                f"{what} holds out all training rows of "
                f"{', '.join(names)}; what was fitted there had none to learn from"
            )
    return said


def _taught_less(dataset: Dataset, study: Study) -> list[str]:
    """Which models folds give less to learn from than the others, and so hold back."""
    folds = dataset.folds
    if folds is None:
        return []
    fitted = [entry for entry in study.models if not entry.model_kind.is_finished]
    stopped = [entry.name for entry in fitted if _stops_early(entry)]
    searched = [entry.name for entry in fitted if isinstance(entry, SearchedEntry)]
    less, inner = f"{folds.share * (1 - folds.settings.inner):.0%}", f"{folds.settings.inner:.0%}"
    said = []
    if stopped:
        said.append(
            f"{', '.join(stopped)}: stopping early, in each fold this learnt from {less} of the "
            f"images, not from {folds.share:.0%} as others do: {inner} of a fold's images are set "
            "aside to stop by"
        )
    if searched:
        said.append(
            f"{', '.join(searched)}: searched for, in each fold its settings were found by models "
            f"that learnt from {less} of the images: {inner} of a fold's images are set aside to "
            "search by"
        )
    return [f"{text}. Folds put such models at a disadvantage in the order" for text in said]


def _stops_early(entry: ModelEntry | SearchedEntry) -> bool:
    own = entry.table if isinstance(entry, SearchedEntry) else vars(entry)
    return own.get("early_stopping") is not None


def _finished_in_folds(dataset: Dataset, study: Study) -> list[str]:
    """Whose validation figures are not out of fold: nothing is fitted, so nothing is held out."""
    return [
        f"{entry.name} was fitted elsewhere and is scored as it is on all "
        f"{len(dataset.training):,} training images: if it has learnt from some of them, its "
        "validation figures are too good"
        for entry in study.member
        if dataset.folds and entry.model_kind.is_finished and not entry.model_kind.is_by_id
    ]


def skipped_notices(asked: PostFit) -> list[Notice]:
    """What could not be asked of fitted members."""
    said = [
        Notice(level="warning", text=f"{outcome.task.name}: {outcome.reason}")
        for outcome in asked.failed.values()
    ]
    return said + [
        Notice(level="note", text=f"{name} was not asked about altered images: {reason}")
        for name, reason in asked.skipped.items()
    ]


def cut_short(results: Results) -> list[str]:
    """What was done in part because all of it would have taken too long; sections say it, too."""
    altered = results.robustness.makers if results.robustness else {}
    said = [
        f"{name}: asked about {entry.rows:,} altered images: {entry.reason}"
        for name, entry in altered.items()
        if entry.rows and entry.reason
    ]
    said += [
        f"{name}: {entry.limited}"
        for name, entry in (results.explanations or {}).items()
        if entry.limited
    ]
    lessons = {name: entry.leave_one_out for name, entry in results.committees.items()}
    said += [
        f"{name}, without each member: {found.reason}"
        for name, found in lessons.items()
        if found.reason
    ]
    return said + [
        f"{name}, without each member: fitted on {part.rows:,} of {part.of:,} rows"
        for name, found in lessons.items()
        if (part := found.learnt_from) and part.rows < part.of
    ]
