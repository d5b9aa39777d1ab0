"""Files with something wrong in them: bytes that are others, and fields that say something else.

`WAYS` change bytes whatever they mean; `FIELDS` has, by format, what changes a field and leaves the
rest right (sums, lengths), so that a reader goes on to it.
"""

import gzip
import io
import json
import random
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx

sys.path[:0] = [str(Path(__file__).parent.parent / "tests")]
from mutated_studies import STRANGE, _places  # noqa: E402

_NUMBERS = (
    0,
    1,
    2,
    127,
    128,
    255,
    256,
    32767,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
)
_TYPES = ("<f4", "<f8", ">f4", "<i8", "|u1", "|b1", "<U3", "<U400000", "|S0", "<U0", "|O", "<M8[s]",
          "<c16", "<f2", "|V8", "<U999999999")  # fmt: skip

Draw = random.Random
Way = Callable[[bytes, bytes, Draw], bytes]
Field = Callable[[bytes, Draw], bytes]


def _flipped(content: bytes, _: bytes, draw: Draw) -> bytes:
    changed = bytearray(content)
    for _number in range(draw.choice([1, 1, 2, 8])):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _other_number(content: bytes, _: bytes, draw: Draw) -> bytes:
    form = draw.choice(["<B", "<H", ">H", "<I", ">I", "<Q"])
    size = struct.calcsize(form)
    number = draw.choice(_NUMBERS) % 256**size
    place = draw.randrange(min(len(content), draw.choice([64, 512, 10**9])))
    return content[:place] + struct.pack(form, number) + content[place + size :]


def _cut(content: bytes, _: bytes, draw: Draw) -> bytes:
    return content[: draw.randrange(len(content))]


def _inserted(content: bytes, _: bytes, draw: Draw) -> bytes:
    place = draw.randrange(len(content) + 1)
    return content[:place] + draw.randbytes(draw.choice([1, 2, 4, 64])) + content[place:]


def _without(content: bytes, _: bytes, draw: Draw) -> bytes:
    place = draw.randrange(len(content))
    return content[:place] + content[place + draw.choice([1, 2, 4, 64, 1000]) :]


def _repeated(content: bytes, _: bytes, draw: Draw) -> bytes:
    start = draw.randrange(len(content))
    part = content[start : start + draw.choice([4, 64, 1000])]
    return content[:start] + part * draw.choice([2, 3, 40]) + content[start + len(part) :]


def _zeroed(content: bytes, _: bytes, draw: Draw) -> bytes:
    start = draw.randrange(len(content))
    length = min(len(content) - start, draw.choice([4, 64, 4096]))
    return content[:start] + bytes(length) + content[start + length :]


def _spliced(content: bytes, other: bytes, draw: Draw) -> bytes:
    """The beginning of one and the end of another of its kind."""
    return content[: draw.randrange(len(content) + 1)] + other[draw.randrange(len(other) + 1) :]


WAYS: tuple[Way, ...] = (
    _flipped, _other_number, _cut, _inserted, _without, _repeated, _zeroed, _spliced
)  # fmt: skip


def mutated(content: bytes, other: bytes, field: Field | None, draw: Draw) -> bytes:
    """One to three changes; half of them of a field where the format's are known."""
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        if not content:
            break
        if field is not None and draw.random() < 0.5:
            content = field(content, draw)
        else:
            content = draw.choice(WAYS)(content, other, draw)
    return content


def _idx(content: bytes, draw: Draw) -> bytes:
    """A number of the header, inside of gzip where it is packed."""
    packed = content[:2] == b"\x1f\x8b"
    try:
        plain = bytearray(gzip.decompress(content) if packed else content)
    except (OSError, EOFError, zlib.error):
        return content
    if draw.random() < 0.5 and len(plain) > 4:
        plain[draw.randrange(4)] = draw.choice([0, 1, 3, 4, 8, 9, 0x0D, 255])
    else:
        place = draw.choice([4, 8, 12])
        plain[place : place + 4] = struct.pack(">I", draw.choice(_NUMBERS) % 2**32)
    return gzip.compress(bytes(plain), 1) if packed else bytes(plain)


def _npz(content: bytes, draw: Draw) -> bytes:
    """An array's header or name, in an archive whose sums are right."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # an archive that was mutated before
        return content
    if not members:
        return content
    name = draw.choice([*members])
    match draw.randrange(6):
        case 0:
            del members[name]
        case 1:
            members[draw.choice([*members])] = members[name]
        case 2:
            members[name[:-4] + draw.choice(["_", "s", ".npy.npy", "\u00e9.npy"])] = members.pop(
                name
            )
        case _:
            members[name] = _npy(members[name], draw)
    stream = io.BytesIO()
    way = draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    with zipfile.ZipFile(stream, "w", way) as archive:
        for each, array in members.items():
            archive.writestr(each, array)
    return stream.getvalue()


def _npy(content: bytes, draw: Draw) -> bytes:
    """An array with another type, shape or order; its header is as long as it says."""
    end = content.find(b"\n")
    header = content[10:end].decode("latin-1").rstrip()
    match draw.randrange(4):
        case 0:
            header = re.sub(r"'descr': '[^']*'", f"'descr': '{draw.choice(_TYPES)}'", header)
        case 1:
            axes = [draw.choice([*_NUMBERS, -1, 10**12]) for _ in range(draw.randrange(5))]
            header = re.sub(r"\([^)]*\)", str(tuple(axes)), header)
        case 2:
            header = header.replace("False", "True")
        case _:
            header = header.replace(draw.choice("{}(),':"), draw.choice(["", "[", "((", "\\"]), 1)
    text = header.encode("latin-1", "replace") + b"\n"
    return content[:8] + struct.pack("<H", len(text)) + text + content[end + 1 :]


def _png(content: bytes, draw: Draw) -> bytes:
    """A chunk's bytes, name or place, with the sum that goes with them."""
    chunks, place = [], 8
    while place + 12 <= len(content):
        (size,) = struct.unpack(">I", content[place : place + 4])
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + size]))
        place += 12 + size
    if not chunks:
        return content
    number = draw.randrange(len(chunks))
    kind, inside = chunks[number]
    match draw.randrange(4):
        case 0:
            chunks.insert(draw.randrange(len(chunks)), chunks[number])
        case 1:
            other = draw.choice(
                [b"IDAT", b"tRNS", b"PLTE", b"iCCP", b"zTXt", b"eXIf", b"acTL", b"fdAT"]
            )
            chunks[number] = (other, inside)
        case 2:
            del chunks[number]
        case _:
            changed = draw.choice(WAYS)(inside, inside, draw) if inside else b"\0"
            chunks[number] = (kind, changed)
    return content[:8] + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in chunks
    )


def _json(content: bytes, draw: Draw) -> bytes:
    """A value that is another, is gone, or stands elsewhere."""
    try:
        value = json.loads(content)
    except ValueError:
        return content
    places = list(_places(value)) if isinstance(value, dict | list) else []
    if not places:
        return content
    holder, key = draw.choice(places)
    match draw.randrange(4):
        case 0:
            del holder[key]
        case 1:
            other, name = draw.choice(places)
            if name in other if isinstance(other, dict) else name < len(other):
                holder[key] = json.loads(json.dumps(other[name]))
        case _:
            holder[key] = draw.choice(STRANGE)
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _lines_of_json(content: bytes, draw: Draw) -> bytes:
    lines = content.split(b"\n")
    number = draw.randrange(len(lines))
    match draw.randrange(4):
        case 0:
            lines.insert(draw.randrange(len(lines)), lines[number])
        case 1:
            del lines[number]
        case _:
            lines[number] = _json(lines[number], draw)
    return b"\n".join(lines)


def _csv(content: bytes, draw: Draw) -> bytes:
    """A cell, or a row twice."""
    rows = [line.split(b",") for line in content.split(b"\n")]
    row = draw.choice(rows)
    strange = str(draw.choice([*STRANGE, "nan", "inf", '"', "=1+1", "1e400"]))
    match draw.randrange(3):
        case 0:
            rows.insert(draw.randrange(len(rows)), row)
        case 1:
            row.append(b"x")
        case _:
            row[draw.randrange(len(row))] = strange.encode("utf-8", "surrogatepass")
    return b"\n".join(b",".join(cells) for cells in rows)


def _safetensors(content: bytes, draw: Draw) -> bytes:
    """The header's JSON, which is as long as it says."""
    size = int.from_bytes(content[:8], "little")
    header = _json(content[8 : 8 + size], draw)
    return len(header).to_bytes(8, "little") + header + content[8 + size :]


def _onnx(content: bytes, draw: Draw) -> bytes:
    """A field of any message in it; what it holds in JSON, too."""
    try:
        model = onnx.load_model_from_string(content)
    except Exception:  # one that was mutated before
        return content
    if draw.random() < 0.3 and model.metadata_props:
        entry = draw.choice(model.metadata_props)
        value: str | bytes = entry.value  # bytes where an earlier mutation left no UTF-8
        text = value if isinstance(value, bytes) else value.encode()
        entry.value = _json(text, draw).decode("utf-8", "replace")
        return model.SerializeToString()
    message: Any = model
    while True:
        fields = [field for field, _ in message.ListFields()]
        field = draw.choice(fields)
        value = getattr(message, field.name)
        repeated = isinstance(value, list) or hasattr(value, "append")
        if field.message_type is None:
            break
        if repeated and draw.random() < 0.05:
            del value[draw.randrange(len(value))]
            return bytes(model.SerializeToString())
        inner = draw.choice(value) if repeated else value
        if not inner.ListFields():
            return content
        message = inner
    try:
        new = _strange_like(value[0] if repeated else value, draw)
        if repeated:
            value[draw.randrange(len(value))] = new
        else:
            setattr(message, field.name, new)
    except (ValueError, TypeError, IndexError):
        return content
    return bytes(model.SerializeToString())


def _strange_like(value: Any, draw: Draw) -> Any:
    if isinstance(value, bytes):
        return draw.choice(WAYS)(value, value, draw) if value else b"\0"
    if isinstance(value, str):
        return draw.choice(
            ["", "x", "Loop", "If", "Reshape", "Resize", "Expand", "../x", value[::-1]]
        )
    if isinstance(value, float):
        return draw.choice([0.0, -1.0, 1e30, float("nan"), float("inf")])
    return draw.choice([-1, *_NUMBERS[:-2], 10, 12])


FIELDS: dict[str, Field] = {
    "idx": _idx, "npz": _npz, "png": _png, "json": _json, "jsonl": _lines_of_json, "csv": _csv,
    "safetensors": _safetensors, "onnx": _onnx,
}  # fmt: skip
