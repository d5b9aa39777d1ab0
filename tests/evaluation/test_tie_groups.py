from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from vestry.evaluation.tie_groups import tie_groups, with_ranks


def pairs_of(names, apart, differences=None):
    return [
        {
            "one": one,
            "other": other,
            "told_apart": one + other in apart,
            "difference": (differences or {}).get(one + other, 0.01),
        }
        for one, other in combinations(names, 2)
    ]


def groups_of(names, *apart, **differences):
    return tie_groups(names, pairs_of(names, apart, differences))


def test_all_are_tied_or_none():
    (group,) = groups_of("ABC")
    assert (group["rank"], group["leader"], group["makers"]) == (1, "A", ["A", "B", "C"])
    groups = groups_of("ABC", "AB", "AC", "BC")
    assert [(g["rank"], g["makers"]) for g in groups] == [(1, ["A"]), (2, ["B"]), (3, ["C"])]


def test_ranks_skip_as_in_a_competition():
    groups = groups_of("ABCDE", "AD", "AE", "BD")
    assert [(g["rank"], g["makers"]) for g in groups] == [(1, ["A", "B", "C"]), (4, ["D", "E"])]


def test_a_later_one_may_share_the_rank_of_an_earlier_group():
    groups = groups_of("ABC", "AB")
    assert [(g["rank"], g["makers"]) for g in groups] == [(1, ["A", "C"]), (3, ["B"])]
    rows = with_ranks([{"name": name} for name in "ABC"], groups)
    assert [(row["name"], row["rank"]) for row in rows] == [("A", 1), ("B", 3), ("C", 1)]


def test_a_pair_inside_a_group_may_differ_though_not_from_the_leader():
    (group,) = groups_of("ABC", "BC")
    assert group["inside_differs"] == [["B", "C"]]


def test_test_images_that_contradict_validation_are_named():
    groups = groups_of("ABC", "AB", "AC", AB=-0.02, AC=0.02)
    assert groups[0]["better_on_test"] == ["B"]
    assert groups_of("ABC", AB=-0.02)[0]["better_on_test"] == []


def test_one_maker():
    assert tie_groups(["A"], []) == [
        {"rank": 1, "leader": "A", "makers": ["A"], "inside_differs": [], "better_on_test": []}
    ]


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, 35)))))
def test_every_maker_has_one_rank_and_ranks_count_those_before(found):
    count, chosen = found
    names = "ABCDEFGHI"[:count]
    every = ["".join(pair) for pair in combinations("ABCDEFGHI", 2)]
    groups = groups_of(names, *(every[n] for n in chosen))
    assert sorted(name for group in groups for name in group["makers"]) == list(names)
    before = 0
    for group in groups:
        assert group["rank"] == before + 1
        assert all(group["leader"] + n not in {every[i] for i in chosen} for n in group["makers"])
        before += len(group["makers"])
