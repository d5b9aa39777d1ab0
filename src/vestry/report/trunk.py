"""Data of a frozen trunk: what it is, what it cost, and what caching its features saved."""

from dataclasses import dataclass

from vestry.report.models import Model, Results
from vestry.report.numbers import NOTHING, counted, duration, whole
from vestry.report.sentences import trunk as sentences


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
        ("Through the trunk now", sentences.passed(found)),
        ("Found in the cache", counted(found.get("images_found") or 0, "image")),
        ("Time in the trunk", duration(found.get("seconds"))),
    ]
    return Trunk(
        replaced=sentences.replaced(found),
        sentences=sentences.trunk(model, results),
        facts=[(name, text) for name, text in facts if text != NOTHING],
    )
