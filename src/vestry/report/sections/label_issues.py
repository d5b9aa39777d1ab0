"""Images whose label the members doubt, as the page shows them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from vestry.report.formatting import counted, listed, per_cent, whole
from vestry.report.models import tables_alone
from vestry.report.section import Section
from vestry.report.table import Column, Table, Value, text_column
from vestry.schema.label_issues import DoubtedImage, LabelIssues
from vestry.schema.results import Results

# Label issues in words: how many, by whom, and what that says.


_NAMED = 4
_TABLES = {
    "out-of-fold": ", out-of-fold: each row by models that had not seen it.",
    "validation": (
        " on validation rows. Early stopping and searches may have seen these, so the label "
        "issues are not independent of them; members with cross_validation doubt the training "
        "labels by models that had not seen them."
    ),
    "test": " on test rows, without which it was fitted and chosen.",
}
_ELSEWHERE = ". Whether it learnt from these is not known."


def _summary(found: Mapping[str, LabelIssues]) -> str:
    """How many labels of each split are doubted, and by whom."""
    shares: dict[tuple[str, ...], list[str]] = {}
    for split, entry in found.items():
        shares.setdefault(tuple(entry.panel), []).append(_share(split, entry))
    return " ".join(f"{_panel(names)} {listed(parts)}." for names, parts in shares.items())


def _panel(names: Sequence[str]) -> str:
    """Who doubts, as the subject of a sentence with its verb."""
    if len(names) == 1:
        return f"{names[0]} doubts"
    return f"{whole(len(names))} members together doubt"


def _share(split: str, entry: LabelIssues) -> str:
    if not entry.count:
        return f"none of {whole(entry.rows)} {split} labels"
    part = per_cent(entry.count / entry.rows)
    return f"{whole(entry.count)} of {whole(entry.rows)} {split} labels ({part})"


def _heading(split: str) -> str:
    return f"{split[0].upper()}{split[1:]} images whose label is doubted"


def _source(entry: LabelIssues, made_here: bool) -> str:
    """Whose probabilities these are, whether they come from models that knew the rows, and how
    often they go with the labels."""
    names = entry.panel
    shown = listed(names if len(names) <= _NAMED else [*names[: _NAMED - 1], _more(names)])
    mean = f"By the mean of the probabilities of {shown}" if len(names) > 1 else f"By {shown} alone"
    table = _TABLES[entry.of_table] if made_here else f" on {entry.of_table} rows{_ELSEWHERE}"
    said = f"{mean}{table}"
    errs = "the more it errs, the more right labels it doubts"
    return f"{said} It agrees with {per_cent(entry.accuracy)} of the labels: {errs}."


def _more(names: list[str]) -> str:
    return f"{whole(len(names) - _NAMED + 1)} more"


def _worst_first(shown: int, entry: LabelIssues) -> str:
    """Which of them are shown, and in what order."""
    which = (
        f"The {whole(shown)} worst of {whole(entry.count)}"
        if shown < entry.count
        else f"{counted(shown, 'image')}, worst first"
    )
    return (
        f"{which}: struck out the label that it has, in bold what the panel says, with the "
        "probability of either. Choose one for the votes."
    )


def _hint(agreeing: int, voters: int) -> str:
    """How many of the panel say what the panel says."""
    if voters == 1:
        return ""
    return f"{whole(agreeing)} of {whole(voters)} say so"


FIRST = 12


@dataclass(frozen=True)
class Vote:
    name: str
    said: str
    confidence: str
    as_given: bool


@dataclass(frozen=True)
class Doubted:
    """One image: the label that it has, what the panel says, and every member's vote."""

    image: str
    given: str
    given_probability: str
    panel: str
    panel_probability: str
    agreeing: str
    votes: list[Vote]


@dataclass(frozen=True)
class SplitDoubts:
    """first: shown at once; more: one click deeper."""

    split: str
    heading: str
    source: str
    remark: str
    first: list[Doubted]
    more: list[Doubted]
    left_out: int


@dataclass(frozen=True)
class Doubts:
    """splits: those with doubted labels, the one to learn from first. tables: the same as a list,
    and as corrections that a study could be given."""

    summary: str
    splits: list[SplitDoubts]
    tables: list[Table]


def doubts_data(results: Results) -> Doubts | None:
    """None where no labels were looked at."""
    doubts = results.doubts
    known = {
        "training": doubts.training, "validation": doubts.validation, "test": doubts.test
    }  # fmt: skip
    found = {split: entry for split, entry in known.items() if entry}
    if not found:
        return None
    return Doubts(
        summary=_summary(found),
        splits=[
            _split_doubts(split, entry, results) for split, entry in found.items() if entry.count
        ],
        tables=_tables(found, results.data.classes),
    )


_ISSUES = (
    text_column("id", "Id"),
    text_column("split", "Split"),
    text_column("given", "Label given"),
    Column("given_probability", "Its probability", per_cent),
    text_column("suggested", "Members say"),
    Column("suggested_probability", "Probability of that", per_cent),
    Column("agreeing", "Members that say so", whole),
    Column("members", "Members", whole),
)


def _tables(found: Mapping[str, LabelIssues], classes: Sequence[str]) -> list[Table]:
    """Nothing without doubted labels."""
    rows = [
        _issue(split, image, classes) for split, entry in found.items() for image in entry.images
    ]
    if not rows:
        return []
    left_out = sum(entry.count - len(entry.images) for entry in found.values())
    rest = f"; {whole(left_out)} more are doubted and were not stored" if left_out else ""
    corrections: dict[Value, Value] = {}
    for image, _, _, _, label, _, agreeing, members in rows:
        if 2 * cast(int, agreeing) > cast(int, members):
            corrections.setdefault(image, label)
    return [
        Table(
            "label-issues",
            f"Images whose label is doubted, worst first{rest}",
            _ISSUES,
            tuple(rows),
        ),
        Table(
            "corrections",
            "What most members would correct, for `[data] corrections`; look at each first",
            (text_column("id", "Id"), text_column("label", "Label")),
            tuple(corrections.items()),
        ),
    ]


def _issue(split: str, image: DoubtedImage, classes: Sequence[str]) -> tuple[Value, ...]:
    votes = image.votes.values()
    return (
        image.id,
        split,
        classes[image.given],
        image.quality,
        classes[image.panel],
        image.panel_probability,
        sum(vote.label == image.panel for vote in votes),
        len(votes),
    )


def _split_doubts(split: str, entry: LabelIssues, results: Results) -> SplitDoubts:
    classes = results.data.classes
    images = [_doubted(image, classes) for image in entry.images]
    return SplitDoubts(
        split=split,
        heading=_heading(split),
        source=_source(entry, not tables_alone(results)),
        remark=_worst_first(len(images[:FIRST]), entry),
        first=images[:FIRST],
        more=images[FIRST:],
        left_out=entry.count - len(images),
    )


def _doubted(image: DoubtedImage, classes: list[str]) -> Doubted:
    votes = image.votes
    agreeing = sum(vote.label == image.panel for vote in votes.values())
    return Doubted(
        image=image.id,
        given=classes[image.given],
        given_probability=per_cent(image.quality, 2),
        panel=classes[image.panel],
        panel_probability=per_cent(image.panel_probability),
        agreeing=_hint(agreeing, len(votes)),
        votes=[
            Vote(
                name,
                classes[vote.label],
                per_cent(vote.confidence),
                vote.label == image.given,
            )
            for name, vote in votes.items()
        ],
    )


def doubted_images(page: Doubts | None) -> Iterator[str]:
    """Ids of all pictures of the section, those shown at once first."""
    if page is None:
        return
    for shown in page.splits:
        yield from (entry.image for entry in shown.first)
    for shown in page.splits:
        yield from (entry.image for entry in shown.more)


SECTION = Section(
    key="doubts",
    data=doubts_data,
    is_shown=lambda page: page is not None,
    template="label_issues.html.j2",
    style="label_issues.css.j2",
    title="Label issues",
    anchor="doubts",
    chapter="data",
    tables=lambda page: page.tables,
    images=doubted_images,
    dispensable=6,
)
