"""The kind `onnx`: a model that was trained elsewhere, in a file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vestry.members.kind import ModelKind, Plan, PlanContext
from vestry.members.model_paths import ModelPaths
from vestry.members.onnx_models.onnx_settings import OnnxSettings


class OnnxPlan(Plan):
    """Each file is read once; that it is there and fits is known before any work."""

    def __init__(self, context: PlanContext) -> None:
        super().__init__(context)
        self.found: dict[str, tuple[str, str]] = {}

    def size_up(self, settings: OnnxSettings) -> tuple[str, int]:
        return self.facts(settings)[0], 1

    def settled(self, settings: OnnxSettings) -> OnnxSettings:
        """With the file's SHA-256: another file is another fit, and a fit takes no other."""
        return settings.model_copy(update={"sha256": self.facts(settings)[1]})

    def facts(self, settings: OnnxSettings) -> tuple[str, str]:
        """What the file is, in a line, and its SHA-256; MemberError where it cannot be used."""
        from vestry.members.onnx_models.model_plan import plan  # noqa: PLC0415 - brings onnx

        key = settings.model_dump_json(include=set(OnnxSettings.model_fields))
        if key not in self.found:
            context = self.context
            file = plan(settings, context.paths, context.image_shape, context.classes).file
            count = file.parameters
            size = "" if count is None else f" of {count:,} parameters"
            self.found[key] = f"model{size} from {file.path.name}", file.sha256
        return self.found[key]


def _inputs(table: Mapping[str, Any], paths: ModelPaths) -> Iterator[Path]:
    if isinstance(table.get("onnx"), str):
        yield paths.path(table["onnx"])


ONNX = ModelKind(
    name="onnx",
    settings=OnnxSettings,
    implementation="vestry.members.onnx_models.onnx_model",
    plan=OnnxPlan,
    words="model file",
    libraries=("onnx", "onnxruntime"),
    inputs=_inputs,
    is_finished=True,
)
