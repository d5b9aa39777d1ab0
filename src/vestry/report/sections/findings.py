"""The audit's findings as the page shows them: sentences, and images side by side."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vestry.report.formatting import counted, decimal, listed, per_cent, whole
from vestry.schema.exploration import Finding

# What was looked for, what was found, what it means.


SEVERITY_WORDS = {"high": "High", "medium": "Medium", "low": "Low", "info": "To know"}
_CLASSES_NAMED = 5
_FILES_NAMED = 5


def title(finding: Finding) -> str:
    """What was looked for."""
    first, last = _ends(finding)
    return {
        "duplicates_within": f"Exact duplicates within {first}",
        "duplicates_across": f"Exact duplicates in both {first} and {last}",
        "near_duplicates": f"Near-duplicates of {first} images in {last}",
        "bursts": "Frames of one object",
        "label_conflict": "The same image with two labels",
        "far_from_class": "Images far from everything of their class",
        "blank": "Images of one colour throughout",
        "damaged": "Damaged files",
        "missing": f"Missing values in {first}",
        "small_classes": f"Very small classes in {first}",
        "absent_classes": f"Classes without {first} images",
        "unbalanced": f"Unbalanced classes in {first}",
        "constant_pixels": f"Pixels that never change in {first}",
    }[finding.kind]


def sentence(finding: Finding, classes: list[str]) -> str:
    """What was found and what it means, made from the finding's own numbers."""
    return _FOUND[finding.kind](_Case(finding, classes))


def _ends(finding: Finding) -> tuple[str, str]:
    """The first and the last of the splits that it speaks of."""
    return finding.splits[0], finding.splits[-1]


@dataclass(frozen=True)
class _Case:
    """A finding as the sentences below need it."""

    finding: Finding
    classes: list[str]

    @property
    def share(self) -> str:
        return f"{whole(self.finding.count)} of {whole(self.finding.of)}"

    @property
    def facts(self) -> dict[str, Any]:
        """The kind's own numbers."""
        return dict(self.finding.facts)

    @property
    def first(self) -> str:
        return _ends(self.finding)[0]

    @property
    def last(self) -> str:
        return _ends(self.finding)[1]

    def verb(self, one: str, many: str) -> str:
        return one if self.finding.count == 1 else many


def _duplicates_within(case: _Case) -> str:
    verb = case.verb("repeats", "repeat")
    return f"{case.share} {case.first} images {verb} an earlier one byte for byte."


def _duplicates_across(case: _Case) -> str:
    return (
        f"{case.share} {case.last} images {case.verb('stands', 'stand')} in {case.first}, too, "
        f"byte for byte: whoever learns from {case.first} has seen {case.verb('it', 'them')}."
    )


def _label_conflict(case: _Case) -> str:
    return f"{case.share} images stand in the data more than once and with different labels."


GROUPS_FILE_LINE = 'groups = { file = "groups.csv" }'


def _groups_line(pattern: str) -> str:
    """The line of a study's [data] that keeps such runs whole."""
    return f"groups = {{ pattern = '{pattern}' }}"


def _bursts(case: _Case) -> str:
    facts = case.facts
    said = (
        f"{case.share} images {case.verb('is a frame', 'are frames')} of "
        f"{counted(facts['runs'], 'object')}, up to "
        f"{whole(facts['longest'])} of one, {_known_by(case)}"
    )
    if facts["parted"]:
        said += (
            f" {whole(facts['parted'])} of them are {case.last} images of objects that stand in "
            "another part, too: figures on these say how well seen objects are known again."
        )
    if facts["kept"]:
        return said + " The study's `groups` say which belong together."
    if facts["pattern"] is None:
        return said + (
            " To keep them together: `vestry explore` of these images writes `groups.csv`, which "
            f"names them; put it beside the study, and write under [data]: {GROUPS_FILE_LINE}"
        )
    return said + f" To keep them together, write under [data]: {_groups_line(facts['pattern'])}"


def _known_by(case: _Case) -> str:
    """What says that they belong together."""
    facts = case.facts
    if facts["pattern"] is None:
        return (
            "by their looks alone: the nearest image of another object of the class is "
            f"{decimal(facts['apart'], 1)} times as far from one of them as the nearest of its own,"
            " at the median. Versions of one picture look so, too."
        )
    return (
        f"by their names, and as alike as frames are: for {per_cent(facts['share'])} of them the "
        "most alike image of the class is of the same object, where "
        f"{per_cent(facts['chance'])} would be by chance."
    )


def near_duplicates(case: _Case) -> str:
    facts, other = case.facts, case.facts["other_label"]
    labels = (
        f"{counted(other, 'pair')} of these {'has' if other == 1 else 'have'} two labels."
        if other
        else "No pair has two labels."
    )
    alike = int(facts.get("alike") or 0)
    near = case.finding.count - alike
    ways = [_by_pixels(case, near, bool(alike))] if near or not alike else []
    ways += [_by_outlines(case, alike)] if alike else []
    return (
        f"{case.share} {case.last} images {case.verb('is', 'are')} almost one of "
        f"{whole(facts['compared_with'])} {case.first} images: {listed(ways)}. {labels}"
    ) + _shifted(facts.get("shifted"))


def _by_pixels(case: _Case, near: int, is_part: bool) -> str:
    facts = case.facts
    how = (
        f"normalised distance under {facts['threshold']:g}, where the median is "
        f"{decimal(facts['median'], 2)}"
    )
    return f"{whole(near)} with a {how}," if is_part else how


def _by_outlines(case: _Case, count: int) -> str:
    """How many are so by their outlines alone."""
    return (
        f"{whole(count)} by {'its' if count == 1 else 'their'} outlines, far more alike than those "
        f"of other images here ({case.facts['expected']:g} pairs of different pictures are "
        "expected)"
    )


def _shifted(count: int | None) -> str:
    """How many are so only shifted; None where shifts were not looked for."""
    if not count:
        return ""
    return f" {whole(count)} of them only when shifted by one pixel."


def _far_from_class(case: _Case) -> str:
    facts = case.facts
    return (
        f"{case.share} images {case.verb('is', 'are')} unusually far from the "
        f"{facts['neighbours']} nearest {case.first} images of {case.verb('its', 'their')} class: "
        f"a robust z-score above {facts['threshold']:g}. Look for wrong labels, damage and rare "
        "kinds."
    ) + _skipped(facts, case.classes)


def _blank(case: _Case) -> str:
    return f"{case.share} images {case.verb('has', 'have')} one and the same value throughout."


def _damaged(case: _Case) -> str:
    files = [f"{file['id']} ({file['reason']})" for file in case.facts["files"]]
    more = case.finding.count - len(files[:_FILES_NAMED])
    return (
        f"{case.share} image files cannot be read and {case.verb('was', 'were')} left out: "
        f"{'; '.join(files[:_FILES_NAMED])}{f' and {whole(more)} more' if more else ''}."
    )


def _missing(case: _Case) -> str:
    return (
        f"{case.share} {case.first} images {case.verb('lacks', 'lack')} pixels: "
        f"{counted(case.facts['values'], 'value')} in all, taken as 0."
    )


def small_classes(case: _Case) -> str:
    few = [f"{case.classes[c['label']]} ({whole(c['rows'])})" for c in case.facts["classes"]]
    return (
        f"{case.share} classes {case.verb('has', 'have')} fewer than {case.facts['threshold']} "
        f"{case.first} images: {_named(few)}."
    )


def _absent_classes(case: _Case) -> str:
    names = _named([case.classes[c["label"]] for c in case.facts["classes"]])
    return f"{case.share} classes {case.verb('has', 'have')} no {case.first} images: {names}."


def unbalanced(case: _Case) -> str:
    facts = case.facts
    return (
        f"{case.share} classes {case.verb('has', 'have')} less than half the {case.first} images "
        f"of {case.classes[facts['largest']]}, the largest, which has {facts['ratio']:g} times as "
        f"many as {case.classes[facts['smallest']]}. Accuracy alone says little of small classes."
    )


def _constant_pixels(case: _Case) -> str:
    return (
        f"{case.share} pixel values {case.verb('is', 'are')} the same in every {case.first} image."
    )


_FOUND: dict[str, Callable[[_Case], str]] = {
    "duplicates_within": _duplicates_within,
    "duplicates_across": _duplicates_across,
    "bursts": _bursts,
    "label_conflict": _label_conflict,
    "near_duplicates": near_duplicates,
    "far_from_class": _far_from_class,
    "blank": _blank,
    "damaged": _damaged,
    "missing": _missing,
    "small_classes": small_classes,
    "absent_classes": _absent_classes,
    "unbalanced": unbalanced,
    "constant_pixels": _constant_pixels,
}


def nothing(finding: Finding, classes: list[str]) -> str:
    """How a search that found nothing was made."""
    facts: dict[str, Any] = dict(finding.facts)
    of, kind = whole(finding.of), finding.kind
    if kind == "missing" and not facts["possible"]:
        return "none possible: the source stores whole numbers"
    if kind == "far_from_class":
        text = f"robust z-score above {facts['threshold']:g}; {of} images."
        return text + _skipped(facts, classes)
    limits = {
        "near_duplicates": "normalised distance under {:g}; ",
        "small_classes": "fewer than {:g} images; ",
        "unbalanced": "the largest more than {:g} times the smallest; ",
    }
    limit = limits[kind].format(facts["threshold"]) if kind in limits else ""
    return limit + of + _UNITS.get(kind, " images")


_UNITS = {
    "damaged": " image files",
    "small_classes": " classes",
    "absent_classes": " classes",
    "unbalanced": " classes",
    "constant_pixels": " pixel values",
}


def _skipped(facts: dict[str, Any], classes: list[str]) -> str:
    if not facts["classes_skipped"]:
        return ""
    names = _named([classes[label] for label in facts["classes_skipped"]])
    return f" Not looked at, with fewer than {facts['least_rows']} images: {names}."


def _named(names: list[str]) -> str:
    """All names where they are few, else the first ones and how many more."""
    if len(names) <= _CLASSES_NAMED:
        return listed(names)
    return f"{', '.join(names[:_CLASSES_NAMED])} and {len(names) - _CLASSES_NAMED} others"
