"""Functions applied to each value, by the word that a layer's `activation` has for them."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from vestry.members.networks.block import Block, Tensor, functional, torch
from vestry.members.networks.layer import Nodes


class ActivationBlock(Block):
    """operator: the ONNX node that computes it. rises: whether it never falls as its input rises;
    such a function commutes with a maximum. keeps_input: whether its input must stay as it is, for
    others who read it; elsewhere it may be worked on in place.
    """

    operator: str
    rises = True
    keeps_input = False

    @classmethod
    def node(cls, to: Nodes, value: str) -> str:
        """Add what computes it to the graph; gives the name of what comes out."""
        return to.add(cls.operator, value)

    def value(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def differentiable(self, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        self.keeps_input = True
        return self.value(x)


ACTIVATIONS: dict[str, type[ActivationBlock] | None] = {"none": None}
"""Every activation, by its name; None where nothing is done."""


def register_activation(name: str) -> Callable[[type[ActivationBlock]], type[ActivationBlock]]:
    def kept(block: type[ActivationBlock]) -> type[ActivationBlock]:
        ACTIVATIONS[name] = block
        return block

    return kept


def activation_blocks(name: str) -> list[Block]:
    block = ACTIVATIONS[name]
    return [] if block is None else [block()]


def activated(name: str, x: Tensor) -> Tensor:
    """By an operation that autograd follows."""
    block = ACTIVATIONS[name]
    return x if block is None else block().differentiable(x, ())


def activation_node(to: Nodes, name: str, value: str) -> str:
    block = ACTIVATIONS[name]
    return value if block is None else block.node(to, value)


def _known(name: Any) -> Any:
    if not (isinstance(name, str) and name in ACTIVATIONS):
        *most, last = map(repr, ACTIVATIONS)
        expected = f"{', '.join(most)} or {last}"
        raise PydanticCustomError(
            "literal_error", "Input should be {expected}", {"expected": expected}
        )
    return name


def _enumerated(schema: dict[str, Any]) -> None:
    schema["enum"] = list(ACTIVATIONS)


Activation = Annotated[str, BeforeValidator(_known), Field(json_schema_extra=_enumerated)]


class _ByOutput(ActivationBlock):
    """One whose derivative is made of what it gave."""

    def forward(self, x: Tensor, training: bool) -> Tensor:
        y = self.value(x)
        if training:
            self.output = y
        return y


@register_activation("relu")
class Relu(_ByOutput):
    operator = "Relu"

    def value(self, x: Tensor) -> Tensor:
        return torch.relu(x) if self.keeps_input else torch.relu_(x)

    def backward(self, gradient: Tensor) -> Tensor:
        result: Tensor = torch.ops.aten.threshold_backward(gradient, self.output, 0)
        return result


@register_activation("tanh")
class Tanh(_ByOutput):
    operator = "Tanh"

    def value(self, x: Tensor) -> Tensor:
        return torch.tanh(x)

    def backward(self, gradient: Tensor) -> Tensor:
        result: Tensor = torch.ops.aten.tanh_backward(gradient, self.output)
        return result


@register_activation("sigmoid")
class Sigmoid(_ByOutput):
    operator = "Sigmoid"

    def value(self, x: Tensor) -> Tensor:
        return torch.sigmoid(x)

    def backward(self, gradient: Tensor) -> Tensor:
        result: Tensor = torch.ops.aten.sigmoid_backward(gradient, self.output)
        return result


_SLOPE = 0.01
"""Of a leaky relu below zero: PyTorch's and ONNX's default."""


@register_activation("leaky_relu")
class LeakyRelu(_ByOutput):
    """0.01 of its input where that is below zero (Maas, Hannun and Ng, 2013)."""

    @classmethod
    def node(cls, to: Nodes, value: str) -> str:
        return to.add("LeakyRelu", value, alpha=_SLOPE)

    def value(self, x: Tensor) -> Tensor:
        leak = functional.leaky_relu if self.keeps_input else functional.leaky_relu_
        return leak(x, _SLOPE)

    def backward(self, gradient: Tensor) -> Tensor:
        back = torch.ops.aten.leaky_relu_backward  # the output's sign is the input's
        result: Tensor = back(gradient, self.output, _SLOPE, True)
        return result


class _ByInput(ActivationBlock):
    """One whose derivative is made of what it was given. It falls before it rises."""

    rises = False

    def forward(self, x: Tensor, training: bool) -> Tensor:
        if training:
            self.input = x
        return self.value(x)


@register_activation("gelu")
class Gelu(_ByInput):
    """x times the normal distribution's share below x, exactly (Hendrycks and Gimpel, 2016); the
    formula with tanh that is near to it takes longer on a processor.
    """

    operator = "Gelu"

    def value(self, x: Tensor) -> Tensor:
        return functional.gelu(x)

    def backward(self, gradient: Tensor) -> Tensor:
        result: Tensor = torch.ops.aten.gelu_backward(gradient, self.input)
        return result


@register_activation("silu")
class Silu(_ByInput):
    """x times its sigmoid, also called swish (Elfwing, Uchibe and Doya, 2018)."""

    @classmethod
    def node(cls, to: Nodes, value: str) -> str:
        return to.add("Mul", value, to.add("Sigmoid", value))

    def value(self, x: Tensor) -> Tensor:
        return functional.silu(x)

    def backward(self, gradient: Tensor) -> Tensor:
        result: Tensor = torch.ops.aten.silu_backward(gradient, self.input)
        return result
