"""Tables whose rows stand in different orders, joined by the rows' ids."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vestry.errors import TableError
from vestry.predictions.table import ProbabilityTable

Ids = NDArray[np.str_]


def in_order(table: ProbabilityTable, ids: Ids) -> ProbabilityTable:
    """The table's rows in the order of `ids`; raises TableError unless those are its rows."""
    rows = places_of(ids, table.ids)
    if rows is None:
        raise TableError(f"table of {table.maker}: its rows are others than those asked for")
    return replace(table, ids=table.ids[rows], probabilities=table.probabilities[rows])


def places_of(ids: Ids, among: Ids) -> NDArray[np.int64] | None:
    """Where each of `ids` stands in `among`; None unless both hold the same ids, each once."""
    order, other = np.argsort(among), np.argsort(ids)
    known = among[order]
    if len(np.unique(known)) < len(known) or not np.array_equal(known, ids[other]):
        return None
    places = np.empty(len(ids), dtype=np.int64)
    places[other] = order
    return places
