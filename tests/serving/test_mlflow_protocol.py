"""MLflow's scoring protocol: whatever MLflow's own server answers, this one answers too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from running_service import Client

from nli_lifecycle.pyfunc.package import save_pyfunc

P, H = "premise", "hypothesis"
RECORD = {P: "a dog", H: "a cat"}
COLUMNS = {P: ["a dog", "two cats"], H: ["a cat", "three"]}

ANSWERED = {
    "split": {"dataframe_split": {"columns": [P, H], "data": [["a dog", "a cat"]]}},
    "split, swapped": {"dataframe_split": {"columns": [H, P], "data": [["a cat", "a dog"]]}},
    "split, index": {"dataframe_split": {"columns": [P, H], "index": [7], "data": [["a", "b"]]}},
    "split, extra": {"dataframe_split": {"columns": [P, "x", H], "data": [["a", 1, "b"]]}},
    "split, empty": {"dataframe_split": {"columns": [P, H], "data": []}},
    "records": {"dataframe_records": [RECORD, {H: "two", P: "three", "x": None}]},
    "instances, records": {"instances": [RECORD, RECORD]},
    "instances, columns": {"instances": COLUMNS},
    "inputs, columns": {"inputs": COLUMNS},
    "inputs, one row": {"inputs": RECORD},
    "inputs, records": {"inputs": [RECORD]},
    "params": {"inputs": COLUMNS, "params": {"temperature": 1}},
    "another key": {"inputs": COLUMNS, "foo": 1},
    "unicode": {"inputs": {P: ["a 🐕", "שלום\u202e", "\x00"], H: ["e\u0301", "猫。", ""]}},
}
CSV = {
    "csv": "premise,hypothesis\na dog,a cat\n",
    "csv, quoted": 'x,premise,hypothesis\r\n1,a dog,"a ""cat"", two\nlines"\r\n',
    "csv, index": ",premise,hypothesis\n0,a dog,a cat\n",
    "csv, numbers": "premise,hypothesis\n1,2.50\n",
    "csv, blank lines": "premise,hypothesis\n\na,b\n\n",
    "csv, no rows": "premise,hypothesis\n",
}
REFUSED: dict[str, Any] = {
    "no columns": {"dataframe_split": {"data": [["a dog", "a cat"]]}},
    "records, missing": {"dataframe_records": [RECORD, {P: "secret"}]},
    "records, null": {"dataframe_records": [{P: "secret", H: None}]},
    "records, number": {"dataframe_records": [{P: "secret", H: 3}]},
    "records, none": {"dataframe_records": []},
    "records, object": {"dataframe_records": RECORD},
    "uneven": {"inputs": {P: ["secret", "b"], H: ["c"]}},
    "two": {"inputs": COLUMNS, "instances": [RECORD]},
    "none": {"secret": 1},
    "list": ["secret"],
    "number": 3,
    "no JSON": b'{"secret',
    "not UTF-8": b'{"inputs": {"premise": ["\xff"], "hypothesis": ["b"]}}',
    "half surrogate": b'{"inputs": {"premise": ["\\ud800"], "hypothesis": ["b"]}}',
}
REFUSED_CSV = {
    "empty": "",
    "column missing": "premise\nsecret\n",
    "cell missing": "premise,hypothesis\nsecret\n",
}


@pytest.fixture(scope="session")
def by_mlflow(tiny_payload: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """MLflow's own handler of a request, over the pyfunc that we register."""
    import mlflow.pyfunc
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc import scoring_server

    folder = tmp_path_factory.mktemp("pyfunc") / "bundle"
    save_pyfunc(tiny_payload, folder)
    model = mlflow.pyfunc.load_model(str(folder))
    schema = model.metadata.get_input_schema()

    def answer(body: bytes, kind: str) -> tuple[int, Any]:
        try:
            answered = scoring_server.invocations(body, kind, model, schema)
        except MlflowException as error:
            return error.get_http_status_code(), json.loads(error.serialize_as_json())
        return answered.status, json.loads(answered.response)

    return answer


def encoded(content: Any) -> bytes:
    """A body."""
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def test_answers_are_mlflows(client: Client, by_mlflow: Any) -> None:
    """Status, shape and numbers, for every form of the protocol."""
    cases = [(name, encoded(body), "application/json") for name, body in ANSWERED.items()]
    cases += [(name, body.encode(), "text/csv") for name, body in CSV.items()]
    for name, body, kind in cases:
        status, expected = by_mlflow(body, kind)
        reply = client.post("/invocations", body, {"Content-Type": kind})
        assert (reply.status, status) == (200, 200), (name, reply.body)
        answered = reply.json()
        assert list(answered) == list(expected) == ["predictions"], name
        assert len(answered["predictions"]) == len(expected["predictions"]), name
        for ours, theirs in zip(answered["predictions"], expected["predictions"]):
            assert list(ours) == list(theirs), name
            assert ours["label"] == theirs["label"], name
            del ours["label"], theirs["label"]
            assert ours == pytest.approx(theirs, abs=1e-6), name


def test_what_mlflow_refuses_is_refused_without_echo(client: Client, by_mlflow: Any) -> None:
    """Same status, same two fields; but the caller's text stays out of the message."""
    cases = [(name, encoded(body), "application/json") for name, body in REFUSED.items()]
    cases += [(name, body.encode(), "text/csv") for name, body in REFUSED_CSV.items()]
    for name, body, kind in cases:
        status, theirs = (400, {"error_code": "", "message": ""})
        if name not in ("not UTF-8", "half surrogate"):  # on these it fails or answers nonsense
            status, theirs = by_mlflow(body, kind)
        reply = client.post("/invocations", body, {"Content-Type": kind})
        assert (reply.status, status) == (400, 400), (name, reply.body)
        problem = reply.json()
        assert problem.keys() >= {"error_code", "message"} <= theirs.keys(), name
        assert problem["error_code"] == "BAD_REQUEST", name
        assert "secret" not in problem["message"], name


@pytest.mark.parametrize("field", ["instances", "inputs"])
def test_rows_in_column_order_are_taken_too(client: Client, field: str) -> None:
    """MLflow's server takes them for tensors only; a client's mistake that means one thing."""
    rows = client.post("/invocations", {field: [["a dog", "a cat"]]})
    records = client.post("/invocations", {field: [RECORD]})
    assert rows.status == 200 and rows.json() == records.json()


def test_csv_texts_are_never_missing_values(client: Client) -> None:
    """To pandas, and so to MLflow's server, NA is nothing; here it is two letters."""
    reply = client.post(
        "/invocations", b"premise,hypothesis\nNA,null\n", {"Content-Type": "text/csv"}
    )
    expected = client.post("/invocations", {"inputs": {P: "NA", H: "null"}})
    assert reply.status == 200 and reply.json() == expected.json()


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json; charset=latin-1"])
def test_other_content_types_are_refused(client: Client, kind: str) -> None:
    """As by MLflow's server, with 415."""
    reply = client.post("/invocations", {"inputs": COLUMNS}, {"Content-Type": kind})
    assert reply.status == 415 and reply.json()["error_code"] == "UNSUPPORTED_MEDIA_TYPE"


def test_charset_may_be_said(client: Client) -> None:
    """As MLflow's documented curl lines do."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    assert client.post("/invocations", {"inputs": COLUMNS}, kind).status == 200


def test_mlflows_own_client_works_unchanged(client: Client) -> None:
    """The one in mlflow.pyfunc.scoring_server, with a data frame in and one out."""
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

    theirs = ScoringServerClient("127.0.0.1", client.port)
    theirs.wait_server_ready(timeout=10)
    assert theirs.get_version().count(".") == 2
    answer = theirs.invoke(pd.DataFrame(COLUMNS)).get_predictions()
    assert list(answer.columns) == ["label", "p_entailment", "p_neutral", "p_contradiction"]
    assert len(answer) == 2
    answer = theirs.invoke(pd.DataFrame(COLUMNS), params={"any": 1}).get_predictions()
    assert answer.iloc[:, 1:].sum(axis=1).tolist() == pytest.approx([1, 1])


def test_which_model_answered_is_in_the_headers(client: Client) -> None:
    """The body is MLflow's alone."""
    reply = client.post("/invocations", {"inputs": COLUMNS}, {"X-Request-Id": "mine-1"})
    assert reply.headers["x-request-id"] == "mine-1"
    assert reply.headers["x-model-version"] == "3"
    assert reply.headers["x-model-digest"] == "0123456789ab"
    assert reply.headers["x-epoch"] == "7"
