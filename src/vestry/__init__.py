"""Vestry: which model for my small labelled images, and is a committee worth its cost?"""

import importlib
from typing import TYPE_CHECKING, Any

from vestry.system.telemetry import switch_off
from vestry.version import __version__

if TYPE_CHECKING:
    from vestry.serve.predictor import Predictor
    from vestry.sklearn_api.committee_classifier import CommitteeClassifier
    from vestry.sklearn_api.network_classifier import NetworkClassifier

switch_off()  # here, because no module of Vestry is imported before this one

__all__ = ["CommitteeClassifier", "NetworkClassifier", "Predictor", "__version__"]

PLACES = {
    "CommitteeClassifier": "vestry.sklearn_api.committee_classifier",
    "NetworkClassifier": "vestry.sklearn_api.network_classifier",
    "Predictor": "vestry.serve.predictor",
}
"""Where each public class lives; it is imported when it is first asked for, because the classifiers
bring scikit-learn and the predictor onnxruntime."""


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(PLACES[name]), name)
    globals()[name] = found  # so that the next look-up is a plain one
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *PLACES})
