"""The same network as a plain torch module: for export, and as the reference of the tests."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from vestry.members.networks import layers as definition
from vestry.members.networks.geometry import pair
from vestry.members.networks.layer import Layer, Shape
from vestry.members.networks.layers.conv import Convolving
from vestry.members.networks.tracing import TracedLayer, trace


class TorchNetwork(nn.Module):
    """Takes images (n, height, width, channels) in [0, 1], gives (n, classes) scores (logits).

    Inside, images are (n, channels, height, width), as torch's layers want them; flattening goes
    back to the order of the study's layers.
    """

    def __init__(self, layers: Sequence[Layer], image_shape: Shape, classes: int) -> None:
        super().__init__()
        self.traced = trace(layers, image_shape, classes)
        self.steps = nn.ModuleList([module_of(step) for step in self.traced])

    def forward(self, x: Tensor) -> Tensor:
        values = [x.permute(0, 3, 1, 2)]
        for step, module in zip(self.traced, self.steps, strict=True):
            if step.joined is None:
                values.append(module(values[-1]))
            else:
                values.append(module(values[-1], values[step.joined + 1]))
        return values[-1]

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the tensors of a `Network`, by their names there."""
        for index, (step, module) in enumerate(zip(self.traced, self.steps, strict=True)):
            prefix = f"{index + 1}.{step.layer.key}."
            own = {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
            if own:
                restore_one(module, step, own)


class Padded(nn.Module):
    """Pads like TensorFlow (which may be uneven), convolves, activates."""

    def __init__(self, step: TracedLayer, layer: Convolving) -> None:
        super().__init__()
        (top, bottom), (left, right) = layer.pads(step.input_shape)
        self.pads = (left, right, top, bottom)
        modes = {"zeros": "constant", "edge": "replicate", "wrap": "circular"}
        self.mode = modes.get(layer.padding_mode, layer.padding_mode)
        channels, filters = step.input_shape[2], step.output_shape[2]
        self.inner = nn.Conv2d(
            *(channels, filters, pair(layer.kernel), pair(layer.stride)),
            groups=channels if layer.key == "depthwise" else layer.groups,
            bias=layer.bias,
        )
        self.activation = layer.activation

    def forward(self, x: Tensor) -> Tensor:
        return activate(self.inner(functional.pad(x, self.pads, self.mode)), self.activation)


class Activated(nn.Module):
    def __init__(self, inputs: int, units: int, activation: str) -> None:
        super().__init__()
        self.inner = nn.Linear(inputs, units)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return activate(self.inner(x), self.activation)


class Concatenated(nn.Module):
    def forward(self, x: Tensor, other: Tensor) -> Tensor:
        return torch.cat((flat(other), x), 1)


class Sum(nn.Module):
    """inner: the projection of what is added, or nothing."""

    def __init__(self, step: TracedLayer) -> None:
        super().__init__()
        self.activation = step.layer.activation
        shape, joined = step.output_shape, step.joined_shape
        if shape == joined:
            self.projection = nn.Identity()
        elif len(shape) == 1:
            self.projection = self.inner = nn.Linear(joined[0], shape[0], bias=False)
        else:
            strides = [round(a / b) for a, b in zip(joined[:2], shape[:2], strict=True)]
            self.projection = self.inner = nn.Conv2d(joined[2], shape[2], 1, strides, bias=False)

    def forward(self, x: Tensor, other: Tensor) -> Tensor:
        return activate(x + self.projection(other), self.activation)


class Excited(nn.Module):
    def __init__(self, channels: int, units: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, units)
        self.excite = nn.Linear(units, channels)

    def forward(self, x: Tensor) -> Tensor:
        factors = torch.sigmoid(self.excite(torch.relu(self.squeeze(x.mean((2, 3))))))
        return x * factors[:, :, None, None]


class NormOfChannels(nn.LayerNorm):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class Activation(nn.Module):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, x: Tensor) -> Tensor:
        return activate(x, self.name)


class Flat(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return flat(x)


class GlobalPool(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3)) if self.kind == "average" else x.amax((2, 3))


def module_of(step: TracedLayer) -> nn.Module:  # noqa: PLR0911, PLR0912 - one a kind
    match step.layer:
        case definition.Conv() | definition.Depthwise() as layer:
            return Padded(step, layer)
        case definition.Dense() as layer:
            return Activated(step.input_shape[0], layer.dense, layer.activation)
        case definition.Pool() as layer:
            pool = nn.MaxPool2d if layer.kind == "max" else nn.AvgPool2d
            return pool(pair(layer.pool), pair(layer.stride or layer.pool))
        case definition.Dropout() as layer:
            return nn.Dropout(layer.dropout)
        case definition.BatchNorm() as layer:
            norm = nn.BatchNorm2d if len(step.input_shape) == 3 else nn.BatchNorm1d
            return norm(step.input_shape[-1], layer.epsilon)
        case definition.GlobalPool() as layer:
            return GlobalPool(layer.global_pool)
        case definition.Flatten():
            return Flat()
        case definition.Concat():
            return Concatenated()
        case definition.Activated() as layer:
            return Activation(layer.activation)
        case definition.LayerNorm() as layer:
            return NormOfChannels(step.input_shape[-1], layer.epsilon)
        case definition.GroupNorm() as layer:
            return nn.GroupNorm(layer.group_norm, step.input_shape[-1], layer.epsilon)
        case definition.SqueezeExcite() as layer:
            channels = step.input_shape[2]
            return Excited(channels, max(channels // layer.squeeze_excite, 1))
    if step.layer.key == "add":
        return Sum(step)
    return nn.Identity()


def restore_one(module: nn.Module, step: TracedLayer, own: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        if isinstance(module, Padded | Sum) and isinstance(module.inner, nn.Conv2d):
            kh, kw = module.inner.kernel_size
            kernel = own["kernel"].view(kh, kw, module.inner.weight.shape[1], -1)
            module.inner.weight.copy_(kernel.permute(3, 2, 0, 1))
        elif isinstance(module, Activated | Sum):
            module.inner.weight.copy_(own["kernel"].t())
        elif isinstance(module, Excited):
            for name, dense in module.named_children():
                dense.weight.copy_(own[name].t())
                dense.bias.copy_(own[f"{name}_bias"])
        elif "scale" in own:
            module.weight.copy_(own["scale"])
            module.bias.copy_(own["shift"])
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.copy_(own["moving_mean"])  # type: ignore[union-attr]
            module.running_var.copy_(own["moving_variance"])  # type: ignore[union-attr]
        if "bias" in own:
            module.inner.bias.copy_(own["bias"])


def activate(x: Tensor, name: str) -> Tensor:
    if name == "none":
        return x
    return getattr(torch, name)(x) if hasattr(torch, name) else getattr(functional, name)(x)


def flat(x: Tensor) -> Tensor:
    """(n, channels, height, width) to (n, features) with the channels fastest."""
    return x.permute(0, 2, 3, 1).flatten(1) if x.ndim == 4 else x
