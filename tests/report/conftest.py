from typing import Any

import example
import pytest


@pytest.fixture
def results() -> dict[str, Any]:
    """A small example of its own for each test to alter."""
    return example.build()[0]
