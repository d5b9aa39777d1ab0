"""Strengths, repairs, pairs and claims on the page: sentences follow the numbers, or go."""

import copy
import json
import re
from typing import Any

import example
import pytest
from hypothesis import given
from hypothesis import strategies as st
from partial import part
from test_page import HOSTILE, Reader, drawn

from vestry.report.formatting import per_cent
from vestry.report.page import render
from vestry.report.plot.two_sided import Heads, TwoSided, largest, two_sided
from vestry.report.sections import (
    ablations,
    claims,
    differences,
    overfitting,
    repairs,
)
from vestry.report.sections.ablations import pairs_data
from vestry.report.sections.claims import claims_data
from vestry.report.sections.ensemble_gain import gains_data
from vestry.report.sections.performance import performance_data
from vestry.report.table import Table
from vestry.schema.ablations import ComparedPair, Side
from vestry.schema.analysis import Overfitting
from vestry.schema.claims import CheckedClaim
from vestry.schema.ensemble_gain import Repairs
from vestry.schema.significance import Difference

NAMES = ["Shirt", "Coat", "Bag"]


def difference(value: float, low: float, high: float, **more: Any) -> Difference:
    found = {"value": value, "interval": [low, high], "over": "images", "count": 1000}
    tested = {"p": 0.001, "method": "mid-p", "only_one": 60, "only_other": 48, "seeds": [1, 1]}
    known = {"score": "accuracy", "figures": [0.9 + value, 0.9]}
    return Difference.model_validate(found | tested | known | more)


def test_a_difference_is_called_more_than_chance_only_where_its_test_says_so() -> None:
    clear, open_ = difference(0.012, 0.004, 0.02), difference(0.012, -0.001, 0.025)
    assert "more than the choice of images would explain" in differences.verdict(clear)
    assert "there is no significant difference" in differences.verdict(open_)
    among = clear.model_copy(update={"p_holm": 0.08})
    assert "no significant difference (adjusted p = 0.080)" in differences.verdict(among)
    assert differences.interval(clear) == (
        "95% interval +0.4 to +2.0, paired on the same 1,000 test images"
    )
    several = difference(0.012, 0.004, 0.02, over="images and seeds", seeds=[3, 3])
    assert differences.interval(several).endswith("1,000 test images and 3 seeds of each")
    assert "choice of images and seeds" in differences.verdict(several)
    assert differences.fitted_once(several, "A", "B") == ""
    once = several.model_copy(update={"seeds": (1, 5)})
    assert differences.fitted_once(once, "A", "B") == (
        " A was fitted once: its spread over seeds is taken to be that of B."
    )
    assert differences.size(difference(-0.012, -0.02, 0.0)) == "1.2 points below it"
    assert differences.size(difference(0.0, -0.02, 0.02)) == "level with it"


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_a_difference_is_that_of_the_printed_figures(one: int, other: int) -> None:
    figures = one / 100_000, other / 100_000
    ours, theirs = (float(per_cent(value).rstrip("%")) for value in figures)
    assert 100 * differences.between(*figures) == pytest.approx(ours - theirs, abs=1e-9)
    said = differences.size(difference(0.1, 0, 0.2, figures=figures))
    if ours == theirs:
        assert said in ("level with it", "less than 0.1 points from it")
    else:
        assert said.startswith(f"{abs(ours - theirs):.1f} point")


def pair(
    value: float, low: float, high: float, what: str = "batch norm", seconds: float = 30.0
) -> ComparedPair:
    def side(name: str, took: float) -> Side:
        return Side(name=name, scores={}, epochs_run=None, fit_seconds=took, parameters=None)

    return ComparedPair(
        what=what,
        missing=[],
        without=side("A", 10.0),
        with_=side("B", seconds),
        difference=difference(value, low, high),
    )


def test_a_pair_in_words() -> None:
    text = ablations.sentence(pair(0.012, 0.004, 0.02))
    assert "With batch norm B is right on 91.2% of the test images and A on 90.0%" in text
    assert "1.2 points above it" in text and "30 s to fit with it, 10 s without" in text
    assert "to fit" not in ablations.sentence(pair(0.012, 0.004, 0.02, seconds=10.4))
    nothing = ComparedPair(what="it", missing=["A"], without=None, with_=None, difference=None)
    assert ablations.sentence(nothing) == "Cannot be compared: A failed."


def test_several_pairs_are_summed_up() -> None:
    three = [
        pair(0.01, 0.004, 0.02, "x"),
        pair(-0.01, -0.02, -0.004, "y"),
        pair(0.01, -0.004, 0.02, "z"),
    ]
    assert ablations.summary(three) == (
        "More accurate with it: x. Less accurate with it: y. No significant difference: z."
    )
    assert ablations.summary(three[:1]) is None


def losses(rises_from: int | None, lowest: int = 4, **more: Any) -> Overfitting:
    return part(Overfitting, facts_of(rises_from, lowest) | more)


def facts_of(rises_from: int | None, lowest: int) -> dict[str, Any]:
    row = {
        "train_loss": 0.3, "validation_loss": 0.4, "train_accuracy": 0.9,
        "validation_accuracy": 0.88, "accuracy_gap": 0.02,
    }  # fmt: skip
    found = {"epochs": 9, "lowest_epoch": lowest, "last_epoch": 9, "rises_from": rises_from}
    found |= {"far_above": False, "no_better_than_guessing": False}
    return found | {"at_lowest": row, "at_last": row | {"validation_loss": 0.5, "train_loss": 0.1}}


def test_overfitting_in_words() -> None:
    text = overfitting.network("N", losses(5))
    assert "lowest after epoch 4 (0.400) and rises for good from epoch 5, to 0.500" in text
    assert "training accuracy is 2.0 points above validation accuracy" in text
    assert "to be called overfitting" in overfitting.network("N", losses(None))
    assert "no overfitting is seen" in overfitting.network("N", losses(None, lowest=9))
    one, none = ("A", losses(5)), ("B", losses(None))
    assert overfitting.summary([]) is None
    assert overfitting.summary([one]) == "A overfits from epoch 5 on."
    assert overfitting.summary([one, none]) == "1 of 2 networks overfits: A from epoch 5."
    assert "no overfitting is seen" in str(overfitting.summary([none, none]))
    short = losses(None, lowest=1, epochs=1, last_epoch=1)
    assert "one epoch does not show" in overfitting.network("N", short)
    assert "cannot be seen" in str(overfitting.summary([("N", short)]))
    many = [(f"N{n}", losses(n)) for n in range(3, 8)]
    assert "the first from epoch 3, the last from epoch 7" in str(overfitting.summary(many))


@pytest.mark.parametrize("rises", [None, 5])
def test_a_gap_or_chance_is_never_called_no_overfitting(rises: int | None) -> None:
    lowest = 4 if rises else 9
    kept = {"train_accuracy": 0.61, "validation_accuracy": 0.34}
    kept = {"kept_epoch": 9, "at_kept": facts_of(rises, lowest)["at_last"] | kept}
    gap = losses(rises, lowest, **kept, far_above=True, guessing=0.1)
    chance = losses(rises, lowest, **kept, no_better_than_guessing=True, guessing=0.35)
    for text in (overfitting.network("N", gap), str(overfitting.summary([("N", gap)]))):
        assert "far better on training rows (61.0%) than on validation rows (34.0%)" in text
        assert "no overfitting" not in text
    for text in (overfitting.network("N", chance), str(overfitting.summary([("N", chance)]))):
        assert "does not get better than chance: it is right on 34.0%" in text
        assert "the commonest class on 35.0%" in text and "no overfitting" not in text


@pytest.fixture
def repaired(results: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = results["committees"]["Committee"]["repairs"]
    return found


def test_fixed_and_broken_in_words_follow_the_numbers(repaired: dict[str, Any]) -> None:
    def first(facts: dict[str, Any]) -> str:
        found = Repairs.model_validate(facts)
        return repairs.committee_repairs("C", found, example.FASHION, "").sentences[0]

    text = first(repaired)
    assert f"right on {repaired['repaired']} test image" in text
    assert f"wrong on {repaired['spoiled']} that" in text
    assert "the same test images" in first(repaired | {"repaired": 0, "spoiled": 0})


def test_reasons_go_where_their_numbers_are_not(repaired: dict[str, Any]) -> None:
    names = list(example.FASHION)
    text = " ".join(repairs.reasons(Repairs.model_validate(repaired), names))
    divided = repaired["agreement"]["divided"]
    assert f"different classes on {divided} test images" in text and "They differ most on" in text
    agreed = {"divided": 0, "alike_wrong": 0}
    calm = repaired | {
        "agreement": agreed,
        "per_class": [row | {"divided": 0} for row in repaired["per_class"]],
        "repaired": 0,
    }
    text = " ".join(repairs.reasons(part(Repairs, calm), names))
    assert "never name different classes" in text and "There is no test image on which" in text
    assert "They differ most" not in text and "Of the" not in text


def test_by_class_names_gains_and_losses() -> None:
    def said(*nets: tuple[int, int]) -> str | None:
        rows = [{"class": label, "net": net} for label, net in nets]
        return repairs.by_class(part(Repairs, {"per_class": rows}), NAMES)

    assert said((0, 5), (1, -2), (2, 0)) == (
        "It gains most on Shirt (+5); it loses on Coat (\u22122)."
    )
    assert said((1, -2), (2, 0)) == "It loses on Coat (\u22122)."
    assert said((2, 0)) is None


def test_bars_share_one_scale_and_leave_out_what_did_not_change() -> None:
    rows = [TwoSided("a", 4, 8), TwoSided("b", 0, 0), TwoSided("c", 2, 1)]
    assert [row.name for row in largest(rows, 25)] == ["a", "c"]
    many = largest([TwoSided(str(n), n, 0) for n in range(40)], 25)
    assert len(many) == 25 and many[0].name == "15"
    table = Table("t", "T", (), ())
    figure = two_sided("t", "T", rows[:1], Heads("broken", "fixed", "net"), table)
    for drawing in figure.drawings:
        lost, won = (
            float(re.search(rf'class="{side}"[^>]* width="([\d.]+)"', drawing)[1])  # type: ignore[index]
            for side in ("lost", "won")
        )
        assert won == pytest.approx(2 * lost, abs=0.2)


def test_the_page_shows_what_the_results_say(results: dict[str, Any]) -> None:
    shown = performance_data(example.typed(results))
    assert shown is not None
    gains = gains_data(example.typed(results))
    assert gains is not None
    committee = gains.committees[0].repairs
    found = results["committees"]["Committee"]["repairs"]
    keys = [column.key for column in committee.table.columns]
    rows = [dict(zip(keys, row, strict=True)) for row in committee.table.rows]
    assert [(row["broken"], row["fixed"]) for row in rows] == [
        (row["spoiled"], row["repaired"]) for row in found["per_class"]
    ]
    drawn_names = re.findall(r'class="name"[^>]*>([^<]+)<', str(committee.figure.drawings[1]))  # type: ignore[union-attr]
    assert drawn_names == [row["class"] for row in rows if row["broken"] + row["fixed"]]
    assert shown.hardest is not None
    hard = [float(str(row[1])) for row in shown.hardest.rows]
    assert hard == sorted(hard) and len(hard) == 10


def claim(results: dict[str, Any], form: str) -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in results["claims"] if c["form"] == form)
    return found


def told(found: dict[str, Any]) -> str:
    return claims.sentence(CheckedClaim.model_validate(found))


def test_a_count_in_words(results: dict[str, Any]) -> None:
    found = claim(results, "count")
    found["here"] |= {"count": 3, "support": 1000}
    text = told(found)
    assert text == (
        "Here 3 of 1,000 images of T-shirt/top are taken for Trouser by Linear (0.3%), not 314."
    )
    found["here"]["support"] = 280
    assert "not even as many of them" in told(found)
    found["verdict"] = "agrees"
    assert "lies inside the 95% interval" in told(found)


def test_balance_in_words(results: dict[str, Any]) -> None:
    found = claim(results, "balanced")
    assert "every class has 500 images: the data are balanced" in told(found)
    found["here"] |= {"all": [100, 300], "balanced": False}
    text = told(found)
    assert "300 images, 3.00 times the smallest: the data are not balanced" in text


def test_figures_in_words(results: dict[str, Any]) -> None:
    printed = claim(results, "printed")
    assert "that is 0.008438, 0.84% of the images" in told(printed)
    values = claim(results, "values")
    assert "up to 0.5 points apart" in told(values)
    values["here"]["one_value"] = True
    assert "are one, rounded differently" in told(values)
    called = claim(results, "called")
    assert "Here these are 2 figures" in told(called)
    called["here"]["scores"] = dict.fromkeys(called["here"]["scores"], 0.9)
    assert "both are the same" in told(called)
    value = claim(results, "value")
    value["here"]["mean_of_members"] = 0.823
    assert "mean of its members\u2019 figures, 82.3%, is another thing" in told(value)


def test_remarks_stand_beside_our_figures(results: dict[str, Any]) -> None:
    seeds, named = [c for c in results["claims"] if c["form"] == "remark"]
    assert "drawn with seed 0 and the votes with seed 0" in told(seeds)
    seeds["here"] = {}
    assert "This run has no seeds." in told(seeds)
    assert "Here the accuracy of Linear is" in told(named)
    assert told(named).endswith("Mind it.")
    named["here"]["reported"] = 0.9
    assert "Reported 90.0%; here the accuracy of Linear is" in told(named)


def remark(here: str, fact: Any) -> str:
    said = {"remark": "No.", "here": here, "note": "", "class": None}
    known = {"form": "remark", "says": "so", "verdict": "remark", "reason": None}
    return told(known | {"said": said, "here": {here: fact}})


def test_facts_in_words() -> None:
    card = {
        "name": "vgg16", "weights": "random", "normalisation": "mean and deviation",
        "seconds": 104.2, "images_through": 70_000, "images_found": 0, "asked": "random",
        "why_replaced": None, "parameters": 10, "features": 4, "feature_shape": [4],
        "image_size": [32, 32], "sha256": "0" * 64, "precision": "fp32", "precision_error": None,
        "trials": {},
    }  # fmt: skip
    text = remark("backbone", card)
    assert "its own normalisation (mean and deviation). 70,000 images went" in text
    assert "in 1 min 44 s" in text
    found = remark("backbone", card | {"images_through": 0, "images_found": 5})
    assert "features of 5 images were found" in found and "went through" not in found
    spread = {"mean": 0.88, "deviation": 0.003, "values": [0.88] * 5}
    single = {"name": "CNN", "value": 0.885, "interval": [0.88, 0.89], "over_seeds": None}
    folds = {"folds": 5, "repeats": 1, "held_out": spread, "single": single}
    text = remark("cross-validation", folds | {"reported": {"accuracy": 0.8771}})
    assert "each of 5 folds" in text and "88.0% \u00b1 0.3" in text and "Reported: 87.7%." in text
    text = remark("duplicates", {"within": {"test": 1}, "across": {"training and test": 2}})
    assert "1 within test and 2 across training and test" in text
    assert "1,000 test" in remark("splits", {"training": 9000, "test": 1000})
    assert "test 1,000 a class" in remark("class counts", {"test": [1000, 1000]})


def test_the_verdicts_are_counted(results: dict[str, Any]) -> None:
    def verdicts(*given: str) -> list[CheckedClaim]:
        first = results["claims"][0]
        return [CheckedClaim.model_validate(first | {"verdict": each}) for each in given]

    assert claims.summary(verdicts("agrees", "differs", "differs", "open")) == (
        "Of 4 statements set against what was measured here, 1 agrees with it, 2 do not and "
        "1 cannot be told."
    )
    assert claims.summary(verdicts("unchecked")) == "1 statement could not be checked."
    unchecked = {"verdict": "unchecked", "reason": "SVC failed", "here": None}
    assert told(results["claims"][0] | unchecked) == "Not checked: SVC failed."
    assert claims.summary([]) is None


def ids_of(reader: Reader) -> set[str]:
    return {str(attributes["id"]) for _, attributes in reader.tags if "id" in attributes}


def test_a_section_with_nothing_to_say_is_not_drawn() -> None:
    results, images = example.build()
    folds = {"claims", "analysis", "pairs", "worth", "certainty", "cost"}
    assert folds <= ids_of(drawn(results, images))
    bare = copy.deepcopy(results)
    bare |= {"pairs": [], "claims": [], "ranking": [], "members": {}, "committees": {}}
    bare |= {"misclassified": None, "agreement": None, "comparisons": None, "steps": []}
    bare |= {"resolution": None, "leaks": None, "decision": None}
    bare["doubts"] = dict.fromkeys(("training", "validation", "test"))
    bare["votes"]["images"] = []
    reader = drawn(bare, images)
    targets = {str(attributes.get("href")) for _, attributes in reader.tags}
    assert not (folds | {"compare", "committee"}) & ids_of(reader)
    assert not {"#compare", "#committee"} & targets
    found = example.typed(bare)
    assert claims_data(found).rows == [] and pairs_data(found).rows == []


def test_contents_name_every_section() -> None:
    """Every chapter; and every address that the page names is there, once."""
    reader = drawn(*example.build())
    chapters = {str(a["id"]) for tag, a in reader.tags if tag == "section"}
    targets = {str(a["href"])[1:] for tag, a in reader.tags if tag == "a" and "href" in a}
    ids = [str(a["id"]) for _, a in reader.tags if "id" in a]
    assert {"compare", "committee"} <= chapters <= targets <= set(ids)
    assert len(ids) == len(set(ids))


def test_hostile_claims_are_text() -> None:
    results, images = example.build()
    for entry in results["claims"]:
        entry["says"] = HOSTILE
        entry["said"]["note"] = HOSTILE
    for entry in results["pairs"]:
        entry["what"] = HOSTILE
    text = render(example.typed(results), list(images["ids"]), images["images"], "x")
    reader = Reader(text)
    assert reader.open == [] and not any("onerror" in a for _, a in reader.tags)


def test_results_stay_json() -> None:
    results, _ = example.build()
    assert json.loads(json.dumps(results, allow_nan=False)) == results
