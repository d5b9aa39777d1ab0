"""The recommendation's data: which model to take, why, and what would change that."""

from dataclasses import dataclass

from vestry.report.models import Results, models_by_rank
from vestry.report.sentences import choice, limits
from vestry.report.sentences import decision as sentences


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
    """None for results without measured costs, and of an older version, which chose otherwise."""
    found = results.get("decision")
    models = {model.name: model for model in models_by_rank(results)}
    if not found or "majority" not in found or not models:
        return None
    if found["recommended"] is None:
        asked, usual = limits.asked(found["settings"]), sentences.majority(found)
        why = [usual, asked, sentences.nearest(found)]
        more: list[str | None] = [sentences.rule(found)]
    else:
        reason = choice.why(found, models)
        why = [
            reason,
            sentences.majority(found),
            sentences.binding(found),
            sentences.on_test(found),
        ]
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
