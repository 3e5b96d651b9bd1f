"""Windows cover a premise as asked, and their answers are joined as documented."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from encoder_families import FAMILIES
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tiny_bundle import make_tiny_payload
from tiny_encoder import WORDS, make_tiny_encoder
from tokenizers import Encoding, Tokenizer

from nli_lifecycle.nli import inference
from nli_lifecycle.nli.inference import Classifier, PayloadError, Window, fit, pool, stretch
from nli_lifecycle.nli.training.encoding import load_tokenizer
from nli_lifecycle.parameters import TrainingParameters

MAX_LENGTH, OVERLAP = 24, 5
TEXTS = st.lists(st.sampled_from(WORDS), max_size=120).map(" ".join)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load_tokenizer(make_tiny_encoder(tmp_path_factory.mktemp("windows"))).backend_tokenizer


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_payload(
        tmp_path_factory.mktemp("windows") / "payload", max_length=MAX_LENGTH, overlap=OVERLAP
    )


# ---- refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window_overlap": None}, "'windows' and window_overlap None, which do not fit"),
        ({"window_overlap": -1}, "window_overlap -1, which do not fit"),
        ({"window_overlap": 2.5}, "window_overlap 2.5, which do not fit"),
        ({"long_premises": "halves"}, "of format 2 says long_premises 'halves'"),
        ({"long_premises": "cut", "window_overlap": None}, "of format 2 says long_premises 'cut'"),
        ({"format": 1}, "of format 1 says long_premises 'windows'"),
        ({"format": 3}, r"has format 3; this code reads formats \[1, 2\]"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(
    payload: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    settings = json.loads((payload / "inference.json").read_text())
    (tmp_path / "inference.json").write_text(json.dumps(settings | changes))
    with pytest.raises(PayloadError, match=message):
        Classifier.load(tmp_path)


def test_an_overlap_that_leaves_no_way_forward_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"window_overlap is 32 tokens.*max_length \(64\)"):
        TrainingParameters(max_length=64, long_premises="windows")
    assert TrainingParameters(max_length=64).overlap is None
    assert TrainingParameters(max_length=128, long_premises="windows").overlap == 32


# ---- windows -----------------------------------------------------------------------------------


def _stretch_of(window: Window, whole: Encoding) -> list[int]:
    """A window's part of the premise; all else must be as in the whole pair."""
    outside = [text != 0 for text in whole.sequence_ids]
    head = outside.index(False)
    tail = len(outside) - head - outside.count(False)
    ids, types = window.tolist()
    assert ids[:head] + ids[len(ids) - tail :] == np.array(whole.ids)[outside].tolist()
    assert types[len(ids) - tail :] == whole.type_ids[len(outside) - tail :]
    assert set(types[: len(ids) - tail]) == {whole.type_ids[0]}
    return ids[head : len(ids) - tail]


@given(premise=TEXTS, hypothesis=TEXTS, max_length=st.integers(8, 80), overlap=st.integers(0, 20))
def test_windows_cover_every_token_of_the_premise_in_order(
    tokenizer: Tokenizer, premise: str, hypothesis: str, max_length: int, overlap: int
) -> None:
    overlap = min(overlap, max_length // 4)
    whole = tokenizer.encode(premise, hypothesis)
    windows = fit(whole, max_length, overlap)
    assert all(window.shape[1] <= max_length for window in windows)
    tokens = [i for i, text in zip(whole.ids, whole.sequence_ids, strict=True) if text == 0]
    room = max_length - (len(whole) - len(tokens))
    if len(whole) <= max_length:
        assert [window.tolist() for window in windows] == [[whole.ids, whole.type_ids]]
    elif room < max(1, 2 * overlap):
        [window], [cut] = windows, fit(whole, max_length, None)
        assert window.tolist() == cut.tolist()
    else:
        stretches = [_stretch_of(window, whole) for window in windows]
        covered = list(stretches[0])
        for stretch_ in stretches[1:]:
            assert stretch_[:overlap] == covered[len(covered) - overlap :]
            covered += stretch_[overlap:]
        assert covered == tokens
        sizes = [len(stretch_) for stretch_ in stretches]
        assert max(sizes) - min(sizes) <= 1 and max(sizes) <= room
        fewer = len(windows) - 1  # which, as long as can be, do not reach the end
        assert fewer * room - (fewer - 1) * overlap < len(tokens)


def test_stretches_by_hand() -> None:
    assert stretch(11, 10, 0) == [slice(0, 5), slice(5, 11)]
    assert stretch(20, 10, 4) == [slice(0, 9), slice(5, 14), slice(10, 20)]
    assert [s.stop - s.start for s in stretch(91, 10, 0)] == [9] * 9 + [10]  # no last one of 1


def _truncated(tokenizer: Tokenizer, pair: tuple[str, str], max_length: int) -> Encoding:
    """What the tokenizers library makes of a pair whose texts it was told to cut."""
    first, second = (tokenizer.encode(text, add_special_tokens=False) for text in pair)
    room = max_length - tokenizer.num_special_tokens_to_add(is_pair=True)
    second.truncate(min(len(second), room - min(1, len(first))))
    first.truncate(min(len(first), room - len(second)))
    return tokenizer.post_process(first, second)


@pytest.mark.parametrize("family", FAMILIES)
def test_cutting_is_what_the_tokenizer_itself_would_do(family: str) -> None:
    tokenizer = FAMILIES[family].tokenizer().backend_tokenizer
    texts = ["", "the dog", "the dog runs outside and a cat sleeps", "every bird sings " * 9]
    for pair in [(premise, hypothesis) for premise in texts for hypothesis in texts]:
        for max_length in (12, 30):
            expected = _truncated(tokenizer, pair, max_length)
            [window] = fit(tokenizer.encode(*pair), max_length, None)
            assert window.tolist() == [expected.ids, expected.type_ids]


def test_a_hypothesis_without_room_beside_it_is_cut_as_ever(tokenizer: Tokenizer) -> None:
    whole = tokenizer.encode("the dog runs " * 50, "a cat sleeps " * 4)  # leaves 9 tokens of 24
    assert len(fit(whole, MAX_LENGTH, 4)) > 20
    for overlap in (5, None):
        [window] = fit(whole, MAX_LENGTH, overlap)
        assert window.shape == (2, MAX_LENGTH)


# ---- pooling -----------------------------------------------------------------------------------

FINITE = st.floats(-20, 20, allow_nan=False)
LOGITS = st.lists(st.tuples(FINITE, FINITE, FINITE), min_size=1, max_size=6).map(np.array)


def test_pooling_by_hand() -> None:
    windows = np.array([[1.0, 3.0, 0.0], [4.0, 2.0, 1.0], [7.0, 8.0, 9.0]])
    assert pool(windows, np.array([0, 2])).tolist() == [[2.0, 0.0, -1.0], [7.0, 8.0, 9.0]]


@given(LOGITS, st.permutations(range(6)), st.floats(0.3, 5))
def test_order_repetition_and_temperature_change_nothing(
    logits: np.ndarray, order: list[int], temperature: float
) -> None:
    firsts = np.array([0])
    pooled = pool(np.vstack([logits, logits]), firsts)  # several, so that it is measured
    shuffled = logits[[i for i in order if i < len(logits)]]
    assert np.array_equal(pool(np.vstack([shuffled, logits]), firsts), pooled)
    tempered = pool(np.vstack([logits, logits]) / temperature, firsts)
    assert np.allclose(tempered, pooled / temperature, atol=1e-12)


@given(LOGITS, FINITE)
def test_a_window_without_evidence_changes_nothing(logits: np.ndarray, level: float) -> None:
    without = np.array([[level - 50, level, level - 50]])
    two = np.vstack([logits, logits])
    pooled = pool(np.vstack([two, without]), np.array([0]))
    assert np.allclose(pooled, pool(two, np.array([0])), atol=1e-12)


# ---- a classifier with windows -----------------------------------------------------------------


def _pairs() -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(3)
    counts = [1, 2, 8, 200, 40, 3, 20, 18, 19, 500, 60, 0]
    hypotheses = ["a dog runs", "no cat", "", "the bird sings " * 30]
    premises = [" ".join(rng.choice(WORDS, count)) for count in counts]
    return premises, [hypotheses[i % 4] for i in range(len(counts))]


def test_a_document_is_answered_alike_alone_and_in_any_company(
    payload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = Classifier.load(payload, threads=1)
    premises, hypotheses = _pairs()
    alone = np.vstack(
        [classifier.predict_proba([p], [h]) for p, h in zip(premises, hypotheses, strict=True)]
    )
    assert np.abs(classifier.predict_proba(premises, hypotheses) - alone).max() < 1e-6
    monkeypatch.setattr(inference, "SORTED_PAIRS", 5)
    monkeypatch.setattr(inference, "ENCODED_PAIRS", 2)
    assert np.abs(classifier.predict_proba(premises, hypotheses) - alone).max() < 1e-6


def test_pairs_that_fit_are_answered_as_by_a_bundle_that_cuts(
    payload: Path, tmp_path: Path
) -> None:
    cutting = Path(shutil.copytree(payload, tmp_path / "cutting"))
    settings = json.loads((payload / "inference.json").read_text())
    del settings["long_premises"], settings["window_overlap"]
    (cutting / "inference.json").write_text(json.dumps(settings | {"format": 1}))
    cut, windows = (Classifier.load(f, threads=1, verify=False) for f in (cutting, payload))
    short = ["the dog runs", "a man"], ["some dog", "no woman reads"]
    assert np.array_equal(cut.predict_proba(*short), windows.predict_proba(*short))
    long = ["the dog runs and " * 20 + "no bird sings"], ["some dog"]
    assert np.abs(cut.predict_proba(*long) - windows.predict_proba(*long)).max() > 1e-3
