"""A study's teachers, by the names that its students give them; and what may not be one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vestry.committees.rule import RULES
from vestry.errors import did_you_mean
from vestry.members.networks.distillation import TEACHER_FILE
from vestry.study.entries import kinds_in

if TYPE_CHECKING:
    from vestry.study.settings import Study

_Tables = Mapping[str, Mapping[str, Any]]


def teacher_of(entry: Any) -> str | None:
    """Whom a model learns from; None where it is no student."""
    name: str | None = getattr(entry, "teacher", None)
    return name


def named_teachers(study: "Study", name: str) -> list[str]:
    """The models that answer as the teacher `name`: its members, if it is a committee."""
    return next((each.members for each in study.committee if each.name == name), [name])


def teacher_problems(tables: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with the teachers of a study's tables, a line each."""
    models = {entry["name"]: entry for entry in tables["member"]}
    committees = {entry["name"]: entry for entry in tables.get("committee", [])}
    lines = []
    for name, entry in models.items():
        teacher = entry.get("teacher")
        if isinstance(teacher, str) and (problem := _problem(name, teacher, models, committees)):
            lines.append(f"model {name!r}: teacher = {teacher!r}{problem}")
    return lines


def _problem(name: str, teacher: str, models: _Tables, committees: _Tables) -> str:
    """What is wrong, to be said after the teacher's name; nothing where all is right."""
    if "search" in models[name]:
        return ": a search and a teacher do not go together; write down what the search found"
    if teacher.startswith(TEACHER_FILE):
        return "" if teacher.endswith(".onnx") else " is no .onnx file"
    if teacher not in models and teacher not in committees:
        near = did_you_mean(teacher, [*models, *committees])
        return f" is no model or committee of this study{near}; a file is written onnx:FILE"
    if (rule := RULES.get(committees.get(teacher, {}).get("rule", "mean"))) and rule.learns:
        still = ", ".join(repr(each.name) for each in RULES.values() if not each.learns)
        return (
            f" combines by {rule.name!r}, which learns from rows that its student is judged by; "
            f"name a committee whose rule learns nothing: {still}"
        )
    if _leads_back(name, teacher, models, committees):
        return " leads back to the model itself: it would have to wait for its own fit"
    members = committees[teacher]["members"] if teacher in committees else [teacher]
    return next(filter(None, (_unfit(each, models[each]) for each in members)), "")


def _unfit(name: str, entry: Mapping[str, Any]) -> str:
    """Why a model cannot teach."""
    if "search" in entry:
        return f": {name!r} is searched for; write down what the search found, then let it teach"
    if entry.get("refit"):
        return (
            f": {name!r} has refit = true, so that it learns from the validation rows that its "
            "student is judged by; leave that out"
        )
    if any(kind.is_by_id for kind in kinds_in(entry)):
        return f": of {name!r} nothing but given answers is known, none of them on training rows"
    return ""


def _leads_back(name: str, teacher: str, models: _Tables, committees: _Tables) -> bool:
    """Whether `teacher`, its members or their teachers are the model `name`."""
    waiting, seen = [teacher], set()
    while waiting:
        one = waiting.pop()
        if one == name:
            return True
        if one not in seen:
            seen.add(one)
            waiting += committees.get(one, {}).get("members", [])
            waiting += filter(None, [models.get(one, {}).get("teacher")])
    return False
