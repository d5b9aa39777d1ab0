"""What a server says of itself and its models."""

from vestry.serve.http.carrying import Carrier
from vestry.serve.http.exchange import Call, Reply, json_reply
from vestry.serve.http.openapi import document


class Listing:
    """Everything but the metrics is made once."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.known = json_reply([model.facts() for model in carrier.models])
        self.pictures = {
            model.slug: json_reply(model.samples.entries() if model.samples else [])
            for model in carrier.models
        }
        self.described = json_reply(document(carrier.limits))

    async def models(self, _: Call) -> Reply:
        return self.known

    async def samples(self, call: Call) -> Reply:
        return self.pictures[self.carrier.models.named(call.parameters["slug"]).slug]

    async def openapi(self, _: Call) -> Reply:
        return self.described

    async def metrics(self, _: Call) -> Reply:
        return self.carrier.metrics.reply()
