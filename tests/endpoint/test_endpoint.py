"""A serving endpoint follows the ledger: through the real SDK, to a double of the platform."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from life import crown, submit
from ready_registries import MakeRegistry
from serving_double import Workspace, serving_api

from nli_lifecycle.commands.lifecycle import lifecycle
from nli_lifecycle.endpoint.databricks import DatabricksEndpoint, ServingSettings
from nli_lifecycle.endpoint.following import bring_in_line, compare
from nli_lifecycle.endpoint.state import EndpointError
from nli_lifecycle.serving.head import Release

pytest_plugins = ["ready_registries"]
NAME = "nli-prod"


def release(version: int, digest: str = "ab") -> Release:
    return Release("prod.nli.classifier", str(version), digest * 32, version)


class Head:
    """The ledger's head, as the test says it."""

    model, environment = "prod.nli.classifier", "prod"

    def __init__(self, *releases: Release | None) -> None:
        self._releases = list(releases)

    def champion(self) -> Release | None:
        return self._releases.pop(0) if len(self._releases) > 1 else self._releases[0]


class Clock:
    """Time that passes by sleeping; ``events`` happen one a sleep."""

    def __init__(self, *events: Any) -> None:
        self.now, self._events = 0.0, list(events)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self._events:
            self._events.pop(0)()


@pytest.fixture(scope="module")
def api() -> Iterator[Workspace]:
    with serving_api() as workspace:
        yield workspace


@pytest.fixture
def workspace(api: Workspace) -> Workspace:
    api.endpoints.clear()
    api.log.clear()
    return api


@pytest.fixture
def endpoint(workspace: Workspace) -> DatabricksEndpoint:
    from databricks.sdk import WorkspaceClient

    client = WorkspaceClient(host=workspace.url, token="none", auth_type="pat")
    return DatabricksEndpoint(NAME, ServingSettings(inference_table="prod.nli.served"), client)


def in_service(workspace: Workspace, endpoint: DatabricksEndpoint, one: Release) -> None:
    endpoint.update(one) if NAME in workspace.endpoints else endpoint.create(one)
    workspace.finish(NAME)
    workspace.log.clear()


def test_before_the_first_release_nothing_is_made(
    workspace: Workspace, endpoint: DatabricksEndpoint
) -> None:
    found = bring_in_line(endpoint, Head(None))
    assert (found.outcome, workspace.log) == ("nothing released", [])


def test_a_missing_endpoint_is_made_with_its_inference_table(
    workspace: Workspace, endpoint: DatabricksEndpoint
) -> None:
    found = bring_in_line(endpoint, Head(release(3)))
    assert found.outcome == "updating"
    ((method, body),) = workspace.log
    assert method == "POST"
    assert body["config"]["served_entities"] == [
        {
            "entity_name": "prod.nli.classifier",
            "entity_version": "3",
            "name": "v3-abababababab",
            "scale_to_zero_enabled": False,
            "workload_size": "Small",
        }
    ]
    assert body["config"]["traffic_config"]["routes"] == [
        {"served_model_name": "v3-abababababab", "traffic_percentage": 100}
    ]
    table = {"catalog_name": "prod", "schema_name": "nli", "table_name_prefix": "served"}
    assert body["ai_gateway"]["inference_table_config"] == {**table, "enabled": True}


def test_an_endpoint_in_line_is_left_alone(
    workspace: Workspace, endpoint: DatabricksEndpoint
) -> None:
    in_service(workspace, endpoint, release(3))
    for _ in range(2):
        assert bring_in_line(endpoint, Head(release(3))).outcome == "in line"
    assert workspace.log == []


def test_drift_is_reported_and_then_mended(
    workspace: Workspace, endpoint: DatabricksEndpoint
) -> None:
    in_service(workspace, endpoint, release(3))
    head = Head(release(4, "cd"))
    found = compare(endpoint, head)
    assert (found.outcome, workspace.log) == ("drift", [])
    assert found.said == (
        "nli-prod serves prod.nli.classifier version 3 (abababababab); "
        "the champion is prod.nli.classifier version 4 (cdcdcdcdcdcd)."
    )
    clock = Clock(lambda: None, lambda: workspace.finish(NAME))
    found = bring_in_line(endpoint, head, wait_s=60, clock=clock, sleep=clock.sleep)
    assert (found.outcome, found.epoch, clock.now) == ("in line", 4, 30.0)
    assert [method for method, _ in workspace.log] == ["PUT"]


def test_the_same_number_with_other_bytes_is_drift(
    workspace: Workspace, endpoint: DatabricksEndpoint
) -> None:
    in_service(workspace, endpoint, release(3))
    assert compare(endpoint, Head(release(3, "cd"))).outcome == "drift"


def test_what_somebody_put_there_by_hand_is_drift_whatever_its_number(
    workspace: Workspace, endpoint: DatabricksEndpoint
) -> None:
    in_service(workspace, endpoint, release(3))
    workspace.endpoints[NAME]["config"]["served_entities"][0]["name"] = "classifier-3"
    assert compare(endpoint, Head(release(3))).outcome == "drift"


def test_divided_traffic_is_drift_though_the_champion_has_a_part(
    workspace: Workspace, endpoint: DatabricksEndpoint
) -> None:
    in_service(workspace, endpoint, release(3))
    entities = workspace.endpoints[NAME]["config"]["served_entities"]
    entities.append({"name": "other", "entity_name": "prod.nli.other", "entity_version": "1"})
    found = compare(endpoint, Head(release(3)))
    assert (found.outcome, len(found.actual)) == ("drift", 2)


def test_anothers_update_is_waited_for_and_then_followed_by_ours(
    workspace: Workspace, endpoint: DatabricksEndpoint
) -> None:
    in_service(workspace, endpoint, release(3))
    endpoint.update(release(2))
    head = Head(release(4, "cd"))
    at_once = bring_in_line(endpoint, head)
    assert at_once.outcome == "drift" and "is being updated to" in at_once.said
    clock = Clock(lambda: workspace.finish(NAME), lambda: workspace.finish(NAME))
    found = bring_in_line(endpoint, head, wait_s=60, clock=clock, sleep=clock.sleep)
    assert found.outcome == "in line"
    assert [method for method, _ in workspace.log] == ["PUT", "PUT"]


def test_our_own_update_under_way_is_not_asked_for_again(
    workspace: Workspace, endpoint: DatabricksEndpoint
) -> None:
    in_service(workspace, endpoint, release(3))
    head = Head(release(4, "cd"))
    bring_in_line(endpoint, head)
    again = bring_in_line(endpoint, head)
    assert (again.outcome, len(workspace.log)) == ("updating", 1)


def test_an_update_that_fails_is_said_and_not_tried_for_ever(
    workspace: Workspace, endpoint: DatabricksEndpoint
) -> None:
    in_service(workspace, endpoint, release(3))
    clock = Clock(lambda: workspace.finish(NAME, fine=False))
    head = Head(release(4, "cd"))
    found = bring_in_line(endpoint, head, wait_s=600, clock=clock, sleep=clock.sleep)
    assert (found.outcome, clock.now, len(workspace.log)) == ("failed", 15.0, 1)
    assert "still" in found.said or "it serves prod.nli.classifier version 3" in found.said
    assert bring_in_line(endpoint, head).outcome == "updating"  # the next call tries once more


def test_a_ledger_that_moves_on_meanwhile_is_followed(
    workspace: Workspace, endpoint: DatabricksEndpoint
) -> None:
    in_service(workspace, endpoint, release(3))
    clock = Clock(lambda: workspace.finish(NAME), lambda: workspace.finish(NAME))
    head = Head(release(4, "cd"), release(5, "ef"))
    found = bring_in_line(endpoint, head, wait_s=600, clock=clock, sleep=clock.sleep)
    assert (found.outcome, found.epoch) == ("in line", 5)


def test_a_platform_that_refuses_is_named(workspace: Workspace) -> None:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.core import Config

    config = Config(host="http://127.0.0.1:9", token="none", retry_timeout_seconds=1)
    lost = DatabricksEndpoint(NAME, ServingSettings(), WorkspaceClient(config=config))
    with pytest.raises(EndpointError, match="Cannot read endpoint nli-prod"):
        lost.read()


def test_a_table_without_three_levels_is_refused() -> None:
    with pytest.raises(EndpointError, match="<catalog>.<schema>.<prefix>"):
        ServingSettings(inference_table="served")


def test_the_command_follows_a_real_ledger(
    workspace: Workspace,
    mlflow_registry: MakeRegistry,
    store: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = mlflow_registry("prod")
    version = crown(registry, submit(registry, tmp_path, "first"))
    monkeypatch.setenv("DATABRICKS_HOST", workspace.url)
    monkeypatch.setenv("DATABRICKS_TOKEN", "none")
    command = ["endpoint", "--env", "prod", "--model", registry.name, "--registry-uri", store]
    command += ["--tracking-uri", store]
    command += ["--name", NAME, "--json"]
    drifted = CliRunner().invoke(lifecycle, [*command, "--check"])
    assert (drifted.exit_code, json.loads(drifted.stdout)["outcome"]) == (1, "drift")
    begun = CliRunner().invoke(lifecycle, command)
    assert (begun.exit_code, json.loads(begun.stdout)["outcome"]) == (0, "updating")
    workspace.finish(NAME)
    done = CliRunner().invoke(lifecycle, [*command, "--check"])
    said = json.loads(done.stdout)
    assert (done.exit_code, said["outcome"], said["epoch"]) == (0, "in line", 1)
    assert said["actual"] == [f"{registry.name} version {version.version} ({version.digest[:12]})"]
