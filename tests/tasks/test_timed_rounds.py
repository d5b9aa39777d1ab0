"""Works that take turns, without a clock: who is called when."""

from vestry.pipeline.tasks.timing import FEWEST_ROUNDS, strides, summed, timed


def test_all_works_take_turns_and_each_timed_call_follows_one_of_the_same_work():
    calls = []
    works = {name: lambda number, name=name: calls.append((number, name)) for name in "abc"}
    times = timed(works, 4, {"b": 2})
    assert [number for number, _ in calls] == sorted(number for number, _ in calls)
    assert calls[::2] == calls[1::2], "each is called twice running"
    assert [name for number, name in calls[::2] if number == 0] == ["a", "b", "c"]
    assert [name for number, name in calls[::2] if number == 2] == ["c", "a", "b"]
    assert {name: list(each) for name, each in times.items()} == {
        "a": [0, 1, 2, 3], "b": [0, 2], "c": [0, 1, 2, 3],
    }  # fmt: skip
    assert all(seconds >= 0 for each in times.values() for seconds in each.values())


def test_slow_works_take_part_less_often_but_often_enough():
    found = strides({"fast": 1e-4, "slow": 0.05, "slowest": 60.0}, 200, 6.0)
    assert found["fast"] == 1
    assert found["slow"] == 16  # 2 s are its share; 200 calls of twice 0.05 s would take 20
    assert found["slowest"] == 16 and FEWEST_ROUNDS <= 200 // 16
    assert strides({"slow": 0.05}, 200, 11.0) == {"slow": 2}
    assert strides({}, 200, 1.0) == {}


def test_what_several_do_together_is_summed_in_the_rounds_that_they_share():
    every, second = dict.fromkeys(range(6), 1.0), dict.fromkeys(range(0, 6, 2), 10.0)
    assert summed([every, second]) == {0: 11.0, 2: 11.0, 4: 11.0}
    assert summed([every]) == every
