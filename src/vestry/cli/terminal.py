"""Whether somebody watches a terminal, where a display may move, or lines are kept in a log; and
what fits there."""

import os
import shutil
from collections.abc import Mapping
from typing import TextIO

_NOTEBOOKS = (
    *("JPY_PARENT_PID", "JPY_SESSION_NAME", "COLAB_RELEASE_TAG", "COLAB_GPU"),
    *("KAGGLE_KERNEL_RUN_TYPE", "DATABRICKS_RUNTIME_VERSION"),
)
"""Set where a notebook started the command: it gives a terminal, and keeps every line that a moving
display writes anew."""
_TAIL = 6
_NO = ("", "0", "false")


def is_terminal(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether bars that are drawn anew can be shown on `stream`: a terminal that can move its
    cursor, not one that a notebook or a build stands behind, nor one that is to stay plain."""
    plain = any(environment.get(name) for name in (*_NOTEBOOKS, "NO_COLOR"))
    dumb = environment.get("TERM") == "dumb"
    return stream.isatty() and not (plain or dumb or is_build(environment))


def columns_of(stream: TextIO) -> int | None:
    """Of the terminal behind `stream`; None where there is none, and lines may be of any length."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def is_build(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a build server runs the command, so that nobody is there to look."""
    return environment.get("CI", "").lower() not in _NO


def shortened(name: str, cells: int) -> str:
    """A name in as many cells, without its middle where it is longer: names often differ at their
    end."""
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415 - not for `--help`

    if cell_len(name) <= cells:
        return name
    tail = name[-_TAIL:]
    while cell_len(tail) > _TAIL:
        tail = tail[1:]
    return set_cell_size(name, cells - cell_len(tail) - 1) + "…" + tail
