"""The webhook against a real receiver: down, slow, broken, elsewhere; its secrets never said."""

from __future__ import annotations

import json
import time
import traceback

import pytest
from alert_receiver import receiving
from servers import free_port
from alerting_windows import START
from pydantic import ValidationError

from nli_lifecycle.errors import explain
from nli_lifecycle.monitoring.alerting.messages import LONGEST, Message, payload
from nli_lifecycle.monitoring.alerting.webhook import (
    LONGEST_PAUSE,
    NotDelivered,
    Webhook,
    WebhookParameters,
)

TOKEN = "t0ken-of-nobody"
MESSAGE = Message(
    id="e" * 24,
    subject="alert",
    kind="opened",
    name="fell-d1d1-1",
    rule="fell",
    severity="critical",
    title="critical alert opened: fell",
    text="nli version 3: accuracy is <0.8 & falling. <!channel>",
    model="nli",
    version="3",
    digest="d1" * 32,
    time=START,
)


class Sleeps(list):
    def __call__(self, seconds):
        self.append(seconds)


def webhook(url, sleeps=None, token=TOKEN, **parameters):
    given = {"timeout_s": 5, "backoff_s": 1, **parameters}
    made = WebhookParameters(name="ops", url_from="HOOK_URL", token_from="HOOK_TOKEN", **given)
    return Webhook(
        made, {"HOOK_URL": url, "HOOK_TOKEN": token}, Sleeps() if sleeps is None else sleeps
    )


def refused(hook, url=""):
    """The error, after making sure that no secret is in it, however it is printed."""
    with pytest.raises(NotDelivered) as raised:
        hook.send(MESSAGE)
    printed = "".join(traceback.format_exception(raised.value)) + str(explain(raised.value))
    for secret in (TOKEN, "S3CRETPATH", *([url] if url else [])):
        assert secret not in printed
    assert raised.value.__context__ is None
    return raised.value


def test_nobody_listens():
    url = f"http://127.0.0.1:{free_port()}/hooks/S3CRETPATH"
    sleeps = Sleeps()
    error = refused(webhook(url, sleeps, attempts=4), url)
    assert "address in HOOK_URL" in str(error) and "ConnectionRefusedError" in str(error)
    assert error.down and sleeps == [1, 2, 4]


def test_a_name_that_nobody_knows():
    error = refused(webhook("https://nobody.invalid/hooks/S3CRETPATH", attempts=1))
    assert error.down and "cannot be reached" in str(error)


def test_a_slow_receiver_is_left_and_asked_again():
    with receiving(("slow", 30.0), 200) as receiver:
        begin = time.monotonic()
        webhook(receiver.url, timeout_s=0.2, attempts=2).send(MESSAGE)
        assert time.monotonic() - begin < 15
        ids = [body["id"] for _, _, body in receiver.requests]
    assert ids == [MESSAGE.id, MESSAGE.id]  # it had taken the first: the id says so


def test_a_receiver_that_stays_slow():
    with receiving(("slow", 0.5)) as receiver:
        error = refused(webhook(receiver.url, timeout_s=0.1, attempts=2), receiver.url)
    assert "imeout" in str(error) and error.down


@pytest.mark.parametrize("status", [500, 502, 503, 408, 425, 429])
def test_trouble_that_passes_is_waited_for(status):
    sleeps = Sleeps()
    with receiving(status, 200) as receiver:
        webhook(receiver.url, sleeps).send(MESSAGE)
        assert (len(receiver.requests), sleeps) == (2, [1])


@pytest.mark.parametrize("trouble", ["reset", "garbage"])
def test_a_connection_that_breaks_is_made_again(trouble):
    with receiving(trouble, 200) as receiver:
        webhook(receiver.url).send(MESSAGE)
        assert len(receiver.requests) == 2
    with receiving(trouble) as receiver:
        assert refused(webhook(receiver.url), receiver.url).down


def test_trouble_that_stays():
    with receiving(503) as receiver:
        error = refused(webhook(receiver.url, attempts=3), receiver.url)
        assert len(receiver.requests) == 3
    assert str(error) == "webhook ops answers 503. (3 attempts)" and error.down


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
def test_a_message_that_is_refused_is_not_sent_again_in_this_run(status):
    with receiving(status) as receiver:
        error = refused(webhook(receiver.url), receiver.url)
        assert len(receiver.requests) == 1
    assert str(error) == f"webhook ops answers {status}." and not error.down


def test_a_redirect_is_refused_and_the_token_stays_here():
    with receiving() as elsewhere, receiving(("redirect", elsewhere.url)) as receiver:
        error = refused(webhook(receiver.url), elsewhere.url)
        assert (len(receiver.requests), elsewhere.requests) == (1, [])
    assert "redirected (302), which is refused" in str(error)


@pytest.mark.parametrize(("asked", "waited"), [(7, 7), (0, 1), (86_400, LONGEST_PAUSE)])
def test_a_receiver_may_ask_for_a_pause_but_not_for_a_day(asked, waited):
    sleeps = Sleeps()
    with receiving(("wait", asked), 200) as receiver:
        webhook(receiver.url, sleeps).send(MESSAGE)
    assert sleeps == [waited]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "the environment variable HOOK_URL is not set"),
        ("hooks/S3CRETPATH", "HOOK_URL holds no address"),
        ("ftp://127.0.0.1/S3CRETPATH", "HOOK_URL holds no address"),
        ("file:///S3CRETPATH", "HOOK_URL holds no address"),
        ("https://", "HOOK_URL holds no address"),
        ("https://host:port/S3CRETPATH", "HOOK_URL holds no address"),
        ("https://ann:S3CRETPATH@host/", "HOOK_URL holds no address"),
        ("http://example.org/S3CRETPATH", "not encrypted: use https, or set allow_http"),
        ("http://127.0.0.1.example.org/S3CRETPATH", "not encrypted"),
        ("https://host/S3CRETPATH\r\nX: y", "characters that do not belong"),
    ],
)
def test_an_address_that_is_none(url, said):
    error = refused(webhook(url))
    assert said in str(error) and error.down


@pytest.mark.parametrize(
    ("token", "said"), [("", "HOOK_TOKEN is not set"), (f"{TOKEN}\nX: y", "do not belong")]
)
def test_a_token_that_is_none(token, said):
    assert said in str(refused(webhook("http://127.0.0.1:9/", token=token)))


def test_a_secret_that_an_error_repeats_is_masked(monkeypatch):
    with receiving() as receiver:
        hook = webhook(receiver.url, attempts=1)

        def broken(*_, **__):
            raise OSError(f"cannot open {receiver.url} with {TOKEN}")

        monkeypatch.setattr("urllib.request.OpenerDirector.open", broken)
        assert "cannot open *** with ***" in str(refused(hook, receiver.url))


def test_parameters_name_variables_not_secrets():
    with pytest.raises(ValidationError, match="url_from"):
        WebhookParameters(name="ops", url_from="https://host/S3CRETPATH")


def test_what_is_sent():
    with receiving() as receiver:
        webhook(receiver.url).send(MESSAGE)
        ((path, headers, body),) = receiver.requests
    assert path == "/hooks/S3CRETPATH"
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["X-NLI-Event-Id"] == MESSAGE.id == body["id"]
    assert headers["Content-Type"] == "application/json"
    assert Message.model_validate(body) == MESSAGE


def test_no_token_is_no_header():
    with receiving() as receiver:
        parameters = WebhookParameters(name="ops", url_from="HOOK_URL")
        Webhook(parameters, {"HOOK_URL": receiver.url}).send(MESSAGE)
        assert "Authorization" not in receiver.requests[0][1]


def test_slack_calls_nobody_and_keeps_its_limits():
    long = MESSAGE.model_copy(update={"text": "x" * 9_000, "title": "y" * 400})
    angry = MESSAGE.model_copy(update={"text": "x" + "<" * 9_000})
    for given in (MESSAGE, long, angry):
        sent = payload(given, "slack")
        header, section, context = sent["blocks"]
        assert [block["type"] for block in sent["blocks"]] == ["header", "section", "context"]
        assert len(header["text"]["text"]) <= 150 and len(section["text"]["text"]) <= 3_000
        assert "<!channel>" not in json.dumps(sent)
        assert MESSAGE.id in context["elements"][0]["text"]
    assert payload(angry, "slack")["blocks"][1]["text"]["text"].endswith("&lt;&lt;")
    assert payload(MESSAGE, "slack")["blocks"][1]["text"]["text"] == (
        "nli version 3: accuracy is &lt;0.8 &amp; falling. &lt;!channel&gt;"
    )


def test_teams_gets_an_adaptive_card():
    (attachment,) = payload(MESSAGE, "teams")["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    title, text, foot = attachment["content"]["body"]
    assert (title["text"], title["color"]) == (MESSAGE.title, "Attention")
    assert text["text"] == MESSAGE.text and MESSAGE.id in foot["text"]
    long = MESSAGE.model_copy(update={"text": "x" * 99_000})
    assert len(json.dumps(payload(long, "teams"))) < 28_000 and LONGEST < 3_000
