"""Tables alone, from their files to the page: no study, no images, no model."""

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.data.groups import taken_for_independent
from vestry.data.image_set import check_class_name
from vestry.data.sealed import SealedLabels
from vestry.engine.task import OnEvent
from vestry.evaluation.agreement import first_rows, votes
from vestry.evaluation.analysis import analysed
from vestry.evaluation.chosen_by import check_score
from vestry.evaluation.predictions import ScoredRun
from vestry.evaluation.vault import Vault
from vestry.pipeline.claim import FolderClaim
from vestry.pipeline.committees import evaluated_committees, evidence_of
from vestry.pipeline.given_models import (
    GivenCost,
    GivenModel,
    add_given,
    read_costs,
    read_models,
    summed_cost,
)
from vestry.pipeline.models import EvaluatedModels
from vestry.pipeline.run_study import Finished
from vestry.predictions.matched import matched, new_names
from vestry.predictions.table import Labels, Split
from vestry.predictions.truth import Truth, read_truth
from vestry.report.page import write_report
from vestry.schema import data as schema
from vestry.schema.base import FORMAT
from vestry.schema.cost import Cost
from vestry.schema.environment import Environment
from vestry.schema.models import ScoredCommittee, ScoredMember
from vestry.schema.results import Notice, Results, StudyFacts
from vestry.storage.run_folder import RunFolder, locked, remove_leftovers, write_json, write_text
from vestry.study.judge_settings import JudgeSettings
from vestry.system.environment import environment

_WHY = "judging tables"
_NOT_MEASURED = "nothing is at hand but its predictions, and --costs does not give it"


@dataclass(frozen=True)
class JudgedFiles:
    """What is judged. truth: the labels. predictions: a file a model and seed. costs: None where
    nobody knows them."""

    truth: Path
    predictions: Sequence[Path]
    costs: Path | None = None

    @property
    def all(self) -> list[Path]:
        return [self.truth, *self.predictions, *([self.costs] if self.costs else [])]

    def digests(self) -> list[str]:
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in self.all]


def judge(
    files: JudgedFiles, settings: JudgeSettings, register: Path, run: RunFolder, report: OnEvent
) -> Finished:
    """Compare the tables, write the run folder and its page.

    register: where looks at test rows are counted. Raises DataError or StudyError where a file is
    not what it should be, or the folder is not to be written in.
    """
    started = time.perf_counter()
    claim = _claim(files, settings, run)
    claim.check()
    report({"event": "stage", "text": f"reading {len(files.predictions)} files"})
    tables = _Tables.read(files)
    check_score(settings.decision, tables.classes)
    with locked(run.path):
        for note in claim.take():
            report({"event": "note", "text": note})
        remove_leftovers(run.path)
        report({"event": "stage", "text": "comparing"})
        results = _Judgement(tables, files, settings, Vault(register, run.looks), run).results(
            started
        )
        for notice in results.notices:
            report({"event": notice.level, "text": notice.text})
        write_text(run.study, settings.to_toml())
        write_json(run.environment, results.environment.as_json())
        write_json(run.results, results.as_json())
        report({"event": "stage", "text": "drawing the page"})
        return Finished(write_report(run), results)


def _claim(files: JudgedFiles, settings: JudgeSettings, run: RunFolder) -> FolderClaim:
    makers = [run.committee(entry.name) for entry in settings.committee]
    return FolderClaim(
        files.truth, settings.title, [path.resolve() for path in files.all], makers, run
    )


@dataclass(frozen=True, eq=False)
class _Tables:
    """Truth and models as they were read. classes: in label order."""

    truth: Truth
    classes: tuple[str, ...]
    models: list[GivenModel]
    costs: Mapping[str, GivenCost]

    @classmethod
    def read(cls, files: JudgedFiles) -> "_Tables":
        truth = read_truth(files.truth)
        models = read_models(files.predictions)
        names = [model.name for model in models]
        costs = read_costs(files.costs, names) if files.costs else {}
        classes = _classes(truth, models)
        for name in classes:
            check_class_name(name)
        return cls(truth, classes, models, costs)

    def ids(self, split: Split) -> NDArray[np.str_]:
        return self.truth.ids[self._rows(split)]

    def labels(self, split: Split) -> Labels:
        places = {name: label for label, name in enumerate(self.classes)}
        said = self.truth.labels[self._rows(split)].tolist()
        return np.array([places[name] for name in said], dtype=np.int64)

    def _rows(self, split: Split) -> NDArray[np.int64]:
        return self.truth.rows("test" if split == "test" else "validation")

    def members(self, truths: Mapping[str, Labels]) -> EvaluatedModels[ScoredMember]:
        models = EvaluatedModels[ScoredMember]()
        rows: dict[Split, NDArray[np.str_]] = {
            "validation": self.ids("validation"),
            "test": self.ids("test"),
        }
        for model in self.models:
            said = [
                matched(given, self.classes, rows, self.truth.ids, model.name)
                for given in model.files.values()
            ]
            add_given(models, model, said, self.costs.get(model.name), truths)
        return models


def _classes(truth: Truth, models: Iterable[GivenModel]) -> tuple[str, ...]:
    """The truth's own order; else the columns' of the first model that has any, then what others
    and the truth have more, by name."""
    if truth.classes is not None:
        return truth.classes
    every = [given for model in models for given in model.files.values()]
    named = [name for given in every for name in given.classes or ()]
    own = dict.fromkeys([*named, *np.unique(truth.labels).tolist()])
    said = [given.labels for given in every if given.labels is not None]
    more = [name for labels in said for name in new_names(labels, tuple(own))]
    return tuple(own | dict.fromkeys(more))


@dataclass(frozen=True, eq=False)
class _Judgement:
    tables: _Tables
    files: JudgedFiles
    settings: JudgeSettings
    vault: Vault
    run: RunFolder

    def results(self, started: float) -> Results:
        settings, digest = self.settings, self.settings.digest(self.files.digests())
        sealed = SealedLabels(
            self.tables.ids("test"), self.tables.labels("test"), self.tables.classes
        )
        names = [model.name for model in self.tables.models]
        names += [entry.name for entry in settings.committee]
        truths: dict[str, Labels] = {
            "training": np.zeros(0, dtype=np.int64),
            "validation": self.tables.labels("validation"),
            "test": self.vault.open(sealed, digest, names, _WHY),
        }
        members = self.tables.members(truths)
        committees = evaluated_committees(settings.committee, members, self.run, truths)
        evidence = evidence_of(members, committees, truths)
        data = self.data(truths, sealed.fingerprint)
        run = ScoredRun(data, members.results, committees.results, settings.votes.seed)
        found = analysed(
            run.with_costs(self.costs(run.committees), _NOT_MEASURED),
            evidence,
            abstaining=settings.abstention,
            deciding=settings.decision,
        )
        leader = found.ranking[0].test_accuracy
        return Results(
            format=FORMAT,
            title=settings.title,
            about=settings.about,
            study=StudyFacts(file=str(self.files.truth), hash=digest, text=settings.to_toml()),
            notices=self.notices(members),
            data=data,
            failures=committees.failures,
            votes=votes(evidence.tested, evidence.truth, settings.votes.rows, settings.votes.seed),
            first_rows=first_rows(evidence.tested, evidence.truth),
            exploration=None,
            robustness=None,
            test_looks=self.vault.uses(sealed, digest, leader),
            explanations=None,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            environment=Environment.model_validate(environment(1)),
            seconds={"total": time.perf_counter() - started},
            **vars(found) | {"steps": []},  # files on a command line are no order of a study's
        )

    def costs(self, committees: Mapping[str, ScoredCommittee]) -> dict[str, dict[str, Cost]]:
        """As they were given; a committee takes what those that it asks take together."""
        given = self.tables.costs
        together = {
            name: summed_cost([given.get(member) for member in entry.asked])
            for name, entry in committees.items()
        }
        return {
            "members": {name: cost.record() for name, cost in given.items()},
            "committees": {name: cost.record() for name, cost in together.items() if cost},
        }

    def data(self, truths: Mapping[str, Labels], fingerprint: str) -> schema.Data:
        splits = {
            name: schema.Split(
                rows=len(labels),
                class_counts=np.bincount(labels, minlength=len(self.tables.classes)).tolist(),
                pixel_range=None,
                pixel_mean=None,
                pixel_deviation=None,
                rule=f"the rows that {self.files.truth.name} calls so",
            )
            for name, labels in truths.items()
            if name != "training"
        }
        return schema.Data(
            asked=self.files.truth.name,
            used=self.files.truth.name,
            fell_back=None,
            licence=None,
            notes=list(self.tables.truth.notes),
            fingerprint=fingerprint,
            classes=list(self.tables.classes),
            image_shape=None,
            splits=splits,
            samples=schema.Samples(seed=None, columns=1, ids=[], labels=[]),
        )

    def notices(self, members: EvaluatedModels[ScoredMember]) -> list[Notice]:
        """What a reader must know: what tables alone leave open, and what was mended."""
        said = [Notice(level="note", text=_TABLES_ALONE)]
        said += [Notice(level="warning", text=text) for text in _group_warnings(self.tables.truth)]
        said += [Notice(level="note", text=text) for text in self.tables.truth.notes]
        unseen = sorted(set(self.tables.classes) - set(self.tables.truth.labels.tolist()))
        if unseen:
            more = f" and {len(unseen) - 5} more" if len(unseen) > 5 else ""
            names = ", ".join(unseen[:5]) + more
            text = f"No row of {self.files.truth.name} is of {names}, though the tables name them"
            said.append(Notice(level="warning", text=text))
        return said + [
            Notice(level="note", text=f"{name}: {text}")
            for name, entry in members.results.items()
            for text in entry.warnings
        ]


_TABLES_ALONE = (
    "Judged from tables alone: what the models learnt from is not known, so it cannot be checked "
    "whether test rows, or copies of them, were among it"
)


def _group_warnings(truth: Truth) -> list[str]:
    """What rows that belong together do to the figures."""
    if truth.groups is None:
        return []
    known = np.unique(truth.groups)
    groups = [truth.groups[truth.rows(part)] for part in ("validation", "test")]
    parts = [set(own.tolist()) for own in groups]
    both = len(parts[0] & parts[1])
    said = []
    if both:
        said.append(
            f"{both:,} of {len(known):,} groups have rows in validation and in test; what was "
            "chosen by the one is not judged on others"
        )
    return said + taken_for_independent([own for own in groups if len(own)])
