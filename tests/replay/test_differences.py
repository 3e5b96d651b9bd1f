"""What is said about a run and today."""

from __future__ import annotations

from typing import Any

from recorded import CODE, record

from nli_lifecycle.replay.differences import Today, code_differences, differences, results
from nli_lifecycle.replay.overrides import Change
from nli_lifecycle.replay.record import RESULTS


def today(**facts: Any) -> Today:
    same = {"code": CODE, "places": "p", "home": "/home", "data_version": "d" * 64, "files": ()}
    return Today(**{**same, **facts})


def said(**facts: Any) -> list[str]:
    return differences(record(), "d" * 64, today(**facts), ())


def test_nothing_differs() -> None:
    assert said() == []


def test_every_kind_of_difference_is_a_line() -> None:
    code = CODE.model_copy(update={"git_sha": "b" * 40, "version": "w", "source": "t"})
    assert said(data_version="e" * 64) == ["Data version was dddddddddddd, is eeeeeeeeeeee."]
    assert said(data_version=None) == ["Data version was dddddddddddd, there are no data now."]
    assert said(files=("Raw file x is gone.",)) == ["Raw file x is gone."]
    assert said(home="/other", places="q") == ["NLI_HOME was /home, is /other."]
    assert said(places="q") == [
        "Globals or catalog differ: where things lie, or how they are stored."
    ]
    assert said(code=code) == [
        "Git commit was aaaaaaaaaaaa, is bbbbbbbbbbbb.",
        "Code that makes a model was version v, is w.",
    ]
    kept = record(code=CODE.model_copy(update={"libraries": {"torch": "2.12", "onnx": "1.2"}}))
    now = today(code=CODE.model_copy(update={"libraries": {"torch": "2.13"}}))
    assert differences(kept, None, now, ()) == [
        "torch was 2.12, is 2.13.",
        "onnx was 1.2, is absent.",
    ]


def test_a_parameter_that_was_given_then_is_no_difference() -> None:
    one, other = Change(("a",), 1, 2), Change(("b",), 1, 2, given=True)
    assert differences(record(), None, today(), [one, other]) == ["Parameter a was 1, is 2."]


def test_uncommitted_changes_matter_only_where_the_code_differs() -> None:
    dirty = CODE.model_copy(update={"git_dirty": True})
    assert code_differences(dirty, CODE) == []
    other = CODE.model_copy(update={"source": "t"})
    assert code_differences(dirty, other) == [
        "Code differs, though not what makes a model.",
        "The run had changes that no commit holds: its commit alone is not its code.",
    ]


def test_outside_a_checkout_the_source_text_decides() -> None:
    packed = CODE.model_copy(update={"git_sha": None})
    assert code_differences(CODE, packed) == []


def test_results_are_compared_one_by_one() -> None:
    was = {"data_version": "d" * 64, "training_key": "k" * 16, "digest": "x" * 64}
    assert results(was, was, RESULTS) == [
        "Data version dddddddddddd: the same.",
        "Training key kkkkkkkkkkkk: the same.",
        "Digest xxxxxxxxxxxx: the same.",
    ]
    assert results(was, {**was, "digest": "y" * 64}, RESULTS)[2] == (
        "Digest differs: was xxxxxxxxxxxx, is yyyyyyyyyyyy."
    )
    assert results({}, {"digest": "y" * 64}, RESULTS) == [
        "Digest differs: was not recorded, is yyyyyyyyyyyy."
    ]
    assert results({}, {}, RESULTS) == []
