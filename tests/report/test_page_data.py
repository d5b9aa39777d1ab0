"""What the page shows equals what the results say."""

from typing import Any

import example
import pytest

from vestry.report.contents import page_data, wanted_images
from vestry.report.page import PageData


@pytest.fixture
def page(results: dict[str, Any]) -> PageData:
    return page_data(example.typed(results))


def test_ranking_rows_equal_the_results(results: dict[str, Any], page: PageData) -> None:
    assert [row.model.name for row in page.answer.rows] == [r["name"] for r in results["ranking"]]
    assert [row.model.rank for row in page.answer.rows] == list(range(1, 7))
    for row in page.answer.rows:
        entry = (results["members"] | results["committees"])[row.model.name]
        low, high = entry["intervals"]["test"]["accuracy"]
        assert (row.whisker.low, row.whisker.high) == (low, high)
        assert row.whisker.accuracy == entry["scores"]["test"]["accuracy"]
        assert row.drawn.left <= row.drawn.dot <= row.drawn.right
        assert row.reported is None and row.difference is None


def test_difference_is_ours_less_reported() -> None:
    results, _ = example.build(example.Plan(reported={"Linear": {"accuracy": 0.5}}))
    rows = {row.model.name: row for row in page_data(example.typed(results)).answer.rows}
    ours = results["members"]["Linear"]["scores"]["test"]["accuracy"]
    assert rows["Linear"].difference == pytest.approx(ours - 0.5)
    assert not rows["Linear"].compared_with_mean


def test_a_reported_mean_is_compared_with_our_mean() -> None:
    results, _ = example.build(example.Plan(reported=example.study_b().reported))
    answer = page_data(example.typed(results)).answer
    row = next(row for row in answer.rows if row.model.is_committee)
    ours = results["committees"]["Committee"]["mean_of_members"]["test"]["accuracy"]
    assert row.compared_with_mean
    assert row.difference == pytest.approx(ours - 0.8409)
    against = {(c.model, c.against) for c in answer.comparisons}
    assert ("Committee", "mean of its members") in against
    assert ("Model-1", "its own") in against
    assert "of the 3 reported" in str(answer.reported_remark) or "of 3" in str(
        answer.reported_remark
    )


def test_committee_check_holds_own_best_and_mean(results: dict[str, Any], page: PageData) -> None:
    (check,) = page.answer.checks
    entry = results["committees"]["Committee"]
    members = {name: results["members"][name] for name in entry["members"]}
    best = max(members, key=lambda name: members[name]["scores"]["validation"]["accuracy"])
    assert (check.of, check.own) == ("accuracy", f"{entry['scores']['test']['accuracy']:.1%}")
    assert check.mean_of_members == entry["mean_of_members"]["test"]["accuracy"]
    assert check.best.name == best


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
    assert len(page.votes.ballots) == len(results["votes"]["images"])
    for ballot, image in zip(page.votes.ballots, results["votes"]["images"], strict=True):
        assert ballot.image == image["id"]
        for vote in ballot.votes:
            cast = image["votes"][vote.model.name]
            assert (vote.label, vote.confidence) == (classes[cast["label"]], cast["confidence"])
            assert list(vote.top) == [(classes[number], p) for number, p in cast["top"]]
            assert vote.right == (cast["label"] == image["truth"])
    for model, vectors in page.votes.first_rows:
        rows = results["first_rows"]["probabilities"][model.name]
        assert [[p for _, p in v.probabilities] for v in vectors] == rows


def test_members_vote_before_committees(page: PageData) -> None:
    kinds = [vote.model.is_committee for vote in page.votes.ballots[0].votes]
    assert kinds == sorted(kinds)


def test_every_split_has_its_own_bars(results: dict[str, Any]) -> None:
    for number, split in enumerate(results["data"]["splits"].values()):
        split["class_counts"][number] += 7
    shown = page_data(example.typed(results)).dataset.splits
    assert [split.name for split in shown] == ["training", "validation", "test"]
    for split in shown:
        facts = results["data"]["splits"][split.name]
        assert [bar.count for bar in split.bars] == facts["class_counts"]
        assert max(bar.length for bar in split.bars) == 1


def test_history_table_holds_every_epoch(results: dict[str, Any], page: PageData) -> None:
    for trained in page.learning.networks:
        history = results["members"][trained.model.name]["history"]
        table = trained.history
        assert [row[0] for row in table.rows] == [str(epoch) for epoch in history["epoch"]]
        column = table.heads.index("validation accuracy")
        shown = [float(row[column].rstrip("%")) for row in table.rows]
        expected = [100 * value for value in history["validation_accuracy"]]
        assert shown == pytest.approx(expected, abs=0.051)


def test_every_picture_that_the_page_names_is_wanted_once(page: PageData) -> None:
    wanted = wanted_images(page)
    assert len(wanted) == len(set(wanted))
    cells = {image.id for of in page.gallery.models for image, _, _ in of.first()}
    ballots = {ballot.image for ballot in page.votes.ballots}
    assert cells | ballots | {image for image, _ in page.dataset.samples} <= set(wanted)


def test_seeds_versions_and_times_are_shown(page: PageData) -> None:
    assert ("every member", "0") in page.provenance.seeds
    assert ("torch", "2.13.0") in page.provenance.environment
    assert ("total", "2 min 41 s") in page.provenance.stages
    assert {bar.name for bar in page.provenance.times} >= {"Linear", "Committee"}


def test_a_narrow_scale_names_no_tick_twice(results):
    for rank, entry in enumerate([*results["members"].values(), *results["committees"].values()]):
        entry["intervals"]["test"]["accuracy"] = [0.924 + rank / 1000, 0.936]
        entry["scores"]["test"]["accuracy"] = 0.93
        entry["reported"] = {}
        if "over_seeds" in entry:
            entry["over_seeds"] = None
    texts = [text for _, text in page_data(example.typed(results)).answer.ticks]
    assert len(set(texts)) == len(texts) and "92.5%" in texts
