"""What pydantic finds wrong with a study, said as its author would want to read it.

One line a problem: the place, the key, what is wrong with it, and the nearest valid name.
"""

import re
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from vestry.committees.committee_settings import CommitteeSettings
from vestry.errors import did_you_mean

_Problem = Mapping[str, Any]
_Models = list[type[BaseModel]]


def lines_of(error: ValidationError, model: type[BaseModel], place: str, skip: str) -> list[str]:
    """The problems of `error`, which `model` raised; those below the key `skip` are left out."""
    found = [problem for problem in error.errors() if problem["loc"][:1] != (skip,)]
    problems = [problem for problem in found if not _is_echo(problem, found)]
    misspelt = {target for problem in problems for target in _meant(problem, model)}
    return [
        f"{place}: {_text_of(problem, model)}"
        for problem in problems
        if not (problem["type"] == "missing" and problem["loc"] in misspelt)
    ]


def _is_echo(problem: _Problem, problems: Sequence[_Problem]) -> bool:
    """Whether another one has said it: of a list whose items are wrong, that it lacks items; of a
    value that may be of several types, what each further type asks for."""
    loc = problem["loc"]
    if problem["type"] == "too_short":
        return any(len(other["loc"]) > len(loc) == _common(other["loc"], loc) for other in problems)
    place = [part for part in loc if not _is_type(part)]
    same = (o for o in problems if [part for part in o["loc"] if not _is_type(part)] == place)
    return len(place) < len(loc) and next(same) is not problem


def _common(one: Sequence[Any], other: Sequence[Any]) -> int:
    """How many parts two places have in common at their start."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(other))


def _is_type(part: Any) -> bool:
    """Whether it is no key, but one of the types that a value may have, as pydantic writes them."""
    return isinstance(part, str) and _TYPE.fullmatch(part) is not None


_TYPE = re.compile(r"(constrained|function)-.+|\w+\[.*\]|int|float|str|bool")


def _meant(problem: _Problem, model: type[BaseModel]) -> list[tuple[Any, ...]]:
    """Where the key would stand that an unknown one was meant to be."""
    if problem["type"] != "extra_forbidden":
        return []
    *above, key = problem["loc"]
    hint = did_you_mean(str(key), _names_at(model, above))
    return [(*above, name) for name in _names_at(model, above) if f"mean `{name}`" in hint]


def _text_of(problem: _Problem, model: type[BaseModel]) -> str:
    loc, key = problem["loc"], _shown(problem["loc"], model)
    match problem["type"]:
        case "extra_forbidden":
            near = did_you_mean(str(loc[-1]), _names_at(model, loc[:-1]))
            return f"key `{key}` is unknown{near}"
        case "missing":
            return f"key `{key}` is missing"
        case "too_short":
            least = problem["ctx"]["min_length"]
            return f"`{key}` needs at least {least}, and has {problem['ctx']['actual_length']}"
        case "literal_error":
            allowed = [word.strip("' ") for word in problem["ctx"]["expected"].split(",")]
            allowed = [part.strip("' ") for word in allowed for part in word.split("' or '")]
            near = did_you_mean(str(problem["input"]), allowed)
            return f"`{key}` cannot be {problem['input']!r}{near}"
        case "union_tag_not_found" | "union_tag_invalid":
            names = [next(iter(option.model_fields)) for option in _models_at(model, loc)]
            return f"`{key}` needs one of {', '.join(f'`{name}`' for name in names)}"
    message = problem["msg"].removeprefix("Value error, ")
    where = f"`{key}`: " if loc else ""  # else it is of the whole table, which the place names
    return f"{where}{message[:1].lower() + message[1:]}{_given(problem)}"


def _given(problem: _Problem) -> str:
    value = problem.get("input")
    plain = isinstance(value, str | int | float | bool) and problem["type"] != "value_error"
    return f", not {value!r}" if plain else ""


def _shown(loc: Sequence[Any], model: type[BaseModel]) -> str:
    """A place as its author counts: from 1, without the names of a union's branches."""
    parts: list[str] = []
    for depth, part in enumerate(loc):
        if _is_type(part):
            continue
        if isinstance(part, int):
            parts[-1] += f" #{part + 1}"
        elif len(_models_at(model, loc[:depth])) <= 1:
            parts.append(str(part))
    return ".".join(parts)


def _names_at(model: type[BaseModel], loc: Sequence[Any]) -> list[str]:
    return [name for found in _models_at(model, loc) for name in _keys_of(found)]


def _keys_of(model: type[BaseModel]) -> list[str]:
    """Its fields as a study writes them; a committee also takes the options of its rule."""
    if issubclass(model, CommitteeSettings):
        return model.known_keys()
    return [_key(name, field) for name, field in model.model_fields.items()]


def _key(name: str, field: FieldInfo) -> str:
    """How a study spells a field; the newest spelling where there are several."""
    if isinstance(field.validation_alias, AliasChoices):
        return str(field.validation_alias.choices[0])
    return field.alias or name


def _models_at(model: type[BaseModel], loc: Sequence[Any]) -> _Models:
    """The models that may stand at `loc` below `model`: several where a union has not been decided.

    In a union the location names the branch by the key that tells it from the others.
    """
    here: _Models = [model]
    for part in loc:
        if isinstance(part, int) or _is_type(part):
            continue
        holding = [found for found in here if str(part) in found.model_fields]
        if len(here) > 1:
            here = holding[:1]
        else:
            here = [m for found in holding for m in _models_in(_annotation(found, str(part)))]
    return here


def _annotation(model: type[BaseModel], name: str) -> Any:
    return model.model_fields[name].annotation


def _models_in(annotation: Any) -> _Models:
    """Every model that an annotation speaks of, through unions, lists and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in typing.get_args(annotation) for found in _models_in(part)]
