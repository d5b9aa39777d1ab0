"""A run in five sentences for somebody's own report, and how to cite it; plain text.

Data and split; models; result with its interval; comparison and test; limits. Names stand as they
are; numbers have no thin spaces and no typographic minus.
"""

from collections.abc import Sequence

from vestry.committees.rule import RULES
from vestry.report.formatting import counted, listed, per_cent_range, whole
from vestry.report.latex import latex_text
from vestry.report.models import Model, chosen_on, models_by_rank, tables_alone
from vestry.report.sections import by_score, standing
from vestry.report.sections import score_figures as score
from vestry.report.sections.leaks import leaked
from vestry.report.summary_tests import apart, compared
from vestry.schema.models import Committee
from vestry.schema.results import Results

_MOST_NAMES = 8
_UNKNOWN_VERSION = "of an unknown version"


def summary_sentences(results: Results) -> list[str]:
    """Five."""
    said = (_data(results), _models(results), _result(results), compared(results), _limits(results))
    return [plain_numbers(f"{text}.") for text in said]


def plain_numbers(text: str) -> str:
    return text.replace("\u2212", "-")


def _data(results: Results) -> str:
    data, splits = results.data, results.data.splits
    classes = counted(len(data.classes), "class", "classes")
    test = f"{counted(splits['test'].rows, 'test image')} ({splits['test'].rule})"
    chosen = chosen_on(results).counted(splits["validation"].rows)
    if tables_alone(results):
        return (
            f"Judged were the answers of models to the images that {data.source_name} lists, of "
            f"{classes}: models were chosen by {chosen} and tested on {test}; how they were "
            "trained is not known here"
        )
    said = f"The images are {_source(results)}, {_shape(data.image_shape or ())}, of {classes}"
    learnt = f"{said}: models learnt from {counted(splits['training'].rows, 'training image')}"
    if results.nested:
        folds = len(results.nested.folds)
        return (
            f"{learnt} and were chosen by {data.chosen_by}; each of them was tested once, in "
            f"{folds} nested folds, by models that neither learnt from it nor were chosen by it"
        )
    if data.chosen_by:
        return f"{learnt}, were chosen by {data.chosen_by} and tested on {test}"
    return f"{learnt}, were chosen by {chosen} ({splits['validation'].rule}) and tested on {test}"


def _source(results: Results) -> str:
    data = results.data
    if data.fell_back is None:
        return data.source_name
    return f"{data.source_name}, which stand in for {data.asked} (that was not at hand)"


def _shape(shape: Sequence[int]) -> str:
    colour = " in colour" if len(shape) > 2 else ""
    return f"{shape[0]} x {shape[1]} pixels{colour}"


def _models(results: Results) -> str:
    version = results.environment.versions.get("vestry") or _UNKNOWN_VERSION
    who = f"Vestry {version} (study {results.study.hash})"
    gone = sorted({failure.name for failure in results.failures} - set(results.models))
    lost = f"; {_names(gone)} failed and {'is' if len(gone) == 1 else 'are'} left out"
    failed = lost if gone else ""
    if not results.models:
        return f"{who} had no model to compare{failed}"
    parts = [f"{counted(len(results.members), 'model')} ({_names(list(results.members))})"]
    if results.committees:
        made = [_committee(name, each) for name, each in results.committees.items()]
        few = [*made[:_MOST_NAMES], *_more(made)]
        parts.append(f"{counted(len(made), 'committee')} ({'; '.join(few)})")
    return f"{who} compared {' and '.join(parts)}{_seeds(results)}{failed}"


def _names(names: list[str]) -> str:
    return listed([*map(apart, names[:_MOST_NAMES]), *_more(names)])


def _more(names: list[str]) -> list[str]:
    return [f"{len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []


def _committee(name: str, made: Committee) -> str:
    rule = RULES.get(made.rule)
    return f"{apart(name)}: {rule.words if rule else made.rule}, of {_names(made.members)}"


def _seeds(results: Results) -> str:
    most = max(len(entry.seeds) for entry in results.models.values())
    if most > 1:
        return f", with up to {most} seeds each, over which figures are means"
    return "" if tables_alone(results) else ", each fitted with one seed"


def _result(results: Results) -> str:
    ranked = models_by_rank(results)
    if not ranked:
        return "There is no result, since no model came to anything"
    found = results.decision
    names = {model.name: model for model in ranked}
    taken = names[found.recommended] if found and found.recommended else ranked[0]
    rows = chosen_on(results).counted(results.data.splits["validation"].rows)
    said = f"{_lead(results, taken)}: {score.right_on(taken, rows)}"
    if results.nested:
        return f"{said}; in nested folds {_on_test(taken)}{_choosing(results)}"
    test = counted(results.data.splits["test"].rows, "test image")
    return (
        f"{said}; on the {test}, which had no say in the choice, {_on_test(taken)}"
        f"{_without_leaked(results, taken)}"
    )


def _lead(results: Results, taken: Model) -> str:
    """Who is quoted, and how far the choice is borne out."""
    found = results.decision
    if found is None:
        return f"{taken.name} is first by validation"
    if found.recommended is None:
        return f"{found.headline}; {taken.name} is first by validation"
    if found.evidence == "too_few":
        return f"The images are too few to choose a model by; ahead so far is {taken.name}"
    costs = "" if taken.latency is None and taken.size is None else " and costs"
    return f"{taken.name} is recommended by its validation figures{costs}"


def _on_test(model: Model) -> str:
    return score.it_is(model).replace(" (", " (95% interval ", 1)


def _choosing(results: Results) -> str:
    found = results.what_choosing_gives
    if found is None:
        return ""
    figure = found.figure.replace(" (", " (95% interval ", 1)
    return (
        f", but since these are the images that models were chosen by, the figure to quote is that "
        f"of choosing anew for each fold by the others, {figure} right"
    )


def _without_leaked(results: Results, taken: Model) -> str:
    """The figure that holds where some test images were learnt from."""
    count = leaked(results)
    kept = results.leaks.without.repeated if results.leaks else None
    if not count or kept is None:
        return ""
    if not kept.makers:
        return "; all of these stand among the images that models learnt from, so no figure holds"
    left = kept.makers[taken.name]
    return (
        f"; without the {whole(count)} that repeat images of other parts it is right on "
        f"{100 * left.accuracy:.1f}% (95% interval {per_cent_range(*left.interval)}), which is the "
        "figure to quote"
    )


def _limits(results: Results) -> str:
    """How far the figures reach."""
    said = ["The figures hold for images that are taken as these were"]
    if results.ranking and (unseen := standing.too_few(results)):
        said.append(f"{unseen[0].lower()}{unseen[1:].rstrip('.')}")
    times = results.test_looks.comparisons
    if times > 1:
        said.append(f"models were compared on these test images {times} times")
    if results.score and by_score.is_unbalanced(results):
        ratio = 1 / results.score.rarest if results.score.rarest else 0
        common = f"the commonest class has {ratio:.0f} times as many images as the rarest"
        said.append(f"{common if ratio else 'some class has no image'}, so accuracy alone misleads")
    doubted = results.doubts.test.count if results.doubts.test else 0
    if doubted:
        said.append(f"the members doubt {whole(doubted)} of the {_labels(results)}")
    if not tables_alone(results) and not results.nested:
        said.append("all figures are of one split, and another would move them")
    return "; ".join(said)


def _labels(results: Results) -> str:
    return counted(results.data.splits["test"].rows, "test label")


def citations(results: Results) -> str:
    """BibTeX of Vestry and of the study."""
    version = results.environment.versions.get("vestry") or _UNKNOWN_VERSION
    year = results.created[:4]
    vestry = {
        "title": "Vestry: comparing models for small labelled images",
        "author": "{The Vestry authors}",
        "version": version,
        "year": year,
    }
    study = {
        "title": f"{{{_in_bibtex(results.title)}}}",
        "key": f"{{{_in_bibtex(results.title)}}}",
        "year": year,
        "note": f"Study {results.study.hash}, made with Vestry {version} on {results.created[:10]}",
    }
    return "\n".join(
        [_entry("software", "vestry", vestry), _entry("misc", f"study-{results.study.hash}", study)]
    )


def _in_bibtex(text: str) -> str:
    """BibTeX counts braces, whatever stands before them."""
    braces = (("\\{", "\\textbraceleft{}"), ("\\}", "\\textbraceright{}"))
    written = latex_text(text)
    for sign, name in braces:
        written = written.replace(sign, name)
    return written


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])
