"""Small data files, honest and hostile, made on the spot."""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from vestry.data.paths import DataPaths

IDX_CODES = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}


def idx_bytes(array: np.ndarray) -> bytes:
    header = bytes([0, 0, IDX_CODES[array.dtype.name], array.ndim])
    return header + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


def idx_header(*shape: int) -> bytes:
    return bytes([0, 0, 8, len(shape)]) + np.array(shape, dtype=">u4").tobytes()


def write_gzip(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content, mtime=0))
    return path


def pictures(count: int, height: int = 6, width: int = 5, *channels: int) -> np.ndarray:
    random = np.random.default_rng(count)
    return random.integers(0, 256, (count, height, width, *channels), dtype=np.uint8)


def write_mnist_files(folder: Path, part: str, images: np.ndarray, labels: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_gzip(folder / f"{part}-images-idx3-ubyte.gz", idx_bytes(images))
    (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(labels))


def write_picture(path: Path, pixels: np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def write_class_folders(folder: Path, *names: str, count: int = 5) -> None:
    for number, name in enumerate(names):
        for row, pixels in enumerate(pictures(count)):
            write_picture(folder / name / f"{row}.png", pixels + np.uint8(number))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def huge_png(width: int, height: int) -> bytes:
    """A true PNG of one bit a pixel, all black: hundreds of megapixels in a few kilobytes."""
    row = b"\0" * (1 + (width + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", packed)
        + png_chunk(b"IEND", b"")
    )


def nowhere(tmp_path: Path, data: Path | None = None, hosts: tuple[str, ...] = ()) -> DataPaths:
    """Places that hold nothing, and no network."""
    return DataPaths(data=data, cache=tmp_path / "cache", base=tmp_path, hosts=hosts)
