"""Files with something wrong in them, 100,000 of them: `python benchmarks/mutations.py [--count N]
[--seed S] [--only NAME ...]`.

Each is read as the command reads it: it has to be read, or refused with one of Vestry's own errors,
within 2 s of processor time and 300 MB of memory. What is not is printed with its number; `--only
NAME --at NUMBER` reads that one again, with its traceback. Files are read in forked processes, one
for some hundred files, which have no more memory and are killed where one file takes longer. Needs
Linux.
"""

import argparse
import contextlib
import json
import mmap
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# A fork has none of the threads that a pool of its parent's waits for.
os.environ["OMP_NUM_THREADS"] = "1"
sys.path[:0] = [str(Path(__file__).parent.parent / "tests")]
import vestry  # noqa: E402
from mutated_bytes import mutated  # noqa: E402
from mutated_files import Subject, subjects  # noqa: E402
from studies_at_hand import SMALL_STUDY, with_everything  # noqa: E402
from vestry.errors import VestryError  # noqa: E402
from vestry.study.reader import read_study  # noqa: E402

SECONDS, BYTES = 2.0, 300 * 10**6
_BATCH = 250
_GRACE, _STILL = 4.0, 120.0
"""Seconds of processor time, and by the clock, after which a file's process is killed: native code
hears no alarm, and what waits for nothing takes no time."""


@dataclass(frozen=True)
class Fault:
    number: int
    what: str
    said: str = ""


class TooLongError(BaseException):
    """Nothing may catch it on its way."""


def content_of(subject: Subject, seed: int, number: int) -> bytes:
    draw = random.Random(f"{seed} {subject.name} {number}")  # noqa: S311
    content, other = draw.choice(subject.originals), draw.choice(subject.originals)
    return mutated(content, other, subject.field, draw)


def outcome(subject: Subject, content: bytes, folder: Path) -> tuple[str, str]:
    """ "read", "refused", or what is wrong; and the traceback of that."""
    path = folder / f"file{subject.suffix}"
    path.write_bytes(content)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(None):
            warnings.simplefilter("ignore")
            subject.read(path)
        return "read", ""
    except VestryError as error:
        return ("refused", "") if str(error).strip() else ("an error without words", "")
    except TooLongError:
        return f"over {SECONDS:g} s", traceback.format_exc()
    except BaseException as error:
        return type(error).__name__, traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def alarmed(*_: object) -> None:
    raise TooLongError


def in_batches(subject: Subject, seed: int, numbers: range, folder: Path) -> Iterator[Fault | str]:
    """What each came to, in its order as far as a process got."""
    at = numbers.start
    place = mmap.mmap(-1, 8)
    while at < numbers.stop:
        batch = range(at, min(at + _BATCH, numbers.stop))
        place[:] = at.to_bytes(8, "little")
        shutil.rmtree(folder / "now", ignore_errors=True)
        (folder / "now").mkdir()
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            _read_all(subject, seed, batch, folder / "now", place, writer)
        os.close(writer)
        ended, told = _watched(pid, place, reader)
        yield from told
        at = int.from_bytes(place[:], "little")
        if ended is not None:
            yield Fault(at, ended)
            at += 1


def _read_all(
    subject: Subject, seed: int, batch: range, folder: Path, place: mmap.mmap, writer: int
) -> None:
    """In the fork: it ends here, whatever happens."""
    try:
        _read_each(subject, seed, batch, folder, place, writer)
        os._exit(0)
    finally:
        os._exit(99)


def _read_each(
    subject: Subject, seed: int, batch: range, folder: Path, place: mmap.mmap, writer: int
) -> None:
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123
        for stream in (1, 2):
            os.dup2(nothing.fileno(), stream)  # what native code says
    signal.signal(signal.SIGPROF, alarmed)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + BYTES, now + BYTES))
    with os.fdopen(writer, "w") as told:
        for number in batch:
            place[:] = number.to_bytes(8, "little")
            what, said = outcome(subject, content_of(subject, seed, number), folder)
            told.write(json.dumps([number, what, said]) + "\n")
            told.flush()
        place[:] = batch.stop.to_bytes(8, "little")


def _watched(pid: int, place: mmap.mmap, reader: int) -> tuple[str | None, list[Fault | str]]:
    """How the process ended, None where it did all; and what it told."""
    chunks: list[bytes] = []
    os.set_blocking(reader, False)
    at, since, clock = place[:], 0.0, time.monotonic()
    while True:
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(reader, 65536):
                chunks.append(chunk)
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        used = _processor_seconds(pid)
        if place[:] != at:
            at, since, clock = place[:], used, time.monotonic()
        if used - since > _GRACE or time.monotonic() - clock > _STILL:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    with contextlib.suppress(BlockingIOError):
        while chunk := os.read(reader, 65536):
            chunks.append(chunk)
    os.close(reader)
    told = [json.loads(line) for line in b"".join(chunks).splitlines()]
    found = [w if w in ("read", "refused") else Fault(n, w, said) for n, w, said in told]
    if os.waitstatus_to_exitcode(status) == 0:
        return None, found
    return f"its process ended ({os.waitstatus_to_exitcode(status)})", found


def _processor_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def made_run(folder: Path) -> Path:
    """A small study's run, and files that it was exported to beside it."""
    study = folder / "small.toml"
    study.write_text(with_everything(SMALL_STUDY))
    done = vestry.run(read_study(study).study, folder / "small", quiet=True)
    for name in ("Net", "Both"):
        done.export(folder / f"{name}.onnx", name)
    return folder / "small"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], help="kinds of files")
    parser.add_argument("--at", type=int, help="the number of the one that is read")
    parser.add_argument("--run", type=Path, help="a finished run of tests' small study, and files")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mutations-"))
    try:
        return measured(options, folder)
    finally:
        shutil.rmtree(folder)


def measured(options: argparse.Namespace, folder: Path) -> int:
    found = subjects(options.run or made_run(folder), folder)
    chosen = [subject for subject in found if not options.only or subject.name in options.only]
    if options.at is not None:
        signal.signal(signal.SIGPROF, alarmed)
        content = content_of(chosen[0], options.seed, options.at)
        Path("mutated-file").write_bytes(content)
        print(*outcome(chosen[0], content, folder), sep="\n")
        return 0
    print(f"seed {options.seed}, {options.count:,} files of {len(chosen)} kinds", flush=True)
    each, wrong = -(-options.count // len(chosen)), 0
    print(f"{'kind':20}{'files':>8}{'read':>8}{'refused':>9}{'faults':>8}{'CPU s':>7}")
    for subject in chosen:
        wrong += told(subject, options.seed, each, folder)
    print(f"{each * len(chosen):,} files, {wrong} faults", flush=True)
    return int(wrong > 0)


def told(subject: Subject, seed: int, count: int, folder: Path) -> int:
    """Prints the row of a kind, after one of its faults of each sort; how many there were."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    all_of_it = list(in_batches(subject, seed, range(count), folder))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    faults = [each for each in all_of_it if isinstance(each, Fault)]
    counts = Counter(each for each in all_of_it if isinstance(each, str))
    sorts: dict[str, list[Fault]] = {}
    for fault in faults:
        place = [line.strip() for line in fault.said.splitlines() if "vestry/" in line][-1:]
        sorts.setdefault(f"{fault.what} {''.join(place)}", []).append(fault)
    for sort, alike in sorts.items():
        last = alike[0].said.splitlines()[-1:]
        first = f"number {alike[0].number}: {''.join(last)[:200]}"
        print(f"  {subject.name}: {len(alike)} x {sort}, {first}")
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{subject.name:20}{count:8,}{counts['read']:8,}{counts['refused']:9,}"
        f"{len(faults):8,}{seconds:7.0f}",
        flush=True,
    )
    return len(faults)


if __name__ == "__main__":
    sys.exit(main())
