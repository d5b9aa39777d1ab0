"""Data of a frozen trunk: what it is, what it cost, and what caching its features saved."""

from dataclasses import dataclass
from typing import Any

from vestry.report.formatting import NOTHING, counted, duration, whole
from vestry.report.models import Model, Results

# A frozen trunk in words: which weights, and what pushing images every epoch would have meant.


def _replaced(found: dict[str, Any]) -> str | None:
    """That the weights are not the ones asked for, and why."""
    asked, used = found.get("asked"), found["weights"]
    if asked in (None, used):
        return None
    why = found.get("why_replaced")
    reason = f": {why.rstrip('.')}." if why else "."
    start = f"This member asked for the weights \u201c{asked}\u201d"
    return f"{start} and ran on \u201c{used}\u201d{reason}"


def trunk(model: Model, results: Results) -> list[str]:
    found = model.entry["trunk"]
    said = [_once(found), _every_epoch(model, results), _untrained(found)]
    return [text for text in said if text]


def _passed(found: dict[str, Any]) -> str:
    return counted(found.get("images_through") or 0, "image")


def _once(found: dict[str, Any]) -> str:
    """How many images went through the trunk, once each."""
    through, cached = found.get("images_through") or 0, found.get("images_found") or 0
    if not through:
        return (
            f"No image went through the trunk in this fit: the features of all "
            f"{counted(cached, 'image')} were found in the cache."
        )
    seconds = found.get("seconds")
    took = f", in {duration(seconds)}" if seconds else ""
    verb = "was" if cached == 1 else "were"
    rest = (
        f" The features of {counted(cached, 'image')} {verb} found in the cache." if cached else ""
    )
    return (
        f"{counted(through, 'image')} went through the frozen trunk once{took}; the head learned "
        f"from the features kept.{rest}"
    )


def _every_epoch(model: Model, results: Results) -> str | None:
    """What no cache would have meant: training and validation images again in each epoch."""
    found = model.entry["trunk"]
    epochs = (model.entry.get("training") or {}).get("epochs_run")
    if not epochs:
        return None
    splits = results["data"]["splits"]
    sizes = (model.entry.get("learning_curve") or {}).get("training_rows")
    rows = max(sizes) if sizes else splits["training"]["rows"]
    rows += splits["validation"]["rows"]
    passes = rows * epochs
    text = (
        f"Pushing the {whole(rows)} training and validation images through it in each of "
        f"{counted(epochs, 'epoch')} would have meant {counted(passes, 'pass', 'passes')}"
    )
    through, seconds = found.get("images_through") or 0, found.get("seconds")
    if not through or not seconds:
        return f"{text}."
    return f"{text}: at the same rate about {duration(passes * seconds / through)} in the trunk."


def _untrained(found: dict[str, Any]) -> str | None:
    if found["weights"] != "random":
        return None
    return (
        "Its weights are random: this trunk has learned nothing from any image, so the accuracy "
        "says what random features are worth, not what transfer is."
    )


@dataclass(frozen=True)
class Trunk:
    """replaced: said loudly where other weights were asked for."""

    replaced: str | None
    sentences: list[str]
    facts: list[tuple[str, str]]


def trunk_data(model: Model, results: Results) -> Trunk | None:
    found = model.entry.get("trunk")
    if not found:
        return None
    trained = model.entry.get("trainable_parameters")
    shape = found.get("feature_shape")
    made = f" ({' × '.join(map(whole, shape))})" if shape else ""
    size = found.get("image_size")
    facts = [
        ("Trunk", found["backbone"]),
        ("Weights", found["weights"]),
        ("SHA-256 of the weights", found.get("sha256") or NOTHING),
        ("Frozen", counted(found["parameters"], "parameter")),
        ("Trained", NOTHING if trained is None else counted(trained, "parameter")),
        ("Image size", " × ".join(map(str, size)) if size else NOTHING),
        ("Normalisation", found.get("normalisation") or NOTHING),
        ("Features", f"{counted(found['features'], 'number')} an image{made}"),
        ("Through the trunk now", _passed(found)),
        ("Found in the cache", counted(found.get("images_found") or 0, "image")),
        ("Time in the trunk", duration(found.get("seconds"))),
    ]
    return Trunk(
        replaced=_replaced(found),
        sentences=trunk(model, results),
        facts=[(name, text) for name, text in facts if text != NOTHING],
    )
