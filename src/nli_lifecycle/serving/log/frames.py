"""How records lie in a journal's segment: marked, numbered, with length and checksum.

A record that is damaged is skipped to the next intact one, and the numbers tell how many are lost.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

#: Begins each frame. No payload holds it: 0xff and 0xfe occur in no UTF-8 text.
MARK = b"\xffNL\xfe"
_HEADER = struct.Struct("<4sIII")  # mark, number, bytes of the payload, CRC-32


@dataclass(frozen=True)
class Unframed:
    """What a stretch of a segment holds.

    Attributes:
        payloads: the intact records.
        consumed: bytes up to the end of the last frame that was judged.
        number: number that the next frame should carry.
        lost: records that were written whole and are damaged.
    """

    payloads: list[bytes]
    consumed: int
    number: int
    lost: int


def frame(number: int, payload: bytes) -> bytes:
    """Wrap a record.

    Args:
        number: its place in the segment, from 0.
        payload: UTF-8 text.
    """
    return _HEADER.pack(MARK, number, len(payload), _checksum(number, payload)) + payload


def unframe(data: bytes, number: int) -> Unframed:
    """Take records out of their frames.

    Args:
        data: bytes of a segment, from the beginning of a frame.
        number: the first frame's number.

    Returns:
        The records, in order. Bytes beyond ``consumed`` are the beginning of a frame whose end is
        not there: a write that a crash interrupted.
    """
    payloads: list[bytes] = []
    offset = consumed = lost = 0
    expected = number
    while offset < len(data):
        found = _read(data, offset)
        if found is not None and found[0] >= expected:
            lost += found[0] - expected
            payloads.append(found[1])
            expected = found[0] + 1
            consumed = offset = offset + _HEADER.size + len(found[1])
            continue
        offset = data.find(MARK, offset + 1)
        if offset < 0:
            break
    while size := _whole(data, consumed):  # all there, so that no interrupted write explains it
        consumed, expected, lost = consumed + size, expected + 1, lost + 1
    return Unframed(payloads, consumed, expected, lost)


def _read(data: bytes, offset: int) -> tuple[int, bytes] | None:
    """Number and payload of the frame that begins here; None: it is damaged or not all there."""
    if len(data) - offset < _HEADER.size:
        return None
    mark, number, length, checksum = _HEADER.unpack_from(data, offset)
    start = offset + _HEADER.size
    payload = data[start : start + length]
    if mark != MARK or len(payload) != length or _checksum(number, payload) != checksum:
        return None
    return number, payload


def _whole(data: bytes, offset: int) -> int:
    """Bytes of the frame that begins here, by its own word; 0: not all of them are there."""
    if len(data) - offset < _HEADER.size or data[offset : offset + len(MARK)] != MARK:
        return 0
    size = _HEADER.size + int(_HEADER.unpack_from(data, offset)[2])
    return size if size <= len(data) - offset else 0


def _checksum(number: int, payload: bytes) -> int:
    return zlib.crc32(payload, number)
