"""A convolution by the library's own kernels, forward and backward."""

import torch
from torch import Tensor

from vestry.members.networks.blocks.convolution import Convolution

aten = torch.ops.aten


class LibraryConvolution(Convolution):
    def train(self, padded: Tensor) -> Tensor:
        geometry = self.geometry
        height, width = geometry.used
        self.seen = padded[:, :height, :width].contiguous().permute(0, 3, 1, 2)
        weight = self.weight.as_type(self.compute).view(*geometry.kernel, -1, self.filters)
        self.kernel = weight.permute(3, 2, 0, 1)
        y = torch.conv2d(self.seen, self.kernel, self.bias.as_type(self.compute), geometry.stride)
        images = y.permute(0, 2, 3, 1).contiguous()
        return images if geometry.window == (1, 1) else geometry.windowed(images)

    def backward(self, gradient: Tensor) -> Tensor | None:
        geometry = self.geometry
        rows = gradient.to(self.compute).reshape(-1, self.filters)
        used, kernel, bias = aten.convolution_backward(
            geometry.raster(rows).permute(0, 3, 1, 2),
            self.seen,
            self.kernel,
            [self.filters],
            geometry.stride,
            [0, 0],
            [1, 1],
            False,
            [0, 0],
            1,
            [not self.first, True, True],
        )
        self.weight.gradient.view(*geometry.kernel, -1, self.filters).copy_(
            kernel.permute(2, 3, 1, 0)
        )
        self.bias.gradient.copy_(bias)
        if self.first:
            return None
        padded = geometry.fill(used.permute(0, 2, 3, 1))
        return geometry.crop(padded).to(self.outside)
