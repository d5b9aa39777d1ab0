"""`docs/make_pictures.py`, as whoever renews README's pictures runs it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from headless_browser import missing_tools

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "make_pictures.py"


@pytest.mark.skipif(bool(missing_tools()), reason=missing_tools())
def test_pictures_are_made_of_a_run(study_page: Callable[[str], Path], tmp_path: Path) -> None:
    run = study_page("default").parent
    words = [sys.executable, SCRIPT, run, "--to", tmp_path]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("page.png", "serve.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width == 1280 and picture.height > 1000
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 50, "something is drawn"
        assert f"](docs/{name})" in (ROOT / "README.md").read_text()


def test_a_folder_without_a_page_is_refused(tmp_path: Path) -> None:
    words = [sys.executable, str(SCRIPT), str(tmp_path), "--to", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "holds no report.html" in done.stderr
    assert list(tmp_path.iterdir()) == []
