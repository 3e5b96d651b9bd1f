"""Tokens, headers and whose scripts run: who may ask what."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from running_service import PAIR, Client, FixedSource, ListLog, make_settings, running

from nli_lifecycle.serving.app import create_app
from nli_lifecycle.serving.security.tokens import Tokens, TokensError, Verdict
from nli_lifecycle.serving.settings import SecuritySettings

PREDICT, ADMIN = "predict-token-1234567", "admin-token-123456789"
OPEN = ["/ping", "/health", "/version", "/ready", "/metrics", "/status", "/openapi.json"]
CLOSED = ["/predict", "/classify", "/check", "/invocations", "/feedback"]


def bearer(token: str) -> dict[str, str]:
    """The header that gives a token."""
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def guarded(source: FixedSource, log: ListLog) -> Iterator[Client]:
    """A service with a token for each role."""
    settings = make_settings()
    environment = {"NLI_SERVE_TOKEN": PREDICT, "NLI_SERVE_ADMIN_TOKEN": ADMIN}
    with running(create_app(settings, source, log, environment=environment), settings) as client:
        yield client


def test_probes_are_open(guarded: Client) -> None:
    """Load balancers and Prometheus have no token."""
    assert {path: guarded.get(path).status for path in OPEN} == dict.fromkeys(OPEN, 200)


@pytest.mark.parametrize("path", CLOSED)
def test_predicting_needs_its_token(guarded: Client, path: str) -> None:
    """None, another's, malformed: refused before the body is looked at."""
    body = b"not even JSON"
    for given, status in [
        ({}, 401),
        (bearer("another-token-1234567"), 401),
        (bearer(PREDICT[:-1]), 401),
        (bearer(PREDICT + "x"), 401),
        (bearer("t\u00f6ken"), 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": f"Basic {PREDICT}"}, 401),
        (bearer(ADMIN), 403),
    ]:
        reply = guarded.post(path, body, given)
        assert reply.status == status, given
        assert reply.json().keys() == {"error_code", "message", "request_id"}
        assert PREDICT not in reply.body.decode() and ADMIN not in reply.body.decode()
        assert ("www-authenticate" in reply.headers) == (status == 401)
    assert guarded.post(path, body, bearer(PREDICT)).status in (400, 422)


def test_administration_needs_another(guarded: Client, source: FixedSource) -> None:
    """Who may predict may not administer."""
    path = "/admin/refresh"
    assert guarded.send("POST", path).status == 401
    assert guarded.send("POST", path, headers=bearer(PREDICT)).status == 403
    assert source.refreshed == 0
    assert guarded.send("POST", path, headers=bearer(ADMIN)).status == 200
    assert source.refreshed == 1


def test_what_is_not_named_as_open_is_closed(guarded: Client) -> None:
    """A path that does not exist included: it tells nothing."""
    assert guarded.get("/new/endpoint").status == 401
    assert guarded.get("/predict/").status == 401


def test_without_tokens_only_this_machine_may_ask(source: FixedSource) -> None:
    """Elsewhere the service does not start."""
    for host in ("127.0.0.1", "::1", "localhost"):
        create_app(make_settings(host=host), source, environment={})
    for host in ("0.0.0.0", "::", "10.0.0.1", "example.org"):
        with pytest.raises(TokensError, match="no token is set for predicting"):
            create_app(make_settings(host=host), source, environment={})
        with pytest.raises(TokensError):
            create_app(
                make_settings(host=host), source, environment={"NLI_SERVE_ADMIN_TOKEN": ADMIN}
            )
        create_app(make_settings(host=host), source, environment={"NLI_SERVE_TOKEN": PREDICT})


def test_a_role_without_a_token_is_closed_once_there_is_any(source: FixedSource) -> None:
    """A predicting token alone opens no administration."""
    settings = make_settings()
    app = create_app(settings, source, environment={"NLI_SERVE_TOKEN": PREDICT})
    with running(app, settings) as client:
        assert client.send("POST", "/admin/refresh").status == 401
        assert client.send("POST", "/admin/refresh", headers=bearer(PREDICT)).status == 403
        assert client.post("/predict", PAIR, bearer(PREDICT)).status == 200


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Any], SecuritySettings]:
    """Write a token file; each time it looks changed, however fast."""
    path = tmp_path / "tokens.yml"
    times = iter(range(1_700_000_000, 1_800_000_000))

    def write(content: Any) -> SecuritySettings:
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        now = next(times)
        os.utime(path, (now, now))
        return SecuritySettings(token_file=str(path))

    return write


def test_tokens_rotate_without_a_restart(
    written: Callable[[Any], SecuritySettings], source: FixedSource
) -> None:
    """Old and new side by side, then the new one alone."""
    security = written({"predict": [PREDICT], "admin": [ADMIN]}).model_dump()
    settings = make_settings(security=security)
    new = "the-new-token-1234567"

    def status(token: str) -> int:
        return client.post("/predict", PAIR, bearer(token)).status

    with running(create_app(settings, source, environment={}), settings) as client:
        assert (status(PREDICT), status(new)) == (200, 401)
        written({"predict": [PREDICT, new]})
        assert (status(PREDICT), status(new)) == (200, 200)
        written({"predict": [new]})
        assert (status(PREDICT), status(new)) == (401, 200)
        written("predict: [")  # half written: what held before still holds
        assert (status(PREDICT), status(new)) == (401, 200)
        written({"predict": [{"token": new, "until": "2020-01-01T00:00:00Z"}, PREDICT]})
        assert (status(PREDICT), status(new)) == (200, 401)
        expired = client.post("/predict", PAIR, bearer(new)).json()["message"]
        assert expired == "The token has expired; ask for a new one."
        written({})
        assert (status(PREDICT), status(new)) == (401, 401)


def test_until_is_an_instant(written: Callable[[Any], SecuritySettings]) -> None:
    """With a zone, in the future: valid."""
    entries = [
        {"token": PREDICT, "until": "2999-01-01T00:00:00+02:00"},
        {"token": ADMIN, "until": "2001-01-01T00:00:00Z"},
    ]
    tokens = Tokens(written({"predict": entries}), {})
    assert tokens.judge("predict", PREDICT) is Verdict.VALID
    assert tokens.judge("predict", ADMIN) is Verdict.EXPIRED
    assert tokens.judge("admin", PREDICT) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "content",
    [
        "predict: [",
        "just a secret-text",
        {"predict": "secret-text-1234567"},
        {"predict": ["short"]},
        {"predict": [{"token": PREDICT, "until": "tomorrow"}]},
        {"predict": [{"token": PREDICT, "until": "2999-01-01T00:00:00"}]},
        {"secret-text": [PREDICT]},
        {"admin": [{"secret-text": 1}]},
    ],
    ids=str,
)
def test_a_broken_file_stops_the_start_without_being_quoted(
    written: Callable[[Any], SecuritySettings], content: Any
) -> None:
    """The message names the file and the place."""
    settings = written(content)
    with pytest.raises(TokensError, match="tokens.yml") as refused:
        Tokens(settings, {})
    assert "secret-text" not in str(refused.value) and PREDICT not in str(refused.value)


def test_a_missing_file_and_a_short_variable_stop_the_start(tmp_path: Path) -> None:
    """Naming them."""
    with pytest.raises(TokensError, match="No such file"):
        Tokens(SecuritySettings(token_file=str(tmp_path / "none.yml")), {})
    with pytest.raises(TokensError, match="NLI_SERVE_TOKEN is no token: 16"):
        Tokens(SecuritySettings(), {"NLI_SERVE_TOKEN": "short"})


def test_the_file_wins_over_the_variables(written: Callable[[Any], SecuritySettings]) -> None:
    """Not even as a second way in."""
    tokens = Tokens(written({"predict": [PREDICT]}), {"NLI_SERVE_TOKEN": ADMIN})
    assert tokens.judge("predict", ADMIN) is Verdict.UNKNOWN


def test_every_answer_has_secure_headers(guarded: Client) -> None:
    """Refusals and things that do not exist included."""
    for reply in (guarded.get("/ready"), guarded.get("/none"), guarded.post("/predict", PAIR)):
        policy = reply.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert "server" not in reply.headers
        assert "access-control-allow-origin" not in reply.headers


def test_other_sites_may_ask_only_where_named(source: FixedSource) -> None:
    """Their preflight needs no token, what it allows does."""
    origin = "https://page.example"
    settings = make_settings(security={"cors_origins": [origin]})
    app = create_app(settings, source, environment={"NLI_SERVE_TOKEN": PREDICT})
    asking = {"Access-Control-Request-Method": "POST"}
    with running(app, settings) as client:
        allowed = client.send("OPTIONS", "/predict", headers={"Origin": origin, **asking})
        other = client.send("OPTIONS", "/predict", headers={"Origin": "https://evil", **asking})
        answer = client.post("/predict", PAIR, {"Origin": origin, **bearer(PREDICT)})
        refused = client.post("/predict", PAIR, {"Origin": origin})
    assert allowed.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-origin" not in other.headers
    assert answer.status == 200 and answer.headers["access-control-allow-origin"] == origin
    assert refused.status == 401
