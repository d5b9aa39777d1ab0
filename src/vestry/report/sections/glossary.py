"""All terms of the page in one list, to which every mention of one leads."""

from collections.abc import Mapping

from vestry.report.glossary import GLOSSARY, Term
from vestry.report.section import Section
from vestry.schema.results import Results


def _terms(_: Results) -> Mapping[str, Term]:
    return GLOSSARY


SECTION = Section(
    key="glossary",
    data=_terms,
    template="glossary.html.j2",
    title="What the words mean",
    anchor="glossary",
    chapter="made",
)
