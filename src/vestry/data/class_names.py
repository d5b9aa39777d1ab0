"""Names of classes, where a source gives them in a text file or not at all."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.data.limits import MOST_CLASSES
from vestry.errors import DataError

MOST_BYTES = 2**20


def numbered_classes(path: Path, *labels: NDArray[np.int64]) -> tuple[str, ...]:
    """ "0", "1", ... up to the largest label; for sources that name no classes."""
    largest = max((int(part.max()) for part in labels if len(part)), default=-1)
    if largest >= MOST_CLASSES:
        raise DataError(
            f"{path}: a label is {largest:,}; without class names at most {MOST_CLASSES:,} "
            "classes are counted. Number the classes from 0, or give their names"
        )
    return tuple(str(label) for label in range(largest + 1))


def read_class_names(path: Path) -> tuple[str, ...]:
    """One name a line, in label order; blank lines at the end do not count."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise DataError(f"{path}: longer than {MOST_BYTES:,} bytes; one class name a line")
        names = [line.strip() for line in content.decode("utf-8-sig").rstrip().splitlines()]
    except UnicodeDecodeError:
        raise DataError(
            f"{path}: not UTF-8 text; store it as UTF-8, one class name a line"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if "" in names:
        raise DataError(f"{path}: line {names.index('') + 1} is empty; one class name a line")
    return tuple(names)
