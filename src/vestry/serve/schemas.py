"""What answers and the server's listings are in JSON; `GET /openapi.json` is made of these types.

Pydantic turns them into JSON Schema (`http/openapi.py`). They are no models of it, since it would
be 29 ms of a server's start, and building one costs a request more than a dictionary does.
"""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # before Python 3.12 pydantic reads no other

from vestry.data.image_set import Preparation

Facts = dict[str, Any]

Class = TypedDict("Class", {"class": str, "probability": float})
Vote = TypedDict(
    "Vote", {"member": str, "class": str, "confidence": float, "probabilities": list[float]}
)
Answer = TypedDict(
    "Answer",
    {
        "model": str,
        "class": str,
        "label": int,
        "confidence": float,
        "sure": bool | None,
        "threshold": float | None,
        "top": list[Class],
        "set": NotRequired[list[str]],
        "set_by_class": NotRequired[list[str]],
        "unlike": NotRequired[bool | None],
        "likeness": NotRequired[float],
        "agreeing": NotRequired[int],
        "votes": NotRequired[list[Vote]],
    },
)
Sample = TypedDict("Sample", {"id": str, "class": str, "label": int, "image": str})


class Step(TypedDict):
    step: str
    words: str
    image: str


class Near(Sample):
    similarity: float


class Details(TypedDict):
    """How a picture was prepared, and which training images it resembles.

    strip: the steps of the preparation in their order. nearest: the training images of the answer's
    class that are most like what the model saw; empty where the file brings none. abstention, sets,
    novelty: how the thresholds were chosen, as the bundle says it.
    """

    prepared: str
    untouched: bool
    strip: list[Step]
    warnings: list[str]
    nearest: list[Near]
    abstention: Facts
    sets: Facts
    novelty: Facts


class DetailedAnswer(Answer, Details): ...


class FileAnswer(Answer):
    file: str


class FileError(TypedDict):
    file: str
    error: str


class Error(TypedDict):
    error: str


class Model(TypedDict):
    name: str
    slug: str
    title: str
    answer: str | None
    classes: list[str]
    image_shape: list[int]
    preparation: Preparation
    border: Literal["dark", "light"] | None
    members: list[str]
    rule: str | None
    scores: Facts
    threshold: float | None
    sets: Facts
    novelty: Facts
    licence: str | None
    parameters: int | None
    quantized: Facts | None
    certificate: Facts


# The Open Inference Protocol.


class Server(TypedDict):
    name: str
    version: str
    extensions: list[str]


class Live(TypedDict):
    live: bool


class Ready(TypedDict):
    live: bool
    ready: bool


class ModelReady(TypedDict):
    name: str
    ready: bool


class TensorFacts(TypedDict):
    name: str
    datatype: str
    shape: list[int]


class Output(TypedDict):
    name: str
    parameters: NotRequired[Facts]


class ModelMetadata(TypedDict):
    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorFacts]
    outputs: list[TensorFacts]


class Tensor(TensorFacts):
    parameters: NotRequired[Facts]
    data: NotRequired[list[Any]]


class InferenceRequest(TypedDict):
    id: NotRequired[str]
    parameters: NotRequired[Facts]
    inputs: list[Tensor]
    outputs: NotRequired[list[Output]]


class InferenceResponse(TypedDict):
    model_name: str
    model_version: str
    id: NotRequired[str]
    outputs: list[Tensor]
