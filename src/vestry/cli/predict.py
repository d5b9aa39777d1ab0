"""`vestry predict`: what a model says of images, on the command line."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from vestry.cli.options import ForceOption, QuietOption, display

if TYPE_CHECKING:
    from vestry.export.bundle import Bundle
    from vestry.serve.answer import NamedAnswer
    from vestry.serve.image_inputs import Given, Inputs

PREDICT_EXAMPLES = (
    "Examples:  vestry predict shirt.jpg    |    vestry predict shirts.onnx photos/ --out "
    "answers.csv    |    vestry predict mine.onnx images.npz --json    |    "
    "curl -s https://example.org/shoe.png | vestry predict - --votes"
)
_SUFFIXES = (".csv", ".json", ".npz")
_SHOWN_OTHERS = 3


def predict(
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="[MODEL.onnx] IMAGE...",
            help="PNG or JPEG files, folders of such, .npz files with an array `images`, or - for "
            "one image from standard input. Where the first ends in .onnx, it is the model.",
        ),
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL.onnx",
            help="A file of `vestry export`; by default the committee that comes with Vestry.",
        ),
    ] = None,
    votes: Annotated[
        bool, typer.Option("--votes", help="Also say what each member of a committee answers.")
    ] = False,
    photograph: Annotated[
        bool | None,
        typer.Option(
            "--photograph/--whole",
            help="Trim, fit and centre the object of a photograph as Fashion-MNIST's were, or take "
            "pictures whole; by default as the model's training images were made.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line, one an image.")
    ] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV, with a column of probabilities a class.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write all answers there instead: .csv, .json (a list) or .npz (a table of "
            "probabilities).",
        ),
    ] = None,
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say what is on images: class, confidence and the next two classes, one line an image.

    Pictures are prepared as the model's training images were: those of a folder set upright, laid
    on white and resized, photographs of clothes trimmed and centred. "not sure" marks a confidence
    under the model's abstention threshold, "unlike" an image that is unlike the training images,
    whatever the class and confidence say; "may be" names the classes of a set that is made to hold
    the right one. An image that cannot be read is named on standard error
    and the rest goes on: exit code 3, or 1 where none could be read.
    """
    path, given = _model_and_images(model, images)
    _check_usage(given, as_json, as_csv, out)
    if out is not None:
        from vestry.pipeline.output_file import check_answers  # noqa: PLC0415

        check_answers(out, [*given, *([str(path)] if path else [])], force)
    from vestry.serve.answer import BATCH, answer_images  # noqa: PLC0415
    from vestry.serve.image_inputs import inputs_of  # noqa: PLC0415
    from vestry.serve.predictor import Predictor  # noqa: PLC0415

    predictor = Predictor(path)
    found = inputs_of(given)
    stream = sys.stdout  # a live display would take what is printed for its own
    if not quiet:
        _say_first(found, predictor.bundle)
    few = len(found.images) <= BATCH or (out is None and stream.isatty())
    with display(quiet or few) as report:
        report({"event": "started", "task": predictor.name})
        failures = _Failures(found.failures)
        answers = answer_images(predictor, found.images, failures.add, report, photograph)
        if out is not None:
            count = _written(out, predictor.bundle, list(answers), votes)
        else:
            form = _printed_form(predictor.bundle, found.images, votes, as_json, as_csv)
            count = _print_all(stream, form, answers)
    if out is not None and count:
        typer.echo(str(out))
    if failures.count:
        raise typer.Exit(3 if count else 1)


def _model_and_images(model: Path | None, given: list[str]) -> tuple[Path | None, list[str]]:
    """The model's file, where one is named, and what is to be answered."""
    models = [text for text in given if text.lower().endswith(".onnx")]
    if models and (model is not None or models != given[:1]):
        raise typer.BadParameter(
            f"{', '.join(models)}: one model answers; give it first, or as --model"
        )
    return (Path(models[0]), given[1:]) if models else (model, given)


def _check_usage(given: list[str], as_json: bool, as_csv: bool, out: Path | None) -> None:
    if not given:
        raise typer.BadParameter("give at least one image, folder or .npz file")
    if given.count("-") > 1:
        raise typer.BadParameter("standard input can be read once only")
    if as_json + as_csv + (out is not None) > 1:
        raise typer.BadParameter("--json, --csv and --out: one of them says where answers go")
    if out is not None and out.suffix.lower() not in _SUFFIXES:
        raise typer.BadParameter(f"--out {out}: its name must end in {', '.join(_SUFFIXES)}")


def _say_first(found: "Inputs", bundle: "Bundle") -> None:
    """Which model answers, and what was passed over."""
    from vestry.errors import printable  # noqa: PLC0415
    from vestry.serve.preprocessing import said_of  # noqa: PLC0415

    sure = "" if bundle.threshold is None else f"; not sure below {bundle.threshold:.0%}"
    if bundle.sets:
        sure += f"; sets hold the class of {bundle.sets['coverage_asked']:.0%} of images"
    if bundle.novelty:
        sure += f"; unlike below a likeness of {bundle.novelty['threshold']:.2f}"
    typer.echo(f"{printable(bundle.name)}{sure}", err=True)
    unknown = said_of(bundle)
    for note in [*([unknown] if unknown else []), *found.notes]:
        typer.echo(note, err=True)
    if found.passed_over:
        names = ", ".join(found.passed_over[:_SHOWN_OTHERS])
        more = len(found.passed_over) - _SHOWN_OTHERS
        rest = f" and {more:,} more" if more > 0 else ""
        typer.echo(f"no pictures, passed over: {names}{rest}", err=True)


class _Failures:
    """Counts what could not be read, and says it at once."""

    def __init__(self, known: Iterable[str]) -> None:
        self.count = 0
        for text in known:
            self.add(text)

    def add(self, text: str) -> None:
        self.count += 1
        typer.echo(f"vestry: {text}", err=True)


def _written(out: Path, bundle: "Bundle", answers: "list[NamedAnswer]", votes: bool) -> int:
    from vestry.serve.answer_formats import write_answers  # noqa: PLC0415

    if answers:
        write_answers(out, bundle, answers, votes)
    return len(answers)


_Form = Callable[["NamedAnswer"], str]


def _printed_form(
    bundle: "Bundle", images: "list[Given]", votes: bool, as_json: bool, as_csv: bool
) -> tuple[str | None, _Form]:
    """A first line, where there is one, and how an answer becomes a line."""
    from vestry.serve.answer_formats import Lines, Rows, json_line  # noqa: PLC0415

    if as_json:
        return None, lambda one: json_line(one, votes)
    if as_csv:
        rows = Rows(bundle, votes)
        return rows.header(), rows.text
    return None, Lines(bundle, [given.name for given in images], votes).text


def _print_all(
    stream: TextIO, form: tuple[str | None, _Form], answers: "Iterable[NamedAnswer]"
) -> int:
    """Print each answer as it comes; gives their number."""
    first, text_of = form
    count = 0
    try:
        for count, one in enumerate(answers, 1):
            if count == 1 and first is not None:
                print(first, file=stream)
            print(text_of(one), file=stream, flush=True)
    except BrokenPipeError:  # as of `head`: whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise typer.Exit from None
    return count
