"""Whether a model's confidence can be taken at its word, before and after temperature scaling."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import LEVEL, Interval, share_interval, t_quantile
from vestry.evaluation.predictions import Tables
from vestry.evaluation.score_intervals import Bins, debiased, overconfidence, wrong_instead
from vestry.predictions.calibration import Temperature
from vestry.predictions.scores import SCORES
from vestry.predictions.sums import Floats, equal_mass_bins, log_losses
from vestry.predictions.table import Labels, ProbabilityTable
from vestry.schema.confidence import Bin, BrierParts, Calibration, Reliability

_DRAWS = 999
_CELLS = 2_000_000
"""Numbers drawn at once: 8 MB."""
_ROUNDING = 1e-6
_SEED = 0
_ALL_BUT_FEW = 0.95


def calibration(tables: Tables, truths: Mapping[str, Labels]) -> Calibration:
    """Calibration of a model's test table as it is, and at a temperature fitted on validation."""
    temperature = Temperature.fit(tables["validation"], truths["validation"])
    scaled = temperature.apply(tables["test"])
    change, interval = _loss_change(tables["test"], scaled, truths["test"])
    return Calibration(
        temperature=temperature.value,
        edge=temperature.edge,
        fitted_on=len(tables["validation"]),
        rows=len(tables["test"]),
        before=reliability(tables["test"], truths["test"]),
        after=reliability(scaled, truths["test"]),
        log_loss_change=change,
        log_loss_change_interval=interval,
    )


def reliability(table: ProbabilityTable, truth: Labels) -> Reliability:
    values = table.probabilities.astype(np.float64)
    confidence, right = values.max(axis=1), table.labels == truth
    bins = equal_mass_bins(confidence)
    by_chance = error_by_chance(confidence, bins)
    ece = SCORES["ece"].of(values, truth)
    gap, gap_interval = overconfidence(confidence, right)
    return Reliability(
        accuracy=float(right.mean()),
        confidence=float(confidence.mean()),
        log_loss=SCORES["log_loss"].of(values, truth),
        overconfidence=gap,
        overconfidence_interval=gap_interval,
        ece=ece,
        ece_debiased=debiased(confidence, right, bins),
        ece_bias=float(by_chance.mean()),
        ece_chance=float(np.quantile(by_chance, _ALL_BUT_FEW)),
        ece_p=float((1 + (by_chance >= ece - _ROUNDING).sum()) / (1 + _DRAWS)),
        brier=SCORES["brier"].of(values, truth),
        brier_parts=brier_parts(confidence, right, bins),
        bins=[_bin(confidence[part], right[part]) for part in bins],
    )


def _bin(confidence: Floats, right: NDArray[np.bool_]) -> Bin:
    accuracy = float(right.mean())
    return Bin(
        rows=len(right),
        confidence=float(confidence.mean()),
        accuracy=accuracy,
        interval=share_interval(int(right.sum()), len(right)),
    )


def error_by_chance(confidence: Floats, bins: Bins) -> Floats:
    """The calibration error that a model with these confidences shows although each is true.

    The error is a mean of absolute gaps, so it is above 0 for a perfectly calibrated model as
    well: each bin's accuracy moves by chance (Brocker and Smith 2007; Kumar et al. 2019 call it
    the bias of the estimate). Answers are drawn as right with the probability of their
    confidence, in the bins of the true table, 999 times with a fixed seed. Returns the errors
    of the draws; as many of them as are no smaller than the error found make the p of the test
    whether it is more than chance.
    """
    rng = np.random.default_rng(_SEED)
    total = np.zeros(_DRAWS)
    for part in bins:
        sure = confidence[part].astype(np.float32)
        step = max(1, _CELLS // len(part))  # the numbers drawn are the same, whatever the step
        right = [
            (rng.random((min(step, _DRAWS - first), len(part)), np.float32) < sure).sum(axis=1)
            for first in range(0, _DRAWS, step)
        ]
        total += np.abs(np.concatenate(right) - confidence[part].sum())
    return total / len(confidence)


def _loss_change(
    before: ProbabilityTable, after: ProbabilityTable, truth: Labels
) -> tuple[float, Interval]:
    """The log loss after less that before, on the same rows, and its paired interval.

    Student's, with the variance that one more wrong row would add: where few are wrong, those that
    are not seen decide whether a model was too sure.
    """
    first, second = (table.probabilities.astype(np.float64) for table in (before, after))
    changes = log_losses(second, truth) - log_losses(first, truth)
    swapped, weights = wrong_instead(first, truth)
    unseen = log_losses(wrong_instead(second, truth)[0], truth) - log_losses(swapped, truth)
    rows = len(truth)
    variance = changes.var() / max(1, rows - 1) + weights @ unseen**2 / rows**2
    half = t_quantile(LEVEL, max(1, rows - 1)) * float(np.sqrt(variance))
    return float(changes.mean()), (float(changes.mean()) - half, float(changes.mean()) + half)


def brier_parts(confidence: Floats, right: NDArray[np.bool_], bins: Bins) -> BrierParts:
    """Murphy's decomposition (1973) of the top label's Brier score.

    That `score` is the mean square of confidence less 1 where the answer is right, less 0 where
    it is wrong. `reliability` less `resolution` plus `uncertainty` is exactly that of a table in
    which each confidence is its bin's mean; `within_bins` is the little that is left to the
    score itself (the two extra parts of Stephenson, Coelho and Jolliffe 2008), so that all four
    make it up. The multiclass score is not taken apart: a class's probabilities are near 0 in
    most rows, so that bins of equal mass leave most of its resolution within them.
    """
    accuracy, score = float(right.mean()), float(((confidence - right) ** 2).mean())
    reliable = resolved = 0.0
    for part in bins:
        share, claimed, kept = len(part) / len(right), confidence[part].mean(), right[part].mean()
        reliable += share * float(claimed - kept) ** 2
        resolved += share * float(kept - accuracy) ** 2
    uncertain = accuracy * (1 - accuracy)
    return BrierParts(
        score=score,
        reliability=reliable,
        resolution=resolved,
        uncertainty=uncertain,
        within_bins=score - (reliable - resolved + uncertain),
    )
