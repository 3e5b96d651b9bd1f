"""From lines to fields, as CSV and TSV files write them, quoted (RFC 4180) or not.

Python's ``csv`` would drop a stray quote without a word, and take one that never closes for a
field that holds the rest of the file: here either costs its own row, with a reason.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import Enum

from nli_lifecycle.nli.data.raw.lines import Line

#: Longest quoted field, in physical lines, before its opening quote is taken for a stray one.
RECORD_LINES = 100


class Quotes(Enum):
    """Why a text cannot be split into fields."""

    UNCLOSED = "unclosed_quote"
    STRAY = "stray_quote"


def split_records(
    lines: Iterator[Line], delimiter: str, quoted: bool
) -> Iterator[tuple[Line, list[str] | Quotes]]:
    """Split lines into records of fields; blank lines are no records.

    Args:
        lines: the physical lines of a file.
        delimiter: one character.
        quoted: whether quotes may enclose fields; if not, they are text like any other.

    Yields:
        The line where the record starts (faulty if any line of the record is), and its fields
        or why it has none.
    """
    if not quoted:
        for line in lines:
            if line.text.strip():
                yield line, line.text.split(delimiter)
        return
    ahead: deque[Line] = deque()
    while (first := ahead.popleft() if ahead else next(lines, None)) is not None:
        if not first.text.strip():
            continue
        if '"' not in first.text or first.fault == "too_long":
            yield first, first.text.split(delimiter)
            continue
        taken = [first]
        alone = fields = split_quoted(first.text, delimiter)
        while fields is Quotes.UNCLOSED and len(taken) < RECORD_LINES:
            more = ahead.popleft() if ahead else next(lines, None)
            if more is None or more.fault == "too_long":
                ahead.extendleft([more] if more else [])
                break
            taken.append(more)
            if '"' in more.text:
                fields = split_quoted("\n".join(line.text for line in taken), delimiter)
        if isinstance(fields, Quotes):  # costs its own line, not the lines behind it
            ahead.extendleft(reversed(taken[1:]))
            taken, fields = [first], alone
        faulty = next((line for line in taken if line.fault), first)
        yield faulty._replace(number=first.number), fields


def split_quoted(text: str, delimiter: str) -> list[str] | Quotes:
    """Split one record into fields, of which any may be quoted.

    Args:
        text: the record; a quoted field may hold delimiters and line breaks.
        delimiter: one character.

    Returns:
        The fields without their quotes, or why there are none: a quoted field that does not
        close, or that closes before the end of its field.
    """
    fields: list[str] = []
    start = 0
    while True:
        if text.startswith('"', start):
            end = _closing_quote(text, start + 1)
            if end < 0:
                return Quotes.UNCLOSED
            fields.append(text[start + 1 : end].replace('""', '"'))
            end += 1
            if end < len(text) and text[end] != delimiter:
                return Quotes.STRAY
        else:
            end = text.find(delimiter, start)
            end = len(text) if end < 0 else end
            fields.append(text[start:end])
        if end >= len(text):
            return fields
        start = end + 1


def _closing_quote(text: str, start: int) -> int:
    """Find the quote that closes a field; a doubled one stands for itself. -1: there is none."""
    end = text.find('"', start)
    while end >= 0 and text.startswith('"', end + 1):
        end = text.find('"', end + 2)
    return end
