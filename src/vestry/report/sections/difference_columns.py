"""Two accuracies and their difference as columns: the same in every table of paired models."""

from vestry.report.formatting import between, per_cent, points
from vestry.report.table import Column, Row, Value
from vestry.schema.significance import Difference


def difference_columns(one: str, other: str) -> tuple[Column, ...]:
    """Accuracies of the two, then the first less the second, as it is printed."""
    keys = f"{one}_accuracy", f"{other}_accuracy"

    def printed(row: Row) -> str:
        return points(between(*(row[key] for key in keys)))

    return (
        Column(keys[0], f"Accuracy, {one}", per_cent),
        Column(keys[1], f"Accuracy, {other}", per_cent),
        Column("difference", "Difference, points", points, of_row=printed),
        Column("difference_low", "95% from", points),
        Column("difference_high", "to", points),
    )


def difference_values(found: Difference) -> tuple[Value, ...]:
    """Of the columns of `difference_columns`."""
    return (*found.figures, found.value, *found.interval)
