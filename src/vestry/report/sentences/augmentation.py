"""What augmentation does to the images, and what it means for the curves."""

from vestry.report.numbers import counted, listed


def augmentation(words: list[str], label: str, variants: int) -> list[str]:
    """words: what is done, as the member's card says it."""
    done = listed(list(words))
    return [
        f"Every training batch is altered anew: {done}." if done else "Nothing is altered.",
        f"Below, one training image ({label}) and {counted(variants, 'variant')} of it.",
        "The training figures of the curves are those of altered images, which are harder: they "
        "may lie below the validation figures, whose images are never altered.",
    ]
