"""What a model card says of images and answers: by which images a model was chosen and tested, and
answers that are not one class alone (thresholds, sets, likeness).
"""

from vestry.export.bundle import Bundle, Facts
from vestry.schema.data import Data
from vestry.schema.results import Results


def measured(results: Results) -> str:
    """On which images, and what these had to do with the choice; the figure to quote first."""
    rows = results.data.splits["test"].rows
    if results.nested is None:
        return (
            f"Measured on {rows:,} test images, which had no say in what the study chose; 95% "
            "intervals in brackets where there are any."
        )
    nested = results.what_choosing_gives
    first = f"{nested.said}\n\n" if nested else ""
    own = f": {nested.same_images}" if nested else ""
    return (
        f"{first}The table is of this model alone, each of {rows:,} images answered by one of its "
        f"kind that had not seen it{own}. 95% intervals in brackets where there are any."
    )


def images_used(data: Data) -> str:
    """How many images there were for what; those that served twice are counted once."""
    training, validation, test = (
        data.splits[name].rows for name in ("training", "validation", "test")
    )
    if data.tested_by:
        return f"{training:,} images, in turns to learn from, to choose by and to test on, in folds"
    if data.chosen_by:
        return (
            f"{training:,} training images, which models were chosen by, too, in folds, and "
            f"{test:,} test images"
        )
    return f"{training:,} training, {validation:,} validation and {test:,} test images"


# Answers that are not one class alone.


def abstention(bundle: Bundle) -> str:
    asked = bundle.abstention.get("accuracy_asked")
    if asked is None:
        return "No threshold was chosen under which it should say that it is not sure."
    sure = bundle.abstention.get("confidence_asked")
    promised = f" (guaranteed with {sure:.0%} confidence)" if sure else ""
    if bundle.threshold is None:
        return (
            f"No threshold could be chosen on validation images for {asked:.0%} of right answers"
            f"{promised}, so it never says that it is not sure."
        )
    if bundle.threshold == 0:
        return f"It is right at least {asked:.0%} of the time{promised} without abstaining."
    judged = bundle.abstention["validation"]
    return (
        f'Below a confidence of {bundle.threshold:.1%} it says "not sure"; what it does answer is '
        f"right at least {asked:.0%} of the time{promised}, on images like those of the study. On "
        f"the validation images, by which that was chosen, it answers {judged['coverage']:.1%} and "
        f"is right in {judged['accuracy']:.1%} of these."
        f"{_by_folds(bundle.abstention)}"
    )


def sets(bundle: Bundle) -> str:
    """Empty where the file has none."""
    if not bundle.sets:
        return ""
    always = bundle.sets["by_class"].count(0)
    few = (
        f" {always} of {len(bundle.classes)} classes had too few for a threshold of their own, and "
        "are in every such set."
        if always
        else ""
    )
    asked = bundle.sets["coverage_asked"]
    return (
        f"Beside its answer it gives the set of classes from a probability of "
        f"{bundle.sets['thresholds'][0]:.1%} on, which holds the right one for {asked:.0%} of "
        f"images like those of the study (conformal, by {bundle.sets['validation_rows']:,} "
        "validation images), and a second set by a threshold for each class, which does so for the "
        f"images of each class.{few}{_by_folds(bundle.sets)}"
    )


def _by_folds(found: Facts) -> str:
    """Where validation images were answered by other models than the one that is exported."""
    if not found.get("out_of_fold"):
        return ""
    return (
        " Validation images are all training images, each answered by models that had not seen it, "
        "so this holds nearly, not exactly."
    )


def novelty(bundle: Bundle) -> str:
    """Empty where the file has no threshold."""
    found = bundle.novelty
    if not found:
        return ""
    low, high = (f"{100 * end:.1f}" for end in found["test"]["interval"])
    away = found["test"]["unlike"] / found["test"]["rows"]
    return (
        f"An image is called unlike the training images where its likeness to the nearest of the "
        f"{found['known']} that come with the file (the cosine of both images' pixels, each less "
        f"its mean) is below {found['threshold']:.3f}: {found['share_asked']:.0%} of the "
        f"validation images are, and {away:.1%} ({low} to {high}) of "
        f"{found['test']['rows']:,} test images. Noise, blank pictures and other scenes fall below "
        "it; what has shapes like those of the training images does not, and a picture that is "
        "prepared in another way may."
    )
