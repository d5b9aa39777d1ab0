"""What fits go by where a study names the score that it chooses by."""

from typing import Any

from vestry.committees.rule import RULES
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.schema.base import ScoreName


def following_the_score(values: dict[str, Any]) -> dict[str, Any]:
    """A study's tables with the score in what is fitted by one and does not name its own; as they
    are where `[decision]` names none, or names one that there is not."""
    score = _score(values.get("decision"))
    if score is None:
        return values
    changed = {
        "member": [_model(entry, score) for entry in _list(values.get("member"))],
        "committee": [_committee(entry, score) for entry in _list(values.get("committee"))],
        "training": _training(values.get("training"), score),
    }
    return values | {key: part for key, part in changed.items() if key in values}


def _score(decision: Any) -> ScoreName | None:
    given = decision.get("score") if isinstance(decision, dict) else None
    if given is None:
        return None
    try:
        return DecisionSettings(score=given).of_fits
    except ValueError:
        return None  # which its own check reports


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _model(entry: Any, score: ScoreName) -> Any:
    if not isinstance(entry, dict):
        return entry
    searched = entry.get("search")
    if isinstance(searched, dict):
        entry = entry | {"search": {"score": score} | searched}
    return _training(entry, score)


def _training(given: Any, score: ScoreName) -> Any:
    """A table in which `early_stopping` may stand."""
    stopping = given.get("early_stopping") if isinstance(given, dict) else None
    if not isinstance(stopping, dict):
        return given
    monitor = "val_loss" if score == "log_loss" else f"val_{score}"
    return given | {"early_stopping": {"monitor": monitor} | stopping}


def _committee(entry: Any, score: ScoreName) -> Any:
    rule = RULES.get(str(entry.get("rule", "mean"))) if isinstance(entry, dict) else None
    if rule is None or "by" not in rule.options.model_fields:
        return entry
    return {"by": score} | entry
