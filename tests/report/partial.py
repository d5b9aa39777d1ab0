"""Records of a few keys, for tests of what reads no others."""

from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from vestry.schema.base import Record

Kind = TypeVar("Kind", bound=Record)


def part(kind: type[Kind], facts: dict[str, Any]) -> Kind:
    """A record of these facts alone, unchecked; keys are those of `results.json`."""
    fields = {field.alias or name: (name, field) for name, field in kind.model_fields.items()}
    return kind.model_construct(
        **{fields[key][0]: made(fields[key][1].annotation, value) for key, value in facts.items()}
    )


def made(annotation: Any, value: Any) -> Any:
    inner = get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in inner if kind is not type(None)]
        return value if value is None or len(kinds) > 1 else made(kinds[0], value)
    if get_origin(annotation) is list and isinstance(value, list):
        return [made(inner[0], each) for each in value]
    if get_origin(annotation) is dict and isinstance(value, dict):
        return {key: made(inner[1], each) for key, each in value.items()}
    if isinstance(value, dict) and isinstance(annotation, type) and issubclass(annotation, Record):
        return part(annotation, value)
    return value
