"""A block whose backward pass is left to autograd."""

from collections.abc import Sequence

from vestry.members.networks.block import Block, Tensor, torch


class AutogradBlock(Block):
    """For a layer whose backward pass is long to write, or gains nothing by it: `compute` is all
    that it needs. It costs a copy of its input, and some bookkeeping at each step.

    Networks train in torch's inference mode, whose tensors autograd does not take; so it works on
    copies, outside of that mode.
    """

    def compute(self, x: Tensor, *parameters: Tensor) -> Tensor:
        """What leaves it, of x's type and new in memory; parameters: float32, in the order of
        `specs`.
        """
        raise NotImplementedError

    def differentiable(self, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        return self.compute(x, *weights)

    def forward(self, x: Tensor, training: bool) -> Tensor:
        own = [getattr(self, name) for name in self.specs]
        values = [parameter.value for parameter in own]
        if not training:
            return self.compute(x, *values)
        with torch.inference_mode(mode=False), torch.enable_grad():
            self.leaves = [tensor.clone().requires_grad_() for tensor in (x, *values)]
            self.output = self.compute(*self.leaves)
        return self.output.detach()

    def backward(self, gradient: Tensor) -> Tensor:
        with torch.inference_mode(mode=False):
            back, *rest = torch.autograd.grad(self.output, self.leaves, gradient.clone())
        for name, found in zip(self.specs, rest, strict=True):
            getattr(self, name).gradient.copy_(found)
        return back.contiguous()
