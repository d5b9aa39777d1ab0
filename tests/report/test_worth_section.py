"""What the committee gains: sentences follow the numbers, or go."""

import copy
import re
from typing import Any

import example
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from partial import part
from test_page import HOSTILE, Reader, drawn

from vestry.report.chapter import Opening
from vestry.report.chapters import committee
from vestry.report.contents import all_figures, page_data
from vestry.report.formatting import two_digits
from vestry.report.page import render
from vestry.report.plot.canvas import MARKERS
from vestry.report.plot.forest import ForestAxis, ForestRow, forest
from vestry.report.plot.heat_map import pair_matrix
from vestry.report.sections import ensemble_gain_words, leave_one_out_words
from vestry.report.sections import ensemble_gain_words as sentences
from vestry.report.sections.ensemble_gain import gains_data
from vestry.report.table import Table
from vestry.schema.ensemble_gain import Diversity, EnsembleCosts, EnsembleGain, LeaveOneOut
from vestry.schema.models import Committee
from vestry.schema.significance import Comparisons

NBSP = "\u00a0"


def cost(own: float, other: float) -> dict[str, float]:
    return {"committee": own, "member": other, "added": own - other, "times": own / other}


def beside(value: float = 0.008, low: float = 0.003, high: float = 0.013, **more: Any) -> Any:
    verdict = "better" if low > 0 else "worse" if high < 0 else "not shown"
    return {
        "name": "Model-1",
        "difference": {
            "value": value,
            "interval": [low, high],
            "figures": [0.9 + value, 0.9],
            "count": 900,
            "p_holm": 0.002,
        },
        "p_within_holm": 0.012,
        "same": False,
        "verdict": verdict,
        "log_loss": {"committee": 0.29, "member": 0.34, "change": -0.05},
        "costs": {
            "latency_ms": cost(6.2, 2.0),
            "milliseconds_per_image": cost(0.4, 0.1),
            "bytes": cost(6.2e6, 2e6),
            "fit_seconds": cost(36.0, 12.0),
            "parameters": cost(300, 100),
        },
    } | more


VERDICTS = {"better": "yes", "worse": "no", "no gain": "no", "not shown": "not shown"}


def found(*values: float, **more: Any) -> Any:
    """Of a committee of Model-1, on whom the verdict rests, and another."""
    first = beside(*values, **more)
    facts = {
        "verdict": VERDICTS[first["verdict"]],
        "decisive": "Model-1",
        "against": [first, beside(name="Model-2")],
        "within": 0.01,
        "level": 0.05,
        "family": 6,
    }
    return part(EnsembleGain, facts)


def test_yes_no_or_not_shown_stands_beside_what_it_takes() -> None:
    taken, at = ", for 4.2 MB more on disk and 24 s more to fit.", "3.1 times the time per image"
    p = f"adjusted p{NBSP}={NBSP}0.002"
    assert sentences.result("Committee", found()) == (
        "Yes: Committee is significantly more accurate than both its members, by 0.8 points or "
        f"more, at {at}. Committee gets 0.8 points more than Model-1 (+0.3 to +1.3, {p}){taken}"
    )
    open_ = sentences.result("Committee", found(0.001, -0.009, 0.011))
    assert open_.startswith(
        f"Not shown: Committee gets 0.1 points more than Model-1, perhaps by chance, at {at}. "
    )
    assert open_.endswith(
        "By 900 test images it cannot be told whether it is better than Model-1 or gains less than "
        "1 point."
    )
    worse = sentences.result("C", found(-0.005, -0.009, -0.001))
    assert worse.startswith("No: C is significantly less accurate than Model-1, at ")
    assert "C gets 0.5 points less than Model-1 (" in worse
    assert worse.endswith("For accuracy Model-1 alone is the better choice.")
    none = sentences.result("C", found(0.001, -0.002, 0.004, verdict="no gain"))
    assert none == (
        f"No: C is shown to gain less than 1 point over Model-1, at {at}. C gets 0.1 points more "
        f"than Model-1 (\u22120.2 to +0.4; for less than that margin adjusted "
        f"p{NBSP}={NBSP}0.012){taken}"
    )
    twin = sentences.result("C", found(0.0, -0.002, 0.002, verdict="no gain", same=True))
    assert twin == (
        f"No: C gives the same answers as Model-1, at {at}. Both say the same class of every test "
        f"image{taken}"
    )
    level = sentences.finding("C", found(0.0, -0.002, 0.002))
    assert level == f"Not shown: C is level with Model-1, at {at}"


def test_unknown_costs_are_left_out() -> None:
    costs = dict.fromkeys(EnsembleCosts.model_fields)
    assert sentences.result("C", found(costs=costs)).endswith(f"p{NBSP}={NBSP}0.002).")
    costs = beside()["costs"] | {"latency_ms": None, "bytes": None}
    text = sentences.result("C", found(costs=costs))
    assert "at 4.0 times the time per image." in text and "for 200 more parameters and" in text
    same = costs | {"milliseconds_per_image": cost(1.01, 1.0), "fit_seconds": cost(1.0, 1.0)}
    text = sentences.result("C", found(costs=same))
    assert "the same time per image" in text and "to fit" not in text


def test_the_ranking_of_all_pairs_may_say_less() -> None:
    row = {"one": "Model-1", "other": "C", "told_apart": False, "p_holm": 0.08}

    def said(gain: Any, *rows: dict[str, Any]) -> str | None:
        pairs = part(Comparisons, {"pairs": list(rows)})
        return sentences.among_all_pairs("C", gain, pairs)

    text = said(found(), *[row] * 10)
    assert text is not None and "Among all 10 pairs" in text and "0.080" in text
    assert said(found(), row | {"told_apart": True}) is None
    assert said(found(0.0, -0.1, 0.1), row) is None
    assert sentences.among_all_pairs("C", found(), None) is None


def test_several_committees_are_summed_up() -> None:
    kinds = {"A": found(), "B": found(0.0, -0.1, 0.1), "C": found(-0.2, -0.3, -0.1)}
    assert sentences.summary(kinds) == (
        "Of 3 committees, better than each member: A; no gain over some member: C; not shown: B."
    )
    assert sentences.summary({"A": found()}) is None


def test_log_loss_beside_the_decisive_members() -> None:
    assert sentences.loss(found()) == "Its log loss is lower: 0.290, against 0.340 of Model-1."
    same = {"committee": 0.34, "member": 0.34, "change": 0.0}
    assert sentences.loss(found(log_loss=same)) == "Both have a log loss of 0.340."


def left(name: str, low: float, high: float, verdict: str) -> dict[str, Any]:
    change = {"value": (low + high) / 2, "interval": [low, high]}
    return {"name": name, "difference": change, "verdict": verdict}


def test_whom_the_committee_could_do_without() -> None:
    rows = [
        left("A", -0.009, -0.005, "worse"),
        left("B", -0.003, 0.001, "no loss shown"),
        left("D", -0.001, 0.004, "no loss shown"),
        left("E", 0.001, 0.003, "better"),
    ]
    better, open_, worse = leave_one_out_words.left_out("C", part(LeaveOneOut, {"members": rows}))
    assert better == "C is better without E (+0.2 points, +0.1 to +0.3)."
    assert open_ == (
        "Where C is made without B or D, no loss of accuracy can be shown: the lowest 95% "
        "interval of the change reaches \u22120.3 points."
    )
    assert worse == "C is worse without A (\u22120.7 points, \u22120.9 to \u22120.5)."
    (only,) = leave_one_out_words.left_out(
        "C", part(LeaveOneOut, {"members": [left("E", 0.001, 0.003, "no loss shown")]})
    )
    assert "the change is +0.1 to +0.3 points (95% interval)" in only


def test_how_it_was_made_again_is_said() -> None:
    def said(rule: str, **facts: Any) -> str:
        again = {"members": [1, 2, 3], "learnt_from": None, "whole": {"accuracy": 0.9}} | facts
        entry = part(Committee, {"rule": rule, "leave_one_out": again})
        return " ".join(leave_one_out_words.how_left_out(entry))

    assert "one at a time" in said("mean")
    assert "the other alone" in said("mean", members=[1, 2])
    text = said("stacking", learnt_from={"split": "validation", "rows": 5000, "of": 12_000})
    assert "with the penalty that the committee chose" in text and "12,000 rows" in text
    every = said("stacking", learnt_from={"split": "validation", "rows": 9, "of": 9})
    assert "penalty" in every and "stratified" not in every


def test_diversity_in_words(results: dict[str, Any]) -> None:
    facts = results["committees"]["Committee"]["diversity"]

    def found() -> Diversity:
        return Diversity.model_validate(facts)

    text = ensemble_gain_words.oracle("C", 0.9, found())
    assert f"Some member is right on {100 * facts['oracle']['accuracy']:.1f}%" in text
    assert "C is right on 90.0%" in text
    facts["mean"]["correlation"] = 0.25
    assert "errors correlate by 0.25" in ensemble_gain_words.variety(found())
    facts["mean"]["correlation"] = None
    assert "correlate" not in ensemble_gain_words.variety(found())
    assert ensemble_gain_words.undefined(found()) is None
    facts["undefined"]["q"] = 1
    assert "For 1 pair" in str(ensemble_gain_words.undefined(found()))
    for pair in facts["pairs"]:
        pair["disagreement"] = 0.1
    assert ensemble_gain_words.extremes(found()) is None


def drawn_rows(drawing: str) -> dict[str, tuple[float, float, float]]:
    """By name: where its point stands, and the ends of its interval, in pixels."""
    names = re.findall(r'class="name"[^>]*>([^<]+)<', drawing)
    points = re.findall(rf'marker (?:{"|".join(MARKERS)})[^"]*" d="M([\d.]+)', drawing)
    bars = re.findall(r'whisker-line" d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)', drawing)
    spans = [(float(x0), float(x1)) for x0, y0, x1, y1 in bars if y0 == y1]
    return {
        name: (float(point), *span) for name, point, span in zip(names, points, spans, strict=True)
    }


def zero_of(drawing: str) -> float:
    return float(re.search(r'axis-line" d="M([\d.]+)', drawing)[1])  # type: ignore[index]


@settings(max_examples=40, deadline=None)
@given(ends=st.lists(st.tuples(st.floats(-0.5, 0.5), st.floats(0, 0.3)), min_size=1, max_size=12))
def test_a_forest_plot_puts_every_interval_on_its_side_of_no_difference(
    ends: list[tuple[float, float]],
) -> None:
    rows = [
        ForestRow(f"M{n}", n, low + width / 2, low, low + width, ["+1.0", "2\u00d7"])
        for n, (low, width) in enumerate(ends)
    ]
    axis = ForestAxis("points", "worse", "better", ["points", "time"])
    figure = forest("f", "F", rows, axis, Table("f", "F", (), ()))
    for drawing in map(str, figure.drawings):
        zero, placed = zero_of(drawing), drawn_rows(drawing)
        for row in rows:
            _, left, right = placed[row.name]
            assert 0 <= left <= right <= float(re.search(r'width="(\d+)', drawing)[1])  # type: ignore[index]
            assert left >= zero - 0.2 if row.low >= 0 else left <= zero + 0.2
            assert right >= zero - 0.2 if row.high >= 0 else right <= zero + 0.2


def test_the_matrix_has_every_pair_once() -> None:
    values = {frozenset("AB"): 0.1, frozenset("AC"): 0.3, frozenset("BC"): None}
    matrix = pair_matrix(list("ABC"), values)
    assert matrix.columns == ["A", "B"] and [name for name, _ in matrix.rows] == ["B", "C"]
    cells = [cell for _, row in matrix.rows for cell in row]
    assert [(c.row, c.column, c.value, c.shade) for c in cells] == [
        ("B", "A", 0.1, 0.0), ("C", "A", 0.3, 1.0), ("C", "B", None, 0.0),
    ]  # fmt: skip


def chapter_of(results: dict[str, Any]) -> Opening | None:
    whole = example.typed(results)
    return committee.CHAPTER.opening(whole, page_data(whole))


def values(table: Table) -> list[dict[str, Any]]:
    return [table.by_key(row) for row in table.rows]


def test_the_chapter_answers_with_yes_no_or_not_shown() -> None:
    results, images = example.build()
    found = results["committees"]["Committee"]["worth"]
    opening = chapter_of(results)
    assert opening is not None and len(opening.sentences) <= 2 and not opening.tables
    assert [figure.key for figure in opening.figures] == ["committee-gain"]
    says = {"yes": "Yes: ", "no": "No: ", "not shown": "Not shown: "}
    assert opening.heading.startswith(says[found["verdict"]] + "Committee ")
    assert not opening.heading.endswith(".")
    assert opening.heading in drawn(results, images).words
    rows = values(opening.figures[0].data)
    assert [row["member"] for row in rows] == [each["name"] for each in found["against"]]
    for row, each in zip(rows, found["against"], strict=True):
        of = each["difference"]
        assert (row["difference"], row["difference_low"], row["difference_high"]) == (
            of["value"], *of["interval"],
        )  # fmt: skip
        assert row["time_factor"] == each["costs"]["latency_ms"]["times"]
    for drawing in map(str, opening.figures[0].drawings):
        assert set(drawn_rows(drawing)) == {row["member"] for row in rows}
        assert all(f"{two_digits(row['time_factor'])}\u00d7<" in drawing for row in rows)


def test_the_page_follows_the_results() -> None:
    results, images = example.build()
    words = drawn(results, images).words
    assert "Which member it could do without" in words
    altered = copy.deepcopy(results)
    changed = altered["committees"]["Committee"]
    decisive = changed["worth"]["decisive"]
    changed["worth"] |= {"verdict": "not shown"}
    for row in changed["worth"]["against"]:
        row["verdict"] = "not shown"
        row["difference"]["p_holm"] = 0.4321
    changed["leave_one_out"] |= {"members": [], "reason": "it takes too long"}
    changed["diversity"]["oracle"] |= {"accuracy": 0.5432}
    text = drawn(altered, images).words
    assert "Not shown: Committee" in text and re.search(r"adjusted p\s*=\s*0\.432", text)
    assert f"whether it is better than {decisive} or gains less than" in text
    assert text.count("not shown to be either") == len(changed["members"])
    assert "Members were not left out one by one: it takes too long." in text
    assert "Some member is right on 54.3%" in text
    assert results["committees"]["Committee"]["worth"]["verdict"] != "not shown"
    assert "Not shown: Committee" not in words


def test_a_run_of_members_alone_has_no_section() -> None:
    alone, pictures = example.build(example.Plan(committee=()))
    assert gains_data(example.typed(alone)) is None and chapter_of(alone) is None
    reader = drawn(alone, pictures)
    ids = {str(attributes.get("id")) for _, attributes in reader.tags}
    assert "worth" not in ids and "committee" not in ids
    assert {"agreement", "votes"} <= ids, "what it would fold is folded elsewhere"


def test_several_committees_have_a_tab_each() -> None:
    results, images = example.build()
    results["comparisons"] = results["resolution"] = results["leaks"] = None
    second = copy.deepcopy(results["committees"]["Committee"])
    results["committees"]["Second"] = second
    for image in results["votes"]["images"]:
        image["votes"]["Second"] = image["votes"]["Committee"]
    rows = results["first_rows"]["probabilities"]
    rows["Second"] = rows["Committee"]
    results["ranking"].append({**results["ranking"][0], "name": "Second", "rank": 9})
    reader = drawn(results, images)
    panels = [a for tag, a in reader.tags if tag == "details" and "worth-" in str(a.get("id"))]
    assert [panel["data-name"] for panel in panels] == ["Committee", "Second"]
    assert "Of 2 committees," in reader.words
    opening = chapter_of(results)
    assert opening is not None
    (table,) = opening.tables
    assert [row["committee"] for row in values(table)] == ["Committee", "Second"]
    figures = all_figures(page_data(example.typed(results)), [])
    assert {"committee-gain", "committee-gain-2"} <= {figure.key for figure in figures}


@pytest.mark.parametrize("members", [2, 12])
def test_few_and_many_members(members: int) -> None:
    strengths = {f"M{n}": 3.0 + 0.05 * n for n in range(members)}
    plan = example.Plan(strengths=strengths, networks=(), committee=tuple(strengths))
    shown = gains_data(example.typed(example.build(plan)[0]))
    assert shown is not None
    (made,) = shown.committees
    assert made.leave_one_out.table is not None
    assert len(made.figure.data.rows) == len(made.leave_one_out.table.rows) == members
    pairs = members * (members - 1) // 2
    assert len(made.diversity.table.rows) == pairs + (pairs > 1)


def test_hostile_names_are_text() -> None:
    plan = example.Plan(strengths={HOSTILE: 3.0, "B": 3.2}, networks=(), committee=(HOSTILE, "B"))
    results, images = example.build(plan)
    reader = Reader(render(example.typed(results), list(images["ids"]), images["images"], "x"))
    assert reader.open == [] and not any("onerror" in a for _, a in reader.tags)
