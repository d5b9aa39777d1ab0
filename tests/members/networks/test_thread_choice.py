"""How many threads a network is trained on, by a trial whose clock is ours."""

import pytest
from fits import KilledError, same, weights

from vestry.members.networks import thread_choice, trainer
from vestry.members.networks.network import Network
from vestry.members.networks.network_member import fit
from vestry.members.networks.settings import NetworkSettings
from vestry.members.networks.thread_choice import counts, fastest

SETTINGS = NetworkSettings(layers=[{"flatten": True}, {"dense": 16}], epochs=3, batch_size=50)


class Clocked:
    """A trial whose turns take what `seconds` says, by number of threads."""

    pays, images = True, 100

    def __init__(self, seconds):
        self.seconds = seconds
        self.turns = []

    def turn(self, threads, limit):
        self.turns.append(threads)
        return min(self.seconds[threads], limit)


@pytest.mark.parametrize(
    ("seconds", "count"),
    [
        ({1: 0.04, 2: 0.02}, 2),  # at rest
        ({1: 0.04, 2: 2.0}, 1),  # two threads that wait for each other on a busy machine
        ({1: 0.04, 2: 0.041}, 1),
        ({1: 0.04, 2: 0.05, 4: 0.03, 8: 0.9}, 4),
    ],
)
def test_the_fastest_now_is_taken(seconds, count):
    trial = Clocked(seconds)
    choice = fastest(trial, list(counts(max(seconds))))
    assert choice.count == count
    assert list(choice.images_per_second) == [str(n) for n in sorted(seconds)]
    assert {trial.turns.count(n) for n in seconds if n > 1} <= set(range(3, 7))  # it ends soon


def test_from_all_down_to_one():
    assert [list(counts(most)) for most in (1, 2, 3, 8)] == [[1], [2, 1], [3, 1], [8, 4, 2, 1]]


@pytest.fixture
def clocked(monkeypatch):
    def set_to(seconds):
        monkeypatch.setattr(thread_choice, "Trial", lambda settings, job, make: Clocked(seconds))

    return set_to


def test_the_card_says_how_many_and_why(job, clocked):
    clocked({1: 0.04, 2: 2.0})
    allowed = fit(SETTINGS, job(threads=2, fewer_threads=True)).card()["threads"]
    assert allowed["count"] == 1 and "under the load" in allowed["reason"]
    assert allowed["images_per_second"]["1"] > allowed["images_per_second"]["2"]
    for given, count in (({"threads": 2}, 2), ({"threads": 1, "fewer_threads": True}, 1)):
        card = fit(SETTINGS, job(**given)).card()["threads"]
        assert card == {"count": count, "reason": thread_choice.GIVEN, "images_per_second": {}}


def test_a_short_training_is_done_on_one_without_a_trial(job):
    card = fit(SETTINGS, job(rows=100, threads=2, fewer_threads=True)).card()["threads"]
    assert card == thread_choice.ALONE.card()


def test_a_trial_changes_nothing_and_a_killed_fit_goes_on_with_its_choice(
    job, clocked, monkeypatch, tmp_path
):
    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", 0.0)

    def kill(event):
        if event["event"] == "epoch" and event["epoch"] == 2:
            raise KilledError

    clocked({1: 0.04, 2: 2.0})
    undisturbed = fit(SETTINGS, job(threads=2, fewer_threads=True))
    assert same(weights(undisturbed), weights(fit(SETTINGS, job())))
    assert not list(tmp_path.glob("*.json"))
    with pytest.raises(KilledError):
        fit(SETTINGS, job(threads=2, fewer_threads=True, on_event=kill))
    clocked({1: 2.0, 2: 0.04})  # the machine has come to rest
    resumed = fit(SETTINGS, job(threads=2, fewer_threads=True))
    assert resumed.card()["threads"]["count"] == 1
    assert same(weights(undisturbed), weights(resumed))


def test_a_real_trial_has_a_speed_for_each(job):
    trial = thread_choice.Trial(SETTINGS, job(), lambda: Network(SETTINGS.layers, (8, 8), 10))
    speeds = fastest(trial, [2, 1]).images_per_second
    assert speeds.keys() == {"1", "2"} and min(speeds.values()) > 0
