"""The folder of verified versions: damage, restarts, neighbours, and how much it keeps."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from released_bundles import MemoryHead, answer

from nli_lifecycle.nli.bundle import PAYLOAD
from nli_lifecycle.serving.cache import Cache, CacheError
from nli_lifecycle.serving.head import Release

pytest_plugins = ["serving_followers"]


def test_bad_bytes_are_never_loaded(head, follow, bundles, cached, monkeypatch):
    """Not even where a reader breaks its promise to verify them."""
    following = follow()
    release = head.release(bundles[0], 1)

    def lie(asked: Release, folder: Path) -> None:
        shutil.copytree(bundles[0].path, folder)
        with (folder / PAYLOAD / "model.onnx").open("ab") as file:
            file.write(b"x")

    monkeypatch.setattr(head, "fetch", lie)
    following.look()
    assert following.served is None and cached() == set()
    assert "model.onnx is not what was sealed" in following.standing().alert
    monkeypatch.undo()
    following.look(forced=True)
    assert following.served.release == release


def test_another_bundles_bytes_are_refused(head, follow, bundles, cached, monkeypatch):
    following = follow()
    release = head.release(bundles[0], 1)
    monkeypatch.setattr(head, "fetch", lambda _, to: shutil.copytree(bundles[1].path, to))
    following.look()
    assert following.served is None and cached() == set()
    assert f"holds other bytes than {release.model} version 1" in following.standing().alert


@pytest.mark.parametrize("digest", ["../../etc", "", "A" * 64, "a" * 63 + "/"])
def test_a_digest_that_is_none_touches_no_file(head, follow, digest):
    head.head = Release(head.model, "1", digest, 1)
    following = follow()
    following.look()
    assert following.served is None and head.fetched == []
    assert "has no digest that could be one" in following.standing().alert


def test_a_start_without_the_registry(head, follow, bundles):
    first = follow()
    head.away = "Away."
    first.look()
    assert first.served is None and first.standing().alert == "Away."
    head.away = None
    release = head.release(bundles[0], 4)
    first.look()
    first.close()

    head.away = "Away."
    second = follow()
    second.look()
    assert second.served.release == release
    np.testing.assert_array_equal(answer(second), answer(first))
    assert second.standing().reachable is False and second.standing().looked is None
    head.away = None
    head.release(bundles[1], 5)
    second.look()
    assert second.served.release.epoch == 5


def test_a_restart_with_a_bad_head_serves_what_was_served_last(head, follow, bundles, wrong):
    head.release(bundles[0], 1)
    first = follow()
    first.look()
    first.close()
    head.release(wrong, 2)
    second = follow()
    second.look()
    assert second.served.release.epoch == 1
    assert "Golden probe 0" in second.standing().alert


@pytest.mark.parametrize("damage", ["changed", "missing", "link", "record"])
def test_a_damaged_cache_is_refused_and_mended_by_the_registry(
    head, follow, bundles, tmp_path, damage
):
    release = head.release(bundles[0], 1)
    first = follow()
    first.look()
    first.close()
    model = tmp_path / "cache" / release.digest / PAYLOAD / "model.onnx"
    record = tmp_path / "cache" / "served.json"
    if damage == "changed":
        model.write_bytes(model.read_bytes()[:-1] + b"?")
    elif damage == "missing":
        model.unlink()
    elif damage == "link":
        model.rename(tmp_path / "elsewhere")
        model.symlink_to(tmp_path / "elsewhere")
    else:
        record.write_text('{"model": ')
    head.away = "Away."
    second = follow()
    second.look()
    assert second.served is None
    assert second.standing().alert.startswith("Away. ")
    said = "served.json, which names" if damage == "record" else "The cached copy of"
    assert said in second.standing().alert
    head.away = None
    second.look()
    assert second.served.release == release and second.standing().alert is None
    assert json.loads(record.read_text())["epoch"] == 1
    assert (tmp_path / "elsewhere").exists() == (damage == "link")


def test_a_cache_of_another_model_is_refused(head, follow, bundles):
    head.release(bundles[0], 1)
    follow().look()
    with pytest.raises(CacheError, match="holds versions of prod.nli.classifier, not of staging"):
        follow(reader=MemoryHead("staging.nli.classifier"))


def test_a_cache_that_cannot_be_made_says_so(head, follow, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="cannot be used: Not a directory. Give this user"):
        follow(cache=str(tmp_path / "file" / "cache"))


def test_a_full_disk_keeps_the_old_version(head, follow, bundles, monkeypatch):
    following = follow()
    head.release(bundles[0], 1)
    following.look()
    head.release(bundles[1], 2)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(head, "fetch", full)
    following.look()
    assert following.served.release.epoch == 1
    assert "No space left on device" in following.standing().alert


def test_what_cannot_be_noted_is_served_all_the_same(head, follow, bundles, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Cache, "remember", full)
    following = follow()
    head.release(bundles[0], 1)
    following.look()
    assert following.served.release.epoch == 1
    assert "cannot be noted in the cache" in caplog.text


def test_the_cache_is_bounded_and_keeps_what_is_used(head, follow, bundles, cached):
    following = follow(keep=2, with_candidate=True)
    head.submit(bundles[5], "6")
    for epoch, bundle in enumerate(bundles[:5], start=1):
        head.release(bundle, epoch)
        following.look()
        assert cached() == {bundle.digest, bundles[5].digest}
    assert following.candidate.release.version == "6"


def test_the_versions_used_most_recently_stay(head, follow, bundles, cached):
    following = follow(keep=3)
    for epoch, number in enumerate([0, 1, 2, 0, 3], start=1):
        head.release(bundles[number], epoch)
        following.look()
    assert cached() == {bundles[number].digest for number in (2, 0, 3)}


def test_two_followers_on_one_cache(head, follow, bundles, tmp_path, cached):
    """One of them sees an old copy of the database: neither harms the other."""
    stale = MemoryHead()
    old = stale.release(bundles[0], 1)
    ahead, behind = follow(keep=1), follow(keep=1, reader=stale)
    behind.look()
    for epoch, bundle in enumerate(bundles[1:], start=2):
        head.release(bundle, epoch)
        ahead.look()
        assert cached() == {bundle.digest, old.digest}
    behind.look()
    assert behind.served.release == old
    assert json.loads((tmp_path / "cache" / "served.json").read_text())["epoch"] == 6
    behind.close()
    head.release(bundles[1], 7)
    ahead.look()
    assert cached() == {bundles[1].digest}


def test_followers_that_start_at_once_serve_one_release(head, follow, bundles, tmp_path):
    head.release(bundles[0], 1)
    followers = [follow() for _ in range(4)]
    threads = [threading.Thread(target=following.look) for following in followers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [following.served.release.epoch for following in followers] == [1] * 4
    for following in followers:
        following.close()
    left = {path.name for path in (tmp_path / "cache").iterdir()}
    assert left == {bundles[0].digest, "served.json", ".lock"}


FETCHING = """
import sys, time
sys.path[:0] = {path!r}
from pathlib import Path
from nli_lifecycle.serving.cache import Cache
from nli_lifecycle.serving.head import Release

class Slow:
    def fetch(self, release, folder):
        folder.mkdir()
        (folder / "half").write_text("half")
        print("fetching", flush=True)
        time.sleep(60)

Cache(Path({cache!r}), "m", 3).load(Release("m", "1", {digest!r}, 1), Slow())
"""


def test_what_a_process_killed_while_fetching_leaves_is_swept(tmp_path, bundles, head):
    """Its lock died with it; a living one's workplace is left alone."""
    cache = tmp_path / "cache"
    code = FETCHING.format(path=sys.path, cache=str(cache), digest=bundles[0].digest)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "fetching\n"
        beside = Cache(cache, head.model, 3)
        assert len(list(cache.glob("*/*/half"))) == 1  # alive: left alone
        process.kill()
    release = head.release(bundles[0], 1)
    after = Cache(cache, head.model, 3)
    assert list(cache.glob("*/*/half")) == []
    assert after.load(release, head).release == release
    after.close()
    assert len(list(cache.glob(".workplace-*.lock"))) == 1  # that of `beside`
    beside.close()
