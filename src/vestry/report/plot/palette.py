"""The colours of pages and figures, once: the pages' style and the figures that leave them read
them here.

Six colours for models, safe for colour-blind readers (after Okabe and Ito 2008), each with a
contrast of 3 or more against the paper of its theme. Text has 7 or more: `ink`, `quiet`, `accent`,
and `wrong-ink` and `right-ink` for words on what is wrong and right.
"""

LIGHT = {
    "paper": "#fdfdfb",
    "raised": "#f5f5f1",
    "ink": "#1b1e23",
    "quiet": "#4b535d",
    "hair": "#dcdcd5",
    "accent": "#0b5a96",
    "warn-ink": "#7a4300",
    "warn-paper": "#fdf3e3",
    "warn-line": "#d9993d",
    "wrong-ink": "#8f3900",
    "right-ink": "#005a40",
    "wrong": "213 94 0",
    "wrong-most": ".62",
    "right": "0 114 178",
    "right-most": ".26",
    "c0": "#0072b2",
    "c1": "#bb4e00",
    "c2": "#008a63",
    "c3": "#a8467f",
    "c4": "#8a6d00",
    "c5": "#1b1e23",
}
DARK = {
    "paper": "#14161a",
    "raised": "#1c1f25",
    "ink": "#e7e7e3",
    "quiet": "#a4abb5",
    "hair": "#33373f",
    "accent": "#7cb8ea",
    "warn-ink": "#f3d19c",
    "warn-paper": "#2a2114",
    "warn-line": "#a8742a",
    "wrong-ink": "#f08a45",
    "right-ink": "#2fc498",
    "wrong": "230 120 20",
    "wrong-most": ".4",
    "right": "86 180 233",
    "right-most": ".26",
    "c0": "#56b4e9",
    "c1": "#f08a45",
    "c2": "#2fc498",
    "c3": "#e391c0",
    "c4": "#e0c244",
    "c5": "#e7e7e3",
}
FONTS = (
    '-apple-system, "Segoe UI", Roboto, Cantarell, "Noto Sans", "Helvetica Neue", '
    '"Liberation Sans", Arial, system-ui, sans-serif'
)


def variables(palette: dict[str, str]) -> str:
    """As declarations of a style: `--paper: #fdfdfb; ...`."""
    return " ".join(f"--{name}: {value};" for name, value in palette.items())
