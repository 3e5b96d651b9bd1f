"""Lines out of bytes: what spoils a file, what spoils one line, and bounded memory."""

import gzip
import os
import tracemalloc
from pathlib import Path

import pytest

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.lines import LINE_LIMIT, Line, read_lines


def _file(folder: Path, content: bytes) -> Path:
    path = folder / "pairs.txt"
    path.write_bytes(content)
    return path


def _read(folder: Path, content: bytes, encoding: str = "utf-8") -> list[Line]:
    return list(read_lines(_file(folder, content), encoding))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.txt cannot be opened: No such file"):
        list(read_lines(tmp_path / "nowhere.txt", "utf-8"))


def test_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"pairs\.txt is empty \(0 bytes\)"):
        _read(tmp_path, b"")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
def test_file_without_read_permission_is_named(tmp_path: Path) -> None:
    path = _file(tmp_path, b"a\n")
    path.chmod(0)
    with pytest.raises(DataError, match=r"pairs\.txt cannot be opened: Permission denied"):
        list(read_lines(path, "utf-8"))


def test_refused_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"pairs\.txt cannot be opened: Permission denied"):
        list(read_lines(tmp_path / "pairs.txt", "utf-8"))


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.99])
def test_truncated_gzip_says_how_far_it_was_read(tmp_path: Path, kept: float) -> None:
    lines = b"".join(b"%d %d\n" % (number, number**5) for number in range(60_000))
    packed = gzip.compress(lines)
    seen = 0
    with pytest.raises(DataError, match=r"pairs\.txt is corrupt or incomplete") as error:
        path = _file(tmp_path, packed[: int(len(packed) * kept)])
        for line in read_lines(path, "utf-8"):
            seen = line.number
    assert seen > 0
    assert f"after line {seen:,} " in str(error.value)
    assert "gzip -t" in str(error.value)


def test_gzip_with_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(os.urandom(100_000)))
    packed[50_000] ^= 0xFF
    with pytest.raises(DataError, match="corrupt or incomplete"):
        _read(tmp_path, bytes(packed), "latin-1")


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"PK\x03\x04rest", "zip archive: unpack it first"),
        (b"BZh91AY", "compressed with bzip2"),
        ("a\tb\n".encode("utf-16"), "UTF-16 text.*iconv -f utf-16 -t utf-8"),
    ],
)
def test_other_kinds_of_files_are_recognised(tmp_path: Path, start: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        _read(tmp_path, start)


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("utf-9", "'utf-9' is no text encoding.*cp1252"),
        ("utf-16", "iconv -f utf-16"),
        ("rot13", "no text encoding"),
    ],
)
def test_unusable_encoding_is_refused(tmp_path: Path, encoding: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        _read(tmp_path, b"a\n", encoding)


def test_bad_bytes_spoil_their_own_line_only(tmp_path: Path) -> None:
    good, bad, after = _read(tmp_path, "naïve\n".encode() + b"it\x92s\r\n" + b"fine")
    assert good == Line(1, "naïve")
    assert bad.fault == "undecodable_bytes"
    assert (bad.number, bad.text) == (2, "it\\x92s")
    assert bad.detail == "byte 0x92 at position 3 is not utf-8"
    assert after == Line(3, "fine")


def test_given_encoding_reads_them(tmp_path: Path) -> None:
    assert _read(tmp_path, b"it\x92s\r\n", "cp1252") == [Line(1, "it’s")]


def test_byte_order_mark_and_line_endings_go_away(tmp_path: Path) -> None:
    lines = _read(tmp_path, b"\xef\xbb\xbfa\r\nb\rc\n\nd")
    assert [line.text for line in lines] == ["a", "b\rc", "", "d"]


def test_gzip_is_recognised_by_content(tmp_path: Path) -> None:
    assert _read(tmp_path, gzip.compress(b"a\nb\n")) == [Line(1, "a"), Line(2, "b")]


def test_endless_line_costs_itself_only(tmp_path: Path) -> None:
    endless = b"x" * (3 * LINE_LIMIT) + b"\n"
    first, second = _read(tmp_path, endless + b"after\n")
    assert first.fault == "too_long"
    assert first.detail == f"a line of {len(endless):,} bytes"
    assert second == Line(2, "after")


def test_longest_allowed_line_is_read(tmp_path: Path) -> None:
    first, second = _read(tmp_path, b"x" * LINE_LIMIT + b"\nafter")
    assert (first.fault, len(first.text)) == (None, LINE_LIMIT)
    assert second.text == "after"


def test_memory_stays_bounded(tmp_path: Path) -> None:
    content = gzip.compress(b"x" * 60_000_000 + b"\n" + b"row\n" * 10)
    path = _file(tmp_path, content)
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_lines(path, "utf-8")) == 11
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * LINE_LIMIT  # of 60 MB
