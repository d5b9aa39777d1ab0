"""Pieces of work timed side by side: they take turns, so that whatever slows the machine hits all.

Each timed call follows an untimed one of the same work, as in a process that does nothing else:
otherwise it would find the caches full of its neighbour's numbers.
"""

import time
from collections.abc import Callable, Mapping, Sequence

Work = Callable[[int], object]
"""Called with the number of its round."""
Times = dict[int, float]
"""Seconds by the number of the round."""

FEWEST_ROUNDS = 12


def strides(seconds: Mapping[str, float], rounds: int, budget: float) -> dict[str, int]:
    """How often each work takes part: in every round, every second, every fourth and so on.

    seconds: what each takes, about. budget: seconds that they share in equal parts. Powers of two,
    so that two works have every round in common that the rarer one takes part in. None takes part
    in fewer than twelve rounds.
    """
    share = budget / max(1, len(seconds))
    return {name: stride(2 * each, rounds, share) for name, each in seconds.items()}


def stride(seconds: float, rounds: int, budget: float) -> int:
    found = 1
    while rounds // found * seconds > budget and rounds // (2 * found) >= FEWEST_ROUNDS:
        found *= 2
    return found


def timed(works: Mapping[str, Work], rounds: int, every: Mapping[str, int]) -> dict[str, Times]:
    """Seconds of each work in each of the rounds that it takes part in.

    every: its stride; those that have none take part in every round.
    """
    times: dict[str, Times] = {name: {} for name in works}
    for number in range(rounds):
        for name in turned(list(works), number):
            if number % every.get(name, 1) == 0:
                times[name][number] = seconds_of(works[name], number)
    return times


def turned(names: list[str], number: int) -> list[str]:
    """The names in another order each round, so that none always follows the same one."""
    start = number % max(1, len(names))
    return names[start:] + names[:start]


def seconds_of(work: Work, number: int) -> float:
    work(number)
    started = time.perf_counter()
    work(number)
    return time.perf_counter() - started


def summed(parts: Sequence[Times]) -> Times:
    """What all parts took together, in the rounds that all of them took part in."""
    common = set(parts[0]).intersection(*parts[1:])
    return {number: sum(part[number] for part in parts) for number in sorted(common)}
