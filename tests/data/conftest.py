import pytest


@pytest.fixture(scope="session")
def published(fashion_mnist):
    """The real folder `fashion-mnist`; tests that need it are skipped elsewhere."""
    return fashion_mnist / "fashion-mnist"
