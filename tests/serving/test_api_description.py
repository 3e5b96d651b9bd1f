"""The API's description: complete, and true of what is answered."""

from __future__ import annotations

from typing import Any

import pytest
from running_service import FixedSource, make_settings

from nli_lifecycle.serving.app import create_app

PREDICTING = ["/predict", "/classify", "/check", "/invocations"]


@pytest.fixture
def described(source: FixedSource) -> dict[str, Any]:
    """The description."""
    schema: dict[str, Any] = create_app(make_settings(), source, environment={}).openapi()
    return schema


def test_every_endpoint_is_described(described: dict[str, Any]) -> None:
    """With its method."""
    found = {path: list(methods) for path, methods in described["paths"].items()}
    assert found == {
        **{path: ["post"] for path in (*PREDICTING, "/feedback", "/admin/refresh")},
        **{
            path: ["get"]
            for path in ("/ping", "/health", "/version", "/ready", "/status", "/metrics")
        },
        "/lifecycle": ["get"],
        "/monitoring": ["get"],
        "/monitoring/report": ["get"],
    }


@pytest.mark.parametrize("path", PREDICTING)
def test_predicting_endpoints_name_all_their_answers(described: dict[str, Any], path: str) -> None:
    """Statuses, the one error schema, headers, the token."""
    operation = described["paths"][path]["post"]
    statuses = ["200", "400", "401", "403", "408", "413", "415", "422", "429", "500", "503"]
    assert sorted(operation["responses"]) == statuses
    for status, response in operation["responses"].items():
        schema = response["content"]["application/json"]["schema"]
        if status == "200":
            assert set(response["headers"]) == {"X-Model-Version", "X-Model-Digest", "X-Epoch"}
        else:
            assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}
    assert operation["security"] == [{"bearer": []}]
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert operation["requestBody"]["required"] is True


def test_open_endpoints_ask_for_no_token(described: dict[str, Any]) -> None:
    """And say so."""
    for methods in described["paths"].values():
        for method, operation in methods.items():
            assert ("security" in operation) == (method == "post")


def test_operations_have_distinct_names(described: dict[str, Any]) -> None:
    """Generated clients make functions of them."""
    names = [o["operationId"] for methods in described["paths"].values() for o in methods.values()]
    assert len(set(names)) == len(names)
