"""The server's application in this process: made models, and requests without a socket."""

import asyncio
import io
import json
from dataclasses import dataclass

import numpy as np
from PIL import Image

from made_bundles import made_bundle
from vestry.serve.http.batching import BatchingSettings
from vestry.serve.http.context import ServerSettings, check_files
from vestry.serve.http.request import Limits
from vestry.serve.http.server import create_app

PNG = "image/png"
NPZ = "application/x-npz"


@dataclass
class Got:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]


def made_app(folder, paths=None, batching=None, limits=None, **facts):
    files = check_files(paths or [made_bundle(folder / "made.onnx", **facts)])
    batching, limits = batching or BatchingSettings(), limits or Limits()
    return create_app(ServerSettings(files, 1, batching, limits, log=False))


async def asked(app, method, path, body=b"", kind=None, headers=None, pieces=None):
    """One request; `pieces` come one after the other, and a callable among them is awaited."""
    given = {} if kind is None else {"content-type": kind}
    if pieces is None:
        given["content-length"] = str(len(body))
    given |= headers or {}
    plain, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": plain,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
    }
    coming = iter([body] if pieces is None else pieces)
    following = [next(coming, b"")]
    sent = []

    async def receive():
        if not following:
            await asyncio.sleep(3600)
        piece = following.pop()
        if callable(piece):
            piece = await piece()
        if (after := next(coming, None)) is not None:
            following.append(after)
        return {"type": "http.request", "body": piece, "more_body": bool(following)}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Got(sent[0]["status"], found, b"".join(m.get("body", b"") for m in sent[1:]))


def ask(app, *given, **named):
    return asyncio.run(asked(app, *given, **named))


def png(pixels, kind="PNG", **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def noise(count=1, shape=(28, 28), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def form(*files, boundary="xXx"):
    """A body of (field, file name, content), and its Content-Type."""
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n".encode()
        + content
        + b"\r\n"
        for field, name, content in files
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def tensor_body(images, binary=False, outputs=None, **facts):
    """An inference request for `images`, and its headers."""
    tensor = {"name": "images", "shape": list(images.shape), "datatype": "UINT8"}
    if binary:
        tensor["parameters"] = {"binary_data_size": images.size}
    else:
        tensor["data"] = images.ravel().tolist()
    request = facts | {"inputs": [tensor]} | ({} if outputs is None else {"outputs": outputs})
    text = json.dumps(request).encode()
    if not binary:
        return text, {"content-type": "application/json"}
    return text + images.tobytes(), {"inference-header-content-length": str(len(text))}
