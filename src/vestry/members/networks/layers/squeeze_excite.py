"""Squeeze and excitation (Hu, Shen and Sun, 2018)."""

from pydantic import Field

from vestry.members.networks.autograd_block import AutogradBlock
from vestry.members.networks.block import Block, ParameterSpec, Tensor, torch
from vestry.members.networks.layer import Layer, Nodes, Place, Shape, Value, register, require_image


@register("squeeze_excite")
class SqueezeExcite(Layer):
    """Multiplies each channel by a number in 0 to 1, which two dense layers make of all channels'
    means; the one between has `squeeze_excite` times fewer units than there are channels.
    """

    squeeze_excite: int = Field(ge=1, le=65536)

    def output_shape(self, shape: Shape, joined: Shape = ()) -> Shape:
        require_image(shape)
        return shape

    def _units(self, channels: int) -> int:
        return max(channels // self.squeeze_excite, 1)

    def parameters(self, shape: Shape) -> tuple[int, int]:
        units = self._units(shape[2])
        count = (shape[2] + 1) * units + (units + 1) * shape[2]
        return count, count

    def multiply_adds(self, shape: Shape, output: Shape) -> int:
        return 2 * shape[2] * self._units(shape[2])

    def blocks(self, place: Place) -> list[Block]:
        channels = place.step.input_shape[2]
        return [_SqueezeExciteBlock(channels, self._units(channels))]

    def nodes(self, to: Nodes, value: Value) -> Value:
        channels = value.shape[2]
        planes = to.planes(value).name
        means = to.graph.reshape(to.add("GlobalAveragePool", planes), -1, channels)
        units = to.add("Gemm", means, to.weight("squeeze"), to.weight("squeeze_bias"))
        scores = to.add(
            "Gemm", to.add("Relu", units), to.weight("excite"), to.weight("excite_bias")
        )
        factors = to.graph.reshape(to.add("Sigmoid", scores), -1, channels, 1, 1)
        return Value(to.add("Mul", planes, factors), value.shape, "channels_first")


class _SqueezeExciteBlock(AutogradBlock):
    def __init__(self, channels: int, units: int) -> None:
        fans = channels, units
        self.specs = {
            "squeeze": ParameterSpec((channels, units), fans),
            "squeeze_bias": ParameterSpec((units,)),
            "excite": ParameterSpec((units, channels), fans[::-1]),
            "excite_bias": ParameterSpec((channels,)),
        }

    def compute(self, x: Tensor, *parameters: Tensor) -> Tensor:
        squeeze, squeeze_bias, excite, excite_bias = parameters
        means = x.float().mean((1, 2))
        units = torch.relu(torch.addmm(squeeze_bias, means, squeeze))
        factors = torch.sigmoid(torch.addmm(excite_bias, units, excite))
        return x * factors.to(x.dtype)[:, None, None]
