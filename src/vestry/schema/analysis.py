"""Where models are good and bad, whether they overfit, and what they get wrong together."""

from pydantic import Field

from vestry.schema.base import Number, Record


class ClassF1(Record):
    """A class and its test F1."""

    class_: int = Field(alias="class", description="label")
    f1: float = Field(description="on the test rows")


class ConfusedPair(Record):
    """Two classes that are taken for each other."""

    classes: tuple[int, int] = Field(description="labels i and j")
    count: int = Field(description="images, both ways")
    i_as_j: int = Field(description="images of i that are called j")
    j_as_i: int = Field(description="images of j that are called i")


class EpochFigures(Record):
    """Losses and accuracies of one epoch."""

    train_loss: Number = Field(description="nats")
    validation_loss: Number = Field(description="nats")
    train_accuracy: Number | None = Field(description="null where not known")
    validation_accuracy: Number | None = Field(description="null where not known")
    accuracy_gap: Number | None = Field(description="training less validation")


class Overfitting(Record):
    """Where validation loss is lowest and whether it rises for good after that.

    `rises_from` is the first epoch after the lowest from which validation loss stays at least 1%
    above its lowest to the end; null unless that lasts three epochs or more and training loss fell
    on meanwhile.
    """

    epochs: int = Field(description="that were run")
    lowest_epoch: int = Field(description="of validation loss")
    last_epoch: int = Field(description="its number")
    rises_from: int | None = Field(description="an epoch; see above")
    at_lowest: EpochFigures = Field(description="of the epoch of lowest validation loss")
    at_last: EpochFigures = Field(description="of the last epoch")
    kept_epoch: int = Field(description="whose weights were kept")
    at_kept: EpochFigures = Field(description="of that epoch")
    far_above: bool = Field(description="whether the kept epoch's accuracy gap is 0.1 or more")
    guessing: float | None = Field(
        description="what always saying the commonest class of the validation rows gets right"
    )
    no_better_than_guessing: bool = Field(
        description="whether validation accuracy is not above that by more than chance explains"
    )


class Analysis(Record):
    """Of one model."""

    high: list[ClassF1] = Field(
        description="up to three classes of the highest test F1, none of them in `low`; empty "
        "where all are alike"
    )
    low: list[ClassF1] = Field(description="up to three classes of the lowest test F1")
    confused: list[ConfusedPair] = Field(description="the ten most confused pairs of classes")
    confused_pairs: int = Field(description="how many pairs there are in all")
    overfitting: Overfitting | None = Field(description="null without epochs")


class TakenFor(Record):
    """What images of a class are called."""

    class_: int = Field(alias="class", description="label")
    count: int = Field(description="wrong answers, over all members")


class MisclassifiedClass(Record):
    """Over all members, the images of one class."""

    class_: int = Field(alias="class", description="label")
    support: int = Field(description="test images of it")
    some_wrong: int = Field(description="images that some members get wrong")
    all_wrong: int = Field(description="images that all members get wrong")
    wrong: int = Field(description="wrong answers, over all members")
    taken_for: list[TakenFor] = Field(description="what they are called, most often first")
    mean_f1: float = Field(description="mean over members")


class Misclassified(Record):
    """Over all members, the test images that are answered wrong."""

    members: int = Field(description="how many")
    rows: int = Field(description="test images")
    some_wrong: int = Field(description="images that some members get wrong")
    all_wrong: int = Field(description="images that all members get wrong")
    classes: list[MisclassifiedClass] = Field(description="one a class")


class Pattern(Record):
    """Images that the same members get wrong."""

    wrong: list[int] = Field(description="members, as places in `members`")
    count: int = Field(description="images")


class PatternsLeftOut(Record):
    """Beyond those that are told."""

    patterns: int = Field(description="how many")
    images: int = Field(description="in them")


class SaidImage(Record):
    """An image and what every model says, committees included."""

    id: str = Field(description="of the image")
    truth: int = Field(description="label")
    said: dict[str, tuple[int, float | None]] = Field(
        description="label and confidence, by the model; no confidence of labels alone"
    )


class AllWrong(Record):
    """Test images that all members get wrong."""

    count: int = Field(description="how many")
    alike: int = Field(description="of these, where all say the same class")
    images: list[SaidImage] = Field(
        description="at most 60, those of which members were surest first"
    )


class OnlyRight(Record):
    """Test images that one member alone gets right."""

    name: str = Field(description="of the member")
    count: int = Field(description="how many")
    images: list[SaidImage] = Field(description="at most 12")


class OneRight(Record):
    """Test images that exactly one member gets right."""

    count: int = Field(description="how many")
    members: list[OnlyRight] = Field(description="by the member that is right")


class Agreement(Record):
    """Who misses which test image."""

    members: list[str] = Field(description="in study order")
    rows: int = Field(description="test images")
    all_right: int = Field(description="images that all get right")
    wrong: list[int] = Field(description="wrong images, one number a member")
    patterns: list[Pattern] = Field(
        description="the 60 most frequent sets of members that are wrong together; images that "
        "all get right are none"
    )
    patterns_left_out: PatternsLeftOut = Field(description="what is beyond these")
    all_wrong: AllWrong = Field(description="images that all get wrong")
    one_right: OneRight = Field(description="images that one alone gets right")
