"""Pairs of about the same length are answered together: padding costs more than calls do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.serving.batching.batch import (
    CALL_TOKENS,
    LONGEST_TO_SHORTEST,
    SLACK_TOKENS,
    by_length,
)
from nli_lifecycle.serving.batching.queue import estimated_tokens


@given(st.lists(st.integers(3, 2000), max_size=80))
def test_every_pair_is_in_one_group_of_its_length(tokens: list[int]) -> None:
    """No group holds much padding, nor more than fits a cache, unless it is one pair."""
    groups = list(by_length(tokens))
    assert sorted(position for group in groups for position in group) == list(range(len(tokens)))
    for group in groups:
        lengths = [tokens[position] for position in group]
        assert max(lengths) <= LONGEST_TO_SHORTEST * min(lengths) + SLACK_TOKENS
        assert len(group) == 1 or max(lengths) * len(group) <= CALL_TOKENS


def test_alike_pairs_are_one_call() -> None:
    """However they came."""
    assert list(by_length([100, 20, 22, 101, 21])) == [[1, 4, 2], [0, 3]]
    assert list(by_length([])) == []


def test_tokens_are_guessed_from_characters() -> None:
    """About four of English, about two of other scripts; special tokens are always there."""
    assert estimated_tokens(("", "")) == 3
    assert estimated_tokens(("a dog runs in the snow.", "an animal is out.")) == 3 + 5 + 4
    assert estimated_tokens(("猫が寝ている。", "猫がいる。")) == 3 + 3 + 2
