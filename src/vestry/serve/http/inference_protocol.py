"""The Open Inference Protocol, version 2, over HTTP, with its binary tensor data extension.

https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md; the
extension is Triton's, docs/protocol/extension_binary_data.
"""

from typing import Any

from vestry.export.bundle import IMAGES, MEMBER_PROBABILITIES, PROBABILITIES, Bundle
from vestry.serve.http.bodies import content_type
from vestry.serve.http.carrying import Carrier
from vestry.serve.http.exchange import CLOSE, Call, Refusal, Reply, json_bytes, json_reply
from vestry.serve.http.models import ServedModel
from vestry.serve.http.tensors import FP32, UINT8, Asked, read_request, written
from vestry.version import __version__

VERSION = "1"
"""Of every model: a file has no other."""
EXTENSION = "binary_tensor_data"
TYPES = ("", "application/json", "application/octet-stream")
HEADER_LENGTH = b"inference-header-content-length"
ASIDE_BYTES = 64 * 2**10
ASIDE_IMAGES = 32
"""Of a request, beyond which it is read, or its answer written, in the thread."""


class InferenceProtocol:
    """The endpoints."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier

    async def live(self, _: Call) -> Reply:
        return json_reply({"live": True})

    async def ready(self, _: Call) -> Reply:
        self.check_stopping()
        return json_reply({"live": True, "ready": True})

    async def server(self, _: Call) -> Reply:
        return json_reply({"name": "vestry", "version": __version__, "extensions": [EXTENSION]})

    async def metadata(self, call: Call) -> Reply:
        model = self.model(call)
        return json_reply(
            {
                "name": model.slug,
                "versions": [VERSION],
                "platform": "onnx_onnxv1",
                "inputs": [tensor(IMAGES, UINT8, model.bundle.image_shape)],
                "outputs": output_tensors(model.bundle),
            }
        )

    async def model_ready(self, call: Call) -> Reply:
        model = self.model(call)
        self.check_stopping()
        return json_reply({"name": model.slug, "ready": True})

    async def infer(self, call: Call) -> Reply:
        model = self.model(call)
        if (kind := content_type(call)) not in TYPES:
            raise Refusal(415, f"Content-Type {kind[:60]}; {' or '.join(TYPES[1:])} is read", CLOSE)
        body = await self.carrier.body(call, self.carrier.limits.many)
        names = [entry["name"] for entry in output_tensors(model.bundle)]

        def read() -> Asked:
            length = call.header(HEADER_LENGTH)
            return read_request(body, length, model.bundle, names, self.carrier.limits)

        asked = read() if len(body) <= ASIDE_BYTES else await self.carrier.aside(read)
        votes = await self.carrier.votes(call, model, asked.images)
        self.carrier.answers(call, model, votes)
        outputs = dict(zip((PROBABILITIES, MEMBER_PROBABILITIES), votes, strict=True))

        def reply() -> Reply:
            return response(model.slug, asked, *written(outputs, asked.outputs))

        return reply() if len(asked.images) <= ASIDE_IMAGES else await self.carrier.aside(reply)

    def model(self, call: Call) -> ServedModel:
        """The model in the path, in the one version that it has."""
        call.query()
        model = self.carrier.models.named(call.parameters["name"])
        version = call.parameters.get("version", VERSION)
        if version != VERSION:
            raise Refusal(404, f"{model.slug} has no version {version[:20]}; there is {VERSION}")
        call.model = model.slug
        return model

    def check_stopping(self) -> None:
        refusal = self.carrier.gate.refusal()
        if refusal is not None and self.carrier.gate.stopping:
            raise refusal


def tensor(name: str, datatype: str, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1, *shape]}


def output_tensors(bundle: Bundle) -> list[dict[str, Any]]:
    classes = len(bundle.classes)
    found = [tensor(PROBABILITIES, FP32, (classes,))]
    if bundle.is_committee:
        found.append(tensor(MEMBER_PROBABILITIES, FP32, (len(bundle.members), classes)))
    return found


def response(slug: str, asked: Asked, tensors: list[Any], pieces: list[bytes]) -> Reply:
    facts: dict[str, Any] = {"model_name": slug, "model_version": VERSION}
    if asked.id is not None:
        facts["id"] = asked.id
    text = json_bytes(facts | {"outputs": tensors})
    if not pieces:
        return Reply(text)
    length = ((HEADER_LENGTH, str(len(text)).encode()),)
    return Reply(b"".join([text, *pieces]), 200, b"application/octet-stream", length)
