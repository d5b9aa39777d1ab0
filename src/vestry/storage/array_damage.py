"""Whatever a damaged `.npz` makes numpy raise; none of it is more than that the file is damaged."""

import lzma
import struct
import tokenize
import zipfile
import zlib

ARCHIVE_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    ValueError,
    EOFError,
    NotImplementedError,  # a compression that Python does not know
    RuntimeError,  # an encrypted member
)
"""Of bytes that are no archive of arrays."""
ARRAY_DAMAGE = (
    *ARCHIVE_DAMAGE,
    OSError,
    LookupError,  # an array that is not there, or has no such place
    TypeError,
    MemoryError,  # of a header that claims more than there can be: nothing was taken yet
)
"""Of a file of our own as well, whose arrays and their forms are known beforehand."""
