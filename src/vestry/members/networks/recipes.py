"""Networks and their training by name: `recipe` and `size`, written out as ordinary settings.

The shape is a narrow residual network of nine layers (He, Zhang, Ren and Sun, 2016, as Page's
"How to train your ResNet", 2018, has it): its maxima are taken after the convolution and before
batch normalisation. It is trained by Muon, whose rate rises over the first 15% of all steps and
falls linearly to zero. The longer it is trained, the more its images are altered.
"""

from collections.abc import Mapping
from typing import Any

from vestry.errors import StudyError, did_you_mean

_WIDTHS = {"xs": 8, "s": 12, "m": 16, "l": 24}
"""Filters of the first layer; the last has eight times as many. On images of one channel and ten
classes 104,000, 233,000, 413,000 and 927,000 parameters.
"""
_TRAINING: dict[str, Any] = {
    "batch_size": 128,
    "optimizer": "muon",
    "schedule": {"linear": True},
    "label_smoothing": 0.1,
}
_MIRRORED = {"horizontal_flip": "auto"}
_ERASED = _MIRRORED | {"erasing": {"part": 0.5, "sides": [0.15, 0.5], "fill": "mean"}}
_RECIPES: dict[str, dict[str, Any]] = {
    "fast": {"epochs": 3, "least_steps": 400, "augmentation": _MIRRORED},
    "balanced": {"epochs": 12, "least_steps": 1_000, "augmentation": _ERASED},
    "best": {"epochs": 40, "least_steps": 2_500, "augmentation": _ERASED | {"pad_crop": 1}},
}
_KEYS: dict[str, dict[str, Any]] = {"recipe": _RECIPES, "size": _WIDTHS}
_SIZE = "s"


def written_out(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A study's `[[model]]` with the settings of its `recipe` in the place of that word.

    What the entry says of them itself stays. Raises StudyError for a recipe or size that is none.
    """
    if "recipe" not in entry:
        if "size" in entry and "layers" in entry:
            raise StudyError("`size` is of a recipe; layers have the sizes that they say")
        return dict(entry)
    recipe, size = entry["recipe"], entry.get("size", _SIZE)
    for key, value in (("recipe", recipe), ("size", size)):
        if not (isinstance(value, str) and value in _KEYS[key]):
            raise StudyError(f"`{key}`: {value!r} is none{did_you_mean(str(value), _KEYS[key])}")
    kept = {key: value for key, value in entry.items() if key not in _KEYS}
    made: dict[str, Any] = {"layers": _layers_of(_WIDTHS[size])}
    return made | _TRAINING | _RECIPES[recipe] | kept


def is_recipe_key(entry: Mapping[str, Any], key: str) -> bool:
    """Whether `key` says which recipe `entry` follows."""
    return "recipe" in entry and key in _KEYS


def _layers_of(width: int, activation: str = "relu") -> list[dict[str, Any]]:
    """The layers of the network whose first convolution has `width` filters, as a study has them;
    for images of 8 pixels a side and more."""
    norm, acts = {"batch_norm": True}, {"activation": activation}
    layers = [_conv(width), norm, acts]
    for times, has_sum in ((2, True), (4, False), (8, True)):
        step = [_conv(times * width), {"pool": 2}, norm, acts]
        inner = [_conv(times * width), norm, acts] * 2
        layers += [*step, *([{"add": inner}] if has_sum else [])]
    return [*layers, {"global_pool": "average"}]


def _conv(filters: int) -> dict[str, Any]:
    plain = {"kernel": 3, "padding": "same", "activation": "none", "bias": False}
    return {"conv": filters, **plain}
