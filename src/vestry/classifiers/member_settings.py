"""A network classifier's parameters as the settings of a study's member."""

from collections.abc import Mapping
from typing import Any

from vestry.classifiers.default_layers import default_layers
from vestry.classifiers.network_input import NetworkInput
from vestry.classifiers.parameter_error import ParameterError, checked
from vestry.errors import StudyError
from vestry.members.networks.layers import Flatten
from vestry.members.networks.network_settings import NetworkSettings
from vestry.members.networks.tracing import trace


def member_settings(
    place: str, parameters: Mapping[str, Any], prepared: NetworkInput, classes: int
) -> NetworkSettings:
    """The settings of a network that takes what `prepared` gives.

    place: whom a message names. parameters: of these, those that a member has too count, and
    `patience`. Raises ParameterError for values that cannot be.
    """
    values = {name: parameters[name] for name in NetworkSettings.model_fields if name in parameters}
    if values["layers"] is None:
        values["layers"] = default_layers(prepared.shape)
    stopping = {"patience": parameters["patience"], "restore_best": True}
    values["early_stopping"] = stopping if parameters["early_stopping"] else None
    settings = checked(NetworkSettings, place, **values)
    if prepared.mean is not None and settings.augmentation is not None:
        raise ParameterError("augmentation takes uint8 images, and X is something else")
    check_layers(settings, prepared, classes)
    if prepared.is_flat and not isinstance(settings.layers[0], Flatten):
        first = Flatten(flatten=True)
        settings = settings.model_copy(update={"layers": (first, *settings.layers)})
    return settings


def check_layers(settings: NetworkSettings, prepared: NetworkInput, classes: int) -> None:
    """Raise ParameterError where the layers do not take such rows."""
    try:
        trace(settings.layers, prepared.shape, classes)
    except StudyError as error:
        flat = "; X is flat, and `image_shape` makes images of it" if prepared.is_flat else ""
        raise ParameterError(f"{error}{flat}") from None
