"""What nothing beats: makers that no other one is both cheaper and more accurate than."""

from collections.abc import Sequence

from vestry.evaluation.candidate import Candidate


def front(candidates: Sequence[Candidate], cost: str) -> list[str]:
    """Names by rising cost, of those that no other one is as good as in both and better in one.

    cost: `latency` or `bytes`; those where it is not known take no part.
    """
    known = [(float(value), c) for c in candidates if (value := getattr(c, cost)) is not None]
    known.sort(key=lambda pair: (pair[0], -pair[1].accuracy, pair[1].place))
    return [
        one.name
        for spent, one in known
        if not any(
            other_spent <= spent
            and other.accuracy >= one.accuracy
            and (other_spent < spent or other.accuracy > one.accuracy)
            for other_spent, other in known
        )
    ]
