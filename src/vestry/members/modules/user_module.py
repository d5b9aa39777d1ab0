"""A torch module of the user's own, made from its import path."""

import copy
import inspect
import typing
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from vestry.errors import MemberError, one_line
from vestry.members.estimators.importable import import_named, is_installed
from vestry.members.modules.given_here import given as handed_over
from vestry.members.modules.given_here import is_here
from vestry.members.modules.kind import ModuleSettings
from vestry.members.modules.module_source import ModuleSource, source_of

_KNOWN = {
    "classes": ("classes", "num_classes", "n_classes"),
    "channels": ("channels", "in_channels", "in_chans"),
}
"""Parameters that follow from the images: by what they say, their usual names."""


@dataclass(frozen=True)
class UserModule:
    """given: what was passed to it, the study's parameters first."""

    module: nn.Module
    given: dict[str, Any]
    source: ModuleSource


def user_module(
    settings: ModuleSettings, image_shape: tuple[int, ...], classes: int, seed: int
) -> UserModule:
    """Its weights start from torch's generator, which the seed sets.

    Raises MemberError where there is no such class, where it is no torch module, where it does not
    take its parameters, and where its source is not the one that the study began with.
    """
    source = source_of(settings.module)
    if settings.sha256 not in (None, source.sha256):
        raise MemberError(
            f"the source of {settings.module} ({source.words}) has changed since it was planned; "
            "start again"
        )
    factory = _imported(settings.module)
    known = {"classes": classes, "channels": image_shape[2] if len(image_shape) == 3 else 1}
    given = copy.deepcopy(settings.params) | _known(factory, known, settings.params)
    with torch.inference_mode(mode=False), torch.enable_grad():
        torch.manual_seed(seed)
        try:
            module = factory(**given)
        except Exception as error:  # it raises whatever it likes
            raise MemberError(
                f"{settings.module} cannot be made with {_words(given)}: {one_line(error)}"
            ) from error
    if not isinstance(module, nn.Module):
        raise MemberError(f"{settings.module} gave {type(module).__name__}, no torch.nn.Module")
    return UserModule(module, given, source)


def _known(factory: Any, known: dict[str, int], params: dict[str, Any]) -> dict[str, int]:
    """What it takes of this, and the study does not say."""
    takes = inspect.signature(factory).parameters
    return {
        name: known[what]
        for what, names in _KNOWN.items()
        for name in names
        if name in takes and name not in params
    }


def _imported(path: str) -> Any:
    """A class of modules, or a function that gives one; looked at before it is called.

    Of installed packages a function is taken where it says that it gives a module (as
    torchvision's do): what another one does is not known.
    """
    if is_here(path):
        return handed_over(path).make
    try:
        found = import_named(path)
    except MemberError:
        raise
    except Exception as error:  # its file raises whatever it likes
        raise MemberError(f"{path} cannot be imported: {one_line(error)}") from error
    if inspect.isclass(found) and issubclass(found, nn.Module):
        return found
    if inspect.isfunction(found) and (not is_installed(found.__module__) or _gives(found)):
        return found
    raise MemberError(f"{path} is no torch module: a class of torch.nn.Module is needed")


def _gives(function: Any) -> bool:
    try:
        given = typing.get_type_hints(function).get("return")
    except (NameError, TypeError):
        return False
    return inspect.isclass(given) and issubclass(given, nn.Module)


def _words(given: dict[str, Any]) -> str:
    return ", ".join(f"{key} = {value!r}" for key, value in given.items()) or "no parameters"
