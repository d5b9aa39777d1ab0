"""A convolution as a matrix product over patches.

Every output pixel sees a patch of kernel height x kernel width x channels numbers. With the patches
as the rows of a matrix, the forward pass and the gradient of the weights are one product each, and
both share the patches (Chellapilla, Puri and Simard, 2006).
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from vestry.members.networks.blocks.convolution import Convolution
from vestry.members.networks.blocks.dense import store_product
from vestry.members.networks.blocks.geometry import Geometry

InputGradient = Literal["fold", "transposed"]
"""How the gradient of the input is made: patch gradients summed in place, or a transposed
convolution.
"""


class PatchConvolution(Convolution):
    def __init__(
        self,
        geometry: Geometry,
        filters: int,
        compute: torch.dtype = torch.float32,
        first: bool = False,
        input_gradient: InputGradient = "fold",
    ) -> None:
        super().__init__(geometry, filters, compute, first)
        self.input_gradient = input_gradient

    def train(self, padded: Tensor) -> Tensor:
        self.patches = self.gather(padded)
        return self.product(self.patches)

    def backward(self, gradient: Tensor) -> Tensor | None:
        gradient = gradient.to(self.compute)
        rows = gradient.reshape(-1, self.filters)
        store_product(self.weight.gradient, self.patches.t(), rows)
        self.bias.gradient.copy_(rows.sum(0))
        if self.first:
            return None
        fold = self.fold if self.input_gradient == "fold" else self.transposed
        return self.geometry.crop(fold(rows)).to(self.outside)

    def fold(self, rows: Tensor) -> Tensor:
        """Add each patch's gradient to the pixels it came from."""
        geometry = self.geometry
        gradients = rows @ self.weight.as_type(self.compute).t()
        padded = gradients.new_zeros(
            len(rows) // (geometry.output[0] * geometry.output[1]), *geometry.padded
        )
        target = geometry.patches(padded)
        source = gradients.view(target.shape)
        if geometry.apart:
            target.copy_(source)
        else:
            for row in range(geometry.kernel[0]):
                for column in range(geometry.kernel[1]):
                    target[..., row, column, :].add_(source[..., row, column, :])
        return padded

    def transposed(self, rows: Tensor) -> Tensor:
        """The same sum by the library's transposed convolution."""
        geometry = self.geometry
        kernel = self.weight.as_type(self.compute).view(*geometry.kernel, -1, self.filters)
        used = functional.conv_transpose2d(
            geometry.raster(rows).permute(0, 3, 1, 2),
            kernel.permute(3, 2, 0, 1),
            stride=geometry.stride,
        ).permute(0, 2, 3, 1)
        return geometry.fill(used)
