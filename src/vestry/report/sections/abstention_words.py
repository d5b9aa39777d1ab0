"""What a model is right on where it may leave images unanswered, in words."""

from vestry.report.formatting import counted, listed, per_cent, roughly, with_interval
from vestry.report.models import Model
from vestry.schema.confidence import Answered, Threshold
from vestry.schema.results import Results

_ALSO_CHOSEN = (
    "Where the same images stopped a training early or chose among settings, they flatter, and the "
    "guarantee is somewhat weaker. "
)
_CROSSED = (
    "The validation images are all training images, answered by the models of the folds; the model "
    "that stays learnt from more of them, so the guarantee is not exact. "
)


def chosen_on(results: Results) -> str:
    """Which images chose the threshold, and whether the test images are others."""
    crossed = _CROSSED if results.data.chosen_by else _ALSO_CHOSEN
    if results.nested:
        return f"{crossed}The test images are the same ones and confirm nothing. "
    return f"{crossed}The test images had no say in it. "


def threshold_words(model: Model) -> str:
    found = model.abstention.threshold
    validation, test = found.validation, found.test
    if found.threshold is None or not validation or not test:
        return _no_threshold(model, found)
    who = f"{model.name}{model.of_seed}"
    if not found.threshold:
        return (
            f"{who} may answer every image: {_promise(found)}. It is right on "
            f"{_share(validation)} of the validation images and on {_share(test)} of the test "
            f"images{_kept(test, found.accuracy_asked)}."
        )
    start = (
        f"Where {who} answers only images of which it is at least "
        f"{per_cent(found.threshold)} sure, {_promise(found)}. That leaves it "
        f"{per_cent(validation.coverage)} of the validation images, where the threshold was chosen"
    )
    if not test.rows:
        return f"{start}. Of the test images it is so sure of none."
    return (
        f"{start}, and {per_cent(test.coverage)} of the test images, of which it is right on "
        f"{_share(test)}{_kept(test, found.accuracy_asked)}."
    )


def _promise(found: Threshold) -> str:
    return (
        f"it can be relied on (with {per_cent(found.confidence_asked, 0)} confidence) to be right "
        f"on {per_cent(found.accuracy_asked)} or more of what it answers"
    )


def _no_threshold(model: Model, found: Threshold) -> str:
    asked = (
        f"No threshold can be relied on (with {per_cent(found.confidence_asked, 0)} confidence) to "
        f"make {per_cent(found.accuracy_asked)} of the answers of {model.name}{model.of_seed} right"
    )
    if found.validation_needed is None:
        return f"{asked}: {found.reason}."
    return (
        f"{asked}: {counted(found.validation_rows, 'validation image')} are too few. About "
        f"{roughly(found.validation_needed)} would do, if it is as often right on these."
    )


def nothing_promised(found: Threshold) -> str:
    """Beside the slider, which describes the test images alone."""
    return (
        f"These are the test images; of others {per_cent(found.accuracy_asked)} right cannot be "
        f"promised with {per_cent(found.confidence_asked, 0)} confidence."
    )


def _share(side: Answered) -> str:
    if side.accuracy is None or side.interval is None:
        return per_cent(side.accuracy)
    return with_interval(side.accuracy, *side.interval)


def _kept(test: Answered, asked: float) -> str:
    """Whether the test images agree with what validation promised."""
    low, high = test.interval or (0.0, 1.0)
    if high < asked:
        return ", less than was asked"
    return ", more than was asked" if low > asked else ""


def sharpest(models: list[Model]) -> str | None:
    """Who puts its mistakes last; only where there are models to compare."""
    if len(models) < 2:
        return None
    first, second, *_ = sorted(models, key=lambda m: m.abstention.area)
    least = [model.name for model in models if _area(model) == _area(first)]
    if len(least) > 1:
        return (
            "The area under the curve, the mean share of mistakes over all coverages, is least, "
            f"{_area(first)}, for {listed(least)} alike."
        )
    return (
        f"The area under the curve, the mean share of mistakes over all coverages, is least for "
        f"{first.name} ({_area(first)}), then for {second.name} ({_area(second)})."
    )


def _area(model: Model) -> str:
    return per_cent(model.abstention.area, 2)
