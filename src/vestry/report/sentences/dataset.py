"""The data in words."""

from typing import Any

from vestry.report.numbers import counted, listed, per_cent, whole


def balance(counts: list[int], classes: list[str]) -> str:
    """ "Balanced: 600 a class", or the smallest and the largest class."""
    low, high = min(counts), max(counts)
    if low == high:
        return f"Balanced: {whole(low)} a class."
    smallest, largest = classes[counts.index(low)], classes[counts.index(high)]
    same_low, same_high = counts.count(low) - 1, counts.count(high) - 1
    text = (
        f"From {whole(low)} ({smallest}{others(same_low)}) "
        f"to {whole(high)} ({largest}{others(same_high)}) a class"
    )
    if low == 0:
        return f"{text}: not every class is there."
    return f"{text}; the largest is {high / low:.2f} times the smallest."


def others(count: int) -> str:
    return f" and {counted(count, 'other')}" if count else ""


def size(data: dict[str, Any]) -> str:
    """Rows, classes and shape of the images."""
    height, width, *channels = data["image_shape"]
    colour = "in colour" if channels else "in grey"
    splits = data["splits"]
    rows = listed([f"{whole(split['rows'])} {name}" for name, split in splits.items()])
    return (
        f"{rows} images of {height} \u00d7 {width} pixels {colour}, "
        f"in {len(data['classes'])} classes."
    )


def shares(data: dict[str, Any]) -> dict[str, str]:
    """Each split's part of all rows used."""
    total = sum(split["rows"] for split in data["splits"].values())
    return {name: per_cent(split["rows"] / total) for name, split in data["splits"].items()}


def fallback(data: dict[str, Any]) -> str | None:
    """What was asked for and what was used instead, where they differ."""
    if not data["fell_back"]:
        return None
    return f"This study asked for {data['asked']} and ran on {data['used']}: {data['fell_back']}"
