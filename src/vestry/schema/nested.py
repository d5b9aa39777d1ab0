"""What choosing a model gives, where each image is tested in nested folds."""

from pydantic import Field

from vestry.schema.base import Interval, Record


class FoldChoice(Record):
    """The model that one test fold's other rows choose."""

    model: str = Field(description="first by accuracy on these rows, each out of fold")
    validation_accuracy: float = Field(description="of it, on these rows")
    rows: int = Field(description="of the test fold")
    right: int = Field(description="of these, by that model, which has learnt from none of them")


class NestedChoice(Record):
    """The accuracy of choosing anew for each test fold: no row has a say in the choice that it
    tests."""

    folds: list[FoldChoice] = Field(description="in order")
    accuracy: float = Field(description="of all rows together")
    interval: Interval = Field(description="of it, as of any share")
