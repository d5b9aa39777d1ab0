"""The test images that a member is explained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vestry.explanation.settings import ExplanationSettings

Results = Mapping[str, Any]


@dataclass(frozen=True)
class Chosen:
    """A row of `split`, its label, and what the member said of it.

    role: `sample`, or `mistake` where the member was among the surest of its wrong answers.
    """

    split: str
    id: str
    truth: int
    predicted: int
    role: str


def chosen_images(results: Results, member: str, settings: ExplanationSettings) -> list[Chosen]:
    """The first images of the sample whose votes the page shows, and the member's worst mistakes.

    The two take turns, so that a cut leaves some of both; an image that is both is a mistake.
    """
    worst = results["members"][member]["mistakes"]["hardest"][: settings.mistakes]
    wrong = [Chosen("test", m["id"], m["truth"], m["predicted"], "mistake") for m in worst]
    known = {image.id for image in wrong}
    sample = [
        Chosen("test", i["id"], i["truth"], i["votes"][member]["label"], "sample")
        for i in results["votes"]["images"][: settings.images]
        if i["id"] not in known
    ]
    turns = []
    for place in range(max(len(sample), len(wrong))):
        turns += [*sample[place : place + 1], *wrong[place : place + 1]]
    return turns
