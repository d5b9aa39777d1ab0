"""What the look at the data found, in words."""

from typing import Any

from vestry.report.formatting import counted, decimal, per_cent, whole


def size(facts: dict[str, Any]) -> str:
    """What one image is."""
    height, width, *_ = facts["image_shape"]
    colour = "in colour (red, green, blue)" if facts["colour"] else "in grey"
    return (
        f"Each image is {height} \u00d7 {width} pixels {colour}, held as {facts['dtype']} "
        f"(0 to 255), with one of {len(facts['classes'])} labels."
    )


def classes_apart(facts: dict[str, Any], split: str) -> str | None:
    """The brightest and the darkest class."""
    means = facts["splits"][split]["class_means"]
    known = [(mean, facts["classes"][i]) for i, mean in enumerate(means) if mean is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    return (
        f"The brightest class is {high[1]} (mean pixel {decimal(high[0], 1)}), "
        f"the darkest {low[1]} ({decimal(low[0], 1)})."
    )


def audit(findings: list[dict[str, Any]]) -> str:
    """How many of the searches found something."""
    found = [finding for finding in findings if finding["count"]]
    if not found:
        return f"{counted(len(findings), 'search', 'searches')}, and none found anything."
    return (
        f"{len(found)} of {counted(len(findings), 'search', 'searches')} found something. "
        "How severe that is depends on the use, so there is no overall mark."
    )


def correlation(facts: dict[str, Any]) -> str:
    """How near and distant pixels vary together."""
    near, far = facts["side_by_side"], facts["far_apart"]
    said = []
    if near is not None:
        said.append(f"Pixels side by side have a mean correlation of {decimal(near, 2)}.")
    if far is not None:
        said.append(
            f"For pixels half the image or more apart it is {decimal(round(far, 2) + 0.0, 2)}."
        )
    text = " ".join(said) or "No two pixels that vary stand side by side."
    if facts["constant"]:
        text += (
            f" {whole(facts['constant'])} of {whole(facts['size'][0] * facts['size'][1])} pixels "
            "never vary and have no correlation (grey)."
        )
    return text


def correlation_remark(facts: dict[str, Any]) -> str:
    """What the matrix was computed from."""
    height, width = facts["size"]
    text = (
        f"Pearson\u2019s correlation of each pair of {whole(height * width)} pixels over "
        f"{counted(facts['rows'], 'image')}, pixels in reading order."
    )
    if facts["grey_from_colour"]:
        text += " Colours were averaged to grey."
    if facts["averaged_from"]:
        before = facts["averaged_from"]
        text += (
            f" Images were averaged down from {before[0]} \u00d7 {before[1]} to "
            f"{height} \u00d7 {width}."
        )
    return text


def sample(facts: dict[str, Any], seed: int, split: str) -> str:
    if facts["rows"] == facts["of"]:
        return f"All {whole(facts['rows'])} {split} images."
    return (
        f"{whole(facts['rows'])} of {whole(facts['of'])} {split} images, drawn by class with seed "
        f"{seed}."
    )


def pca_remark(pca: dict[str, Any]) -> str:
    """What the two axes explain."""
    across, down = pca["explained"]
    return (
        f"The axes explain {per_cent(across)} and {per_cent(down)} of the variance; all "
        f"{pca['components']} components {per_cent(pca['explained_by_all'])}."
    )


def tsne_remark(tsne: dict[str, Any], components: int) -> str:
    return (
        f"From {components} principal components, perplexity {tsne['perplexity']:g}, "
        f"{tsne['steps']} steps. Near stays near; distances between groups and their sizes mean "
        "nothing."
    )


def overlap(found: Any, classes: list[str]) -> str:
    """Which classes lie among each other, and which keep to themselves."""
    own = [(share, classes[i]) for i, share in enumerate(found["own"]) if share is not None]
    if not found["pairs"] or len(own) < 2:
        return "No image has a neighbour of another class."
    first, *rest = found["pairs"][:3]
    one, other = (classes[label] for label in first["classes"])
    text = (
        f"{one} and {other} overlap most: of the {found['neighbours']} nearest neighbours of "
        f"each of their images, {per_cent(first['share'])} belong to the other of the two"
    )
    if rest:
        pairs = [
            f"{classes[p['classes'][0]]} and {classes[p['classes'][1]]} ({per_cent(p['share'])})"
            for p in rest
        ]
        text += f"; then {'; '.join(pairs)}"
    alone, mixed = max(own), min(own)
    return (
        f"{text}. {alone[1]} keeps to itself most, with {per_cent(alone[0])} of its neighbours "
        f"its own; {mixed[1]} least, with {per_cent(mixed[0])}."
    )


def overlap_remark(found: dict[str, Any]) -> str:
    return (
        f"Counted among {counted(found['neighbours'], 'nearest neighbour')} in the space of "
        f"{found['dimensions']} principal components, not in the plane of the figures."
    )


def colours(coloured: int, classes: int) -> str | None:
    """Which classes have a colour, where not all have."""
    if coloured == classes:
        return None
    return (
        f"Of {classes} classes the {coloured} that share most neighbours are coloured and named; "
        "the others are grey."
    )


def samples_remark(samples: dict[str, Any], split: str, classes: int) -> str:
    text = (
        f"The mean image of each class, then up to {samples['a_class']} of its {split} images, "
        f"drawn with seed {samples['seed']}."
    )
    if len(samples["ids"]) < classes:
        text += f" The first {len(samples['ids'])} of {classes} classes."
    return text
