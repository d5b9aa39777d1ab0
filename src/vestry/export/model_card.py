"""A model card in Markdown, with the YAML header that the Hugging Face hub reads."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from vestry.export.bundle import Bundle
from vestry.export.bundle_facts import entry_of
from vestry.export.card_sentences import (
    abstention,
    certificate,
    confidence,
    images,
    looks,
    preparation,
    quantized,
    size,
)
from vestry.run_folder import write_text

Results = dict[str, Any]

SCORES = {
    "accuracy": ("accuracy", "accuracy"),
    "f1_macro": ("f1", "F1, macro average"),
    "precision_macro": ("precision", "precision, macro average"),
    "recall_macro": ("recall", "recall, macro average"),
    "log_loss": ("log_loss", "log loss"),
    "brier": ("brier", "Brier score"),
    "ece": ("expected_calibration_error", "calibration error"),
}
SHARES = ("accuracy", "f1_macro", "precision_macro", "recall_macro")
"""Shown as per cent; the others are no shares."""


def write_card(path: Path, bundle: Bundle, results: Results) -> Path:
    """Write the card of the model in `path` beside it, with the suffix `.md`; returns its path."""
    card = path.with_suffix(".md")
    write_text(card, card_text(path, bundle, results))
    return card


def card_text(path: Path, bundle: Bundle, results: Results) -> str:
    environment = Environment(
        loader=PackageLoader("vestry.export"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown; strings of the YAML header are written as JSON
    )
    environment.filters["thousands"] = lambda count: f"{count:,}"
    entry = entry_of(results, bundle.name)
    return environment.get_template("card.md.j2").render(
        b=bundle,
        file=path.name,
        kind="A committee" if bundle.is_committee else "A model",
        licence_id=licence_id(bundle.licence),
        tags=tags(bundle),
        scores=score_rows(bundle),
        per_class=[] if bundle.quantized else class_rows(entry),
        members=member_rows(bundle, results),
        definition=entry.get("definition") or [],
        looks=looks(results),
        preparation=preparation(bundle),
        confidence=confidence(bundle),
        abstention=abstention(bundle),
        certificate=certificate(bundle),
        quantized=quantized(bundle),
        size=size(path),
        images=images(bundle),
    )


def licence_id(licence: str | None) -> str:
    """The hub's short name of a licence; "other" where the text names none that is known here."""
    text = (licence or "").lower()
    known = {"mit": "mit", "apache": "apache-2.0", "cc0": "cc0-1.0", "bsd": "bsd-3-clause"}
    return next((name for word, name in known.items() if text.startswith(word)), "other")


def tags(bundle: Bundle) -> list[str]:
    kind = ["ensemble"] if bundle.is_committee else []
    return ["vestry", "onnx", *kind, *(["int8"] if bundle.quantized else [])]


def score_rows(bundle: Bundle) -> list[dict[str, Any]]:
    rows = []
    for name, (kind, words) in SCORES.items():
        entry = bundle.scores.get("test", {}).get(name)
        if entry is not None:
            value = round(float(entry["value"]), 6)
            text = score_text(name, value, entry["interval"])
            rows.append({"type": kind, "words": words, "value": value, "text": text})
    return rows


def score_text(name: str, value: float, interval: list[float] | None) -> str:
    share = name in SHARES
    factor, digits, sign = (100, 1, "%") if share else (1, 3, "")
    text = f"{factor * value:.{digits}f}{sign}"
    if interval is None:
        return text
    low, high = (f"{factor * end:.{digits}f}" for end in interval)
    return f"{text} ({low} to {high})"


def class_rows(entry: Results) -> list[dict[str, Any]]:
    return [
        {"name": name, "support": row["support"]}
        | {key: f"{row[key]:.3f}" for key in ("precision", "recall", "f1")}
        for name, row in entry["scores"]["test"]["per_class"].items()
    ]


def member_rows(bundle: Bundle, results: Results) -> list[dict[str, str]]:
    rows = []
    for name in bundle.members if bundle.is_committee else ():
        entry = results["members"][name]
        text = "; ".join(entry["definition"])
        accuracy = f"{100 * entry['scores']['test']['accuracy']:.1f}%"
        rows.append({"name": name, "text": f", {accuracy} on test images alone: {text}"})
    return rows
