"""A convolution without its activation; two ways to compute it in training stand beside this file.

Which way is faster, in which arithmetic, differs from shape to shape; `precision.py` tries them.
Inference always goes over patches in float32, whose speed has no pathological shapes.
"""

import math

import torch
from torch import Tensor

from vestry.members.networks.blocks.block import Block
from vestry.members.networks.blocks.geometry import Geometry
from vestry.members.networks.parameters import Parameter

SHORT_RUN = 16


class Convolution(Block):
    """Weights (kernel height, kernel width, channels, filters) as a matrix, in Keras's order.

    Gives (n, height, width, filters) or, where the geometry names a pool's window, (places in the
    window, n, windows down, windows across, filters) for `WindowMax`. `first` says that nobody
    needs the input's gradient.
    """

    def __init__(
        self,
        geometry: Geometry,
        filters: int,
        compute: torch.dtype = torch.float32,
        first: bool = False,
    ) -> None:
        kh, kw = geometry.kernel
        self.geometry = geometry
        self.filters = filters
        self.compute = compute
        self.first = first
        self.shapes = ((kh * kw * geometry.image[2], filters), (filters,))

    def bind(self, parameters: list[Parameter]) -> None:
        super().bind(parameters)
        self.weight, self.bias = parameters

    def forward(self, x: Tensor, training: bool) -> Tensor:
        self.outside = x.dtype
        if training:
            return self.train(self.geometry.pad(x.to(self.compute)))
        return self.product(self.gather(self.geometry.pad(x.float())))

    def train(self, padded: Tensor) -> Tensor:
        """The output for a padded image in the type that is computed in."""
        raise NotImplementedError

    def product(self, patches: Tensor) -> Tensor:
        bias, weight = self.bias.as_type(patches.dtype), self.weight.as_type(patches.dtype)
        y = torch.addmm(bias, patches, weight)
        if self.geometry.window == (1, 1):
            return y.view(-1, *self.geometry.output, self.filters)
        return y.view(math.prod(self.geometry.window), -1, *self.geometry.windows, self.filters)

    def gather(self, padded: Tensor) -> Tensor:
        """The patches as a matrix, a row each.

        A row is made of runs, kernel width x channels long, and short runs copy slowly. Then the
        matrix is made transposed, where a row of output pixels is one run.
        """
        view = self.geometry.patches(padded)
        size = self.shapes[0][0]
        if self.geometry.kernel[1] * padded.shape[3] >= SHORT_RUN:
            return view.reshape(-1, size)
        return view.permute(5, 6, 7, 0, 1, 2, 3, 4).reshape(size, -1).t()
