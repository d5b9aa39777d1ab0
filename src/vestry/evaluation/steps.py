"""What each member of a study changes against the study's first."""

from collections.abc import Sequence
from typing import Any

from vestry.evaluation.difference import difference
from vestry.evaluation.tested import Tested


def steps(members: Sequence[Tested]) -> list[dict[str, Any]]:
    """For every member but the first: its test accuracy less the first's, with an interval.

    members: in the study's order. Empty where there is only one.
    """
    return [
        {
            "name": member.name,
            "against": members[0].name,
            "difference": difference(member, members[0]),
        }
        for member in members[1:]
    ]
