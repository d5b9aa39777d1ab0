import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def published() -> Path:
    """The real folder `fashion-mnist`; tests that need it are skipped elsewhere."""
    given = os.environ.get("VESTRY_DATA")
    folder = Path(given) / "fashion-mnist" if given else None
    if folder is None or not folder.is_dir():
        pytest.skip("VESTRY_DATA names no folder that holds fashion-mnist/")
    return folder
