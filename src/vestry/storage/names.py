"""Names that become folders and files of a run: members', committees' and exports'."""

import unicodedata

from vestry.errors import RunError

_MOST_CHARACTERS = 80
_MOST_BYTES = 200
"""In UTF-8; file systems take 255, and `NAME.int8.onnx` must fit, too."""
_FORBIDDEN = '/\\:*?"<>|'
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")
"""Control characters, halves of characters, and separators of lines, as Unicode's categories."""


def folder_name(name: str) -> str:
    """`name`, if it can be a folder's name on any file system; ValueError says why it cannot."""
    if not is_folder_name(name):
        size = len(name.encode(errors="surrogatepass"))
        raise ValueError(
            f"{name!r} cannot be a folder's name too: at most {_MOST_CHARACTERS} characters and "
            f"{_MOST_BYTES} bytes (it has {len(name)} and {size}), none of "
            '/ \\ : * ? " < > |, no dot or space in front'
        )
    return name


def is_folder_name(name: str) -> bool:
    return (
        0 < len(name) <= _MOST_CHARACTERS
        and len(name.encode(errors="surrogatepass")) <= _MOST_BYTES
        and not name.startswith(".")
        and name == name.strip()
        and not any(sign in _FORBIDDEN or unicodedata.category(sign) in _UNSEEN for sign in name)
    )


def stored_name(name: str) -> str:
    """As `folder_name`, for a name that a run's files give; raises RunError."""
    try:
        return folder_name(name)
    except ValueError as error:
        raise RunError(f"{error}; name it otherwise in the study, and run it again") from None


def same_folder(name: str) -> str:
    """What two names have in common that some file systems take for one."""
    return unicodedata.normalize("NFC", name).casefold()
