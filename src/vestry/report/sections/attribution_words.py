"""What the models look at, in words."""

from vestry.report.formatting import counted, listed, per_cent, points, whole
from vestry.schema import explanations as schema

_NAMED = 3


def swayed(shared: dict[str, int], images: int, patch: int | None) -> str | None:
    """Whose answers one covered patch changes most often, on images that all were asked about.

    shared: on how many of these `images`, by model. patch: None where it is not one size for all.
    """
    if len(shared) < 2 or not images:
        return None
    most, least = max(shared.values()), min(shared.values())
    what = f"covering one patch of {_pixels(patch)}" if patch else "covering one patch"
    on = f"the {counted(images, 'image')} of the sample that all models were asked about"
    if most == least:
        return f"On {on}, {what} changes the answer {_times(most)} for every model."
    one = [name for name, count in shared.items() if count == most]
    other = [name for name, count in shared.items() if count == least]
    return (
        f"On {on}, {what} changes the answer most often for {_some(one)} ({_times(most)}), "
        f"least often for {_some(other)} ({_times(least)})."
    )


def _pixels(side: int) -> str:
    return f"{side} × {side} pixels"


def _unsigned(share: float) -> str:
    """A loss in points, without its sign."""
    return points(share).removeprefix("+")


def _times(count: int) -> str:
    return "on none" if count == 0 else f"on {whole(count)}"


def _some(names: list[str]) -> str:
    if len(names) <= _NAMED + 1:
        return listed(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} others"


def maps(name: str, entry: schema.Explanation) -> list[str]:
    """What covering patches does to one model's answers."""
    found, settings = entry.summary, entry.settings
    if not found or not settings:
        return []
    images = counted(found.images, "image")
    said = [
        f"Where it counts most, covering {_pixels(settings.patch)} costs {name}’s answer "
        f"{_unsigned(found.peak)} points of its probability (mean of {images}); it changes the "
        f"answer {_times(found.changed)} of them."
    ]
    if found.middle is not None:
        said.append(
            f"{per_cent(found.middle)} of the loss lies in the middle of the picture, in "
            f"{per_cent(found.middle_area)} of its area."
        )
    return said


def nearest(mistakes: list[schema.NearestImages]) -> str | None:
    """Which classes the training images have that look like the worst mistakes."""
    if not mistakes:
        return None
    near = [(image.label, mistake) for mistake in mistakes for image in mistake.images]
    said = sum(label == mistake.predicted for label, mistake in near)
    true = sum(label == mistake.truth for label, mistake in near)
    return (
        f"Of the {counted(len(near), 'training image')} most like the "
        f"{counted(len(mistakes), 'mistake')} that it was surest of, {whole(said)} "
        f"{'has' if said == 1 else 'have'} the class that it said, {whole(true)} the true one."
    )


def weights(found: schema.WeightMaps) -> str:
    """How the weight images are read, and what they were held against."""
    return (
        "A bright pixel where a class is orange speaks for it, where it is blue against it. Added "
        "up over an image, with a constant for each class, these weights give the model’s own "
        f"answer on {whole(found.labels_equal)} of {counted(found.rows, 'validation image')}."
    )


def importance(found: schema.Importance) -> list[str]:
    """Which pixel matters most, and how many do not."""
    block, most = found.block, found.most
    what, plural = (
        ("pixel", "pixels") if block == 1 else (f"block of {_pixels(block)}", "such blocks")
    )
    share = f"of {whole(found.of)} " if found.of > found.rows else ""
    said = [
        f"Each {what} was exchanged among {whole(found.rows)} {share}validation images, drawn "
        "by class.",
    ]
    if most.probability <= 0:
        return [*said, f"No {what} costs the true class any of its mean probability."]
    said += [
        f"The {what} at row {most.row + 1}, column {most.column + 1} is worth most: "
        f"{_unsigned(most.probability)} points of the true class’s mean probability, "
        f"{points(most.accuracy) if most.accuracy else '0.0'} points of accuracy, which is "
        f"{per_cent(found.accuracy)} as the images are.",
        f"{whole(found.harmless)} of {whole(found.blocks)} {plural} cost no accuracy by "
        "themselves.",
    ]
    if found.seen:
        said.append(
            "The model had learnt from these images, too, so that it loses less on them than it "
            "would on new ones."
        )
    return said


def loss(image: schema.ExplainedImage) -> str:
    """What the worst place costs one image's answer."""
    worst = f"{_unsigned(image.peak)} points at most"
    if not image.changed:
        return worst
    return f"{worst}; another answer at {per_cent(image.changed)} of the places"
