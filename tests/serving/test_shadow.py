"""Shadow traffic: the candidate answers beside the champion, and no caller notices."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from logged import CANDIDATE, CHAMPION, answered, log_settings, opened, rows_at
from tiny_bundle import PAIRS, make_tiny_payload

from nli_lifecycle.nli.inference import Classifier
from nli_lifecycle.serving.head import Release
from nli_lifecycle.serving.log.reading import LogReader
from nli_lifecycle.serving.log.record import Answered, LogUnavailable
from nli_lifecycle.serving.log.traffic import sum_up
from nli_lifecycle.serving.model import Served
from nli_lifecycle.serving.settings import ShadowSettings
from nli_lifecycle.serving.shadow import CHUNK_PAIRS, Shadow

TEXTS = list(zip(PAIRS["premise"][:4], PAIRS["hypothesis"][:4]))


@pytest.fixture(scope="module")
def classifiers(tmp_path_factory: pytest.TempPathFactory) -> list[Classifier]:
    folder = tmp_path_factory.mktemp("models")
    return [
        Classifier.load(make_tiny_payload(folder / f"model-{seed}", seed=seed), threads=1)
        for seed in (0, 1)
    ]


@dataclass
class Versions:
    """Where the service would find its versions."""

    served: Served | None
    candidate: Served | None


@pytest.fixture
def versions(classifiers: list[Classifier]) -> Versions:
    champion, candidate = classifiers
    return Versions(
        Served(CHAMPION, champion, Path("nowhere")), Served(CANDIDATE, candidate, Path("nowhere"))
    )


class Listener:
    """A log that keeps rows in a list, or has no room."""

    def __init__(self, full: bool = False) -> None:
        self.rows: list[Answered] = []
        self.full = full

    async def record(self, answers) -> None:
        if self.full:
            raise LogUnavailable("no room")
        self.rows.extend(answers)


class Candidate:
    """Answers when it is let, or breaks."""

    def __init__(self, error: Exception | None = None) -> None:
        self.let, self.sizes, self.error = threading.Event(), [], error

    def predict_proba(self, premises, hypotheses):
        self.sizes.append(len(premises))
        assert self.let.wait(5)
        if self.error:
            raise self.error
        return np.tile([0.5, 0.3, 0.2], (len(premises), 1))


def begun(versions: Versions, log, **further) -> Shadow:
    settings = {"share": 1.0, **further.pop("settings", {})}
    return Shadow(versions, log, ShadowSettings(**settings), **further)


def ask(shadow: Shadow, versions: Versions, request: str, pairs=TEXTS) -> None:
    shadow.after_answer(versions.served, pairs, np.zeros((len(pairs), 3)), request, "/predict")


async def drained(shadow: Shadow) -> None:
    while shadow.statistics().queued:
        await asyncio.sleep(0.005)


def test_the_candidate_s_answers_are_logged_beside_the_champion_s(
    versions: Versions, tmp_path: Path
) -> None:
    settings = log_settings(tmp_path)

    async def live() -> None:
        log = opened(settings)
        shadow = begun(versions, log)
        for number in range(3):
            probabilities = versions.served.classifier.predict_proba(*zip(*TEXTS))
            await log.record(
                [
                    answered(f"r{number}", place, premise=p, hypothesis=h, probabilities=tuple(row))
                    for place, ((p, h), row) in enumerate(zip(TEXTS, probabilities.tolist()))
                ]
            )
            ask(shadow, versions, f"r{number}")
        await drained(shadow)
        assert shadow.statistics().answered == 3
        await shadow.close()
        await log.close()

    asyncio.run(live())
    rows = [row for row in rows_at(settings.url) if row["role"] == "shadow"]
    assert [(row["request_id"], row["position"]) for row in rows] == [
        (f"r{number}", place) for number in range(3) for place in range(4)
    ]
    expected = versions.candidate.classifier.predict_proba(*zip(*TEXTS))
    assert [row["p_neutral"] for row in rows[:4]] == pytest.approx(expected[:, 1], abs=1e-6)
    assert {(row["version"], row["digest"], row["endpoint"]) for row in rows} == {
        ("8", CANDIDATE.digest, "/predict")
    }
    ours = versions.served.classifier.predict_proba(*zip(*TEXTS)).argmax(axis=1)
    traffic = sum_up(LogReader(settings.url), CANDIDATE.digest, CHAMPION.digest)
    assert (traffic.requests, traffic.pairs) == (3, 4)
    assert traffic.agreeing == int((ours == expected.argmax(axis=1)).sum())


def test_a_full_queue_skips_and_counts_and_nobody_waits(versions: Versions) -> None:
    slow = Candidate()
    versions.candidate = replace(versions.candidate, classifier=slow)

    async def live() -> None:
        log = Listener()
        shadow = begun(versions, log, settings={"max_queued_pairs": 8})
        began = asyncio.get_running_loop().time()
        for number in range(5):
            ask(shadow, versions, f"r{number}")
        assert asyncio.get_running_loop().time() - began < 0.5
        assert (shadow.statistics().skipped, shadow.statistics().queued) == (3, 8)
        slow.let.set()
        await drained(shadow)
        ask(shadow, versions, "later")
        await drained(shadow)
        assert {row.request_id for row in log.rows} == {"r0", "r1", "later"}
        await shadow.close()

    asyncio.run(live())


@pytest.mark.parametrize("share, least, most", [(0.0, 0, 0), (0.25, 25, 25), (1.0, 100, 100)])
def test_a_share_of_requests_is_answered(
    versions: Versions, share: float, least: int, most: int
) -> None:
    quick = Candidate()
    quick.let.set()
    versions.candidate = replace(versions.candidate, classifier=quick)
    drawn = iter(np.arange(100) / 100)

    async def live() -> int:
        settings = {"share": share, "max_queued_pairs": 1_000}
        shadow = begun(versions, Listener(), settings=settings, draw=lambda: float(next(drawn)))
        for number in range(100):
            ask(shadow, versions, f"r{number}")
        await drained(shadow)
        await shadow.close()
        return shadow.statistics().answered

    assert least <= asyncio.run(live()) <= most


def test_nothing_is_asked_without_a_candidate_or_of_the_champion_itself(versions: Versions) -> None:
    async def live() -> None:
        shadow = begun(versions, Listener())
        candidate, versions.candidate = versions.candidate, None
        ask(shadow, versions, "r1")
        same = Release(CHAMPION.model, "9", CHAMPION.digest, 6)
        versions.candidate = replace(candidate, release=same)
        ask(shadow, versions, "r2")
        assert shadow.statistics().queued == 0
        await shadow.close()

    asyncio.run(live())


def test_it_works_only_while_callers_leave_capacity_chunk_by_chunk(versions: Versions) -> None:
    quick = Candidate()
    quick.let.set()
    versions.candidate = replace(versions.candidate, classifier=quick)
    spare = False

    async def live() -> None:
        nonlocal spare
        log = Listener()
        shadow = begun(versions, log, spare=lambda: spare)
        ask(shadow, versions, "r1", TEXTS * 10)
        await asyncio.sleep(0.05)
        assert quick.sizes == []
        spare = True
        await drained(shadow)
        assert quick.sizes == [CHUNK_PAIRS, CHUNK_PAIRS, 40 - 2 * CHUNK_PAIRS]
        assert [row.position for row in log.rows] == list(range(40))
        assert len({row.latency_ms for row in log.rows}) == 1
        await shadow.close()

    asyncio.run(live())


@pytest.mark.parametrize("full", [False, True])
def test_whatever_fails_is_counted_and_survived(
    versions: Versions, full: bool, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Candidate(None if full else ValueError(f"cannot read {TEXTS[0][0]}"))
    broken.let.set()
    versions.candidate = replace(versions.candidate, classifier=broken)

    async def live() -> None:
        shadow = begun(versions, Listener(full))
        ask(shadow, versions, "r1")
        ask(shadow, versions, "r2")
        await drained(shadow)
        assert (shadow.statistics().failed, shadow.statistics().answered) == (2, 0)
        await shadow.close()

    asyncio.run(live())
    assert "Shadow of version 8 failed" in caplog.text and TEXTS[0][0] not in caplog.text


def test_closing_finishes_the_chunk_at_hand_and_skips_the_rest(versions: Versions) -> None:
    slow = Candidate()
    versions.candidate = replace(versions.candidate, classifier=slow)

    async def live() -> None:
        shadow = begun(versions, Listener())
        ask(shadow, versions, "r1")
        ask(shadow, versions, "r2")
        while not slow.sizes:
            await asyncio.sleep(0.005)
        slow.let.set()
        await shadow.close()
        ask(shadow, versions, "r3")
        now = shadow.statistics()
        assert (now.answered, now.skipped, now.queued) == (1, 1, 0)

    asyncio.run(live())
