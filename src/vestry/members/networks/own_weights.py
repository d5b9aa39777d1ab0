"""What the plain form of a layer has to compute with."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from vestry.members.networks.block import Block, Tensor

if TYPE_CHECKING:
    from vestry.members.networks.layer import TracedLayer


class Own(Protocol):
    """What a layer's plain form has: weights as files name and shape them, and where it is.

    measured: rows so far, while statistics are taken; None otherwise.
    """

    step: "TracedLayer"
    blocks: Sequence[Block]
    training: bool
    measured: int | None

    def weight(self, name: str) -> Tensor: ...

    def weights_of(self, block: Block) -> list[Tensor]: ...
