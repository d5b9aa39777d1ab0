"""How a network or a backbone was fitted."""

from pydantic import Field

from vestry.schema.base import Number, Record, Settings

History = dict[str, list[Number | None]]


class LayerTrial(Record):
    """A way to compute a layer, as it was tried."""

    microseconds: float = Field(description="it took")
    error: float = Field(description="how far off it was, relative")


class Training(Record):
    """How a network was trained."""

    epochs: int = Field(description="asked for")
    batch_size: int = Field(description="images a step")
    optimizer: str = Field(description="its key")
    learning_rate: float = Field(description="at the start")
    patience: int | None = Field(description="epochs of early stopping; null without")
    precision: dict[str, str] = Field(description="arithmetic by layer")
    trials: dict[str, dict[str, LayerTrial]] = Field(
        description="what each layer's candidates took"
    )
    epochs_run: int = Field(description="until it ended")
    stopped_early: bool = Field(description="whether early stopping ended it")
    best_epoch: int | None = Field(description="of the lowest validation loss, where it is kept")
    restored_best: bool = Field(description="whether its weights were taken")


class AugmentationShown(Record):
    """How training images were altered, and what that looks like."""

    settings: Settings = Field(description="the study's")
    words: list[str] = Field(description="a phrase for each alteration")
    image: str | None = Field(description="id of one training image")
    label: int | None = Field(description="its label")
    variants: list[str] = Field(description="ids of pictures of it as training saw it")


class BackboneFacts(Record):
    """A backbone that features were taken from."""

    name: str = Field(description="its key, as in the study")
    weights: str = Field(
        description="what it runs on: `imagenet`, `file`, `random`, `study`, `onnx`, `pretrained`"
    )
    asked: str = Field(description="the weights that the study asks for")
    why_replaced: str | None = Field(description="why they differ")
    parameters: int | None = Field(description="numbers learnt before; null where not counted")
    features: int = Field(description="numbers an image")
    feature_shape: list[int] = Field(description="they have")
    image_size: list[int] = Field(description="height and width that images are brought to")
    normalisation: str = Field(description="of pixels, in words")
    sha256: str = Field(description="of its weights; of a model file, of what is stored of it")
    precision: str = Field(description="of training images' features; all others are `fp32`")
    precision_error: float | None = Field(description="of these features, relative")
    trials: dict[str, float] = Field(description="images a second by precision")
    seconds: float = Field(description="that features took")
    images_through: int = Field(description="computed by the first seed's fit, test rows included")
    images_found: int = Field(description="kept from before")
