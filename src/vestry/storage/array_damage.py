"""Whatever a damaged `.npz` makes numpy raise; none of it is more than that the file is damaged."""

import lzma
import struct
import tokenize
import zipfile
import zlib

ARRAY_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    ValueError,
    EOFError,
    OSError,
    LookupError,  # an array that is not there, or has no such place
    TypeError,
    NotImplementedError,  # a compression that Python does not know
    RuntimeError,  # an encrypted member
    MemoryError,  # of a header that claims more than there can be: nothing was taken yet
)
