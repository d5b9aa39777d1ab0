"""What a study file says of a committee."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from vestry.committees.rule import RULES, Rule
from vestry.storage.name_type import Name
from vestry.system.registry import OneOf


def _with_option_keys(schema: dict[str, Any]) -> None:
    """Every rule's options among the keys of the JSON schema, which otherwise knows the fields."""
    for rule in RULES.values():
        for name, key in rule.options.model_json_schema()["properties"].items():
            schema["properties"][name] = key | {
                "description": f"rule {rule.name}: {key['description']}"
            }
    schema["additionalProperties"] = False


class CommitteeSettings(BaseModel):
    """One `[[committee]]` of a study file; its rule's own options stand among its keys."""

    model_config = ConfigDict(extra="allow", frozen=True, json_schema_extra=_with_option_keys)

    name: Name = Field(description="what the page and the run folder call it")
    rule: Annotated[str, OneOf(RULES)] = Field(
        default="mean", description="how members' probabilities become one"
    )
    members: list[str] = Field(min_length=2, description="names of members of this study")
    fit_on: Literal["validation", "out_of_fold"] = Field(
        default="validation", description="the rows that the rule learns from"
    )
    reported: dict[str, float] = Field(
        default_factory=dict, description="test figures that a report gave, shown beside ours"
    )
    note: str = Field(default="", description="a remark that the page shows")

    @classmethod
    def known_keys(cls) -> list[str]:
        """All that may stand there, under one rule or another."""
        return [*cls.model_fields, *_all_options()]

    @model_validator(mode="wrap")
    @classmethod
    def with_options(cls, values: Any, handler: Callable[[Any], Self]) -> Self:
        """The rule's own options, with defaults filled in, so that the resolved study says them."""
        if not isinstance(values, dict):
            return handler(values)
        given = {key: value for key, value in values.items() if value is not None}
        common = {key: value for key, value in given.items() if key in cls.model_fields}
        rule = RULES.get(str(given.get("rule", "mean")))
        if rule is None:
            return handler(common)  # which says that there is no such rule
        if taken := [key for key in rule.options.model_fields if key in cls.model_fields]:
            raise ValueError(f"rule {rule.name!r} has the option `{taken[0]}`, a key of committees")
        own = {key: value for key, value in given.items() if key not in common}
        try:
            options = _options_of(rule, own)
        except ValidationError as error:
            raise _together(cls.__name__, error, lambda: handler(common)) from None
        return handler(common | options)

    @model_validator(mode="after")
    def fit_on_belongs(self) -> Self:
        if self.fit_on == "out_of_fold" and not RULES[self.rule].learns:
            rules = ", ".join(name for name, rule in RULES.items() if rule.learns)
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

    @model_serializer(mode="wrap")
    def with_nulls(self, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Other rules' options as null, as they were when they were fields, but those that came
        later: a study's digest is made of this."""
        found = handler(self)
        others = {name for name in _all_options() if name not in found}
        return found | dict.fromkeys(sorted(others - _later_options()))

    @property
    def options(self) -> dict[str, Any]:
        """What the rule itself takes."""
        return dict(self.model_extra or {})


def _all_options() -> list[str]:
    return [name for rule in RULES.values() for name in rule.options.model_fields]


def _later_options() -> set[str]:
    return {name for rule in RULES.values() for name in rule.options.later}


def _options_of(rule: type[Rule], given: dict[str, Any]) -> dict[str, Any]:
    """Raises ValidationError where a key or a value is not one of the rule's."""
    for name in given:
        owners = [repr(o.name) for o in RULES.values() if name in o.options.model_fields]
        if owners and name not in rule.options.model_fields:
            *some, last = owners
            named = f"rules {', '.join(some)} and {last}" if some else f"rule {last}"
            raise ValueError(f"`{name}` belongs to {named}, not to {rule.name!r}")
    found = rule.options(**given).model_dump()
    unset = {name for name in rule.options.later if found[name] is None}
    return {name: value for name, value in found.items() if name not in unset}


def _together(
    title: str, error: ValidationError, check_the_rest: Callable[[], Any]
) -> ValidationError:
    """All that is wrong: with the options, and with the other keys, which are looked at as well."""
    problems = error.errors()
    try:
        check_the_rest()
    except ValidationError as other:
        problems += other.errors()
    return ValidationError.from_exception_data(
        title,
        [
            InitErrorDetails(
                type=PydanticCustomError(
                    p["type"], "{text}", {"text": p["msg"], **p.get("ctx", {})}
                ),
                loc=p["loc"],
                input=p["input"],
            )
            for p in problems
        ],
    )
