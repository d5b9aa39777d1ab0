"""Tensors of the Open Inference Protocol, as JSON or as bytes behind it."""

import io
import json
import math
import zipfile
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from vestry.data.limits import MOST_EXPANSION
from vestry.data.sources.npz import DAMAGE, read_header
from vestry.export.bundle import IMAGES, Bundle
from vestry.serve.http.exchange import Refusal
from vestry.serve.http.limits import Limits

UINT8, FP32 = "UINT8", "FP32"
BRIGHTEST = 255
LONGEST_ID = 1000

Object = dict[str, Any]


def bad(text: str) -> Refusal:
    return Refusal(400, text)


@dataclass(frozen=True)
class Asked:
    """An inference request. outputs: each name, and whether it is wanted as bytes."""

    images: NDArray[np.uint8]
    outputs: dict[str, bool]
    id: str | None


def read_request(
    body: bytes, header_length: bytes | None, bundle: Bundle, outputs: list[str], limits: Limits
) -> Asked:
    """What a request's body asks for.

    header_length: the value of Inference-Header-Content-Length: so many bytes are JSON, the rest
    tensors. outputs: those that the model has. Raises Refusal, which says what is wrong.
    """
    text, rest = split(body, header_length)
    request = json_object(text, limits)
    parameters = parameters_of(request, "the request")
    binary = flag(parameters, "binary_data_output", False)
    return Asked(
        image_tensor(request, rest, bundle, limits.images),
        chosen_outputs(request, outputs, binary),
        request_id(request),
    )


def split(body: bytes, header_length: bytes | None) -> tuple[bytes, bytes]:
    if header_length is None:
        return body, b""
    if not header_length.isdigit() or len(header_length) > 12:
        raise bad("Inference-Header-Content-Length is not a number")
    length = int(header_length)
    if not 0 < length <= len(body):
        raise bad(
            f"Inference-Header-Content-Length is {length:,}, but the body has {len(body):,} bytes"
        )
    return body[:length], body[length:]


def json_object(text: bytes, limits: Limits) -> Object:
    if len(text) > limits.json:
        raise Refusal(
            413,
            f"{len(text):,} bytes of JSON; at most {limits.json:,} are read. Send tensors as "
            "binary data, or fewer images at a time",
        )
    if text.count(b"[") + text.count(b"{") > limits.brackets:
        raise bad("the JSON has too many lists; send `data` as one flat list")
    try:
        request = json.loads(text.decode("utf-8"), parse_constant=no_constant)
    except UnicodeDecodeError:
        raise bad("the JSON is not UTF-8") from None
    except RecursionError:
        raise bad("the JSON is nested too deeply") from None
    except ValueError as error:
        raise bad(f"not readable as JSON ({str(error)[:100]})") from None
    if not isinstance(request, dict):
        raise bad("the JSON is not an object")
    return request


def no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def request_id(request: Object) -> str | None:
    given = request.get("id")
    if given is None:
        return None
    if not isinstance(given, str) or len(given) > LONGEST_ID:
        raise bad(f"`id` is not a text of at most {LONGEST_ID} characters")
    return given


def parameters_of(holder: Object, where: str) -> Object:
    """The parameters of a request or tensor, each a text, number or truth value."""
    given = holder.get("parameters", {})
    if not isinstance(given, dict):
        raise bad(f"`parameters` of {where} is not an object")
    for name, value in given.items():
        if not isinstance(value, str | int | float | bool):
            raise bad(f"the parameter {name[:60]!r} of {where} is no text, number or truth value")
    return given


def flag(parameters: Object, name: str, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise bad(f"the parameter `{name}` is neither true nor false")
    return value


def objects(request: Object, key: str) -> list[Object]:
    entries = request.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise bad(f"`{key}` is not a list of objects")
    return entries


def image_tensor(request: Object, rest: bytes, bundle: Bundle, most: int) -> NDArray[np.uint8]:
    """The one input, (n, *image_shape)."""
    entries = objects(request, "inputs")
    if len(entries) != 1 or entries[0].get("name") != IMAGES:
        raise bad(f"`inputs` must hold one tensor, `{IMAGES}`")
    tensor = entries[0]
    if tensor.get("datatype") != UINT8:
        raise bad(f"the datatype of `{IMAGES}` is {str(tensor.get('datatype'))[:20]}, not {UINT8}")
    shape = checked_shape(tensor.get("shape"), bundle, most)
    size = parameters_of(tensor, f"`{IMAGES}`").get("binary_data_size")
    if size is None:
        if rest:
            raise bad(f"{len(rest):,} bytes follow the JSON, but no tensor has `binary_data_size`")
        return from_json(tensor.get("data"), shape)
    if "data" in tensor:
        raise bad(f"`{IMAGES}` has both `data` and `binary_data_size`")
    return from_bytes(size, rest, shape)


def checked_shape(shape: Any, bundle: Bundle, most: int) -> tuple[int, ...]:
    wanted = ", ".join(map(str, bundle.image_shape))
    if not isinstance(shape, list) or not all(type(side) is int for side in shape):
        raise bad(f"`shape` is not a list of whole numbers; (n, {wanted}) is needed")
    if tuple(shape[1:]) != bundle.image_shape:
        raise bad(f"`shape` is {str(shape)[:80]}; (n, {wanted}) is needed")
    if not 0 < shape[0] <= most:
        raise bad(f"`shape` says {shape[0]} images; 1 to {most} are answered at a time")
    return tuple(shape)


def from_bytes(size: Any, rest: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    needed = math.prod(shape)
    if type(size) is not int or size != needed:
        raise bad(f"`binary_data_size` is {str(size)[:20]}; the shape needs {needed:,} bytes")
    if len(rest) != needed:
        raise bad(f"{len(rest):,} bytes follow the JSON; `binary_data_size` says {needed:,}")
    return np.frombuffer(rest, np.uint8).reshape(shape)


def from_json(data: Any, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """From a flat list or one nested as the shape is."""
    if not isinstance(data, list):
        raise bad(f"`{IMAGES}` has no list `data`, and no `binary_data_size`")
    try:
        values = np.array(data)
    except (ValueError, OverflowError):
        raise bad("`data` is not a list of numbers, flat or nested as `shape` says") from None
    if values.shape not in (shape, (math.prod(shape),)):
        raise bad(
            f"`data` holds {str(values.shape)[:80]} values; `shape` says {math.prod(shape):,}"
        )
    if values.dtype.kind not in "iu":
        raise bad("`data` holds other things than whole numbers")
    if values.min() < 0 or values.max() > BRIGHTEST:
        raise bad(f"`data` goes from {values.min()} to {values.max()}; {UINT8} is 0 to 255")
    return values.astype(np.uint8).reshape(shape)


def chosen_outputs(request: Object, known: list[str], binary: bool) -> dict[str, bool]:
    """Names and whether each goes as bytes; all where the request names none."""
    if request.get("outputs") is None:
        return dict.fromkeys(known, binary)
    chosen: dict[str, bool] = {}
    for entry in objects(request, "outputs"):
        name = entry.get("name")
        if name not in known:
            raise bad(f"no such output: {str(name)[:60]}; there is {', '.join(known)}")
        parameters = parameters_of(entry, f"`{name}`")
        if "classification" in parameters:
            raise bad("the classification extension is not supported; POST /predict names classes")
        chosen[name] = flag(parameters, "binary_data", binary)
    return chosen or dict.fromkeys(known, binary)


def written(
    outputs: dict[str, NDArray[np.float32]], asked: dict[str, bool]
) -> tuple[list[Object], list[bytes]]:
    """The response's `outputs`, and the bytes that follow the JSON."""
    tensors: list[Object] = []
    pieces: list[bytes] = []
    for name, binary in asked.items():
        values = outputs[name]
        tensor: Object = {"name": name, "datatype": FP32, "shape": list(values.shape)}
        if binary:
            pieces.append(values.astype("<f4").tobytes())
            tensor["parameters"] = {"binary_data_size": len(pieces[-1])}
        else:
            tensor["data"] = values.ravel().tolist()
        tensors.append(tensor)
    return tensors, pieces


# Images in an .npz file that arrived as bytes: its header is believed before memory is taken.


ARRAY = "images"
LARGEST_HEADER = 10_000
MOST_ENTRIES = 100
"""Of an archive: a directory of a million would take far more memory than its bytes."""
ENTRY = b"PK\x01\x02"
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those that numpy writes; Python unfolds the others without a bound."""
UNREADABLE = (*DAMAGE, OSError, OverflowError, RecursionError, TypeError, LookupError)


def images_of(body: bytes, bundle: Bundle, most: int) -> NDArray[np.uint8]:
    """(n, *image_shape) uint8 from the array `images`; raises Refusal for anything else.

    Shape, type and number are checked in the array's header and in the zip directory before it is
    unfolded, so that a small body never becomes more than `most` images.
    """
    if body.count(ENTRY) > MOST_ENTRIES:
        raise Refusal(422, f"the archive has more than {MOST_ENTRIES} entries")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            info = member(archive)
            with archive.open(info) as stream:
                shape, dtype = read_header(stream)
                start = stream.tell()
            check(shape, dtype, bundle, most)
            size = start + math.prod(shape)
            if start > LARGEST_HEADER or size != info.file_size:
                raise Refusal(422, "the array's header and the zip directory do not agree")
            if size > MOST_EXPANSION * max(info.compress_size, 1000):
                raise Refusal(422, "the archive unfolds beyond reason; store it uncompressed")
            with archive.open(info) as stream:
                images: NDArray[np.uint8] = npy.read_array(stream, allow_pickle=False)
    except UNREADABLE as error:
        raise Refusal(422, f"not a readable .npz file ({str(error)[:100]})") from None
    return np.ascontiguousarray(images)


def member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    names = {PurePath(info.filename).name: info for info in archive.infolist()}
    info = names.get(f"{ARRAY}.npy")
    if info is None:
        raise Refusal(422, f"no array `{ARRAY}` in the archive; numpy.savez(file, images=...)")
    if info.compress_type not in COMPRESSIONS:
        raise Refusal(422, "the archive is compressed as numpy does not; use numpy.savez")
    return info


def check(shape: tuple[int, ...], dtype: np.dtype[np.uint8], bundle: Bundle, most: int) -> None:
    if dtype != np.uint8 or shape[1:] != bundle.image_shape or len(shape) < 1:
        wanted = ", ".join(map(str, bundle.image_shape))
        raise Refusal(422, f"images are {dtype} of {shape}; uint8 of (n, {wanted}) is needed")
    if not 0 < shape[0] <= most:
        status = 413 if shape[0] > most else 422
        raise Refusal(status, f"{shape[0]:,} images; 1 to {most} are answered at a time")
