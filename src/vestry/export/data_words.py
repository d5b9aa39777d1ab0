"""What a model card says of the images that a model was chosen by and tested on."""

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
