"""The kind `module`: a torch module of the user's own, trained here."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from vestry.errors import StudyError
from vestry.members.estimators.importable import ImportPath, check_importable, own_file
from vestry.members.kind import ModelKind, Plan
from vestry.members.model_paths import ModelPaths
from vestry.members.modules.given_here import given, is_here
from vestry.members.modules.module_source import source_of
from vestry.members.networks.device import settled_device
from vestry.members.networks.settings import ImageTrainingSettings
from vestry.members.networks.tracing import MOST_CORES
from vestry.system.installed import packages_of, version_of


class ModuleSettings(ImageTrainingSettings):
    """A torch module by its import path, and how it is trained."""

    kind: Literal["module"] = "module"
    module: ImportPath = Field(
        description="import path of a class of torch.nn.Module, such as nets.Small"
    )
    params: dict[str, Any] = Field(default_factory=dict, description="its own parameters")
    sha256: str | None = Field(
        None, description="of its source; another one is then refused. A run fills it in"
    )


class _ModulePlan(Plan):
    """Nothing is imported: what a class is made of is known by its fit."""

    def describe(self, settings: ModuleSettings) -> str:
        """Raises StudyError where it cannot be there to import, or torch lacks the device."""
        settled_device(settings.device)
        if is_here(settings.module):
            return f"torch module {given(settings.module).words}, trained in this process"
        check_importable(settings.module)
        return f"torch module {settings.module}"

    def threads_for(self, settings: ModuleSettings) -> int:  # noqa: ARG002 - it does not say
        """How much it computes is not known; a trial finds how many of these it uses well."""
        return MOST_CORES

    def gains_beside_others(self, settings: ModuleSettings) -> bool:
        """Threads of one wait for each other at every layer; a device is one for all of them."""
        return settled_device(settings.device) == "auto"  # the processor

    def settled(self, settings: ModuleSettings) -> ModuleSettings:
        """With the SHA-256 of its source: a fit takes no other."""
        source = source_of(settings.module)
        if settings.sha256 not in (None, source.sha256):
            raise StudyError(
                f"{settings.module}: its source ({source.words}) has the SHA-256 {source.sha256}, "
                f"not {settings.sha256}; take the source that is meant, or leave `sha256` out"
            )
        found = {"sha256": source.sha256, "device": settled_device(settings.device)}
        return settings.model_copy(update=found)

    def fits_here(self, settings: ModuleSettings) -> bool:
        return is_here(settings.module)

    def stops_early(self, settings: ModuleSettings) -> bool:
        return settings.early_stopping is not None

    def identity(self, settings: ModuleSettings) -> str | None:
        """The versions of the installed package that brings it, if one does."""
        packages = packages_of(settings.module)
        return ", ".join(f"{name} {version_of(name)}" for name in packages) or None


def _inputs(table: Mapping[str, Any], paths: ModelPaths) -> Iterator[Path]:  # noqa: ARG001
    if isinstance(path := table.get("module"), str):
        try:
            yield from source_of(path).files
        except StudyError:  # planning says what is wrong with it
            return


def _tied(table: Mapping[str, Any]) -> str:
    path = table.get("module")
    if not isinstance(path, str):
        return ""
    if is_here(path):
        return "it was handed over in a Python session of this machine"
    file = own_file(path)
    return f"its class stands in {file.name}, which is not installed" if file else ""


MODULE = ModelKind(
    name="module",
    settings=ModuleSettings,
    implementation="vestry.members.modules.module_member",
    plan=_ModulePlan,
    words="torch module",
    libraries=("torch", "onnx", "onnxruntime"),
    inputs=_inputs,
    is_trained=True,
    tied=_tied,
)
