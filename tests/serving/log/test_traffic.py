"""Shadow evidence from the log: pairs that both versions, by their bytes, answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from logged import CANDIDATE, CHAMPION, Log, answered
from servers import postgresql_server  # noqa: F401

from nli_lifecycle.serving.head import Release
from nli_lifecycle.serving.log.reading import LogReader, NoLogHere
from nli_lifecycle.serving.log.traffic import Latency, sum_up

AGREES, DISAGREES = (0.8, 0.1, 0.1), (0.1, 0.8, 0.1)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(f"sqlite:///{tmp_path}/log.db")
    yield log
    log.close()


def asked(log: Log, request: str, texts: list[str], agreeing: int, ours=3.0, theirs=2.0) -> None:
    """Both answer a request's pairs; the candidate gives the champion's label to the first ones."""
    for place, text in enumerate(texts):
        champion = answered(
            request, place, premise=text, probabilities=AGREES, latency_ms=theirs, release=CHAMPION
        )
        said = AGREES if place < agreeing else DISAGREES
        shadow = replace(champion, role="shadow", release=CANDIDATE, latency_ms=ours)
        log.add(champion, replace(shadow, probabilities=said))


def found(log: Log, candidate: Release = CANDIDATE, champion: Release = CHAMPION):
    return sum_up(log.reader, candidate.digest, champion.digest)


def check_sums(log: Log) -> None:
    asked(log, "r1", ["a", "b", "c"], agreeing=2, ours=6, theirs=3)
    asked(log, "r2", ["d"], agreeing=1, ours=1, theirs=2)
    traffic = found(log)
    assert (traffic.requests, traffic.pairs, traffic.agreeing, traffic.clusters) == (2, 4, 3, 2)
    assert traffic.size_squares == 3 * 3 + 1 * 1
    assert traffic.agreeing_squares == 2 * 2 + 1 * 1
    assert traffic.products == 3 * 2 + 1 * 1
    assert (traffic.candidate, traffic.champion) == (Latency(1, 6), Latency(2, 3))


def test_what_both_answered_is_summed_up(log: Log) -> None:
    check_sums(log)


def test_other_bytes_never_count(log: Log) -> None:
    asked(log, "r1", ["a"], agreeing=1)
    other = replace(CANDIDATE, digest="c" * 64)
    assert found(log, candidate=other).requests == 0
    assert found(log, champion=other).requests == 0
    assert found(log, candidate=CHAMPION, champion=CANDIDATE).requests == 0
    nothing = found(log, candidate=other)
    assert (nothing.pairs, nothing.agreeing, nothing.candidate) == (0, 0, None)


def test_an_answer_that_only_one_of_them_gave_does_not_count(log: Log) -> None:
    log.add(answered("r1", premise="a"))
    log.add(answered("r2", premise="a", role="shadow", release=CANDIDATE))
    assert found(log).requests == 0


def test_a_request_id_that_a_caller_uses_for_another_pair_compares_nothing(log: Log) -> None:
    log.add(answered("r1", premise="a"))
    log.add(answered("r1", premise="b", role="shadow", release=CANDIDATE))
    assert found(log).requests == 0


def test_a_pair_that_is_asked_again_and_again_counts_once(log: Log) -> None:
    for number in range(50):
        asked(log, f"r{number:02d}", ["health check"], agreeing=1)
    traffic = found(log)
    assert (traffic.requests, traffic.pairs, traffic.agreeing, traffic.clusters) == (50, 1, 1, 1)


def test_the_99th_percentile_is_the_smallest_time_that_99_in_100_requests_keep(log: Log) -> None:
    for number in range(1, 201):
        asked(log, f"r{number}", [f"text {number}"], agreeing=1, ours=number, theirs=2 * number)
    traffic = found(log)
    assert (traffic.candidate, traffic.champion) == (Latency(100, 198), Latency(200, 396))


def test_without_a_log_there_is_nothing_to_sum_up(tmp_path: Path) -> None:
    with pytest.raises(NoLogHere):
        sum_up(LogReader(f"sqlite:///{tmp_path}/nowhere.db"), "b" * 64, "a" * 64)


@pytest.mark.slow
def test_postgresql_gives_the_same_sums(postgresql_server) -> None:  # noqa: F811
    log = Log(postgresql_server("log_traffic"))
    check_sums(log)
    log.close()
