"""The figures of every model's confidence, as tables that can be taken home."""

from vestry.report.formatting import decimal, per_cent, points, probability
from vestry.report.models import Model
from vestry.report.table import Column, Table, text_column

_SIDES = (("before", "as it is"), ("after", "at its temperature"))


def calibration_table(models: list[Model]) -> Table:
    """Each model before and after its temperature: claim, accuracy and calibration error."""
    columns = (
        text_column("model", "Model"),
        text_column("table", "Table"),
        Column("temperature", "Temperature", lambda value: decimal(value, 2)),
        Column("confidence", "Mean confidence", per_cent),
        Column("accuracy", "Accuracy", per_cent),
        Column("overconfidence_low", "Claim less accuracy, from", points),
        Column("overconfidence_high", "to", points),
        Column("ece", "Calibration error", _per_cent_2),
        Column("ece_debiased", "Debiased", _per_cent_2),
        Column("ece_bias", "By chance", _per_cent_2),
        Column("ece_p", "p", probability),
        Column("log_loss", "Log loss", lambda value: decimal(value, 4)),
    )
    rows = [
        (
            model.name, words, model.calibration.temperature if side == "after" else 1.0,
            part.confidence, part.accuracy, *part.overconfidence_interval,
            part.ece, part.ece_debiased, part.ece_bias, part.ece_p, part.log_loss,
        )
        for model in models
        for side, words in _SIDES
        for part in [getattr(model.calibration, side)]
    ]  # fmt: skip
    return Table("calibration", "Calibration of every model", columns, tuple(rows))


def _per_cent_2(share: float | None) -> str:
    return per_cent(share, 2)


_PARTS = ("score", "reliability", "resolution", "uncertainty", "within_bins")
_PART_TITLES = ("Of the answer alone", "Reliability", "Resolution", "Uncertainty", "Within groups")


def brier_table(models: list[Model]) -> Table:
    """The Brier score and its parts, of the same."""
    columns = (
        text_column("model", "Model"),
        text_column("table", "Table"),
        Column("brier", "Brier score", _four_digits),
        *(
            Column(f"top_{key}", title, _four_digits)
            for key, title in zip(_PARTS, _PART_TITLES, strict=True)
        ),
    )
    rows = [
        (model.name, words, part.brier, *(getattr(part.brier_parts, key) for key in _PARTS))
        for model in models
        for side, words in _SIDES
        for part in [getattr(model.calibration, side)]
    ]
    return Table("brier", "The Brier score in its parts", columns, tuple(rows))


def _four_digits(value: float | None) -> str:
    return decimal(value, 4)
