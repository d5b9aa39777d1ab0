"""A small project, what lies in it, and files of somebody else's under names like our own."""

import json
import os
import sys
from pathlib import Path

import numpy as np

from vestry.cli.entry import called

LEFT_OUT = "".join(
    f"[{part}]\nskip = true\n" for part in ("exploration", "explanation", "robustness")
)
LINEAR = '[[member]]\nname = "Linear"\nestimator = "sklearn.linear_model.RidgeClassifier"\n'
BAYES = '[[member]]\nname = "Bayes"\nestimator = "sklearn.naive_bayes.GaussianNB"\n'
BOTH = '[[committee]]\nname = "Both"\nmembers = ["Linear", "Bayes"]\n'
ALL = LINEAR + BAYES + BOTH


def study(body=ALL, title="Ours", source="npz:d.npz"):
    head = f"# a remark\ntitle = {json.dumps(title)}\n[data]\nsource = {json.dumps(source)}\n"
    head += "validation = { fraction = 0.2 }\n"
    return head + LEFT_OUT + body


def plant_data(path, seed=0):
    random = np.random.default_rng(seed)
    labels = np.arange(120) % 3
    images = (labels[:, None, None] * 60 + random.integers(0, 90, (120, 6, 6))).astype(np.uint8)
    np.savez(path, images=images, labels=labels)


def project(folder, **changes):
    """A study and its data in `folder`; gives the study file."""
    folder.mkdir(parents=True, exist_ok=True)
    plant_data(folder / "d.npz")
    (folder / "s.toml").write_text(study(**changes))
    return folder / "s.toml"


def tree(folder):
    """Every file's bytes, every link's goal, every folder: what must be the same afterwards."""
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else None
        for path in sorted(Path(folder).rglob("*"))
    }


def here(folder, *arguments):
    """The command in this process, from `folder`: exit code, and the lines of its error."""
    before, given = Path.cwd(), sys.argv
    os.chdir(folder)
    sys.argv = ["vestry", *map(str, arguments)]
    try:
        return called()
    finally:
        os.chdir(before)
        sys.argv = given
