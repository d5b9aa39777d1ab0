"""What a server does at three times the load that it can carry, and when it is stopped under it.

First the load that it can carry: connections that ask again as soon as they are answered, fewer
than its queue has places. Then three times as many requests a second, due at fixed times whatever
the answers (open loop). Memory is looked at before and after. Then the same load again, with a
SIGTERM in the middle: every request that the access log calls answered must have reached the
client, and none that was sent may stay without an answer.
"""

import argparse
import json
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from cnn_a import write_cnn, write_pictures
from served import ServerProcess, cores, finished, load_on, start_load, vestry_server
from sides import keep
from vestry.export.bundle import read_bundle

TIMES = 3
CARRYING, OFFERING = 32, 600
"""Connections in a closed and in an open loop."""
DEADLINE_MS, REFUSED_MS, MEMORY = 5000, 50, 50_000_000


def main() -> None:
    options = arguments()
    server_core, load_core = cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = options.model or folder / "cnn_a.onnx"
        if options.model is None:
            write_cnn(model)
        write_pictures(folder, read_bundle(model)[1].image_shape)
        server = vestry_server(model, folder / "log.txt", server_core)
        carried = capacity(server, folder, load_core)
        overload = overloaded(server, folder, load_core, TIMES * carried, options.seconds)
        stop = stopped(server, folder, load_core, TIMES * carried)
    show(carried, overload, stop)
    keep("overload", {"carried_per_second": carried, "overload": overload, "stop": stop})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="an exported file; else study A's CNN")
    parser.add_argument("--seconds", type=float, default=30, help="of overload (default 30)")
    return parser.parse_args()


def capacity(server: ServerProcess, folder: Path, core: int | None) -> float:
    load_on(server.port, folder, core, connections=CARRYING, seconds=1)
    found = load_on(server.port, folder, core, connections=CARRYING, seconds=4)
    carried: float = found["statuses"]["200"]["per_second"]
    return carried


def overloaded(
    server: ServerProcess, folder: Path, core: int | None, rate: float, seconds: float
) -> dict[str, Any]:
    before, used = server.memory(), server.processor_seconds()
    load = start_load(
        server.port, folder, core, connections=OFFERING, seconds=seconds, rate=round(rate)
    )
    highest = before
    while load.poll() is None:
        highest = max(highest, server.memory())
        time.sleep(0.2)
    found = finished(load)
    time.sleep(1)
    return found | {
        "offered_per_second": rate,
        "processor_share": (server.processor_seconds() - used) / found["seconds"],
        "memory_before": before,
        "memory_highest": highest,
        "memory_after": server.memory(),
    }


def stopped(server: ServerProcess, folder: Path, core: int | None, rate: float) -> dict[str, Any]:
    """Counts from both sides, of the requests since the load began."""
    known = len(answered(server.log))
    load = start_load(server.port, folder, core, connections=OFFERING, seconds=20, rate=round(rate))
    time.sleep(4)
    server.process.send_signal(signal.SIGTERM)
    start = time.perf_counter()
    code = server.process.wait(60)
    took = time.perf_counter() - start
    found = finished(load)
    statuses = {status: entry["count"] for status, entry in found["statuses"].items()}
    return {
        "exit_code": code,
        "seconds_to_end": took,
        "answered_200_by_the_log": len(answered(server.log)) - known,
        "statuses_at_the_client": statuses,
        "sent_without_answer": found["counts"].get("unanswered", 0),
    }


def answered(log: Path) -> list[str]:
    """The access log's lines of predictions that were made."""
    lines = (line for line in log.read_text().splitlines() if line.startswith("{"))
    entries = map(json.loads, lines)
    return [e["time"] for e in entries if e.get("path") == "/predict" and e["status"] == 200]


def show(carried: float, overload: dict[str, Any], stop: dict[str, Any]) -> None:
    print(f"carried                 {carried:10,.0f} requests/s")
    print(f"offered                 {overload['offered_per_second']:10,.0f} requests/s")
    for status, found in overload["statuses"].items():
        print(
            f"answered {status}            {found['per_second']:10,.0f} requests/s   p50 "
            f"{found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms, max {found['max_ms']:.1f} ms"
        )
    print(f"targets                 503 within {REFUSED_MS} ms, 200 within {DEADLINE_MS:,} ms")
    print(f"processor               {overload['processor_share']:10.0%} of the server's core")
    print(f"without answer          {overload['counts'].get('unanswered', 0):10,}")
    before, highest, after = (
        overload[f"memory_{when}"] / 1e6 for when in ("before", "highest", "after")
    )
    print(
        f"memory                  {before:.0f} MB before, {highest:.0f} highest, {after:.0f} after"
    )
    logged, there = stop["answered_200_by_the_log"], stop["statuses_at_the_client"].get("200", 0)
    print(
        f"SIGTERM under that load: exit {stop['exit_code']} after {stop['seconds_to_end']:.2f} s; "
        f"{logged:,} answered by the log, {there:,} at the client; "
        f"{stop['sent_without_answer']} sent and without an answer"
    )


if __name__ == "__main__":
    main()
