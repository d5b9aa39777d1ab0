"""Votes in words."""

from collections import Counter

from vestry.report.numbers import counted, listed


def verdict(truth: str, label: str) -> str:
    """ "Correct", or what was confused with what, the truth first."""
    return "Correct" if label == truth else f"Incorrect: confused {truth} with {label}"


def agreement(labels: list[str], truth: str) -> str:
    """How many members agree, and whether they are right. labels: the members' votes."""
    counts = Counter(labels)
    most = max(counts.values(), default=0)
    if not most:
        return "No member voted."
    top = [label for label, count in counts.items() if count == most]
    if len(labels) == 1:
        return f"The one member says {top[0]}."
    right = f"{counts[truth]} of {len(labels)} right."
    if most == len(labels):
        return f"All {most} members say {top[0]}: {right}"
    if len(top) > 1:
        return f"No majority: {counted(most, 'vote')} each for {listed(top)}; {right}"
    return f"{most} of {len(labels)} members say {top[0]}; {right}"


def summary(all_right: int, all_wrong: int, images: int) -> str:
    """The whole sample in a sentence."""
    split = images - all_right - all_wrong
    return (
        f"Of these {images} images, every member is right on {all_right}, every member is wrong "
        f"on {all_wrong}, and they are divided on {split}."
    )
