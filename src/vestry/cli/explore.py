"""`vestry explore`: a look at images before any model."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vestry.cli.browser import OpenOption, open_page
from vestry.cli.options import (
    DataOption,
    ForceOption,
    ImageSizeOption,
    JsonOption,
    QuietOption,
    ResizeOption,
    ResizeWay,
    display,
)
from vestry.errors import printable
from vestry.system.platform_calls import available_cores

if TYPE_CHECKING:
    from vestry.pipeline.explore import Explored

EXPLORE_EXAMPLES = (
    "Examples:  vestry explore fashion-mnist    |    "
    "vestry explore npz:mine.npz --out looks/mine --sample 1000    |    "
    "vestry explore folder:photographs --image-size 48x64"
)


def explore(
    source: Annotated[str, typer.Argument(help="Source; `vestry data list` names them.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write; by default one named after the source."),
    ] = None,
    data: DataOption = None,
    sample: Annotated[
        int, typer.Option(min=10, max=20_000, help="Images in the scatter plots, drawn by class.")
    ] = 2500,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="For everything drawn at random.")
    ] = 0,
    image_size: ImageSizeOption = None,
    resize: ResizeOption = ResizeWay.STRETCH,
    force: ForceOption = False,
    quiet: QuietOption = False,
    opened: OpenOption = False,
    as_json: JsonOption = False,
) -> None:
    """Look at images and labels before any model: audit them, and write one page of what is there.

    The audit finds duplicates, near-duplicates, labels that contradict each other, blank, damaged
    and unusual images; it gives findings, not a verdict. A folder that holds other files, or the
    exploration of another source, is written to by --force only.
    """
    from vestry.audit.settings import ExplorationSettings  # noqa: PLC0415
    from vestry.data.paths import DataPaths  # noqa: PLC0415
    from vestry.data.reading import Reading  # noqa: PLC0415
    from vestry.pipeline.explore import default_folder, explore_source  # noqa: PLC0415

    settings = ExplorationSettings(sample=sample, seed=seed)
    folder = out or default_folder(source)
    with display(quiet) as report:
        explored = explore_source(
            source,
            DataPaths.of(data),
            folder,
            settings,
            available_cores(),
            report,
            Reading(image_size, resize.value),
            force=force,
        )
    typer.echo(_summary(explored, as_json))
    open_page(explored.page, opened)


def _summary(explored: "Explored", as_json: bool) -> str:
    """What was found: a line a finding, and the page's path on the last line; or all as JSON."""
    from vestry.report.sections import class_map, dataset, findings, next_steps  # noqa: PLC0415

    if as_json:
        results = explored.results.as_json()
        kept = {key: results[key] for key in ("title", "data")}
        audit = {key: results["exploration"][key] for key in ("findings", "notes", "overlap")}
        kept |= {key: results[key] for key in ("corrections", "groups")}
        return json.dumps(kept | audit | {"page": str(explored.page)}, ensure_ascii=False)
    found, data = explored.results.exploration, explored.results.data
    classes = [printable(name) for name in data.classes]
    lines = [explored.results.title, dataset.size(data), ""]
    for finding in found.findings:
        if finding.count:
            word = findings.SEVERITY_WORDS[finding.severity].lower()
            lines.append(f"{word + ':':<8} {findings.sentence(finding, classes)}")
    nothing = [findings.title(entry) for entry in found.findings if not entry.count]
    lines.append(f"looked for and not found: {'; '.join(nothing) or 'nothing'}")
    if found.overlap:
        lines += ["", class_map.overlap(found.overlap, classes)]
    steps = next_steps.next_steps(explored.results, str(explored.page.parent))
    return "\n".join([*lines, *found.notes, "", *steps, "", str(explored.page)])
