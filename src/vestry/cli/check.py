"""`vestry check`: what this machine offers."""

import json
from typing import TYPE_CHECKING, Any

import typer

from vestry.cli.options import DataOption, JsonOption
from vestry.system.parts import PARTS, install_line, missing_packages
from vestry.system.platform_calls import available_cores

if TYPE_CHECKING:
    from vestry.data.paths import DataPaths

CHECK_EXAMPLES = "Example:  vestry check --json"


def check(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Say what this machine offers: processor, memory, libraries, parts of Vestry, data."""
    from vestry.data.paths import DataPaths  # noqa: PLC0415

    found = _facts(DataPaths.of(data), available_cores())
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        lines = {name: "not here" if value is None else value for name, value in found.items()}
        typer.echo("\n".join(f"{name:<14} {value}" for name, value in lines.items()))


def _facts(places: "DataPaths", cores: int) -> dict[str, Any]:
    """Machine, versions, arithmetic and data, JSON-able."""
    from vestry.data.sources.fashion_mnist import FASHION_MNIST  # noqa: PLC0415
    from vestry.system.environment import environment  # noqa: PLC0415

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
