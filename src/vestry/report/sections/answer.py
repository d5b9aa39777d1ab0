"""The answer in words: who is first by validation, and how sure that is."""

from vestry.report.formatting import counted, listed, per_cent
from vestry.report.models import Model, Results
from vestry.report.sections import standing
from vestry.report.sections.standing import first_seed, test_figure, validation_figure


def lead(results: Results, ranked: list[Model]) -> list[str]:
    """The answer, one sentence or two a paragraph; what matters most comes first."""
    if not ranked:
        return [_no_answer(results)]
    rows = _test_rows(results)
    leader, rest = ranked[0], ranked[1:]
    if not rest:
        return [_only_one(results, leader)]
    if results.get("resolution") and rest[0].on_test:
        return standing.lead(results, ranked)
    # Results of an earlier version: then only intervals can be set side by side.
    return [_ahead(results, leader), *_follower(leader, rest[0], rows), *_better_on_test(ranked)]


def _test_rows(results: Results) -> int:
    return int(results["data"]["splits"]["test"]["rows"])


def _no_answer(results: Results) -> str:
    models = counted(failed(results), "model")
    return f"There is no answer: {models} came to nothing. The reasons stand below."


def failed(results: Results) -> int:
    """How many models came to nothing; one may be listed with several seeds."""
    return len({entry["name"] for entry in results["failures"]})


def _only_one(results: Results, model: Model) -> str:
    rows = _test_rows(results)
    return (
        f"{model.name} is right on {test_figure(model)} of {counted(rows, 'test image')}"
        f"{first_seed(model)}. "
        "It is the only model of this run, so there is nothing to compare it with."
    )


def _ahead(results: Results, leader: Model) -> str:
    validation = counted(results["data"]["splits"]["validation"]["rows"], "validation image")
    return (
        f"{leader.name} is ahead on the {validation}, with {validation_figure(leader)} right. "
        f"On the {counted(_test_rows(results), 'test image')}, which had no say in the ranking, "
        f"it is right on {test_figure(leader)}{first_seed(leader)}."
    )


def _overlap(one: Model, other: Model) -> bool:
    """Whether the 95% intervals of both test accuracies have a value in common."""
    (low, high), (other_low, other_high) = one.interval("test"), other.interval("test")
    return low <= other_high and other_low <= high


def _follower(leader: Model, second: Model, rows: int) -> list[str]:
    """How the second in the ranking compares, and what the intervals can and cannot say."""
    level = _validation_accuracy(leader) == _validation_accuracy(second)
    place = "is level with it on validation and" if level else "follows on validation and"
    start = (
        f"{second.name} {place} is right on {test_figure(second)} of the test images"
        f"{first_seed(second)}."
    )
    images = counted(rows, "test image")
    if _overlap(leader, second):
        return [
            f"{start} The two 95% intervals overlap: on these {images} the two cannot be told "
            "apart by intervals alone. That does not make them equal: both answered the same "
            "images, and a paired test can see smaller differences than two intervals can."
        ]
    better = leader if leader.accuracy("test") > second.accuracy("test") else second
    return [
        f"{start} The two 95% intervals do not overlap: {better.name} is better on these "
        f"{images} by more than the choice of images would explain."
    ]


def _validation_accuracy(model: Model) -> float:
    spread = model.over_seeds("validation", "accuracy")
    return float(spread["mean"]) if spread else model.accuracy("validation")


def _better_on_test(ranked: list[Model]) -> list[str]:
    """A word on models that the test images put above the leader."""
    leader = ranked[0]
    above = [m for m in ranked[1:] if m.accuracy("test") > leader.accuracy("test")]
    if not above:
        return []
    figures = listed([f"{m.name} ({per_cent(m.accuracy('test'))})" for m in above])
    verb = "stands" if len(above) == 1 else "stand"
    return [
        f"On the test images alone {figures} {verb} above {leader.name}. The ranking stays with "
        "validation: whoever picks by test figures reports the luck of the pick as well."
    ]


def interval_remark(results: Results, models: list[Model]) -> str:
    """What the numbers after a figure mean."""
    text = (
        "Brackets and whiskers are 95% Wilson intervals: how far an accuracy measured on "
        f"{counted(_test_rows(results), 'test image')} may be from that on all such images."
    )
    if any(model.over_seeds("test", "accuracy") for model in models):
        text += (
            " \u201cMean \u00b1 deviation over seeds\u201d is another uncertainty: how much the "
            "figure moves when the same model is fitted again."
        )
    return text


def reported_remark(compared: list[tuple[Model, float]]) -> str | None:
    """How many reported accuracies our intervals hold. `compared`: models with such a figure."""
    if not compared:
        return None
    outside = [
        f"{model.name} (reported {per_cent(value)}, ours {per_cent(model.accuracy('test'))})"
        for model, value in compared
        if not model.interval("test")[0] <= value <= model.interval("test")[1]
    ]
    inside = len(compared) - len(outside)
    if len(compared) == 1:
        where = "outside" if outside else "inside"
        return f"The one reported accuracy lies {where} our 95% interval."
    if not outside:
        return f"All {inside} reported accuracies lie inside our 95% intervals."
    how_many = f"{inside} of {len(compared)}" if inside else f"None of the {len(compared)}"
    verb = "lie" if inside > 1 else "lies"
    return (
        f"{how_many} reported accuracies {verb} inside our 95% intervals; "
        f"outside: {listed(outside)}."
    )
