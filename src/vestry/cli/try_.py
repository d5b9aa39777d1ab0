"""`vestry try`: from images to a page without a study file; `vestry init`: to a study file.

Ctrl-C and SIGTERM both unwind, so that nothing is left of its temporary folders.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Never

import typer

from vestry.cli.browser import OpenOption, open_page
from vestry.cli.options import CoresOption, DataOption, JsonOption, QuietOption, RunsOption, display
from vestry.cli.summary import tell
from vestry.errors import VestryError
from vestry.system.platform_calls import available_cores

TRY_EXAMPLES = (
    "Examples:  vestry try photos/    |    vestry try fashion-mnist --minutes 2    |    "
    "vestry try pets.zip --quick --open"
)


def try_(
    source: Annotated[
        str, typer.Argument(help="A folder or file of images, or a name of `vestry data list`.")
    ],
    minutes: Annotated[float, typer.Option(min=0.5, max=1440, help="For everything.")] = 10.0,
    quick: Annotated[bool, typer.Option("--quick", help="One minute.")] = False,
    study: Annotated[
        Path | None,
        typer.Option(help="Study file to write; by default one named after the source, here."),
    ] = None,
    runs: RunsOption = Path("runs"),
    data: DataOption = None,
    cores: CoresOption = None,
    quiet: QuietOption = False,
    opened: OpenOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find out which model suits some images, in the time that you give; prints the page's path.

    Models of unlike families have short trials; the better ones are fitted on all images, compared
    and judged as in any study. The study is written beside, so that the next step is editing it.
    """
    from vestry.data.paths import DataPaths  # noqa: PLC0415
    from vestry.pipeline.tryout.draft import file_for  # noqa: PLC0415
    from vestry.pipeline.tryout.try_source import Attempt, try_source  # noqa: PLC0415
    from vestry.storage.run_folder import RunFolder  # noqa: PLC0415

    file = study or file_for(source, Path())
    attempt = Attempt(
        source,
        60.0 * (1.0 if quick else minutes),
        file,
        RunFolder(runs / file.stem),
        DataPaths.of(data, Path()),
        cores or available_cores(),
    )
    there = file.exists()
    with _interruptible(lambda: _going_on(file, there)), display(quiet) as report:
        finished = try_source(attempt, report)
    tell(finished.results, finished.report, as_json)
    open_page(finished.report, opened)
    if finished.results.failures:
        raise typer.Exit(3)


def _going_on(study: Path, there: bool) -> str:
    if study.exists() and not there:
        return f"what was finished is kept, `vestry run {study}` goes on from there"
    return "the models were still on trial and nothing is kept of that; try again"


INIT_EXAMPLES = (
    "Examples:  vestry init photos/    |    vestry init npz:cells.npz --study studies/cells.toml"
)


def init(
    source: Annotated[
        str, typer.Argument(help="A folder or file of images, or a name of `vestry data list`.")
    ] = "digits",
    study: Annotated[
        Path | None,
        typer.Option(help="Study file to write; by default one named after the source, here."),
    ] = None,
    data: DataOption = None,
) -> None:
    """Write a commented study file for some images, ready to be edited and run; prints its path."""
    from vestry.data.paths import DataPaths  # noqa: PLC0415
    from vestry.pipeline.tryout.draft import file_for, init_study  # noqa: PLC0415

    file = study or file_for(source, Path())
    places = DataPaths.of(data, Path())
    typer.echo(str(init_study(source, file, places)))


@contextmanager
def _interruptible(going_on: Callable[[], str]) -> Iterator[None]:
    """Both signals leave the block as a VestryError, with the exit code that a shell expects.

    going_on: what the user is told to do then.
    """
    numbers: list[int] = []

    def unwind(number: int, _: FrameType | None) -> Never:
        numbers.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, unwind)
    try:
        yield
    except KeyboardInterrupt:
        error = VestryError(f"interrupted; {going_on()}")
        error.exit_code = 128 + (numbers[0] if numbers else signal.SIGINT)
        raise error from None
    finally:
        signal.signal(signal.SIGTERM, before)
