"""Runs by versions that left no marker, told by what they hold: results in our format and tasks
with our cards."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestry.ownership import has_own_card, read_object
from vestry.run_folder import OWN_NAMES, RunFolder

FORMAT = 1
KEYS = {"title", "study", "members", "committees", "ranking", "data"}


@dataclass(frozen=True)
class Earlier:
    """file, title: as its results have them. is_this: whether it is the asking study's, and the
    reason in words."""

    file: str
    title: str
    is_this: bool
    reason: str


def earlier_run(run: RunFolder, file: Path, title: str) -> Earlier | None:
    """What can be said of a folder without a marker; None where it is no run of ours."""
    if not has_own_tasks(run):
        return None
    results = own_results(run.results)
    if results is None:
        unfinished = all(path.name in OWN_NAMES for path in run.path.iterdir())
        reason = "it holds nothing but finished tasks"
        return Earlier("", "", True, reason) if unfinished and not has_results(run) else None
    said, called = str(results["study"]["file"]), str(results["title"])
    here = file.resolve()
    found = [path for path in study_files(said, run.path) if path.is_file()]
    if found:
        is_this = found == [here] or (here in found and title == called)
        return Earlier(said, called, is_this, f"its results are of {said}")
    is_this = (Path(said).name, called) == (here.name, title)
    return Earlier(said, called, is_this, "its results are of a study of this name and title")


def has_own_tasks(run: RunFolder) -> bool:
    tasks = run.path / "tasks"
    if not tasks.is_dir() or tasks.is_symlink():
        return False
    return any(has_own_card(path) for path in tasks.iterdir() if path.is_dir())


def has_results(run: RunFolder) -> bool:
    """Files that a run writes when it is done; without results of ours they are somebody else's."""
    return any(path.exists() for path in (run.results, run.report, run.study))


def own_results(path: Path) -> dict[str, Any] | None:
    """The results in a file; None where it holds none that a run of ours has written."""
    results = read_object(path)
    if results is None or results.get("format") != FORMAT or not set(results) >= KEYS:
        return None
    study = results["study"]
    return results if isinstance(study, dict) and {"file", "hash"} <= set(study) else None


def study_files(said: str, folder: Path) -> list[Path]:
    """Where a study file that results name may lie: they say it as it was given, so from whatever
    folder the study was run in; most likely this one, or one above the run."""
    bases = [Path.cwd(), *folder.resolve().parents]
    return list(dict.fromkeys((base / said).resolve() for base in bases))
