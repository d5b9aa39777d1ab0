"""How differently a committee's members err, in words."""

from typing import Any

from vestry.report.numbers import counted, listed, per_cent, per_cent_range

Found = dict[str, Any]


def oracle(name: str, accuracy: float, found: Found) -> str:
    """What choosing among the members' answers could reach at most."""
    some = found["oracle"]
    low, high = some["interval"]
    return (
        f"Some member is right on {per_cent(some['accuracy'])} of the test images "
        f"({per_cent_range(low, high)}); {name} is right on {per_cent(accuracy)}. No choice among "
        "their answers gets more than the first."
    )


def variety(found: Found) -> str:
    """Means over pairs of members."""
    mean = found["mean"]
    several = len(found["pairs"]) > 1
    start = "On average over pairs of members, exactly" if several else "Exactly"
    text = (
        f"{start} one of two is right on {per_cent(mean['disagreement'])} of the images and both "
        f"are wrong on {per_cent(mean['double_fault'])}."
    )
    if mean["correlation"] is None:
        return text
    return (
        f"{text} Their errors correlate by {mean['correlation']:.2f}; 0 would be independent "
        "errors, from which a committee gains most."
    )


def extremes(found: Found) -> str | None:
    """The pair that differs most and the one that differs least, where there are several."""
    pairs = sorted(found["pairs"], key=lambda pair: pair["disagreement"])
    if len(pairs) < 2 or pairs[0]["disagreement"] == pairs[-1]["disagreement"]:
        return None
    least, most = pairs[0], pairs[-1]
    return (
        f"{listed(most['members'])} differ most ({per_cent(most['disagreement'])} of the images), "
        f"{listed(least['members'])} least ({per_cent(least['disagreement'])})."
    )


def undefined(found: Found) -> str | None:
    """Pairs for which a measure divides by zero."""
    count = max(found["undefined"].values())
    if not count:
        return None
    return (
        f"For {counted(count, 'pair')} Q or the correlation is undefined, since one of the two is "
        "right (or wrong) on every image; the means leave them out."
    )
