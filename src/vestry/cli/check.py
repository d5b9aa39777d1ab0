"""What this machine offers, for `vestry check`."""

from typing import Any

from vestry.data.paths import DataPaths
from vestry.data.sources.fashion_mnist import FASHION_MNIST
from vestry.system.environment import environment


def facts(places: DataPaths, cores: int) -> dict[str, Any]:
    """Machine, versions, arithmetic and data, JSON-able."""
    import torch  # noqa: PLC0415 - only this verb needs it

    about = environment(cores)
    versions = about.pop("versions")
    return {
        **about,
        **versions,
        "bfloat16": bool(torch.cpu._is_avx512_bf16_supported()),
        FASHION_MNIST.name: FASHION_MNIST.where(places),
    }
