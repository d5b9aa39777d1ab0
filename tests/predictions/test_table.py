import numpy as np
import pytest

from vestry.errors import TableError
from vestry.predictions.table import (
    ProbabilityTable,
    check_same_rows,
    load_table,
    refuse_test_rows,
)


def table(split="validation", maker="m", rows=5, classes=("a", "b", "c"), seed=0):
    rng = np.random.default_rng(seed)
    values = rng.dirichlet(np.ones(len(classes)), rows).astype(np.float32)
    return ProbabilityTable(
        np.array([f"{split}/{i}" for i in range(rows)]), classes, values, maker, split
    )


def test_a_saved_table_comes_back_bit_for_bit_and_numpy_alone_can_read_it(tmp_path):
    original = table()
    original.save(tmp_path / "t.npz")
    again = load_table(tmp_path / "t.npz")
    assert np.array_equal(again.probabilities, original.probabilities)
    assert again.ids.tolist() == original.ids.tolist()
    assert (again.classes, again.maker, again.split) == (("a", "b", "c"), "m", "validation")
    with np.load(tmp_path / "t.npz", allow_pickle=False) as plain:
        assert {"ids", "classes", "probabilities"} <= set(plain)
        assert plain["probabilities"].dtype == np.float32
    assert [p.name for p in tmp_path.iterdir()] == ["t.npz"]


@pytest.mark.parametrize(
    "values",
    [
        [[0.5, 0.6]],
        [[np.nan, 1.0]],
        [[-0.1, 1.1]],
        [[np.inf, 0.0]],
    ],
)
def test_rows_that_are_no_probabilities_are_refused(values):
    with pytest.raises(TableError, match="sum to 1"):
        ProbabilityTable(np.array(["x"]), ("a", "b"), np.array(values, np.float32), "m", "test")


def test_a_wrong_shape_or_type_is_refused():
    ids = np.array(["x"])
    with pytest.raises(TableError, match="shape"):
        ProbabilityTable(ids, ("a", "b"), np.full((2, 2), 0.5, np.float32), "m", "test")
    with pytest.raises(TableError, match="float64"):
        ProbabilityTable(ids, ("a", "b"), np.full((1, 2), 0.5), "m", "test")


@pytest.mark.parametrize("damage", ["truncated", "text", "missing", "pickle"])
def test_a_damaged_file_is_one_clear_error(tmp_path, damage):
    path = tmp_path / "t.npz"
    table().save(path)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-30])
    elif damage == "text":
        path.write_text("not a table")
    elif damage == "missing":
        path.unlink()
    else:
        np.savez(path, ids=np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(TableError, match="not a whole probability table"):
        load_table(path)


def test_tables_of_other_rows_do_not_mix():
    check_same_rows([table(maker="a"), table(maker="b", seed=1)])
    with pytest.raises(TableError, match="different rows"):
        check_same_rows([table(), table(rows=4)])
    with pytest.raises(TableError, match="different rows"):
        check_same_rows([table("validation"), table("test")])
    with pytest.raises(TableError, match="different classes"):
        check_same_rows([table(), table(classes=("a", "b", "d"))])


def test_test_rows_are_refused_for_fitting_with_the_way_out():
    with pytest.raises(TableError, match="fit on its validation table"):
        refuse_test_rows(table("test"), "stacking")
