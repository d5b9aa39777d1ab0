"""The chapter Committee: is the best of them worth it, beside each of its members?"""

from vestry.report.chapter import Chapter, Opening
from vestry.report.section import PageData
from vestry.report.sections import ensemble_gain_words as words
from vestry.schema.results import Results


def _opening(results: Results, page: PageData) -> Opening | None:
    if page.worth is None:
        return None
    best = page.worth.committees[0]
    name, found = best.model.name, best.found
    decision, only = results.decision, results.committees[name].only_member
    taken = decision and decision.recommended == name and decision.evidence == "level"
    if decision and taken and found.verdict == "no":
        meaning: str | None = words.recommended_all_the_same(decision)
    else:
        meaning = words.meaning(found) or words.among_all_pairs(name, found, results.comparisons)
    said = [
        words.details(name, found),
        words.another_name(name, only) if only else None,
        meaning,
    ]
    return Opening(
        words.finding(name, found),
        [text for text in said if text],
        figures=[best.figure],
        tables=[page.worth.table] if page.worth.table else [],
    )


CHAPTER = Chapter("committee", "Committee", _opening, style="committee.css.j2")
