"""Records among dicts and lists, as they are written."""

from typing import Any

from vestry.schema.base import Record


def as_written(value: Any) -> Any:
    """Dicts and lists of JSON."""
    if isinstance(value, Record):
        return value.as_json()
    if isinstance(value, dict):
        return {key: as_written(part) for key, part in value.items()}
    return [as_written(part) for part in value] if isinstance(value, list | tuple) else value
