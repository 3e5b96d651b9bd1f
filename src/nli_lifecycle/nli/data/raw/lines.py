"""From bytes on disk to decoded lines: gzip, byte order mark, bad bytes, endless lines.

Lines are split as bytes and decoded one by one, so that one bad byte costs one row and not
the file, and so that memory is bounded whatever the file holds.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from nli_lifecycle.nli.data.pairs import DataError

#: Longest line that is read, in bytes; of a longer one only the beginning is kept.
LINE_LIMIT = 4 * 2**20

#: Characters of a faulty row that are kept to recognise it by.
EXCERPT = 160

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_FOREIGN = {  # how a file starts that has to be unpacked or converted first
    b"PK\x03\x04": "a zip archive: unpack it",
    b"BZh": "compressed with bzip2: unpack it, or compress it with gzip",
    b"\xfd7zXZ": "compressed with xz: unpack it, or compress it with gzip",
    b"\x28\xb5\x2f\xfd": "compressed with zstd: unpack it, or compress it with gzip",
}


class Line(NamedTuple):
    """One physical line: its number from 1, its text, and the fault that spoils it, if any."""

    number: int
    text: str
    fault: str | None = None
    detail: str = ""


def read_lines(path: Path, encoding: str) -> Iterator[Line]:
    """Read a text file, gzipped or not, line by line.

    Args:
        path: the file; gzip is recognised by content, not by name.
        encoding: its text encoding, one in which a line ends with the byte ``\\n``.

    Yields:
        Each line without its ending. A line that does not decode has the fault
        ``undecodable_bytes`` and shows its bad bytes as ``\\x92``; one over ``LINE_LIMIT``
        bytes has the fault ``too_long`` and only its beginning.

    Raises:
        DataError: when the file cannot be opened, is empty, is no text, or breaks off.
    """
    check_encoding(encoding)
    number = 0
    with _opened(path) as stream:
        try:
            while raw := stream.readline(LINE_LIMIT + 1):
                number += 1
                if number == 1:
                    raw = raw.removeprefix(_UTF8_MARK)
                if len(raw) > LINE_LIMIT and not raw.endswith(b"\n"):
                    size = len(raw) + _skip_to_line_end(stream)
                    start = raw[:EXCERPT].decode(encoding, errors="backslashreplace")
                    yield Line(number, start, "too_long", f"a line of {size:,} bytes")
                else:
                    yield _decoded(number, raw.removesuffix(b"\n").removesuffix(b"\r"), encoding)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(
                f"{path} is corrupt or incomplete: its gzip data break off after line {number:,} "
                f"({error}). Nothing of it was used. Fetch or compress the file again, and "
                f"check it with `gzip -t`."
            ) from error
        except OSError as error:
            raise DataError(
                f"{path} could not be read beyond line {number:,}: {error.strerror or error}."
            ) from error


def check_encoding(encoding: str) -> None:
    """Refuse an encoding that Python does not know, or whose lines cannot be split as bytes.

    Args:
        encoding: name of a text encoding.

    Raises:
        DataError: with what to set instead.
    """
    try:
        splits_as_bytes = '\n\t,;|"'.encode(encoding).endswith(b'\n\t,;|"')
    except (LookupError, UnicodeError) as error:
        raise DataError(
            f"data.options.encoding: {encoding!r} is no text encoding known to Python. "
            "Frequent ones: utf-8, cp1252, latin-1, gb18030, shift_jis."
        ) from error
    if not splits_as_bytes:
        raise DataError(
            f"data.options.encoding: files in {encoding} cannot be read row by row. Convert them "
            f"first: iconv -f {encoding} -t utf-8 FILE > FILE.utf8"
        )


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading its text as bytes, unpacked where it is gzipped."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}.") from error
    with file:
        start = file.read(6)
        file.seek(0)
        if not start:
            raise DataError(f"{path} is empty (0 bytes). Fetch the file again or leave it out.")
        for magic, advice in _FOREIGN.items():
            if start.startswith(magic):
                raise DataError(f"{path} is {advice} first.")
        if start.startswith(_UTF16_MARKS):
            raise DataError(
                f"{path} is UTF-16 text. Convert it first: "
                "iconv -f utf-16 -t utf-8 FILE > FILE.utf8"
            )
        if start.startswith(b"\x1f\x8b"):
            with gzip.open(file) as unpacked:
                yield io.BufferedReader(cast(io.RawIOBase, unpacked), buffer_size=2**18)
        else:
            yield file


def _decoded(number: int, raw: bytes, encoding: str) -> Line:
    try:
        return Line(number, raw.decode(encoding))
    except UnicodeDecodeError as error:
        return Line(
            number,
            raw.decode(encoding, errors="backslashreplace"),
            "undecodable_bytes",
            f"byte 0x{raw[error.start]:02x} at position {error.start + 1} is not {encoding}",
        )


def _skip_to_line_end(stream: BinaryIO) -> int:
    """Pass over the rest of a line in bounded memory; return the bytes passed over."""
    skipped = 0
    while part := stream.readline(LINE_LIMIT):
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped
