"""Where a network is trained: on the processor, or on a device that torch has here."""

import contextlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vestry.errors import StudyError
from vestry.members.networks.settings import DeviceName, ImageTrainingSettings

if TYPE_CHECKING:
    pass

_SIGN = "nvidia-smi"
"""Comes with the driver of every card that CUDA runs on; without it torch is not even asked."""


@dataclass(frozen=True)
class Device:
    """place: as torch names it. half: whether training computes in bfloat16 where that is safe
    (autocast). channels_last: how images lie in memory."""

    place: str = "cpu"
    half: bool = False
    channels_last: bool = False

    def autocast(self) -> "contextlib.AbstractContextManager[object]":
        import torch  # noqa: PLC0415 - heavy

        if not self.half:
            return contextlib.nullcontext()
        return torch.autocast(self.place, torch.bfloat16)

    @property
    def is_cpu(self) -> bool:
        return self.place == "cpu"

    @property
    def precision(self) -> str:
        return "bf16" if self.half else "fp32"


CPU = Device()


def settled_device(asked: DeviceName) -> DeviceName:
    """The device that is meant, found before any fit: "auto" for the processor, so that studies
    which never heard of devices keep the keys of their fits.

    Raises StudyError where torch has no such device here.
    """
    if asked == "cpu" or (asked == "auto" and shutil.which(_SIGN) is None):
        return "auto"
    if asked == "auto":
        return "cuda" if _is_there("cuda") else "auto"
    if not _is_there(asked):
        raise StudyError(
            f'device = "{asked}": torch finds no such device here; take device = "auto", or '
            "install a torch that is built for it (https://pytorch.org/get-started/locally)"
        )
    return asked


def device_of(settings: ImageTrainingSettings) -> Device:
    """Of settings whose device is settled. On CUDA in bfloat16 unless `precision` says otherwise;
    elsewhere only where it asks for that."""
    if settings.device in ("auto", "cpu"):
        return Device(half=settings.precision == "bf16")
    is_cuda = settings.device == "cuda"
    half = settings.precision == "bf16" or (settings.precision == "auto" and is_cuda)
    return Device(settings.device, half, channels_last=True)


def _is_there(name: DeviceName) -> bool:
    import torch  # noqa: PLC0415 - heavy

    return bool(torch.cuda.is_available() if name == "cuda" else torch.backends.mps.is_available())
