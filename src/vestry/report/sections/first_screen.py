"""The first screen's data: the recommended model, three numbers, why, and every model as a dot."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vestry.report.formatting import counted, file_size, milliseconds
from vestry.report.models import Model, chosen_on, models_by_rank, tables_alone
from vestry.report.plot.dots import DotRow, dot_plot
from vestry.report.plot.figure import Figure
from vestry.report.section import Section
from vestry.report.sections import first_screen_words as words
from vestry.report.sections import score_figures as score
from vestry.report.sections.choice import choice
from vestry.report.sections.decision import cannot_be_exported, decision_data
from vestry.report.sections.leaks import held_apart, leaked
from vestry.schema.results import Failure, Results

_MOST_ROWS = 14
MOST_WORDS = 60
"""Of the first screen but for the figure's labels and buttons; what is over is folded."""


@dataclass(frozen=True)
class Number:
    """value: large. of: what it is of, small."""

    value: str
    of: str


@dataclass(frozen=True)
class Banner:
    """said: its first sentence. more: what a click shows."""

    said: str
    more: str


@dataclass(frozen=True)
class FirstScreen:
    """banners: what makes the answer worth less, worst first; more_banners: those without room.
    name: of the recommended model; None where none is, and `evidence` then says why. sentences:
    why, and the alternative; is_folded: where there is no room for these."""

    about: str
    used: str
    banners: Sequence[Banner]
    label: str
    name: str | None
    evidence: str
    numbers: list[Number]
    sentences: list[str]
    figure: Figure | None
    can_export: bool
    more_banners: Sequence[Banner] = ()
    is_folded: bool = False


def _first_screen(results: Results) -> FirstScreen:
    ranked = models_by_rank(results)
    found = results.decision
    models = {model.name: model for model in ranked}
    taken = models[found.recommended] if found and found.recommended else None
    said, sentences = _answer(results, models)
    every = FirstScreen(
        about=results.about,
        used=results.data.source_name,
        banners=_banners(results, ranked),
        label=said.label,
        name=taken.name if taken else None,
        evidence=said.evidence,
        numbers=_numbers(results, taken) if taken else [],
        sentences=sentences,
        figure=_figure(ranked, taken, nested=results.nested is not None) if ranked else None,
        can_export=taken is not None
        and not tables_alone(results)
        and not cannot_be_exported(taken, results),
    )
    return _fitted(every, results.title)


def _answer(results: Results, models: dict[str, Model]) -> tuple[words.Verdict, list[str]]:
    """With the sentences below it."""
    found, on = results.decision, chosen_on(results)
    said, sentences = words.Verdict("", _nothing(results)), list[str]()
    if found and (made := choice(found, models, on)):
        said = words.verdict(made)
        sentences = [words.why(made), *filter(None, [words.alternative(found, models, on)])]
    elif told := decision_data(results):
        sentences = told.why[:2]
    if leaked(results) == results.data.splits["test"].rows:
        said = replace(said, evidence="No test figure holds: every test image is leaked")
    return said, sentences


def _fitted(every: FirstScreen, title: str) -> FirstScreen:
    """With no more open than a glance takes in: banners come before sentences, the first always."""
    counts = [f"{number.value} {number.of}" for number in every.numbers]
    fixed = [title, every.used, every.label, every.name or "", every.evidence, *counts]
    room = MOST_WORDS - words.count_words(*fixed)
    left = room - words.count_words(*every.sentences)
    taken = [_banner_words(every.banners, n) for n in range(len(every.banners) + 1)]
    shown = max([1, *(n for n, count in enumerate(taken) if count <= left)])
    return replace(
        every,
        banners=every.banners[:shown],
        more_banners=every.banners[shown:],
        is_folded=_banner_words(every.banners, shown) > left,
    )


def _banner_words(banners: Sequence[Banner], shown: int) -> int:
    """With those that say how many more there are."""
    more = len(banners) - shown
    said = [counted(more, "more warning")] if more > 0 else []
    return words.count_words(*(banner.said for banner in banners[:shown]), *said)


def _nothing(results: Results) -> str:
    """What stands for a recommendation where there is none."""
    if results.decision:
        return results.decision.headline
    if not results.ranking:
        return f"No answer: {counted(len({f.name for f in results.failures}), 'model')} failed"
    return "No recommendation: costs were not measured"


def _banners(results: Results, ranked: list[Model]) -> list[Banner]:
    """Leaks, failures and what was replaced, each in a line."""
    leak = held_apart(results, ranked[0].name) if ranked else None
    rows = results.data.splits["test"].rows
    first = [Banner(words.of_leaks(leaked(results), rows), leak)] if leak else []
    warnings = [notice.text for notice in results.notices if notice.level == "warning"]
    said = dict.fromkeys([*_failed(results.failures), *warnings])
    return [*first, *(Banner(*words.headed(text)) for text in said)]


def _failed(failures: Sequence[Failure]) -> list[str]:
    """One line a model, however many of its fits failed."""
    fits: dict[str, list[Failure]] = {}
    for failure in failures:
        fits.setdefault(failure.name, []).append(failure)
    return [
        f"{name} failed{'' if len(found) == 1 else f' in {len(found)} fits'}: {found[0].reason}"
        for name, found in fits.items()
    ]


def _numbers(results: Results, taken: Model) -> list[Number]:
    what = "right on test" if taken.ordered_by is None else f"{score.name_of(taken)} on test"
    if results.nested:
        what = what.replace("on test", "in nested folds")
    rows = counted(results.data.splits["test"].rows, "image")
    interval = ", 95% interval" if score.test_interval(taken) else ""
    found = [Number(score.test_figure(taken), f"{what}, {rows}{interval}")]
    choosing = results.what_choosing_gives
    if choosing is not None and taken.ordered_by is None:
        # The model was picked by the very images that test it: this is the figure that holds.
        found = [
            Number(choosing.figure, f"right in nested folds, each chosen anew, {rows}{interval}")
        ]
    if taken.latency is not None:
        found.append(Number(milliseconds(taken.latency), "an image"))
    if taken.size is not None:
        found.append(Number(file_size(taken.size), "stored"))
    return found


def _figure(ranked: list[Model], taken: Model | None, *, nested: bool) -> Figure:
    shown = ranked[:_MOST_ROWS]
    if taken is not None and taken not in shown:
        shown = [*shown[:-1], taken]
    left_out = len(ranked) - len(shown)
    name = score.name_of(ranked[0])
    return dot_plot(
        "models",
        f"{name[0].upper()}{name[1:]} of every model",
        [_row(model, model is taken) for model in shown],
        f"{name}{', best on the left' if _lower(ranked[0]) else ''}",
        is_share=score.is_share(ranked[0]),
        nested=nested,
        remark=f"{counted(left_out, 'more model')} in the table below" if left_out else "",
    )


def _lower(model: Model) -> bool:
    return model.ordered_by is not None and model.ordered_by.better == "lower"


def _row(model: Model, marked: bool) -> DotRow:
    low, high = score.test_interval(model) or (None, None)
    seeds = model.over_seeds("test", "accuracy") if model.ordered_by is None else None
    return DotRow(
        name=model.name,
        series=model.series,
        validation=score.value(model, "validation"),
        test=score.value(model, "test"),
        low=low,
        high=high,
        reported=model.reported.get("accuracy") if model.ordered_by is None else None,
        seeds=tuple(seeds.values) if seeds else (),
        marked=marked,
    )


SECTION = Section(
    key="first",
    data=_first_screen,
    template="first_screen.html.j2",
    figures=lambda first: [first.figure] if first.figure else [],
)
