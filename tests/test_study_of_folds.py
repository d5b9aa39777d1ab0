"""Studies of few images, chosen and tested by folds, as a user runs them."""

import html
import json
import re
from itertools import pairwise
from statistics import median

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from vestry.data.dataset import load_dataset
from vestry.data.folds import Folds, StudyFolds
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.data.sources.digits import load
from vestry.export.bundle import read_bundle
from vestry.predictions.table import load_table

ROWS, TESTED = 120, 60
HEAD = """
title = "Folds"
[data]
source = "npz:few.npz"
{data}
[exploration]
tsne = false
[explanation]
skip = true
[robustness]
skip = true
[[model]]
name = "LR"
estimator = "sklearn.linear_model.LogisticRegression"
params = {{ max_iter = 500 }}
"""
MORE = """
[[model]]
name = "SVM"
estimator = "sklearn.svm.LinearSVC"
seeds = [0, 1]
refit = true
[[model]]
name = "Net"
layers = [{ flatten = true }, { dense = 16 }]
epochs = 12
early_stopping = { patience = 2, restore_best = true }
[[model]]
name = "Tree"
estimator = "sklearn.tree.DecisionTreeClassifier"
params = { max_depth = { choose = [2, 8] } }
search = { trials = 2 }
[[model]]
name = "Crossed"
estimator = "sklearn.naive_bayes.BernoulliNB"
cross_validation = { folds = 3 }
[[committee]]
name = "Stack"
rule = "stacking"
members = ["LR", "SVM"]
fit_on = "out_of_fold"
"""


def store(folder, test=True):
    rows = load().train
    arrays = {"images": rows.images[:ROWS], "labels": rows.labels[:ROWS]}
    if test:
        arrays |= {"test_images": rows.images[ROWS : ROWS + TESTED]}
        arrays |= {"test_labels": rows.labels[ROWS : ROWS + TESTED]}
    np.savez(folder / "few.npz", **arrays)


def run(vestry, folder, text):
    (folder / "s.toml").write_text(text)
    done = vestry("run", "s.toml", cwd=folder)
    assert done.returncode == 0, done.stderr + done.stdout
    home = folder / "runs" / "s"
    return home, json.loads((home / "results.json").read_text()), done.stderr + done.stdout


@pytest.fixture(scope="module")
def study(vestry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    store(folder)
    return run(vestry, folder, HEAD.format(data="validation = { folds = 3 }") + MORE)


def cards(home, name):
    """Of every task of a model, what it was to do and what came of it."""
    found = [json.loads(path.read_text()) for path in home.glob("**/card.json")]
    tasks = {json.dumps(card["task"], sort_keys=True): card for card in found if "task" in card}
    return [
        card
        for card in tasks.values()
        if name in json.dumps(card["task"].get("member", {})) and "search" not in card["task"]
    ]


def test_validation_tables_are_out_of_fold_of_all_training_rows(study):
    home, results, _ = study
    dataset = load_dataset(
        DataSettings(source="npz:few.npz", validation={"folds": 3}),
        DataPaths.of(base=home.parents[1]),
    )
    rows = dataset.training
    pixels = rows.images.reshape(ROWS, -1) / 255
    expected = np.zeros((ROWS, 10))
    for part in dataset.folds.parts():
        learnt, held = part.rows(rows.labels)
        model = LogisticRegression(max_iter=500).fit(pixels[learnt], rows.labels[learnt])
        expected[held] = model.predict_proba(pixels[held])
    table = load_table(home / "members" / "LR" / "validation.npz")
    assert table.ids.tolist() == rows.ids.tolist() and table.split == "validation"
    assert np.abs(table.probabilities - expected).max() < 0.01
    whole = LogisticRegression(max_iter=500).fit(pixels, rows.labels)
    tested = dataset.test.images.reshape(TESTED, -1) / 255
    test = load_table(home / "members" / "LR" / "test.npz")
    assert np.abs(test.probabilities - whole.predict_proba(tested)).max() < 0.01
    accuracy = (expected.argmax(axis=1) == rows.labels).mean()
    row = next(row for row in results["ranking"] if row["name"] == "LR")
    assert row["validation_accuracy"] == pytest.approx(accuracy, abs=0.01)


def test_every_seed_has_its_folds(study):
    home, results, _ = study
    assert [found["seed"] for found in results["members"]["SVM"]["seeds"]] == [0, 1]
    for place in ("", "seed-1"):
        table = load_table(home / "members" / "SVM" / place / "validation.npz")
        assert len(table) == ROWS


def test_a_network_that_stops_early_stays_for_the_epochs_that_its_folds_kept(study):
    home, results, _ = study
    fits = [card for card in cards(home, "flatten") if card["kind"] == "layers"]
    folds = [card["training"] for card in fits if "part" in card["task"]]
    assert len(folds) == 3
    kept = [own["best_epoch"] for own in folds]
    training = results["members"]["Net"]["training"]
    assert training["epochs_run"] == training["epochs"] == int(median(kept) + 0.5)
    assert training["patience"] is None
    assert f"for {training['epochs']} epochs" in results["members"]["Net"]["fitted_on"]


def test_a_search_in_a_fold_sees_the_rows_of_that_fold_alone(study):
    home, results, _ = study
    found = [json.loads(path.read_text()) for path in home.glob("**/card.json")]
    searches = {json.dumps(c["task"]): c for c in found if "search" in c.get("task", {})}
    parts = [card["task"].get("part", {}).get("number") for card in searches.values()]
    assert sorted(parts, key=str) == [1, 2, 3, None]
    assert results["members"]["Tree"]["search"]["set_aside"] == 0.2


def test_the_same_folds_are_fitted_once(study):
    home, results, _ = study
    assert len(cards(home, "BernoulliNB")) == 4
    assert results["members"]["Crossed"]["cross_validation"]["validation_rows"] == 0


def test_a_committee_is_fitted_on_what_no_member_had_seen(study):
    home, results, _ = study
    committee = results["committees"]["Stack"]
    assert committee["fitted_on"] == "validation"
    assert len(load_table(home / "committees" / "Stack" / "validation.npz")) == ROWS


def test_page_console_and_results_say_it(study):
    home, results, console = study
    said = f"3 folds of all {ROWS} training images"
    assert results["data"]["chosen_by"] == said and "Models are chosen by " + said in console
    assert results["data"]["splits"]["validation"]["rows"] == ROWS
    assert "3 folds" in results["data"]["splits"]["validation"]["rule"]
    assert f"Fitted on all {ROWS} training rows" in results["members"]["LR"]["fitted_on"]
    text = re.sub(r"<[^>]+>", "", html.unescape((home / "report.html").read_text()))
    assert f"Models are chosen by {said}" in text and "had 67% of the images to learn from" in text
    assert f"{ROWS} training and {TESTED} test images" in text
    assert not results["failures"] and results["nested"] is None
    noted = [n["text"] for n in results["notices"]]
    assert any(t.startswith("Net: stopping early") and "from 53% of the images" in t for t in noted)
    assert any(t.startswith("Tree: searched for") and "were found by models" in t for t in noted)


def test_the_fits_that_are_announced_are_those_that_there_are(study):
    home, _, console = study
    done = {path.parent for path in home.glob("tasks/*/card.json")}
    tasks = [json.loads((folder / "card.json").read_text()).get("task", {}) for folder in done]
    fits = sum("member" in task and "search" not in task for task in tasks)
    searches = sum("search" in task for task in tasks)
    assert f"4 fits a model and seed, {fits + 2 * searches} in all, of which" in console
    assert f"of which {2 * searches} are trials of searches" in console


def test_done_again_nothing_is_fitted_again_and_all_is_exported(study, vestry):
    home, _, _ = study
    again = vestry("run", "s.toml", cwd=home.parents[1])
    assert again.returncode == 0 and ": done" not in again.stderr
    for name in ("LR", "Net", "Stack"):
        done = vestry("export", home, "--model", name, "-o", home.parent / f"{name}.onnx")
        assert done.returncode == 0, done.stderr


def test_thresholds_of_an_exported_file_say_that_folds_chose_them(study, vestry, tmp_path):
    home, _, _ = study
    done = vestry("export", home, "--model", "LR", "-o", tmp_path / "lr.onnx")
    assert done.returncode == 0, done.stderr
    _, bundle = read_bundle(tmp_path / "lr.onnx")
    assert bundle.sets["out_of_fold"] and bundle.sets["validation_rows"] == ROWS
    assert "answered by models that had not seen it" in (tmp_path / "lr.md").read_text()
    assert bundle.threshold is None and bundle.abstention["reason"], "120 rows prove no 98%"
    # Every training image is one of those that travel along: it is set beside the others.
    assert bundle.novelty["known"] == ROWS == bundle.novelty["validation_rows"]
    assert bundle.novelty["threshold"] < 0.99


def test_few_images_without_validation_are_folded_by_five(vestry, tmp_path):
    store(tmp_path)
    _, results, console = run(vestry, tmp_path, HEAD.format(data=""))
    assert results["data"]["chosen_by"] == f"5 folds of all {ROWS} training images"
    assert "[data] says no `validation`, and there are fewer than 2,000" in console


NESTED = "test = { folds = 4 }\nvalidation = { folds = 3 }"


@pytest.fixture(scope="module")
def noise(vestry, tmp_path_factory):
    """Labels that nothing can be learnt of: what is right beyond chance was seen before."""
    folder = tmp_path_factory.mktemp("noise")
    random = np.random.default_rng(5)
    images = random.integers(0, 256, (ROWS, 6, 6), dtype=np.uint8)
    np.savez(folder / "few.npz", images=images, labels=np.arange(ROWS) % 4)
    more = "".join(
        f'\n[[model]]\nname = "Nearest {seed}"\nestimator = "sklearn.tree.ExtraTreeClassifier"\n'
        f"params = {{ random_state = {seed} }}\n"
        for seed in range(4)
    )
    more += '[[committee]]\nname = "Stack"\nrule = "stacking"\nmembers = ["LR", "Nearest 1"]\n'
    more += '[[claim]]\nsays = "Apart"\nremark = "As it should be."\nhere = "splits"\n'
    return run(vestry, folder, HEAD.format(data=NESTED) + more)


def test_nested_folds_test_each_image_by_models_that_had_not_seen_it(noise):
    home, results, _ = noise
    chance = 0.25 + 4 * np.sqrt(0.25 * 0.75 / ROWS)
    for name, entry in (results["members"] | results["committees"]).items():
        kind = "members" if name in results["members"] else "committees"
        table = load_table(home / kind / name / "test.npz")
        assert len(table) == ROWS and table.split == "test"
        assert entry["scores"]["test"]["accuracy"] < chance
        assert entry["scores"]["validation"]["accuracy"] < chance


def test_what_choosing_gives_is_the_chosen_models_on_the_folds_that_had_no_say(noise):
    home, results, console = noise
    labels = np.arange(ROWS) % 4
    right = 0
    for number, fold in enumerate(results["nested"]["folds"]):
        outer = StudyFolds(Folds(folds=3), 0, 4).outer()[number]
        _, held = outer.rows(labels)
        kind = "members" if fold["model"] in results["members"] else "committees"
        table = load_table(home / kind / fold["model"] / "test.npz")
        assert fold["right"] == int((table.labels[held] == labels[held]).sum())
        right += fold["right"]
    nested = results["nested"]
    assert nested["accuracy"] == pytest.approx(right / ROWS)
    assert nested["interval"][0] < nested["accuracy"] < nested["interval"][1]
    answer = console[console.index("\nFolds\n") :]
    assert (
        f"gives one that is right on {nested['accuracy']:.1%} (" in answer.split("by validation")[0]
    )


def test_page_and_card_open_with_what_choosing_gives_and_let_the_same_images_confirm_nothing(
    noise, vestry, tmp_path
):
    home, results, console = noise
    low, high = results["nested"]["interval"]
    figure = f"{results['nested']['accuracy']:.1%} ({100 * low:.1f} to {100 * high:.1f})"
    text = re.sub(r"<[^>]+>", "", html.unescape((home / "report.html").read_text()))
    said = f"Choosing a model by these {ROWS} images gives one that is right on {figure}"
    headline = "No model is shown to be better than always answering"
    answer = text[text.index(headline) :].partition("How it was made")[0]
    assert said in answer[:3000], "on the first screen, before any chapter"
    done = vestry("export", home, "--model", "LR", "-o", tmp_path / "lr.onnx")
    assert done.returncode == 0, done.stderr
    card = (tmp_path / "lr.md").read_text()
    good = card[card.index("## How good it is") :]
    assert good.index(said) < good.index("| accuracy |")
    assert f"| data | npz:few.npz, {ROWS} images, in turns" in card
    assert f"on {ROWS} real images ({ROWS} test rows)" in card
    first = card[card.index("metrics:\n    -") :].split("value:")[1].split()[0]
    assert float(first) == pytest.approx(results["nested"]["accuracy"], abs=1e-6)
    for told in (text, card, console):
        for phrase in ("had no say in", "meets the limits", "on test:", "was chosen by them"):
            assert phrase not in told, phrase
    assert "significantly behind" not in console and "validation  test" not in console
    assert f"{ROWS} training and {ROWS} test images" not in text
    assert f"Here {ROWS} training images are learnt from, chosen by and tested on in turns" in text


def test_labels_of_images_that_folds_test_are_doubted_once(noise):
    _, results, _ = noise
    found = results["doubts"]
    assert found["training"]["rows"] == ROWS and found["test"] is None
    left = results["leaks"]["without"]["doubted"]["left_out"]
    assert left == found["training"]["count"] > 0


def test_nested_folds_are_said_with_what_they_cost(noise):
    home, results, console = noise
    assert "4 nested folds" in results["data"]["splits"]["test"]["rule"]
    assert (
        "20 fits a model and seed, 100 in all" in console
    )  # 3 that choose, 4 that test, 4 x 3 within, 1 that stays
    text = re.sub(r"<[^>]+>", "", html.unescape((home / "report.html").read_text()))
    assert "That is the figure to quote" in text and f"{ROWS} training images" in text
    done = {path.parent.name for path in home.glob("tasks/*/card.json")}
    assert len(done) >= 5 * 20


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("test = { folds = 4 }\nvalidation = { fraction = 0.2 }", "sets no rows aside"),
        ("test = { folds = 4 }\ntest_rows = { count = 5 }", "test_rows cannot be given"),
        ("test = { folds = 1 }", "greater than or equal to 2"),
        ('groups = { pattern = "(" }', "is no regular expression"),
        ("validation = { folds = 3, fraction = 0.2 }", "`data.validation.fraction` is unknown"),
    ],
)
def test_what_does_not_go_together_is_refused_in_a_line(vestry, tmp_path, data, problem):
    (tmp_path / "s.toml").write_text(HEAD.format(data=data))
    done = vestry("run", "s.toml", cwd=tmp_path)
    assert done.returncode != 0 and problem in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_of_several_sizes_keeps_validation_rows(vestry, tmp_path):
    store(tmp_path)
    sized = HEAD.format(data="") + "images_per_class = [2, 4]\n"
    _, results, _ = run(vestry, tmp_path, sized)
    splits = results["data"]["splits"]
    assert (splits["training"]["rows"], splits["validation"]["rows"]) == (96, 24)
    (tmp_path / "t.toml").write_text(sized.replace("[data]", "[data]\nvalidation = { folds = 3 }"))
    refused = vestry("run", "t.toml", cwd=tmp_path)
    assert "study: model LR: images_per_class needs validation rows that are" in refused.stderr
    assert refused.returncode == 2 and "Traceback" not in refused.stderr


def test_a_finished_model_is_scored_as_it_is_on_the_same_rows(study, vestry, tmp_path):
    home, first, _ = study
    store(tmp_path)
    onnx = (home / "members" / "LR" / "model.onnx").resolve()
    text = HEAD.format(data="validation = { folds = 3 }")
    text += f'[[model]]\nname = "Elsewhere"\nonnx = {json.dumps(str(onnx))}\n'
    out, results, _ = run(vestry, tmp_path, text)
    table = load_table(out / "members" / "Elsewhere" / "validation.npz")
    assert len(table) == ROWS
    accuracies = [results["members"][name]["scores"] for name in ("LR", "Elsewhere")]
    assert accuracies[1]["validation"]["accuracy"] > 0.98  # it has learnt from these rows
    assert accuracies[0]["validation"]["accuracy"] < 0.98
    said = [notice["text"] for notice in results["notices"]]
    assert any("Elsewhere" in text and "as it is" in text for text in said)
    assert all(a != b for a, b in pairwise(accuracies))
    assert first["members"]["LR"]["scores"]["validation"] == accuracies[0]["validation"]


def test_a_file_that_says_when_it_is_not_sure_is_exported_with_its_card(vestry, tmp_path):
    store(tmp_path)
    data = "validation = { folds = 3 }\n[abstention]\naccuracy = 0.93"
    _, results, _ = run(vestry, tmp_path, HEAD.format(data=data))
    assert results["members"]["LR"]["abstention"]["threshold"]["threshold"] > 0
    done = vestry("export", "runs/s", "-o", "lr.onnx", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'it says "not sure"' in (tmp_path / "lr.md").read_text()
