"""Text for LaTeX: every sign that it would take for a command, or join to another, written out."""

LATEX_SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # behind the end of a table's row these two would be its options
    "*": "{*}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    **{chr(code): " " for code in (*range(32), 127)},
    "\u00a0": "~",
    "\u202f": r"\,",
    "\u2212": "$-$",
    "\u00b1": r"$\pm$",
    "\u00d7": r"$\times$",
    "\u2013": "--",
    "\u2014": "---",
    "\u2019": "'",
    "\u201c": "``",
    "\u201d": "''",
    "\u2026": r"\dots{}",
    "\u2192": r"$\rightarrow$",
    "\u2264": r"$\leq$",
    "\u2265": r"$\geq$",
}
LIGATURES = ("--", "''", "``", ",,", "?`", "!`")
"""Two signs that LaTeX would make one of."""


def latex_text(text: str) -> str:
    """`text` for LaTeX; signs that no font of pdfLaTeX has stay as they are (`undeclared`)."""
    return "".join(
        LATEX_SIGNS.get(sign, sign) + ("{}" if sign + after in LIGATURES else "")
        for sign, after in zip(text, [*text[1:], ""], strict=False)
    )
