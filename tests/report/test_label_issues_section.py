"""Label issues and leaks: what is said and shown follows the results."""

from typing import Any

import example
import pytest

from vestry.evaluation.shown_images import shown_ids
from vestry.report.contents import page_data, wanted_images
from vestry.report.page import render
from vestry.report.sections.label_issues import FIRST, Doubts, doubted_images, doubts_data
from vestry.report.sections.leaks import Leaks, leaks_data
from vestry.report.table import as_csv


def image(number: int, **changes: Any) -> dict[str, Any]:
    votes = {"Linear": {"label": 3, "confidence": 0.7}, "Forest": {"label": 1, "confidence": 0.6}}
    known = {"id": f"train-{number}", "given": 1, "panel": 3, "panel_probability": 0.62}
    return known | {"quality": 0.0123, "votes": votes} | changes


def split(count: int, shown: int, of_table: str, panel: tuple[str, ...]) -> dict[str, Any]:
    return {
        "of_table": of_table,
        "panel": list(panel),
        "rows": 3000,
        "accuracy": 0.913,
        "count": count,
        "images": [image(number) for number in range(shown)],
    }


@pytest.fixture
def doubted(results: dict[str, Any]) -> dict[str, Any]:
    """Two members of out-of-fold tables doubt training labels; the example's own test doubts."""
    both = ("Linear", "Forest")
    results["doubts"] = {
        "training": split(90, 60, "out-of-fold", both),
        "validation": None,
        "test": split(7, 7, "test", both),
    }
    return results


def section(results: dict[str, Any]) -> Doubts:
    found = doubts_data(example.typed(results))
    assert found is not None
    return found


def leaks(results: dict[str, Any]) -> Leaks:
    found = leaks_data(example.typed(results))
    assert found is not None
    return found


def makers(**figures: tuple[float, int]) -> dict[str, Any]:
    return {
        name.replace("_", "-"): {"accuracy": share, "interval": [share - 0.01, share + 0.01]}
        | {"rank": rank}
        for name, (share, rank) in figures.items()
    }


@pytest.fixture
def leaking(results: dict[str, Any]) -> dict[str, Any]:
    """Two makers that change places without repeated images."""
    names = ("Forest", "Linear")
    results["ranking"] = [row for row in results["ranking"] if row["name"] in names]
    results["ranking"].sort(key=lambda row: row["name"])
    results["members"] = {name: results["members"][name] for name in names}
    results["committees"] = {}
    results["leaks"] = {
        "reason": None,
        "rows": 1000,
        "searched": 1000,
        "all": {"rows": 1000, "makers": makers(Forest=(0.9, 1), Linear=(0.89, 2))},
        "without": {
            "repeated": {
                "left_out": 20, "rows": 980, "changed": ["Forest", "Linear"],
                "makers": makers(Forest=(0.871, 2), Linear=(0.88, 1)),
            },
            "doubted": {
                "left_out": 5, "rows": 995, "changed": [],
                "makers": makers(Forest=(0.91, 1), Linear=(0.9, 2)),
            },
            "both": {
                "left_out": 25, "rows": 975, "changed": ["Forest", "Linear"],
                "makers": makers(Forest=(0.88, 2), Linear=(0.89, 1)),
            },
        },
    }  # fmt: skip
    return results


def test_counts_are_those_of_the_results(doubted: dict[str, Any]) -> None:
    said = section(doubted).summary
    assert said == (
        "2 members together doubt 90 of 3,000 training labels (3.0%) and 7 of 3,000 "
        "test labels (0.2%)."
    )
    doubted["doubts"]["training"]["panel"] = ["Forest"]
    doubted["doubts"]["training"]["count"] = 31
    said = section(doubted).summary
    assert said.startswith("Forest doubts 31 of 3,000 training labels (1.0%). 2 members")
    doubted["doubts"]["test"]["count"] = 0
    assert "doubt none of 3,000 test labels." in section(doubted).summary
    assert [shown.split for shown in section(doubted).splits] == ["training"]


def test_it_is_said_whose_tables_doubt(doubted: dict[str, Any]) -> None:
    training, test = section(doubted).splits
    assert "models that had not seen it" in training.source
    assert "agrees with 91.3%" in training.source and "Linear and Forest" in training.source
    assert "on test rows, without which it was fitted" in test.source
    doubted["doubts"]["training"]["of_table"] = "validation"
    assert "not independent" in section(doubted).splits[0].source


def test_the_worst_come_first_and_the_others_one_click_deeper(doubted: dict[str, Any]) -> None:
    training, test = section(doubted).splits
    assert [len(training.first), len(training.more), training.left_out] == [FIRST, 48, 30]
    assert training.remark.startswith("The 12 worst of 90:")
    assert test.remark.startswith("7 images, worst first:") and not test.more
    one = training.first[0]
    assert (one.given, one.panel) == ("Trouser", "Dress")
    assert (one.given_probability, one.panel_probability) == ("1.23%", "62.0%")
    assert one.agreeing == "1 of 2 say so"
    assert [(vote.said, vote.as_given) for vote in one.votes] == [
        ("Dress", False),
        ("Trouser", True),
    ]


def test_its_pictures_are_kept_and_wanted(doubted: dict[str, Any]) -> None:
    ids = {f"train-{number}" for number in range(60)}
    assert ids <= set(shown_ids(example.typed(doubted)))
    assert ids <= set(wanted_images(page_data(example.typed(doubted))))
    assert list(doubted_images(None)) == []


def test_runs_that_looked_at_no_labels_have_no_section(results: dict[str, Any]) -> None:
    results["leaks"] = None
    results["doubts"] = {"training": None, "validation": None, "test": None}
    whole = example.typed(results)
    assert doubts_data(whole) is None and leaks_data(whole) is None
    _, images = example.build()
    page = render(example.typed(results), images["ids"].tolist(), images["images"], "run")
    assert 'id="doubts"' not in page and 'href="#doubts"' not in page


def test_accuracies_without_them_are_the_results(leaking: dict[str, Any]) -> None:
    assert leaks(leaking).leader == (
        "Forest, best by validation, scores 90.0% (89.0 to 91.0) on all test images, 87.1% (86.1 "
        "to 88.1) without the 20 that repeat images of other parts and 91.0% (90.0 to 92.0) "
        "without the 5 whose label is doubted."
    )
    assert [heading for heading, _ in leaks(leaking).columns] == [
        "All test images", "Without repeated", "Without doubted", "Without both",
    ]  # fmt: skip
    leaking["leaks"]["without"]["repeated"] |= {"left_out": 0, "changed": []}
    assert "repeat" not in leaks(leaking).leader
    assert len(leaks(leaking).columns) == 2


def test_changed_ranks_are_pointed_out_once(leaking: dict[str, Any]) -> None:
    assert leaks(leaking).ranks == (
        "Ranks by test accuracy change. Without images that repeat images of other parts: Forest "
        "from 1 to 2 and Linear from 2 to 1."
    )
    forest = next(row for row in leaks(leaking).rows if row.model.name == "Forest")
    assert [score.moved for score in forest.scores] == [False, True, False, True]
    for entry in leaking["leaks"]["without"].values():
        entry["changed"] = []
    assert leaks(leaking).ranks == "No model changes its rank by test accuracy."
    for entry in leaking["leaks"]["without"].values():
        entry["left_out"] = 0
    assert leaks(leaking).ranks == leaks(leaking).leader == ""
    assert leaks(leaking).rows == [] and leaks(leaking).remark is None


def test_what_was_not_looked_for_is_said(leaking: dict[str, Any]) -> None:
    assert leaks(leaking).repeated == (
        "20 test images are exactly or almost an image of another part (2.00%)."
    )
    leaking["leaks"]["searched"] = 600
    assert "Only 600 of 1,000 test images took part" in leaks(leaking).repeated
    leaking["leaks"]["without"] |= {"repeated": None, "both": None}
    leaking["leaks"]["reason"] = "the study leaves out the look at the data"
    assert leaks(leaking).repeated == "The study leaves out the look at the data."
    assert "flatter" in (leaks(leaking).remark or "")


def test_ids_can_be_taken_home_and_read_as_corrections(doubted: dict[str, Any]) -> None:
    for image in doubted["doubts"]["training"]["images"][1:4]:
        image["votes"] = {
            name: vote | {"label": image["panel"]} for name, vote in image["votes"].items()
        }
    issues, corrections = section(doubted).tables
    assert (issues.key, corrections.key) == ("label-issues", "corrections")
    assert "30 more are doubted and were not stored" in issues.caption
    assert len(issues.rows) == 67
    assert issues.rows[0] == ("train-0", "training", "Trouser", 0.0123, "Dress", 0.62, 1, 2)
    most = [row for row in issues.rows if 2 * row[6] > row[7]]
    lines = as_csv(corrections).splitlines()
    assert lines == ["id,label", *dict.fromkeys(f"{row[0]},{row[4]}" for row in most)]
    assert 1 < len(lines) < 61, "not what a minority says, and each image once"
    doubted["doubts"]["training"]["images"] = doubted["doubts"]["test"]["images"] = []
    assert section(doubted).tables == []


def test_accuracies_without_them_can_be_taken_home(leaking: dict[str, Any]) -> None:
    head, first, _ = as_csv(leaks(leaking).table).splitlines()
    assert head.startswith("model,on_all,on_all_low,on_all_high,on_all_rank,without_repeated,")
    assert first.startswith("Forest,0.9,0.89,0.91,1,0.871,0.861,0.881,2,")


def test_the_page_shows_them(doubted: dict[str, Any]) -> None:
    _, images = example.build()
    page = render(example.typed(doubted), images["ids"].tolist(), images["images"], "run")
    start = page.index('id="doubts"')
    part = page[start : page.index('id="leaks"', start)]
    assert part.count('class="votes"') == 67 and "48 more" in part
    assert "<code>train-0</code>" in part, "ids are seen, not only told to a pointer"
    assert "30 more are doubted and not shown." in part
    assert "None" not in part
    assert 'href="#doubts"' in page, "the checklist leads there"
