"""Strong and weak classes in words: of one model, and over all of them."""

from typing import Any

from vestry.report.numbers import counted, listed, per_cent, whole

Rows = list[dict[str, Any]]


def classes(rows: Rows, names: list[str]) -> str:
    """ "Trouser 97.9%, Bag 97.1%"; empty where there are none."""
    return ", ".join(f"{names[row['class']]} {per_cent(row['f1'])}" for row in rows)


def pair(found: dict[str, Any], names: list[str]) -> str:
    """ "Shirt and Coat 181: 98 Shirts said to be Coat, 83 the other way"."""
    one, other = (names[label] for label in found["classes"])
    return f"{one} and {other}: {whole(found['count'])}"


def both_ways(found: dict[str, Any], names: list[str]) -> str:
    one, other = (names[label] for label in found["classes"])
    return f"{whole(found['i_as_j'])} {one} as {other}, {whole(found['j_as_i'])} {other} as {one}"


def model(name: str, analysis: dict[str, Any], names: list[str]) -> str:
    """One model's strong and weak classes and its most confused pair."""
    high, low, confused = analysis["high"], analysis["low"], analysis["confused"]
    parts = []
    if high and low:
        parts.append(
            f"{name} is best at {names[high[0]['class']]} (F1 {per_cent(high[0]['f1'])}) and worst "
            f"at {names[low[0]['class']]} ({per_cent(low[0]['f1'])})."
        )
    elif not confused:
        return f"{name} confuses no classes."
    if confused:
        first = confused[0]
        one, other = (names[label] for label in first["classes"])
        parts.append(
            f"{'It' if parts else name} confuses {one} and {other} most: "
            f"{counted(first['count'], 'image')}, of which {both_ways(first, names)}."
        )
    return " ".join(parts)


def hardest_class(found: dict[str, Any], names: list[str]) -> str | None:
    """The class with the lowest mean F1 over all members, and what it is taken for."""
    rows = [row for row in found["classes"] if row["support"] and row["wrong"]]
    if not rows:
        return None
    worst = min(rows, key=lambda row: row["mean_f1"])
    text = f"{names[worst['class']]} is the hardest class: {mean_words(found, worst)}"
    taken = [f"{names[row['class']]} ({whole(row['count'])})" for row in worst["taken_for"]]
    return f"{text}, most often taken for {listed(taken)}." if taken else f"{text}."


def mean_words(found: dict[str, Any], row: dict[str, Any]) -> str:
    if found["members"] == 1:
        return f"F1 {per_cent(row['mean_f1'])}"
    return f"F1 {per_cent(row['mean_f1'])} as the mean of {found['members']} members"


def wrong_for_all(found: dict[str, Any]) -> str | None:
    """Images that no member gets right: no choice among these members repairs them."""
    if found["members"] < 2 or not found["some_wrong"]:
        return None
    rows, some, every = found["rows"], found["some_wrong"], found["all_wrong"]
    verb = "is" if every == 1 else "are"
    start = (
        f"Of {counted(rows, 'test image')}, {whole(some)} {'is' if some == 1 else 'are'} wrong for "
        "at least one member and "
    )
    if not every:
        return f"{start}none for all: for every image there is a member that gets it right."
    return (
        f"{start}{whole(every)} ({per_cent(every / rows)}) for all {found['members']}; no choice "
        f"among these members gets {'that one' if verb == 'is' else 'those'} right."
    )
