"""The layers that a study may have, one a file.

Every module here is imported, and every one that an installed package names as an entry point of
the group `vestry.layers`; each registers its layer."""

import importlib
import pkgutil
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import BeforeValidator, Discriminator, Tag

from vestry.errors import StudyError
from vestry.members.networks.layer import LAYERS, Layer
from vestry.members.networks.layer_kinds import check_kinds, kind_of
from vestry.system.registry import entry_points

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
for _point in entry_points("layers"):
    try:
        _point.load()
    except Exception as error:  # it raises whatever it likes
        raise StudyError(
            f"the module {_point.value}, installed as an entry point of {_point.group!r}, "
            f"could not be loaded ({type(error).__name__}: {error}); mend it or uninstall its "
            "package"
        ) from error

if TYPE_CHECKING:
    Layers = tuple[Layer, ...]
else:
    globals().update({layer.__name__: layer for layer in LAYERS.values()})
    _tagged = tuple(Annotated[layer, Tag(key)] for key, layer in LAYERS.items())
    Layers = Annotated[
        tuple[Annotated[Union[_tagged], Discriminator(kind_of)], ...],  # noqa: UP007
        BeforeValidator(check_kinds),
    ]
    for _layer in LAYERS.values():  # those that hold layers
        _layer.model_rebuild(_types_namespace={"Layers": Layers})
