"""Study A's CNN as a bundle with random weights, and pictures to send to it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from vestry.export.bundle import Bundle, write_bundle

CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
CONVOLUTIONS = ((1, 32), (32, 64), (64, 64))
SIDE, FLAT, HIDDEN = 28, 576, 64


def weights() -> dict[str, NDArray[np.float32]]:
    random = np.random.default_rng(0)

    def drawn(*shape: int) -> NDArray[np.float32]:
        fan_in = int(np.prod(shape[1:])) or 1
        return (random.normal(size=shape) * np.sqrt(2 / fan_in)).astype(np.float32)

    found = {}
    for number, (before, after) in enumerate(CONVOLUTIONS):
        found[f"w{number}"] = drawn(after, before, 3, 3)
        found[f"b{number}"] = np.zeros(after, np.float32)
    found |= {"w3": drawn(HIDDEN, FLAT), "b3": np.zeros(HIDDEN, np.float32)}
    found |= {"w4": drawn(len(CLASSES), HIDDEN), "b4": np.zeros(len(CLASSES), np.float32)}
    return found


def write_cnn(path: Path) -> None:
    """Conv 32, pool, conv 64, pool, conv 64, flatten, dense 64, dense 10: 93,322 parameters."""
    node = helper.make_node
    nodes = [
        node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        node("Div", ["floats", "whole"], ["unit"]),
        node("Unsqueeze", ["unit", "one"], ["x0"]),
    ]
    for number in range(3):
        names = [f"x{number}", f"w{number}", f"b{number}"]
        nodes.append(node("Conv", names, [f"c{number}"], kernel_shape=[3, 3]))
        out = f"r{number}" if number < 2 else "x3"
        nodes.append(node("Relu", [f"c{number}"], [out]))
        if number < 2:
            pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
            nodes.append(node("MaxPool", [out], [f"x{number + 1}"], **pool))
    nodes += [
        node("Flatten", ["x3"], ["flat"]),
        node("Gemm", ["flat", "w3", "b3"], ["hidden"], transB=1),
        node("Relu", ["hidden"], ["active"]),
        node("Gemm", ["active", "w4", "b4"], ["scores"], transB=1),
        node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    constants = weights() | {"whole": np.float32(255), "one": np.array([1], np.int64)}
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "cnn_a",
        [value("images", TensorProto.UINT8, ["rows", SIDE, SIDE])],
        [value("probabilities", TensorProto.FLOAT, ["rows", len(CLASSES)])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    write_bundle(
        path,
        model,
        Bundle("CNN A", CLASSES, (SIDE, SIDE), ("CNN A",), preparation="photograph", border="dark"),
    )


def write_pictures(folder: Path, shape: tuple[int, ...], count: int = 64) -> None:
    """Smooth grey shapes on black, as PNG: some 500 bytes each at 28 x 28, as clothes have."""
    random = np.random.default_rng(1)
    rows, columns = np.mgrid[: shape[0], : shape[1]] / shape[0]
    for number in range(count):
        y, x, height, width = random.uniform([0.4, 0.4, 0.1, 0.1], [0.6, 0.6, 0.4, 0.4])
        inside = np.maximum(abs(rows - y) / height, abs(columns - x) / width)
        pixels = np.clip((1.2 - inside) * 255, 0, 255) * (0.7 + 0.3 * np.sin(rows * 20))
        grey = np.clip(pixels, 0, 255).astype(np.uint8)
        image = Image.fromarray(grey) if len(shape) == 2 else Image.fromarray(grey).convert("RGB")
        image.save(folder / f"{number:03}.png")
