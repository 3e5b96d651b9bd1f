"""Rows: what is derived of texts, and that nothing of them is left."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logged import CANDIDATE, CHAMPION, NOW, answered, said
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from nli_lifecycle.serving.log.features import ROW, WORD, Deriver, parse, record_of, storable
from nli_lifecycle.serving.log.vocabulary import Vocabulary, words

KEY = b"k" * 32


def row(plain: bool = False, folder: Path | None = None, **changes: Any) -> dict[str, Any]:
    deriver = Deriver(KEY, "prod", plain, lambda release: folder)
    table, values = parse(deriver.record(answered(**changes)))
    assert table == "inference_log"
    return dict(zip(ROW, values, strict=True))


def test_a_row_says_what_answered_and_what() -> None:
    found = row(request_id="r9", position=3, probabilities=(0.1, 0.2, 0.7))
    assert {name: found[name] for name in ("request_id", "position", "role", "time")} == {
        **{"request_id": "r9", "position": 3, "role": "champion", "time": NOW}
    }
    assert (found["label"], found["p_contradiction"]) == ("contradiction", 0.7)
    names = ("environment", "model", "version", "digest", "epoch")
    assert tuple(found[name] for name in names) == (
        *("prod", "prod.nli.classifier", "7", "a" * 64, 5),
    )


def test_lengths_and_overlap() -> None:
    found = row(premise="A man walks his dog.", hypothesis="A DOG is outside — a dog!")
    assert (found["premise_chars"], found["hypothesis_chars"]) == (20, 25)
    assert (found["premise_words"], found["hypothesis_words"]) == (5, 6)
    assert found["overlap"] == pytest.approx(4 / 6)
    assert found["unknown_share"] is None
    assert found["premise"] is found["hypothesis"] is None


def test_texts_without_words() -> None:
    found = row(premise="", hypothesis="…!?")
    assert (found["premise_words"], found["hypothesis_words"], found["overlap"]) == (0, 0, None)


def test_hashes_are_equal_for_equal_pairs_only_and_need_the_key() -> None:
    ours = row(premise="ab", hypothesis="c")["pair_hash"]
    assert ours == row(premise="ab", hypothesis="c", request_id="other")["pair_hash"]
    assert len(ours) == 32
    assert ours != row(premise="a", hypothesis="bc")["pair_hash"]
    other = Deriver(b"x" * 32, None, False, lambda release: None)
    theirs = parse(other.record(answered(premise="ab", hypothesis="c")))[1]
    assert ours != theirs[ROW.index("pair_hash")]


@given(st.text(st.characters(), max_size=40), st.text(st.characters(), max_size=40))
def test_any_text_gives_a_row(premise: str, hypothesis: str) -> None:
    found = row(plain=True, premise=premise, hypothesis=hypothesis)
    assert "\0" not in found["premise"] and found["hypothesis"].encode() is not None
    assert (found["premise_chars"], found["hypothesis_chars"]) == (len(premise), len(hypothesis))
    assert found["overlap"] is None or 0 <= found["overlap"] <= 1


@pytest.mark.parametrize(
    "text, stored", [("a\0b", "a\ufffdb"), ("\ud800x", "?x"), ("naïve 👍", "naïve 👍"), ("", "")]
)
def test_what_no_database_takes_is_replaced(text: str, stored: str) -> None:
    assert storable(text) == stored


@given(st.datetimes(min_value=NOW.replace(tzinfo=None, year=1900)))
def test_moments_keep_their_microseconds(moment: Any) -> None:
    moment = moment.replace(tzinfo=NOW.tzinfo)
    assert row(time=moment)["time"] == moment


def test_feedback_comes_back_too() -> None:
    table, values = parse(record_of(said("neutral", comment="obvious", after=2), "w1"))
    assert table == "feedback"
    assert dict(zip(WORD, values, strict=True)) == {
        **{"word": "w1", "request_id": "r1", "position": 0, "source": "ann", "label": "neutral"},
        **{"time": NOW + timedelta(seconds=2), "comment": "obvious"},
    }


def test_a_record_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="3 columns"):
        parse(b"[1, 2, 3]")


# ---- words that a model knows --------------------------------------------------------------------

CORPUS = ["the dog runs", "the dog sleeps", "a café in the park", "Dog and café"] * 20


def bundle(folder: Path, tokenizer: Tokenizer) -> Path:
    (folder / "artifacts" / "bundle").mkdir(parents=True)
    tokenizer.save(str(folder / "artifacts" / "bundle" / "tokenizer.json"))
    return folder


def wordpiece() -> Tokenizer:
    vocabulary = {"[UNK]": 0, "the": 1, "dog": 2, "##s": 3, "cafe": 4, "run": 5, "##the": 6}
    return Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))


def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=400, show_progress=False))
    return tokenizer


def unigram() -> Tokenizer:
    pieces = [("<unk>", 0.0), ("▁the", -1.0), ("▁dog", -2.0), ("▁café", -3.0), ("zebra", -4.0)]
    return Tokenizer(models.Unigram(pieces, 0))


@pytest.mark.parametrize("make", [wordpiece, byte_level, unigram])
def test_known_words_are_found_whatever_marks_the_tokenizer_uses(make, tmp_path: Path) -> None:
    folder = bundle(tmp_path / "model", make())
    found = row(folder=folder, premise="The DOG, the café", hypothesis="zebra quagga")
    assert found["unknown_share"] == pytest.approx(2 / 6)


def test_a_continuing_piece_is_no_word() -> None:
    known = Vocabulary(frozenset({"the"}))
    assert known.unknown_share(words("the s")) == 0.5
    assert known.unknown_share([]) is None


def test_a_release_s_vocabulary_is_read_once(tmp_path: Path) -> None:
    asked = []
    folder = bundle(tmp_path / "model", wordpiece())

    def folder_of(release):
        asked.append(release.version)
        return folder if release == CHAMPION else None

    deriver = Deriver(KEY, None, False, folder_of)
    for release in (CHAMPION, CANDIDATE, CHAMPION, CANDIDATE):
        deriver.record(answered(release=release))
    assert asked == ["7", "8", "8"]


@pytest.mark.parametrize("content", ["", "[]", json.dumps({"model": {}})])
def test_a_tokenizer_that_cannot_be_read_costs_the_share_alone(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "artifacts" / "bundle"
    folder.mkdir(parents=True)
    (folder / "tokenizer.json").write_text(content)
    assert row(folder=tmp_path)["unknown_share"] is None
    assert "is no tokenizer.json" in caplog.text
