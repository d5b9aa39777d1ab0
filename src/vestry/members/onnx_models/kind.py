"""The kind `onnx`: a model that was trained elsewhere, in a file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vestry.members.kind import ModelKind, Plan, PlanContext
from vestry.members.model_paths import ModelPaths

_Side = Annotated[int, Field(ge=1, le=2048)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Channels = Literal["grey", "rgb", "bgr"]
Layout = Literal["channels_first", "channels_last", "flat"]
_Output = Literal["probabilities", "logits"]

_EXPORTERS = {
    (".h5", ".hdf5", ".keras", ".pb", ".tflite"): "tf2onnx or, in Keras 3, model.export",
    (".pt", ".pth", ".ckpt", ".safetensors"): "torch.onnx.export",
    (".pkl", ".pickle", ".joblib"): "skl2onnx",
}


class InputSettings(BaseModel):
    """What the file's model takes; what is not given is read off the shape of its own input."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: tuple[_Side, _Side] | None = Field(
        None, description="height and width that images are resized to; by default its own"
    )
    channels: Channels | None = Field(
        None, description="grey, rgb or bgr; by default grey where it takes one, rgb where three"
    )
    layout: Layout | None = Field(
        None,
        description="channels_first (rows, channels, height, width), channels_last or flat (rows, "
        "height * width * channels)",
    )
    scale: Literal["unit", "none"] | None = Field(
        None,
        description="pixels as 0..1 or as 0..255; by default unit for floats, none for integers",
    )
    mean: list[_Number] | None = Field(
        None,
        min_length=1,
        max_length=3,
        description="subtracted after `scale`: one number, or one a channel in its own order",
    )
    deviation: list[_Positive] | None = Field(
        None, min_length=1, max_length=3, description="what is then divided by, likewise"
    )

    @field_validator("mean", "deviation")
    @classmethod
    def one_or_three(cls, given: list[float] | None) -> list[float] | None:
        if given is not None and len(given) == 2:
            raise ValueError("one number for all channels, or one a channel")
        return given


class OnnxSettings(BaseModel):
    """A trained model in a file, and what lies between it and raw images and probabilities."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["onnx"] = "onnx"
    onnx: str = Field(description="path of an ONNX file, from the study's folder")
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="of the file; where it is given, a file of other content is refused",
    )
    input: InputSettings = InputSettings()
    output: _Output = Field(
        "probabilities", description="what it gives; logits go through a softmax"
    )
    classes: list[str] | None = Field(
        None,
        min_length=2,
        description="the data's classes in the order of its outputs, where that is another",
    )

    @field_validator("onnx")
    @classmethod
    def is_onnx(cls, text: str) -> str:
        suffix = Path(text).suffix.lower()
        if suffix == ".onnx":
            return text
        known = next((words for suffixes, words in _EXPORTERS.items() if suffix in suffixes), None)
        how = f"; write one with {known}" if known else ""
        raise ValueError(f"{text!r} is no .onnx file{how}")

    @field_validator("classes")
    @classmethod
    def each_once(cls, names: list[str] | None) -> list[str] | None:
        if names is not None and len(set(names)) < len(names):
            raise ValueError("a class is named twice")
        return names


class _OnnxPlan(Plan):
    """Each file is read once; that it is there and fits is known before any work."""

    def __init__(self, context: PlanContext) -> None:
        super().__init__(context)
        self.found: dict[str, tuple[str, str]] = {}

    def describe(self, settings: OnnxSettings) -> str:
        return self.facts(settings)[0]

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
    plan=_OnnxPlan,
    words="model file",
    libraries=("onnx", "onnxruntime"),
    inputs=_inputs,
    is_finished=True,
    tied=lambda _: "its file lies on this machine",
)
