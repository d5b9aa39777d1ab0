"""Folders in which a run shows tasks' files under names that people look for.

Here a run writes over and removes, so what is its own is told by its form: a folder by its card, a
file by its name. Whatever else lies there is somebody's, and stays.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from vestry.ownership import has_own_card
from vestry.run_folder import atomic_path

CARD = "card.json"
OWN_FILE = re.compile(
    r"card\.json|(validation|test|held_out|out_of_fold|pictures)\.npz|history\.csv"
    r"|weights\.safetensors|trunk-[0-9a-f]{16}\.safetensors|model\.onnx|trials\.jsonl"
)
OWN_FOLDER = re.compile(r"seed-\d+|fold-\d+|images-\d+|search")


def link_folder(source: Path, target: Path) -> None:
    """Show the files of `source` in `target` too, as hard links or, where that fails, as copies.

    The card comes last, so that a target with a card is whole.
    """
    target.mkdir(parents=True, exist_ok=True)
    names = sorted((p.name for p in source.iterdir() if p.is_file()), key=lambda n: n == CARD)
    for stale in own_files(target):
        if stale.name not in names:
            stale.unlink()
    for name in names:
        with atomic_path(target / name) as temporary:
            temporary.unlink()
            try:
                os.link(source / name, temporary)
            except OSError:
                shutil.copy2(source / name, temporary)


def remove_makers(folder: Path, names: Iterable[str]) -> None:
    """Remove folders of makers that the study no longer has; their tasks are kept."""
    kept = set(names)
    for path in folders_in(folder):
        if path.name not in kept and has_own_card(path):
            remove_made(path)


def remove_fits(home: Path, names: Iterable[str]) -> None:
    """Remove folders of fits, in a member's own folder, that the study no longer has."""
    kept = set(names)
    for path in folders_in(home):
        if path.name not in kept and OWN_FOLDER.fullmatch(path.name):
            remove_made(path)


def remove_made(folder: Path) -> bool:
    """Remove what a run has put into `folder`, and the folder where nothing else is left in it.

    Gives whether there was anything.
    """
    inner = [path for path in folders_in(folder) if OWN_FOLDER.fullmatch(path.name)]
    removed = [remove_made(path) for path in inner]
    found = any(removed) or has_own_card(folder)
    if has_own_card(folder):
        for path in sorted(own_files(folder), key=lambda path: path.name == CARD):
            path.unlink()
    if found:
        with contextlib.suppress(OSError):  # what is not ours keeps it
            folder.rmdir()
    return found


def folders_in(folder: Path) -> list[Path]:
    inner = folder.iterdir() if folder.is_dir() else ()
    return [path for path in inner if path.is_dir() and not path.is_symlink()]


def own_files(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.iterdir()
        if OWN_FILE.fullmatch(path.name) and path.is_file() and not path.is_symlink()
    ]
