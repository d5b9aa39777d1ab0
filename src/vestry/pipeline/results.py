"""From finished tasks to what comparing them comes to: once, and found again afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vestry.data.dataset import Dataset
from vestry.data.shared_rows import SharedRows, leak_warnings, shared_rows
from vestry.data.summary import data_summary, samples
from vestry.engine.task import OnEvent, Outcome, Task, digest
from vestry.errors import MemberError
from vestry.evaluation.agreement import first_rows, votes
from vestry.evaluation.analysis import analysed
from vestry.evaluation.predictions import ScoredRun
from vestry.evaluation.robustness import robustness
from vestry.evaluation.vault import Vault
from vestry.pipeline.committees import evaluated_committees, evidence_of
from vestry.pipeline.fitting import PostFit
from vestry.pipeline.models import EvaluatedModels, fitted_models
from vestry.pipeline.nested import nested_choice
from vestry.pipeline.notices import notices, skipped_notices
from vestry.pipeline.planned_model import PlannedModel
from vestry.pipeline.run_files import published_files
from vestry.pipeline.tasks.audit import read_exploration
from vestry.pipeline.tasks.code_key import code_key
from vestry.pipeline.tasks.corruption import read_all_predictions
from vestry.pipeline.tasks.cost import read_costs
from vestry.pipeline.tasks.fit import ids_digest
from vestry.predictions.choosing import choosing_score
from vestry.predictions.table import Labels
from vestry.schema.base import FORMAT
from vestry.schema.cross_validation import NestedChoice
from vestry.schema.data import Data
from vestry.schema.environment import TestSetUses
from vestry.schema.models import ScoredCommittee, ScoredMember
from vestry.schema.results import ComparisonResults, Notice, StudyFacts
from vestry.schema.robustness import Robustness
from vestry.storage.file_sums import MANIFEST, are_whole, sums_of
from vestry.storage.ownership import read_object
from vestry.storage.run_folder import RunFolder, write_json
from vestry.study.reader import StudyFile
from vestry.system.installed import version_of

_WHY = "comparing models and committees"
_CODE = (
    "evaluation",
    "committees",
    "pipeline.committees",
    "pipeline.fold_tables",
    "pipeline.models",
    "pipeline.nested",
    "pipeline.notices",
    "pipeline.results",
)
_LIBRARIES = ("numpy", "scipy", "cleanlab")


@dataclass(frozen=True)
class StudyTasks:
    """What the tasks of a study came to. look: the exploration's task; None where it is left out.
    failed: by the task's digest. asked: what fitted members were asked again."""

    planned: list[PlannedModel]
    failed: Mapping[str, Outcome]
    look: Task | None
    asked: PostFit

    @property
    def tasks(self) -> list[Task]:
        fits = [task for member in self.planned for task in member.fits]
        searches = [member.search for member in self.planned if member.search]
        return [*fits, *searches, *self.asked.tasks, *filter(None, [self.look])]

    def refuse_nothing(self) -> None:
        """Raise MemberError where there is nothing to compare: before any look at test labels."""
        if not any(task.is_done for member in self.planned for task in member.tasks.values()):
            raise MemberError(f"no model could be fitted ({'; '.join(self._reasons())})")

    def _reasons(self) -> list[str]:
        """Why models failed, each reason once with the names of those that it is of."""
        names: dict[str, list[str]] = {}
        for member in self.planned:
            tried = [member.search, *member.fits] if member.search else member.fits
            found = (self.failed.get(task.folder.name) for task in tried)
            reasons = dict.fromkeys(str(each.reason) for each in found if each is not None)
            for reason in reasons:
                names.setdefault(reason, []).append(member.name)
        return [f"{', '.join(models)}: {reason}" for reason, models in names.items()]


@dataclass(frozen=True)
class Comparison:
    """Compares what is done, unless that was done before and nothing has changed since."""

    file: StudyFile
    dataset: Dataset
    run: RunFolder
    vault: Vault
    report: OnEvent

    def results(self, done: StudyTasks) -> ComparisonResults:
        """Test labels are looked at only where there is something new to compare."""
        description = self.description(done)
        manifest = self.run.task(digest(description)) / MANIFEST
        found = self.found(manifest)
        if found is None:
            self.report({"event": "stage", "text": "comparing"})
            found = self.compare(done)
            shown = sums_of(self.run.path, published_files(self.run, found))
            card = {"results": found.as_json(), "published": shown, "task": description}
            write_json(manifest, card)
        return found

    def found(self, manifest: Path) -> ComparisonResults | None:
        """What was compared before; None where there is nothing that can be read, or where files
        that it left for members and committees are gone or damaged: then it is made anew."""
        card = read_object(manifest) or {}
        if not card.get("published") or not are_whole(self.run.path, card["published"]):
            return None
        try:
            return ComparisonResults.model_validate(card["results"])
        except (KeyError, ValueError):
            return None

    def test_set_uses(self, results: ComparisonResults) -> TestSetUses:
        """How often these test rows were looked at, this time among them."""
        leader = results.ranking[0].test_accuracy
        return self.vault.uses(self.dataset.test, self.file.study.digest, leader)

    @cached_property
    def shared(self) -> list[SharedRows]:
        return shared_rows(self.dataset)

    @property
    def learnt_validation(self) -> list[str]:
        """Members that are fitted again on training and validation rows."""
        is_apart = self.dataset.folds is None
        return [m.name for m in self.file.study.models if is_apart and getattr(m, "refit", False)]

    def leak_warnings(self) -> list[str]:
        return leak_warnings(self.shared, self.learnt_validation)

    def description(self, done: StudyTasks) -> dict[str, Any]:
        """Everything that the comparison depends on."""
        return {
            "code": code_key(*_CODE),
            "libraries": {name: version_of(name) for name in _LIBRARIES},
            "study": self.file.study.digest,
            "file": str(self.file.path),
            "data": self.dataset.provenance.as_dict(),
            "ids": ids_digest(self.dataset),
            "tasks": [task.folder.name for task in done.tasks if task.is_done],
            "failed": {
                key: outcome.reason
                for key, outcome in [*done.failed.items(), *done.asked.failed.items()]
            },
        }

    def compare(self, done: StudyTasks) -> ComparisonResults:
        study, dataset = self.file.study, self.dataset
        done.refuse_nothing()
        truths = {
            "training": dataset.training.labels,
            "validation": dataset.validation.labels,
            "test": self.test_labels(done),
        }
        members = fitted_models(
            done.planned, done.failed, self.run, truths, dataset.training, dataset.folds
        )
        committees = evaluated_committees(
            study.committee, members, self.run, truths, dataset.training, dataset.folds
        )
        evidence = evidence_of(members, committees, truths)
        run = self.scored(members, committees, done.look)
        found = analysed(
            self.with_costs(run, done.asked),
            evidence,
            study.pair,
            study.claim,
            study.abstention,
            study.decision,
        )
        return ComparisonResults(
            format=FORMAT,
            title=study.title,
            about=study.about,
            study=StudyFacts(file=str(self.file.path), hash=study.digest, text=study.to_toml()),
            notices=self.notices(members, done.asked),
            data=run.data,
            nested=self.nested(members, committees),
            failures=members.failures + committees.failures,
            votes=votes(evidence.tested, evidence.truth, study.votes.rows, study.votes.seed),
            first_rows=first_rows(evidence.tested, evidence.truth),
            exploration=run.exploration,
            robustness=self.robustness(done.asked, committees, evidence.truth),
            **vars(found),
        )

    def scored(
        self,
        members: EvaluatedModels[ScoredMember],
        committees: EvaluatedModels[ScoredCommittee],
        look: Task | None,
    ) -> ScoredRun:
        """What is scored, with what is known of the images beside it."""
        return ScoredRun(
            data=self.data(),
            members=members.results,
            committees=committees.results,
            votes_seed=self.file.study.votes.seed,
            exploration=read_exploration(look.folder).results if look and look.is_done else None,
            look_failed=any(failed.name == "exploration" for failed in members.failures),
            shared=self.shared,
            learnt_validation=self.learnt_validation,
        )

    def nested(
        self, members: EvaluatedModels[ScoredMember], committees: EvaluatedModels[ScoredCommittee]
    ) -> NestedChoice | None:
        training = self.dataset.training
        score = choosing_score(self.file.study.decision.score, training.classes, training.labels)
        return nested_choice(members, committees, training, self.dataset.folds, score)

    def notices(self, members: EvaluatedModels[ScoredMember], asked: PostFit) -> list[Notice]:
        return [
            *(Notice(level="warning", text=text) for text in self.leak_warnings()),
            *notices(self.dataset, members, self.file.study),
            *skipped_notices(asked),
        ]

    def data(self) -> Data:
        """What the results say of the images."""
        grid = self.file.study.samples
        count = grid.rows * grid.columns
        shown = samples(self.dataset.training, count, grid.columns, grid.seed)
        return data_summary(self.dataset, shown)

    def with_costs(self, run: ScoredRun, asked: PostFit) -> ScoredRun:
        if asked.cost is None or not asked.cost.is_done:
            return run.with_costs({}, "measuring it failed")
        own = {name: committee.asked for name, committee in run.committees.items()}
        return run.with_costs(read_costs(asked.cost.folder, own))

    def robustness(
        self, asked: PostFit, committees: EvaluatedModels[ScoredCommittee], truth: Labels
    ) -> Robustness | None:
        predictions, failed = read_all_predictions(asked.corruption, asked.failed)
        test = self.dataset.test
        return robustness(
            predictions,
            {name: (committees.results[name].members, c) for name, c in committees.rules.items()},
            dict(zip(test.ids.tolist(), truth.tolist(), strict=True)),
            test.classes,
            asked.skipped | failed,
        )

    def test_labels(self, done: StudyTasks) -> Labels:
        study = self.file.study
        names = [member.name for member in done.planned] + [c.name for c in study.committee]
        return self.vault.open(self.dataset.test, study.digest, names, _WHY).labels
