"""Members in the study's order, each against the first."""

from typing import Any

import example
from drawings import texts

from vestry.report.sections.ablations import Steps, pairs_data, steps_data


def shown(results: dict[str, Any]) -> Steps:
    found = steps_data(example.typed(results))
    assert found is not None
    return found


def test_order_and_changes_are_the_results(results: dict[str, Any]) -> None:
    strips = shown(results).strips
    assert [strip.label for strip in strips] == list(results["members"])
    assert strips[0].remark == "the first of the study"
    results["steps"][0]["difference"] |= {"figures": [0.912, 0.9], "interval": [-0.003, 0.021]}
    assert shown(results).strips[1].remark == (
        "+1.2 points (\u22120.3 to +2.1, paired on the same 1,000 test images)"
    )


def test_figure_and_table_hold_the_changes(results: dict[str, Any]) -> None:
    found = shown(results)
    for drawing in found.figure.drawings:
        assert set(results["members"]) <= set(texts(drawing))
    difference = results["steps"][0]["difference"]
    row = found.table.rows[0]
    assert row[0] == results["steps"][0]["name"]
    assert row[2:7] == (*difference["figures"], difference["value"], *difference["interval"])


def test_with_and_without_stand_in_one_table(results: dict[str, Any]) -> None:
    found = pairs_data(example.typed(results))
    assert found.table is not None
    given = results["pairs"][0]
    without, with_ = found.table.rows[:2]
    assert (without[:3], with_[:3]) == (
        (given["what"], "without", given["without"]["name"]),
        (given["what"], "with", given["with"]["name"]),
    )
    assert with_[3] == given["with"]["scores"]["accuracy"]["mean"]
    results["pairs"] = [given | {"with": None, "difference": None, "missing": ["X"]}]
    assert "X failed" in pairs_data(example.typed(results)).rows[0].sentence
    results["pairs"] = []
    assert pairs_data(example.typed(results)).table is None


def test_two_members_need_no_order(results: dict[str, Any]) -> None:
    for name in list(results["members"])[2:]:
        results["members"].pop(name)
    results["ranking"] = [r for r in results["ranking"] if r["name"] in results["members"]]
    results["committees"] = {}
    assert steps_data(example.typed(results)) is None


def test_runs_without_changes_have_no_order(results: dict[str, Any]) -> None:
    results["steps"] = []
    assert steps_data(example.typed(results)) is None


def test_the_sentence_follows_the_adjusted_tests(results: dict[str, Any]) -> None:
    intervals = ([0.1, 0.2], [0.1, 0.2], [-0.2, -0.1], [0.1, 0.3])
    for row, interval, p in zip(results["steps"], intervals, (0.01, 0.2, 0.01, 0.01), strict=True):
        row["difference"] |= {"interval": interval, "p_holm": p, "value": sum(interval)}
    text = " ".join(shown(results).sentences)
    assert "Forest and Model-3 are significantly better" in text
    assert "Model-2 is significantly worse" in text
    assert "Model-1 is not significantly different from it" in text
    assert "4 tests adjusted together" in text
    results["steps"][2]["difference"]["p_holm"] = 0.06
    assert "worse" not in " ".join(shown(results).sentences)


def test_several_seeds_show_their_deviation(results: dict[str, Any]) -> None:
    spread = {"mean": 0.91, "deviation": 0.002, "values": [0.908, 0.91, 0.912]}
    results["members"]["Forest"]["over_seeds"] = {
        split: {"accuracy": spread} for split in ("validation", "test")
    }
    results["steps"][0]["difference"] |= {"over": "images and seeds", "seeds": [3, 1]}
    strip = shown(results).strips[1]
    assert strip.text == "91.0% \u00b1 0.2" and strip.values == spread["values"]
    assert "over the same 1,000 test images and 3 and 1 seeds" in strip.remark
