"""What a study file says of a backbone with a head. Nothing here needs torch."""

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from vestry.errors import did_you_mean
from vestry.members.backbones.published import PUBLISHED
from vestry.members.backbones.unfreezing import FineTuning, check_unfrozen
from vestry.members.estimators.importable import ImportPath
from vestry.members.estimators.kind import EstimatorSettings
from vestry.members.networks.layers import Layers
from vestry.members.networks.layers.global_pool import GlobalPool
from vestry.members.networks.settings import TrainingSettings
from vestry.members.onnx_models.kind import InputSettings, OnnxSettings

SMALLEST = 32
"""Pixels a side: below it VGG16's five pools leave nothing."""
LITE0_SIDE = 224
"""As it was trained."""


# What a study file says of a model of the kind `backbone`.


STUDY, FILE, ONNX_FILE = "study:", "file:", "onnx:"
HEAD_FILE = "head.onnx"
"""Of an estimator on a backbone: features to probabilities."""
LITE0 = "efficientnet-lite0"
_NAMED = (*PUBLISHED, LITE0)
LIBRARIES = ("timm:", "torchvision:")
_PREFIXES = (
    "study:RUN/MODEL, a network of an earlier run; onnx:FILE, a model in a file; timm:NAME or "
    "torchvision:NAME, where these are installed"
)
_OF_ESTIMATORS = ("estimator", "params", "scale", "refit", "pool")
_OF_FILES = ("input", "output", "sha256")
_OF_LAYERS = (
    *("layers", "unfreeze", "fine_tuning"),
    *(key for key in TrainingSettings.model_fields if key != "precision"),
)
"""Precision is the backbone's own, too."""
_LATER = ("teacher", "distillation", "unfreeze", "fine_tuning")
"""Keys that came later: fits are known by the others where these are not used."""


def _both_sides(given: Any) -> Any:
    return (given, given) if isinstance(given, int) and not isinstance(given, bool) else given


_Side = Annotated[int, Field(ge=1, le=1024)]
_Size = Annotated[tuple[_Side, _Side], BeforeValidator(_both_sides)]
Pool = Literal["average", "max", "none"]


class BackboneSettings(TrainingSettings):
    """A frozen backbone and a head on its features: layers, with how they are trained, or an
    estimator."""

    kind: Literal["backbone"] = "backbone"
    backbone: str = Field(
        description="vgg16, resnet50, efficientnet-lite0, onnx:FILE, a model in a file, timm:NAME "
        "or torchvision:NAME, or study:RUN/MODEL, a network trained by an earlier run"
    )
    weights: str | None = Field(
        None,
        validate_default=True,
        description="imagenet, file:PATH or random; of vgg16 and resnet50, imagenet if not given; "
        "of timm: and torchvision: random instead of their own",
    )
    otherwise: Literal["random"] | None = Field(
        None, description="used, loudly, where the imagenet weights are not to be had"
    )
    image_size: _Size | None = Field(
        None,
        description="height and width that images are resized to, or one number for both; by "
        f"default their own, but at least {SMALLEST}, of efficientnet-lite0 {LITE0_SIDE}, of a "
        "file what it takes",
    )
    layers: Annotated[Layers, Field(min_length=1)] | None = Field(
        None, description="the head on the backbone's features; the output layer is added"
    )
    estimator: ImportPath | None = Field(
        None, description="the head instead: an import path, such as sklearn.svm.SVC"
    )
    params: dict[str, Any] = Field(
        default_factory=dict, description="the estimator's own parameters"
    )
    scale: Literal["none", "standard"] = Field(
        "standard", description="an estimator's features as they are, or as z-scores"
    )
    refit: bool = Field(
        False, description="an estimator is fitted once more, on validation rows as well"
    )
    pool: Pool | None = Field(
        None,
        description="of each channel's map of features an estimator gets the average (the "
        "default), the max, or, with none, all numbers",
    )
    output: str | None = Field(
        None,
        description="of a file: the value in it that is the features; by default what goes into "
        "its output layer",
    )
    input: InputSettings = Field(
        InputSettings(), description="of a file: what it takes, but for its size"
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="of a file; where it is given, a file of other content is refused",
    )

    unfreeze: int | None = Field(
        None,
        ge=1,
        description="so many of the backbone's last layers (of resnet50: blocks) are fine-tuned "
        "with the head, after it",
    )
    fine_tuning: FineTuning | None = Field(None, description="how they are")

    @property
    def tuning(self) -> FineTuning:
        return self.fine_tuning or FineTuning()

    @property
    def published(self) -> bool:
        """Whether it is one of the networks that are built here by torch."""
        return self.backbone in PUBLISHED

    @property
    def is_graph(self) -> bool:
        """Whether onnxruntime runs it."""
        return self.backbone.startswith(ONNX_FILE) or self.backbone == LITE0 or self.of_library

    @property
    def of_library(self) -> bool:
        """Whether another library's name for it says which one it is."""
        return self.backbone.startswith(LIBRARIES)

    @property
    def early_pool(self) -> str | None:
        """ "average" or "max" where one number is made of each channel's map before features are
        kept: they are then far fewer. The pool that a head begins with, over a single pixel by
        then, changes nothing."""
        if self.layers is None:
            return None if self.pool == "none" else self.pool or "average"
        return self.layers[0].global_pool if isinstance(self.layers[0], GlobalPool) else None

    @property
    def head(self) -> EstimatorSettings | None:
        """Of an estimator on the features; None where layers are."""
        if self.estimator is None:
            return None
        return EstimatorSettings(
            estimator=self.estimator, params=self.params, scale=self.scale, refit=self.refit
        )

    @model_serializer(mode="wrap")
    def without_unused(self, given: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Keys of the other kind of head say nothing, and fits are known by those that do."""
        own = type(self).model_fields
        unused = {key for key in _OF_FILES if getattr(self, key) == own[key].default}
        unused |= set(_OF_LAYERS if self.estimator else _OF_ESTIMATORS)
        unused |= {key for key in _LATER if getattr(self, key) is None}
        tables: dict[str, Any] = given(self)
        return {key: value for key, value in tables.items() if key not in unused}

    @field_validator("augmentation", check_fields=False)
    @classmethod
    def no_augmentation(cls, value: Any) -> Any:
        if value == "auto":  # for the study's other networks: here is nothing to find
            return None
        if value is not None:
            raise ValueError(
                "each image goes through a frozen backbone once and its features are kept, so "
                "there is nothing to augment; give augmentation to the other models only"
            )
        return value

    @field_validator("backbone")
    @classmethod
    def known_backbone(cls, name: str) -> str:
        run, slash, member = name.removeprefix(STUDY).rpartition("/")
        if name.startswith(STUDY):
            if not (run and slash and member):
                raise ValueError("write study:RUN/MODEL, a run's folder and a network in it")
        elif name.startswith(ONNX_FILE):
            OnnxSettings.is_onnx(name.removeprefix(ONNX_FILE))
        elif name not in _NAMED and not name.startswith(LIBRARIES):
            raise ValueError(f"{name!r} is not known{did_you_mean(name, _NAMED)}; or {_PREFIXES}")
        return name

    @field_validator("weights")
    @classmethod
    def known_weights(cls, given: str | None, info: ValidationInfo) -> str | None:
        if "backbone" not in info.data:
            return given
        if info.data["backbone"].startswith(LIBRARIES):
            if given not in (None, "random"):
                raise ValueError(f'{given!r} is not known; they have their own, or "random" ones')
            return given
        if info.data["backbone"] not in PUBLISHED:
            _refuse_weights(given, info.data["backbone"])
            return None
        weights = given or "imagenet"
        if weights not in ("imagenet", "random") and not weights.startswith(FILE):
            near = did_you_mean(weights, ("imagenet", "random"))
            raise ValueError(f"{weights!r} is not known{near}; or file:PATH")
        return weights

    @field_validator("otherwise")
    @classmethod
    def of_imagenet(cls, given: Any, info: ValidationInfo) -> Any:
        if "backbone" in info.data and info.data["backbone"] not in PUBLISHED:
            _refuse_weights(given, info.data["backbone"])
        weights = info.data.get("weights") or "imagenet"
        if given is not None and weights != "imagenet":
            raise ValueError(f"only imagenet weights may be replaced, not {weights}")
        return given

    @field_validator("image_size")
    @classmethod
    def large_enough(cls, given: Any, info: ValidationInfo) -> Any:
        backbone = info.data.get("backbone", "")
        if backbone.startswith(STUDY):
            _refuse_weights(given, backbone)
        if given is not None and backbone in _NAMED and min(given) < SMALLEST:
            raise ValueError(f"{backbone} takes images of {SMALLEST} pixels a side and more")
        return given

    @model_validator(mode="after")
    def one_head(self) -> "BackboneSettings":
        if (self.layers is None) == (self.estimator is None):
            raise ValueError("a backbone takes one head: `layers` or `estimator`")
        others = _OF_ESTIMATORS if self.layers else _OF_LAYERS
        given = sorted(self.model_fields_set.intersection(others) - {"layers", "estimator"})
        if given:
            head = "`layers`" if self.layers else "an `estimator`"
            named = ", ".join(f"`{key}`" for key in given)
            raise ValueError(f"{named} says nothing of a head that is {head}; leave it out")
        return self

    @model_validator(mode="after")
    def teacher_sees_images(self) -> "BackboneSettings":
        if self.distilled.targets == "augmented":
            raise ValueError(
                'distillation.targets = "augmented" is for networks whose images are altered; a '
                'head on a frozen backbone takes "in_sample" or "out_of_fold"'
            )
        return self

    @model_validator(mode="after")
    def what_can_be_unfrozen(self) -> "BackboneSettings":
        if self.unfreeze is None and self.fine_tuning is not None:
            raise ValueError("fine_tuning says how layers learn; `unfreeze` says how many")
        if self.unfreeze is not None:
            check_unfrozen(self.backbone, self.unfreeze, self.is_graph)
            if self.teacher is not None:
                raise ValueError("unfreeze and teacher do not go together; leave one of them out")
        return self

    @model_validator(mode="after")
    def keys_of_files(self) -> "BackboneSettings":
        given = sorted(self.model_fields_set.intersection(_OF_FILES))
        if given and not self.backbone.startswith(ONNX_FILE):
            named = ", ".join(f"`{key}`" for key in given)
            raise ValueError(f"{named} is for onnx:FILE; of {self.backbone} that is known")
        if self.input.size is not None:
            raise ValueError("`image_size` says what images are resized to, not `size` in `input`")
        return self


def _refuse_weights(given: Any, backbone: str) -> None:
    if given is not None:
        whose = "a network of an earlier run" if backbone.startswith(STUDY) else backbone
        size = " and image size" if backbone.startswith(STUDY) else ""
        raise ValueError(f"{whose} has its own weights{size}")
