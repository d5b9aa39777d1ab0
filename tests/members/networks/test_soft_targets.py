"""A student's loss against autograd, and the images that its teacher is asked about."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.errors import MemberError
from vestry.members.kind import Teacher
from vestry.members.networks import soft_targets
from vestry.members.networks.distillation import Distillation
from vestry.members.networks.rows import TrainingImages, as_tensor
from vestry.members.networks.settings import TrainingSettings
from vestry.members.networks.soft_targets import SoftTargets, distilled_gradient, softened

ROWS, CLASSES, SEED = 12, 4, 5


@settings(deadline=None, max_examples=40)
@given(heat=st.floats(0.25, 20), mix=st.floats(0.01, 1), seed=st.integers(0, 2**16))
def test_the_gradient_is_that_of_the_loss(heat: float, mix: float, seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    scores = (3 * torch.randn(ROWS, CLASSES, generator=random)).requires_grad_()
    truth = torch.softmax(torch.randn(ROWS, CLASSES, generator=random), 1)
    taught = torch.softmax(3 * torch.randn(ROWS, CLASSES, generator=random), 1)
    soft = softened(taught, heat)
    hard_loss = -(truth * torch.log_softmax(scores, 1)).sum()
    soft_loss = -(soft * torch.log_softmax(scores / heat, 1)).sum() * heat**2
    ((1 - mix) * hard_loss + mix * soft_loss).backward()
    own = scores.detach()
    seen = torch.log_softmax(own, 1)
    found = distilled_gradient(own, seen, truth, soft, Distillation(temperature=heat, mix=mix))
    assert scores.grad is not None
    torch.testing.assert_close(found, scores.grad, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(softened(taught, 1.0), taught)


def test_answers_that_memory_cannot_hold_are_refused_with_a_way_to_go_on(monkeypatch) -> None:
    monkeypatch.setattr(soft_targets, "usable_memory", lambda: ROWS * 3 * 4 * 10)
    pixels = np.zeros((ROWS, 6, 6), np.uint8)
    settings = TrainingSettings(augmentation={"horizontal_flip": True}, batch_size=4)
    teacher = Teacher({}, ask=lambda shown: np.full((len(shown), 3), 1 / 3, np.float32))

    def first(copies: int, epochs: int | None) -> torch.Tensor:
        images = TrainingImages(as_tensor(pixels), settings)
        soft = SoftTargets(teacher, Distillation(copies=copies), images, epochs)
        return soft.of(torch.arange(ROWS), SEED, 1)

    with pytest.raises(MemberError, match=r"8 alterations of .* fewer `copies`"):
        first(8, None)
    assert len(first(6, None)) == len(first(8, 6)) == ROWS


def test_a_teacher_is_asked_about_the_images_that_its_student_sees() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (ROWS, 6, 6), np.uint8)
    altered = {"augmentation": {"shift": 0.3, "horizontal_flip": True, "pad_crop": 1}}
    images = TrainingImages(as_tensor(pixels), TrainingSettings(**altered, batch_size=4))
    asked: list[int] = []

    def ask(shown: np.ndarray) -> np.ndarray:
        """Says of each image what its pixels are: two images alike get the same answer."""
        asked.append(len(shown))
        return shown.reshape(len(shown), -1)[:, ::5].astype(np.float32)

    soft = SoftTargets(Teacher({}, ask=ask), Distillation(temperature=1, copies=2), images)
    for epoch in (1, 2, 3):
        order = torch.from_numpy(
            np.concatenate([np.random.default_rng([epoch, n]).permutation(ROWS) for n in (0, 1)])
        )
        said = soft.of(order, SEED, epoch)
        seen = torch.cat(list(images.chunks(order, SEED, epoch)))
        expected = softened(seen.mul(255).round().reshape(len(order), -1)[:, ::5], 1)
        torch.testing.assert_close(said, expected)
    assert sum(asked) == 2 * ROWS  # each copy once
    assert not torch.equal(seen[:ROWS], as_tensor(pixels)[order[:ROWS]] / 255)
