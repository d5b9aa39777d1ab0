"""Functions applied to each value, by the word that a layer's `activation` has for them."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from vestry.members.networks.block import Block, Tensor, torch
from vestry.members.networks.layer import Nodes


class ActivationBlock(Block):
    """operator: the ONNX node that computes it. rises: whether it never falls as its input rises;
    such a function commutes with a maximum.
    """

    operator: str
    rises = True


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


def activation_node(to: Nodes, name: str, value: str) -> str:
    block = ACTIVATIONS[name]
    return value if block is None else to.add(block.operator, value)


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

    def value(self, x: Tensor) -> Tensor:
        raise NotImplementedError


@register_activation("relu")
class Relu(_ByOutput):
    operator = "Relu"

    def value(self, x: Tensor) -> Tensor:
        return torch.relu_(x)

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
