"""What a student learns of its teacher while it is trained: soft targets, and their loss.

(Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015; that teacher and
student see the same altered image: Beyer et al., "Knowledge distillation: a good teacher is patient
and consistent", 2022.)
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vestry.errors import MemberError
from vestry.members.kind import Teacher
from vestry.members.networks.distillation import Distillation
from vestry.members.networks.rows import TrainingImages
from vestry.system.platform_calls import usable_memory

_MEMORY = 0.7
"""Of the memory that this process may use, as for decoded images."""
_FLOOR = 1e-7
"""Of a teacher's probabilities before their logarithm is taken."""


class SoftTargets:
    """The teacher's probabilities of training rows, at the temperature of `settings`.

    epochs: that its student is trained for; None where that is not known. MemberError where what
    the teacher says of all alterations would take more memory than there is.
    """

    def __init__(
        self,
        teacher: Teacher,
        settings: Distillation,
        images: TrainingImages,
        epochs: int | None = None,
    ) -> None:
        self.teacher = teacher
        self.settings = settings
        self.images = images
        self.copies = 1
        if teacher.table is None and images.augmenter is not None:
            self.copies = images.copies = settings.copies
        self.known: dict[int, Tensor] = {}
        self.epochs = epochs

    def of(self, order: Tensor, seed: int, epoch: int) -> Tensor:
        """(rows, classes) for rows in an epoch's `order`; epoch: from 1."""
        copies = self.images.copies_of(order, epoch) if self.copies > 1 else torch.zeros_like(order)
        found = torch.empty(0)
        for copy in sorted(set(copies.tolist())):
            values = self._copy(copy, seed)
            if len(self.known) == 1:
                self._check_room(values, -(-len(order) // len(values)))
            if not len(found):
                found = torch.empty(len(order), values.shape[1])
            chosen = copies == copy
            found[chosen] = values[order[chosen]]
        return found

    def _check_room(self, values: Tensor, passes: int) -> None:
        """Once it is known what one alteration takes. passes: through the rows, an epoch."""
        asked = self.copies if self.epochs is None else min(self.copies, self.epochs * passes)
        size, memory = asked * values.nbytes, usable_memory()
        if memory is not None and size > _MEMORY * memory:
            raise MemberError(
                f"what its teacher says of {asked:,} alterations of {len(values):,} images would "
                f"take {size / 2**30:,.1f} GB, and this process may use {memory / 2**30:,.1f} GB: "
                "give `distillation` fewer `copies`"
            )

    def _copy(self, copy: int, seed: int) -> Tensor:
        """(training rows, classes) of one alteration of all of them."""
        if copy not in self.known:
            self.known[copy] = softened(self._answers(copy, seed), self.settings.temperature)
        return self.known[copy]

    def _answers(self, copy: int, seed: int) -> Tensor:
        teacher = self.teacher
        if teacher.table is not None:
            return torch.from_numpy(teacher.table)
        assert teacher.ask is not None  # noqa: S101 - a teacher has one or the other
        return torch.cat(
            [
                torch.from_numpy(teacher.ask(_as_bytes(part)))
                for part in self.images.copy(copy if self.copies > 1 else None, seed)
            ]
        )


def _as_bytes(images: Tensor) -> NDArray[np.uint8]:
    """Images in [0, 1] as a model takes them: (n, height, width) of grey ones."""
    pixels = images.mul(255).round_().clamp_(0, 255).to(torch.uint8).numpy()
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


def softened(probabilities: Tensor, temperature: float) -> Tensor:
    """(n, classes) as a softmax of their logarithms at a temperature gives them."""
    return torch.softmax(probabilities.clamp_min(_FLOOR).log() / temperature, 1)


def distilled_gradient(
    scores: Tensor, seen: Tensor, truth: Tensor, soft: Tensor, settings: Distillation
) -> Tensor:
    """By the scores, a row: of the cross-entropy with labels, and of that with soft targets at the
    temperature, times its square, so that `mix` weighs alike at all temperatures.

    seen: log probabilities. truth, soft: (n, classes) probabilities.
    """
    heat, mix = settings.temperature, settings.mix
    taught = (torch.softmax(scores / heat, 1) - soft).mul_(mix * heat)
    return taught if mix == 1 else taught.add_(seen.exp() - truth, alpha=1 - mix)
