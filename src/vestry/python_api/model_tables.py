"""A model that is given in Python as the table that a study file has for it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel

from vestry.errors import StudyError
from vestry.python_api.given_modules import is_module, module_keys
from vestry.study.entries import CommonEntry
from vestry.study.reader import model_of


def model_table(name: str, model: Any) -> dict[str, Any]:
    """A `[[model]]` of that name. model: a scikit-learn estimator (taken by its class and its
    parameters, not as it was fitted), a torch module or its class, settings such as
    `vestry.Network`, an import path, or the table itself, in which `module` may be a class or an
    object, too. Raises StudyError for what cannot be written down."""
    if isinstance(model, str):
        return {"name": name, "estimator": model}
    if isinstance(model, Mapping):
        own = module_keys(model["module"]) if is_module(model.get("module")) else {}
        return {"name": name, **model, **own}
    if isinstance(model, BaseModel):
        return model.model_dump(mode="json", exclude_unset=True) | {"name": name}
    if is_module(model):
        return {"name": name, **module_keys(model)}
    if isinstance(model, type) or not hasattr(model, "get_params"):
        raise StudyError(
            f"model {name!r}: {model!r} is no estimator with parameters, no vestry.Network and no "
            "table; give SVC(C=10), for instance"
        )
    return {"name": name, **_estimator(name, model)}


def _estimator(name: str, model: Any) -> dict[str, Any]:
    kind = type(model)
    path = f"{_public_module(kind)}.{kind.__qualname__}"
    if kind.__module__ == "__main__" or "<locals>" in path:
        raise StudyError(
            f"model {name!r}: {kind.__qualname__} is defined in this session, where the processes "
            "that fit models cannot find it; put it into a module beside, and import it from there"
        )
    usual = kind().get_params(deep=False) if _has_defaults(kind) else {}
    given = model.get_params(deep=False).items()
    changed = {key: value for key, value in given if not _same(value, usual.get(key, ...))}
    params = {key: _written(f"model {name!r}: {key}", value) for key, value in changed.items()}
    return {"estimator": path} | ({"params": params} if params else {})


def _public_module(kind: type) -> str:
    """`sklearn.svm` for a class of `sklearn.svm._classes`, where it is the same class there."""
    import importlib  # noqa: PLC0415 - one line of use

    parts = kind.__module__.split(".")
    public = ".".join(part for part in parts if not part.startswith("_"))
    module = importlib.import_module(public) if public else None
    return public if getattr(module, kind.__qualname__, None) is kind else kind.__module__


def _has_defaults(kind: type) -> bool:
    try:
        kind()
    except TypeError:
        return False
    return True


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)


def _written(place: str, value: Any) -> Any:
    """A value as TOML has it."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple | np.ndarray):
        return [_written(place, part) for part in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _written(place, part) for key, part in value.items()}
    raise StudyError(
        f"{place} is {value!r}, which a study file cannot hold; give a number, a text, a list or a "
        "table, or write a class of your own around it and name that"
    )


def Model(name: str, **keys: Any) -> CommonEntry:  # noqa: N802 - it makes what it names
    """A `[[model]]` of a study, of whichever kind its keys say; StudyError, one line a problem.

    >>> vestry.Model("SVM", estimator="sklearn.svm.SVC", params={"C": 2.0})
    """
    return model_of({"name": name} | keys)
