"""Vestry: which model for my small labelled images, and is a committee worth its cost?"""

import importlib
from typing import TYPE_CHECKING, Any

from vestry.system.parts import explained
from vestry.system.telemetry import switch_off
from vestry.version import __version__

if TYPE_CHECKING:
    from vestry.committees.committee_settings import CommitteeSettings as Committee
    from vestry.members.networks.settings import NetworkSettings as Network
    from vestry.python_api.finished_run import Run
    from vestry.python_api.model_tables import Model
    from vestry.python_api.studies import choose, open, run, try_
    from vestry.serve.predictor import Predictor
    from vestry.sklearn_api.committee_classifier import CommitteeClassifier
    from vestry.sklearn_api.network_classifier import NetworkClassifier
    from vestry.study.settings import Study

switch_off()  # here, because no module of Vestry is imported before this one

__all__ = [
    "Committee",
    "CommitteeClassifier",
    "Model",
    "Network",
    "NetworkClassifier",
    "Predictor",
    "Run",
    "Study",
    "__version__",
    "choose",
    "open",
    "run",
    "try_",
]

_STUDIES = "vestry.python_api.studies"
_PLACES = {
    "Committee": ("vestry.committees.committee_settings", "CommitteeSettings"),
    "CommitteeClassifier": ("vestry.sklearn_api.committee_classifier", "CommitteeClassifier"),
    "Model": ("vestry.python_api.model_tables", "Model"),
    "Network": ("vestry.members.networks.settings", "NetworkSettings"),
    "NetworkClassifier": ("vestry.sklearn_api.network_classifier", "NetworkClassifier"),
    "Predictor": ("vestry.serve.predictor", "Predictor"),
    "Run": ("vestry.python_api.finished_run", "Run"),
    "Study": ("vestry.study.settings", "Study"),
    "choose": (_STUDIES, "choose"),
    "open": (_STUDIES, "open"),
    "run": (_STUDIES, "run"),
    "try_": (_STUDIES, "try_"),
}
"""Where each public name lives; it is imported when it is first asked for, because the classifiers
bring scikit-learn and the predictor onnxruntime."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PLACES[name]
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise explained(error) or error from None
    globals()[name] = found  # so that the next look-up is a plain one
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
