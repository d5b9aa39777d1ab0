"""What a frozen backbone is, what it cost, and what caching its features saved."""

from dataclasses import dataclass

from vestry.report.formatting import NOTHING, counted, duration, whole
from vestry.schema.models import Member
from vestry.schema.results import Results
from vestry.schema.training import BackboneFacts

# In words: which weights, and what pushing images every epoch would have meant.


def _replaced(found: BackboneFacts) -> str | None:
    """That the weights are not the ones asked for, and why."""
    if found.asked == found.weights:
        return None
    reason = f": {found.why_replaced.rstrip('.')}." if found.why_replaced else "."
    start = f"This member asked for the weights \u201c{found.asked}\u201d"
    return f"{start} and ran on \u201c{found.weights}\u201d{reason}"


def _once(found: BackboneFacts) -> str:
    """How many images went through the backbone, once each."""
    through, cached = found.images_through, found.images_found
    if not through:
        return (
            "No image went through the backbone in this fit: the features of all "
            f"{counted(cached, 'image')} were found in the cache."
        )
    took = f", in {duration(found.seconds)}" if found.seconds else ""
    verb = "was" if cached == 1 else "were"
    rest = (
        f" The features of {counted(cached, 'image')} {verb} found in the cache." if cached else ""
    )
    return (
        f"{counted(through, 'image')} went through the frozen backbone once{took}; the head "
        f"learned from the features kept.{rest}"
    )


def _every_epoch(member: Member, found: BackboneFacts, results: Results) -> str | None:
    """What no cache would have meant: training and validation images again in each epoch."""
    epochs = member.training.epochs_run if member.training else 0
    if not epochs:
        return None
    splits, curve = results.data.splits, member.learning_curve
    training = max(curve.training_rows) if curve else splits["training"].rows
    rows = training + splits["validation"].rows
    passes = rows * epochs
    text = (
        f"Pushing the {whole(rows)} training and validation images through it in each of "
        f"{counted(epochs, 'epoch')} would have meant {counted(passes, 'pass', 'passes')}"
    )
    if not found.images_through or not found.seconds:
        return f"{text}."
    seconds = passes * found.seconds / found.images_through
    return f"{text}: at the same rate about {duration(seconds)} in the backbone."


def _untrained(found: BackboneFacts) -> str | None:
    if found.weights != "random":
        return None
    return (
        "Its weights are random: this backbone has learned nothing from any image, so the accuracy "
        "says how good random features are, not what transfer gains."
    )


@dataclass(frozen=True)
class Backbone:
    """replaced: said loudly where other weights were asked for."""

    replaced: str | None
    sentences: list[str]
    facts: list[tuple[str, str]]


def _counted_parameters(count: int | None) -> str:
    return NOTHING if count is None else counted(count, "parameter")


def backbone_data(member: Member, results: Results) -> Backbone | None:
    found = member.backbone
    if not found:
        return None
    shape = f" ({' × '.join(map(whole, found.feature_shape))})" if found.feature_shape else ""
    facts = {
        "Backbone": found.name,
        "Weights": found.weights,
        "SHA-256 of the weights": found.sha256 or NOTHING,
        "Frozen": _counted_parameters(found.parameters),
        "Trained": _counted_parameters(member.trainable_parameters),
        "Image size": " × ".join(map(str, found.image_size)) or NOTHING,
        "Normalisation": found.normalisation or NOTHING,
        "Features": f"{counted(found.features, 'number')} an image{shape}",
        "Through the backbone now": counted(found.images_through, "image"),
        "Found in the cache": counted(found.images_found, "image"),
        "Time in the backbone": duration(found.seconds),
    }
    said = [_once(found), _every_epoch(member, found, results), _untrained(found)]
    return Backbone(
        replaced=_replaced(found),
        sentences=[text for text in said if text],
        facts=[(name, text) for name, text in facts.items() if text != NOTHING],
    )
