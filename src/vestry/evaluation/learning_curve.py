"""Scores over the number of training images."""

from collections.abc import Mapping, Sequence
from typing import Any

from vestry.evaluation.comparison import spread

CURVE_SCORES = ("accuracy", "log_loss", "f1_macro")


def learning_curve(
    sizes: Mapping[int, Sequence[Mapping[str, Any]]], classes: int
) -> dict[str, Any]:
    """Mean and deviation over seeds of some scores, one entry a size.

    sizes: for each number of images a class, every seed's scores by split.
    """
    return {
        "images_per_class": list(sizes),
        "training_rows": [size * classes for size in sizes],
        **{
            split: {
                name: [spread([seed[split] for seed in seeds])[name] for seeds in sizes.values()]
                for name in CURVE_SCORES
            }
            for split in ("validation", "test")
        },
    }
