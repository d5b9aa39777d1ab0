"""One measured figure in words, with the uncertainty that belongs to it."""

from typing import Any

from vestry.report.numbers import decimal, per_cent, per_cent_range
from vestry.report.sentences.committees import score_name

NOT_SHARES = ("log_loss", "brier")


def score_words(score: str) -> str:
    return score_name(score)


def shown(value: float, score: str) -> str:
    return decimal(value) if score in NOT_SHARES else per_cent(value)


def figure(found: dict[str, Any], score: str) -> str:
    """ "91.2% (90.6 to 91.7)", and the mean over seeds where there are several."""
    text = shown(found["value"], score)
    if found["interval"] is not None:
        text += f" ({per_cent_range(*found['interval'])})"
    several = found["over_seeds"]
    if not several:
        return text
    seeds = len(several["values"])
    return f"{text} with the first seed, {spread(several, score)} over {seeds} seeds"


def spread(several: dict[str, Any], score: str) -> str:
    """Mean and deviation: "91.0% ± 0.3"."""
    mean, deviation = several["mean"], several["deviation"]
    if score in NOT_SHARES:
        return f"{decimal(mean)} \u00b1 {decimal(deviation)}"
    return f"{per_cent(mean)} \u00b1 {decimal(100 * deviation, 1)}"
