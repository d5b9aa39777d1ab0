"""The Open Inference Protocol, version 2, over HTTP, with its binary tensor data extension.

https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md; the
extension is Triton's, docs/protocol/extension_binary_data.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from vestry.export.bundle import IMAGES, MEMBER_PROBABILITIES, PROBABILITIES, Bundle
from vestry.serve import schemas
from vestry.serve.http.context import ServedModel, ServerContext
from vestry.serve.http.fast_path import content_type
from vestry.serve.http.request import CLOSE, JSON, json_bytes, query_of
from vestry.serve.http.tensors import FP32, UINT8, InferenceInput, read_request, write_outputs
from vestry.version import __version__

_VERSION = "1"
"""Of every model: a file has no other."""
_EXTENSION = "binary_tensor_data"
BINARY = "application/octet-stream"
_TYPES = ("", "application/json", BINARY)
HEADER_LENGTH = "inference-header-content-length"
_INLINE_BYTES = 64 * 2**10
_INLINE_IMAGES = 32
"""Of a request, beyond which it is read, or its answer written, in the thread."""


class InferenceProtocol:
    """The endpoints."""

    def __init__(self, context: ServerContext) -> None:
        self.context = context

    async def live(self, _: Request) -> JSON:
        return JSON(schemas.Live(live=True))

    async def ready(self, _: Request) -> JSON:
        self._check_stopping()
        return JSON(schemas.Ready(live=True, ready=True))

    async def server(self, _: Request) -> JSON:
        return JSON(schemas.Server(name="vestry", version=__version__, extensions=[_EXTENSION]))

    async def metadata(self, request: Request) -> JSON:
        model = self._model(request)
        return JSON(
            schemas.ModelMetadata(
                name=model.slug,
                versions=[_VERSION],
                platform="onnx_onnxv1",
                inputs=[_tensor(IMAGES, UINT8, model.bundle.image_shape)],
                outputs=_outputs(model.bundle),
            )
        )

    async def model_ready(self, request: Request) -> JSON:
        model = self._model(request)
        self._check_stopping()
        return JSON(schemas.ModelReady(name=model.slug, ready=True))

    async def infer(self, request: Request) -> Response:
        model = self._model(request)
        if (kind := content_type(request)) not in _TYPES:
            wanted = " or ".join(_TYPES[1:])
            raise HTTPException(415, f"Content-Type {kind[:60]}; {wanted} is read", CLOSE)
        body = await self.context.body(request, self.context.limits.max_batch_bytes)
        names = [entry["name"] for entry in _outputs(model.bundle)]
        length = request.headers.get(HEADER_LENGTH)

        def read() -> InferenceInput:
            return read_request(body, length, model.bundle, names, self.context.limits)

        asked = read() if len(body) <= _INLINE_BYTES else await self.context.in_thread(read)
        votes = await self.context.votes(request, model, asked.images)
        self.context.answers(request, model, votes)
        outputs = dict(zip((PROBABILITIES, MEMBER_PROBABILITIES), votes, strict=True))

        def respond() -> Response:
            return _response(model.slug, asked, *write_outputs(outputs, asked.outputs))

        few = len(asked.images) <= _INLINE_IMAGES
        return respond() if few else await self.context.in_thread(respond)

    def _model(self, request: Request) -> ServedModel:
        """The model in the path, in the one version that it has."""
        query_of(request)
        model = self.context.model(request, request.path_params["name"])
        version = request.path_params.get("version", _VERSION)
        if version != _VERSION:
            raise HTTPException(
                404, f"{model.slug} has no version {version[:20]}; there is {_VERSION}"
            )
        return model

    def _check_stopping(self) -> None:
        error = self.context.shedder.refusal()
        if error is not None and self.context.shedder.stopping:
            raise error


def _tensor(name: str, datatype: str, shape: tuple[int, ...]) -> schemas.TensorFacts:
    return {"name": name, "datatype": datatype, "shape": [-1, *shape]}


def _outputs(bundle: Bundle) -> list[schemas.TensorFacts]:
    classes = len(bundle.classes)
    found = [_tensor(PROBABILITIES, FP32, (classes,))]
    if bundle.is_committee:
        found.append(_tensor(MEMBER_PROBABILITIES, FP32, (len(bundle.members), classes)))
    return found


def _response(
    slug: str, asked: InferenceInput, tensors: list[schemas.Tensor], pieces: list[bytes]
) -> Response:
    facts: schemas.InferenceResponse = {
        "model_name": slug,
        "model_version": _VERSION,
        "outputs": tensors,
    }
    if asked.id is not None:
        facts["id"] = asked.id
    if not pieces:
        return JSON(facts)
    text = json_bytes(facts)
    length = {HEADER_LENGTH: str(len(text))}
    return Response(b"".join([text, *pieces]), 200, length, BINARY)
