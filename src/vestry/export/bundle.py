"""A bundle: one ONNX file that predicts from raw images, and says in its metadata what it is.

Its graph takes `images`, (rows, height, width[, 3]) uint8, and gives `probabilities`, (rows,
classes) float32; a committee's gives `member_probabilities`, (rows, members, classes), as well.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray

from vestry.data.image_set import PREPARATIONS, Preparation
from vestry.errors import ModelError, one_line
from vestry.storage.onnx_file import read_model_bytes, safe_model
from vestry.storage.run_folder import atomic_path

_FORMAT = 1
KEY = "vestry"
"""The metadata entry that holds a bundle's facts, as JSON."""
IMAGES, PROBABILITIES, MEMBER_PROBABILITIES = "images", "probabilities", "member_probabilities"

Border = Literal["dark", "light"]
Facts = dict[str, Any]

_FASHION_MNIST = "fashion-mnist"
"""As its data's facts call it."""


@dataclass(frozen=True)
class KnownImages:
    """Labelled images that come with a model.

    labels, ids: one a picture. sprite: base64 of a PNG in which they stand below each other.
    """

    labels: tuple[int, ...]
    ids: tuple[str, ...]
    sprite: str


@dataclass(frozen=True)
class Bundle:
    """What a bundle says of itself.

    name: the member's or committee's. rule: a committee's, or None. members: names, one for a
    member alone. image_shape: (height, width) or (height, width, 3). preparation: how the training
    images were made of pictures; None in a file from before that was stored. border: what they have
    around their object, by which photographs are prepared; None where it is no plain colour.
    scores: by split, each score with its interval where there is one. threshold: the confidence
    under which an answer is "not sure"; None where no threshold keeps the accuracy that was asked
    for. sets: `thresholds` and `by_class`, one probability a class from which on it stands in an
    answer's set, with `coverage_asked`. novelty: `threshold`, the likeness to the nearest known
    image under which an image is unlike them. Both are empty in a file from before they were
    stored, or where they could not be chosen. temperature: applied in the graph; 1 leaves
    probabilities as they are. certificate: what the parity gate measured. quantized: None, or what
    int8 weights changed.
    known: training images that an answer is set beside. samples: validation images to try.
    """

    name: str
    classes: tuple[str, ...]
    image_shape: tuple[int, ...]
    members: tuple[str, ...] = ()
    rule: str | None = None
    border: Border | None = None
    preparation: Preparation | None = None
    title: str = ""
    study: Facts = field(default_factory=dict)
    data: Facts = field(default_factory=dict)
    scores: Facts = field(default_factory=dict)
    threshold: float | None = None
    abstention: Facts = field(default_factory=dict)
    sets: Facts = field(default_factory=dict)
    novelty: Facts = field(default_factory=dict)
    temperature: float = 1.0
    parameters: int | None = None
    certificate: Facts = field(default_factory=dict)
    quantized: Facts | None = None
    versions: Facts = field(default_factory=dict)
    created: str = ""
    known: KnownImages | None = None
    samples: KnownImages | None = None

    @property
    def is_committee(self) -> bool:
        return self.rule is not None

    @property
    def prepares_as(self) -> Preparation:
        """How pictures are made into images. Of a file that does not say it, the data's name tells
        whether they were Fashion-MNIST's; pictures for other data are taken whole."""
        if self.preparation is not None:
            return self.preparation
        return "photograph" if self.data.get("source") == _FASHION_MNIST else "stored"

    @property
    def licence(self) -> str | None:
        """Of the data that it was trained on."""
        return self.data.get("licence")

    def as_json(self) -> str:
        return json.dumps({"format": _FORMAT} | asdict(self), ensure_ascii=False)


def bundle_of(text: str) -> Bundle:
    """The facts that `as_json` wrote; raises ModelError where they are not such."""
    try:
        facts = json.loads(text)
        if facts.pop("format") != _FORMAT:
            raise ModelError("it was exported by another version of vestry; export it again")
        given = {key: value for key, value in facts.items() if key in _FIELDS}
        for key in ("classes", "image_shape", "members"):
            given[key] = tuple(given[key])
        for key in ("known", "samples"):
            given[key] = _known_images(given.get(key))
        return _checked(Bundle(**given))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"what it says of itself cannot be read ({one_line(error)})") from None


_FIELDS = {entry.name for entry in fields(Bundle)}


def _known_images(facts: Facts | None) -> KnownImages | None:
    if not facts:
        return None
    return KnownImages(tuple(facts["labels"]), tuple(facts["ids"]), str(facts["sprite"]))


def _checked(bundle: Bundle) -> Bundle:
    shape = bundle.image_shape
    if len(bundle.classes) < 2 or len(shape) not in (2, 3) or shape[2:] not in ((), (3,)):
        raise ModelError("what it says of itself is not of a classifier of images")
    if not all(isinstance(side, int) and 0 < side <= 4096 for side in shape):
        raise ModelError(f"images of {shape} are not read")
    if bundle.preparation not in (None, *PREPARATIONS):
        raise ModelError(
            f"its pictures are to be prepared in a way not known here ({bundle.preparation!r}); "
            "use the version of vestry that exported it"
        )
    _check_limits(bundle)
    return bundle


def _check_limits(bundle: Bundle) -> None:
    """Raise ModelError where sets or novelty are not what an answer can be held against."""
    given = [bundle.sets[key] for key in ("thresholds", "by_class")] if bundle.sets else []
    if any(len(row) != len(bundle.classes) for row in given):
        raise ModelError("its sets have not one threshold for each class")
    limits = [value for row in given for value in row]
    if bundle.sets:
        limits.append(bundle.sets["coverage_asked"])
    if bundle.novelty:
        limits.append(bundle.novelty["threshold"])
    if not all(isinstance(value, float | int) and -1 <= value <= 1 for value in limits):
        raise ModelError("a threshold of its sets, or of its likeness, is no number from -1 to 1")


def with_bundle(model: onnx.ModelProto, bundle: Bundle) -> onnx.ModelProto:
    """The same graph with other facts in its metadata."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    onnx.helper.set_model_props(changed, {KEY: bundle.as_json()})
    return changed


def write_bundle(path: Path, model: onnx.ModelProto, bundle: Bundle) -> None:
    content = with_bundle(model, bundle).SerializeToString()
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def read_bundle(path: Path) -> tuple[bytes, Bundle]:
    """A bundle's file and facts. Raises ModelError where it is not there, damaged, unsafe or no
    bundle."""
    content = read_model_bytes(path)
    return content, bundle_in(content, path)


def bundle_in(content: bytes, path: Path) -> Bundle:
    """The facts of a bundle that was read before, from `path`. Raises ModelError as `read_bundle`
    does."""
    try:
        model = safe_model(content)
        properties = {entry.key: entry.value for entry in model.metadata_props}
        if KEY not in properties:
            raise ModelError("`vestry export` did not write it, so its classes are not known")
        bundle = bundle_of(properties[KEY])
        _check_signature(model, bundle)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    return bundle


def _check_signature(model: onnx.ModelProto, bundle: Bundle) -> None:
    """Raise ModelError unless the graph takes and gives what the facts say."""
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if [value.name for value in inputs] != [IMAGES]:
        raise ModelError(f"it does not take `{IMAGES}` alone")
    kind = inputs[0].type.tensor_type
    shape = tuple(side.dim_value for side in kind.shape.dim)
    if kind.elem_type != onnx.TensorProto.UINT8 or shape[1:] != bundle.image_shape:
        raise ModelError(f"its images are not uint8 of {bundle.image_shape}")
    outputs = {value.name for value in model.graph.output}
    wanted = {PROBABILITIES} | ({MEMBER_PROBABILITIES} if bundle.is_committee else set())
    if not wanted <= outputs:
        raise ModelError(f"it does not give {' and '.join(sorted(wanted))}")


# What the training images have around their object, so that photographs can be made like them.


_ROWS = 2000
DARK, LIGHT = 24, 231
"""Border pixels at most, or at least, this bright."""
_SHARE = 0.75
"""Of all border pixels: an object may touch the edge, as a trouser leg does."""


def border_of(images: NDArray[np.uint8]) -> Border | None:
    """ "dark" or "light" where most of the outermost pixels are; None where they are of all kinds.

    images: (n, height, width[, 3]); at most 2,000 of them are looked at, evenly spread.
    """
    some = images[:: max(1, len(images) // _ROWS)]
    edges = (some[:, 0], some[:, -1], some[:, 1:-1, 0], some[:, 1:-1, -1])
    ring = np.concatenate([edge.reshape(-1) for edge in edges])
    if (ring <= DARK).mean() >= _SHARE:
        return "dark"
    return "light" if (ring >= LIGHT).mean() >= _SHARE else None
