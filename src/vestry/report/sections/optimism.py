"""In words: what of a validation figure is due to choosing by it."""

from vestry.report.formatting import listed, per_cent
from vestry.report.models import Model, chosen_on
from vestry.schema.results import Results

_DIGITS = 1


def taken_off(model: Model) -> str | None:
    """Beside the figure that is quoted, what it was before; None where nothing was taken off.

    The points are the difference of the two figures as they are printed.
    """
    found = model.entry.optimism
    if found is None:
        return None
    seen = model.entry.central("validation", "accuracy")
    amount = _printed(seen, found.corrected)
    if amount is None:
        return None
    choices = {"the epoch": found.early_stopping, "the settings": found.search}
    chosen = listed([name for name, value in choices.items() if value is not None])
    whose = " of its members" if model.is_committee else ""
    return (
        f"{per_cent(seen, _DIGITS)}, of which about {amount} are due to choosing {chosen}{whose} "
        "on the same images"
    )


def best_of(results: Results) -> str | None:
    """What the first's figure has from being the best of several; None for one model, and where
    no row is wrong: redrawn, these show no other figure."""
    found = results.best_of
    if found is None:
        return None
    before = found.corrected + found.optimism
    amount = _printed(before, found.corrected)
    if before >= 1:
        return None
    rows = chosen_on(results).counted(results.data.splits["validation"].rows)
    best = f"{per_cent(before, _DIGITS)} of {found.first} is the best of {found.models} models"
    if amount is None:
        return f"{best} on the same {rows}; taking the best adds less than 0.1 points to it."
    return (
        f"{best} on the same {rows}, of which about {amount} are due to taking the best: "
        f"{per_cent(found.corrected, _DIGITS)} is what its validation figure lets expect."
    )


def _printed(before: float, after: float) -> str | None:
    """ "1.2 points"; None where both are printed alike."""
    amount = round(100 * before, _DIGITS) - round(100 * after, _DIGITS)
    if amount < 0.5 * 10**-_DIGITS:
        return None
    text = f"{amount:.{_DIGITS}f}"
    return f"{text} point" if text == "1.0" else f"{text} points"
