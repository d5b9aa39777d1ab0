"""What folds choose and say of few images, beside a fifth that is held out.

Of Fashion-MNIST, 300, 500 and 1,000 images are drawn many times over, as a study draws them
(`training_rows`), and quick models are fitted, as a study of folds and one of
`validation = { fraction = 0.2 }` fit them: for the folds' tables and on all rows, and on the four
fifths that are left. Then the model that either takes is asked about the 10,000 test images, and
the final model's accuracy there is held against the interval of its accuracy out of fold.
"""

import argparse
import json
import sys
import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.data.dataset import load_dataset
from vestry.data.folds import StudyFolds
from vestry.data.image_set import ImageSet
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.evaluation.comparison import out_of_fold, table_scores
from vestry.members.estimators.estimator import fit
from vestry.members.estimators.kind import EstimatorSettings
from vestry.members.kind import FitJob
from vestry.predictions.table import ProbabilityTable

ROWS = (300, 500, 1_000)
CANDIDATES = {
    "LR": EstimatorSettings(
        estimator="sklearn.linear_model.LogisticRegression", params={"max_iter": 60}
    ),
    "SVM": EstimatorSettings(estimator="sklearn.svm.SVC", params={"C": 10}),
    "Forest": EstimatorSettings(
        estimator="sklearn.ensemble.RandomForestClassifier", params={"n_estimators": 60}
    ),
    "5 nearest": EstimatorSettings(estimator="sklearn.neighbors.KNeighborsClassifier"),
    "Naive Bayes": EstimatorSettings(estimator="sklearn.naive_bayes.BernoulliNB"),
    "Ridge": EstimatorSettings(estimator="sklearn.linear_model.RidgeClassifier"),
}


@dataclass(frozen=True)
class Draw:
    """What one draw of training rows came to; shares of 1, by candidate.

    folds, held_out: validation accuracy by either. final: on the test rows, fitted on all rows;
    fitted_less: on four fifths. lower, upper: the interval of `folds`.
    """

    rows: int
    folds: dict[str, float]
    held_out: dict[str, float]
    final: dict[str, float]
    fitted_less: dict[str, float]
    lower: dict[str, float]
    upper: dict[str, float]


def draw(rows: int, seed: int, places: DataPaths, test_rows: int | None = None) -> Draw:
    """Everything about `rows` training images drawn with `seed`. test_rows: fewer test images."""
    common = {"source": "fashion-mnist", "training_rows": {"count": rows}, "seed": seed}
    common |= {"test_rows": {"count": test_rows}} if test_rows else {}
    folded = load_dataset(DataSettings(**common, validation={"folds": 5}), places)
    split = load_dataset(DataSettings(**common, validation={"fraction": 0.2}), places)
    assert folded.folds is not None
    test = folded.test.unsealed()
    found = Draw(rows, {}, {}, {}, {}, {}, {})
    for name, settings in CANDIDATES.items():
        table = _out_of_fold(settings, folded.training, folded.folds)
        scores = table_scores(table, folded.training.labels)
        found.folds[name] = scores.scores.accuracy
        found.lower[name], found.upper[name] = scores.intervals["accuracy"] or (0.0, 1.0)
        inner = folded.folds.inner.rows(folded.training)
        found.final[name] = _right(_answers(settings, folded.training, inner, test.images), test)
        both = np.concatenate([split.validation.images, test.images])
        given = _model(settings, split.training, split.validation, whole=False).predict_proba(both)
        count = len(split.validation)
        found.held_out[name] = _right(given[:count], split.validation)
        found.fitted_less[name] = _right(given[count:], test)
    return found


def _out_of_fold(
    settings: EstimatorSettings, rows: ImageSet, folds: StudyFolds
) -> ProbabilityTable:
    tables = []
    for part in folds.parts():
        learnt, held = part.rows(rows.labels, rows.groups)
        own, aside = rows.rows(learnt), rows.rows(held)
        values = _answers(settings, own, folds.inner.rows(own), aside.images)
        tables.append(ProbabilityTable(aside.ids, rows.classes, values, "fold", "training"))
    return out_of_fold(tables, rows.ids, "folds")


Index = NDArray[np.int64]


def _answers(
    settings: EstimatorSettings,
    rows: ImageSet,
    inner: tuple[Index, Index],
    images: NDArray[np.uint8],
) -> NDArray[np.float32]:
    """By a model of all of `rows`, as a study of folds fits it."""
    learnt, aside = inner
    return _model(settings, rows.rows(learnt), rows.rows(aside), whole=True).predict_proba(images)


def _model(settings: EstimatorSettings, rows: ImageSet, validation: ImageSet, whole: bool):  # type: ignore[no-untyped-def]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        job = FitJob(
            images=rows.images,
            labels=rows.labels,
            validation_images=validation.images,
            validation_labels=validation.labels,
            classes=len(rows.classes),
            seed=0,
            threads=1,
            workspace=Path(folder),
            on_event=lambda _: None,
            may_learn_all=whole,
        )
        return fit(settings, job)


def _right(values: NDArray[np.float32], rows: ImageSet) -> float:
    return float((values.argmax(axis=1) == rows.labels).mean())


def summary(draws: list[Draw]) -> dict[str, float]:
    """Means over draws of one size, in per cent and points.

    within: in how many the final model that folds chose lies within its interval; of_all: the same
    of every candidate. gained: how much better final models are than folds say, over all
    candidates; of_first: over the chosen ones, whose figures flatter as the best of several.
    """
    first = [max(d.folds, key=d.folds.__getitem__) for d in draws]
    held = [max(d.held_out, key=d.held_out.__getitem__) for d in draws]
    every = [(d, name) for d in draws for name in CANDIDATES]
    chosen = list(zip(draws, first, strict=True))

    def within(pairs: list[tuple[Draw, str]]) -> float:
        return 100 * float(np.mean([d.lower[n] <= d.final[n] <= d.upper[n] for d, n in pairs]))

    def gained(pairs: list[tuple[Draw, str]]) -> float:
        return 100 * float(np.mean([d.final[n] - d.folds[n] for d, n in pairs]))

    return {
        "rows": draws[0].rows,
        "draws": len(draws),
        "best": 100 * float(np.mean([max(d.final.values()) for d in draws])),
        "folds": 100 * float(np.mean([d.final[n] for d, n in chosen])),
        "held_out": 100
        * float(np.mean([d.fitted_less[n] for d, n in zip(draws, held, strict=True)])),
        "held_out_all_rows": 100
        * float(np.mean([d.final[n] for d, n in zip(draws, held, strict=True)])),
        "within": within(chosen),
        "of_all": within(every),
        "gained": gained(every),
        "of_first": gained(chosen),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--seed", type=int, default=100, help="of the first draw")
    parser.add_argument("--data", type=Path, help="where Fashion-MNIST lies; else VESTRY_DATA")
    parser.add_argument("--rows", type=int, nargs="*", default=ROWS)
    arguments = parser.parse_args()
    places = DataPaths.of(data=arguments.data)
    for rows in arguments.rows:
        draws = []
        for seed in range(arguments.seed, arguments.seed + arguments.draws):
            draws.append(draw(rows, seed, places))
            print(json.dumps(asdict(draws[-1])), file=sys.stderr, flush=True)
        print(json.dumps(summary(draws)), flush=True)


if __name__ == "__main__":
    main()
