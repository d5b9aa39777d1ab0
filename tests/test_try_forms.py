"""Images in every form that they come in, each through the whole of `vestry try` to its page.

What the reader makes of each form stands in `tests/data`; here it is that whoever has such images
gets an answer. The budget is less than the command takes, so that networks have a step or two; and
after the first form two models are tried, which is enough to tell whether images came in whole.
"""

import pytest

from made_forms import FORMS, digits
from vestry.data.paths import DataPaths
from vestry.pipeline.tryout import try_source as tryout
from vestry.pipeline.tryout.candidates import candidates
from vestry.pipeline.tryout.try_source import Attempt, try_source
from vestry.storage.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("forked_workers")

SECONDS = 1.0
FEW = ("Linear", "Small CNN")
FIRST = next(iter(FORMS))


@pytest.mark.parametrize("form", FORMS)
def test_images_in_this_form_get_an_answer_and_a_page(tmp_path, monkeypatch, form):
    monkeypatch.setattr(tryout, "_LEAST_FIT", 600.0)  # a busy machine puts no model out
    if form != FIRST:
        monkeypatch.setattr(tryout, "candidates", few_candidates)
    name, write, classes, rows = FORMS[form]
    write(tmp_path / name, digits())
    asked = Attempt(
        str(tmp_path / name),
        SECONDS,
        tmp_path / "found.toml",
        RunFolder(tmp_path / "run"),
        DataPaths(data=None, cache=tmp_path / "cache", base=tmp_path, hosts=()),
        cores=2,
    )
    finished = try_source(asked, lambda _: None)
    results, page = finished.results, finished.report.read_text("utf-8")
    assert results.data.classes == classes and not results.failures
    assert {part: results.data.splits[part].rows for part in rows} == rows
    first = results.ranking[0]
    assert first.test_accuracy > 0.8  # or images and labels are not each other's
    assert first.name == results.decision.recommended and first.name in page
    assert "[[model]]" in asked.study.read_text("utf-8")


def few_candidates(shape, rows):
    found, out = candidates(shape, rows)
    return [each for each in found if each.name in FEW], out
