"""Small bundles for tests: random linear members and their mean, in milliseconds."""

import base64
import io
from dataclasses import replace

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from vestry.export.bundle import Bundle, KnownImages, write_bundle

CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)


SETS = {
    "coverage_asked": 0.95,
    "validation_rows": 500,
    "thresholds": [0.2] * 10,
    "by_class": [0.0, 0.3] + [0.1] * 8,
}
NOVELTY = {"share_asked": 0.05, "threshold": 0.5, "known": 30, "validation_rows": 500}


def known_images(shape, classes, each=3, split="train", seed=1):
    """A strip of noise for every class."""
    count = each * len(classes)
    pixels = np.random.default_rng(seed).integers(0, 256, (count * shape[0], *shape[1:]), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    labels = tuple(number // each for number in range(count))
    ids = tuple(f"{split}/{number}" for number in range(count))
    return KnownImages(labels, ids, base64.b64encode(stream.getvalue()).decode())


def made_graph(shape=(28, 28), classes=10, members=2, sharpness=8.0, seed=0):
    """members > 1: the mean of so many softmaxes of random linear scores."""
    random = np.random.default_rng(seed)
    pixels = int(np.prod(shape))
    weights = {
        "flat": np.array([0, -1], np.int64),
        "whole": np.array(255, np.float32),
        "axis": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["floats", "whole"], ["unit"]),
        helper.make_node("Reshape", ["unit", "flat"], ["rows"]),
    ]
    for member in range(members):
        drawn = random.normal(size=(pixels, classes)) * sharpness / np.sqrt(pixels)
        weights[f"w{member}"] = drawn.astype(np.float32)
        nodes += [
            helper.make_node("MatMul", ["rows", f"w{member}"], [f"scores{member}"]),
            helper.make_node("Softmax", [f"scores{member}"], [f"p{member}"], axis=1),
            helper.make_node("Unsqueeze", [f"p{member}", "axis"], [f"u{member}"]),
        ]
    each = [f"u{member}" for member in range(members)]
    nodes += [
        helper.make_node("Concat", each, ["member_probabilities"], axis=1),
        helper.make_node(
            "ReduceMean", ["member_probabilities", "axis"], ["probabilities"], keepdims=0
        ),
    ]
    outputs = [
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", classes]),
        helper.make_tensor_value_info(
            "member_probabilities", TensorProto.FLOAT, ["rows", members, classes]
        ),
    ]
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["rows", *shape])],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def made_bundle(path, shape=(28, 28), classes=CLASSES, members=2, **facts):
    """Write a bundle to `path`; `facts` go over the usual ones. Returns the path."""
    bundle = Bundle(
        name="Made",
        classes=tuple(classes),
        image_shape=tuple(shape),
        members=tuple(f"Member {number + 1}" for number in range(members)),
        rule="mean",
        preparation="photograph",
        border="dark",
        title="A made committee",
        threshold=0.6,
        data={"used": "made", "licence": "MIT"},
        scores={"test": {"accuracy": {"value": 0.9, "interval": [0.88, 0.92], "rows": 1000}}},
        known=known_images(shape, classes),
        samples=known_images(shape, classes, 1, "validation", 2),
    )
    model: onnx.ModelProto = made_graph(shape, len(classes), members)
    write_bundle(path, model, replace(bundle, **facts))
    return path
