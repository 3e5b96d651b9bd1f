"""The reference that evaluation files holds what the service would have logged, and no texts."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import numpy as np
import pandas as pd
import pytest
from ready_evidence import evidence
from sealed_folder import sealed_folder
from tokenizers import Tokenizer, models, pre_tokenizers

from nli_lifecycle.monitoring.columns import read
from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.monitoring.text_drift import text_features
from nli_lifecycle.nli.bundle import PAYLOAD, open_bundle
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.parameters import EvaluationParameters
from nli_lifecycle.pipelines.evaluation.reference import MOST_TEXTS, sum_up_answers
from nli_lifecycle.serving.head import Release
from nli_lifecycle.serving.log.features import ROW, Deriver, parse
from nli_lifecycle.serving.log.record import Answered

TEXTS = [
    ("A man walks his dog.", "A DOG is outside — a dog!"),
    ("", "a café"),
    ("the dog", "…"),
    ("zebra quagga the the", "quagga"),
]


@pytest.fixture
def bundle(tmp_path):
    """A bundle whose tokenizer knows four words."""
    made = sealed_folder(tmp_path / "model")
    vocabulary = {"[UNK]": 0, "the": 1, "dog": 2, "café": 3, "a": 4}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(made.path / PAYLOAD / "tokenizer.json"))
    return made


def pairs(count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Evaluation pairs and the answers to them."""
    chosen = [TEXTS[row % len(TEXTS)] for row in range(count)]
    generator = np.random.default_rng(5)
    shares = generator.dirichlet((4.0, 2.0, 1.0), count)
    predicted = [LABELS[place] for place in shares.argmax(axis=1)]
    answers = pd.DataFrame(shares, columns=[f"p_{label}" for label in LABELS])
    return (
        pd.DataFrame(chosen, columns=["premise", "hypothesis"]),
        answers.assign(predicted=predicted, label=LABELS[0]),
    )


def logged(bundle, frame: pd.DataFrame, answers: pd.DataFrame) -> dict[str, list[object]]:
    """The same answers as the service logs them."""
    deriver = Deriver(b"k" * 32, "dev", False, lambda release: bundle.path)
    release = Release("dev.nli.classifier", "2", bundle.digest, 1)
    rows = []
    for position, (texts, given) in enumerate(zip(frame.itertuples(), answers.itertuples())):
        answer = Answered(
            request_id="r",
            position=position,
            role="champion",
            time=datetime(2026, 3, 1, tzinfo=timezone.utc),
            endpoint="/predict",
            release=release,
            premise=texts.premise,
            hypothesis=texts.hypothesis,
            probabilities=(given.p_entailment, given.p_neutral, given.p_contradiction),
            latency_ms=2.0,
        )
        rows.append(parse(deriver.record(answer))[1])
    columns = dict(zip(ROW, map(list, zip(*rows))))
    return {**columns, "arrival": list(range(1, len(rows) + 1))}


def reference(bundle, count: int, **evaluation):
    frame, answers = pairs(count)
    return sum_up_answers(*(evidence(), bundle, frame, answers, EvaluationParameters(**evaluation)))


def test_columns_are_computed_as_the_service_logs_them(bundle):
    found = reference(bundle, 40)
    batch = logged(bundle, *pairs(40))
    ours, theirs = Summary.from_json(found.summary), Summary.of(read(batch))
    assert ours.pairs == theirs.pairs == 40 and ours.damaged == 0
    for name in ("confidence", "premise_words", "hypothesis_words", "overlap", "unknown_share"):
        assert ours.histograms[name].tolist() == theirs.histograms[name].tolist(), name
    assert (ours.predicted == theirs.predicted).all() and (ours.expected == theirs.expected).all()
    assert ours.histograms["unknown_share"][:-1].sum() == 40  # the tokenizer was asked
    assert ours.histograms["overlap"][-1] == 10  # hypotheses without words
    assert ours.premises == 4  # in whatever order their pairs lie
    assert np.array_equal(np.array(found.texts), text_features(batch))


def test_it_says_whose_it_is_and_holds_neither_texts_nor_times(bundle):
    found = reference(bundle, 8)
    assert found.evidence_hash == evidence().content_hash()
    assert found.digest == evidence().candidate.digest
    written = found.model_dump_json()
    assert "quagga" not in written and "1970" not in written
    assert {found.summary[name] for name in ("begin", "end", "first_arrival")} == {None}
    assert type(found).model_validate_json(written) == found


def test_texts_are_a_sample_that_follows_from_the_seed(bundle):
    many = reference(bundle, MOST_TEXTS + 500)
    assert len(many.texts) == MOST_TEXTS
    assert Summary.from_json(many.summary).pairs == MOST_TEXTS + 500
    assert many == reference(bundle, MOST_TEXTS + 500)
    assert many.texts != reference(bundle, MOST_TEXTS + 500, seed=14).texts
    assert many.summary == reference(bundle, MOST_TEXTS + 500, seed=14).summary


def test_without_a_tokenizer_only_unknown_words_are_not_counted(tmp_path, caplog):
    bare = open_bundle(sealed_folder(tmp_path / "bare").path)
    found = Summary.from_json(reference(bare, 12).summary)
    assert found.histograms["unknown_share"].tolist()[:-1] == [0] * (
        len(found.histograms["unknown_share"]) - 1
    )
    assert found.histograms["premise_words"][-1] == 0
    assert "Unknown words cannot be counted" in caplog.text


def test_it_is_plain_json(bundle):
    found = reference(bundle, 8)
    assert json.loads(json.dumps(found.model_dump(mode="json")))["texts"] == [
        list(row) for row in found.texts
    ]
