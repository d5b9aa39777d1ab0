"""What a committee gains over its members, and which of them it could do without."""

from typing import Literal

from pydantic import Field

from vestry.schema.base import Interval, Method, Record
from vestry.schema.cost import CostBeside
from vestry.schema.significance import Difference


class RepairedClass(Record):
    """What a committee fixes and breaks in one class."""

    class_: int = Field(alias="class", description="label")
    support: int = Field(description="test images of it")
    repaired: int = Field(description="images that only the committee gets right")
    spoiled: int = Field(description="images that only the member gets right")
    divided: int = Field(description="images for which members name different classes")
    alike_wrong: int = Field(description="images for which all name the same wrong one")
    net: int = Field(description="fixed less broken")


class Helper(Record):
    """Another member's part in it."""

    name: str = Field(description="of the member")
    right_on_repaired: int = Field(description="images")
    wrong_on_spoiled: int = Field(description="images")


class MembersAgree(Record):
    """Test images by how far the members agree."""

    all_right: int = Field(description="all name the true class")
    alike_wrong: int = Field(description="all name the same wrong class")
    divided: int = Field(description="they name different classes")
    divided_right: int = Field(description="of the divided, right by the committee")
    divided_nobody_right: int = Field(description="of the divided, no member is right")


class InCommon(Record):
    """Errors of two members."""

    members: tuple[str, str] = Field(description="names")
    either_wrong: int = Field(description="images that one or both get wrong")
    both_wrong: int = Field(description="images that both get wrong")
    alike_wrong: int = Field(description="images that both get wrong in the same way")


class Repairs(Record):
    """A committee against its members; images are counted by first seeds, beside the best one by
    validation."""

    best_member: str = Field(description="the member that is first in the ranking")
    rows: int = Field(description="test images")
    repaired: int = Field(description="test images that only the committee gets right")
    spoiled: int = Field(description="test images that only the member gets right")
    net: int = Field(description="fixed less broken")
    per_class: list[RepairedClass] = Field(description="the same by class")
    helped_by: list[Helper] = Field(description="each other member")
    agreement: MembersAgree = Field(description="of all members")
    in_common: list[InCommon] = Field(description="each two members")
    differences: dict[str, Difference] = Field(
        description="the committee's accuracy less that member's, by name, over seeds"
    )


class LogLosses(Record):
    """Of test rows, in nats."""

    committee: float | None = Field(description="the committee's; null of labels alone")
    member: float | None = Field(description="the member's; null where it gave labels alone")
    change: float | None = Field(description="the committee's less the member's; null likewise")


class EnsembleCosts(Record):
    """Each null unless it is known of both."""

    latency_ms: CostBeside | None = Field(description="milliseconds of one image, median")
    milliseconds_per_image: CostBeside | None = Field(
        description="of predicting the test rows in one go"
    )
    bytes: CostBeside | None = Field(description="of files")
    fit_seconds: CostBeside | None = Field(description="to fit")
    parameters: CostBeside | None = Field(description="counted")


class GainOverMember(Record):
    """A committee beside one of its members on the test images."""

    name: str = Field(description="of the member")
    difference: Difference = Field(
        description="the committee's accuracy less the member's, over seeds; `p_holm` is over all "
        "committees and members"
    )
    p_within_holm: float = Field(
        description="of the test that the committee is better by `within` or more, adjusted "
        "likewise; small: shown not to be"
    )
    same: bool = Field(description="both say the same class of every test image, with every seed")
    verdict: Literal["better", "no gain", "worse", "not shown"] = Field(
        description="`better` and `worse` where the difference is significant; `no gain` where "
        "`p_within_holm` is under `level`, or both say the same; else `not shown`: the images are "
        "too few"
    )
    log_loss: LogLosses = Field(description="of both")
    costs: EnsembleCosts = Field(description="of both")


Verdict = Literal["yes", "no", "not shown"]


class EnsembleGain(Record):
    """Whether a committee is shown to be better than what it is made of, and what it takes."""

    verdict: Verdict = Field(
        description="`yes` where it is better than *each* member; `no` where it is worse than one "
        "of them, or not better by `within` or more; else `not shown`"
    )
    best_member: str = Field(description="the member that is first in the ranking")
    decisive: str = Field(
        description="the member that the verdict rests on: of those that make it so, the one that "
        "the committee gains least over"
    )
    against: list[GainOverMember] = Field(description="each member, in the committee's order")
    within: float = Field(description="the margin of `[decision]`: a smaller gain is none")
    level: float = Field(description="of the tests")
    family: int = Field(
        description="comparisons of all committees with their members, which are adjusted together"
    )

    def over(self, name: str) -> GainOverMember:
        """Beside that member; raises StopIteration for another model."""
        return next(each for each in self.against if each.name == name)


class Whole(Record):
    """The committee made in the same way."""

    accuracy: float = Field(description="on test rows")
    log_loss: float = Field(description="on test rows, nats")


class LearntFrom(Record):
    """The rows that the rule learnt from: stacking of many members learns from a stratified part,
    and always keeps the penalty that the committee chose."""

    split: str = Field(description="`validation` or `out_of_fold`")
    rows: int = Field(description="learnt from")
    of: int = Field(description="there are")


class WithoutMember(Record):
    """The committee without one of its members."""

    name: str = Field(description="of the member left out")
    accuracy: float = Field(description="without it, on test rows")
    log_loss: float = Field(description="without it, nats")
    log_loss_change: float = Field(description="without it less the whole")
    difference: Difference = Field(description="without it less the whole")
    p: float = Field(description="McNemar's, first seeds")
    method: Method = Field(description="of the test")
    p_holm: float = Field(description="p adjusted over the members of all committees")
    verdict: Literal["worse", "better", "no loss shown"] = Field(
        description="`worse` where the interval lies below 0, `better` where it lies above, and "
        "`p_holm` is under 0.05"
    )


class LeaveOneOut(Record):
    """The committee made again without each member."""

    whole: Whole | None = Field(description="made in the same way; null where it was not done")
    learnt_from: LearntFrom | None = Field(description="null for rules that learn nothing")
    members: list[WithoutMember] = Field(description="one a member")
    reason: str | None = Field(description="why it was not done")


class DiversityPair(Record):
    """Two members (Kuncheva and Whitaker 2003)."""

    members: tuple[str, str] = Field(description="names")
    disagreement: float | None = Field(description="share of images that exactly one gets right")
    q: float | None = Field(description="Yule's Q; null where undefined")
    double_fault: float | None = Field(description="share of images that both get wrong")
    correlation: float | None = Field(description="of errors, phi; null where undefined")


class Oracle(Record):
    """Some member is right."""

    right: int = Field(description="images")
    accuracy: float = Field(description="their share")
    interval: Interval = Field(description="Blaker's")


class Diversity(Record):
    """How differently the members err on test images."""

    rows: int = Field(description="test images")
    pairs: list[DiversityPair] = Field(description="every two members")
    mean: dict[str, float | None] = Field(
        description="of each measure, over pairs where it is defined"
    )
    undefined: dict[str, int] = Field(description="pairs where it is not, by measure")
    oracle: Oracle = Field(description="the most that choosing a member an image could give")
