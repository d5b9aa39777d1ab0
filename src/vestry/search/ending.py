"""How a trial ends, as whatever fits it says it; nothing heavy is imported for it."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self


class Pruned(Exception):  # noqa: N818 - not an error: what a trial is stopped by
    """The trial is stopped: by now, half of those before it were better."""


@dataclass(frozen=True)
class Ending:
    """score: by what the search compares; None unless complete. losses: the validation loss after
    each epoch that said one. validation_loss: the last of these, or of the whole fit; None where
    that is no number. seconds: it took. reason: why it failed."""

    state: Literal["complete", "pruned", "failed"]
    score: float | None
    losses: dict[int, float]
    validation_loss: float | None
    epochs_run: int
    seconds: float
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"losses": {str(epoch): v for epoch, v in self.losses.items()}}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Self:
        """given: what `as_json` gave, other keys beside it perhaps."""
        own = {each.name: given[each.name] for each in fields(cls)}
        return cls(**own | {"losses": {int(epoch): v for epoch, v in own["losses"].items()}})
