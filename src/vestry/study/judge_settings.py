"""What may be said of judging tables, on the command line alone: there is no study file."""

import hashlib
import json
from collections.abc import Iterable

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vestry.committees.committee_settings import CommitteeSettings
from vestry.errors import StudyError
from vestry.evaluation.abstention import AbstentionSettings
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.study.file import override
from vestry.study.problems import lines_of
from vestry.study.settings import VotesSettings, without_none


class JudgeSettings(BaseModel):
    """The keys of a study that tables alone leave something to be done by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    about: str = ""
    committee: list[CommitteeSettings] = []
    votes: VotesSettings = VotesSettings()
    abstention: AbstentionSettings = AbstentionSettings()
    decision: DecisionSettings = DecisionSettings()

    def to_toml(self) -> str:
        return tomli_w.dumps(without_none(self.model_dump(mode="json")))

    def digest(self, files: Iterable[str]) -> str:
        """Of the settings and of what is judged, named by the digests of its files."""
        text = json.dumps([self.model_dump(mode="json"), *files], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]


def read_settings(
    title: str, committees: Iterable[str], assignments: Iterable[str]
) -> JudgeSettings:
    """committees: `NAME=RULE:MODEL,MODEL`. assignments: `--set KEY=VALUE`s, keys as in a study.

    Raises StudyError, one line a problem.
    """
    tables = {"title": title, "committee": [_committee(text) for text in committees]}
    tables = override(tables, assignments, lambda _, key: key in CommitteeSettings.known_keys())
    try:
        return JudgeSettings(**tables)
    except ValidationError as error:
        raise StudyError("\n".join(lines_of(error, JudgeSettings, "--set", ""))) from None


def _committee(text: str) -> dict[str, object]:
    name, equals, rest = text.partition("=")
    rule, colon, members = rest.partition(":")
    if not (equals and colon and name.strip() and rule.strip() and members.strip()):
        raise StudyError(f"--committee {text}: write NAME=RULE:MODEL,MODEL, such as All=mean:A,B")
    return {
        "name": name.strip(),
        "rule": rule.strip(),
        "members": [member.strip() for member in members.split(",")],
    }
