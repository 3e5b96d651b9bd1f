"""The API's page in a real browser: the service's own description, and nothing from elsewhere."""

from __future__ import annotations

import json

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow
pytest_plugins = ["page_browser"]

SCHEMA = {
    "type": "object",
    "required": ["text", "tree"],
    "properties": {
        "text": {"type": "string"},
        "kind": {"enum": ["a", "b"]},
        "some": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "tree": {"$ref": "#/components/schemas/Tree"},
    },
}
TREE = {"type": "object", "properties": {"inner": {"$ref": "#/components/schemas/Tree"}}}
DESCRIPTION = {
    "paths": {
        "/classify": {
            "post": {
                "tags": ["tasks"],
                "summary": "<b>Bold</b>",
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": SCHEMA,
                            "examples": {"one": {"value": {"text": "It's <i>here</i>."}}},
                        }
                    }
                },
                "responses": {"200": {"description": "Done."}, "401": {"description": "No."}},
            }
        }
    },
    "components": {"schemas": {"Tree": TREE}},
}


def test_a_description_that_cannot_be_read_is_said(page, service_url):
    page.watched.refusals_expected = True
    page.route("**/openapi.json", lambda route: route.fulfill(status=500, body="{}"))
    page.goto(f"{service_url}/docs")
    expect(page.get_by_role("alert")).to_contain_text("The description cannot be read.")


def test_every_endpoint_of_the_service_is_there(page, service_url):
    page.get_by_role("link", name="API").click()
    expect(page).to_have_title("NLI service: API")
    described = json.loads(page.request.get(f"{service_url}/openapi.json").text())
    known = {
        f"{method.upper()} {path}"
        for path, methods in described["paths"].items()
        for method in methods
    }
    expect(page.locator("summary code")).to_have_count(len(known))
    assert set(page.locator("summary code").all_text_contents()) == known
    for summary in page.locator("summary").all():
        summary.click()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    page.get_by_role("link", name="NLI service").click()
    expect(page.get_by_role("tab", name="Playground")).to_be_visible()


def test_schemas_are_sketched_and_examples_can_be_pasted(page, service_url):
    page.route("**/openapi.json", lambda route: route.fulfill(json=DESCRIPTION))
    page.goto(f"{service_url}/docs")
    page.get_by_text("POST /classify").click()
    expect(page.locator("summary")).to_contain_text("<b>Bold</b>")
    ask, body = page.locator("pre").all_text_contents()
    assert ask.split(" \\\n  ") == [
        f"curl {service_url}/classify",
        '-H "Authorization: Bearer $TOKEN"',
        "-H 'Content-Type: application/json'",
        """-d '{"text":"It'\\''s <i>here</i>."}'""",
    ]
    start = '{\n  "text": string,\n  "kind"?: "a" or "b",\n  "some"?: number or null,\n  "tree": {'
    assert body.startswith(start) and "…" in body  # a schema that holds itself comes to an end
    expect(page.locator(".others")).to_have_text("401 No.")
