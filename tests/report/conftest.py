from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import example
import made_pages
import pytest


@pytest.fixture
def results() -> dict[str, Any]:
    """A small example of its own for each test to alter."""
    return example.build()[0]


@pytest.fixture(scope="session")
def study_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The page of one of the studies of `made_pages`, drawn once."""

    @cache
    def drawn(name: str) -> Path:
        return made_pages.write_page(name, tmp_path_factory.mktemp("page"))

    return drawn
