"""A torch module as a network that is trained here, its backward pass left to autograd."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from vestry.errors import MemberError, one_line
from vestry.members.networks.block import Parameter, ParameterVector
from vestry.members.networks.device import CPU, Device
from vestry.members.networks.layer import MEAN, Shape
from vestry.members.networks.network import Standardised
from vestry.members.networks.plain_module import PlainLayer, PlainModule

_PROBE = 2
"""Images that a module is asked about before its first step; of one, a lost axis would not show."""


class AutogradNetwork:
    """`module` takes (n, channels, height, width) floats and gives (n, classes) scores.

    Its trainable parameters become views of one vector, in which optimizers step. Batch
    normalisation predicts by statistics that are measured over training rows, as that of layers
    does; frozen layers keep theirs.

    name: of the module, for messages. Raises MemberError where `module` does not work so.
    """

    def __init__(
        self, module: nn.Module, image_shape: Shape, classes: int, name: str, device: Device = CPU
    ) -> None:
        self.classes = classes
        self.name = name
        self.device = device
        self.place = device.place
        self.standardised: Standardised | None = None
        with torch.inference_mode(mode=False):
            self.module = module.float().to(device.place)
            self._probe((*image_shape, 1) if len(image_shape) == 2 else image_shape)
            self._bind()
        parts = list(module.modules())
        self.norms = [each for each in parts if isinstance(each, _BatchNorm) and _is_measured(each)]
        self.layers = [each for each in parts if isinstance(each, PlainLayer) and each.measures]

    def _probe(self, shape: Shape) -> None:
        """One batch, which also gives lazy layers their shapes."""
        self.module.eval()
        with torch.no_grad():
            self._scores(self._planes(torch.zeros(_PROBE, *shape)))

    def _bind(self) -> None:
        """Move what is trained into one vector."""
        own = dict(self.module.named_parameters())
        if MEAN in own or not any(each.requires_grad for each in own.values()):
            why = f"has a parameter called {MEAN!r}" if MEAN in own else "has nothing to train"
            raise MemberError(f"{self.name} {why}")
        self.trained = [each for each in own.values() if each.requires_grad]
        shapes = [tuple(each.shape) for each in self.trained]
        self.vector = ParameterVector(shapes, device=self.device.place)
        for each, place in zip(self.trained, self.vector.parameters, strict=True):
            place.value.copy_(each.detach())
            each.data = place.value

    def tensors(self) -> dict[str, Tensor]:
        """As the module's `state_dict` names them; what two layers share, once."""
        own: dict[str, Tensor] = {name: p.detach() for name, p in self.module.named_parameters()}
        stored = self.module.state_dict().keys()
        own |= {name: each for name, each in self.module.named_buffers() if name in stored}
        return own | (self.standardised.tensors() if self.standardised else {})

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        self._standardise_by(Standardised.among(tensors))
        own = self.tensors()
        if own.keys() != tensors.keys():
            raise ValueError(f"weights of another network: {sorted(own.keys() ^ tensors.keys())}")
        for name, tensor in own.items():
            tensor.copy_(tensors[name].view_as(tensor))

    def standardise(self, images: Tensor) -> None:
        self._standardise_by(Standardised.of(images.cpu()))

    def _standardise_by(self, found: Standardised | None) -> None:
        place = self.device.place
        self.standardised = found and Standardised(found.mean.to(place), found.deviation.to(place))

    def resized(self, _: Shape) -> "AutogradNetwork":
        """Modules take images of whatever size they can."""
        return self

    def seed(self, random: np.random.Generator) -> None:
        """Modules draw from torch's own generator."""
        torch.manual_seed(int(random.integers(2**63)))

    def filter_banks(self) -> list[Parameter]:
        places = zip(self.trained, self.vector.parameters, strict=True)
        known = {id(each): place for each, place in places}
        if isinstance(self.module, PlainModule):
            return [known[id(self.module.get_parameter(name))] for name in self.module.bank_names]
        return [
            _as_matrix(known[id(each.weight)])
            for each in self.module.modules()
            if isinstance(each, nn.Conv2d) and each.groups == 1 and each.in_channels > 1
            if id(each.weight) in known
        ]

    def measure_statistics(self, batches: Iterable[Tensor]) -> None:
        """Of a module's own normalisation the mean over batches, as
        `torch.optim.swa_utils.update_bn` takes it."""
        if not (self.norms or self.layers):
            return
        self.module.eval()
        with torch.inference_mode(mode=False), torch.no_grad(), _taking(self.norms, self.layers):
            for batch in batches:
                self._scores(self._planes(batch))

    def forward(self, x: Tensor, training: bool) -> Tensor:
        # The loop works in inference mode, whose tensors autograd does not take.
        with torch.inference_mode(mode=False):
            self._set_mode(training, len(x))
            if not training:
                with torch.no_grad():
                    return self._scores(self._planes(x))
            with torch.enable_grad(), self.device.autocast():
                self.output = self._scores(self._planes(x)).float()
        return self.output.detach()

    def _set_mode(self, training: bool, rows: int) -> None:
        """One row alone has no deviation: batch normalisation then goes by its statistics."""
        if self.module.training != training:
            self.module.train(training)
        if training and self.norms:
            for norm in self.norms:
                norm.train(rows > 1)

    def backward(self, gradient: Tensor) -> None:
        with torch.inference_mode(mode=False):
            try:
                found = torch.autograd.grad(
                    self.output, self.trained, gradient.clone(), allow_unused=True
                )
            except RuntimeError as error:
                raise MemberError(
                    f"{self.name}: its scores cannot be traced back to its parameters "
                    f"({one_line(error)})"
                ) from error
        for place, each in zip(self.vector.parameters, found, strict=True):
            if each is None:
                place.gradient.zero_()
            else:
                place.gradient.copy_(each)

    def _planes(self, x: Tensor) -> Tensor:
        """(n, channels, height, width), of the same memory, which torch calls channels_last."""
        x = x.to(self.device.place)
        x = x.clone() if self.standardised is None else self.standardised.apply(x)
        planes = x.permute(0, 3, 1, 2)
        return planes if self.device.channels_last else planes.contiguous()

    def _scores(self, planes: Tensor) -> Tensor:
        try:
            scores = self.module(planes)
        except MemberError:
            raise
        except Exception as error:  # it raises whatever it likes
            raise MemberError(
                f"{self.name}: its forward raised {one_line(error)}{_where(error)} for "
                f"images of shape {tuple(planes.shape)}, (n, channels, height, width)"
            ) from error
        wanted = (len(planes), self.classes)
        if not (isinstance(scores, Tensor) and scores.shape == wanted):
            given = _described(scores)
            raise MemberError(
                f"{self.name}: its forward gave {given} for {len(planes)} images; scores (logits) "
                f"of shape (n, {self.classes}) are needed, here {wanted}"
            )
        return scores


@contextlib.contextmanager
def _taking(norms: Sequence[_BatchNorm], layers: Sequence[PlainLayer]) -> Iterator[None]:
    """While it lasts they take statistics of what passes."""
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # all batches count alike
        norm.train()
    for layer in layers:
        layer.start_measuring()
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()
        for layer in layers:
            layer.stop_measuring()


def _is_measured(norm: _BatchNorm) -> bool:
    """One that has statistics and is not frozen."""
    is_frozen = isinstance(norm.weight, Tensor) and not norm.weight.requires_grad
    return norm.running_mean is not None and not is_frozen


def _as_matrix(place: Parameter) -> Parameter:
    """A kernel (filters, channels, height, width) as (inputs, filters), of the same memory."""
    return Parameter(
        *(part.view(len(part), -1).t() for part in (place.value, place.half, place.gradient))
    )


def _described(scores: Any) -> str:
    if isinstance(scores, Tensor):
        return f"a tensor of shape {tuple(scores.shape)}"
    return f"no tensor but {type(scores).__name__}"


def _where(error: Exception) -> str:
    """The innermost line outside of torch."""
    found = ""
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if not str(frame.f_globals.get("__name__", "")).startswith(("torch", "vestry")):
            with contextlib.suppress(IndexError):
                found = f" ({frame.f_code.co_filename.rsplit('/')[-1]}, line {trace.tb_lineno})"
        trace = trace.tb_next
    return found
