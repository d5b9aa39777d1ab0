"""Each form of claim, true and false, against numbers that are counted here again."""

import numpy as np
import pytest
from makers import analysed, finding, small_run
from pydantic import TypeAdapter, ValidationError

from vestry.errors import StudyError
from vestry.evaluation.claim_checks import common_value
from vestry.evaluation.claims import FORMS, Claims, ValuesClaim, check_classes
from vestry.predictions.scores import SCORES
from vestry.schema.claims import Duplicates, Measured

READ = TypeAdapter(Claims)


@pytest.fixture(scope="module")
def run():
    return small_run({"A": 3.0, "B": 1.0}, committee=("A", "B"))


def check(run, **claim):
    results, evidence = run
    claims = READ.validate_python([{"says": "so"} | claim])
    (found,) = analysed(results, evidence, claims=claims).claims
    return found


def test_scores_that_a_claim_may_name_are_those_that_are_measured():
    for name in SCORES:
        assert ValuesClaim(says="x", maker="A", score=name, values=[1, 2]).score == name
    with pytest.raises(ValidationError, match=r"Input should be 'accuracy', .* or 'ece'"):
        ValuesClaim(says="x", maker="A", score="f2", values=[1, 2])


def test_counts_are_those_of_the_confusion(run):
    _, evidence = run
    said = evidence.tested["A"].labels[evidence.truth == 0]
    label, ours = min(((each, int((said == each).sum())) for each in (1, 2, 3)), key=lambda c: c[1])
    near = {"maker": "A", "truth": "a", "predicted": "abcd"[label]}
    found = check(run, **near, count=ours)
    assert found.verdict == "agrees"
    assert found.here.count == ours
    assert found.here.support == int((evidence.truth == 0).sum())
    assert check(run, **near, count=60).verdict == "differs"
    assert (
        check(run, **near, count=10 * ours, of=10 * int((evidence.truth == 0).sum())).verdict
        == "agrees"
    )


def test_balance_is_counted_over_all_splits(run):
    results, evidence = run
    assert check(run, balanced=False).here.all == (
        min(totals := np.sum([s["class_counts"] for s in results["data"]["splits"].values()], 0)),
        max(totals),
    )
    even = {s: v | {"class_counts": [75] * 4} for s, v in results["data"]["splits"].items()}
    balanced = (results | {"data": results["data"] | {"splits": even}}, evidence)
    assert check(balanced, balanced=True).verdict == "agrees"
    assert check(balanced, balanced=False).verdict == "differs"


def test_order_follows_the_interval(run):
    assert check(run, maker="B", below="A").verdict == "agrees"
    assert check(run, maker="B", above="A").verdict == "differs"
    assert check(run, maker="A", below="B").verdict == "differs"
    near = small_run({"A": 2.0, "B": 2.0})
    assert check(near, maker="A", below="B").verdict == "open"


def test_the_best_is_the_leader_by_validation(run):
    found = check(run, best="B")
    assert found.verdict == "differs"
    assert found.here.leader == found.here.rival == "A"
    two = small_run({"A": 3.0, "B": 0.5})
    found = check(two, best="A")
    assert found.verdict == "agrees" and found.here.rival == "B"


def test_a_best_that_others_may_well_beat_does_not_agree():
    near = small_run({"A": 2.0, "B": 2.0})
    found = [check(near, best=name) for name in ("A", "B")]
    assert [each.verdict for each in found] == ["open", "open"]
    assert check(small_run({"A": 2.0}), best="A").verdict == "open"


def test_an_interval_that_holds_nearly_anything_agrees_with_nothing(run):
    """A class of 70 images is known to some 10 points."""
    scores = run[0]["members"]["B"]["scores"]["test"]
    recall = scores["per_class"]["b"]["recall"]
    found = check(run, maker="B", score="recall", value=recall, **{"class": "b"})
    low, high = found.here.figure.interval
    assert high - low > 0.1 and found.verdict == "open"


@pytest.mark.parametrize(
    ("values", "one"),
    [
        ([0.9317, 0.9353], False),
        ([0.93, 0.9317], True),
        ([0.93, 0.94, 0.935], True),
        ([0.9357, 0.94], True),
        ([0.9317, 0.9353, 0.9357, 0.93, 0.94], False),
        ([1e-7, 0.1], False),
    ],
)
def test_values_are_one_where_one_value_rounds_to_all(values, one):
    assert common_value(values) == one


def test_several_values_and_a_single_one(run):
    ours = run[0]["members"]["A"]["scores"]["test"]["accuracy"]
    figure = {"maker": "A", "score": "accuracy"}
    assert check(run, **figure, values=[0.11, 0.52]).verdict == "differs"
    assert check(run, **figure, values=[round(ours, 2), round(ours, 4)]).verdict == "agrees"
    assert check(run, **figure, value=round(ours, 4)).verdict == "agrees"
    assert check(run, **figure, value=0.2).verdict == "differs"
    assert check(run, maker="A", score="log_loss", value=0.2).verdict == "open"


def test_a_score_of_a_class_has_its_own_interval(run):
    scores = run[0]["members"]["B"]["scores"]["test"]
    found = check(run, maker="B", score="precision", value=0.99, **{"class": "b"})
    predicted = sum(row[1] for row in scores["confusion"])
    assert found.here.figure.value == pytest.approx(scores["confusion"][1][1] / predicted)
    assert found.verdict == "differs"


def test_a_fraction_with_a_per_cent_sign_is_read_as_printed(run):
    ours = run[0]["members"]["A"]["scores"]["test"]["accuracy"]
    figure = {"maker": "A", "score": "accuracy"}
    found = check(run, **figure, printed=f"{ours:.4f}%")
    assert found.verdict == "differs"
    assert found.here.as_printed == pytest.approx(ours / 100, abs=1e-6)
    assert check(run, **figure, printed=f"{100 * ours:.2f}%").verdict == "agrees"


def test_one_figure_under_two_names(run):
    scores = run[0]["members"]["A"]["scores"]
    found = check(run, maker="A", score="accuracy", called=["test", "validation"])
    assert found.here.scores == {s: scores[s]["accuracy"] for s in ("test", "validation")}
    assert found.verdict == "differs"


def test_a_remark_stands_beside_what_was_measured(run):
    remark = {"remark": "It was wrong."}
    assert check(run, **remark, here="seeds").here.seeds == {"samples": 3, "votes": 5}
    assert check(run, **remark, here="duplicates").here == Measured()
    found = check(run, **remark, here="backbone", maker="A")
    assert found.here.backbone is None
    assert check(run, **remark, here="trunk", maker="A") == found, "as it was called before"
    assert len(check(run, **remark, **{"class": "a"}).here.figures) == 3
    (found,) = check(run, **remark, maker="A").here.figures
    assert found.value == run[0]["members"]["A"]["scores"]["test"]["accuracy"]


def test_duplicates_come_from_the_audit(run):
    results, evidence = run
    kinds = {"duplicates_within": ["test"], "duplicates_across": ["training", "test"]}
    findings = [finding(kind, splits, count=7) for kind, splits in kinds.items()]
    audited = (results | {"exploration": {"findings": findings}}, evidence)
    found = check(audited, remark="No.", here="duplicates").here.duplicates
    assert found == Duplicates(within={"test": 7}, across={"training and test": 7})


def test_what_this_run_does_not_have_is_not_checked(run):
    figure = {"score": "accuracy", "value": 0.5}
    assert check(run, maker="Z", **figure).reason == "Z failed"
    found = check(run, maker="A", truth="boot", predicted="a", count=1)
    assert (found.verdict, found.reason) == ("unchecked", "random has no class boot")


def test_unknown_classes_are_refused_with_the_nearest():
    claims = READ.validate_python(
        [{"says": "314", "maker": "A", "truth": "Shrt", "predicted": "Coat", "count": 314}]
    )
    with pytest.raises(StudyError, match=r"'Shrt'.*did you mean `Shirt`"):
        check_classes(claims, ["Shirt", "Coat"])
    check_classes(claims, ["Shrt", "Coat"])


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ({"maker": "A", "valu": 0.5}, "claim 1 needs one of .* did you mean `value`"),
        ({"maker": "A", "below": "A"}, "compared with itself"),
        ({"maker": "A", "score": "accuracy", "printed": "84"}, "printed"),
        ({"maker": "A", "score": "accuracy", "value": 0.5, "of": 3}, "of"),
    ],
)
def test_claims_without_a_form_or_with_strange_keys_are_refused(claim, said):
    with pytest.raises(ValidationError, match=said):
        READ.validate_python([{"says": "so"} | claim])


def test_every_form_is_found_by_its_key():
    for form, model in FORMS.items():
        assert form in model.model_fields
