"""Which layer a table of a study file is, by its keys."""

from typing import Any

from vestry.members.networks.layer import LAYERS, Layer
from vestry.system.registry import unknown_key


def kind_of(value: Any) -> str | None:
    """The one key that says which layer this is: of several, one whose layer knows most of the
    others, or the first.
    """
    if isinstance(value, Layer):
        return value.key
    named = [key for key in value if key in LAYERS] if isinstance(value, dict) else []
    known = {key: len(value.keys() & LAYERS[key].model_fields.keys()) for key in named}
    return max(named, key=lambda key: known[key], default=None)


def check_kinds(values: Any) -> Any:
    """Name the layer and the nearest valid kind, which pydantic's own message would not."""
    if not isinstance(values, list | tuple):
        raise ValueError(
            f"layers in a list are needed, such as [{{ flatten = true }}], not {values!r}"
        )
    for index, value in enumerate(values):
        if not isinstance(value, dict | Layer):
            raise ValueError(
                f"layer {index + 1}: a table such as {{ flatten = true }} is needed, not {value!r}"
            )
        if kind_of(value) is None:
            raise ValueError(f"layer {index + 1}: {unknown_key('layer', value, sorted(LAYERS))}")
    return values
