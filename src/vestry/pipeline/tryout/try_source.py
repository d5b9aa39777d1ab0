"""`vestry try`: a study made for some images and for the time there is, run to its page.

Candidates of unlike families are tried on part of the rows; the better half goes on to more rows
(successive halving: Jamieson and Talwalkar, 2016), and what is left is a study like any other.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vestry.data.dataset import Dataset, load_dataset
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.engine.engine import Engine
from vestry.engine.local import LocalEngine
from vestry.engine.task import OnEvent
from vestry.errors import StudyError
from vestry.members.model_paths import ModelPaths
from vestry.members.networks.machine import PROCESS_ENVIRONMENT
from vestry.pipeline.progress import Downloads
from vestry.pipeline.run_study import Finished, run_study
from vestry.pipeline.tryout.allotment import Allotment, allot
from vestry.pipeline.tryout.candidates import Candidate, candidates
from vestry.pipeline.tryout.draft import (
    data_table,
    left_out,
    name_of,
    smaller_side,
    source_from,
    study_text,
    trial_lines,
)
from vestry.pipeline.tryout.loading import load_in_workers
from vestry.pipeline.tryout.pretrained import pretrained
from vestry.pipeline.tryout.screening import Rung, Trial, screen
from vestry.storage.run_folder import RunFolder, write_text
from vestry.study.reader import read_study
from vestry.system.parts import require

_RUNGS = (2_000, 10_000)
_PIXELS, _LEAST_RUNG = 32 * 32, 800
"""Of an image: larger ones are tried in fewer rows, for the same time; but in so many at least."""
_EPOCHS, _STEPS = 5, 300
"""Of networks; so many steps at least where these are all rows there are, but no more than there
are seconds for everything."""
_RUNG_SHARE, _FIT_SHARE, _LEAST_FIT = 0.12, 0.1, 20.0
"""Of the whole time: for one rung, and for one fit in it; that many seconds at least, and what
a new process loads for before it fits comes to them."""
_ASIDE = (
    "Models are chosen by a fifth of the training images, set aside: folds would have left no time "
    "for the best of the trials"
)
_AFTERWARDS, _AFTERWARDS_SHARE = 12.0, 0.12
"""Seconds for judging and drawing, and the share of the whole time that comes to them beside."""
_LEAST_LEFT, _LEAST_LEFT_SHARE = 5.0, 0.1
"""Seconds that the fits of the study have even where trials took all the time there was, as on a
machine that others keep busy; and the share of the whole time, so that a model that is level with
the best is not dropped for a second or two."""
_SHORT = 240.0
"""Below so many seconds, images are not altered, explained or looked at in depth."""


@dataclass(frozen=True)
class Attempt:
    """source: as the user names it. seconds: for everything. study: the file to write."""

    source: str
    seconds: float
    study: Path
    run: RunFolder
    places: DataPaths
    cores: int


@dataclass(frozen=True)
class _Images:
    """What is tried: a loaded source, as it is named from the study file, and the side to which its
    images are resized, if they are."""

    source: str
    dataset: Dataset
    side: int | None

    @property
    def rows(self) -> int:
        return len(self.dataset.training)

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width[, 3]) of the images that models see."""
        own = self.dataset.training.image_shape
        return own if self.side is None else (self.side, self.side, *own[2:])

    @property
    def fits(self) -> int:
        """Of each model: one, and one a fold."""
        folds = self.dataset.folds
        return 1 + (len(folds.every()) if folds else 0)


def try_source(asked: Attempt, report: OnEvent) -> Finished:
    """Find out what suits the images, write the study, run it.

    Raises StudyError where the study file is there already, DataError where the images are not
    right.
    """
    require("train", "trying models")
    if asked.study.exists():
        raise StudyError(f"{asked.study} is there already: run it (vestry run), or move it away")
    places = replace(asked.places, base=asked.study.parent)
    # One for all, since a new worker process loads what models need for seconds.
    with LocalEngine(asked.cores, PROCESS_ENVIRONMENT) as engine:
        _write_study(asked, engine, report)
        study = read_study(asked.study)
        return run_study(study, places, asked.run, asked.cores, report, engine)


def _write_study(asked: Attempt, engine: Engine, report: OnEvent) -> None:
    started = time.monotonic()
    images = _loaded(asked, report)
    left, untried = _candidates(asked, images)
    for text in untried:
        report({"event": "note", "text": text})
    tried = _halved(asked, images, left, engine, report)
    spent = time.monotonic() - started
    chosen, aside = _chosen(tried, images, _left(asked.seconds, spent), asked.cores)
    if not chosen.kept:
        raise StudyError(
            f"no model can be fitted to {asked.source} in {asked.seconds:.0f} s; give more "
            "--minutes"
        )
    untried += [_ASIDE] if aside else []
    data = data_table(images.source, images.side, aside)
    write_text(asked.study, _study_text(asked, data, chosen, tried, untried))
    report({"event": "note", "text": f"the study: {asked.study}; {_said(chosen)}"})


def _left(seconds: float, spent: float) -> float:
    """For the fits of the study, of so many seconds for everything."""
    least = max(_LEAST_LEFT, _LEAST_LEFT_SHARE * seconds)
    return max(seconds * (1 - _AFTERWARDS_SHARE) - _AFTERWARDS - spent, least)


def _loaded(asked: Attempt, report: OnEvent) -> _Images:
    named = source_from(asked.source, asked.study.parent)
    report({"event": "stage", "text": f"loading {asked.source}"})
    dataset = load_dataset(DataSettings(source=asked.source), asked.places, Downloads(report))
    side = smaller_side(dataset)
    if side is not None:
        report({"event": "note", "text": f"images are resized to {side} x {side} pixels"})
    return _Images(named, dataset, side)


def _candidates(asked: Attempt, images: _Images) -> tuple[list[Candidate], list[str]]:
    """What is tried, and a sentence without a full stop on each that is not."""
    found, out = candidates(images.shape, images.rows)
    models = ModelPaths.of(asked.places)
    more, why_not = pretrained(images.dataset, images.shape, asked.seconds, models)
    untried = [_ruled_out(out)] if out else []
    return [*more, *found], untried + ([why_not] if why_not else [])


def _chosen(
    tried: Sequence[Trial], images: _Images, seconds: float, cores: int
) -> tuple[Allotment, bool]:
    """What the time is enough for; and whether a fifth of the rows validates, which is taken where
    folds leave no time for the best of the trials."""
    tested = len(images.dataset.test)
    chosen = allot(tried, images.rows, images.fits, seconds, tested, cores)
    if images.fits == 1 or chosen.has_best_of(tried):
        return chosen, False
    return allot(tried, images.rows, 1, seconds, tested, cores), True


def _halved(
    asked: Attempt, images: _Images, left: list[Candidate], engine: Engine, report: OnEvent
) -> list[Trial]:
    """Every candidate's last trial, those that came furthest first."""
    last: dict[str, Trial] = {}
    order: list[str] = []
    data = data_table(asked.source, images.side)
    rows, counts = images.rows, rung_rows(images.shape)
    report({"event": "stage", "text": "loading libraries"})
    limit = _limit(asked.seconds) + load_in_workers(engine, len(left))
    for number, count in enumerate(counts):
        if number and rows <= counts[number - 1]:
            break
        whole = rows <= count
        steps = min(_STEPS, int(asked.seconds)) if whole else 1
        rung = Rung(min(count, rows), whole, _EPOCHS, max(1, steps), limit)
        report({"event": "stage", "text": f"trying {len(left)} models on {rung.rows:,} images"})
        clock = time.monotonic()
        trials = screen(data, left, rung, asked.places, engine)
        last |= {trial.candidate.name: trial for trial in trials}
        order = list(dict.fromkeys([*(t.candidate.name for t in trials), *order]))
        report({"event": "note", "text": _trials_said(trials)})
        slow = time.monotonic() - clock > _RUNG_SHARE * asked.seconds
        left = better_half(trials)
        if slow:
            break
    return [last[name] for name in order]


def rung_rows(shape: tuple[int, ...]) -> list[int]:
    """How many rows each rung has of images of this shape, (height, width[, 3])."""
    share = min(1.0, _PIXELS / (shape[0] * shape[1]))
    return [max(_LEAST_RUNG, round(count * share)) for count in _RUNGS]


def _ruled_out(out: Sequence[Candidate]) -> str:
    names = " and ".join(each.name for each in out)
    return f"{names}: not tried, since so many training images are too many for that"


def _limit(seconds: float) -> float:
    return max(_LEAST_FIT, _FIT_SHARE * seconds)


def better_half(trials: Sequence[Trial]) -> list[Candidate]:
    """The better half of those that did not fail, and the best of the networks and of the rest."""
    good = [trial.candidate for trial in trials if trial.accuracy is not None]
    kept = good[: (len(good) + 1) // 2]
    for is_network in (True, False):
        first = next((each for each in good if each.is_network is is_network), None)
        if first is not None and first not in kept:
            kept.append(first)
    return kept


def _study_text(
    asked: Attempt,
    data: str,
    chosen: Allotment,
    tried: Sequence[Trial],
    untried: Sequence[str],
) -> str:
    """The study file, ready to be edited."""
    return study_text(
        [
            f"Written by `vestry try {asked.source} --minutes {asked.seconds / 60:g}`. It is a",
            "study like any other: edit it, and run it with `vestry run`.",
            *trial_lines(tried, chosen),
            *untried,
        ],
        f"What suits {name_of(asked.source)} in {_minutes(asked.seconds)}",
        left_out(tried, chosen, untried),
        data,
        _LEFT_OUT if asked.seconds < _SHORT else "",
        chosen.kept,
        chosen.passes,
        chosen.rows,
    )


_LEFT_OUT = """# Left out for want of time; give more --minutes, or take these lines away.
[robustness]
skip = true

[explanation]
skip = true

[exploration]
tsne = false
"""


def _minutes(seconds: float) -> str:
    """ "1 minute", "2.5 minutes"."""
    return f"{seconds / 60:g} minute{'' if seconds == 60 else 's'}"


def _trials_said(trials: Sequence[Trial]) -> str:
    return ", ".join(
        f"{trial.candidate.name} "
        + ("failed" if trial.accuracy is None else f"{100 * trial.accuracy:.1f}%")
        + (f" {trial.cut_words}, when its time was up" if trial.cut else "")
        for trial in trials
    )


def _said(chosen: Allotment) -> str:
    passes = f", networks for {chosen.passes} passes over the images" if chosen.passes else ""
    return f"{', '.join(each.name for each in chosen.kept)}{passes}"
