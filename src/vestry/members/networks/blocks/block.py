"""What every block of a network can do.

Blocks are written by hand, forward and backward, instead of left to autograd: at the batch sizes
of small networks most of autograd's time is bookkeeping, and a hand-written pass may share
the patches of a convolution, pool before the activation, and write gradients where the optimizer
reads them. Each block's backward is tested against autograd.

Images are (n, height, width, channels), vectors (n, features), both contiguous. Between `forward`
with `training=True` and `backward`, a block remembers what it needs. The gradient that a block
returns has the type of the input that it took, whatever the block computes in.
"""

from torch import Tensor

from vestry.members.networks.parameters import Parameter


class Block:
    """One step of a network; `backward` follows the `forward` of the same batch."""

    shapes: tuple[tuple[int, ...], ...] = ()
    """Shapes of the trainable parameters, in the order that `bind` takes them."""

    def bind(self, parameters: list[Parameter]) -> None:
        """Take the views that hold this block's parameters; once, before the first batch."""
        if len(parameters) != len(self.shapes):
            raise ValueError(f"{len(self.shapes)} parameters expected, {len(parameters)} given")

    def state(self) -> dict[str, Tensor]:
        """Tensors that are learnt but not trained, to be stored and restored in place."""
        return {}

    def forward(self, x: Tensor, training: bool) -> Tensor:
        raise NotImplementedError

    def backward(self, gradient: Tensor) -> Tensor | None:
        """Store the parameters' gradients; return the input's, or None where nobody needs it."""
        raise NotImplementedError
