"""Members of the kind `estimator`: any class with the scikit-learn contract, by its import path."""

import contextlib
import copy
import functools
import inspect
import random
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import joblib
import numpy as np
import threadpoolctl
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_clusterer, is_outlier_detector, is_regressor

from vestry.errors import MemberError, one_line
from vestry.members.estimators.features.learnt_features import LearntFeatures, learn_features
from vestry.members.estimators.fit_warnings import fit_warnings
from vestry.members.estimators.fitted_estimator import (
    EstimatorMember,
    decision_scores,
    fit_temperature,
)
from vestry.members.estimators.importable import import_named, is_installed
from vestry.members.estimators.in_parts import fit_in_parts
from vestry.members.estimators.kind import EstimatorSettings, Scaling, fit_scaling, is_in_parts
from vestry.members.kind import FitJob
from vestry.members.model_paths import user_cache
from vestry.system.process_state import unchanged


def fit(settings: EstimatorSettings, job: FitJob) -> EstimatorMember:
    """Fit on the training rows; the temperature, where one is needed, on validation rows.

    Raises MemberError where the class cannot be imported, built or fitted.
    """
    started = time.perf_counter()
    checked = job.validation_images if len(job.validation_images) else job.images
    if job.may_learn_all and _gives_probabilities(settings, job):
        job = job.whole()
    member = _fit_rows(settings, job, job.images, job.labels)
    if not hasattr(member.estimator, "predict_proba"):
        member.temperature = _validation_temperature(member, job)
    if job.may_learn_all or (settings.refit and len(job.validation_labels)):
        member = _refitted(member, settings, job)
    member.fit_seconds = time.perf_counter() - started
    member.check_images = checked
    return member


def _gives_probabilities(settings: EstimatorSettings, job: FitJob) -> bool:
    """Whether no validation rows are needed to make probabilities of its scores."""
    return hasattr(_build(settings, job), "predict_proba")


def _refitted(first: EstimatorMember, settings: EstimatorSettings, job: FitJob) -> EstimatorMember:
    """A model of all rows, which keeps what `first` said of the validation rows, held out then."""
    job.on_event({"event": "stage", "text": "fitting again with the validation rows"})
    held_out = first.predict_proba(job.validation_images)
    images = np.concatenate([job.images, job.validation_images])
    member = _fit_rows(settings, job, images, np.concatenate([job.labels, job.validation_labels]))
    member.temperature, member.held_out = first.temperature, held_out
    member.relabelled, member.predicted = first.relabelled, first.predicted
    member.tied = first.tied
    member.warnings = list(dict.fromkeys(first.warnings + member.warnings))
    return member


def _fit_rows(
    settings: EstimatorSettings,
    job: FitJob,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
) -> EstimatorMember:
    estimator = _build(settings, job)
    parted = images.dtype == np.uint8 and is_in_parts(settings, len(images), images[:1].size)
    scaling, features = _features(settings, job, images, parted)
    with (
        warnings.catch_warnings(record=True) as caught,
        _limited(job.threads),
    ):
        warnings.simplefilter("always")
        _seed_generators(job.seed)
        try:
            # Both arrays are its own to write into: the labels would be every later model's, too.
            with unchanged():
                if features is None:
                    fit_in_parts(estimator, cast(Scaling, scaling), images, labels)
                else:
                    estimator.fit(features, labels.copy())
        except (ValueError, TypeError, AttributeError) as error:
            raise MemberError(
                f"{settings.estimator} cannot be fitted: {one_line(error)}"
            ) from error
    said = fit_warnings(caught, getattr(estimator, "max_iter", None))
    return EstimatorMember(
        settings,
        estimator,
        scaling,
        images.shape[1:],
        job.classes,
        warnings=said,
        on_features=images.dtype != np.uint8,
        in_parts=parted,
    )


def _features(
    settings: EstimatorSettings, job: FitJob, images: NDArray[np.uint8], parted: bool
) -> tuple[Scaling | LearntFeatures, NDArray[np.float64] | None]:
    """What makes features of images, learnt from these, and theirs; None for theirs where they are
    made a part at a time."""
    if settings.features is None:
        scaling = fit_scaling(images, settings.scale)
        return scaling, None if parted else scaling.apply(images)
    job.on_event({"event": "stage", "text": "computing features"})
    with _limited(job.threads):
        made = learn_features(settings.features, images, job.seed, job.threads, user_cache())
    job.on_event({"event": "stage", "text": "fitting"})
    return made


@contextlib.contextmanager
def _limited(threads: int) -> Iterator[None]:
    """Let whatever an estimator computes with use `threads` threads, and no more."""
    with (
        threadpoolctl.threadpool_limits(threads),
        joblib.parallel_config(backend="threading", n_jobs=threads),
    ):
        yield


def _seed_generators(seed: int) -> None:
    """Set the generators that code without a `random_state` draws from."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def _build(settings: EstimatorSettings, job: FitJob) -> Any:
    """The unfitted estimator; it gets the seed where it takes one and the study gives none."""
    factory = _import_class(settings.estimator)
    params = copy.deepcopy(settings.params)  # what it changes in a list stays its own
    if "random_state" in inspect.signature(factory).parameters:
        params.setdefault("random_state", job.seed)
    try:
        estimator = factory(**params)
    except TypeError as error:
        raise MemberError(f"{settings.estimator} does not take these params: {error}") from error
    for word, is_such in _OTHERS.items():
        if isinstance(estimator, BaseEstimator) and is_such(estimator):
            raise MemberError(f"{settings.estimator} is no classifier but a {word}")
    return estimator


_OTHERS = {"regressor": is_regressor, "clusterer": is_clusterer, "detector": is_outlier_detector}
"""What has `fit` and `predict`, too, but knows no classes."""


def _import_class(path: str) -> Any:
    """Raises MemberError where there is none, or where it is hidden by an installed module."""
    found = import_named(path)
    if not _makes_classifiers(found):
        raise MemberError(f"{path} is no classifier: a class with `fit` and `predict` is needed")
    return found


def _makes_classifiers(found: Any) -> bool:
    """Looked at before it is called: calling a `subprocess.Popen` would start a program. A function
    is taken where its module is the user's own, since what it gives is known by calling it alone.
    """
    while isinstance(found, functools.partial):
        found = found.func
    if inspect.isclass(found):
        return hasattr(found, "fit") and hasattr(found, "predict")
    return inspect.isfunction(found) and not is_installed(found.__module__)


def _validation_temperature(member: EstimatorMember, job: FitJob) -> float | None:
    if not hasattr(member.estimator, "decision_function"):
        return None
    features = member.scaling.apply(job.validation_images)
    with unchanged():
        scores = decision_scores(member.estimator, features)
    return fit_temperature(scores, job.validation_labels)


def load(folder: Path, card: dict[str, Any]) -> Any:
    """Restore a stored estimator as an ONNX session; raises MemberError where none was stored."""
    from vestry.members.estimators.onnx_member import OnnxMember  # noqa: PLC0415 - heavy

    return OnnxMember(folder / "model.onnx", card)
