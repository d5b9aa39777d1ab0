"""What a reader must know before the figures: what was replaced, skipped or not reached."""

from vestry.asking import Asked
from vestry.data.dataset import Dataset
from vestry.data.thumbnails import shrink_note
from vestry.makers import Makers
from vestry.study import Study

Notice = dict[str, str]


def notices(dataset: Dataset, members: Makers, study: Study) -> list[Notice]:
    """What was replaced, skipped or failed, for the top of the page."""
    provenance = dataset.provenance
    texts = [*provenance.notes, *shrink_note(dataset.training.image_shape)]
    said = [{"level": "note", "text": text} for text in texts]
    if provenance.fell_back:
        text = f"This study asked for {provenance.asked} and ran on {provenance.used} instead: "
        said.insert(0, {"level": "warning", "text": text + provenance.fell_back})
    said += [
        {"level": "note", "text": f"{name}: {warning}"}
        for name, entry in members.results.items()
        for warning in entry["warnings"]
    ]
    left_out = {
        "the look at the data ([exploration] skip = true)": study.exploration.skip,
        "altered images ([robustness] skip = true)": study.robustness.skip,
        "what models look at ([explanation] skip = true)": study.explanation.skip,
    }
    said += [
        {"level": "note", "text": f"The study leaves out {what}."}
        for what, skipped in left_out.items()
        if skipped
    ]
    return said


def unasked_notices(asked: Asked) -> list[Notice]:
    """What could not be asked of fitted members."""
    said = [
        {"level": "warning", "text": f"{outcome.task.name}: {outcome.reason}"}
        for outcome in asked.failed.values()
    ]
    return said + [
        {"level": "note", "text": f"{name} was not asked about altered images: {reason}"}
        for name, reason in asked.unasked.items()
    ]
