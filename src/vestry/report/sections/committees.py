"""What a committee gained, and which figure a report took for its accuracy."""

from vestry.committees.rule import RULES
from vestry.predictions.scores import score_words
from vestry.report.formatting import counted, decimal, listed, per_cent
from vestry.report.models import Model
from vestry.report.sections import score_figures as score
from vestry.schema.models import Committee

_LEARNT_FROM = {
    "validation": ", learnt from the validation rows",
    "out_of_fold": ", learnt from out-of-fold probabilities of the training rows",
}
_FOUR_DIGITS = 0.5e-4
# Each member's figure and the committee's were rounded to four digits before we saw them.
_ROUNDED_TWICE = 1e-4 + 1e-9


def best_member(members: list[Model]) -> Model:
    """The first in the ranking: the choice must not look at the test images."""
    return min(members, key=lambda model: model.rank)


def against_best(committee: Model, members: list[Model]) -> str:
    """The committee's own test figure beside that of its best member."""
    best = best_member(members)
    own, others = (score.written(model, "test") for model in (committee, best))
    first = f"Its best member by validation, {best.name},"
    if committee.ordered_by is None:
        start = f"{committee.name} is right on {own} of the test images. {first} is right on"
    else:
        start = f"{committee.name} has {score.a_score(committee)} of {own} on test. {first} has"
    if own == others:
        same = score.value(committee, "test") == score.value(best, "test")
        least = "0.1 points" if score.is_share(best) else "0.001"
        return f"{start} {others}: the two are {'equal' if same else f'less than {least} apart'}."
    size = score.gap(committee, best, "test")[1:].replace(" points", " percentage points")
    side = "better" if committee.ordered_by else "above it"
    if not score.is_better(committee, best, "test"):
        side = "worse" if committee.ordered_by else "below it"
    tested = "" if committee.ordered_by is None else " The tests here are of accuracy alone."
    return f"{start} {others}: the committee is {size} {side} on these images.{tested}"


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


def means_remark(committee: Model, members: list[Model], mean: float) -> str | None:
    """What the reported figure of a committee is, where it is its members' mean.

    mean: of our members' test accuracies.
    """
    taken = scores_taken_for_means(committee, members)
    if "accuracy" not in taken:
        return None
    reported = decimal(committee.reported["accuracy"], 4)
    parts = listed([decimal(member.reported["accuracy"], 4) for member in members])
    others = [score_words(score) for score in taken if score != "accuracy"]
    also = f" The same holds, within rounding, for its {listed(others)}." if others else ""
    return (
        f"The accuracy reported for {committee.name}, {reported}, equals to four digits the mean "
        f"of the accuracies reported for {listed([m.name for m in members])} ({parts}).{also} "
        "It is no accuracy of averaged probabilities, so it has to be compared with our mean of "
        f"the members\u2019 accuracies, {per_cent(mean)}, and not with "
        f"{per_cent(committee.accuracy('test'))}, the "
        "committee\u2019s own. Each member\u2019s reported figure is compared with that "
        "member\u2019s."
    )


def mean_of_members(committee: Committee) -> float:
    """The plain mean of its members' test accuracies."""
    return committee.mean_of_members.test["accuracy"]


def made_of(committee: Committee) -> str:
    """Its members, its rule, and what that learnt and from which rows."""
    names = committee.members
    said = [f"{counted(len(names), 'member')}: {listed(names)}; {_rule_words(committee)}."]
    if committee.fitted_on == "validation":
        said.append(
            "In its own validation figures, each row\u2019s probabilities come from a rule fitted "
            "without that row."
        )
    said += [f"{note[:1].upper()}{note[1:]}." for note in committee.notes]
    return " ".join(said)


def _rule_words(committee: Committee) -> str:
    """The rule with what it learnt; without figures where a run does not say them."""
    rule = RULES.get(committee.rule)
    if rule is None:
        return f"rule \u201c{committee.rule}\u201d"
    said = rule.how(committee.learnt) + _LEARNT_FROM.get(committee.fitted_on or "", "")
    figures = rule.figures(committee.learnt)
    return said + (f"{figures.lead}{listed(figures.parts)}{figures.tail}" if figures else "")
