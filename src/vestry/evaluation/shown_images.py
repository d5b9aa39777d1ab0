"""Which images the results speak of one by one, so that they are kept with the run."""

from collections.abc import Iterator
from itertools import chain

from vestry.schema.analysis import Agreement
from vestry.schema.exploration import Exploration
from vestry.schema.label_issues import Doubts
from vestry.schema.results import Results


def shown_ids(results: Results) -> list[str]:
    """Ids of all images that the results name, each once, in a stable order."""
    return sorted(set(_every_id(results)))


def _every_id(results: Results) -> Iterator[str]:
    yield from results.data.samples.ids
    yield from results.first_rows.ids
    yield from (image.id for image in results.votes.images)
    for member in results.members.values():
        if shown := member.augmentation:
            yield from filter(None, [shown.image])
            yield from shown.variants  # made pictures, no rows of the data
    for model in results.models.values():
        yield from (mistake.id for mistake in model.mistakes.hardest)
        yield from chain.from_iterable(cell.ids for cell in model.mistakes.cells)
    yield from agreement_ids(results.agreement)
    yield from _robustness_ids(results)
    yield from doubted_ids(results.doubts)
    yield from exploration_ids(results.exploration)
    yield from _explanation_ids(results)


def agreement_ids(found: Agreement | None) -> Iterator[str]:
    """Ids of images that all members miss, or that one alone gets right."""
    if found:
        shown = [found.all_wrong.images, *(member.images for member in found.one_right.members)]
        yield from (image.id for image in chain(*shown))


def _robustness_ids(results: Results) -> Iterator[str]:
    """The image that is shown corrupted, and the pictures made of it."""
    found = results.robustness
    if found and found.image:
        yield found.image.id
        yield from chain(*found.image.pictures.values())  # made pictures, no rows of the data


def doubted_ids(found: Doubts) -> Iterator[str]:
    """Ids of the images whose label the members doubt."""
    for issues in (found.training, found.validation, found.test):
        if issues:
            yield from (image.id for image in issues.images)


def exploration_ids(found: Exploration | None) -> Iterator[str]:
    """Ids that the look at the data speaks of; nothing where there was none."""
    if not found:
        return
    for finding in found.findings:
        for group in finding.groups:
            yield from (image.id for image in group.images)
    yield from chain(*found.samples.ids)
    yield from found.mean_images  # made pictures, no rows of the data


def _explanation_ids(results: Results) -> Iterator[str]:
    """Test images that members are explained on, and training images that look like them."""
    for entry in (results.explanations or {}).values():
        yield from (image.id for image in entry.images)
        for mistake in entry.nearest:
            yield mistake.id
            yield from (image.id for image in mistake.images)
