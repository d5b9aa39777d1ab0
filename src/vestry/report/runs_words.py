"""Several runs side by side, in words."""

from collections.abc import Sequence

from vestry.report.formatting import (
    between,
    counted,
    decimal,
    listed,
    per_cent,
    points,
    points_range,
    probability,
    whole,
    with_interval,
)
from vestry.report.sections import differences
from vestry.report.sections.test_set_uses import consequence
from vestry.schema.run_comparison import (
    ComparedPair,
    ComparedRun,
    RankedOfRuns,
    RunComparison,
)

_NAMED = 3
"""So many runs or models are named one by one."""
_NO_COMMON_ORDER = (
    "The runs were validated on different rows, so their validation figures make no common order. "
    "The ranking is by test {}: it describes these models and does not choose among them, "
    "because whoever takes its first chooses by the test images."
)


def title(results: RunComparison) -> str:
    names = [run.name for run in results.runs]
    said = listed(names) if len(names) <= _NAMED else counted(len(names), "run")
    return f"{said} compared"


def lead(results: RunComparison) -> list[str]:
    """Who is best, whether the runs' best differ significantly, and what the order rests on."""
    by_validation = results.ordered_by == "validation"
    return [
        _leader(results) if by_validation else _best_of_each(results),
        _best_pairs(results),
        *([] if by_validation else [_NO_COMMON_ORDER.format(ordered_by(results))]),
        *_scores(results),
    ]


def ordered_by(results: RunComparison) -> str:
    """ "accuracy", "balanced accuracy"."""
    return results.score.words if results.score else "accuracy"


def _scores(results: RunComparison) -> list[str]:
    """What differs from an order of runs that were all chosen by accuracy."""
    if results.score:
        return [f"All runs chose by {ordered_by(results)}; tests of pairs are of accuracy."]
    chosen = {run.name: run.chosen_by for run in results.runs}
    if set(chosen.values()) == {"accuracy"}:
        return []
    each = "; ".join(f"{name} by {words}" for name, words in chosen.items())
    return [f"The runs chose by different scores ({each}), so the order here is by accuracy."]


def scored(results: RunComparison, row: RankedOfRuns) -> tuple[str, str] | None:
    """Of validation and test, by the score that orders the rows; None where that is accuracy."""
    if results.score is None or row.by_score is None:
        return None
    written = per_cent if results.score.unit == "share" else decimal
    return written(row.by_score.validation), written(row.by_score.test)


def figure(row: RankedOfRuns) -> str:
    """ "91.2% (90.6 to 91.7)"."""
    return with_interval(row.accuracy, *row.interval)


def _leader(results: RunComparison) -> str:
    first, *others = results.ranking
    count = len(results.runs)
    share = "both runs" if count == 2 else f"all {count} runs"
    images, own = counted(results.rows, "test image"), scored(results, first)
    if results.score and own:
        best = "lowest" if results.score.better == "lower" else "highest"
        return (
            f"{first.label} has the {best} {results.score.words} on the validation rows, which "
            f"{share} share: {own[1]} on {images}{_beside(others)}."
        )
    return (
        f"{first.label} is the most accurate on the validation rows, which {share} share: it is "
        f"right on {figure(first)} of {images}{_beside(others)}."
    )


def _beside(others: Sequence[RankedOfRuns]) -> str:
    """What the test images say of the others beside the leader, to follow its figure."""
    labels = {
        mark: [row.label for row in others if row.on_test and row.on_test.mark == mark]
        for mark in ("ahead", "level", "unknown")
    }
    if not any(labels.values()):
        return ", and the difference to every other model is significant"
    words = {
        "ahead": "{} {} ahead of it there",
        "level": "{} {} level with it there",
        "unknown": "of {} nothing can be told",
    }
    parts = [
        words[mark].format(_few(names), "is" if len(names) == 1 else "are")
        for mark, names in labels.items()
        if names
    ]
    return f"; {', '.join(parts)}"


def _few(names: list[str]) -> str:
    return listed(names) if len(names) <= _NAMED else f"{len(names)} others"


def _best_of_each(results: RunComparison) -> str:
    rows = {row.label: row for row in results.ranking}
    best = [rows[label] for label in results.best.values()]
    said = listed([f"{row.label}, right on {figure(row)}" for row in best])
    images = counted(results.rows, "test image")
    return f"The best of each run by its own validation rows: {said} of {images}."


def _best_pairs(results: RunComparison) -> str:
    """Whether the runs' best models differ significantly."""
    pairs = [pair for pair in results.tests.pairs if pair.both_best]
    if len(pairs) == 1:
        return pair_sentence(pairs[0], results.tests.family)
    same = [_pair_names(pair) for pair in pairs if not pair.told_apart]
    all_of_them = f"{len(pairs)} pairs of the runs’ best models"
    if not same:
        return f"All {all_of_them} differ significantly."
    if len(same) == len(pairs):
        return f"None of the {all_of_them} differs significantly."
    return (
        f"Of the {all_of_them} {len(pairs) - len(same)} differ significantly; no significant "
        f"difference: {'; '.join(same)}."
    )


def _pair_names(pair: ComparedPair) -> str:
    return f"{pair.one.label} and {pair.other.label}"


def pair_sentence(pair: ComparedPair, family: int) -> str:
    """How two models differ on the same images, and whether that is significant."""
    found = pair.difference
    one, other = pair.one.label, pair.other.label
    if _is_equal(pair):
        return f"{one} and {other} say the same of every test image."
    place = differences.size(found).removesuffix(" it")
    low, high = found.interval
    verdict = "a significant difference" if pair.told_apart else "no significant difference"
    return (
        f"On the same images {one} is {place} {other} (95% interval "
        f"{points_range(low, high)} points): {verdict} ({_chance(pair, family)})."
    )


def _chance(pair: ComparedPair, family: int) -> str:
    """ "p = 0.012 after Holm’s adjustment for 3 tests"."""
    if family == 1:
        return _p_value(pair.p)
    return f"{_p_value(pair.p_holm)} after Holm’s adjustment for {family} tests"


def _p_value(p: float) -> str:
    text = probability(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def same_names(results: RunComparison) -> str | None:
    """Which models of the same name differ between runs; None where there are none."""
    pairs = [pair for pair in results.tests.pairs if pair.same_name]
    if not pairs:
        return None
    shares = "shares" if len(pairs) == 1 else "share"
    said = f"{counted(len(pairs), 'pair')} of models {shares} a name across runs: "
    apart = [_same_name(pair) for pair in pairs if pair.told_apart]
    differ = "differs" if len(apart) == 1 else "differ"
    said += f"{listed(apart)} {differ} significantly." if apart else "none differs significantly."
    equal = [_pair_names(pair) for pair in pairs if _is_equal(pair)]
    return said + (f" The same answer to every image: {'; '.join(equal)}." if equal else "")


def _same_name(pair: ComparedPair) -> str:
    """ "Net (+1.2 points in b beside a)"."""
    value, runs = points(between(*pair.difference.figures)), (pair.one.run, pair.other.run)
    return f"{pair.one.name} ({value} points in {runs[0]} beside {runs[1]})"


def _is_equal(pair: ComparedPair) -> bool:
    return bool(pair.alike == pair.difference.count)


def machine(results: RunComparison) -> str:
    """Whether fit times can be compared."""
    machines = {machine_words(run) for run in results.runs}
    if len(machines) == 1:
        return f"All ran on {machines.pop()}."
    return "They ran on different machines, or on other numbers of cores: times are not comparable."


def machine_words(run: ComparedRun) -> str:
    """ "an ordinary processor, 2 cores"."""
    facts = run.environment
    cores = facts.cores_used
    return f"{facts.processor}, {counted(cores, 'core')}" if cores else str(facts.processor)


def test_set_uses(results: RunComparison) -> list[str]:
    """How often these test rows were used, and what follows."""
    found = results.test_looks
    times = found.comparisons
    often = "once, now" if times == 1 else f"{whole(times)} times, this one among them"
    said = f"Models were compared on these test images {often}, as far as this register knows."
    return [said, consequence(found)]
