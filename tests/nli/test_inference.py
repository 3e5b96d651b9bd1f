"""The classifier refuses what it cannot trust, and answers a pair alike wherever it stands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_bundle import MAX_LENGTH, PAIRS, make_tiny_payload

from nli_lifecycle.nli import inference, labels
from nli_lifecycle.nli.training.encoding import encode_pairs, load_tokenizer
from nli_lifecycle.nli.inference import Classifier, PayloadError, default_threads

PREMISES, HYPOTHESES = PAIRS["premise"].tolist(), PAIRS["hypothesis"].tolist()


@pytest.fixture(scope="module", params=["int8", "float32"])
def payload(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("payload") / request.param
    return make_tiny_payload(folder, int8=request.param == "int8")


@pytest.fixture(scope="module")
def classifier(payload: Path) -> Classifier:
    return Classifier.load(payload, threads=1)


@pytest.fixture
def damaged(payload: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(payload, tmp_path / "damaged"))


def _rewrite(path: Path, change: Callable[[dict], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


# ---- payloads that must not be served ----------------------------------------------------------


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "inference.json", "golden.json"])
def test_a_missing_file_is_named(damaged: Path, name: str) -> None:
    (damaged / name).unlink()
    with pytest.raises(PayloadError, match=rf"{name} is missing"):
        Classifier.load(damaged)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_garbage_is_no_model(damaged: Path, name: str) -> None:
    (damaged / name).write_bytes(b"not what it was")
    with pytest.raises(PayloadError, match="holds no usable model"):
        Classifier.load(damaged)


def test_settings_of_an_unknown_format_are_refused(damaged: Path) -> None:
    _rewrite(damaged / "inference.json", lambda settings: settings.update(format=3))
    with pytest.raises(PayloadError, match=r"has format 3; this code reads formats \[1, 2\]"):
        Classifier.load(damaged)


def test_incomplete_settings_name_what_is_lacking(damaged: Path) -> None:
    _rewrite(damaged / "inference.json", lambda settings: settings.pop("pad_id"))
    with pytest.raises(PayloadError, match="inference.json lacks pad_id"):
        Classifier.load(damaged)


def test_placeholder_labels_are_refused(damaged: Path) -> None:
    names = ["LABEL_0", "LABEL_1", "LABEL_2"]
    _rewrite(damaged / "inference.json", lambda settings: settings.update(labels=names))
    with pytest.raises(PayloadError, match="LABEL_0"):
        Classifier.load(damaged)


def test_json_that_is_none_is_refused(damaged: Path) -> None:
    (damaged / "inference.json").write_text("[1, 2]")
    with pytest.raises(PayloadError, match="holds list, not a JSON object"):
        Classifier.load(damaged)
    (damaged / "inference.json").write_text("{")
    with pytest.raises(PayloadError, match="is not JSON"):
        Classifier.load(damaged)


def test_a_probe_answered_otherwise_is_named_with_its_difference(damaged: Path) -> None:
    def shift(golden: dict) -> None:
        row = golden["probes"][2]["probabilities"]
        row[0], row[1] = row[0] + 0.25, row[1] - 0.25

    _rewrite(damaged / "golden.json", shift)
    with pytest.raises(PayloadError, match=r"Golden probe 2 .* 0\.2\d+ off .*\(tolerance"):
        Classifier.load(damaged)
    Classifier.load(damaged, verify=False)  # what an export needs before it has recorded any


def test_labels_in_another_order_fail_the_probes(damaged: Path) -> None:
    _rewrite(damaged / "inference.json", lambda settings: settings["labels"].reverse())
    with pytest.raises(PayloadError, match="Golden probe 0"):
        Classifier.load(damaged)


def test_probes_without_probabilities_are_unusable(damaged: Path) -> None:
    _rewrite(damaged / "golden.json", lambda golden: golden.pop("probes"))
    with pytest.raises(PayloadError, match="golden.json cannot be used"):
        Classifier.load(damaged)


def test_a_probe_recorded_as_not_a_number_fails(damaged: Path) -> None:
    def break_it(golden: dict) -> None:
        golden["probes"][0]["probabilities"][0] = float("nan")

    _rewrite(damaged / "golden.json", break_it)
    with pytest.raises(PayloadError, match="Golden probe 0"):
        Classifier.load(damaged)


# ---- input that cannot be classified -----------------------------------------------------------


@pytest.mark.parametrize("wrong", [None, 7, float("nan"), b"bytes"])
def test_what_is_no_string_is_named_by_position(classifier: Classifier, wrong: object) -> None:
    with pytest.raises(TypeError, match=r"hypotheses\[1\] is .*, not a string"):
        classifier.predict_proba(["a", "b"], ["c", wrong])  # type: ignore[list-item]


def test_one_string_is_no_list(classifier: Classifier) -> None:
    with pytest.raises(TypeError, match="premises is one string"):
        classifier.predict_proba("a dog", "a cat")


def test_lists_of_different_length_are_refused(classifier: Classifier) -> None:
    with pytest.raises(ValueError, match="2 premises but 1 hypotheses"):
        classifier.predict_proba(["a", "b"], ["c"])


def test_text_that_is_no_unicode_is_refused_by_position(classifier: Classifier) -> None:
    with pytest.raises(ValueError, match=r"premises\[1\] .* surrogate"):
        classifier.predict_proba(["fine", "half \ud83d"], ["c", "d"])


# ---- answers -----------------------------------------------------------------------------------


def test_its_labels_are_ours() -> None:
    assert inference.LABELS == labels.LABELS  # it cannot import them, so this holds them together


def test_no_pairs_give_no_rows(classifier: Classifier) -> None:
    assert classifier.predict_proba([], []).shape == (0, 3)


def test_rows_are_probabilities(classifier: Classifier) -> None:
    answers = classifier.predict_proba(PREMISES, HYPOTHESES)
    assert answers.shape == (len(PAIRS), 3)
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-12)
    assert (answers > 0).all()
    assert answers[:4].std(axis=0).max() > 0.01  # it does tell pairs apart


def test_a_pair_is_answered_alike_alone_and_in_any_company(classifier: Classifier) -> None:
    together = classifier.predict_proba(PREMISES, HYPOTHESES)
    alone = [classifier.predict_proba([p], [h])[0] for p, h in zip(PREMISES[:4], HYPOTHESES[:4])]
    assert np.abs(together[:4] - alone).max() < 1e-3
    long = "the dog runs outside and the child sleeps in the big red house or reads " * 2
    mixed = classifier.predict_proba([*PREMISES[:4], long], [*HYPOTHESES[:4], "a dog runs"])
    assert np.abs(mixed[:4] - alone).max() < 1e-3


def test_rows_come_back_in_the_order_given(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = classifier.predict_proba(PREMISES, HYPOTHESES)
    monkeypatch.setattr(inference, "SORTED_PAIRS", 3)
    monkeypatch.setattr(inference, "ENCODED_PAIRS", 2)
    monkeypatch.setattr(inference, "BATCH_TOKENS", 30)
    backwards = classifier.predict_proba(PREMISES[::-1], HYPOTHESES[::-1])
    assert np.abs(backwards[::-1] - expected).max() < 1e-3


def test_a_frame_column_is_as_good_as_a_list(classifier: Classifier) -> None:
    shuffled = PAIRS.sample(frac=1, random_state=1)
    from_columns = classifier.predict_proba(shuffled["premise"], shuffled["hypothesis"])
    from_lists = classifier.predict_proba(
        shuffled["premise"].tolist(), shuffled["hypothesis"].tolist()
    )
    assert (from_columns == from_lists).all()


def test_a_premise_too_long_loses_its_end_and_the_hypothesis_nothing(
    classifier: Classifier,
) -> None:
    start = "the dog runs outside and " * 40
    answers = classifier.predict_proba([start + "nobody sleeps", start], ["a cat"] * 2)
    assert (answers[0] == answers[1]).all()
    other = classifier.predict_proba([start], ["no dog runs"])[0]
    assert np.abs(other - answers[1]).max() > 1e-3


@pytest.mark.parametrize(
    ("premise", "hypothesis"),
    [
        ("a dog", "a cat"),
        ("the dog runs " * 90, "a cat sleeps"),
        ("a dog", "the cat sleeps " * 90),
        ("", "the cat sleeps " * 90),
        ("the dog " * 90, "the cat " * 90),
        ("the dog " * 90, ""),
    ],
)
def test_pairs_are_cut_as_they_were_in_training(
    classifier: Classifier, payload: Path, premise: str, hypothesis: str
) -> None:
    tokenizer = load_tokenizer(payload.with_name(f"{payload.name}-checkpoint"))
    trained = encode_pairs([premise], [hypothesis], tokenizer, max_length=MAX_LENGTH)
    [[served]] = classifier._encode([premise], [hypothesis])
    assert trained.type_ids is not None
    assert served.tolist() == [trained.input_ids.tolist(), trained.type_ids.tolist()]
    assert served.shape[1] <= MAX_LENGTH


def test_a_premise_of_twenty_thousand_words_is_classified(classifier: Classifier) -> None:
    assert classifier.predict_proba(["dog " * 20_000], ["a dog"]).shape == (1, 3)


def test_temperature_flattens_the_answer(damaged: Path) -> None:
    sharp = Classifier.load(damaged).predict_proba(PREMISES, HYPOTHESES)
    _rewrite(damaged / "inference.json", lambda settings: settings.update(temperature=4.0))
    flat = Classifier.load(damaged, verify=False).predict_proba(PREMISES, HYPOTHESES)
    assert (flat.argmax(axis=1) == sharp.argmax(axis=1)).all()
    expected = sharp**0.25 / (sharp**0.25).sum(axis=1, keepdims=True)
    assert np.abs(flat - expected).max() < 1e-6


def test_batches_hold_every_pair_once_within_their_budget() -> None:
    lengths = np.random.default_rng(0).integers(3, 300, 500).tolist()
    batches = list(inference._batches(lengths))
    assert sorted(i for batch in batches for i in batch) == list(range(500))
    for batch in batches:
        padded = len(batch) * max(lengths[i] for i in batch)
        assert padded <= inference.BATCH_TOKENS
    assert list(inference._batches([inference.BATCH_TOKENS * 2])) == [[0]]


def test_threads_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert default_threads() == 3
    for unusable in ("", "0", "many"):
        monkeypatch.setenv("OMP_NUM_THREADS", unusable)
        assert default_threads() >= 1
