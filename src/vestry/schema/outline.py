"""What a list of runs needs of each `results.json`: a few of its keys, so that the others, which
take megabytes, are passed over."""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from vestry.errors import DataError
from vestry.schema.base import FORMAT, Format, Interval
from vestry.schema.cross_validation import NestedChoice
from vestry.schema.decision import Decision


class _Part(BaseModel):
    """Some of a record's keys, each of that record's type."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _UsedData(_Part):
    used: str


class Outline(_Part):
    """`Results` in little."""

    format: Format
    title: str
    created: str
    data: _UsedData
    decision: Decision | None
    nested: NestedChoice | None = None

    @property
    def figure(self) -> tuple[float, Interval] | None:
        """The test accuracy to quote, with its interval: of the recommended model, or of choosing
        one where folds test the images that models were chosen by; None where there is none."""
        if self.nested:
            return self.nested.accuracy, self.nested.interval
        tested = self.decision.test if self.decision else None
        return (tested.accuracy, tested.interval) if tested else None


def read_outline(path: Path) -> Outline:
    """DataError, half a line, where the file is damaged or not of this format."""
    try:
        return _outline(path.read_bytes())
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(map(str, problem["loc"]))
        if place == "format" and not isinstance(problem["input"], dict):
            reason = f"of format {problem['input']}; this version reads {FORMAT}"
        else:
            reason = f"damaged ({place}: {problem['msg']})" if place else "damaged"
        raise DataError(f"its results.json is {reason}") from None


def _outline(content: bytes) -> Outline:
    try:
        return Outline.model_validate_json(content)
    except ValidationError as error:
        if error.errors()[0]["type"] != "json_invalid":
            raise
        try:
            # Half a character, which titles and paths may hold, is JSON to this reader alone.
            found = json.loads(content)
        except (ValueError, RecursionError):
            raise error from None
        return Outline.model_validate(found)
