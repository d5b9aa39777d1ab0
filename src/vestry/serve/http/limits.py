"""What a server carries, and what one request may ask of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """How requests are carried.

    wait: seconds that an image waits for company while others are being decoded. batch: most
    images in one call of a model. queue: images accepted and not answered, beyond which requests
    are refused. deadline: seconds from a request's last byte to its answer.
    """

    wait: float = 0.001
    batch: int = 32
    queue: int = 64
    deadline: float = 5.0


@dataclass(frozen=True)
class Limits:
    """What one request may ask, in bytes, counts and seconds.

    photo, many, json: bytes of a body with one image, with many, and of JSON (tensors that need
    more go as binary data). images: in one request. brackets: in JSON, which bounds the lists that
    it unfolds into. held: bytes of unfinished bodies, of all connections together. head: bytes
    and head_seconds: time for a request's header. body_seconds: time for its body to arrive.
    linger: seconds for which a refused body is thrown away, so that its sender sees the answer.
    """

    photo: int = 20 * 2**20
    many: int = 64 * 2**20
    json: int = 2 * 2**20
    images: int = 512
    brackets: int = 200_000
    held: int = 256 * 2**20
    head: int = 32 * 2**10
    head_seconds: float = 10.0
    body_seconds: float = 20.0
    linger: float = 1.0
    connections: int = 1000
