"""What came by the service's `/feedback`, as words about pairs: where the log holds texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from nli_lifecycle.nli.data.pairs import fingerprint, normalise
from nli_lifecycle.review.importing import Account, SetAside, new_words
from nli_lifecycle.review.records import Asked, Word
from nli_lifecycle.serving.log.reading import LogReader

_COLUMNS = ["request_id", "position", "role", "digest", "premise", "hypothesis"]
Said = dict[str, Any]


def words_of_log(log: LogReader, known: Sequence[Word]) -> tuple[list[Asked], Account]:
    """Join feedback with the pairs it is about.

    The log holds texts only where the service runs with ``log.text: plain``. Feedback about other
    requests is set aside: monitoring measures by it, but nobody can train on it.

    Args:
        log: the inference log; read once, from its beginning.
        known: all words so far.

    Returns:
        The pairs, as asked by whoever gave feedback, and what became of each source's last word.

    Raises:
        NoLogHere: there is none.
        SQLAlchemyError: it cannot be read.
    """
    said: dict[tuple[str, int], list[Said]] = defaultdict(list)
    for batch in log.last_words():
        for row in _rows(batch):
            said[row["request_id"], row["position"]].append(row)
    read = sum(map(len, said.values()))
    asked: list[Asked] = []
    words: list[Word] = []
    aside: list[SetAside] = []
    for batch in log.rows(columns=_COLUMNS) if said else ():
        for row in _rows(batch):
            if row["role"] != "champion":
                continue
            about = said.pop((row["request_id"], row["position"]), [])
            if about and row["premise"] is None:
                what = "no_text", "the log holds no texts: log.text is not plain"
                aside += [SetAside(_place(one), *what) for one in about]
            elif about:
                asked.append(_asked(row))
                words += [_word(one, asked[-1].review_id) for one in about]
    what = "no_prediction", "the log does not hold the request it is about"
    aside += [SetAside(_place(one), *what) for about in said.values() for one in about]
    new = new_words(words, known)
    return asked, Account(read, new, len(words) - len(new), 0, tuple(aside))


def _asked(row: Said) -> Asked:
    premise, hypothesis = normalise(row["premise"]), normalise(row["hypothesis"])
    return Asked(
        review_id=fingerprint(premise, hypothesis),
        reason="feedback",
        candidate=row["digest"],
        champion=None,
        pair_id=_place(row),
        genre="",
        premise=premise,
        hypothesis=hypothesis,
        label=None,
    )


def _word(one: Said, review_id: str) -> Word:
    return Word(
        review_id=review_id,
        reviewer=one["source"],
        label=one["label"],
        note=one["comment"],
        file=f"inference_log {one['time'].isoformat()}",
        place=_place(one),
        time=one["time"],
    )


def _place(row: Said) -> str:
    return f"{row['request_id']}:{row['position']}"


def _rows(batch: dict[str, list[Any]]) -> list[Said]:
    return [dict(zip(batch, row)) for row in zip(*batch.values())]
