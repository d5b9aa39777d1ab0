"""A study file as text, for some images: what `vestry try` and `vestry init` write."""

import json
from collections.abc import Sequence
from pathlib import Path

from vestry.data.dataset import Dataset, load_dataset
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.data.source import source_kind
from vestry.errors import StudyError, printable
from vestry.pipeline.tryout.allotment import Allotment
from vestry.pipeline.tryout.candidates import Candidate, candidates
from vestry.pipeline.tryout.screening import Trial
from vestry.storage.run_folder import write_text
from vestry.system.platform_calls import way

_LARGEST, _RESIZED = 96, 64


def study_text(
    comments: Sequence[str],
    title: str,
    about: str,
    data: str,
    more: str,
    models: Sequence[Candidate],
    passes: int | None,
    rows: int = 0,
) -> str:
    """comments: lines above everything. data: its `[data]`. more: other tables, or nothing. passes:
    of the networks over the rows, of which there are so many where an epoch may be several passes.
    A committee of all models stands at the end."""
    parts = [
        *(f"# {printable(line)}" for line in comments),
        f"title = {_quoted(title)}",
        *([f"about = {_quoted(about)}"] if about else []),
        "",
        data,
        *([more] if more else []),
        *(each.text(passes, rows) for each in models),
        _committee(models),
    ]
    return "\n".join(parts)


def _quoted(text: str) -> str:
    """A TOML string; it takes what JSON takes, but for halves of pairs and one sign more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def source_from(source: str, folder: Path) -> str:
    """`source`, which is named from the working folder, as a study file in `folder` names it.

    Raises StudyError for an unknown source, or a name that no text file can hold.
    """
    kind, path = source_kind(source)
    try:
        source.encode("utf-8")
    except UnicodeEncodeError:
        raise StudyError(
            f"{source!a} is not a name in UTF-8; give the folder another name"
        ) from None
    if not path or Path(path).expanduser().is_absolute():
        return source
    beside = way(Path(path), folder)
    if source.startswith(f"{kind.name}:"):
        return f"{kind.name}:{beside}"
    return beside if "/" in beside else f"./{beside}"


def _committee(models: Sequence[Candidate]) -> str:
    """Of all, chosen among by accuracy: of unlike models some are far behind, and a mean of all
    would be behind the best. By log loss it would go by how sure each is of itself, which differs
    more between families than how often they are right. In bags, since rows are few."""
    if len(models) < 2:
        return ""
    names = json.dumps([each.name for each in models])
    return (
        "[[committee]]  # whom it asks, and how often, is chosen by the rows that models are "
        f'chosen by\nname = "Committee"\nrule = "greedy"\nby = "accuracy"\nrounds = 10\nbags = 20\n'
        f"members = {names}\n"
    )


def name_of(source: str) -> str:
    """The last part of a path, without what kind of source it is."""
    return source.rstrip("/").rpartition("/")[2].rpartition(":")[2] or source


def file_for(source: str, folder: Path) -> Path:
    """A study file named after the source that is not there yet."""
    stem = Path(name_of(source)).name.split(".")[0] or "images"
    names = (f"{stem}{number}.toml" for number in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(path for name in names if not (path := folder / name).exists())


def data_table(source: str, size: int | None, aside: bool = False) -> str:
    """`[data]` of a study file. aside: whether models are chosen by a fifth instead of folds."""
    resized = f"image_size = [{size}, {size}]\n" if size else ""
    validation = "validation = { fraction = 0.2 }  # without it: by folds\n" if aside else ""
    return f"[data]\nsource = {_quoted(source)}\n{resized}{validation}"


def smaller_side(dataset: Dataset) -> int | None:
    """What large pictures are resized to; None where they are small, or no picture files."""
    height, width, *_ = dataset.training.image_shape
    large = max(height, width) > _LARGEST and dataset.provenance.preparation == "resized"
    return _RESIZED if large else None


# The study file of `vestry init`.


_NAMES = ("Linear", "Forest", "SVM", "Small CNN", "CNN")
_EPOCHS = 15
_CLASSES_SHOWN = 9
_MORE = """# What may it cost, and what counts? Take the marks away where you need them.
# [decision]
# max_ms = 5.0            # for one image
# max_mb = 10.0
# min_accuracy = 0.9
# score = "balanced_accuracy"   # where classes are unlike in size
"""


def init_study(source: str, file: Path, places: DataPaths) -> Path:
    """Write a commented study for `source` to `file`.

    Raises StudyError where the file is there already, DataError where the images are not right.
    """
    if file.exists():
        raise StudyError(f"{file} is there already; name another file with --study")
    named = source_from(source, file.parent)
    dataset = load_dataset(DataSettings(source=source), places)
    shape, rows, side = dataset.training.image_shape, len(dataset.training), smaller_side(dataset)
    models, _ = candidates((side, side, *shape[2:]) if side else shape, rows)
    text = study_text(
        _comments(source, file, dataset.training.classes, rows, shape),
        f"Which model for {name_of(source)}?",
        "",
        data_table(named, side),
        _MORE,
        [each for each in models if each.name in _NAMES],
        _EPOCHS,
    )
    write_text(file, text)
    return file


def _comments(
    source: str, file: Path, classes: tuple[str, ...], rows: int, shape: tuple[int, ...]
) -> list[str]:
    more = ", ..." if len(classes) > _CLASSES_SHOWN else ""
    shown = " ".join(f"{', '.join(classes[:_CLASSES_SHOWN])}{more}".split())
    return [
        f"A study of {name_of(source)}: {len(classes)} classes ({shown}),",
        f"{rows:,} training images of {shape[0]} x {shape[1]} pixels (height x width).",
        f"Run it:  vestry run {file.name}",
        "Every key stands in docs/study.md; `vestry schema` prints them, too.",
    ]


def trial_lines(tried: Sequence[Trial], chosen: Allotment) -> list[str]:
    lines = ["Short trials (accuracy on a quarter of the rows that were tried):"]
    for trial in tried:
        figure = "failed" if trial.accuracy is None else f"{100 * trial.accuracy:.1f}%"
        dropped = chosen.dropped.get(trial.candidate.name)
        lines.append(
            f"  {trial.candidate.name}: {figure} on {trial.rung.rows:,} rows, "
            f"{f'time was up {trial.cut_words}, ' if trial.cut else ''}"
            f"{trial.whole_seconds:.1f} s"
            f"{f'; dropped: it {dropped}' if dropped else ''}"
        )
    return lines


def left_out(tried: Sequence[Trial], chosen: Allotment, untried: Sequence[str]) -> str:
    """What is not in the study, and why; the page says it."""
    said = [f"{text}." for text in untried]
    dropped = len(tried) - len(chosen.kept)
    if dropped:
        rows = max(trial.rung.rows for trial in tried)
        said.append(
            f"{dropped} of {len(tried)} candidates were dropped after short trials on at most "
            f"{rows:,} training images; test images had no part in that."
        )
    return " ".join(said)
