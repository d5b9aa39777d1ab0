"""The recommendation's data: which model to take, why, and what would change that."""

from dataclasses import dataclass

from vestry.report.models import Results, models_by_rank
from vestry.report.sentences import decision as sentences
from vestry.report.sentences import limits


@dataclass(frozen=True)
class Decision:
    """why: what stands below the headline. more: what a click shows. changes, excluded: one
    sentence a wish, one a model."""

    headline: str
    why: list[str]
    runner_up: str | None
    changes: list[str]
    excluded: list[str]
    more: list[str]
    taken: str | None


def decision_data(results: Results) -> Decision | None:
    """None for results without a decision: of an older version, or without measured costs."""
    found = results.get("decision")
    models = {model.name: model for model in models_by_rank(results)}
    if not found or not models:
        return None
    if found["recommended"] is None:
        why = [limits.asked(found["settings"]), sentences.nearest(found)]
        more: list[str | None] = [sentences.rule(found)]
    else:
        why = [sentences.why(found, models), sentences.binding(found), sentences.on_test(found)]
        more = [limits.asked(found["settings"]), sentences.rule(found)]
    return Decision(
        headline=sentences.headline(found),
        why=[text for text in why if text],
        runner_up=sentences.runner_up(found, models),
        changes=sentences.changes(found, models),
        excluded=sentences.excluded(found),
        more=[text for text in more if text],
        taken=found["recommended"],
    )
