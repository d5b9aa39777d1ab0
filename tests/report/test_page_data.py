"""What the page shows equals what the results say."""

from typing import Any

import example
import pytest

from vestry.report.contents import page_data, wanted_images
from vestry.report.page import PageData


@pytest.fixture
def page(results: dict[str, Any]) -> PageData:
    return page_data(example.typed(results))


def test_matrices_and_their_tables_equal_the_results(
    results: dict[str, Any], page: PageData
) -> None:
    classes = results["data"]["classes"]
    for shown in page.mistakes:
        confusion = shown.model.entry.scores.test.confusion
        assert shown.matrix is not None
        assert [[c.count for c in row] for row in shown.matrix] == confusion
        assert [column.key for column in shown.table.columns] == ["true_class", *classes]
        rows = [(name, *row) for name, row in zip(classes, confusion, strict=True)]
        assert list(shown.table.rows) == rows
        for number, row in enumerate(shown.matrix):
            assert [cell.right for cell in row] == [place == number for place in range(10)]


def test_class_reports_equal_the_results(results: dict[str, Any], page: PageData) -> None:
    for report in page.analysis.reports:
        scores = results["members"] | results["committees"]
        per_class = scores[report.model.name]["scores"]["test"]["per_class"]
        keys = [column.key for column in report.table.columns]
        for row in report.table.rows:
            found = dict(zip(keys, row, strict=True))
            own = per_class[str(found["class"])]
            for score in ("support", "precision", "recall", "f1"):
                assert found[score] == own[score]
            low, high = own.get("recall_interval") or (None, None)
            assert (found["recall_low"], found["recall_high"]) == (low, high)


def test_pairs_are_sorted_and_shares_are_of_the_row(page: PageData) -> None:
    for shown in page.mistakes:
        counts = [cell.count for cell in shown.pairs]
        assert counts == sorted(counts, reverse=True)
        assert max(cell.shade for cell in shown.pairs) == 9
        assert shown.matrix is not None
        for row in shown.matrix:
            assert sum(cell.share for cell in row) == pytest.approx(1)


def test_votes_and_vectors_equal_the_results(results: dict[str, Any], page: PageData) -> None:
    classes = results["data"]["classes"]
    told = {(row[0], row[2]): row for row in page.votes.table.rows}
    for image in results["votes"]["images"]:
        for name, cast in image["votes"].items():
            row = told[image["id"], name]
            assert (row[3], row[5]) == (classes[cast["label"]], cast["confidence"])
    for model, vectors in page.votes.first_rows:
        rows = results["first_rows"]["probabilities"][model.name]
        assert [[p for _, p in v.probabilities] for v in vectors] == rows


def test_members_vote_before_committees(page: PageData) -> None:
    for ballot in page.votes.ballots:
        assert all("Committee" not in name for answer in ballot.answers for name in answer.who)
        assert any("Committee" in name for answer in ballot.committees for name in answer.who)


def test_every_split_has_its_own_counts(results: dict[str, Any]) -> None:
    for number, split in enumerate(results["data"]["splits"].values()):
        split["class_counts"][number] += 7
    table = page_data(example.typed(results)).dataset.classes
    columns = list(zip(*table.rows, strict=True))
    for name, split in results["data"]["splits"].items():
        place = [column.key for column in table.columns].index(name)
        assert list(columns[place]) == split["class_counts"]


def test_history_table_holds_every_epoch(results: dict[str, Any], page: PageData) -> None:
    for trained in page.learning.networks:
        history = results["members"][trained.model.name]["history"]
        table = trained.history
        keys = [column.key for column in table.columns]
        columns = dict(zip(keys, zip(*table.rows, strict=True), strict=True))
        assert list(columns["epoch"]) == history["epoch"]
        assert list(columns["validation_accuracy"]) == history["validation_accuracy"]


def test_every_picture_that_the_page_names_is_wanted_once(page: PageData) -> None:
    wanted = wanted_images(page)
    assert len(wanted) == len(set(wanted))
    cells = {image.id for of in page.gallery.models for image, _, _ in of.first()}
    ballots = {ballot.image for ballot in page.votes.ballots}
    assert cells | ballots | {image for image, _ in page.class_images.drawn} <= set(wanted)


def test_seeds_versions_and_times_are_shown(page: PageData) -> None:
    assert ("every member", "0") in page.provenance.seeds
    assert ("torch", "2.13.0") in page.provenance.environment
    assert ("total", "2 min 41 s") in page.provenance.stages
