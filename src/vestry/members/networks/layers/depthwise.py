"""Convolution of each channel by itself."""

from vestry.members.networks.convolution import Filters
from vestry.members.networks.layer import Count, register
from vestry.members.networks.layers.conv import Convolving


@register("depthwise")
class Depthwise(Convolving):
    """`depthwise` is the number of filters that every channel has for itself (Howard and others,
    MobileNets, 2017). A 1 x 1 convolution usually follows, which mixes the channels.
    """

    depthwise: Count

    def filters(self, channels: int) -> Filters:
        return Filters(channels * self.depthwise, channels, self.bias)
