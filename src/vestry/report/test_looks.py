"""How often the test labels were looked at, from `test_looks` of the results."""

from dataclasses import dataclass

from vestry.report.models import Results
from vestry.report.sentences import test_looks as sentences


@dataclass(frozen=True)
class TestLooks:
    sentences: list[str]
    test: str


def test_looks_data(results: Results) -> TestLooks | None:
    """None for results of a version that did not count."""
    found = results.get("test_looks")
    return found and TestLooks(sentences.test_looks(found), found["test"])
