"""A retraining job is run once for an action, asked of a double of the Jobs API by the real SDK."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from alarmed import alarm, answer, outcomes, state
from pydantic import TypeAdapter

from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.monitoring.alerting.retraining import RetrainParameters
from nli_lifecycle.pipelines.monitoring import databricks_job
from nli_lifecycle.pipelines.monitoring.databricks_job import JobError
from nli_lifecycle.pipelines.monitoring.effects import LedgerEffects
from nli_lifecycle.pipelines.monitoring.retraining import open_retraining

sdk = pytest.importorskip("databricks.sdk")

DIGEST = "d" * 64
ACTION = f"retrain-accuracy_fell-{DIGEST[:12]}-1-1"


class Workspace:
    """Jobs of a workspace: get, run-now with idempotency, runs/list by pages, runs/get."""

    def __init__(self):
        self.runs, self.tokens, self.requests = [], {}, []
        self.parameters = ["action_id"]
        self.lose_answer = self.refuse = self.list_without_parameters = False

    def answer(self, path, query, body):
        self.requests.append((path, body))
        if path.endswith("/jobs/get"):
            declared = [{"name": name, "default": ""} for name in self.parameters]
            return {"job_id": 7, "settings": {"name": "retrain", "parameters": declared}}
        if path.endswith("/jobs/run-now"):
            if self.refuse:
                return None
            token = body["idempotency_token"]
            assert len(token) <= 64
            if token not in self.tokens:
                self.tokens[token] = len(self.runs) + 1
                given = [{"name": k, "value": v} for k, v in body["job_parameters"].items()]
                self.runs.insert(0, {"run_id": self.tokens[token], "job_parameters": given})
            return None if self.lose_answer else {"run_id": self.tokens[token]}
        if path.endswith("/jobs/runs/list"):
            assert query["job_id"] == ["7"]
            begin = int(query.get("page_token", ["0"])[0])
            page = self.runs[begin : begin + 20]
            if self.list_without_parameters:
                page = [{"run_id": run["run_id"]} for run in page]
            more = begin + 20 < len(self.runs)
            return {"runs": page} | ({"next_page_token": str(begin + 20)} if more else {})
        if path.endswith("/jobs/runs/get"):
            return next(r for r in self.runs if r["run_id"] == int(query["run_id"][0]))
        return None

    def old_runs(self, count):
        given = [{"name": "action_id", "value": "prod/another"}]
        self.runs += [{"run_id": 10_000 + n, "job_parameters": given} for n in range(count)]


@pytest.fixture
def workspace(monkeypatch):
    found = Workspace()

    class Handler(BaseHTTPRequestHandler):
        def _do(self):
            address = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            said = found.answer(address.path, parse_qs(address.query), body)
            code, said = (200, said) if said else (400, {"error_code": "BAD", "message": "refused"})
            content = json.dumps(said).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _do

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("DATABRICKS_HOST", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi-test")
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def job(environment="prod", **changes):
    said = {"kind": "databricks_job", "job_id": 7, **changes}
    parameters = TypeAdapter(RetrainParameters).validate_python(said)
    return open_retraining(parameters, None, environment)


def test_a_run_carries_the_action_and_is_found_by_it(workspace):
    assert not job().happened(ACTION)
    job().start(ACTION)
    (run,) = workspace.runs
    assert run["job_parameters"] == [{"name": "action_id", "value": f"prod/{ACTION}"}]
    assert job().happened(ACTION)
    assert not job().happened(ACTION + "0") and not job("staging").happened(ACTION)


def test_the_same_action_is_run_once_and_environments_do_not_share_it(workspace):
    for environment in ("prod", "prod", "staging"):
        job(environment).start(ACTION)
    assert [run["job_parameters"][0]["value"] for run in workspace.runs] == [
        f"staging/{ACTION}",
        f"prod/{ACTION}",
    ]


def test_a_job_that_does_not_declare_the_parameter_is_not_run(workspace):
    workspace.parameters = ["other"]
    with pytest.raises(JobError, match="Job 7 declares no job parameter 'action_id'.*add it"):
        job().start(ACTION)
    assert workspace.runs == []
    job(parameter="other").start(ACTION)
    assert job(parameter="other").happened(ACTION)


def test_an_older_run_is_found_on_a_later_page(workspace):
    job().start(ACTION)
    ours = workspace.runs.pop()
    workspace.old_runs(45)
    workspace.runs.append(ours)
    assert job().happened(ACTION)


def test_among_too_many_runs_nobody_knows(workspace, monkeypatch):
    monkeypatch.setattr(databricks_job, "MOST_RUNS", 30)
    workspace.old_runs(30)
    assert not job().happened(ACTION)
    workspace.old_runs(1)
    with pytest.raises(JobError, match="more than 30 runs, and the newest are not"):
        job().happened(ACTION)


def test_a_list_without_parameters_is_asked_run_by_run(workspace):
    job().start(ACTION)
    workspace.list_without_parameters = True
    assert job().happened(ACTION)


@pytest.mark.parametrize("trouble, how", [("lose_answer", ["done"]), ("refuse", ["failed"])])
def test_a_request_that_fails_is_done_only_if_it_was_taken(workspace, tmp_path, trouble, how):
    path = tmp_path / "alerts.jsonl"
    alarm(path, DIGEST)
    registry = InMemoryRegistry("prod.x", environment="prod", folder=tmp_path / "memory")
    setattr(workspace, trouble, True)
    answer(path, LedgerEffects(registry, job()), "retrain")
    assert outcomes(path) == [("retrain", one) for one in how]
    assert len(workspace.runs) == (trouble == "lose_answer")
    assert "refused" in next(iter(state(path).actions.values())).outcome


def test_while_the_workspace_is_away_nobody_knows(workspace, monkeypatch):
    job().start(ACTION)
    monkeypatch.setenv("DATABRICKS_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr(databricks_job, "_SECONDS", 1)
    with pytest.raises(Exception, match="(?i)timed out|refused|connection"):
        job().happened(ACTION)
