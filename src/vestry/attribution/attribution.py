"""Why a member answers as it does: maps, weights, importance, and what its mistakes look like."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.attribution.budget import Budget, Predict
from vestry.attribution.nearest import Chosen, mean_and_deviation, nearest_images
from vestry.attribution.occlusion import (
    Occlusion,
    affordable,
    middle_area,
    middle_share,
    occlusions,
)
from vestry.attribution.permutation import permutation_importance
from vestry.attribution.settings import ExplanationSettings
from vestry.audit.pictures import drawn_rows
from vestry.audit.unit_vectors import Directions
from vestry.data.dataset import Dataset
from vestry.schema import explanations as schema

_CHECK_ROWS = 200
_IMPORTANCE_ROWS = 400
_IMPORTANCE_PART = 0.6
"""Of the budget of a member that gets both; the maps have the rest."""

Say = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Subject:
    """A stored member. model: its ONNX file, where that is its form.

    seen_validation: whether it was fitted on the validation rows, too.
    """

    predict: Predict
    model: Path | None
    seen_validation: bool


NOTHING = schema.Explanation(
    method=None,
    settings=None,
    images=[],
    summary=None,
    weights=None,
    importance=None,
    nearest=[],
    nearest_among=None,
    reason=None,
    limited=None,
)


@dataclass
class Explained:
    """results: the member's entry of `explanations`; arrays: what `maps.npz` holds."""

    results: schema.Explanation = NOTHING
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)

    def add(self, **parts: Any) -> None:
        """parts: records and lists of them by their field of the results."""
        self.results = self.results.model_copy(update=parts)

    def limit(self, words: str) -> None:
        self.add(limited=" ".join(filter(None, [self.results.limited, words])))


@dataclass(frozen=True, eq=False)
class Explainer:
    """Explains a study's members on its data. among: directions of the training images."""

    dataset: Dataset
    among: Directions
    settings: ExplanationSettings
    say: Say

    def explain(self, subject: Subject | None, images: Sequence[Chosen]) -> Explained:
        """Everything there is to say of one member on `images`, test rows by their ids.

        subject: None where its model was not stored; then only its mistakes' neighbours are found.
        """
        explained = Explained()
        self.add_nearest(explained, [image for image in images if image.role == "mistake"])
        if subject is None:
            return explained
        budget = Budget(self.settings.seconds)
        if subject.model is not None:
            self.add_insides(explained, subject, subject.model, budget)
        if images:
            self.say({"event": "stage", "text": "covering parts of images"})
            self.add_maps(explained, subject.predict, images, budget)
        return explained

    def test_images(self, images: Sequence[Chosen]) -> NDArray[np.uint8]:
        row_of = {name: row for row, name in enumerate(self.dataset.test.ids.tolist())}
        return self.dataset.test.images[[row_of[image.id] for image in images]]

    def add_nearest(self, explained: Explained, mistakes: Sequence[Chosen]) -> None:
        if not mistakes:
            return
        self.say({"event": "stage", "text": "looking for training images like its mistakes"})
        near = nearest_images(self.test_images(mistakes), self.dataset.training, self.among)
        explained.add(
            nearest_among=len(self.among.rows),
            nearest=[
                schema.NearestImages(
                    id=mistake.id, truth=mistake.truth, predicted=mistake.predicted, images=found
                )
                for mistake, found in zip(mistakes, near, strict=True)
            ],
        )
        if self.among.is_capped:
            explained.limit(
                f"Neighbours were looked for among {len(self.among.rows):,} of "
                f"{self.among.of:,} training images."
            )

    def add_insides(
        self, explained: Explained, subject: Subject, path: Path, budget: Budget
    ) -> None:
        """Weights of a linear model, permutation importance of trees; nothing for any other."""
        from vestry.attribution.weights import (  # noqa: PLC0415
            WHITE,
            checked,
            has_trees,
            linear,
            read_graph,
        )

        model, rows = read_graph(path), self.dataset.validation
        found = linear(model, rows.image_shape, len(rows.classes))
        if found is not None and len(rows):
            weights = checked(model, found, subject.predict, rows.images[:_CHECK_ROWS])
            if weights.is_right:  # else it only looked linear: such a graph is no reason to fail
                _, deviation = mean_and_deviation(self.dataset.training.images)
                explained.arrays["weights"] = weights.linear.weights.astype(np.float32)
                explained.arrays["deviation"] = (deviation / WHITE).astype(np.float32)
                maps = schema.WeightMaps(
                    maps=[f"weight/{label}" for label in range(len(rows.classes))],
                    rows=weights.rows,
                    labels_equal=weights.labels_equal,
                    gap=weights.gap,
                )
                explained.add(weights=maps)
        if has_trees(model) and len(rows):
            self.say({"event": "stage", "text": "exchanging pixels among validation images"})
            self.add_importance(explained, subject, budget)

    def add_importance(self, explained: Explained, subject: Subject, budget: Budget) -> None:
        rows = self.dataset.validation
        part = rows.rows(drawn_rows(rows, _IMPORTANCE_ROWS, self.settings.seed))
        found = permutation_importance(
            subject.predict, part.images, part.labels, self.settings.seed, budget, _IMPORTANCE_PART
        )
        explained.arrays["importance_accuracy"] = found.accuracy.astype(np.float32)
        explained.arrays["importance_probability"] = found.probability.astype(np.float32)
        row, column = np.unravel_index(int(found.probability.argmax()), found.probability.shape)
        importance = schema.Importance(
            map="importance",
            block=found.block,
            rows=len(part),
            of=len(rows),
            seen=subject.seen_validation,
            accuracy=found.before,
            blocks=found.blocks,
            constant=found.constant,
            harmless=int((found.accuracy <= 0)[:: found.block, :: found.block].sum()),
            most=schema.MostImportant(
                row=int(row),
                column=int(column),
                accuracy=float(found.accuracy[row, column]),
                probability=float(found.probability[row, column]),
            ),
            most_accuracy=float(found.accuracy.max()),
        )
        explained.add(importance=importance)
        if found.block > 1:
            explained.limit(
                f"What pixels are worth was measured in blocks of {found.block} × {found.block}, "
                f"because single ones did not fit into {self.settings.seconds:g} s."
            )

    def add_maps(
        self, explained: Explained, predict: Predict, images: Sequence[Chosen], budget: Budget
    ) -> None:
        pictures = self.test_images(images)
        cover = np.rint(mean_and_deviation(self.dataset.training.images)[0]).astype(np.uint8)
        plan = affordable(predict, pictures, cover, budget)
        found = list(occlusions(predict, pictures, cover, plan, budget))
        explained.arrays["maps"] = np.stack([one.values for one in found]).astype(np.float16)
        explained.arrays["ids"] = np.array([image.id for image in images[: len(found)]])
        covered = [
            _explained_image(image, one, number)
            for number, (image, one) in enumerate(zip(images, found, strict=False))
        ]
        explained.add(
            method="occlusion",
            settings=schema.OcclusionSettings(
                patch=plan.patches.size,
                stride=plan.patches.stride,
                places=plan.patches.places,
                cover="mean training image",
            ),
            images=covered,
            summary=_summary(covered, cover.shape[:2]),
        )
        if not plan.is_finest:
            explained.limit(
                f"Patches were moved by {plan.patches.stride} pixels at a time, because more "
                f"places did not fit into {self.settings.seconds:g} s."
            )
        if len(found) < len(images):
            explained.limit(
                f"There was time for {len(found)} of {len(images)} images in "
                f"{self.settings.seconds:g} s."
            )


def _explained_image(image: Chosen, found: Occlusion, number: int) -> schema.ExplainedImage:
    return schema.ExplainedImage(
        split=image.split,
        id=image.id,
        truth=image.truth,
        predicted=found.answer,
        role=image.role,
        confidence=found.confidence,
        map=f"map/{number:02d}",
        peak=max(0.0, float(found.losses.max())),
        gain=max(0.0, float(-found.losses.min())),
        changed=float(found.changed.mean()),
        middle=middle_share(found.values),
    )


def _summary(
    images: list[schema.ExplainedImage], shape: tuple[int, ...]
) -> schema.OcclusionSummary:
    middles = [image.middle for image in images if image.middle is not None]
    return schema.OcclusionSummary(
        images=len(images),
        peak=float(np.mean([image.peak for image in images])),
        changed=sum(image.changed > 0 for image in images),
        middle=float(np.mean(middles)) if middles else None,
        middle_area=middle_area(shape),
    )
