"""Feedback becomes words about pairs where the log holds texts, and is accounted for elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from asked_pairs import word
from logged import Log, answered, said

from nli_lifecycle.nli.data.pairs import fingerprint
from nli_lifecycle.review.feedback import words_of_log
from nli_lifecycle.serving.log.reading import LogReader, NoLogHere

PAIR = fingerprint("A man walks his dog.", "A dog is outside.")


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/log.db"


def test_there_must_be_a_log(tmp_path: Path) -> None:
    with pytest.raises(NoLogHere):
        words_of_log(LogReader(url(tmp_path)), [])


def test_a_log_without_texts_gives_no_words_and_says_so(tmp_path: Path) -> None:
    log = Log(url(tmp_path))
    log.add(answered())
    log.say(said(), said(source="bob"))
    log.close()
    asked, account = words_of_log(LogReader(url(tmp_path)), [])
    assert (asked, account.taken, account.read) == ([], (), 2)
    assert {(one.place, one.reason) for one in account.set_aside} == {("r1:0", "no_text")}


@pytest.fixture
def plain(tmp_path: Path) -> LogReader:
    log = Log(url(tmp_path), texts=True)
    shadow = {"role": "shadow", "premise": "The shadow's.", "probabilities": (0.1, 0.8, 0.1)}
    log.add(answered(), answered(**shadow), answered("r2", premise=" A  man walks his dog. "))
    log.say(said("entailment"), said("neutral", after=5), said("contradiction", source="bob"))
    log.say(said("neutral", request_id="r2", source="cat"), said(request_id="r9"))
    log.close()
    return LogReader(url(tmp_path))


def test_last_words_about_pairs_whose_texts_are_known(plain: LogReader) -> None:
    asked, account = words_of_log(plain, [])
    assert account.read == 4 and account.waiting == account.known == 0
    assert {(one.reviewer, one.label) for one in account.taken} == {
        *(("ann", "neutral"), ("bob", "contradiction"), ("cat", "neutral"))
    }
    assert {one.review_id for one in account.taken} == {PAIR}
    assert [(one.place, one.reason) for one in account.set_aside] == [("r9:0", "no_prediction")]
    assert {(one.reason, one.review_id, one.label) for one in asked} == {("feedback", PAIR, None)}
    assert {one.premise for one in asked} == {"A man walks his dog."}


def test_what_is_known_is_not_taken_again(plain: LogReader) -> None:
    _, account = words_of_log(plain, [])
    _, again = words_of_log(plain, account.taken)
    assert (again.taken, again.known) == ((), 3)
    other = word(PAIR, "ann", "entailment")
    assert len(words_of_log(plain, [other])[1].taken) == 3
