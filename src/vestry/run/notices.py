"""What a reader must know before the figures: what was replaced, skipped or not reached."""

from vestry.data.dataset import Dataset
from vestry.data.folds import StudyFolds
from vestry.data.subset import CrossValidation, held_out_whole
from vestry.data.summary import shrink_note
from vestry.run.fitting import PostFit
from vestry.run.models import EvaluatedModels
from vestry.schema.models import ScoredMember
from vestry.schema.results import Notice
from vestry.study.settings import Study


def notices(dataset: Dataset, members: EvaluatedModels[ScoredMember], study: Study) -> list[Notice]:
    """What was replaced, skipped or failed, for the top of the page."""
    provenance = dataset.provenance
    texts = [*provenance.notes, *shrink_note(dataset.training.image_shape)]
    said = [Notice(level="warning", text=text) for text in provenance.warnings]
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


def _finished_in_folds(dataset: Dataset, study: Study) -> list[str]:
    """Whose validation figures are not out of fold: nothing is fitted, so nothing is held out."""
    return [
        f"{entry.name} was fitted elsewhere and is scored as it is on all "
        f"{len(dataset.training):,} training images: if it has learnt from some of them, its "
        "validation figures are too good"
        for entry in study.member
        if dataset.folds and entry.model_kind.is_finished
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
