"""Where weights, model files and runs whose networks serve as backbones are looked for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from vestry.data.paths import DataPaths, expanded

_FOLDER = "backbones"


@dataclass(frozen=True)
class ModelPaths:
    """base: the folder that relative paths start from. runs: folders that hold runs, in order.

    published: folders that may hold published weights, in order. cache: where those that are
    downloaded go.
    """

    base: Path
    runs: tuple[Path, ...]
    published: tuple[Path, ...]
    cache: Path

    @classmethod
    def of(cls, places: DataPaths | None = None, run: Path | None = None) -> "ModelPaths":
        """As the data's `places` have it, for a study that runs in the folder `run`.

        Weights are looked for in `backbones` below the user's data folder and in the cache, and
        where torch keeps what it downloads; runs beside the present one, then from the study's own
        folder and the working folder.
        """
        places = places or DataPaths.of()
        cache = places.cache / _FOLDER
        data = () if places.data is None else (places.data / _FOLDER,)
        beside = () if run is None else (run.absolute().parent,)
        return cls(
            base=places.base,
            runs=tuple(dict.fromkeys((*beside, places.base, Path().absolute()))),
            published=(*data, cache, _torch_downloads()),
            cache=cache,
        )

    def path(self, text: str) -> Path:
        return self.base / expanded(Path(text))

    def as_dict(self) -> dict[str, Any]:
        return {
            "base": str(self.base),
            "runs": [str(path) for path in self.runs],
            "published": [str(path) for path in self.published],
            "cache": str(self.cache),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "ModelPaths":
        return cls(
            base=Path(value["base"]),
            runs=tuple(map(Path, value["runs"])),
            published=tuple(map(Path, value["published"])),
            cache=Path(value["cache"]),
        )


def _torch_downloads() -> Path:
    """What `torch.hub` would say, without importing torch."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    home = os.environ.get("TORCH_HOME") or Path(caches) / "torch"
    return Path(home) / "hub" / "checkpoints"


def user_cache() -> Path:
    return Path(platformdirs.user_cache_dir("vestry"))


def shown(path: Path) -> str:
    """A path for people, from the home folder where it lies there: pages are passed on."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
