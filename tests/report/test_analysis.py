"""Strengths, repairs, pairs and claims on the page: sentences follow the numbers, or go."""

import copy
import json
import re
from typing import Any

import example
import pytest
from test_page import HOSTILE, Reader, drawn

from vestry.report.page import render
from vestry.report.plot.bars import diverging
from vestry.report.sections import ablations, claims, differences, performance, repairs
from vestry.report.sections.ablations import pairs_data
from vestry.report.sections.claims import claims_data
from vestry.report.sections.ensemble_gain import worth_data
from vestry.report.sections.performance import analysis_data

NAMES = ["Shirt", "Coat", "Bag"]


def difference(value: float, low: float, high: float, **more: Any) -> dict[str, Any]:
    found = {"value": value, "interval": [low, high], "over": "images", "count": 1000}
    return found | {"figures": [0.9 + value, 0.9], "reason": None} | more


def test_a_difference_is_called_more_than_chance_only_where_the_interval_says_so() -> None:
    clear, open_ = difference(0.012, 0.004, 0.02), difference(0.012, -0.001, 0.025)
    assert "does not hold 0" in differences.verdict(clear)
    assert "cannot be told apart" in differences.verdict(open_)
    assert differences.interval(clear) == (
        "95% interval +0.4 to +2.0, paired on the same 1\u202f000 test images"
    )
    seeds = differences.interval(difference(0.012, 0.004, 0.02, over="seeds", count=[3, 3]))
    assert seeds.endswith("over 3 seeds of each")
    assert "with these seeds" in differences.verdict(open_ | {"over": "seeds"})
    assert differences.size(-0.012) == "1.2 points below it"
    assert differences.size(0.0001) == "level with it"


def pair(value: float, low: float, high: float) -> dict[str, Any]:
    sides = {
        key: {"name": name, "fit_seconds": seconds}
        for key, name, seconds in (("without", "A", 10.0), ("with", "B", 30.0))
    }
    found = difference(value, low, high)
    return {"what": "batch norm", "missing": [], "difference": found} | sides


def test_a_pair_in_words() -> None:
    text = ablations.sentence(pair(0.012, 0.004, 0.02))
    assert "With batch norm B is right on 91.2% of the test images and A on 90.0%" in text
    assert "1.2 points above it" in text and "30 s to fit with it, 10 s without" in text
    even = pair(0.012, 0.004, 0.02)
    even["with"]["fit_seconds"] = 10.4
    assert "to fit" not in ablations.sentence(even)
    assert ablations.sentence({"missing": ["A"]}) == "Cannot be compared: A came to nothing."


def test_several_pairs_are_summed_up() -> None:
    three = [pair(0.01, 0.004, 0.02), pair(-0.01, -0.02, -0.004), pair(0.01, -0.004, 0.02)]
    for entry, what in zip(three, ("x", "y", "z"), strict=True):
        entry["what"] = what
    assert ablations.summary(three) == (
        "More accurate with it: x. Less accurate with it: y. Cannot be told: z."
    )
    assert ablations.summary(three[:1]) is None


def losses(rises_from: int | None, lowest: int = 4) -> dict[str, Any]:
    row = {
        "train_loss": 0.3, "validation_loss": 0.4, "train_accuracy": 0.9,
        "validation_accuracy": 0.88, "accuracy_gap": 0.02,
    }  # fmt: skip
    found = {"epochs": 9, "lowest_epoch": lowest, "last_epoch": 9, "rises_from": rises_from}
    return found | {"at_lowest": row, "at_last": row | {"validation_loss": 0.5, "train_loss": 0.1}}


def test_overfitting_in_words() -> None:
    text = performance.network("N", losses(5))
    assert "lowest after epoch 4 (0.400) and rises for good from epoch 5, to 0.500" in text
    assert "training accuracy is 2.0 points above validation accuracy" in text
    assert "to be called overfitting" in performance.network("N", losses(None))
    assert "no overfitting is seen" in performance.network("N", losses(None, lowest=9))
    one, none = ("A", losses(5)), ("B", losses(None))
    assert performance.summary([]) is None
    assert performance.summary([one]) == "A overfits from epoch 5 on."
    assert performance.summary([one, none]) == "1 of 2 networks overfits: A from epoch 5."
    assert "no overfitting is seen" in str(performance.summary([none, none]))
    short = losses(None, lowest=1) | {"epochs": 1, "last_epoch": 1}
    assert "one epoch does not show" in performance.network("N", short)
    assert "cannot be seen" in str(performance.summary([("N", short)]))
    many = [(f"N{n}", losses(n)) for n in range(3, 8)]
    assert "the first from epoch 3, the last from epoch 7" in str(performance.summary(many))


@pytest.mark.parametrize("rises", [None, 5])
def test_a_gap_or_chance_is_never_called_no_overfitting(rises: int | None) -> None:
    kept = losses(rises)["at_last"] | {"train_accuracy": 0.61, "validation_accuracy": 0.34}
    found = losses(rises, lowest=4 if rises else 9) | {"kept_epoch": 9, "at_kept": kept}
    gap = found | {"far_above": True, "guessing": 0.1}
    chance = found | {"no_better_than_guessing": True, "guessing": 0.35}
    for text in (performance.network("N", gap), str(performance.summary([("N", gap)]))):
        assert "far better on training rows (61.0%) than on validation rows (34.0%)" in text
        assert "no overfitting" not in text
    for text in (performance.network("N", chance), str(performance.summary([("N", chance)]))):
        assert "does not get better than chance: it is right on 34.0%" in text
        assert "the commonest class on 35.0%" in text and "no overfitting" not in text


def test_strengths_in_words() -> None:
    confused = [{"classes": [0, 1], "count": 9, "i_as_j": 7, "j_as_i": 2}]
    analysis = {
        "high": [{"class": 2, "f1": 0.98}],
        "low": [{"class": 0, "f1": 0.7}],
        "confused": confused,
    }
    text = performance.strengths_words("M", analysis, NAMES)
    assert text.startswith("M is best at Bag (F1 98.0%) and worst at Shirt (70.0%). It confuses")
    assert "9 images, of which 7 Shirt as Coat, 2 Coat as Shirt." in text
    alike = analysis | {"high": [], "low": []}
    assert performance.strengths_words("M", alike, NAMES).startswith(
        "M confuses Shirt and Coat most"
    )
    assert (
        performance.strengths_words("M", alike | {"confused": []}, NAMES)
        == "M confuses no classes."
    )


@pytest.fixture
def repaired(results: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = results["committees"]["Committee"]["repairs"]
    return found


def test_repairs_in_words_follow_the_numbers(repaired: dict[str, Any]) -> None:
    text = repairs.result("C", repaired)
    assert f"repairs {repaired['repaired']} test images" in text
    assert f"spoils {repaired['spoiled']} that" in text
    best = repaired["differences"][repaired["best_member"]]
    best["interval"] = [0.01, 0.02]
    assert "does not hold 0" in repairs.result("C", repaired)
    best["interval"] = [-0.01, 0.02]
    assert "cannot be told apart" in repairs.result("C", repaired)
    same = repaired | {"repaired": 0, "spoiled": 0}
    assert "the same test images" in repairs.result("C", same)


def test_reasons_go_where_their_numbers_are_not(repaired: dict[str, Any]) -> None:
    names = list(example.FASHION)
    text = " ".join(repairs.reasons(repaired, names))
    divided = repaired["agreement"]["divided"]
    assert f"different classes on {divided} test images" in text and "They differ most on" in text
    agreed = {"divided": 0, "alike_wrong": 0}
    calm = repaired | {
        "agreement": agreed,
        "per_class": [row | {"divided": 0} for row in repaired["per_class"]],
        "repaired": 0,
    }
    text = " ".join(repairs.reasons(calm, names))
    assert "never name different classes" in text and "There is no test image on which" in text
    assert "They differ most" not in text and "Of the" not in text


def test_by_class_names_gains_and_losses() -> None:
    rows = [{"class": n, "net": net} for n, net in enumerate((5, -2, 0))]
    found = {"per_class": rows}
    assert repairs.by_class(found, NAMES) == (
        "It gains most on Shirt (+5); it loses on Coat (\u22122)."
    )
    assert repairs.by_class({"per_class": rows[1:]}, NAMES) == "It loses on Coat (\u22122)."
    assert repairs.by_class({"per_class": rows[2:]}, NAMES) is None


def test_bars_share_one_scale_and_leave_out_what_did_not_change() -> None:
    shown = diverging([("a", 4, 8), ("b", 0, 0), ("c", 2, 1)])
    assert [(b.name, b.lost_length, b.won_length) for b in shown] == [
        ("a", 0.5, 1.0),
        ("c", 0.25, 0.125),
    ]
    many = diverging([(str(n), n, 0) for n in range(40)])
    assert len(many) == 25 and many[0].name == "15"


def test_the_page_shows_what_the_results_say(results: dict[str, Any]) -> None:
    shown = analysis_data(results)
    assert shown is not None
    assert [group.name for group in shown.groups] == [row["name"] for row in results["ranking"]]
    for group in shown.groups:
        entry = (results["members"] | results["committees"])[group.name]
        scores = entry["scores"]["test"]
        assert [bar.value for bar in group.bars] == [
            scores[name] for name in ("accuracy", "precision_macro", "recall_macro", "f1_macro")
        ]
        assert [bar.interval is not None for bar in group.bars] == [True, False, False, False]
    worth = worth_data(results)
    assert worth is not None and worth.committees[0].repairs is not None
    committee = worth.committees[0].repairs
    found = results["committees"]["Committee"]["repairs"]
    assert [(b.lost, b.won) for b in committee.bars] == [
        (row["spoiled"], row["repaired"])
        for row in found["per_class"]
        if row["spoiled"] + row["repaired"]
    ]
    hard = [row.facts["mean_f1"] for row in shown.hard_classes]
    assert hard == sorted(hard) and len(hard) == 10


def claim(results: dict[str, Any], form: str) -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in results["claims"] if c["form"] == form)
    return found


def test_a_count_in_words(results: dict[str, Any]) -> None:
    found = claim(results, "count")
    found["here"] |= {"count": 3, "support": 1000}
    text = claims.sentence(found)
    assert text == (
        "Here 3 of 1\u202f000 images of T-shirt/top are taken for Trouser by Linear (0.3%), "
        "not 314."
    )
    found["here"]["support"] = 280
    assert "not even as many of them" in claims.sentence(found)
    found["verdict"] = "agrees"
    assert "lies inside the 95% interval" in claims.sentence(found)


def test_balance_in_words(results: dict[str, Any]) -> None:
    found = claim(results, "balanced")
    assert "every class has 500 images: the data are balanced" in claims.sentence(found)
    found["here"] |= {"all": [100, 300], "balanced": False}
    text = claims.sentence(found)
    assert "300 images, 3.00 times the smallest: the data are not balanced" in text


def test_figures_in_words(results: dict[str, Any]) -> None:
    printed = claim(results, "printed")
    assert "that is 0.008438, 0.84% of the images" in claims.sentence(printed)
    values = claim(results, "values")
    assert "up to 0.5 points apart" in claims.sentence(values)
    values["here"]["one_value"] = True
    assert "are one, rounded differently" in claims.sentence(values)
    called = claim(results, "called")
    assert "Here these are 2 figures" in claims.sentence(called)
    called["here"]["scores"] = dict.fromkeys(called["here"]["scores"], 0.9)
    assert "both are the same" in claims.sentence(called)
    value = claim(results, "value")
    value["here"]["mean_of_members"] = 0.823
    assert "mean of its members\u2019 figures, 82.3%, is another thing" in claims.sentence(value)


def test_remarks_stand_beside_our_figures(results: dict[str, Any]) -> None:
    seeds, named = [c for c in results["claims"] if c["form"] == "remark"]
    assert "drawn with seed 0 and the votes with seed 0" in claims.sentence(seeds)
    seeds["here"] = {}
    assert "This run has no seeds." in claims.sentence(seeds)
    assert "Here the accuracy of Linear is" in claims.sentence(named)
    assert claims.sentence(named).endswith("Mind it.")
    named["here"]["reported"] = 0.9
    assert "Reported 90.0%; here the accuracy of Linear is" in claims.sentence(named)


def remark(here: str, fact: Any) -> str:
    said = {"remark": "No.", "here": here, "note": "", "class": None}
    entry = {"form": "remark", "verdict": "remark", "said": said, "here": {here: fact}}
    return claims.sentence(entry)


def test_facts_in_words() -> None:
    card = {
        "backbone": "vgg16", "weights": "random", "normalisation": "mean and deviation",
        "seconds": 104.2, "images_through": 70_000, "images_found": 0,
    }  # fmt: skip
    text = remark("trunk", card)
    assert "its own normalisation (mean and deviation). 70\u202f000 images went" in text
    assert "in 1 min 44 s" in text
    found = remark("trunk", card | {"images_through": 0, "images_found": 5})
    assert "features of 5 images were found" in found and "went through" not in found
    spread = {"mean": 0.88, "deviation": 0.003, "values": [0.88] * 5}
    single = {"value": 0.885, "interval": [0.88, 0.89], "over_seeds": None}
    folds = {"folds": 5, "repeats": 1, "held_out": spread, "single": single}
    text = remark("cross-validation", folds | {"reported": {"accuracy": 0.8771}})
    assert "each of 5 folds" in text and "88.0% \u00b1 0.3" in text and "Reported: 87.7%." in text
    text = remark("duplicates", {"within": {"test": 1}, "across": {"training and test": 2}})
    assert "1 within test and 2 across training and test" in text
    assert "1\u202f000 test" in remark("splits", {"training": 9000, "test": 1000})
    assert "test 1\u202f000 a class" in remark("class counts", {"test": [1000, 1000]})


def test_the_verdicts_are_counted(results: dict[str, Any]) -> None:
    rows = [dict(results["claims"][0], verdict=v) for v in ("agrees", "differs", "differs", "open")]
    assert claims.summary(rows) == (
        "Of 4 statements set against what was measured here, 1 agrees with it, 2 do not and "
        "1 cannot be told."
    )
    unchecked = {"verdict": "unchecked", "reason": "SVC came to nothing"}
    assert claims.summary([unchecked]) == "1 statement could not be checked."
    assert claims.sentence(unchecked) == "Not checked: SVC came to nothing."
    assert claims.summary([]) is None


def words_of(results: dict[str, Any], images: dict[str, Any]) -> str:
    return drawn(results, images).words


def test_a_section_with_nothing_to_say_is_not_drawn() -> None:
    results, images = example.build()
    whole = words_of(results, images)
    heads = ("What the report said", "With and without", "Strengths and weaknesses")
    assert all(head in whole for head in heads)
    older = copy.deepcopy(results)
    for key in ("pairs", "claims", "misclassified"):
        del older[key]
    for entry in [*older["members"].values(), *older["committees"].values()]:
        del entry["analysis"]
        entry.pop("repairs", None)
    without = words_of(older, images)
    assert not any(head in without for head in heads)
    reader = drawn(older, images)
    targets = {attributes.get("href") for _, attributes in reader.tags}
    assert not {"#claims", "#analysis", "#pairs"} & targets
    assert claims_data(older).rows == [] and pairs_data(older).rows == []


def test_contents_name_every_section() -> None:
    reader = drawn(*example.build())
    ids = {attributes.get("id") for tag, attributes in reader.tags if tag == "section"}
    targets = {str(a["href"])[1:] for tag, a in reader.tags if tag == "a" and "href" in a}
    assert {"claims", "analysis", "pairs"} <= ids <= targets


def test_milliseconds_are_shown_where_they_were_measured() -> None:
    """Of all test images in one go, where nothing else of what models cost was measured."""
    results, images = example.build()
    said = "Milliseconds an image: the test images predicted in one go"
    results["members"]["Linear"]["milliseconds_per_image"] = 0.1234
    assert said not in words_of(results, images)
    del results["decision"]
    makers = [*results["members"].values(), *results["committees"].values()]
    given = [(entry.pop("cost"), entry.pop("milliseconds_per_image")) for entry in makers]
    assert all(cost and milliseconds for cost, milliseconds in given)
    assert said not in words_of(results, images)
    results["members"]["Linear"]["milliseconds_per_image"] = 0.1234
    assert re.search(rf"Milliseconds an image.*0\.123.*{said}", words_of(results, images))


def test_hostile_claims_are_text() -> None:
    results, images = example.build()
    for entry in results["claims"]:
        entry["says"] = HOSTILE
        entry["said"]["note"] = HOSTILE
    for entry in results["pairs"]:
        entry["what"] = HOSTILE
    text = render(results, list(images["ids"]), images["images"], "x")
    reader = Reader(text)
    assert reader.open == [] and not any("onerror" in a for _, a in reader.tags)


def test_results_stay_json() -> None:
    results, _ = example.build()
    assert json.loads(json.dumps(results, allow_nan=False)) == results
