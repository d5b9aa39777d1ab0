"""A fully connected layer."""

from vestry.members.networks.activations import (
    Activation,
    activated,
    activation_blocks,
    activation_node,
)
from vestry.members.networks.block import (
    PLAIN,
    Block,
    Computation,
    Parameter,
    ParameterSpec,
    ProductBlock,
    Tensor,
    store_product,
    torch,
)
from vestry.members.networks.layer import (
    Count,
    Layer,
    Nodes,
    Place,
    Shape,
    Value,
    describe,
    register,
)
from vestry.members.networks.own_weights import Own


@register("dense")
class Dense(Layer):
    """Fully connected; `dense` is the number of units."""

    dense: Count
    activation: Activation = "relu"

    def output_shape(self, shape: Shape, joined: Shape = ()) -> Shape:
        if len(shape) != 1:
            raise ValueError(
                f"dense takes a flat vector, but a {describe(shape)} image arrives; "
                'put { flatten = true } or { global_pool = "average" } before it'
            )
        return (self.dense,)

    def parameters(self, shape: Shape) -> tuple[int, int]:
        count = (shape[0] + 1) * self.dense
        return count, count

    def multiply_adds(self, shape: Shape, output: Shape) -> int:
        return shape[0] * output[0]

    def blocks(self, place: Place) -> list[Block]:
        inputs = place.step.input_shape[0]
        block = DenseBlock(inputs, self.dense, place.computation, place.needs_input_gradient)
        return [block, *activation_blocks(self.activation)]

    def plain(self, own: Own, x: Tensor, joined: Tensor | None) -> Tensor:
        return activated(self.activation, torch.addmm(own.weight("bias"), x, own.weight("kernel")))

    def nodes(self, to: Nodes, value: Value) -> Value:
        name = to.add("Gemm", to.flat(value).name, to.weight("kernel"), to.weight("bias"))
        return Value(activation_node(to, self.activation, name), to.step.output_shape, "flat")


class DenseBlock(ProductBlock):
    """y = x W + b, with W of shape (inputs, units) as Keras stores it."""

    kernel: Parameter
    bias: Parameter

    def __init__(
        self,
        inputs: int,
        units: int,
        computation: Computation = PLAIN,
        needs_input_gradient: bool = True,
    ) -> None:
        super().__init__((inputs,), computation, needs_input_gradient)
        kernel = ParameterSpec((inputs, units), fans=(inputs, units))
        self.specs = {"kernel": kernel, "bias": ParameterSpec((units,))}

    def computed(self, computation: Computation) -> "DenseBlock":
        inputs, units = self.specs["kernel"].shape
        return DenseBlock(inputs, units, computation, self.needs_input_gradient)

    def forward(self, x: Tensor, training: bool) -> Tensor:
        dtype = self.dtype if training else torch.float32
        self.outside = x.dtype
        x = x.to(dtype)
        if training:
            self.input = x
        return torch.addmm(self.bias.as_type(dtype), x, self.kernel.as_type(dtype))

    def backward(self, gradient: Tensor) -> Tensor | None:
        gradient = gradient.to(self.dtype)
        store_product(self.kernel.gradient, self.input.t(), gradient)
        self.bias.gradient.copy_(gradient.sum(0))
        if not self.needs_input_gradient:
            return None
        return (gradient @ self.kernel.as_type(self.dtype).t()).to(self.outside)
