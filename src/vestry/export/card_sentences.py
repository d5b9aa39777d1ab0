"""What a model card says in words, from the bundle's own facts."""

from pathlib import Path
from typing import Any

from vestry.export.bundle import Bundle

Results = dict[str, Any]


def looks(results: Results) -> str:
    """How often the test rows had been looked at when this model was compared."""
    seen = results["test_looks"]
    times = "once" if seen["comparisons"] == 1 else f"{seen['comparisons']} times"
    return f"These test images had been compared on {times} when the study's results were written."


def confidence(bundle: Bundle) -> str:
    if bundle.temperature == 1:
        return "Confidences are the model's own, as it was trained."
    towards = "less sure" if bundle.temperature > 1 else "surer"
    return (
        f"Confidences are tempered: a temperature of {bundle.temperature:.3g}, fitted on "
        f"validation images, makes the model {towards} and leaves its answers as they are."
    )


def abstention(bundle: Bundle) -> str:
    asked = bundle.abstention.get("accuracy_asked")
    if asked is None:
        return "No threshold was chosen under which it should say that it is not sure."
    if bundle.threshold is None:
        return (
            f"No confidence was high enough for {asked:.0%} of right answers on validation images, "
            "so it has no threshold for saying that it is not sure."
        )
    if bundle.threshold == 0:
        return (
            f"On validation images it is right at least {asked:.0%} of the time without abstaining."
        )
    judged = bundle.abstention["validation"]
    low, high = (f"{100 * end:.1f}" for end in judged["interval"])
    return (
        f'Below a confidence of {bundle.threshold:.1%} it says "not sure". On validation images, '
        f"by which that was chosen, it answers {judged['coverage']:.1%} and is right in "
        f"{judged['accuracy']:.1%} ({low} to {high}) of these."
    )


def certificate(bundle: Bundle) -> str:
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
        f"{found['labels_equal']:,} of {found['rows']:,} answers equal, probabilities at most "
        f"{found['largest_gap']:.1e} apart ({found['tolerance']:.0e} allowed), with onnxruntime "
        f"{found['onnxruntime']}, {found['when']}.{read}"
    )


PREPARED = {
    "resized": "set upright by their EXIF orientation, laid on white where they are transparent, "
    "{kind}, and resized to {width} x {height} pixels, whatever their proportions (Pillow's "
    "bilinear filter), as its training images were",
    "stored": "set upright by their EXIF orientation, laid on white where they are transparent, "
    "{kind}, and resized to {width} x {height} pixels; it was trained on arrays, and what pictures "
    "those were made of, and how, is not known",
    "photograph": "trimmed, {kind}, fitted and centred on {width} x {height} pixels, as "
    "Fashion-MNIST's photographs were, unless they have that size",
}


def preparation(bundle: Bundle) -> str:
    """What `vestry predict` and `vestry serve` do to a picture before the model sees it."""
    height, width = bundle.image_shape[:2]
    kind = "in colour" if len(bundle.image_shape) == 3 else "made grey"
    words = PREPARED[bundle.prepares_as].format(kind=kind, width=width, height=height)
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
        "above is of the float file that it was made from."
    )


def size(path: Path) -> str:
    return f"The file has {path.stat().st_size:,} bytes." if path.is_file() else ""


def images(bundle: Bundle) -> str:
    if bundle.known is None or bundle.samples is None:
        return ""
    return (
        f"The file carries {len(bundle.known.labels)} training and {len(bundle.samples.labels)} "
        "validation images, so that the page can show some beside an answer; they are under the "
        "licence of the data."
    )
