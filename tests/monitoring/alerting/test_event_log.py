"""The event log: torn, damaged, full, contended; and what it says after all that."""

from __future__ import annotations

import errno
import json
import logging
import os
import subprocess
import sys
import textwrap
import threading

import pytest
from alerting_windows import HOUR, START, verdict

from nli_lifecycle.monitoring.alerting.alerts import Noise, react
from nli_lifecycle.monitoring.alerting.eventlog import Busy, EventLog, LogDamaged
from nli_lifecycle.monitoring.alerting.events import JudgedEvent
from nli_lifecycle.monitoring.alerting.state import EventError, State

NOW = START + 100 * HOUR


@pytest.fixture
def log(tmp_path):
    return EventLog(tmp_path / "alerts" / "events.jsonl")


def firing(*numbers):
    verdicts = [verdict(number) for number in numbers]
    return lambda state: react(state, verdicts, NOW, noise=Noise(), to={"all": "info"})


def judged(name, arrival=1):
    return JudgedEvent(id=name, time=NOW, arrivals={name: arrival})


def alerts(log):
    return log.read().state.alerts


def test_no_file_is_an_empty_log_and_reading_makes_none(log):
    assert (log.read().state.events, log.read().torn) == ({}, 0)
    assert not log.path.parent.exists()


def test_every_way_to_tear_the_last_line_is_survived(log, caplog):
    log.change(firing(0))
    whole = log.path.read_bytes()
    log.change(firing(1))
    both = log.path.read_bytes()
    after = alerts(log)
    for length in range(len(whole), len(both)):
        log.path.write_bytes(both[:length])
        reading = log.read()
        assert reading.torn == length - len(whole)
        assert [alert.times for alert in reading.state.alerts.values()] == [1]
        log.change(firing(0, 1))
        assert log.path.read_bytes() == both
        assert alerts(log) == after
    assert "unfinished last line" in caplog.text


def test_a_torn_first_line_is_an_empty_log(log):
    log.change(firing(0))
    whole = log.path.read_bytes()
    log.path.write_bytes(whole[:-1])  # complete JSON, but nobody was told that it is kept
    assert (log.read().state.events, log.read().torn) == ({}, len(whole) - 1)
    log.change(firing(0))
    assert log.path.read_bytes() == whole


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (b"{", "line 2: Invalid JSON"),
        (b"", "line 2"),
        (b'{"kind": "promoted"}', "line 2.*promoted"),
        (b"\xff\xfe", "line 2"),
    ],
)
def test_a_damaged_line_is_named_and_nothing_is_added_to_it(log, damage, said):
    for number in range(3):
        log.change(firing(number))
    lines = log.path.read_bytes().split(b"\n")
    lines[1] = damage
    log.path.write_bytes(b"\n".join(lines))
    for attempt in (log.read, lambda: log.change(firing(3))):
        with pytest.raises(LogDamaged, match=said) as raised:
            attempt()
        assert "Put a copy of the file back" in str(raised.value)
    assert log.path.read_bytes() == b"\n".join(lines)


def test_an_event_of_a_newer_version_is_not_guessed_at(log):
    log.change(firing(0))
    line = {**json.loads(log.path.read_text()), "schema_version": 2}
    log.path.write_text(json.dumps(line) + "\n")
    with pytest.raises(LogDamaged, match="schema_version"):
        log.read()


def test_a_line_that_is_gone_is_noticed(log):
    log.change(firing(0))
    log.change(firing(1))
    log.path.write_bytes(log.path.read_bytes().split(b"\n")[1] + b"\n")
    with pytest.raises(LogDamaged, match="line 1: .*not open"):
        log.read()


def test_a_full_disk_leaves_the_log_as_it_was(log, monkeypatch):
    log.change(firing(0))
    before = log.path.read_bytes()
    write, calls = os.write, []

    def full(file, data):
        calls.append(len(data))
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[:10])

    with monkeypatch.context() as patched:
        patched.setattr("nli_lifecycle.monitoring.alerting.eventlog.os.write", full)
        with pytest.raises(OSError, match="No space left"):
            log.change(firing(1))
    assert log.path.read_bytes() == before
    log.change(firing(1))
    assert [alert.times for alert in alerts(log).values()] == [2]


def test_a_decision_that_fails_writes_nothing(log):
    log.change(firing(0))
    before = log.path.read_bytes()

    def decide(state):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        log.change(decide)
    orphan = log.change(firing(1)).events.popitem()[1]
    log.path.write_bytes(before)
    with pytest.raises(EventError):
        log.change(lambda _: [judged("a"), orphan.model_copy(update={"id": "x", "alert": "y"})])
    assert log.path.read_bytes() == before


def test_known_events_are_not_written_again(log):
    log.change(firing(0))
    before = log.path.read_bytes()
    log.change(lambda state: list(state.events.values()))
    assert log.path.read_bytes() == before


def test_one_event_a_line_and_only_ever_added(log):
    sizes = [log.change(firing(number)) and log.path.read_bytes() for number in range(4)]
    assert all(later.startswith(earlier) for earlier, later in zip(sizes, sizes[1:]))
    lines = [json.loads(line) for line in sizes[-1].splitlines()]
    assert [line["kind"] for line in lines] == ["opened", "repeated", "repeated", "repeated"]
    assert oct(log.path.stat().st_mode & 0o777) == "0o600"


def test_who_decides_is_alone_until_it_is_written(log):
    deciding, go_on, seen = threading.Event(), threading.Event(), []

    def slowly(state):
        deciding.set()
        assert go_on.wait(30)
        return firing(0)(state)

    def quickly(state):
        seen.append(len(state.events))
        return firing(0, 1)(state)

    first = threading.Thread(target=log.change, args=(slowly,))
    second = threading.Thread(target=EventLog(log.path).change, args=(quickly,))
    first.start()
    assert deciding.wait(30)
    second.start()
    second.join(0.3)
    assert second.is_alive() and not seen
    go_on.set()
    first.join(30)
    second.join(30)
    assert seen == [1] and [alert.times for alert in alerts(log).values()] == [2]


def test_no_event_of_many_threads_is_lost(log):
    def add(thread):
        for number in range(20):
            EventLog(log.path).change(lambda _: [judged(f"{thread}-{number}")])

    threads = [threading.Thread(target=add, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(log.read().state.judged) == {f"{a}-{b}" for a in range(4) for b in range(20)}


def test_processes_that_judge_the_same_open_one_alert(log):
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from test_event_log import EventLog, firing
        for number in range(10):
            EventLog(Path(sys.argv[1])).change(firing(*range(number + 1)))
        """
    )
    here = os.path.dirname(__file__)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, sys.path)])}
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(log.path)], env=environ)
        for _ in range(2)
    ]
    assert [process.wait(60) for process in running] == [0, 0]
    assert [alert.times for alert in alerts(log).values()] == [10]


def test_one_run_acts_at_a_time_and_the_lock_ends_with_its_block(log):
    with log.alone():
        with pytest.raises(Busy, match="Another run is taking actions"):
            with EventLog(log.path).alone():
                raise AssertionError
        log.change(firing(0))  # noting is not acting
    with log.alone():
        pass


def test_replaying_gives_the_same_state(log, caplog):
    caplog.set_level(logging.WARNING)
    state = log.change(firing(0, 1, 2))
    again = log.read().state
    assert (again.alerts, again.events) == (state.alerts, state.events)
    assert State(again.events.values()).alerts == state.alerts
    assert not caplog.text
