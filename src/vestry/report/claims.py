"""The data of the section that sets what a report said beside what was measured."""

from dataclasses import dataclass

from vestry.report.models import Results
from vestry.report.sentences import claims as sentences


@dataclass(frozen=True)
class Said:
    """verdict: its kind, for the page's colours; label: the same in words."""

    says: str
    verdict: str
    label: str
    sentence: str


@dataclass(frozen=True)
class Claims:
    summary: str | None
    rows: list[Said]


def claims_data(results: Results) -> Claims:
    claims = results.get("claims") or []
    rows = [
        Said(
            claim["says"],
            claim["verdict"],
            sentences.VERDICTS[claim["verdict"]],
            sentences.sentence(claim),
        )
        for claim in claims
    ]
    return Claims(sentences.summary(claims), rows)
