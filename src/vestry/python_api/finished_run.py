"""A finished run in Python: its answer, its tables as frames, its figures, its models."""

from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vestry.cli.options import display
from vestry.data.paths import DataPaths
from vestry.errors import StudyError, did_you_mean
from vestry.pipeline.stored_run import StoredRun, stored_run
from vestry.python_api.trackers import log_to_mlflow, write_tensorboard
from vestry.report.taken_home.content import Content, content_of
from vestry.schema.results import Results
from vestry.storage.run_folder import RunFolder
from vestry.system.platform_calls import way

if TYPE_CHECKING:
    import pandas as pd

    from vestry.report.table import Table
    from vestry.serve.predictor import Predictor


class Run:
    """A finished run. In a notebook it shows its answer, its ranking and their figure.

    folder: as `vestry run` leaves it. Raises StudyError where it holds no finished run, DataError
    where the run is damaged.
    """

    def __init__(self, folder: str | Path, data: str | Path | None = None) -> None:
        self.folder = Path(folder)
        self._places = DataPaths.of(None if data is None else Path(data))
        self._stored: StoredRun = stored_run(self.folder, self.folder.name)

    @property
    def results(self) -> Results:
        """Everything that the page tells, typed: what `results.json` holds."""
        return self._stored.results

    @property
    def page(self) -> Path:
        """The page with the answer and its evidence."""
        return RunFolder(self.folder).report.absolute()

    @property
    def recommended(self) -> str | None:
        """The recommended model; None where nothing could be recommended."""
        decision = self.results.decision
        return decision.recommended if decision else None

    @property
    def summary(self) -> str:
        """Five sentences for a report: data, models, result, choosing, limits."""
        return " ".join(self._content.sentences)

    @property
    def ranking(self) -> "pd.DataFrame":
        """A row a model, the first first: validation and test accuracy with its interval, time,
        size. Shares are 0 to 1."""
        return self.table("compare").set_index("model")

    @property
    def per_class(self) -> "pd.DataFrame":
        """A row a class and model: recall, precision and F1 on the test images."""
        return self.table("class-scores")

    @property
    def history(self) -> "pd.DataFrame":
        """A row a model and epoch, of models that are trained in epochs; else empty."""
        frames = [
            _pandas().DataFrame(entry.history).assign(model=name)
            for name, entry in self.results.members.items()
            if entry.history
        ]
        whole = _pandas().concat(frames, ignore_index=True) if frames else _pandas().DataFrame()
        return whole[["model", *(key for key in whole if key != "model")]] if frames else whole

    @property
    def predictions(self) -> "pd.DataFrame":
        """A row a model and test image: its id, what the model says, how sure it is (missing of
        one that gives labels alone), and the probability of every class (of the first seed)."""
        return _pandas().concat(
            [
                _pandas()
                .DataFrame(
                    {
                        "model": name,
                        "id": table.ids,
                        "predicted": [table.classes[label] for label in table.labels],
                        "confidence": None
                        if table.only_labels
                        else table.probabilities.max(axis=1),
                    }
                )
                .join(_pandas().DataFrame(table.probabilities, columns=list(table.classes)))
                for name, table in self._stored.tables.items()
            ],
            ignore_index=True,
        )

    @property
    def tables(self) -> dict[str, str]:
        """What `table` takes, with what each holds."""
        return {table.key: table.caption for table in self._content.tables}

    def table(self, key: str) -> "pd.DataFrame":
        """A table of the page, or what is behind one of its figures, with plain numbers.

        Raises StudyError where there is none of that key.
        """
        table = self._table(key)
        columns = [column.key for column in table.columns]
        return _pandas().DataFrame(table.plain_rows, columns=columns)

    @property
    def figures(self) -> list[str]:
        """What `figure` takes."""
        return list(self._content.drawings)

    def figure(self, key: str) -> "Drawing":
        """A figure of the page as SVG; a notebook shows it.

        Raises StudyError where there is none of that key.
        """
        drawings = self._content.drawings
        if key not in drawings:
            raise StudyError(f"no figure {key!r}{did_you_mean(key, drawings)}; `figures` has them")
        return Drawing(drawings[key])

    def export(
        self, path: str | Path | None = None, model: str | None = None, *, force: bool = False
    ) -> Path:
        """Write a model, by default the recommended one, as an ONNX file that is held against the
        run's own answers first; gives its path. force: a file that is not ours may be replaced."""
        from vestry.pipeline.export import ExportOptions, export_run  # noqa: PLC0415

        target = None if path is None else Path(path)
        with display(quiet=True) as report:
            options = ExportOptions(force=force)
            return export_run(self.folder, model, target, options, self._places, report).path

    def predictor(self, model: str | None = None) -> "Predictor":
        """A model, by default the recommended one, ready for new images."""
        from vestry.serve.predictor import Predictor  # noqa: PLC0415

        return Predictor(self.export(model=model))

    def log_to_mlflow(self, experiment: str | None = None) -> list[str]:
        """Keep every score, epoch and the page in MLflow, a run a model; gives their ids. Where
        they are kept is MLflow's to say (`MLFLOW_TRACKING_URI`). Raises MissingPartError without
        `vestry[mlflow]`."""
        return log_to_mlflow(self.results, self.page, experiment)

    def write_tensorboard(self, folder: str | Path) -> list[Path]:
        """Write every score and epoch as events for TensorBoard, a folder a model in `folder`;
        gives these. Raises MissingPartError without `vestry[tensorboard]`."""
        return write_tensorboard(self.results, Path(folder))

    def __repr__(self) -> str:
        taken = self.recommended or "nothing is recommended"
        return f"Run({str(self.folder)!r}: {taken})"

    def _repr_html_(self) -> str:
        answer = self._content.parts[0]
        lines = [f"<h3>{escape(answer.heading)}</h3>"]
        lines += [f"<p>{escape(text)}</p>" for text in (*self._content.caveats, *answer.sentences)]
        lines += [self._content.drawings[figure.key] for figure in answer.figures]
        lines += [_in_html(self._table("compare"))]
        # From the working folder: a notebook's server gives what is below that, no file:// URL.
        link = quote(way(self.page, Path()))
        lines += [
            f'<p><a href="{link}">The page with the evidence</a>: {escape(str(self.page))}</p>'
        ]
        return "\n".join(lines)

    @cached_property
    def _content(self) -> Content:
        return content_of(self.results)

    def _table(self, key: str) -> "Table":
        tables = {table.key: table for table in self._content.tables}
        if key not in tables:
            raise StudyError(f"no table {key!r}{did_you_mean(key, tables)}; `tables` has them")
        return tables[key]


class Drawing:
    """A figure; `svg` is its text, a file of its own."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def save(self, path: str | Path) -> Path:
        """Write it, whole or not at all. Raises StudyError where another file is there."""
        from vestry.storage.run_folder import write_text  # noqa: PLC0415

        target = Path(path)
        if target.exists() and target.read_bytes() != self.svg.encode():
            raise StudyError(f"{target} is there already; give another name, or move it away")
        write_text(target, self.svg)
        return target

    def _repr_svg_(self) -> str:
        return self.svg


def _in_html(table: "Table") -> str:
    """As the page shows it, without what a notebook has no room for."""
    shown = [(place, column) for place, column in table.shown_columns]
    head = "".join(f"<th>{escape(column.title)}</th>" for _, column in shown)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{escape(str(c.cell(table.by_key(row))))}</td>" for _, c in shown)
        + "</tr>"
        for row in table.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _pandas() -> Any:
    try:
        import pandas as pd  # noqa: PLC0415 - only where frames are asked for
    except ModuleNotFoundError:
        raise StudyError("frames need pandas: pip install pandas") from None
    return pd
