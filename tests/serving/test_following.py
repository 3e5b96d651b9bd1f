"""What the service serves while releases come, go and go wrong."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
import weakref

import numpy as np
import psutil
import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st
from released_bundles import PAIR, MemoryHead, answer, answer_of, until

from nli_lifecycle.serving.following import Following
from nli_lifecycle.serving.head import HeadUnavailable, Release
from nli_lifecycle.serving.settings import FollowSettings

pytest_plugins = ["serving_followers"]


def _warnings(caplog) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


def test_nothing_is_served_before_the_first_release(head, follow, bundles):
    following = follow()
    assert following.standing().reachable is False and following.standing().looked is None
    following.look()
    assert following.served is None
    standing = following.standing()
    assert (standing.reachable, standing.head, standing.alert) == (True, None, None)
    release = head.release(bundles[0], 1)
    following.look()
    assert following.served.release == release == following.standing().head


def test_a_release_is_followed_and_the_old_one_goes_when_its_last_user_does(head, follow, bundles):
    following = follow()
    head.release(bundles[0], 1)
    following.look()
    first, before = following.served, answer(following)
    head.release(bundles[1], 2)
    following.look()
    assert following.served.release.epoch == 2
    assert not np.allclose(answer(following), before)
    np.testing.assert_allclose(first.classifier.predict_proba(*PAIR), before)
    gone = weakref.ref(first.classifier)
    del first
    gc.collect()
    assert gone() is None


def test_an_entry_that_moves_nobody_raises_the_epoch_and_loads_nothing(head, follow, bundles):
    following = follow()
    head.release(bundles[0], 1)
    following.look()
    loaded = following.served.classifier
    head.release(bundles[0], 2, version="1")
    following.look()
    assert following.served.release == Release(head.model, "1", bundles[0].digest, 2)
    assert following.served.classifier is loaded
    assert head.fetched == [bundles[0].digest]


def test_a_rollback_is_followed_from_the_cache(head, follow, bundles):
    following = follow()
    for epoch, bundle in enumerate([bundles[0], bundles[1], bundles[0]], start=1):
        head.release(bundle, epoch)
        following.look()
    assert following.served.release.epoch == 3
    assert following.served.release.digest == bundles[0].digest
    assert head.fetched == [bundles[0].digest, bundles[1].digest]


@pytest.mark.parametrize("other", [True, False])
def test_a_lower_epoch_is_refused_and_said_once(head, follow, bundles, caplog, other):
    following = follow()
    head.release(bundles[0], 7)
    following.look()
    served = following.served
    back = head.release(bundles[1] if other else bundles[0], 6)
    with caplog.at_level(logging.WARNING):
        following.look()
        following.look()
    assert following.served is served
    assert following.standing().head == back
    assert "at epoch 6 (version 6), but epoch 7 (version 7)" in following.standing().alert
    assert len(_warnings(caplog)) == 1
    head.release(bundles[1], 8)
    following.look()
    assert following.served.release.epoch == 8 and following.standing().alert is None


def test_another_release_of_the_same_epoch_is_refused(head, follow, bundles):
    following = follow()
    head.release(bundles[0], 3)
    following.look()
    head.release(bundles[1], 3)
    following.look()
    assert following.served.release.digest == bundles[0].digest
    assert "stale copy" in following.standing().alert


def test_a_lower_epoch_is_refused_after_a_restart_too(head, follow, bundles):
    head.release(bundles[0], 7)
    first = follow()
    first.look()
    first.close()
    head.release(bundles[1], 2)
    second = follow()
    second.look()
    assert second.served.release == Release(head.model, "7", bundles[0].digest, 7)
    assert "epoch 7 (version 7) was served already" in second.standing().alert
    head.head = None
    second.look()
    assert "names no champion any more" in second.standing().alert
    assert second.served.release.epoch == 7


def test_wrong_answers_keep_the_old_version(head, follow, bundles, wrong, caplog):
    following = follow()
    head.release(bundles[0], 1)
    following.look()
    served = following.served
    bad = head.release(wrong, 2)
    with caplog.at_level(logging.WARNING):
        following.look()
        following.look()
    assert following.served is served
    standing = following.standing()
    assert standing.head == bad and standing.reachable
    assert standing.alert.startswith(
        "Version 2 of prod.nli.classifier (epoch 2) is not served, version 1 goes on"
    )
    assert "Golden probe 0" in standing.alert
    assert len(_warnings(caplog)) == 1
    head.release(bundles[1], 3)
    following.look()
    assert following.served.release.epoch == 3 and following.standing().alert is None


def test_a_failure_is_tried_again_after_a_while_and_when_asked(head, follow, bundles, monkeypatch):
    following = follow()
    head.release(bundles[0], 1)
    following.look()
    head.release(bundles[1], 2)
    del head.folders[bundles[1].digest]
    following.look()
    assert "Version 2 was deleted." in following.standing().alert
    head.folders[bundles[1].digest] = bundles[1].path  # brought back
    following.look()
    assert following.served.release.epoch == 1  # too soon
    following.look(forced=True)
    assert following.served.release.epoch == 2

    head.release(bundles[2], 3)
    head.store_away = True
    following.look()
    assert "The store cannot be reached." in following.standing().alert
    head.store_away = False
    now = time.monotonic()
    monkeypatch.setattr("nli_lifecycle.serving.slot.monotonic", lambda: now + 31)
    following.look()
    assert following.served.release.epoch == 3


def test_waits_grow(head, follow, bundles, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("nli_lifecycle.serving.slot.monotonic", lambda: now[0])
    following, tries = follow(), []
    head.release(bundles[0], 1)
    monkeypatch.setattr(head, "fetch", lambda *_: tries.append(now[0]) or 1 / 0)
    for _ in range(3_600):
        following.look()
        now[0] += 1
    waits = np.diff(tries)
    assert waits[:5].tolist() == [30, 60, 120, 240, 480] and set(waits[5:]) == {600}
    assert "ZeroDivisionError" in following.standing().alert


def test_the_registry_goes_away_and_comes_back(head, follow, bundles):
    following = follow()
    head.release(bundles[0], 1)
    following.look()
    looked = following.standing().looked
    head.away = "The database cannot be reached."
    following.look()
    standing = following.standing()
    assert following.served.release.epoch == 1
    assert (standing.reachable, standing.looked) == (False, looked)
    assert standing.head == following.served.release
    assert standing.alert == "The database cannot be reached."
    head.away = None
    head.release(bundles[1], 2)
    following.look()
    assert following.served.release.epoch == 2
    assert following.standing().reachable and following.standing().looked > looked


def test_that_the_registry_is_away_is_said_once(head, follow, bundles, caplog):
    """Whatever else its client says at each attempt."""
    following = follow()
    with caplog.at_level(logging.WARNING):
        for attempt in range(5):
            head.away = f"Connection refused, attempt {attempt}."
            following.look()
    assert _warnings(caplog) == ["Connection refused, attempt 0."]
    assert following.standing().alert == "Connection refused, attempt 4."


def test_the_candidate_never_becomes_champion_by_itself(head, follow, bundles, wrong):
    following = follow(with_candidate=True)
    head.release(bundles[0], 1)
    candidate = head.submit(bundles[1], "2")
    following.look()
    assert following.served.release.epoch == 1
    assert following.candidate.release == candidate
    head.submit(wrong, "3")
    following.look()
    assert following.candidate.release == candidate  # goes on answering for the log
    assert "Version 3 of prod.nli.classifier (epoch 1) is not served" in following.standing().alert
    head.submit(bundles[0], "1")
    following.look()
    assert following.candidate is None and following.standing().alert is None
    head.release(bundles[1], 2)
    head.submit(bundles[1], "2")
    following.look()
    assert following.served.release.epoch == 2 and following.candidate is None


def test_a_candidate_that_cannot_be_asked_for_leaves_the_champion_alone(
    head, follow, bundles, monkeypatch
):
    def foreign():
        raise HeadUnavailable("Version 9 has no digest tag.")

    monkeypatch.setattr(head, "candidate", foreign)
    following = follow(with_candidate=True)
    head.release(bundles[0], 1)
    following.look()
    assert following.served.release.epoch == 1
    assert following.standing().reachable
    assert following.standing().alert == "Version 9 has no digest tag."


def test_no_shadow_no_candidate(head, follow, bundles):
    head.release(bundles[0], 1)
    head.submit(bundles[1], "2")
    following = follow()
    following.look()
    assert following.candidate is None and bundles[1].digest not in head.fetched


def test_the_thread_looks_by_itself_and_when_asked(head, follow, bundles):
    following = follow(poll_s=0.02)
    head.release(bundles[0], 1)
    following.start()
    until(lambda: following.served is not None)
    head.release(bundles[1], 2)
    until(lambda: following.served.release.epoch == 2)
    following.close()

    slow = follow()
    slow.start()
    until(lambda: slow.served is not None)
    head.release(bundles[2], 3)
    asyncio.run(slow.refresh())
    assert slow.served.release.epoch == 3
    slow.close()
    asyncio.run(slow.refresh())  # after the end: nothing, at once


def test_a_look_that_breaks_does_not_end_following(head, follow, bundles, monkeypatch):
    following = follow(poll_s=0.02)
    head.release(bundles[0], 1)
    monkeypatch.setattr(head, "champion", lambda: 1 / 0)
    following.start()
    until(lambda: following.standing().alert is not None)
    assert "ZeroDivisionError" in following.standing().alert
    monkeypatch.undo()
    until(lambda: following.served is not None and following.standing().alert is None)


def test_a_registry_that_hangs_keeps_nobody_waiting(head, follow, monkeypatch):
    monkeypatch.setattr("nli_lifecycle.serving.following.SHUTDOWN_S", 0.1)
    answered = threading.Event()
    monkeypatch.setattr(head, "champion", lambda: answered.wait() and None)
    following = follow()
    following.start()
    begun = time.monotonic()
    following.close()
    assert time.monotonic() - begun < 10
    answered.set()
    until(lambda: not any(thread.name == "following" for thread in threading.enumerate()))


@pytest.mark.parametrize("swaps", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_swaps_under_readers(head, follow, bundles, swaps):
    """Readers never find nothing, nothing half-loaded, nor an older epoch than before."""
    following = follow()
    head.release(bundles[0], 1)
    following.look()
    expected = {bundle.digest: answer_of(bundle) for bundle in bundles[:3]}
    over, faults, seen = threading.Event(), [], set()

    def read() -> None:
        epoch = 0
        while not over.is_set():
            served = following.served
            if served is None or served.release.epoch < epoch:
                faults.append((served, epoch))
                return
            epoch = served.release.epoch
            found = served.classifier.predict_proba(*PAIR)
            if not np.allclose(found, expected[served.release.digest], atol=1e-6):
                faults.append((served.release, found))
            seen.add(epoch)
            time.sleep(0.005)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for epoch in range(2, swaps + 2):
        head.release(bundles[epoch % 3], epoch)
        following.look()
        assert following.standing().alert is None
    over.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert following.served.release.epoch == swaps + 1
    assert len(seen) > swaps / 10


@pytest.mark.slow
def test_memory_does_not_grow_with_swaps(head, follow, bundles):
    following = follow()
    process = psutil.Process()

    def swap(epochs: range) -> int:
        for epoch in epochs:
            head.release(bundles[epoch % 3], epoch)
            following.look()
        gc.collect()
        return process.memory_info().rss

    before = swap(range(1, 16))
    after = swap(range(16, 66))
    assert after - before < 5_000_000  # a session that stays holds 1 MB and more


@hypothesis_settings(max_examples=15, deadline=None)
@given(events=st.lists(st.tuples(st.integers(0, 5), st.integers(-2, 3), st.booleans()), max_size=6))
def test_epochs_never_fall_whatever_the_registry_shows(events, bundles, tmp_path_factory):
    head = MemoryHead()
    cache = tmp_path_factory.mktemp("cache")
    following = Following(head, FollowSettings(cache=str(cache), keep=2))
    epoch, highest = 3, 0
    try:
        for number, step, away in events:
            epoch = max(0, epoch + step)
            head.release(bundles[number], epoch)
            head.away = "Away." if away else None
            following.look()
            if following.served is not None:
                assert following.served.release.epoch >= highest
                highest = following.served.release.epoch
            if following.standing().alert is None:
                assert following.served.release == head.head
            assert sum(len(path.name) == 64 for path in cache.iterdir()) <= 2
    finally:
        following.close()
