"""Tensors of the Open Inference Protocol, as JSON or as bytes behind it.

Read by hand: pydantic would be 29 ms of a server's start, and JSON is bounded before it is read.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.exceptions import HTTPException

from vestry.export.bundle import IMAGES, Bundle
from vestry.serve import schemas
from vestry.serve.http.request import Limits

UINT8, FP32 = "UINT8", "FP32"
_BRIGHTEST = 255
_LONGEST_ID = 1000

_Object = dict[str, Any]


def _bad(text: str) -> HTTPException:
    return HTTPException(400, text)


@dataclass(frozen=True)
class InferenceInput:
    """An inference request. outputs: each name, and whether it is wanted as bytes."""

    images: NDArray[np.uint8]
    outputs: dict[str, bool]
    id: str | None


def read_request(
    body: bytes, header_length: str | None, bundle: Bundle, outputs: list[str], limits: Limits
) -> InferenceInput:
    """What a request's body asks for.

    header_length: the value of Inference-Header-Content-Length: so many bytes are JSON, the rest
    tensors. outputs: those that the model has. Raises HTTPException, which says what is wrong.
    """
    text, rest = _split(body, header_length)
    request = _json_object(text, limits)
    parameters = _parameters_of(request, "the request")
    binary = _flag(parameters, "binary_data_output", False)
    return InferenceInput(
        _image_tensor(request, rest, bundle, limits.max_images),
        _chosen_outputs(request, outputs, binary),
        _request_id(request),
    )


def _split(body: bytes, header_length: str | None) -> tuple[bytes, bytes]:
    if header_length is None:
        return body, b""
    if not header_length.isdigit() or len(header_length) > 12:
        raise _bad("Inference-Header-Content-Length is not a number")
    length = int(header_length)
    if not 0 < length <= len(body):
        raise _bad(
            f"Inference-Header-Content-Length is {length:,}, but the body has {len(body):,} bytes"
        )
    return body[:length], body[length:]


def _json_object(text: bytes, limits: Limits) -> _Object:
    if len(text) > limits.max_json_bytes:
        raise HTTPException(
            413,
            f"{len(text):,} bytes of JSON; at most {limits.max_json_bytes:,} are read. Send "
            "tensors as binary data, or fewer images at a time",
        )
    if text.count(b"[") + text.count(b"{") > limits.max_json_brackets:
        raise _bad("the JSON has too many lists; send `data` as one flat list")
    try:
        request = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise _bad("the JSON is not UTF-8") from None
    except RecursionError:
        raise _bad("the JSON is nested too deeply") from None
    except ValueError as error:
        raise _bad(f"not readable as JSON ({str(error)[:100]})") from None
    if not isinstance(request, dict):
        raise _bad("the JSON is not an object")
    return request


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _request_id(request: _Object) -> str | None:
    given = request.get("id")
    if given is None:
        return None
    if not isinstance(given, str) or len(given) > _LONGEST_ID:
        raise _bad(f"`id` is not a text of at most {_LONGEST_ID} characters")
    return given


def _parameters_of(holder: _Object, where: str) -> _Object:
    """The parameters of a request or tensor, each a text, number or truth value."""
    given = holder.get("parameters")
    if given is None:  # some clients send what they leave out as null
        return {}
    if not isinstance(given, dict):
        raise _bad(f"`parameters` of {where} is not an object")
    for name, value in given.items():
        if not isinstance(value, str | int | float | bool):
            raise _bad(f"the parameter {name[:60]!r} of {where} is no text, number or truth value")
    return given


def _flag(parameters: _Object, name: str, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise _bad(f"the parameter `{name}` is neither true nor false")
    return value


def _objects(request: _Object, key: str) -> list[_Object]:
    entries = request.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _bad(f"`{key}` is not a list of objects")
    return entries


def _image_tensor(request: _Object, rest: bytes, bundle: Bundle, most: int) -> NDArray[np.uint8]:
    """The one input, (n, *image_shape)."""
    entries = _objects(request, "inputs")
    if len(entries) != 1 or entries[0].get("name") != IMAGES:
        raise _bad(f"`inputs` must hold one tensor, `{IMAGES}`")
    tensor = entries[0]
    if tensor.get("datatype") != UINT8:
        raise _bad(f"the datatype of `{IMAGES}` is {str(tensor.get('datatype'))[:20]}, not {UINT8}")
    shape = _checked_shape(tensor.get("shape"), bundle, most)
    size = _parameters_of(tensor, f"`{IMAGES}`").get("binary_data_size")
    if size is None:
        if rest:
            raise _bad(f"{len(rest):,} bytes follow the JSON, but no tensor has `binary_data_size`")
        return _from_json(tensor.get("data"), shape)
    if "data" in tensor:
        raise _bad(f"`{IMAGES}` has both `data` and `binary_data_size`")
    return _from_bytes(size, rest, shape)


def _checked_shape(shape: Any, bundle: Bundle, most: int) -> tuple[int, ...]:
    wanted = ", ".join(map(str, bundle.image_shape))
    if not isinstance(shape, list) or not all(type(side) is int for side in shape):
        raise _bad(f"`shape` is not a list of whole numbers; (n, {wanted}) is needed")
    if tuple(shape[1:]) != bundle.image_shape:
        raise _bad(f"`shape` is {str(shape)[:80]}; (n, {wanted}) is needed")
    if not 0 < shape[0] <= most:
        raise _bad(f"`shape` says {shape[0]} images; 1 to {most} are answered at a time")
    return tuple(shape)


def _from_bytes(size: Any, rest: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    needed = math.prod(shape)
    if type(size) is not int or size != needed:
        raise _bad(f"`binary_data_size` is {str(size)[:20]}; the shape needs {needed:,} bytes")
    if len(rest) != needed:
        raise _bad(f"{len(rest):,} bytes follow the JSON; `binary_data_size` says {needed:,}")
    return np.frombuffer(rest, np.uint8).reshape(shape)


def _from_json(data: Any, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """From a flat list or one nested as the shape is."""
    if not isinstance(data, list):
        raise _bad(f"`{IMAGES}` has no list `data`, and no `binary_data_size`")
    try:
        values = np.array(data)
    except (ValueError, OverflowError):
        raise _bad("`data` is not a list of numbers, flat or nested as `shape` says") from None
    if values.shape == shape[1:] and shape[0] == 1:
        values = values[None]  # one image, without the side that counts images
    if values.ndim == 1 and len(values) != math.prod(shape):
        raise _bad(f"`data` holds {len(values):,} values; `shape` says {math.prod(shape):,}")
    if values.ndim != 1 and values.shape != shape:
        raise _bad(
            f"`data` is nested as {str(list(values.shape))[:80]}; give a flat list, or one nested "
            f"as `shape` says: {list(shape)}"
        )
    if values.dtype.kind not in "iu":
        raise _bad("`data` holds other things than whole numbers")
    if values.min() < 0 or values.max() > _BRIGHTEST:
        raise _bad(f"`data` goes from {values.min()} to {values.max()}; {UINT8} is 0 to 255")
    return values.astype(np.uint8).reshape(shape)


def _chosen_outputs(request: _Object, known: list[str], binary: bool) -> dict[str, bool]:
    """Names and whether each goes as bytes; all where the request names none."""
    if request.get("outputs") is None:
        return dict.fromkeys(known, binary)
    chosen: dict[str, bool] = {}
    for entry in _objects(request, "outputs"):
        name = entry.get("name")
        if name not in known:
            raise _bad(f"no such output: {str(name)[:60]}; there is {', '.join(known)}")
        parameters = _parameters_of(entry, f"`{name}`")
        if "classification" in parameters:
            raise _bad("the classification extension is not supported; POST /predict names classes")
        chosen[name] = _flag(parameters, "binary_data", binary)
    return chosen or dict.fromkeys(known, binary)


def write_outputs(
    outputs: dict[str, NDArray[np.float32]], asked: dict[str, bool]
) -> tuple[list[schemas.Tensor], list[bytes]]:
    """The response's `outputs`, and the bytes that follow the JSON."""
    tensors: list[schemas.Tensor] = []
    pieces: list[bytes] = []
    for name, binary in asked.items():
        values = outputs[name]
        tensor: schemas.Tensor = {"name": name, "datatype": FP32, "shape": list(values.shape)}
        if binary:
            pieces.append(values.astype("<f4").tobytes())
            tensor["parameters"] = {"binary_data_size": len(pieces[-1])}
        else:
            tensor["data"] = values.ravel().tolist()
        tensors.append(tensor)
    return tensors, pieces
