"""A study whose networks find out whether images may be mirrored: results, page, exported file."""

import html
import json

import numpy as np
from PIL import Image

STUDY = """
title = "Leaning"
exploration = { skip = true }
robustness = { skip = true }
explanation = { skip = true }
[data]
source = "folder:bars"
validation = { fraction = 0.25 }
[training]
epochs = 4
augmentation = "auto"
mirrored_at_test = "auto"
[[model]]
name = "Net"
layers = [{ conv = 6, kernel = 3 }, { batch_norm = true }, { pool = 2 }, { flatten = true }]
[[model]]
name = "As it is"
layers = [{ conv = 6, kernel = 3 }, { pool = 2 }, { flatten = true }]
augmentation = { shift = 0.1 }
mirrored_at_test = true
"""


def write_bars(folder, count=60):
    """Thick and thin bars that lean either way, so that mirrored ones show the same."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:12, :12] - 5.5
    for name, thick in (("thin", 1.0), ("thick", 2.5)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            bar = np.abs(x - random.choice([-1, 1]) * y) < thick
            pixels = np.clip(80 + 90 * bar + random.normal(0, 40, bar.shape), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number:03}.png")


def test_what_was_found_is_in_results_and_on_the_page_and_in_the_file(tmp_path, vestry):
    write_bars(tmp_path / "bars")
    (tmp_path / "leaning.toml").write_text(STUDY)
    done = vestry("run", "leaning.toml", "-q", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "leaning"
    results = json.loads((run / "results.json").read_text())
    notes = results["members"]["Net"]["notes"]
    found = next(note for note in notes if note.startswith('augmentation = "auto"'))
    assert "every other training image is mirrored" in found
    assert "% right with mirrored copies" in found
    assert results["members"]["Net"]["augmentation"]["settings"]["horizontal_flip"] is True
    answers = next(note for note in notes if note.startswith('mirrored_at_test = "auto"'))
    page = html.unescape((run / "report.html").read_text())
    assert found in page and answers in page
    assert 'augmentation = "auto"' in (run / "study.toml").read_text()
    for name in ("Net", "As it is"):
        assert vestry("export", run, "--model", name, "-o", f"{name}.onnx", cwd=tmp_path)
        picture = tmp_path / "bars" / "thick" / "000.png"
        said = vestry("predict", f"{name}.onnx", picture, "--json", cwd=tmp_path)
        assert said.returncode == 0, said.stderr


def test_an_unknown_word_is_refused_before_any_work(tmp_path, vestry):
    write_bars(tmp_path / "bars", 8)
    (tmp_path / "leaning.toml").write_text(
        STUDY.replace('augmentation = "auto"', 'augmentation = "yes"')
    )
    done = vestry("run", "leaning.toml", "-q", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("augmentation") == 1
    assert "auto" in done.stderr
