"""What this machine offers, for `vestry check`."""

from typing import Any

from vestry.data.paths import DataPaths
from vestry.data.sources.fashion_mnist import FASHION_MNIST
from vestry.system.environment import environment
from vestry.system.parts import PARTS, install_line, missing_packages


def facts(places: DataPaths, cores: int) -> dict[str, Any]:
    """Machine, versions, arithmetic and data, JSON-able."""
    about = environment(cores)
    versions = about.pop("versions")
    return {
        **about,
        **versions,
        **{f"part {part}": _state(part) for part in PARTS},
        "bfloat16": _bfloat16(),
        FASHION_MNIST.name: FASHION_MNIST.where(places),
    }


def _state(part: str) -> str:
    """What is missing of a part, and how it is had."""
    missing = missing_packages(part)
    return f"without {', '.join(missing)}: {install_line(part)}" if missing else "here"


def _bfloat16() -> bool | None:
    """Whether the processor computes in it; None without torch, which knows."""
    try:
        import torch  # noqa: PLC0415 - only this verb needs it
    except ModuleNotFoundError:
        return None
    return bool(torch.cpu._is_avx512_bf16_supported())
