"""Changes against a study's first member, in words."""

from typing import Any

from vestry.report.numbers import listed, points

OVER = {"images": "on the same images", "seeds": "over seeds"}


def change(difference: dict[str, Any], has_seeds: bool = False) -> str:
    """ "+1.2 points (+0.3 to +2.1, over seeds)"; over images several seeds leave the first."""
    low, high = difference["interval"]
    over = difference["over"]
    first = ", first seed" if has_seeds and over == "images" else ""
    return (
        f"{points(difference['value'])} points ({points(low)} to {points(high)}, "
        f"{OVER[over]}{first})"
    )


def steps(changes: list[dict[str, Any]]) -> list[str]:
    """Who is better than the first, who is worse, and who cannot be told apart from it."""
    first = changes[0]["against"]
    better = [c["name"] for c in changes if c["difference"]["interval"][0] > 0]
    worse = [c["name"] for c in changes if c["difference"]["interval"][1] < 0]
    neither = [c["name"] for c in changes if c["name"] not in {*better, *worse}]
    parts = [
        f"{listed(names)} {'is' if len(names) == 1 else 'are'} {what}"
        for names, what in (
            (better, "better, with 0 outside the interval"),
            (worse, "worse, with 0 outside the interval"),
            (neither, "not to be told apart from it"),
        )
        if names
    ]
    return [
        f"Against {first}, the first of the study, {'; '.join(parts)}.",
        "Points are differences of test accuracy with 95% intervals, each on its own: among "
        f"{len(changes)} of them one may lie off 0 by luck."
        if len(changes) > 1
        else "Points are differences of test accuracy with their 95% interval.",
    ]
