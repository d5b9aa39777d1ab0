"""A model card in Markdown, with the YAML header that the Hugging Face hub reads."""

import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from vestry.data.resizing import PREPARATION, words_of
from vestry.export.bundle import Bundle
from vestry.export.card_words import abstention, images_used, measured, novelty, sets
from vestry.export.facts import entry_of, seeds_words
from vestry.schema.models import Committee, Member
from vestry.schema.results import Results
from vestry.storage.run_folder import write_text

# What a model card says in words, from the bundle's own facts.


def _looks(results: Results) -> str:
    """How often the test rows had been looked at when this model was compared."""
    seen = results.test_looks.comparisons
    times = "once" if seen == 1 else f"{seen} times"
    return f"These test images had been compared on {times} when the study's results were written."


def _recommendation(bundle: Bundle, results: Results) -> str:
    """What the study recommends, and whether it is this model; empty where it says nothing."""
    found = results.decision
    if found is None:
        return ""
    is_meant = found.recommended in (None, bundle.name)
    return f"{found.headline}.{'' if is_meant else ' This is another model.'}"


def _confidence(bundle: Bundle) -> str:
    if bundle.temperature == 1:
        return "Confidences are the model's own, as it was trained."
    towards = "less sure" if bundle.temperature > 1 else "surer"
    return (
        f"Confidences are tempered: a temperature of {bundle.temperature:.3g}, fitted on "
        f"validation images, makes the model {towards} and leaves its answers as they are."
    )


def _certificate(bundle: Bundle) -> str:
    found = bundle.certificate
    files = found.get("files")
    read = (
        f" Read from disk as `vestry predict` reads them, {files['labels_equal']:,} of "
        f"{files['rows']:,} test files were answered so, too (at most {files['largest_gap']:.1e} "
        "apart)."
        if files
        else ""
    )
    return (
        f"Held against {found['source']} on {found['rows']:,} real images ({found['of']}): "
        f"{found['labels_equal']:,} of {found['rows']:,} answers equal{_ties(found)}, "
        f"probabilities at most {found['largest_gap']:.1e} apart ({found['tolerance']:.0e} "
        f"allowed), with onnxruntime {found['onnxruntime']}, {found['when']}.{read}"
    )


def _ties(found: dict[str, Any]) -> str:
    """Said where the file answers another one of two classes that the model cannot decide on."""
    ties = found.get("ties")
    return f" ({ties:,} of them another one of classes that tie)" if ties else ""


_PREPARED = {
    **{
        prepared: "set upright by their EXIF orientation, laid on white where they are "
        "transparent, {kind}, and resized to {width} x {height} pixels, "
        f"{words_of(way, 'their')} (Pillow's bilinear filter), as its training images were"
        for way, prepared in PREPARATION.items()
    },
    "stored": "set upright by their EXIF orientation, laid on white where they are transparent, "
    "{kind}, and resized to {width} x {height} pixels; it was trained on arrays, and what pictures "
    "those were made of, and how, is not known",
    "photograph": "trimmed, {kind}, fitted and centred on {width} x {height} pixels, as "
    "Fashion-MNIST's photographs were, unless they have that size",
}


def _preparation(bundle: Bundle) -> str:
    """What `vestry predict` and `vestry serve` do to a picture before the model sees it."""
    height, width = bundle.image_shape[:2]
    kind = "in colour" if len(bundle.image_shape) == 3 else "made grey"
    words = _PREPARED[bundle.prepares_as].format(kind=kind, width=width, height=height)
    return f"`vestry predict` and `vestry serve` take pictures so: {words}."


def quantized(bundle: Bundle) -> str:
    """Empty where weights are as they were trained."""
    found = bundle.quantized
    if found is None:
        return ""
    low, high = (f"{100 * end:+.2f}" for end in found["difference"]["interval"])
    return (
        f"Weights and activations are int8 (static, calibrated on {found['calibrated_on']:,} "
        f"validation images). Before and after: {found['before']['bytes']:,} and "
        f"{found['after']['bytes']:,} bytes; {found['before']['images_per_second']:,.0f} and "
        f"{found['after']['images_per_second']:,.0f} images a second on one core; accuracy "
        f"{found['before']['accuracy']:.2%} and {found['after']['accuracy']:.2%} on "
        f"{found['rows']:,} test images, {100 * found['difference']['value']:+.2f} points "
        f"({low} to {high}, paired); {found['labels_equal']:,} answers equal. The certificate "
        "above is of the float file that it was made from, and thresholds were chosen for that."
    )


def _size(path: Path) -> str:
    return f"The file has {path.stat().st_size:,} bytes." if path.is_file() else ""


def _images(bundle: Bundle) -> str:
    if bundle.known is None or bundle.samples is None:
        return ""
    return (
        f"The file carries {len(bundle.known.labels)} training and {len(bundle.samples.labels)} "
        "validation images, so that the page can show some beside an answer; they are under the "
        "licence of the data."
    )


_MARK = "<!-- written by vestry export, sha256 of the text above: "
_LARGEST_CARD = 10_000_000

_SCORES = {
    "accuracy": ("accuracy", "accuracy"),
    "f1_macro": ("f1", "F1, macro average"),
    "precision_macro": ("precision", "precision, macro average"),
    "recall_macro": ("recall", "recall, macro average"),
    "log_loss": ("log_loss", "log loss"),
    "brier": ("brier", "Brier score"),
    "ece": ("expected_calibration_error", "calibration error"),
}
_SHARES = ("accuracy", "f1_macro", "precision_macro", "recall_macro")
"""Shown as per cent; the others are no shares."""


def write_card(path: Path, bundle: Bundle, results: Results) -> Path:
    """Write the card of the model in `path` beside it, with the suffix `.md`; returns its path."""
    card = card_path(path)
    write_text(card, _marked(_card_text(path, bundle, results)))
    return card


def card_path(path: Path) -> Path:
    return path.with_suffix(".md")


def _marked(text: str) -> str:
    """`text` with a last line, which Markdown does not show, that knows whether it was changed."""
    text = text.rstrip("\n") + "\n"
    return f"{text}\n{_MARK}{hashlib.sha256(text.encode()).hexdigest()} -->\n"


def is_own_card(path: Path) -> bool:
    """Whether a file is a card as it was written: nobody has added to it since."""
    with path.open("rb") as file:
        content = file.read(_LARGEST_CARD)
    text, mark, _ = content.decode(errors="replace").rpartition(f"\n{_MARK}")
    return bool(mark) and _marked(text).encode() == content


def _card_text(path: Path, bundle: Bundle, results: Results) -> str:
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
        licence_id=_licence_id(bundle.licence),
        tags=_tags(bundle),
        scores=_score_rows(bundle),
        per_class=[] if bundle.quantized else _class_rows(entry),
        members=_member_rows(bundle, results),
        definition=entry.definition if isinstance(entry, Member) else [],
        recommendation=_recommendation(bundle, results),
        measured=measured(results),
        in_folds=results.nested is not None,
        nested=results.what_choosing_gives,
        images_used=images_used(results.data),
        looks=_looks(results),
        seeds=None if bundle.quantized else seeds_words(entry),
        preparation=_preparation(bundle),
        confidence=_confidence(bundle),
        abstention=abstention(bundle),
        sets=sets(bundle),
        novelty=novelty(bundle),
        certificate=_certificate(bundle),
        quantized=quantized(bundle),
        size=_size(path),
        images=_images(bundle),
    )


def _licence_id(licence: str | None) -> str:
    """The hub's short name of a licence; "other" where the text names none that is known here."""
    text = (licence or "").lower()
    known = {"mit": "mit", "apache": "apache-2.0", "cc0": "cc0-1.0", "bsd": "bsd-3-clause"}
    return next((name for word, name in known.items() if text.startswith(word)), "other")


def _tags(bundle: Bundle) -> list[str]:
    kind = ["ensemble"] if bundle.is_committee else []
    return ["vestry", "onnx", *kind, *(["int8"] if bundle.quantized else [])]


def _score_rows(bundle: Bundle) -> list[dict[str, Any]]:
    rows = []
    for name, (kind, words) in _SCORES.items():
        entry = bundle.scores.get("test", {}).get(name)
        if entry is not None:
            value = round(float(entry["value"]), 6)
            text = _score_text(name, value, entry["interval"])
            rows.append({"type": kind, "words": words, "value": value, "text": text})
    return rows


def _score_text(name: str, value: float, interval: list[float] | None) -> str:
    share = name in _SHARES
    factor, digits, sign = (100, 1, "%") if share else (1, 3, "")
    text = f"{factor * value:.{digits}f}{sign}"
    if interval is None:
        return text
    low, high = (f"{factor * end:.{digits}f}" for end in interval)
    return f"{text} ({low} to {high})"


def _class_rows(entry: Member | Committee) -> list[dict[str, Any]]:
    return [
        {"name": name, "support": row.support}
        | {key: f"{getattr(row, key):.3f}" for key in ("precision", "recall", "f1")}
        for name, row in entry.scores.test.per_class.items()
    ]


def _member_rows(bundle: Bundle, results: Results) -> list[dict[str, str]]:
    rows = []
    for name in bundle.members if bundle.is_committee else ():
        entry = results.members[name]
        text = "; ".join(entry.definition)
        accuracy = f"{100 * entry.scores.test.accuracy:.1f}%"
        rows.append({"name": name, "text": f", {accuracy} on test images alone: {text}"})
    return rows
