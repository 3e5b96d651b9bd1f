"""Frames of a journal: whatever happens to bytes, intact records come back and losses are told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.serving.log.frames import frame, unframe

payloads = st.lists(
    st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace")), max_size=8
)


def framed(records: list[bytes], first: int = 0) -> bytes:
    return b"".join(frame(first + place, record) for place, record in enumerate(records))


@given(payloads, st.integers(0, 10_000))
def test_what_was_framed_comes_back(records: list[bytes], first: int) -> None:
    data = framed(records, first)
    found = unframe(data, first)
    assert found.payloads == records
    assert (found.consumed, found.number, found.lost) == (len(data), first + len(records), 0)


@given(payloads.filter(bool), st.data())
def test_a_torn_tail_loses_the_record_that_was_torn_and_counts_nothing(
    records: list[bytes], data: st.DataObject
) -> None:
    whole = framed(records[:-1])
    last = framed(records)[len(whole) :]
    torn = whole + last[: data.draw(st.integers(1, len(last) - 1))]
    found = unframe(torn, 0)
    assert found.payloads == records[:-1]
    assert (found.consumed, found.lost) == (len(whole), 0)


@given(payloads.filter(bool), st.data())
def test_one_damaged_byte_costs_one_record(records: list[bytes], data: st.DataObject) -> None:
    intact = framed(records)
    place = data.draw(st.integers(0, len(intact) - 1))
    damaged = bytearray(intact)
    damaged[place] ^= data.draw(st.integers(1, 255))
    found = unframe(bytes(damaged), 0)
    assert len(found.payloads) == len(records) - 1
    assert all(record in records for record in found.payloads)
    torn = found.consumed < len(intact)  # in the last one's header it looks like a torn tail
    assert found.lost + torn == 1


def test_a_stretch_of_zeros_over_several_records_is_counted_by_their_numbers() -> None:
    records = [b"record %d" % number for number in range(10)]
    data = bytearray(framed(records))
    size = len(frame(0, records[0]))
    data[3 * size + 5 : 6 * size + 5] = bytes(3 * size)
    found = unframe(bytes(data), 0)
    assert found.payloads == records[:3] + records[7:]
    assert (found.lost, found.number) == (4, 10)


def test_garbage_without_any_frame_is_a_torn_tail() -> None:
    assert unframe(b"\x00" * 100, 0).payloads == []
    assert unframe(b"\x00" * 100, 0).consumed == 0
