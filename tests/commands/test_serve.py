"""`nli-serve` as typed: what it refuses, in which words, and a service that follows a registry."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import urllib.request

import pytest
import yaml
from click.testing import CliRunner, Result
from life import crown
from project import PROJECT
from released_bundles import until
from serving_process import answer, serving

from nli_lifecycle.commands.serve import serve
from nli_lifecycle.commands.serving_place import ServingPlace, of_project
from nli_lifecycle.serving.settings import ServingSettings

pytest_plugins = ["ready_registries", "serving_followers"]

MODEL = "prod.nli.classifier"
VARIABLES = (
    *("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "NLI_HOME", "NLI_LOG_URL"),
    *("NLI_SERVE_ENV", "NLI_SERVE_MODEL", "NLI_SERVE_SETTINGS", "NLI_SERVE_HOST"),
    *("NLI_SERVE_PORT", "NLI_SERVE_TOKEN", "NLI_SERVE_ADMIN_TOKEN"),
)


@pytest.fixture(autouse=True)
def _at_home(tmp_path, monkeypatch):
    """No address from outside; and what the command sets for its own process is taken back."""
    before = dict(os.environ)
    for name in VARIABLES:
        os.environ.pop(name, None)
    monkeypatch.chdir(tmp_path)
    yield
    os.environ.clear()
    os.environ.update(before)


def say(*words: str) -> Result:
    return CliRunner().invoke(serve, words, catch_exceptions=False)


def settings(*words: str) -> ServingSettings:
    done = say(*words, "--print-settings")
    assert done.exit_code == 0, done.output
    return ServingSettings.model_validate(yaml.safe_load(done.stdout))


def refusal(*words: str) -> str:
    done = say(*words)
    assert done.exit_code == 2 and done.stdout == "", done.output
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_it_must_be_said_what_to_serve(store):
    os.environ.pop("MLFLOW_TRACKING_URI", None)  # exported by the fixture
    assert "Say which model to serve: --env <environment>" in refusal()
    assert "Say where prod.nli.classifier is registered" in refusal("--model", MODEL)


def test_an_environment_nobody_knows():
    said = refusal("--env", "pord", "--conf-source", str(PROJECT / "conf"))
    assert said == "Error: Unknown environment 'pord'. Known: dev, staging, prod.\n"


def test_no_project_here():
    assert "There is no project here" in refusal("--env", "prod")


def test_a_projects_settings(tmp_path):
    os.environ["NLI_HOME"] = str(tmp_path)
    found = settings("--env", "prod", "--conf-source", str(PROJECT / "conf"), "--port", "9000")
    assert (found.host, found.port) == ("127.0.0.1", 9000)
    assert found.follow.cache == f"{tmp_path}/data/prod/06_models/served"
    assert found.log.url == f"sqlite:///{tmp_path}/data/prod/07_model_output/inference_log.db"


@pytest.mark.parametrize("env", ["dev", "staging", "prod"])
def test_every_environments_settings_are_valid(env):
    place, settings = of_project(env, str(PROJECT / "conf"), {})
    assert place.model == f"{env}.nli.classifier"
    assert f"/{env}/" in settings.follow.cache and f"/{env}/" in settings.log.journal


def test_every_setting_is_documented():
    table = (PROJECT / "docs" / "serving.md").read_text().partition("## Settings")[2]
    documented = set(re.findall(r"`([a-z_.]+)`", table.partition("\n## ")[0]))
    known = set()
    for name, field in ServingSettings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        known |= {f"{name}.{key}" for key in inner} if inner else {name}
    assert known <= documented


def test_an_environment_knows_those_upstream(tmp_path):
    os.environ["NLI_HOME"] = str(tmp_path)
    place, _ = of_project("prod", str(PROJECT / "conf"), {})
    uri = f"sqlite:///{tmp_path}/mlruns/mlflow.db"
    dev = ServingPlace("dev.nli.classifier", "dev", uri, uri)
    staging = ServingPlace("staging.nli.classifier", "staging", uri, uri)
    assert place == ServingPlace(MODEL, "prod", uri, uri, (dev, staging))


def test_settings_without_a_project(tmp_path):
    os.environ["NLI_LOG_URL"] = "postgresql+psycopg2://me:secret@host/db?password=other"
    file = tmp_path / "serving.yml"
    file.write_text("follow: {poll_s: 1}\nlimits: {max_pairs: 7}\n")
    words = ("--model", MODEL, "--registry-uri", "sqlite:///x.db", "--settings", str(file))
    found = settings(*words, "--host", "::1")
    assert found.follow.cache == f"{tmp_path}/served" and found.follow.poll_s == 1
    assert (found.limits.max_pairs, found.host, found.port) == (7, "::1", 8000)
    printed = say(*words, "--print-settings").stdout
    assert "secret" not in printed and "other" not in printed
    assert "url: postgresql+psycopg2://***@host/db?password=***" in printed
    assert "predict_token_env: NLI_SERVE_TOKEN" in printed
    os.environ["NLI_HOME"] = str(tmp_path / "home")
    assert settings(*words).follow.cache == f"{tmp_path}/home/served"


@pytest.mark.parametrize(
    "text, said",
    [
        ("follow: {pol_s: 1}", "follow.pol_s: Extra inputs are not permitted"),
        ("log: {share: 2}", "log.share: Input should be less than or equal to 1"),
        ("follow: 3", "follow: Input should be a valid dictionary"),
        ("log: {url: [secret]}", "log.url: Input should be a valid string"),
        ("- 1", "holds list, not keys and values"),
        ("a: [", "cannot be read"),
        (None, "No such file or directory"),
    ],
)
def test_settings_that_are_wrong(tmp_path, text, said):
    file = tmp_path / "serving.yml"
    if text is not None:
        file.write_text(text)
    words = ("--model", MODEL, "--registry-uri", "sqlite:///x.db", "--settings", str(file))
    message = refusal(*words)
    assert said in message and str(file) in message and "secret" not in message


def test_no_registry(tmp_path):
    said = refusal("--model", MODEL, "--registry-uri", f"sqlite:///{tmp_path}/no.db")
    assert f"There is no registry at {tmp_path}/no.db: nothing was released there yet." in said
    assert not (tmp_path / "no.db").exists()


def test_a_port_that_is_taken(store):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refusal("--model", MODEL, "--registry-uri", store, "--port", port)
    assert f"Cannot listen on 127.0.0.1 port {port}: Address already in use" in said


def test_a_host_that_is_not_here(store):
    said = refusal("--model", MODEL, "--registry-uri", store, "--host", "no.such.host.invalid")
    assert "no.such.host.invalid" in said


def test_everybody_is_not_served_without_tokens(store):
    assert "oken" in refusal("--model", MODEL, "--registry-uri", store, "--host", "0.0.0.0")


def test_a_cache_that_cannot_be_used(store, tmp_path):
    (tmp_path / "served").write_text("a file")
    said = refusal("--model", MODEL, "--registry-uri", store)
    assert f"The cache {tmp_path}/served cannot be used" in said


WITHOUT = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ImportError("not in the image: " + name)

sys.meta_path.insert(0, Refuse())
sys.path[:0] = {path!r}
from nli_lifecycle.commands.serve import main
main()
"""
ABSENT = ("kedro", "kedro_mlflow", "pandas", "torch", "transformers", "sklearn", "pyspark", "onnx")


def test_a_service_follows_a_registry_and_ends_well(mlflow_registry, store, tmp_path, bundles):
    """In a process where nothing that trains can be imported."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    prod = mlflow_registry("prod")
    first = prod.register(bundles[0], {})
    crown(prod, first)
    (tmp_path / "serving.yml").write_text("follow: {poll_s: 0.2}\n")
    words = ["--model", MODEL, "--registry-uri", store, "--port", "0", "--settings", "serving.yml"]
    command = [sys.executable, "-c", WITHOUT.format(names=ABSENT, path=sys.path), *words]
    home = tmp_path / "home"
    home.mkdir()
    with serving(command, tmp_path, **{**os.environ, "HOME": str(home)}) as address:
        until(lambda: answer(address) == (first.version, 200), 60)
        second = prod.register(bundles[1], {})
        crown(prod, second)
        until(lambda: answer(address) == (second.version, 200), 60)
    left = {path.name for path in (tmp_path / "served").iterdir()}
    assert left == {first.digest, second.digest, "served.json", ".lock"}
    assert list(home.rglob("*icrosoft*")) == []  # ONNX Runtime's telemetry leaves its mark there


@pytest.mark.slow
def test_a_projects_environment_is_served(mlflow_registry, store, tmp_path, bundles):
    prod = mlflow_registry("prod")
    released = crown(prod, prod.register(bundles[0], {}))
    command = [sys.executable, "-m", "nli_lifecycle.commands.serve", "--env", "prod"]
    command += ["--conf-source", str(PROJECT / "conf"), "--port", "0"]
    variables = {**os.environ, "NLI_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": store}
    with serving(command, tmp_path, **variables) as address:
        until(lambda: answer(address) == (released.version, 200), 60)
        with urllib.request.urlopen(f"{address}/lifecycle", timeout=30) as response:
            found = json.load(response)["environments"]
    assert [one["environment"] for one in found] == ["dev", "staging", "prod"]
    assert [one["champion"] and one["champion"]["version"] for one in found] == [None, None, "1"]
    cache = tmp_path / "data" / "prod" / "06_models" / "served"
    assert (cache / released.digest).is_dir()
