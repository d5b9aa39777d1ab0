"""Everything that the page shows, as plain data made from `results.json` alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from vestry.report.abstention import Abstention, abstention_data
from vestry.report.agreement import Agreement, agreement_data, agreement_images
from vestry.report.analysis import Analysis, analysis_data
from vestry.report.calibration import Calibration, calibration_data
from vestry.report.certainty import Certainty, certainty_data
from vestry.report.claims import Claims, claims_data
from vestry.report.cost import Costs, cost_data
from vestry.report.cross_validation import CrossValidation, cross_validation_data
from vestry.report.dataset import Dataset, dataset_data
from vestry.report.decision import Decision, decision_data
from vestry.report.doubts import Doubts, doubted_images, doubts_data
from vestry.report.explanation import Explanation, explanation_data, explanation_images
from vestry.report.exploration import Exploration, exploration_data, exploration_images
from vestry.report.learning import Learning, learning_data
from vestry.report.making import Making, making_data
from vestry.report.mistakes import ModelMistakes, mistakes_data
from vestry.report.models import Results
from vestry.report.pairs import Pairs, pairs_data
from vestry.report.ranking import Answer, answer_data
from vestry.report.robustness import Robustness, robustness_data, robustness_images
from vestry.report.search import SearchPanel, search_data
from vestry.report.steps import Steps, steps_data
from vestry.report.test_looks import TestLooks, test_looks_data
from vestry.report.votes import Votes, votes_data
from vestry.report.worth import Worth, worth_data


@dataclass(frozen=True)
class PageData:
    """One attribute a section, in the page's order."""

    title: str
    classes: list[str]
    answer: Answer
    decision: Decision | None
    certainty: Certainty | None
    steps: Steps | None
    claims: Claims
    mistakes: list[ModelMistakes]
    worth: Worth | None
    agreement: Agreement | None
    analysis: Analysis | None
    costs: Costs | None
    calibration: Calibration | None
    abstention: Abstention | None
    robustness: Robustness | None
    search: list[SearchPanel]
    cross_validation: CrossValidation | None
    learning: Learning
    pairs: Pairs
    votes: Votes
    explanation: Explanation | None
    test_looks: TestLooks | None
    doubts: Doubts | None
    dataset: Dataset
    exploration: Exploration | None
    making: Making


def page_data(results: Results) -> PageData:
    return PageData(
        title=results["title"],
        classes=results["data"]["classes"],
        answer=answer_data(results),
        decision=decision_data(results),
        certainty=certainty_data(results),
        steps=steps_data(results),
        claims=claims_data(results),
        mistakes=mistakes_data(results),
        worth=worth_data(results),
        agreement=agreement_data(results),
        analysis=analysis_data(results),
        costs=cost_data(results),
        calibration=calibration_data(results),
        abstention=abstention_data(results),
        robustness=robustness_data(results),
        search=search_data(results),
        cross_validation=cross_validation_data(results),
        learning=learning_data(results),
        pairs=pairs_data(results),
        votes=votes_data(results),
        explanation=explanation_data(results),
        test_looks=test_looks_data(results),
        doubts=doubts_data(results),
        dataset=dataset_data(results),
        exploration=exploration_data(results),
        making=making_data(results),
    )


def wanted_images(page: PageData) -> list[str]:
    """Ids of all images that the page shows, the least dispensable first.

    The cells of the confusion matrices take turns, so that a full sheet leaves each cell some.
    """
    ids = [image for image, _ in page.dataset.samples]
    ids += [ballot.image for ballot in page.votes.ballots]
    ids += [vector.image for _, vectors in page.votes.first_rows for vector in vectors]
    shown = [network.augmentation for network in page.learning.networks if network.augmentation]
    ids += [image for strip in shown for image in (strip.image, *strip.variants)]
    ids += [hard.image for model in page.mistakes for hard in model.hardest]
    ids += explanation_images(page.explanation)
    ids += robustness_images(page.robustness)
    ids += doubted_images(page.doubts)
    ids += agreement_images(page.agreement)
    ids += exploration_images(page.exploration)
    return list(dict.fromkeys([*ids, *in_turns(page)]))


def in_turns(page: PageData) -> Iterator[str]:
    cells = [ids for model in page.mistakes for ids in model.images.values()]
    for turn in zip_longest(*cells):
        yield from (image for image in turn if image is not None)
