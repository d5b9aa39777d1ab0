"""What a study file says of a committee."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vestry.committees.averaging import By
from vestry.storage.name_type import Name

_FitOn = Literal["validation", "out_of_fold"]
RuleName = Literal["mean", "weighted", "geometric", "vote", "stacking", "greedy"]

_OPTIONS: dict[str, dict[str, Any]] = {
    "weighted": {"by": "accuracy"},
    "greedy": {"rounds": 50, "start": 1},
}
"""Each rule's own options with their defaults."""
LEARNING = ("weighted", "stacking", "greedy")


class CommitteeSettings(BaseModel):
    """One `[[committee]]` of a study file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="what the page and the run folder call it")
    rule: RuleName = Field("mean", description="how members' probabilities become one")
    members: list[str] = Field(min_length=2, description="names of members of this study")
    by: By | None = Field(None, description="rule weighted: what the weights follow from")
    rounds: int | None = Field(None, ge=1, le=1000, description="rule greedy: seats to give")
    start: int | None = Field(
        None, ge=1, le=1000, description="rule greedy: seats that go to the best members at once"
    )
    fit_on: _FitOn = Field("validation", description="the rows that the rule learns from")
    reported: dict[str, float] = Field(
        default_factory=dict, description="test figures that a report gave, shown beside ours"
    )
    note: str = Field("", description="a remark that the page shows")

    @model_validator(mode="before")
    @classmethod
    def with_defaults(cls, values: Any) -> Any:
        """The rule's own options, so that the resolved study says them."""
        if not isinstance(values, dict):
            return values
        given = {key: value for key, value in values.items() if value is not None}
        return _OPTIONS.get(str(values.get("rule")), {}) | given

    @model_validator(mode="after")
    def options_belong(self) -> Self:
        for rule, names in _OPTIONS.items():
            for name in names:
                if rule != self.rule and getattr(self, name) is not None:
                    raise ValueError(f"`{name}` belongs to rule {rule!r}, not to {self.rule!r}")
        if self.fit_on == "out_of_fold" and self.rule not in LEARNING:
            rules = ", ".join(LEARNING)
            raise ValueError(
                f"rule {self.rule!r} learns nothing, so it has no use for `fit_on`; "
                f"the rules that learn are {rules}"
            )
        return self

    @model_validator(mode="after")
    def members_are_named_once(self) -> Self:
        twice = [name for name in self.members if self.members.count(name) > 1]
        if twice:
            raise ValueError(f"the member {twice[0]!r} is named {len(twice)} times; once is enough")
        return self

    @property
    def options(self) -> dict[str, Any]:
        """What the rule itself takes."""
        return {name: getattr(self, name) for name in _OPTIONS.get(self.rule, {})}
