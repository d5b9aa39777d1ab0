"""`vestry export`: a model of a run as one file."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vestry.cli.options import DataOption, ForceOption, JsonOption, QuietOption, display

if TYPE_CHECKING:
    from vestry.pipeline.export import Exported
    from vestry.pipeline.export_web import WebFolder

EXPORT_EXAMPLES = (
    "Examples:  vestry export runs/default -o committee.onnx    |    "
    'vestry export runs/default --model "Small CNN" -o cnn.onnx --quantize    |    '
    "vestry export runs/default --web site"
)


def export(
    run: Annotated[
        Path,
        typer.Argument(help="Folder of a finished run; with --web also a file that was exported."),
    ],
    model: Annotated[
        str | None,
        typer.Option(help="Member or committee; by default the one that the run recommends."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE.onnx", help="By default exports/NAME.onnx in the run."
        ),
    ] = None,
    quantize: Annotated[
        bool,
        typer.Option(
            "--quantize",
            help="Also write FILE.int8.onnx: int8 weights and activations, calibrated on "
            "validation images, measured on the test images (a look that is counted). It never "
            "takes the float file's place.",
        ),
    ] = False,
    temperature: Annotated[
        bool,
        typer.Option(
            help="Temper confidences by what the run fitted on validation images, or leave them."
        ),
    ] = True,
    images: Annotated[
        bool, typer.Option(help="Let some training and validation images travel in the file.")
    ] = True,
    known: Annotated[
        int,
        typer.Option(
            "--known",
            min=1,
            max=40,
            help="How many training images of each class do; fewer make a smaller file.",
        ),
    ] = 40,
    web: Annotated[
        Path | None,
        typer.Option(
            "--web",
            metavar="DIR",
            help="Also write a folder for any web server: a page that predicts in the visitor's "
            "browser, to which no picture is sent. At most 20 MB.",
        ),
    ] = None,
    force: ForceOption = False,
    data: DataOption = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a member or a committee of a run as one ONNX file that predicts from raw images.

    The file is held against the run's own probabilities before it is kept: every answer must be
    equal, every probability within 0.0001. A model card in Markdown stands beside it. Earlier files
    of vestry's are written anew, a card that was changed since and other files only by --force.
    """
    from vestry.data.paths import DataPaths  # noqa: PLC0415
    from vestry.pipeline.export import ExportOptions, export_run  # noqa: PLC0415
    from vestry.pipeline.export_web import (  # noqa: PLC0415
        check_file_alone,
        check_web_folder,
        write_web_folder,
    )

    places = DataPaths.of(data)
    options = ExportOptions(temperature, images, quantize, force, known)
    if run.is_file():
        check_file_alone(run, web, model, output, options)
    if web is not None:
        check_web_folder(web, force)
    done: list[Exported] = []
    with display(quiet) as report:
        if not run.is_file():
            done.append(export_run(run, model, output, options, places, report))
        if quantize:
            from vestry.pipeline.quantize import quantize_export  # noqa: PLC0415 - heavy

            done.append(quantize_export(done[0], places, report))
    page = write_web_folder(done[0].path if done else run, web, force) if web else None
    typer.echo(_summary(done, page, as_json))


def _summary(done: "list[Exported]", page: "WebFolder | None", as_json: bool) -> str:
    """What was written and how it compares; the files' paths come last."""
    if as_json:
        facts = [_facts(one) for one in done]
        return json.dumps(facts + ([_page_facts(page)] if page else []), indent=1)
    lines = []
    for one in done:
        found = one.bundle.certificate
        lines.append(
            f"{one.bundle.name}: {found['labels_equal']:,} of {found['rows']:,} answers equal, "
            f"probabilities at most {found['largest_gap']:.1e} apart"
        )
        files = found.get("files")
        if files:
            lines[-1] += f"; {files['labels_equal']:,} of {files['rows']:,} test files read anew"
        if one.bundle.quantized:
            from vestry.export.model_card import quantized  # noqa: PLC0415

            lines[-1] = f"{one.bundle.name}, int8: {quantized(one.bundle)}"
    paths = [str(path) for one in done for path in (one.card, one.path)]
    if page:
        lines.append(_page_words(page))
        paths.append(str(page.path / "index.html"))
    return "\n".join([*lines, "", *paths])


def _page_words(page: "WebFolder") -> str:
    return (
        f"{page.model}: a page of {page.size / 1e6:.1f} MB that predicts in the browser. Put the "
        f"folder on any web server; to try it: python -m http.server --directory "
        f"{shlex.quote(str(page.path))}"
    )


def _page_facts(page: "WebFolder") -> dict[str, object]:
    return {"folder": str(page.path), "model": page.model, "bytes": page.size}


def _facts(one: "Exported") -> dict[str, object]:
    return {
        "file": str(one.path),
        "card": str(one.card),
        "model": one.bundle.name,
        "bytes": one.path.stat().st_size,
        "certificate": one.bundle.certificate,
        "quantized": one.bundle.quantized,
    }
