from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import makers_of, small_run

from vestry.evaluation.agreement import ALL_WRONG_SHOWN, ONE_RIGHT_SHOWN, agreement, patterns
from vestry.evaluation.shown_images import agreement_ids

SKILLS = {"A": 0.9, "B": 0.7, "C": 0.5}


@pytest.fixture(scope="module")
def run():
    return small_run(SKILLS, rows=900, committee=("A", "B"))


@pytest.fixture(scope="module")
def makers(run):
    return makers_of(run)


@pytest.fixture(scope="module")
def found(run, makers):
    return agreement([makers[name] for name in SKILLS], run[1].tested)


def wrong_sets(makers):
    wrong = [~makers[name].right for name in SKILLS]
    return [tuple(np.flatnonzero(row).tolist()) for row in zip(*wrong, strict=True)]


def test_patterns_count_who_is_wrong_together(makers, found):
    counted = Counter(wrong_sets(makers))
    assert found.all_right == counted.pop(())
    assert {tuple(row.wrong): row.count for row in found.patterns} == dict(counted)
    counts = [row.count for row in found.patterns]
    assert counts == sorted(counts, reverse=True)
    assert found.wrong == [int((~makers[name].right).sum()) for name in SKILLS]
    assert found.all_right + sum(counts) == found.rows
    assert found.patterns_left_out.as_json() == {"patterns": 0, "images": 0}


@settings(max_examples=30)
@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=50))
def test_patterns_add_up_whatever_is_wrong(rows):
    wrong = np.array(rows, dtype=bool)
    grouped = patterns(wrong)
    assert sum(row.count for row in grouped) == int(wrong.any(axis=1).sum())
    for place in range(4):
        count = sum(row.count for row in grouped if place in row.wrong)
        assert count == int(wrong[:, place].sum())


def test_images_that_all_miss_come_the_surest_first(run, makers, found):
    tables = run[1].tested
    missed = found.all_wrong
    rows = [row for row, who in enumerate(wrong_sets(makers)) if who == (0, 1, 2)]
    assert missed.count == len(rows) > ALL_WRONG_SHOWN == len(missed.images)
    said = [[makers[name].labels[row] for name in SKILLS] for row in rows]
    assert missed.alike == sum(len(set(labels)) == 1 for labels in said)
    by_sureness = sorted(
        rows, key=lambda row: -np.mean([tables[n].probabilities[row].max() for n in SKILLS])
    )
    assert [image.id for image in missed.images] == [
        f"test/{row}" for row in by_sureness[:ALL_WRONG_SHOWN]
    ]
    image, row = missed.images[0], by_sureness[0]
    assert image.truth == makers["A"].truth[row] and set(image.said) == {*SKILLS, "Committee"}
    for name, (label, confidence) in image.said.items():
        assert label == makers[name].labels[row]
        assert confidence == pytest.approx(float(tables[name].probabilities[row].max()))


def test_images_that_one_alone_gets_right(makers, found):
    sets = wrong_sets(makers)
    for place, shown in enumerate(found.one_right.members):
        others = tuple(sorted({0, 1, 2} - {place}))
        rows = [row for row, who in enumerate(sets) if who == others]
        assert shown.name == "ABC"[place] and shown.count == len(rows)
        assert {image.id for image in shown.images} <= {f"test/{row}" for row in rows}
        assert len(shown.images) == min(ONE_RIGHT_SHOWN, len(rows))
    assert found.one_right.count == sum(m.count for m in found.one_right.members)


def test_shown_images_are_kept_with_the_run(found):
    ids = set(agreement_ids(found))
    assert {image.id for image in found.all_wrong.images} <= ids
    assert list(agreement_ids(None)) == []


def test_one_member_agrees_with_nobody(run, makers):
    assert agreement([makers["A"]], run[1].tested) is None


def test_many_patterns_are_cut_and_the_rest_is_counted():
    skills = {f"M{number}": 0.3 for number in range(8)}
    run = small_run(skills, rows=600)
    makers = makers_of(run)
    found = agreement(list(makers.values()), run[1].tested)
    left = found.patterns_left_out
    assert left.patterns > 0
    counts = sum(row.count for row in found.patterns)
    assert found.all_right + counts + left.images == found.rows
