"""What a library warns of while it fits, in words for who reads the page, not its source."""

import re
import warnings
from collections.abc import Iterable

_CHANGES = (FutureWarning, DeprecationWarning, PendingDeprecationWarning)
_OUT_OF_STEPS = re.compile(r"iteration|max_iter|did not converge|terminated early", re.IGNORECASE)
_OTHER_STATUS = re.compile(r"status=(?!1\b)\d+")
"""lbfgs ends with status 1 where its steps are used up, and with others where it found no step."""
_COLLINEAR = re.compile(r"collinear|ill-conditioned|singular matrix", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def fit_warnings(caught: Iterable[warnings.WarningMessage], max_iter: object) -> list[str]:
    """A half sentence each, to follow the model's name; of those that differ by their numbers alone
    (one a pixel) the first, and how many more there were.

    max_iter: the estimator's, whatever it is; None where it has none of its own.
    """
    kinds: dict[str, list[str]] = {}
    for text in dict.fromkeys(_in_words(each.message, max_iter) for each in caught):
        kinds.setdefault(_NUMBER.sub("#", text), []).append(text)
    return [
        f"{text} (and {len(others):,} more like this)" if others else text
        for text, *others in kinds.values()
    ]


def _in_words(message: Warning | str, max_iter: object) -> str:
    text = _first_line(message)
    kinds = {kind.__name__ for kind in type(message).__mro__}
    if "ConvergenceWarning" in kinds and _OUT_OF_STEPS.search(text):
        if _OTHER_STATUS.search(text):
            return (
                "stopped before it converged, though it had steps left; try another `scale`, or "
                "more regularisation"
            )
        now = f" (it is {max_iter:,})" if isinstance(max_iter, int) and max_iter > 0 else ""
        return f"stopped before it converged; raise max_iter{now}"
    if isinstance(message, _CHANGES):
        return f"its library is going to change what it uses: {_first_sentence(text)}"
    if _COLLINEAR.search(text):
        return (
            "pixels are combinations of others, or nearly, so its coefficients are not certain; "
            "more regularisation would help"
        )
    if isinstance(message, RuntimeWarning):
        return f"its arithmetic left the range of numbers ({text})"
    return f"its library warns: {text}"


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?]) (?=[A-Z])", text)[0].rstrip(".")


def _first_line(message: Warning | str) -> str:
    text = str(message).strip()
    return text.splitlines()[0].rstrip(":. ") if text else repr(message)
