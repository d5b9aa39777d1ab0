"""Which files each form of a run is made of."""

from typing import Literal

from vestry.report.table import as_csv
from vestry.report.taken_home.content import Content
from vestry.report.taken_home.markdown import markdown_report
from vestry.report.taken_home.notebook import notebook_report
from vestry.report.taken_home.tex import latex_report

Form = Literal["md", "tex", "csv", "figures", "notebook"]


def files_of(form: Form, content: Content, to_results: str) -> dict[str, str]:
    """Text by path in the folder that they are written to; the first is what to open.

    to_results: from that folder to the run's `results.json`.
    """
    if form == "csv":
        return {f"tables/{table.key}.csv": as_csv(table) for table in content.tables}
    drawings = {f"figures/{key}.svg": text for key, text in content.drawings.items()}
    match form:
        case "md":
            return {"report.md": markdown_report(content), **drawings}
        case "tex":
            return {"report.tex": latex_report(content), "report.bib": content.citations}
        case "notebook":
            return {"report.ipynb": notebook_report(content, to_results), **drawings}
    return drawings
