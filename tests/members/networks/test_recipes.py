"""Recipes: networks and trainings by name, which a study shows as ordinary settings."""

import tomllib

import pytest
from fits import killed_after, same, weights

from narrow_networks import PUBLISHED
from vestry.errors import StudyError
from vestry.members.networks import trainer
from vestry.members.networks.network import Network
from vestry.members.networks.network_member import fit
from vestry.members.networks.recipes import written_out
from vestry.members.networks.settings import NetworkSettings
from vestry.study.file import tables_of
from vestry.study.reader import model_of, study_of

_STUDY = """
title = "By name"
[data]
source = "digits"
[training]
epochs = 7
batch_size = 16
[[model]]
name = "Net"
recipe = "balanced"
"""


@pytest.mark.parametrize("recipe", ["fast", "balanced", "best"])
@pytest.mark.parametrize(
    ("size", "network"), [("xs", "r9-8"), ("s", "r9-12"), ("m", "r9-16"), ("l", "r9-24")]
)
def test_sizes_have_the_published_numbers_of_parameters(recipe, size, network):
    made = written_out({"recipe": recipe, "size": size})
    settings = NetworkSettings(**made)
    traced = Network(settings.layers, (28, 28), 10, 0).traced
    assert sum(layer.trainable for layer in traced) == PUBLISHED[network][1]
    assert settings.optimizer == "muon" and settings.augmentation.horizontal_flip == "auto"


def test_a_recipe_goes_before_the_defaults_of_a_study_and_behind_what_the_model_says():
    study = study_of(tables_of(_STUDY), "here")
    assert (study.models[0].epochs, study.models[0].batch_size) == (12, 128)
    study = study_of(tables_of(_STUDY + 'epochs = 2\nsize = "xs"\n'), "here")
    assert (study.models[0].epochs, study.models[0].layers[0].conv) == (2, 8)


def test_a_study_with_a_recipe_is_the_one_that_has_it_written_out():
    study = study_of(tables_of(_STUDY), "here")
    text = study.to_toml()
    assert "recipe" not in text
    assert study_of(tables_of(text), "here") == study
    assert tomllib.loads(text)["model"][0]["least_steps"] == 1_000


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"recipe": "fats"}, "did you mean `fast`"),
        ({"recipe": "fast", "size": "xl"}, "`size`: 'xl' is none"),
        ({"recipe": ["fast"]}, "`recipe`"),
        ({"layers": [{"flatten": True}], "size": "xs"}, "`size` is of a recipe"),
    ],
)
def test_what_is_no_recipe_is_refused(entry, said):
    with pytest.raises(StudyError, match=said):
        model_of({"name": "x"} | entry)


def test_it_can_be_set_from_the_command_line(tmp_path, vestry):
    (tmp_path / "x.toml").write_text(_STUDY.replace("balanced", "fast") + "least_steps = 20\n")
    sets = ("--set", "model.Net.size=xs", "--set", "model.Net.epochs=1")
    sets += ("--set", "data.validation.fraction=0.2", "--set", "data.training_rows.count=200")
    sets += ("--set", "robustness.skip=true", "--set", "explanation.skip=true")
    sets += ("--set", "exploration.skip=true")
    done = vestry("run", "x.toml", "--quiet", *sets, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    bad = vestry("run", "x.toml", "--set", "model.Net.recipe=slow", cwd=tmp_path)
    assert bad.returncode == 2 and "x.toml: model 1 (Net): `recipe`: 'slow' is none" in bad.stderr


def test_an_epoch_goes_through_few_rows_several_times():
    settings = NetworkSettings(**written_out({"recipe": "fast"}))
    assert settings.passes(54_000) == 1 and settings.steps(54_000) == 422  # three times: 1,266
    assert settings.passes(500) == 35 and settings.steps(500) == 137  # 411
    assert len(settings.rates(2, 500)) == 137 and settings.steps(1) == 134
    plain = NetworkSettings(layers=[{"flatten": True}])
    assert plain.passes(5) == 1 and "least_steps" not in plain.model_dump()


def test_training_has_the_steps_and_says_so(job, monkeypatch):
    """In as many epochs as were asked for, and with the same bits where it was broken off."""
    layers = [{"conv": 4, "kernel": 3}, {"pool": 4}, {"flatten": True}]
    settings = NetworkSettings(
        layers=layers, epochs=3, least_steps=60, augmentation={"erasing": 0.5}
    )
    rows = 100
    steps = []
    monkeypatch.setattr(trainer.Trainer, "step", _counted(trainer.Trainer.step, steps))
    undisturbed = fit(settings, job(rows=rows))
    taken = steps.count(True)
    assert taken == 3 * settings.steps(rows) >= 60 and len(undisturbed.history) == 3
    passes = settings.passes(rows)
    assert (
        f"Each epoch goes {passes} times through the training images, for at least 60 steps "
        in (" ".join(undisturbed.card()["notes"]))
    )
    killed_after(2, settings, job, monkeypatch, rows=rows)
    assert same(weights(fit(settings, job(rows=rows))), weights(undisturbed))


def _counted(step, steps):
    def counted(self, images, truth, seen, rate):
        steps.append(rate > 0)  # a trial of threads steps at a rate of zero
        return step(self, images, truth, seen, rate)

    return counted
