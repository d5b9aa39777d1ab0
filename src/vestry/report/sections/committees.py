"""What a committee gained, and which figure a report took for its accuracy."""

from typing import Any

from vestry.report.formatting import counted, decimal, listed, per_cent, points
from vestry.report.models import Model

_SCORE_NAMES = {
    "accuracy": "accuracy",
    "log_loss": "loss",
    "precision_micro_at_half": "precision (micro at 0.5)",
    "recall_micro_at_half": "recall (micro at 0.5)",
    "precision_macro": "macro precision",
    "recall_macro": "macro recall",
    "f1_macro": "macro F1",
}
_RULE_WORDS = {
    "mean": "mean of the probabilities",
    "geometric": "geometric mean of the probabilities, made to sum to 1",
    "vote": "majority vote, ties by the mean probability; its probabilities are the shares of "
    "votes, with the members\u2019 mean as one vote more",
    "stacking": "multinomial logistic regression on the members\u2019 log probabilities",
}
_WEIGHTED_BY = {
    "accuracy": ", weights in proportion to accuracy above chance",
    "log_loss": ", weights in proportion to exp(\u2212log loss)",
}
_LEARNT_FROM = {
    "validation": ", learnt from the validation rows",
    "out_of_fold": ", learnt from out-of-fold probabilities of the training rows",
}
_FOUR_DIGITS = 0.5e-4
# Each member's figure and the committee's were rounded to four digits before we saw them.
_ROUNDED_TWICE = 1e-4 + 1e-9


def score_name(score: str) -> str:
    return _SCORE_NAMES.get(score, score.replace("_", " "))


def best_member(members: list[Model]) -> Model:
    """The best by validation: the choice must not look at the test images."""
    return max(members, key=lambda model: model.accuracy("validation"))


def against_best(committee: Model, members: list[Model]) -> str:
    """The committee's own test accuracy beside that of its best member."""
    best = best_member(members)
    own, others = committee.accuracy("test"), best.accuracy("test")
    gain = own - others
    start = (
        f"{committee.name} is right on {per_cent(own)} of the test images. "
        f"Its best member by validation, {best.name}, is right on {per_cent(others)}"
    )
    if abs(gain) < 0.0005:
        return f"{start}: the committee gains nothing and loses nothing."
    size = points(abs(gain)).lstrip("+")
    side = "above" if gain > 0 else "below"
    return f"{start}: the committee is {size} percentage points {side} it."


def _members_means(committee: Model, members: list[Model]) -> dict[str, float]:
    """Means of the members' *reported* figures, for scores reported for all of them."""
    return {
        score: sum(member.reported[score] for member in members) / len(members)
        for score in committee.reported
        if members and all(score in member.reported for member in members)
    }


def scores_taken_for_means(committee: Model, members: list[Model]) -> list[str]:
    """Scores whose reported committee figure is the mean of its members' reported figures.

    A report that lists means as the committee's scores never measured the committee. One score
    may agree by chance of rounding, so the first must agree to four digits.
    """
    means = _members_means(committee, members)
    gaps = {score: abs(mean - committee.reported[score]) for score, mean in means.items()}
    if not any(gap < _FOUR_DIGITS for gap in gaps.values()):
        return []
    return [score for score, gap in gaps.items() if gap <= _ROUNDED_TWICE]


def means_remark(committee: Model, members: list[Model]) -> str | None:
    """What the reported figure of a committee is, where it is its members' mean."""
    taken = scores_taken_for_means(committee, members)
    if "accuracy" not in taken:
        return None
    reported = decimal(committee.reported["accuracy"], 4)
    parts = listed([decimal(member.reported["accuracy"], 4) for member in members])
    others = [score_name(score) for score in taken if score != "accuracy"]
    also = f" The same holds, within rounding, for its {listed(others)}." if others else ""
    own, mean = committee.accuracy("test"), committee.entry["mean_of_members"]["test"]["accuracy"]
    return (
        f"The accuracy reported for {committee.name}, {reported}, equals to four digits the mean "
        f"of the accuracies reported for {listed([m.name for m in members])} ({parts}).{also} "
        "It is no accuracy of averaged probabilities, so it has to be compared with our mean of "
        f"the members\u2019 accuracies, {per_cent(mean)}, and not with {per_cent(own)}, the "
        "committee\u2019s own. Each member\u2019s reported figure is compared with that "
        "member\u2019s."
    )


def made_of(committee: Model) -> str:
    """Its members, its rule, and what that learnt and from which rows."""
    names = list(committee.entry["members"])
    said = [f"{counted(len(names), 'member')}: {listed(names)}; {_rule_words(committee.entry)}."]
    if committee.entry.get("fitted_on") == "validation":
        said.append(
            "In its own validation figures, each row\u2019s probabilities come from a rule fitted "
            "without that row."
        )
    said += [f"{note[:1].upper()}{note[1:]}." for note in committee.entry.get("notes") or []]
    return " ".join(said)


def _rule_words(entry: Any) -> str:
    """The rule with what it learnt; without figures where a run does not say them."""
    learnt = entry.get("learnt") or {}
    rows = _LEARNT_FROM.get(entry.get("fitted_on") or "", "")
    match entry["rule"]:
        case "weighted":
            by = _WEIGHTED_BY.get(learnt.get("by", ""), "")
            return f"weighted mean of the probabilities{by}{rows}{_figures(learnt, 'weights')}"
        case "greedy":
            return f"greedy selection with replacement, by log loss{rows}{_seats(learnt)}"
        case "stacking":
            influence = _figures(learnt, "influence")
            even = f" (the plain mean of logarithms gives each {1 / len(entry['members']):.2f})"
            return (
                f"{_RULE_WORDS['stacking']}{rows}"
                f"{influence.replace(':', '; influence:', 1)}{even if influence else ''}"
            )
        case rule:
            return _RULE_WORDS.get(rule, f"rule \u201c{rule}\u201d")


def _figures(learnt: dict[str, Any], key: str) -> str:
    """ ": A 0.41 and B 0.59"."""
    values: dict[str, float] = learnt.get(key) or {}
    parts = [f"{name} {decimal(value, 2)}" for name, value in values.items()]
    return f": {listed(parts)}" if parts else ""


def _seats(learnt: dict[str, Any]) -> str:
    """Who was chosen how often."""
    chosen: dict[str, int] = learnt.get("chosen") or {}
    if not chosen:
        return ""
    parts = [f"{name} has {count or 'none'}" for name, count in chosen.items()]
    kept, asked = sum(chosen.values()), learnt.get("rounds")
    more = f" (the best of up to {asked})" if asked and asked > kept else ""
    return f"; of {counted(kept, 'seat')}{more}, {listed(parts)}"
