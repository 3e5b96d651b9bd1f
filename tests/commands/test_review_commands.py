"""`kedro lifecycle review …` as typed, over the project's own configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from asked_pairs import answers, pairs_of
from click.testing import CliRunner, Result
from logged import Log, answered, said
from project import PROJECT

from nli_lifecycle.commands.lifecycle import lifecycle
from nli_lifecycle.review.drawing import draw_queue
from nli_lifecycle.review.parameters import ReviewParameters
from nli_lifecycle.review.records import Asked
from nli_lifecycle.review.store import ReviewStore

PAIRS = pairs_of(200)


@pytest.fixture
def staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose staging was evaluated and asked about ten pairs."""
    monkeypatch.setenv("NLI_HOME", str(tmp_path))
    monkeypatch.delenv("NLI_LOG_URL", raising=False)
    data = tmp_path / "data/staging"
    queue = draw_queue(PAIRS, answers(PAIRS, [False] * 200), None, [], ReviewParameters(rows=10))
    (data / "08_reporting").mkdir(parents=True)
    queue.to_parquet(data / "08_reporting/review_queue.parquet", index=False)
    columns = ["review_id", "reason", "pair_id", "genre", "premise", "hypothesis", "label"]
    ReviewStore(data / "03_primary/reviews").ask(
        Asked(candidate="b" * 64, champion=None, **row) for row in queue[columns].to_dict("records")
    )
    return data


def review(*words: object, env: str | None = "staging") -> Result:
    where = ["--conf-source", str(PROJECT / "conf"), *(["--env", env] if env else [])]
    return CliRunner().invoke(lifecycle, ["review", *map(str, words), *where])


def labelled(path: Path, **changes: object) -> None:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.assign(label="neutral", reviewer="ann", **changes).to_csv(path, index=False)


def test_a_sheet_goes_out_and_comes_back(staging: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "ann.csv"
    assert review("export", sheet).output == f"10 open pairs written to {sheet}.\n"
    labelled(sheet)
    would = review("import", sheet, "--dry-run").output
    assert would == (
        f"{sheet}: 10 rows = 10 would be taken + 0 known + 0 without a label + 0 set aside.\n"
    )
    assert ReviewStore(staging / "03_primary/reviews").words() == []
    done = review("import", sheet, "--json")
    assert json.loads(done.output)["accounts"][str(sheet)]["taken"] == 10
    assert "0 taken + 10 known" in review("import", sheet).output
    pairs = pd.read_json(staging / "03_primary/reviews/reviewed_pairs.jsonl", lines=True)
    assert set(pairs["label"]) == {"neutral"} and len(pairs) < 10
    assert review("export", sheet).output.startswith("0 open pairs")
    relabelled = json.loads(review("status", "--json").output)["staging"]["relabelled"]
    own = set(PAIRS.loc[PAIRS["label"].eq("neutral"), "premise"])
    assert {pair["reviewed"] for pair in relabelled} == {"neutral"}
    assert not own & {pair["premise"] for pair in relabelled} and 0 < len(relabelled) < 10
    assert f"  {relabelled[0]['pair_id']}: {relabelled[0]['label']}, by reviewers neutral\n" in (
        review("status").output
    )


def test_rows_set_aside_are_printed_with_their_place(staging: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "ann.csv"
    review("export", sheet)
    labelled(sheet, hypothesis="another")
    output = review("import", sheet).output
    assert "10 rows = 0 taken + 0 known + 0 without a label + 10 set aside." in output
    assert "  ann.csv:2: changed_text: the label may be about another text\n" in output


def test_a_sheet_for_one_person_leaves_out_what_they_said(staging: Path, tmp_path: Path) -> None:
    sheet, other = tmp_path / "ann.jsonl", tmp_path / "bob.jsonl"
    store = ReviewStore(staging / "03_primary/reviews")
    review("export", sheet, "--reviewer", "ann", "--show-answers")
    rows = [json.loads(line) for line in sheet.read_text().splitlines()]
    assert {row["reviewer"] for row in rows} == {"ann"} and "candidate" in rows[0]
    sheet.write_text(json.dumps(rows[0] | {"label": "neutral"}))
    other.write_text(json.dumps(rows[0] | {"label": "entailment", "reviewer": "bob"}))
    review("import", sheet, other)
    assert [word.reviewer for word in store.words()] == ["ann", "bob"]
    found = json.loads(review("status", "--json").output)["staging"]
    assert (found["pairs"], found["reviewed"], found["open"]) == (10, 0, 10)
    (disputed,) = found["disputed"]
    assert disputed["votes"] == {"neutral": 1, "entailment": 1}
    assert review("export", sheet, "--reviewer", "ann").output.startswith("9 open pairs")
    assert review("export", sheet, "--reviewer", "cat").output.startswith("10 open pairs")
    text = review("status").output
    assert "0 of 10 pairs reviewed, 10 open, 1 of them disputed (candidate bbbbbbbbbbbb)" in text
    assert f"disputed: {disputed['pair_id']}: neutral 1, entailment 1" in text


def test_feedback_with_texts_becomes_training_pairs(staging: Path) -> None:
    (staging / "07_model_output").mkdir()
    log = Log(f"sqlite:///{staging}/07_model_output/inference_log.db", texts=True)
    log.add(answered())
    log.say(said("contradiction"))
    log.close()
    assert review("import", "--feedback").output.startswith("feedback: 1 rows = 1 taken")
    pairs = pd.read_json(staging / "03_primary/reviews/reviewed_pairs.jsonl", lines=True)
    assert pairs[["premise", "label"]].to_numpy().tolist() == [
        ["A man walks his dog.", "contradiction"]
    ]
    found = json.loads(review("status", "--json").output)["staging"]
    assert found["candidate"] == "b" * 64 and found["pairs"] == 10


@pytest.mark.parametrize(
    "words, said",
    [
        (["import"], "Say what to take in"),
        (["import", "nowhere.csv"], "nowhere.csv"),
        (["import", "--feedback"], "There is no inference log"),
        (["export", "sheet.xlsx"], "say the format by the name"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_message(staging: Path, words, said: str) -> None:
    done = review(*words)
    assert done.exit_code != 0 and said in done.output and "Traceback" not in done.output


def test_without_a_queue_the_next_step_is_named(staging: Path, tmp_path: Path) -> None:
    done = review("export", tmp_path / "x.csv", env="prod")
    assert done.exit_code == 1 and "`kedro run --env prod --pipelines review`" in done.output
    assert review("status", env="prod").output == "prod: nothing was asked yet.\n"


def test_one_environment_at_a_time_but_for_looking(staging: Path, tmp_path: Path) -> None:
    done = review("import", tmp_path / "x.csv", env=None)
    assert done.exit_code == 1 and "--env dev or staging or prod" in done.output
    lines = review("status", env=None).output.splitlines()
    assert (lines[0], lines[-1]) == ("dev: nothing was asked yet.", "prod: nothing was asked yet.")
    named = CliRunner().invoke(
        lifecycle, ["review", "status", "--model", "m", "--registry-uri", "sqlite:///x.db"]
    )
    assert named.exit_code == 1 and "give --env, not --model" in named.output
