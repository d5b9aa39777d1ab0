"""A network as it learns from images of each epoch's size."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor
from torch.nn.functional import interpolate

from vestry.members.networks.progressive import Progressive, Size
from vestry.members.networks.trainable import Trainable

Resize = Callable[[Tensor], Tensor]


class Learners:
    """`network` in each of `epochs`. images: (n, height, width, channels), those that it learns
    from; progressive: None for whole ones in all epochs."""

    def __init__(
        self, network: Trainable, progressive: Progressive | None, images: Tensor, epochs: int
    ) -> None:
        self.network = network
        self.progressive = progressive
        self.shape = images.shape[1:]
        self.epochs = epochs
        self.smaller: dict[Size, Trainable] = {}

    @contextmanager
    def of(self, epoch: int) -> Iterator[tuple[Trainable, Resize]]:
        """What learns in an epoch, which counts from 0, and what makes its images of whole ones.

        Parameters are the same in memory; what is learnt beside them, such as running statistics,
        goes from one size to the next.
        """
        size = self._size(epoch)
        if size is None:
            yield self.network, lambda images: images
            return
        if size not in self.smaller:
            self.smaller = {size: self.network.resized((*size, self.shape[2]))}
        other = self.smaller[size]
        _hand_over(self.network, other)
        yield other, functools.partial(resized, size=size)
        _hand_over(other, self.network)

    def _size(self, epoch: int) -> Size | None:
        """None for whole images."""
        if self.progressive is None:
            return None
        height, width, _ = self.shape
        size = self.progressive.size(epoch, self.epochs, (height, width))
        return None if size == (height, width) else size


def _hand_over(one: Trainable, other: Trainable) -> None:
    given = one.tensors()
    for name, tensor in other.tensors().items():
        tensor.copy_(given[name])


def resized(images: Tensor, size: Size) -> Tensor:
    """(n, height, width, channels) floats as smaller ones: each pixel is a weighted mean of all
    that it covers."""
    planes = images.permute(0, 3, 1, 2)
    smaller = interpolate(planes, size=size, mode="bilinear", antialias=True)
    return smaller.permute(0, 2, 3, 1).contiguous()
