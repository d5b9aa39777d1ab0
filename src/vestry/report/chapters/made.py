"""The chapter How it was made: what was said beside what was measured, and all that was noted."""

from vestry.report.chapter import Chapter, Opening
from vestry.report.formatting import counted, duration
from vestry.report.models import tables_alone
from vestry.report.section import PageData
from vestry.schema.results import Results


def _opening(results: Results, page: PageData) -> Opening | None:
    return Opening(
        f"Made in {_time(results)}; {_uses(results.test_looks.comparisons)}",
        _sentences(results, page),
    )


def _time(results: Results) -> str:
    cores = counted(results.environment.cores_used, "core")
    return f"{duration(results.seconds['total'])} on {cores}"


def _uses(times: int) -> str:
    often = "once" if times < 2 else "twice" if times == 2 else f"{times} times"
    return f"the test set was used {often}"


def _sentences(results: Results, page: PageData) -> list[str]:
    claims, noted = page.claims, page.notices
    said = [claims.summary] if claims.summary else []
    grave = results.failures or any(each.level == "warning" for each in results.notices)
    if noted is not None and grave:
        said.append(f"{noted.summary} of the run {_be(noted.count)} listed below.")
    if not said and _found_again(results):
        said.append("Models that had been fitted before were found again and cost no time.")
    return said


def _be(count: int) -> str:
    return "is" if count == 1 else "are"


def _found_again(results: Results) -> bool:
    """Whether fits took longer than this run had for them."""
    if tables_alone(results) or "fitting" not in results.seconds:
        return False
    took = sum(entry.fit_seconds or 0.0 for entry in results.members.values())
    return took > results.seconds["fitting"] * results.environment.cores_used


CHAPTER = Chapter("made", "Method", _opening, template="made.html.j2", style="made.css.j2")
